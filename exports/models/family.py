"""Which prompts belong together, and which split a dataset has put them into for ever."""

from __future__ import annotations

from typing import Self

from django.db import models

from accounts.ledgers import append_only
from exports.models.dataset import Dataset
from policies.models import Prompt


class SketchQuerySet(models.QuerySet["Sketch"]):
    def loose(self) -> Self:
        """Those that nobody has compared with the others yet."""
        return self.filter(cluster=None)


class Sketch(models.Model):
    """What a prompt is recognised by: its text, what its text is like, and the conversation it was cut from. Worked out once; no text is in it."""

    prompt = models.OneToOneField(Prompt, on_delete=models.PROTECT, primary_key=True, related_name="+")
    key = models.CharField(max_length=64, db_index=True, help_text="The prompt's `family`: equal where the normalised text is.")
    opening = models.BigIntegerField(help_text="Hash of the first user's turn: conversations that begin alike.")
    conversation = models.BigIntegerField(null=True, help_text="Hash of the conversation that the prompt's slices and source name.")
    bands = models.BinaryField()
    sketch = models.BinaryField()
    method = models.CharField(max_length=40)
    cluster = models.BigIntegerField(null=True, db_index=True, help_text="The first prompt of those that hang together; null until it was compared.")

    objects = SketchQuerySet.as_manager()

    def __str__(self) -> str:
        return f"sketch of {self.prompt_id}"


class FamilyMember(models.Model):
    """A prompt's text in a dataset: its family, and with it its split, for ever. A ledger."""

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="family_members", db_index=False)
    key = models.CharField(max_length=64)
    family = models.CharField(max_length=64, help_text="The key that the split was drawn for: anybody can draw it again from the dataset's salt.")
    split = models.CharField(max_length=10)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dataset", "key"], name="text_has_one_family_in_a_dataset"),
            models.CheckConstraint(condition=models.Q(split__in=["train", "validation", "test"]), name="family_member_is_in_a_split"),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.key[:12]} in {self.split}"
