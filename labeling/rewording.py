"""From a campaign that was worded anew to its pairs and places: which go by the new wording, and what becomes of those that people had begun.

What is asked is asked under the campaign's wording, checks as well as work: else what is on the screen would tell gold from work. A pair that is
settled stays under the wording by which it was judged. Labels of one pair under two wordings are never counted together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import Count, QuerySet

from accounts.marking import marked
from labeling import settling
from labeling.models import COUNTING, Assignment, Campaign, GoldItem, Label, Pair, Slot
from labeling.models.assignment import opaque_key

Kind = Slot.Kind

ANEW, SETTLE = "anew", "settle"
BEGUN = {ANEW: marked("asked anew"), SETTLE: marked("settled by the labels that are in")}
"""What may become of pairs that have labels under the wording before, and are not settled."""

KEEP, REFRESH, RETIRE = "keep", "refresh", "retire"
GOLD = {KEEP: marked("kept"), REFRESH: marked("to be looked at"), RETIRE: marked("retired")}
"""What may become of gold items whose verdict was said under the wording before."""


@dataclass
class Reworded:
    """What going over to a wording came to, at some pairs."""

    reworded: int = 0
    """Pairs that go by it now, none of them with a label that counts."""
    anew: int = 0
    """Of these, begun under the one before, and asked anew."""
    uncounted: int = 0
    """Labels of those: kept, and counted no more."""
    closed: list[Slot] = field(default_factory=list)
    """Places that were closed with nobody in them, as they were before."""


# ---- pairs ---------------------------------------------------------------------------------------------------------


def reword(pairs: Sequence[Pair], campaign: Campaign, *, begun: str, at: datetime) -> Reworded:
    """Have those of these pairs that go by another wording, and want judgments, go by the campaign's; of those that are begun it depends on BEGUN.

    The pairs are locked by the caller, in their order; none is settled, gold, or kept with trouble. Their open places go over with them, those that are on
    a screen too: their labelers hold the same pair on the same sides, and read what changed before they send anything.
    """
    old = [pair for pair in pairs if pair.rubric_version_id != campaign.rubric_version_id]
    labels = dict(Label.objects.counting().filter(pair__in=old).values_list("pair").annotate(Count("pk")).order_by())
    staying = [pair for pair in old if begun == SETTLE and labels.get(pair.pk)]
    going = [pair for pair in old if not (begun == SETTLE and labels.get(pair.pk))]
    closed = close(locked(Slot.objects.filter(pair__in=staying, kind__in=COUNTING)), at=at)
    closed += go_over(going, campaign, at=at)
    settling.settle_all(list(Pair.objects.filter(pk__in=[pair.pk for pair in old]).order_by("pk")), at=at)
    anew = [labels[pair.pk] for pair in going if labels.get(pair.pk)]
    return Reworded(reworded=len(going), anew=len(anew), uncounted=sum(anew), closed=closed)


def go_over(pairs: Sequence[Pair], campaign: Campaign, *, at: datetime) -> list[Slot]:
    """Put locked pairs and their open places under the campaign's wording. Returns the places that were closed, because their labeler has one under it.

    Nobody disagrees yet under the new wording: a further place, opened because labelers did under the one before, is a usual place from now on.
    """
    pairs = [pair for pair in pairs if pair.rubric_version_id != campaign.rubric_version_id]
    places = locked(Slot.objects.filter(pair__in=pairs, kind__in=COUNTING))
    taken = {(place.pair_id, place.labeler_id) for place in Slot.objects.counting().filter(pair__in=pairs, rubric_version=campaign.rubric_version_id)}
    twice = [place for place in places if place.labeler_id and (place.pair_id, place.labeler_id) in taken]
    Slot.objects.filter(pk__in=[place.pk for place in places], kind=Kind.ESCALATION).update(kind=Kind.WORK)
    hand_over([place for place in places if place not in twice], campaign)
    Pair.objects.filter(pk__in=[pair.pk for pair in pairs]).update(rubric_version=campaign.rubric_version_id)
    for pair in pairs:
        pair.rubric_version_id = campaign.rubric_version_id
    return close(twice, at=at)


# ---- places --------------------------------------------------------------------------------------------------------


def locked(places: QuerySet[Slot]) -> list[Slot]:
    """Return the open ones among these places, locked in the order in which everybody locks them. From then on none of them is leased."""
    return list(places.filter(closed_at=None).order_by("pk").select_for_update(no_key=True))


def hand_over(places: Sequence[Slot], campaign: Campaign) -> None:
    """Put locked, open places under the campaign's wording. What is on a screen stays its labeler's, by an assignment of its own."""
    Slot.objects.filter(pk__in=[place.pk for place in places if place.lease is None]).update(rubric_version=campaign.rubric_version_id)
    for place in places:
        if place.lease is not None:
            lease_anew(place, place.lease, campaign)


def lease_anew(place: Slot, lease: UUID, campaign: Campaign) -> None:
    """Go on with a lease under the campaign's wording: the same labeler, sides and times."""
    before, key = Assignment.objects.get(key=lease), opaque_key()
    Slot.objects.filter(pk=place.pk).update(rubric_version=campaign.rubric_version_id, lease=key)
    Assignment.objects.create(
        key=key,
        slot_id=place.pk,
        pair_id=before.pair_id,
        labeler_id=before.labeler_id,
        rubric_version_id=campaign.rubric_version_id,
        left_is_a=before.left_is_a,
        leased_at=before.leased_at,
    )


def close(places: Sequence[Slot], *, at: datetime) -> list[Slot]:
    """Close locked, open places with nobody in them, and return them as they were."""
    Slot.objects.filter(pk__in=[place.pk for place in places]).update(closed_at=at, labeler=None, lease=None, lease_ends_at=None)
    return list(places)


# ---- checks --------------------------------------------------------------------------------------------------------


def reword_checks(campaign: Campaign, *, gold: str, at: datetime) -> int:
    """Put gold and its open places, and repeats, under the campaign's wording, as GOLD says, and return how many items that was.

    A repeat that nobody has on the screen ends: what its labeler said before was said under another wording. One that is on a screen stays there, as
    everything does, and is held against nothing.
    """
    items = GoldItem.objects.in_use().filter(campaign=campaign)
    number = items.count()
    if gold == KEEP:
        items.update(rubric_version=campaign.rubric_version_id)
    elif gold == RETIRE:
        items.update(retired_at=at)
    checks = locked(Slot.objects.filter(pk__in=[pk for (pk,) in open_checks(campaign)]))
    over = [check for check in checks if is_over(check, gold)]
    close(over, at=at)
    hand_over([check for check in checks if check not in over], campaign)
    if gold == RETIRE:  # its answer is held against nothing: what was known of the pair holds no more
        Slot.objects.filter(pk__in=[check.pk for check in checks if check not in over], kind=Kind.GOLD).update(gold_item=None)
    return number


def open_checks(campaign: Campaign) -> QuerySet[Slot, tuple[int]]:
    """Return the keys of open places that check somebody, free and held by their indexes, in one look: in two, one that changed hands could be in neither."""
    checks = Slot.objects.filter(campaign=campaign).exclude(kind__in=COUNTING)
    return checks.free().filter(reserved_for__isnull=False).values_list("pk").union(checks.held().values_list("pk"))


def is_over(check: Slot, gold: str) -> bool:
    is_free = check.lease is None
    if check.kind == Kind.REPEAT:
        return is_free
    return gold == RETIRE and (is_free or check.kind == Kind.PRACTICE)
