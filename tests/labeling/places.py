"""What must be true of a campaign's places and labels whenever nobody is in the middle of something."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from labeling import settling
from labeling.models import Assignment, Campaign, Label, Pair, Slot, Standing

UNSETTLED = (Standing.WAITING, Standing.CONTESTED)


def kind_of(labeler: int | None, lease: UUID | None, *, is_closed: bool, is_filled: bool) -> str:
    """Say which of four things a place is. Raises AssertionError where it is none."""
    match (labeler is not None, lease is not None, is_closed, is_filled):
        case (False, False, False, False):
            return "free"
        case (True, True, False, False):
            return "held"
        case (True, False, True, True):
            return "filled"
        case (False, False, True, False):
            return "taken away"
        case other:
            raise AssertionError(f"a slot is none of the four: labeler, lease, closed, filled = {other}")


def check_places(campaign: Campaign) -> None:
    """Assert that every pair has the places it should, each label stands in its own, and every standing can be derived again."""
    k = Campaign.objects.get(pk=campaign.pk).overlap
    places = kinds_by_pair(campaign)
    for pk, standing in Pair.objects.filter(campaign=campaign).values_list("pk", "standing"):
        wanted = max(k - places[pk, "filled"], 0) if standing in UNSETTLED else 0
        assert places[pk, "free"] + places[pk, "held"] == wanted, (pk, standing, places)
    check_labels(campaign)
    check_leases(campaign)
    assert list(settling.differences()) == []


def kinds_by_pair(campaign: Campaign) -> Counter[tuple[int, str]]:
    rows = Slot.objects.filter(campaign=campaign).values_list("pair", "labeler", "lease", "closed_at", "labels")
    return Counter((pair, kind_of(labeler, lease, is_closed=closed is not None, is_filled=label is not None)) for pair, labeler, lease, closed, label in rows)


def check_labels(campaign: Campaign) -> None:
    """Nobody twice, and each in a place of its own pair that its labeler took."""
    labels = list(Label.objects.counting().filter(pair__campaign=campaign).values_list("pair", "labeler", "slot__pair", "slot__labeler"))
    assert all((pair, labeler) == (slot_pair, holder) for pair, labeler, slot_pair, holder in labels)
    assert len(set(labels)) == len(labels)


def check_leases(campaign: Campaign) -> None:
    """Whoever holds a place was assigned it."""
    held = set(Slot.objects.held().filter(campaign=campaign).values_list("lease", "pk", "pair", "labeler"))
    assert held == set(Assignment.objects.filter(key__in=[lease for lease, *_ in held]).values_list("key", "slot", "pair", "labeler"))
