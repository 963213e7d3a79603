"""A campaign: a body of labeling work under one rubric."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from accounts.ledgers import append_only
from labeling.models.rubric import RubricVersion
from policies.models import GenerationRun


class Campaign(models.Model):
    class State(models.TextChoices):
        DRAFT = "draft"
        """Being set up; nobody labels."""

        OPEN = "open"
        """Labelers get pairs."""

        PAUSED = "paused"
        """No new pair is handed out; what is on a screen may still be submitted."""

        CLOSED = "closed"
        """Labeling has ended; contested pairs may still be settled."""

        ARCHIVED = "archived"
        """Kept to be read."""

    class Strategy(models.TextChoices):
        FINISH = "finish", "finish what is begun"
        """All labels of a pair before the next pair is opened."""

        SPREAD = "spread", "spread"
        """Every pair once before any pair twice."""

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    state = models.CharField(max_length=8, choices=State.choices, default=State.DRAFT)
    rubric_version = models.ForeignKey(RubricVersion, on_delete=models.PROTECT, related_name="campaigns")
    overlap = models.PositiveSmallIntegerField(default=3, validators=[MinValueValidator(1), MaxValueValidator(25)], help_text="k: labelers a pair.")
    strategy = models.CharField(max_length=8, choices=Strategy.choices, default=Strategy.FINISH)
    lease_minutes = models.PositiveSmallIntegerField(default=30, help_text="A pair that was not answered by then goes to somebody else.")
    rationale_required = models.BooleanField(default=False)
    runs = models.ManyToManyField(
        GenerationRun, through="AttachedRun", related_name="campaigns", help_text="Generation runs whose responses become pairs here."
    )
    rank_epoch = models.PositiveIntegerField(default=0, help_text="Raised when ranks are made anew; cursors of an older epoch start over.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(overlap__gte=1, overlap__lte=25), name="campaign_overlap_is_1_to_25"),
            models.CheckConstraint(condition=Q(lease_minutes__gte=1), name="campaign_lease_lasts_a_minute"),
        ]

    def __str__(self) -> str:
        return self.name


class AttachedRun(models.Model):
    """A generation run whose responses become pairs of a campaign, and how far `pairing` has come with it."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="attached_runs")
    run = models.ForeignKey(GenerationRun, on_delete=models.PROTECT, related_name="+")
    answered = models.PositiveIntegerField(default=0, help_text="Requests of the run that had their response when its pairs were last made.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "run"], name="run_is_attached_once_a_campaign")]

    def __str__(self) -> str:
        return f"run {self.run_id} in {self.campaign_id}"


class CampaignEvent(models.Model):
    """What was changed in a campaign, by whom. A ledger."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="events")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=30)
    detail: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        triggers = append_only()

    def __str__(self) -> str:
        return self.kind
