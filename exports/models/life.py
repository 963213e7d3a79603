"""What became of a version after it was frozen."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.ledgers import MayBeErased, append_only
from accounts.marking import marked
from exports.models.version import DatasetVersion


class VersionEvent(MayBeErased):
    """Who did what to a version, when and why. A ledger: a dataset's current version follows from it, and nothing is deleted by it."""

    class Kind(models.TextChoices):
        RELEASED = "released", marked("Released")
        """It passed its gates, or had them waived by name, and became the current version."""

        ROLLED_BACK = "rolled_back", marked("rolled back")
        """It ceased to be the current version; the one that was current before is so again."""

        REINSTATED = "reinstated", marked("Reinstated")
        """Released before, it is the current version again."""

        WITHDRAWN = "withdrawn", marked("Withdrawn")
        """Nobody is to use it any more."""

        SUCCEEDED = "succeeded", marked("Succeeded")
        """Withdrawn before, it has got a successor."""

    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=11, choices=Kind.choices)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", help_text="Null: an operator.")
    reason = models.CharField(max_length=500, blank=True, null=True)  # noqa: DJ001 - NULL once erased
    successor = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, null=True, related_name="+", help_text="The version to use in its place.")
    detail: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(erased_at__isnull=False) | Q(reason__isnull=False) & (Q(kind="released") | Q(reason__regex=r"\S")), name="version_event_says_why"
            ),
            models.CheckConstraint(condition=~Q(kind="succeeded") | Q(successor__isnull=False), name="succeeded_version_names_its_successor"),
            models.UniqueConstraint(fields=["version"], condition=Q(kind="released"), name="version_is_released_once"),
            models.UniqueConstraint(fields=["version"], condition=Q(kind="withdrawn"), name="version_is_withdrawn_once"),
        ]
        triggers = append_only(erasable="reason")

    def __str__(self) -> str:
        return f"{self.kind} {self.version_id}"
