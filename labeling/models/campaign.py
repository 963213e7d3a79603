"""A campaign: a body of labeling work under one rubric."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from accounts.ledgers import append_only
from accounts.marking import marked
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
        FINISH = "finish", marked("finish what is begun")
        """All labels of a pair before the next pair is opened."""

        SPREAD = "spread", marked("spread")
        """Every pair once before any pair twice."""

        PRIORITY = "priority", marked("priority")
        """Pairs of higher priority first, each finished before the next."""

        INFORMATIVE = "informative", marked("most informative")
        """Pairs of the policies whose difference is least certain first. Bends agreement figures, and is recorded for it."""

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    state = models.CharField(max_length=8, choices=State.choices, default=State.DRAFT)
    rubric_version = models.ForeignKey(RubricVersion, on_delete=models.PROTECT, related_name="campaigns")
    overlap = models.PositiveSmallIntegerField(default=3, validators=[MinValueValidator(1), MaxValueValidator(25)], help_text="k: labelers a pair.")
    overlap_share = models.PositiveSmallIntegerField(
        default=100,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="Percent of pairs, drawn at random, that get k labels; the others get one.",
    )
    escalation_bound = models.PositiveSmallIntegerField(
        default=0, validators=[MaxValueValidator(5)], help_text="Further labels a pair may get when the first disagree, before an adjudicator decides."
    )
    rule = models.CharField(max_length=40, default="strict-majority/1", help_text="The settling rule, with its version.")
    strategy = models.CharField(max_length=11, choices=Strategy.choices, default=Strategy.FINISH)
    eligible_by = models.CharField(max_length=60, blank=True, help_text="A slice, such as language: a pair goes to labelers who have its value as a skill.")
    quota = models.PositiveIntegerField(null=True, help_text="Labels that one labeler may give here at most.")
    daily_ceiling = models.PositiveIntegerField(null=True, help_text="Labels that one labeler may give here in a day at most.")
    gold_percent = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(50)], help_text="Share of what a labeler is shown that is gold.")
    repeat_percent = models.PositiveSmallIntegerField(
        default=0, validators=[MaxValueValidator(50)], help_text="Share of what a labeler is shown that they have labeled before, with its sides swapped."
    )
    gold_bar = models.PositiveSmallIntegerField(
        default=70, validators=[MaxValueValidator(100)], help_text="Percent: a labeler whose gold score lies surely below is paused, and a researcher looks."
    )
    gold_window = models.PositiveSmallIntegerField(
        default=20, validators=[MinValueValidator(8)], help_text="Gold answers that the rolling score looks back on."
    )
    practice_items = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(50)], help_text="Gold items a new labeler practises on first.")
    pass_mark = models.PositiveSmallIntegerField(
        default=75, validators=[MaxValueValidator(100)], help_text="Percent of a practice round that lets a labeler in."
    )
    lease_minutes = models.PositiveSmallIntegerField(default=30, help_text="A pair that was not answered by then goes to somebody else.")
    rationale_required = models.BooleanField(default=False)
    rationale_minimum = models.PositiveSmallIntegerField(
        default=0, validators=[MaxValueValidator(1000)], help_text="Characters that a rationale has at least, where one is given."
    )
    runs = models.ManyToManyField(
        GenerationRun, through="AttachedRun", related_name="campaigns", help_text="Generation runs whose responses become pairs here."
    )
    rank_epoch = models.PositiveIntegerField(default=0, help_text="Raised when ranks are made anew; cursors of an older epoch start over.")
    ranked_as = models.CharField(
        max_length=11, default="finish", help_text="The strategy by which the places are ranked; behind `strategy` while they are ranked anew."
    )
    ranked_at = models.DateTimeField(null=True)
    labels_when_ranked = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(overlap_share__gte=1, overlap_share__lte=100), name="campaign_overlap_share_is_a_percentage"),
            models.CheckConstraint(condition=Q(escalation_bound__lte=5), name="campaign_escalation_is_bounded"),
            models.CheckConstraint(condition=Q(gold_percent__lte=50, repeat_percent__lte=50), name="campaign_checks_leave_room_for_work"),
            models.CheckConstraint(condition=Q(gold_bar__lte=100, pass_mark__lte=100, gold_window__gte=8), name="campaign_marks_are_percentages"),
            models.CheckConstraint(condition=Q(quota__isnull=True) | Q(quota__gte=1), name="campaign_quota_is_positive"),
            models.CheckConstraint(condition=Q(daily_ceiling__isnull=True) | Q(daily_ceiling__gte=1), name="campaign_ceiling_is_positive"),
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
    detail: models.JSONField[dict[str, Any]] = models.JSONField(default=dict, null=True, help_text="Null once erased: it named somebody.")
    at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)
    erased_why = models.CharField(max_length=300, blank=True, default="", db_default="")
    erased_sha256 = models.CharField(max_length=64, blank=True, default="", db_default="")

    class Meta:
        triggers = append_only(erasable="detail")

    def __str__(self) -> str:
        return self.kind
