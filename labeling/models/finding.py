"""Care flags: what was found about a labeler's work, with the evidence, and what a researcher decided. Ledgers."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.ledgers import MayBeErased, append_only
from accounts.marking import marked
from labeling.models.campaign import Campaign


class FindingQuerySet(models.QuerySet["Finding"]):
    def undecided(self) -> Self:
        return self.filter(decision=None)


class Finding(models.Model):
    """A flag is a finding for a researcher to look at, never a punishment."""

    class Kind(models.TextChoices):
        GOLD_BELOW_BAR = "gold_below_bar", marked("gold score below the bar")
        TOO_FAST = "too_fast", marked("too fast to have read")
        STRAIGHT_LINING = "straight_lining", marked("the same choice over and over")
        LEFT_LEANING = "left_leaning", marked("leans to one side")
        LENGTH_FOLLOWING = "length_following", marked("follows length")
        RANDOM = "random", marked("no better than chance")

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="findings")
    labeler = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    says = models.CharField(max_length=300)
    evidence: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    good_to = models.BigIntegerField(null=True, help_text="The label at which the last good check stood; what came after it is in question.")
    at = models.DateTimeField()

    objects = FindingQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["campaign", "labeler", "kind"], name="finding_by_labeler")]
        constraints = [models.CheckConstraint(condition=~Q(says=""), name="finding_says_something")]
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.kind}: {self.labeler_id}"


class FindingDecision(MayBeErased):
    class Decision(models.TextChoices):
        KEEP = "keep", marked("keep the labels")
        RETRACT = "retract", marked("retract the labels since the last good check")
        DISMISS = "dismiss", marked("nothing in it")

    finding = models.OneToOneField(Finding, on_delete=models.PROTECT, related_name="decision")
    decision = models.CharField(max_length=7, choices=Decision.choices)
    note = models.TextField(blank=True, null=True)  # noqa: DJ001 - NULL once erased
    retracted = models.PositiveIntegerField(default=0, help_text="Labels that were retracted, each with a new place opened.")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(decision__in=["keep", "retract", "dismiss"]), name="finding_decision_is_known")]
        triggers = append_only(erasable="note")

    def __str__(self) -> str:
        return self.decision
