"""Adjudications: the verdict that ends a contest, with its reason. A ledger."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q

from accounts.ledgers import append_only
from accounts.marking import marked
from labeling.models.assignment import opaque_key
from labeling.models.pair import Pair, Verdict
from labeling.models.rubric import RubricVersion


class AdjudicationTurnQuerySet(models.QuerySet["AdjudicationTurn"]):
    def open(self, *, at: datetime) -> Self:
        return self.filter(ended_at=None, lease_ends_at__gte=at)


class AdjudicationTurn(models.Model):
    """A contested pair on an adjudicator's screen, on these sides, until this time."""

    key = models.UUIDField(primary_key=True, default=opaque_key)
    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, related_name="adjudication_turns", db_index=False)
    adjudicator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    left_is_a = models.BooleanField()
    leased_at = models.DateTimeField()
    lease_ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    given_back = models.BooleanField(default=False)

    objects = AdjudicationTurnQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pair"], condition=Q(ended_at__isnull=True), name="pair_is_before_one_adjudicator")]
        indexes = [
            models.Index(fields=["adjudicator"], condition=Q(ended_at__isnull=True), name="turn_by_adjudicator"),
            # The queue asks for each place whether its labeler had the pair before them: never by all that they had.
            models.Index(fields=["pair", "adjudicator"], name="turn_by_pair"),
        ]

    def __str__(self) -> str:
        return str(self.key)

    def preference_from(self, choice: int) -> int:
        """Turn a choice on the screen into a preference, or back."""
        return choice if self.left_is_a else -choice


class AdjudicationQuerySet(models.QuerySet["Adjudication"]):
    def current(self) -> Self:
        superseded = Adjudication.objects.filter(supersedes=OuterRef("pk"))
        return self.filter(~Exists(superseded), is_surplus=False)


class Adjudication(models.Model):
    class ReasonClass(models.TextChoices):
        RUBRIC_UNCLEAR = "rubric_unclear", marked("Rubric unclear")
        FACTUAL_ERROR = "factual_error", marked("Factual error")
        LABELER_SLIP = "labeler_slip", marked("Labeler slip")
        TASTE = "taste", marked("Matter of taste")
        BOTH_BAD = "both_bad", marked("Both bad")
        BROKEN_PAIR = "broken_pair", marked("Broken pair")

    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, related_name="adjudications")
    turn = models.ForeignKey(AdjudicationTurn, on_delete=models.PROTECT, related_name="adjudications")
    adjudicator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="adjudications")
    rubric_version = models.ForeignKey(RubricVersion, on_delete=models.PROTECT, related_name="+", db_index=False)
    verdict = models.CharField(max_length=3, choices=Verdict.choices, null=True)  # noqa: DJ001 - null: no right answer
    preference = models.SmallIntegerField(null=True)
    both_bad = models.BooleanField(default=False)
    reason_class = models.CharField(max_length=14, choices=ReasonClass.choices)
    reason = models.TextField(null=True)  # noqa: DJ001 - NULL once erased
    left_was_a = models.BooleanField()
    submission_key = models.UUIDField(unique=True)
    supersedes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="superseded_by")
    is_surplus = models.BooleanField(default=False, help_text="The pair had been settled by then; kept, and counted nowhere.")
    submitted_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)
    erased_why = models.CharField(max_length=300, blank=True)
    erased_sha256 = models.CharField(max_length=64, blank=True)

    objects = AdjudicationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pair"], condition=Q(supersedes__isnull=True, is_surplus=False), name="pair_has_one_first_adjudication"),
            models.CheckConstraint(
                # Without the NOT NULL an unknown verdict would make the condition unknown, which a CHECK lets pass.
                condition=Q(preference__isnull=True)
                | Q(verdict__isnull=False)
                & (Q(preference__lt=0, preference__gte=-3, verdict="a") | Q(preference=0, verdict="tie") | Q(preference__gt=0, preference__lte=3, verdict="b")),
                name="adjudicated_preference_and_verdict_agree",
            ),
            models.CheckConstraint(condition=Q(both_bad=False) | Q(verdict__isnull=False, verdict="tie"), name="adjudicated_both_bad_is_a_tie"),
            models.CheckConstraint(condition=Q(verdict__isnull=True) | Q(verdict__in=Verdict.values), name="adjudication_says_a_b_or_tie"),
            models.CheckConstraint(condition=Q(erased_at__isnull=False) | Q(reason__isnull=False) & ~Q(reason=""), name="adjudication_has_a_reason"),
        ]
        triggers = append_only(erasable="reason")

    def __str__(self) -> str:
        return f"adjudication {self.pk}: {self.verdict}"
