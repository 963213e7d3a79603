"""Who has read which wording of a rubric. A ledger."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from accounts.ledgers import append_only
from labeling.models.campaign import Campaign
from labeling.models.rubric import RubricVersion


class Acknowledgement(models.Model):
    """A labeler has read a wording. No label of theirs is stored under one that they have not: the statement that stores it looks here."""

    class How(models.TextChoices):
        ENTERED = "entered"
        """It was the campaign's when they came, and stood beside their first pair. Their enrolment writes this."""

        READ = "read"
        """They said so, on the card that shows what changed."""

    labeler = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="+", db_index=False, help_text="Where they read it.")
    rubric_version = models.ForeignKey(RubricVersion, on_delete=models.PROTECT, related_name="+", db_index=False)
    how = models.CharField(max_length=7, choices=How.choices)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(how__in=["entered", "read"]), name="acknowledgement_says_how")]
        indexes = [models.Index(fields=["labeler", "rubric_version"], name="acknowledged_by")]
        triggers = append_only()

    def __str__(self) -> str:
        return f"version {self.rubric_version_id} by {self.labeler_id}"
