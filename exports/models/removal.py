"""What was taken out of versions for good, and of which."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.ledgers import append_only
from accounts.marking import marked
from exports.models.version import DatasetVersion
from policies.models import Prompt


class Removal(models.Model):
    """A person's labels, or a prompt with all that was made of it, is used no more. A ledger. Of what was erased it knows a hash."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, null=True, related_name="+")
    erased = models.BooleanField(help_text="Texts or identity were blanked too.")
    subject_sha256 = models.CharField(max_length=64, help_text="Keyed hash of the name, or of the prompt's content: who has it can show that it was meant.")
    reason = models.CharField(max_length=300)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", help_text="Null: an operator.")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(person__isnull=True) ^ Q(prompt__isnull=True), name="removal_is_of_a_person_or_a_prompt"),
            models.CheckConstraint(condition=Q(reason__regex=r"\S"), name="removal_says_why"),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.subject} {'erased' if self.erased else 'withdrawn'}"

    @property
    def subject(self) -> str:
        return marked("a prompt") if self.person_id is None else marked("a person's labels")


class RemovedFrom(models.Model):
    """A version that held it: how many rows and labels of it. A ledger."""

    removal = models.ForeignKey(Removal, on_delete=models.PROTECT, related_name="versions")
    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="removals")
    rows = models.PositiveIntegerField()
    labels = models.PositiveIntegerField()
    proofs = models.TextField(blank=True, default="", help_text="Lines of removed.jsonl: each proves that a label was in the version, by its hash alone.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["removal", "version"], name="removal_names_a_version_once")]
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.removal_id} from {self.version_id}"
