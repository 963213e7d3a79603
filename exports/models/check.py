"""What was found in a version's texts before its release, and what people decided about it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.ledgers import MayBeErased, append_only
from exports.models.version import DatasetRow, DatasetVersion


class TextCheck(models.Model):
    """A reading of all of a version's texts, how far it has come, and what the rows come to in the tokens of one tokenizer."""

    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="checks")
    tokenizer = models.CharField(max_length=300, blank=True, help_text="root/folder; empty: no chat template was applied.")
    max_length = models.PositiveIntegerField(help_text="Tokens of prompt and answer that the trainer takes.")
    reached = models.PositiveIntegerField(default=0, help_text="Position of the row that was read last.")
    lengths: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    begun_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "tokenizer", "max_length"], name="version_is_checked_once_a_tokenizer"),
            models.CheckConstraint(condition=Q(max_length__gte=1), name="check_has_a_length"),
        ]

    def __str__(self) -> str:
        return f"check of {self.version_id}"


class RowFlag(models.Model):
    """Something in a row's texts for a person to decide about. It says where, never what: texts stand in one place only. A ledger."""

    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="flags")
    row = models.ForeignKey(DatasetRow, on_delete=models.PROTECT, related_name="flags")
    kind = models.CharField(max_length=20)
    where = models.CharField(max_length=20, help_text="chosen, rejected, or prompt. with the turn’s place.")
    start = models.PositiveIntegerField(help_text="Characters.")
    end = models.PositiveIntegerField(help_text="Characters; 0: the whole text.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["row", "kind", "where", "start"], name="row_is_flagged_once_for_a_thing")]
        indexes = [models.Index(fields=["version", "kind", "row"], name="flags_by_kind")]
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.kind} in {self.where}"


class FlagDecision(MayBeErased):
    """What a person decided about the flags of one kind, in one row or in all of a version. A ledger: the latest that speaks of a flag holds."""

    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="flag_decisions")
    kind = models.CharField(max_length=20)
    row = models.ForeignKey(DatasetRow, on_delete=models.PROTECT, null=True, related_name="+", help_text="Null: all rows of the version.")
    leave_out = models.BooleanField(help_text="From all later versions of the dataset. Else the row is fine as it is.")
    reason = models.CharField(max_length=500, null=True)  # noqa: DJ001 - NULL once erased
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(erased_at__isnull=False) | Q(reason__isnull=False, reason__regex=r"\S"), name="flag_decision_says_why")
        ]
        triggers = append_only(erasable="reason")

    def __str__(self) -> str:
        return f"{self.kind}: {'leave out' if self.leave_out else 'keep'}"
