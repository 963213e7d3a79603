"""Nobody is shown one side, one policy or one position more often than chance has it.

Drawn with fixed seeds in place of the system's randomness, so that a test fails by what the code does and never by a rare draw.
"""

from __future__ import annotations

import random
import secrets
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence

import pytest

from accounts.models import User
from labeling import assigning, bias, planning, slotting, submitting
from labeling.models import Assignment, Campaign, Enrolment, GoldItem, Pair, Slot
from tests.builders import NOW, make_campaign, make_pair

PAIRS, K = 3_334, 3
"""10,002 assignments."""

BEYOND = {4: 18.467, 5: 20.515, 9: 27.877}
"""By degrees of freedom: the chi-square that chance exceeds once in a thousand times (NIST/SEMATECH e-Handbook, table 1.3.6.7.4)."""


@pytest.fixture(autouse=True)
def _drawn_by_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slotting, "draw", random.Random(20261121))
    monkeypatch.setattr(planning, "draw", random.Random(20261121))


def chi_square(counts: Sequence[int]) -> float:
    """Of counts that are all to be alike."""
    expected = sum(counts) / len(counts)
    return sum((count - expected) ** 2 for count in counts) / expected


def is_even(shown_left: Iterable[bool]) -> bool:
    """Whether the share of `True` lies where 99 in 100 fair coins of that many throws do."""
    shown = list(shown_left)
    low, high = bias.clopper_pearson(sum(shown), len(shown), level=0.99)
    return low <= 0.5 <= high


def sides_of_pairs(k: int, *, pairs: int = PAIRS) -> list[list[bool]]:
    """Draw the places of many pairs, not stored."""
    campaign = Campaign(pk=1, overlap=k)
    return [
        [slot.left_is_a for slot in slotting.slots_for(Pair(pk=number, campaign_id=1, rubric_version_id=1), campaign, places=k)]
        for number in range(1, pairs + 1)
    ]


# ---- sides ---------------------------------------------------------------------------------------------------------


def test_the_product_draws_by_the_systems_randomness(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert isinstance(slotting.draw, secrets.SystemRandom)
    assert isinstance(planning.draw, secrets.SystemRandom)


@pytest.mark.parametrize("k", [2, 3, 4, 5])
def test_the_labelers_of_a_pair_see_both_sides_as_equally_as_their_number_allows(k: int) -> None:
    assert {abs(2 * sum(sides) - k) for sides in sides_of_pairs(k, pairs=500)} == {k % 2}


def test_over_ten_thousand_assignments_a_stands_left_half_the_time() -> None:
    pairs = sides_of_pairs(K)
    assert sum(map(len, pairs)) == PAIRS * K
    assert is_even(side for sides in pairs for side in sides)


def test_so_it_does_at_the_first_the_second_and_the_third_labeler() -> None:
    for of_one in zip(*sides_of_pairs(K), strict=True):
        assert is_even(of_one)


def test_every_order_of_the_sides_is_as_likely() -> None:
    """What the first labeler saw says of the second only what balance must: that the other side is likelier."""
    orders = Counter(map(tuple, sides_of_pairs(2)))
    assert set(orders) == {(True, False), (False, True)}
    assert is_even(order == (True, False) for order in map(tuple, sides_of_pairs(2)))
    six = Counter(map(tuple, sides_of_pairs(K)))
    assert len(six) == 6
    assert chi_square(list(six.values())) < BEYOND[5]


def test_a_place_that_is_made_later_restores_the_balance() -> None:
    campaign, pair = Campaign(pk=1, overlap=4), Pair(pk=1, campaign_id=1, rubric_version_id=1)
    for a_left, b_left in ((3, 0), (0, 3), (2, 1), (1, 2)):
        [slot] = slotting.slots_for(pair, campaign, places=1, sides=(a_left, b_left))
        assert slot.left_is_a == (a_left < b_left)
    again = [slotting.slots_for(pair, campaign, places=1, sides=(2, 2))[0].left_is_a for _ in range(2_000)]
    assert is_even(again)


def test_a_die_that_leans_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: whatever an odd k leaves over goes to A."""

    class Loaded(random.Random):
        def random(self) -> float:
            return 0.0

    monkeypatch.setattr(slotting, "draw", Loaded(1))
    assert not is_even(side for sides in sides_of_pairs(K) for side in sides)


def test_what_is_drawn_for_a_place_is_what_its_labeler_sees(lena: User, otto: User) -> None:
    campaign = make_campaign(overlap=2)
    slotting.make_slots([make_pair(campaign, slots=0) for _ in range(20)], campaign)
    for labeler in (lena, otto):
        walk(campaign, labeler, 20)
    shown = list(Assignment.objects.values_list("left_is_a", "slot__left_is_a", "pair"))
    assert len(shown) == 40
    assert all(seen == drawn for seen, drawn, _ in shown)
    assert {sum(seen for seen, _, pair in shown if pair == of) for of in {pair for *_, pair in shown}} == {1}


def walk(campaign: Campaign, labeler: User, number: int) -> list[Slot]:
    """Take and answer so many pairs, and return their places in that order."""
    return [step(campaign, labeler) for _ in range(number)]


def step(campaign: Campaign, labeler: User) -> Slot:
    assignment = assigning.next_for(campaign, labeler, at=NOW)
    assert assignment is not None
    submitting.submit_label(assignment=assignment, preference=-1, submission_key=uuid.uuid4(), at=NOW)
    return Slot.objects.get(pk=assignment.slot_id)


# ---- positions of checks -------------------------------------------------------------------------------------------


def make_gold(campaign: Campaign, number: int) -> None:
    for _ in range(number):
        GoldItem.objects.create(pair=make_pair(campaign, slots=0), verdict="a", why="It answers.", added_at=NOW)


@pytest.mark.parametrize(("percent", "window"), [(10, 10), (20, 5)])
def test_over_ten_thousand_positions_gold_is_as_likely_at_each_of_its_window(percent: int, window: int) -> None:
    drawn: list[int] = []
    for start in range(0, 10_000, 10):
        drawn += planning.positions(percent, served=start, planned=start, to=start + 10)
    assert [position // window for position in drawn] == list(range(10_000 // window))
    assert chi_square(offsets(drawn, window)) < BEYOND[window - 1]


def offsets(positions: Iterable[int], window: int) -> list[int]:
    """Count the positions by where in their window they are."""
    found = Counter(position % window for position in positions)
    return [found[offset] for offset in range(window)]


def test_a_check_that_always_ends_its_window_is_found() -> None:
    """The control."""
    assert chi_square(offsets(range(9, 10_000, 10), 10)) > BEYOND[9]


def test_the_places_that_are_planned_for_a_labeler_are_so_too(lena: User) -> None:
    """Through the database, with gold enough for an item every tenth position and none again within two hundred."""
    campaign = make_campaign(gold_percent=10, labelers=(lena,))
    make_gold(campaign, 25)
    enrolment = Enrolment.objects.create(campaign=campaign, labeler=lena, entered_at=NOW)
    for _ in range(200):
        enrolment.refresh_from_db()
        planning.plan_ahead(campaign, lena, served=enrolment.planned, planned=enrolment.planned)
    due = list(Slot.objects.filter(kind="gold").order_by("rank").values_list("rank", flat=True))
    assert [position // 10 for position in due] == list(range(200))
    assert chi_square(offsets(due, 10)) < BEYOND[9]


def test_they_are_served_at_the_very_positions_that_were_drawn(lena: User) -> None:
    campaign = make_campaign(gold_percent=20, labelers=(lena,))
    make_gold(campaign, 12)
    slotting.make_slots([make_pair(campaign, slots=0) for _ in range(60)], campaign)
    served = walk(campaign, lena, 50)
    assert [position for position, slot in enumerate(served) if slot.kind == "gold"] == [slot.rank for slot in served if slot.kind == "gold"]
    assert [slot.kind for slot in served].count("gold") == 10


def test_a_gold_pair_is_as_often_seen_either_way_round(lena: User) -> None:
    campaign = make_campaign(gold_percent=10, labelers=(lena,))
    make_gold(campaign, 1)
    item = GoldItem.objects.select_related("pair").get()
    assert is_even(planning.place(item, campaign, lena, kind="gold", rank=number).left_is_a for number in range(2_000))
