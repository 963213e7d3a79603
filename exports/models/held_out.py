"""Whose judgment a dataset keeps for its test split."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from accounts.ledgers import append_only
from exports.models.dataset import Dataset


class HeldOutLabeler(models.Model):
    """No row in train or validation rests on what this person said, in any version of the dataset from here on. A ledger: nobody is ever taken off."""

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="held_out")
    labeler = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", help_text="Null: an operator.")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dataset", "labeler"], name="labeler_is_held_out_once_in_a_dataset")]
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.labeler_id} held out of {self.dataset_id}"
