"""Labels: one labeler's judgment of one pair. A ledger: rows are only added."""

from __future__ import annotations

from typing import Any, Self

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from accounts.ledgers import append_only
from labeling.models.assignment import Assignment
from labeling.models.pair import Pair, Verdict
from labeling.models.rubric import RubricVersion
from labeling.models.slot import COUNTING, Slot

IN_ITS_PLACE = """
IF NEW.slot_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM labeling_slot AS slot WHERE slot.id = NEW.slot_id AND slot.pair_id = NEW.pair_id AND slot.labeler_id = NEW.labeler_id
       AND slot.rubric_version_id = NEW.rubric_version_id AND slot.closed_at IS NOT NULL) THEN
    RAISE EXCEPTION 'tiebreak: a label goes into a closed slot of its own pair, labeler and rubric version' USING ERRCODE = 'integrity_constraint_violation';
END IF;
IF NEW.assignment_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM labeling_assignment AS assignment WHERE assignment.key = NEW.assignment_id AND assignment.pair_id = NEW.pair_id
       AND assignment.labeler_id = NEW.labeler_id) THEN
    RAISE EXCEPTION 'tiebreak: a label answers an assignment of its own pair and labeler' USING ERRCODE = 'integrity_constraint_violation';
END IF;
IF NEW.supersedes_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM labeling_label AS earlier WHERE earlier.id = NEW.supersedes_id AND earlier.pair_id = NEW.pair_id
       AND earlier.labeler_id = NEW.labeler_id AND earlier.slot_id IS NOT DISTINCT FROM NEW.slot_id) THEN
    RAISE EXCEPTION 'tiebreak: a label supersedes one of its own pair, labeler and slot' USING ERRCODE = 'integrity_constraint_violation';
END IF;
RETURN NEW;
"""


def stands_where_it_says() -> pgtrigger.Trigger:
    """What a CHECK cannot see: the label and the rows it points at speak of one pair and one labeler."""
    return pgtrigger.Trigger(name="stands_where_it_says", when=pgtrigger.Before, operation=pgtrigger.Insert, func=IN_ITS_PLACE)


class LabelQuerySet(models.QuerySet["Label"]):
    def current(self) -> Self:
        """The heads: what nothing supersedes, without retractions and surplus. The only source of standing, figures and rows."""
        superseded = Label.objects.filter(supersedes=OuterRef("pk"))
        return self.filter(~Exists(superseded), is_retraction=False, slot__isnull=False)

    def counting(self) -> Self:
        """The heads in places that count, under the wording by which their pair is judged now."""
        return self.current().filter(slot__kind__in=COUNTING, rubric_version=F("pair__rubric_version"))

    def first_answers(self) -> Self:
        """What was said first, without what its labeler reopened: the place of that closed with nobody in it."""
        return self.filter(supersedes=None).exclude(slot__isnull=False, slot__labeler=None)


class Label(models.Model):
    class Source(models.TextChoices):
        DESK = "desk"
        """Clicked in the browser."""

        API = "api"
        """Sent by a program for its person."""

        IMPORTED = "imported"
        """Made elsewhere; the sides it saw are unknown."""

        SYNTHETIC = "synthetic"
        """Made by `simulate_labelers`."""

    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, related_name="labels")
    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, null=True, related_name="labels", help_text="Null: surplus. The pair was complete.")
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, null=True, related_name="labels")
    labeler = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="labels", db_index=False)
    # Not indexed, here and wherever a row carries its wording: so many share one that a planner without statistics goes astray by such an index.
    rubric_version = models.ForeignKey(RubricVersion, on_delete=models.PROTECT, related_name="+", db_index=False)
    verdict = models.CharField(max_length=3, choices=Verdict.choices, null=True)  # noqa: DJ001 - null: a retraction
    preference = models.SmallIntegerField(null=True)
    both_bad = models.BooleanField(default=False)
    reasons = ArrayField(models.CharField(max_length=30), default=list, blank=True, help_text="Keys of the rubric version's reasons.")
    criteria: models.JSONField[dict[str, int]] = models.JSONField(
        default=dict, db_default={}, help_text="A preference for each of the rubric version's criteria, by its key."
    )
    evidence: models.JSONField[list[dict[str, Any]]] = models.JSONField(
        default=list, db_default=[], help_text="Passages: side a or b, start and end in the stored text."
    )
    rationale = models.TextField(null=True)  # noqa: DJ001 - NULL once erased
    left_was_a = models.BooleanField(null=True)
    source = models.CharField(max_length=9, choices=Source.choices)
    submission_key = models.UUIDField(unique=True)
    supersedes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="superseded_by")
    is_retraction = models.BooleanField(default=False)
    seconds = models.FloatField(null=True, help_text="From lease to submit.")
    active_seconds = models.FloatField(null=True, help_text="Of these, with the pair on screen and somebody there.")
    submitted_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)
    erased_why = models.CharField(max_length=300, blank=True)
    erased_sha256 = models.CharField(max_length=64, blank=True)

    objects = LabelQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["slot"], condition=Q(supersedes__isnull=True), name="slot_has_one_first_label"),
            models.CheckConstraint(
                condition=Q(is_retraction=True, verdict__isnull=True, preference__isnull=True, supersedes__isnull=False)
                | Q(is_retraction=False, verdict__isnull=False),
                name="label_has_a_verdict_unless_it_retracts",
            ),
            models.CheckConstraint(
                condition=Q(preference__isnull=True)
                | Q(preference__lt=0, preference__gte=-3, verdict="a")
                | Q(preference=0, verdict="tie")
                | Q(preference__gt=0, preference__lte=3, verdict="b"),
                name="preference_and_verdict_agree",
            ),
            models.CheckConstraint(condition=Q(both_bad=False) | Q(verdict__isnull=False, verdict="tie"), name="both_bad_is_a_tie"),
            models.CheckConstraint(
                condition=Q(source="imported", left_was_a__isnull=True, assignment__isnull=True)
                | ~Q(source="imported") & Q(left_was_a__isnull=False, assignment__isnull=False),
                name="label_made_here_knows_its_sides",
            ),
            models.CheckConstraint(condition=Q(verdict__isnull=True) | Q(verdict__in=Verdict.values), name="label_says_a_b_or_tie"),
            models.CheckConstraint(condition=Q(seconds__isnull=True) | Q(seconds__gte=0), name="label_took_time_forwards"),
            models.CheckConstraint(
                condition=Q(erased_at__isnull=True) | Q(rationale__isnull=True) & ~Q(erased_why="") & ~Q(erased_sha256=""), name="erased_label_says_why"
            ),
        ]
        indexes = [
            models.Index(fields=["labeler", "submitted_at"], include=["supersedes"], name="label_by_labeler"),
        ]
        triggers = [*append_only(erasable="rationale"), stands_where_it_says()]

    def __str__(self) -> str:
        return f"label {self.pk}: {self.verdict}"

    @property
    def is_surplus(self) -> bool:
        """Kept, marked, counted nowhere: the pair had no place left when it came."""
        return self.slot_id is None


def verdict_of(preference: int) -> Verdict:
    """Return the verdict that a preference means: its sign."""
    return Verdict.A if preference < 0 else Verdict.B if preference > 0 else Verdict.TIE
