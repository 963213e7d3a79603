"""Slots: a pair's places for a label. Overlap is slots, so that it cannot be overshot."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from labeling.models.campaign import Campaign
from labeling.models.gold import GoldItem
from labeling.models.pair import Pair
from labeling.models.rubric import RubricVersion

if TYPE_CHECKING:
    from labeling.models.assignment import Assignment

COUNTING = ("work", "escalation")
"""The kinds whose labels count for standing and figures."""

ON_GOLD = ("gold", "practice")
"""The kinds that ask about a gold item."""


class SlotQuerySet(models.QuerySet["Slot"]):
    def free(self) -> Self:
        return self.filter(labeler=None, closed_at=None)

    def open(self) -> Self:
        """Free, or on somebody's screen."""
        return self.filter(closed_at=None)

    def held(self) -> Self:
        return self.filter(labeler__isnull=False, closed_at=None)

    def counting(self) -> Self:
        return self.filter(kind__in=COUNTING)

    def expired(self, *, at: datetime) -> Self:
        return self.held().filter(lease_ends_at__lt=at)

    def close_for(self, assignment: Assignment, *, at: datetime) -> Slot | None:
        """Close a place for this assignment's label and return it, or None if the pair has none left for its labeler.

        Its own slot while the lease is on it, or while it is free and reserved for them; else a slot of the pair that the same labeler holds by now;
        else a free one. The caller holds the pair's lock, so nothing moves in between except leases. It waits for one that is being made: it may be
        this labeler's.
        """
        asked_for = {"pk": assignment.slot_id, "rubric_version_id": assignment.rubric_version_id, "closed_at": None}
        own = self.filter(Q(lease=assignment.key) | Q(labeler=None, reserved_for=assignment.labeler_id), **asked_for)
        if own.update(closed_at=at, labeler=assignment.labeler_id, lease=None, lease_ends_at=None):
            return self.get(pk=assignment.slot_id)
        asked = self.counting().filter(pair_id=assignment.pair_id, rubric_version_id=assignment.rubric_version_id)
        if (
            self.filter(pk=assignment.slot_id).exclude(kind__in=COUNTING).exists()
            or asked.filter(labeler=assignment.labeler_id, closed_at__isnull=False).exists()
        ):
            return None  # a check is answered once, and so is a pair
        return asked.open().filter(Q(reserved_for=None) | Q(reserved_for=assignment.labeler_id)).take_for(assignment, at=at)

    def take_for(self, assignment: Assignment, *, at: datetime) -> Slot | None:
        """Close the first of these places that the labeler holds, or else that is free."""
        places = self.filter(Q(labeler_id=assignment.labeler_id) | Q(labeler=None)).order_by(models.F("labeler_id").asc(nulls_last=True), "id")
        for place in places.select_for_update(no_key=True)[:1]:
            Slot.objects.filter(pk=place.pk).update(labeler_id=assignment.labeler_id, closed_at=at, lease=None, lease_ends_at=None)
            place.refresh_from_db()
            return place
        return None


class Slot(models.Model):
    """One place for one label. Free, then leased to a labeler, then closed with their label in it.

    A place that is freed after a label is a new slot; this one stays closed. One that was taken away when k was
    lowered is closed with nobody in it.
    """

    class Kind(models.TextChoices):
        WORK = "work"
        """One of the k places that every pair has."""

        ESCALATION = "escalation"
        """A further place, opened when the first labels disagree."""

        GOLD = "gold"
        """Checks its labeler against a known verdict, and looks like work."""

        REPEAT = "repeat"
        """Shows its labeler a pair again, sides swapped."""

        PRACTICE = "practice"
        """Before real work; with feedback."""

    # Not indexed by themselves: a planner that knows nothing yet of a new campaign takes such an index, sorts all its places, and passes by `slot_free`.
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="slots", db_index=False)
    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, related_name="slots")
    rubric_version = models.ForeignKey(RubricVersion, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.WORK)
    reserved_for = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    pool = models.CharField(max_length=60, blank=True, help_text="The language or skill that it asks for; empty: anybody.")
    rank = models.BigIntegerField(help_text="Lower is served sooner. Below 0: freed, or made late. Reserved: the position in its labeler's stream.")
    ranked_by = models.CharField(max_length=11, blank=True, help_text="The strategy that gave the rank; empty for a place at the head, or reserved.")
    planned_share = models.PositiveSmallIntegerField(default=100, help_text="Percent of pairs that were to get such a place when it was made.")
    gold_item = models.ForeignKey(GoldItem, on_delete=models.PROTECT, null=True, related_name="slots", db_index=False)
    left_is_a = models.BooleanField(help_text="The side drawn for this place; balanced over the places of a pair.")
    labeler = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    lease = models.UUIDField(null=True, help_text="Key of the assignment that holds it.")
    lease_ends_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    objects = SlotQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["pair", "labeler", "rubric_version"],
                condition=Q(kind__in=COUNTING, labeler__isnull=False),
                name="labeler_has_one_place_at_a_pair",
            ),
            # Of what is leased alone, as every index here holds no more than it must: each lease and each label writes to all that hold the place.
            models.UniqueConstraint(fields=["lease"], condition=Q(lease__isnull=False), name="lease_is_on_one_place"),
            models.CheckConstraint(condition=Q(kind__in=["work", "escalation", "gold", "repeat", "practice"]), name="slot_kind_is_known"),
            models.CheckConstraint(
                condition=Q(lease__isnull=True, lease_ends_at__isnull=True) | Q(lease__isnull=False, lease_ends_at__isnull=False, labeler__isnull=False),
                name="slot_lease_has_a_holder_and_an_end",
            ),
            models.CheckConstraint(condition=Q(closed_at__isnull=True) | Q(lease__isnull=True), name="closed_slot_is_not_leased"),
            models.CheckConstraint(condition=Q(closed_at__isnull=False) | Q(labeler__isnull=True) | Q(lease__isnull=False), name="held_slot_has_a_lease"),
            models.CheckConstraint(
                condition=Q(kind__in=COUNTING) | Q(reserved_for__isnull=False),
                name="check_is_reserved_for_somebody",
            ),
            models.CheckConstraint(
                condition=Q(reserved_for__isnull=True) | Q(labeler__isnull=True) | Q(labeler=models.F("reserved_for")),
                name="reserved_slot_is_taken_by_its_labeler",
            ),
            models.CheckConstraint(condition=Q(gold_item__isnull=True) | Q(kind__in=ON_GOLD), name="only_checks_ask_about_gold"),
            models.CheckConstraint(condition=Q(reserved_for__isnull=True) | Q(rank__gte=0), name="reserved_slot_is_ranked_by_position"),
            models.CheckConstraint(condition=Q(planned_share__gte=1, planned_share__lte=100), name="slot_planned_share_is_a_percentage"),
        ]
        indexes = [
            # What `assigning` walks: free places of a campaign in the order they are served.
            models.Index(
                fields=["campaign", "pool", "rank", "id"],
                condition=Q(labeler__isnull=True, closed_at__isnull=True, reserved_for__isnull=True),
                name="slot_free",
            ),
            models.Index(
                fields=["reserved_for", "campaign", "rank", "id"],
                condition=Q(labeler__isnull=True, closed_at__isnull=True, reserved_for__isnull=False),
                name="slot_reserved",
            ),
            # With the order in which it is asked for: a plain index scan forgets entries of closed places as it meets them, a bitmap scan reads all of them.
            models.Index(fields=["labeler", "campaign", "id"], condition=Q(labeler__isnull=False, closed_at__isnull=True), name="slot_held"),
            models.Index(fields=["lease_ends_at"], condition=Q(lease__isnull=False), name="slot_leases"),
            models.Index(fields=["gold_item"], condition=Q(gold_item__isnull=False), name="slot_by_gold_item"),
            # What a labeler was checked on, whatever became of it.
            models.Index(fields=["reserved_for", "campaign", "pair"], condition=Q(kind__in=["gold", "repeat", "practice"]), name="slot_checks"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} slot {self.pk}"
