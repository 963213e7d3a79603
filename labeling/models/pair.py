"""Pairs, and their standing."""

from __future__ import annotations

import secrets
from typing import Self

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest, Least

from accounts import statements
from accounts.marking import marked
from labeling.models.campaign import Campaign
from labeling.models.rubric import RubricVersion
from policies.models import Prompt, Response


class Verdict(models.TextChoices):
    A = "a"
    B = "b"
    TIE = "tie"


class Standing(models.TextChoices):
    WAITING = "waiting"
    """Too few labels to say."""

    AGREED = "agreed"
    """The labels in are enough, and enough of them say the same."""

    CONTESTED = "contested"
    """Enough labels, too little agreement: an adjudicator decides."""

    ADJUDICATED = "adjudicated"
    """An adjudicator decided, perhaps that there is no right answer."""

    WITHDRAWN = "withdrawn"
    """Taken out; nobody is asked and nothing is exported."""


class Trouble(models.TextChoices):
    """Why a pair cannot become a row that trains."""

    NONE = "", marked("none")
    EQUAL = "equal", marked("both responses are the same")
    EMPTY = "empty", marked("a response is empty")
    CUT = "cut", marked("a response was cut at its token limit")
    LOOPING = "looping", marked("a response repeats itself")
    SELF_NAMING = "self_naming", marked("a response names its own model")


LOTS = 10_000


def draw_lot() -> int:
    """Draw whether a pair belongs to the share that gets k labels: it does while its lot is below the share. Moving the share moves few pairs."""
    return secrets.randbelow(LOTS)


class PairQuerySet(models.QuerySet["Pair"]):
    def lock(self, pk: int) -> Pair:
        """Return the pair, locked until the transaction ends. Pair first, then slot: the order everywhere."""
        row = statements.one(LOCK, pk=pk)
        if row is None:
            raise Pair.DoesNotExist(pk)
        return statements.instance(Pair, row)

    def contested(self) -> Self:
        """Those that an adjudicator is to settle. Of a pair that became gold nobody asks any more, whatever became of the labels it had."""
        return self.filter(standing=Standing.CONTESTED, gold_items=None)

    def settled(self) -> Self:
        return self.filter(standing__in=[Standing.AGREED, Standing.ADJUDICATED])


class Pair(models.Model):
    """Two responses to one prompt. Which is A and which is B says nothing of quality.

    `standing`, `verdict`, `margin`, `settled_at` and `settled_by` are written by `settling.settle` alone.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="pairs", db_index=False)
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="pairs")
    response_a = models.ForeignKey(Response, on_delete=models.PROTECT, related_name="+")
    response_b = models.ForeignKey(Response, on_delete=models.PROTECT, related_name="+")
    rubric_version = models.ForeignKey(RubricVersion, on_delete=models.PROTECT, related_name="+", db_index=False)
    external_id = models.CharField(max_length=200, blank=True)
    trouble = models.CharField(max_length=12, choices=Trouble.choices, blank=True, default=Trouble.NONE)
    asked_differently = models.BooleanField(default=False, help_text="The two sides were asked under different system prompts.")
    priority = models.PositiveSmallIntegerField(default=50, help_text="0 to 100; higher is served sooner where the campaign goes by priority.")
    lot = models.PositiveSmallIntegerField(
        default=draw_lot, help_text="Drawn from 0 to 9999: below the share in which the campaign overlaps, the pair gets k labels."
    )
    withdrawn_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    standing = models.CharField(max_length=11, choices=Standing.choices, default=Standing.WAITING)
    verdict = models.CharField(max_length=3, choices=Verdict.choices, null=True)  # noqa: DJ001 - null: none yet, or no right answer
    margin = models.FloatField(null=True, help_text="Mean preference of the labels that count, -3 (A much better) to 3, or the adjudicator's.")
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=40, blank=True, help_text="Name and version of the rule.")

    objects = PairQuerySet.as_manager()

    class Meta:
        constraints = [
            # A pair and its mirror image are the same pair.
            models.UniqueConstraint(
                "campaign", Least("response_a", "response_b"), Greatest("response_a", "response_b"), name="pair_is_unique_either_way_round"
            ),
            models.CheckConstraint(condition=~Q(response_a=F("response_b")), name="pair_has_two_responses"),
            models.CheckConstraint(condition=~Q(standing="agreed") | Q(verdict__isnull=False), name="agreed_pair_has_a_verdict"),
            models.CheckConstraint(
                condition=~Q(standing__in=["waiting", "contested", "withdrawn"]) | Q(verdict__isnull=True), name="unsettled_pair_has_no_verdict"
            ),
            models.CheckConstraint(condition=Q(margin__isnull=True) | Q(margin__gte=-3, margin__lte=3), name="pair_margin_is_on_the_scale"),
            models.CheckConstraint(condition=Q(verdict__isnull=True) | Q(verdict__in=Verdict.values), name="pair_verdict_is_a_b_or_tie"),
            models.CheckConstraint(condition=Q(standing__in=Standing.values), name="pair_standing_is_known"),
            models.CheckConstraint(condition=Q(priority__lte=100), name="pair_priority_is_0_to_100"),
            models.CheckConstraint(condition=Q(lot__lt=LOTS), name="pair_lot_is_below_10000"),
            models.CheckConstraint(
                condition=Q(standing="withdrawn", withdrawn_at__isnull=False) | ~Q(standing="withdrawn") & Q(withdrawn_at__isnull=True),
                name="withdrawn_pair_stands_so",
            ),
        ]
        indexes = [
            models.Index(fields=["campaign", "standing", "id"], name="pair_by_standing"),
            models.Index(fields=["campaign", "external_id"], condition=~Q(external_id=""), name="pair_by_external_id"),
        ]
        triggers = [pgtrigger.ReadOnly(name="keep_what_is_judged", fields=["campaign", "prompt", "response_a", "response_b"])]

    def __str__(self) -> str:
        return self.external_id or f"pair {self.pk}"


LOCK = f"SELECT {statements.columns(Pair, 'pair')} FROM labeling_pair AS pair WHERE id = %(pk)s FOR NO KEY UPDATE"  # noqa: S608 - the model's own columns
