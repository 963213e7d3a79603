"""Gold and repeats stand among a labeler's work, each at a position that nobody can foretell."""

from __future__ import annotations

import random
import uuid
from collections import Counter
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from labeling import assigning, planning, settling, submitting
from labeling.models import Assignment, Campaign, Enrolment, GoldItem, Label, Pair, Skill, Skip, Slot
from tests.builders import NOW, make_campaign, make_label, make_pair, make_prompt, make_slot, make_user


def make_gold(campaign: Campaign, *, pair: Pair | None = None, use: str = "check", **fields: Any) -> GoldItem:
    return GoldItem.objects.create(pair=pair or make_pair(campaign, slots=0), verdict="a", why="Only A answers.", allowed_use=use, added_at=NOW, **fields)


def step(campaign: Campaign, labeler: User, preference: int = -1) -> Slot | None:
    """Take and answer the next pair, and return its place; None: nothing was left."""
    assignment = assigning.next_for(campaign, labeler, at=NOW)
    if assignment is None:
        return None
    submitting.submit_label(assignment=assignment, preference=preference, submission_key=uuid.uuid4(), at=NOW)
    return Slot.objects.get(pk=assignment.slot_id)


def walk(campaign: Campaign, labeler: User, number: int) -> list[Slot]:
    places = [step(campaign, labeler) for _ in range(number)]
    return [place for place in places if place]


def enrolled(campaign: Campaign, labeler: User, **fields: Any) -> Enrolment:
    return Enrolment.objects.create(campaign=campaign, labeler=labeler, entered_at=NOW, **fields)


@pytest.fixture
def mixing(lena: User) -> Campaign:
    """A campaign in which every fifth pair is gold, with eight items and plenty of work."""
    campaign = make_campaign("mixing", labelers=(lena,), gold_percent=20)
    for _ in range(8):
        make_gold(campaign)
    for _ in range(40):
        make_pair(campaign, slots=1)
    return campaign


def test_it_works(mixing: Campaign, lena: User) -> None:
    kinds = [place.kind for place in walk(mixing, lena, 30)]
    assert len(kinds) == 30
    windows = [kinds[start : start + 5] for start in range(0, 30, 5)]
    assert [Counter(window) for window in windows] == [Counter(work=4, gold=1)] * 6


def test_a_check_comes_at_the_very_position_that_was_drawn(mixing: Campaign, lena: User) -> None:
    places = walk(mixing, lena, 30)
    drawn = {place.rank: position for position, place in enumerate(places) if place.kind == Slot.Kind.GOLD}
    assert drawn == {rank: rank for rank in drawn}


def test_no_item_comes_twice(mixing: Campaign, lena: User) -> None:
    items = [place.gold_item_id for place in walk(mixing, lena, 48) if place.kind == Slot.Kind.GOLD]
    assert len(set(items)) == len(items) == 8


def test_when_all_were_had_none_comes_until_the_first_is_long_ago(campaign: Campaign, lena: User) -> None:
    Campaign.objects.update(gold_percent=10)
    campaign.refresh_from_db()
    early, late = make_gold(campaign), make_gold(campaign)
    for rank, item in ((3, early), (60, late)):
        make_slot(item.pair, kind="gold", gold_item=item, reserved_for=lena, labeler=lena, rank=rank, closed_at=NOW)
    assert planning.gold_places(campaign, lena, [3 + planning.APART - 1]) == []
    [again] = planning.gold_places(campaign, lena, [3 + planning.APART])
    assert again.gold_item == early
    both = planning.gold_places(campaign, lena, [60 + planning.APART, 270])
    assert [place.gold_item for place in both] == [early, late]
    fresh = make_gold(campaign)
    assert planning.gold_places(campaign, lena, [300])[0].gold_item == fresh


def test_the_next_version_of_an_item_is_no_other_item(campaign: Campaign, lena: User) -> None:
    item = make_gold(campaign)
    make_slot(item.pair, kind="gold", gold_item=item, reserved_for=lena, labeler=lena, rank=0, closed_at=NOW)
    GoldItem.objects.update(retired_at=NOW)
    make_gold(campaign, pair=item.pair, version=2)
    assert planning.gold_places(campaign, lena, [10]) == []


def test_gold_that_is_planned_already_is_not_planned_again(campaign: Campaign, lena: User) -> None:
    item = make_gold(campaign)
    make_slot(item.pair, kind="gold", gold_item=item, reserved_for=lena, rank=500)
    assert planning.gold_places(campaign, lena, [20]) == []


def test_a_place_that_was_taken_away_unseen_counts_for_nothing(campaign: Campaign, lena: User) -> None:
    item = make_gold(campaign)
    make_slot(item.pair, kind="gold", gold_item=item, reserved_for=lena, rank=5, closed_at=NOW)
    assert [place.gold_item for place in planning.gold_places(campaign, lena, [20])] == [item]


@pytest.mark.parametrize("had", ["labeled", "surplus", "skipped"])
def test_who_had_a_pair_as_work_is_not_checked_by_it(campaign: Campaign, lena: User, otto: User, had: str) -> None:
    pair = make_pair(campaign, slots=1)
    assignment = assigning.next_for(campaign, lena, at=NOW)
    assert assignment is not None
    if had == "surplus":
        Slot.objects.update(labeler=None, lease=None, lease_ends_at=None, closed_at=NOW)
    if had == "skipped":
        Skip.objects.create(assignment=assignment, pair=pair, labeler=lena, reason="broken", note="", at=NOW)
        Slot.objects.update(labeler=None, lease=None, lease_ends_at=None, closed_at=NOW)
    else:
        submitting.submit_label(assignment=assignment, preference=-1, submission_key=uuid.uuid4(), at=NOW)
    make_gold(campaign, pair=pair)
    assert planning.gold_places(campaign, lena, [300]) == []
    assert len(planning.gold_places(campaign, otto, [300])) == 1


@pytest.mark.parametrize("barred", ["practice alone", "retired", "withdrawn", "elsewhere"])
def test_gold_that_may_not_be_asked_is_not(campaign: Campaign, lena: User, barred: str) -> None:
    item = make_gold(make_campaign() if barred == "elsewhere" else campaign, use="practice" if barred == "practice alone" else "both")
    if barred == "retired":
        GoldItem.objects.update(retired_at=NOW)
    if barred == "withdrawn":
        Pair.objects.update(withdrawn_at=NOW, standing="withdrawn")
    assert planning.gold_places(campaign, lena, [0]) == []
    assert len(planning.gold_places(item.pair.campaign, lena, [0])) == (barred == "elsewhere")


def test_every_item_is_chosen_at_times(campaign: Campaign, lena: User) -> None:
    """Of ten items one is missing from 250 draws once in ten thousand million times."""
    items = {make_gold(campaign).pk for _ in range(10)}
    assert {planning.gold_places(campaign, lena, [0])[0].gold_item_id for _ in range(250)} == items


def test_an_item_knows_the_campaign_of_its_pair(campaign: Campaign) -> None:
    item = make_gold(campaign)
    item.refresh_from_db()
    assert item.campaign == campaign


def test_gold_asks_nobody_about_a_language_they_do_not_read(campaign: Campaign, lena: User, otto: User) -> None:
    Campaign.objects.update(eligible_by="language")
    campaign.refresh_from_db()
    Skill.objects.create(campaign=campaign, labeler=lena, name="eu")
    make_gold(campaign, pair=make_pair(campaign, slots=0, prompt=make_prompt(slices={"language": "eu"})))
    assert len(planning.gold_places(campaign, lena, [0])) == 1
    assert planning.gold_places(campaign, otto, [0]) == []


# ---- positions -----------------------------------------------------------------------------------------------------


def chi_square(counts: Counter[int], *, cells: int) -> float:
    expected = counts.total() / cells
    return sum((counts[cell] - expected) ** 2 / expected for cell in range(cells))


def test_positions_are_uniform_in_their_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """10,000 windows of ten. A chi-square of nine degrees of freedom is above 27.9 once in a thousand."""
    monkeypatch.setattr(planning, "draw", random.Random(20))
    drawn = [planning.positions(10, served=start, planned=start, to=start + 10) for start in range(0, 100_000, 10)]
    assert {len(found) for found in drawn} == {1}
    assert chi_square(Counter(position % 10 for (position,) in drawn), cells=10) < 27.9


def test_a_drawing_that_favours_the_start_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""

    class Leaning(random.Random):
        def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
            return min(super().randrange(start, stop), super().randrange(start, stop)) if self.random() < 0.1 else super().randrange(start, stop)

    monkeypatch.setattr(planning, "draw", Leaning(20))
    drawn = [planning.positions(10, served=start, planned=start, to=start + 10)[0] for start in range(0, 100_000, 10)]
    assert chi_square(Counter(position % 10 for position in drawn), cells=10) > 27.9


def test_the_share_is_exact_at_any_rate() -> None:
    for percent in (1, 3, 5, 7, 10, 30, 50):
        window = planning.window_of(percent)
        planned, drawn = 0, []
        for served in range(window * 40):
            if served >= planned:
                planned, before = served + max(planning.STEP, window), planned
                drawn += planning.positions(percent, served=served, planned=before, to=planned)
        assert Counter(position // window for position in drawn if position < window * 40) == Counter(range(40)), percent


def test_a_mix_that_is_switched_on_late_begins_where_the_labeler_stands() -> None:
    assert all(5003 <= planning.positions(10, served=5003, planned=0, to=5010)[0] < 5010 for _ in range(50))


def test_a_change_of_the_rate_holds_from_the_next_unplanned_window_on(mixing: Campaign, lena: User) -> None:
    walk(mixing, lena, 1)
    enrolment = Enrolment.objects.get()
    planned = set(Slot.objects.filter(kind="gold").values_list("rank", flat=True))
    Campaign.objects.update(gold_percent=50)
    mixing.refresh_from_db()
    kinds = [place.kind for place in walk(mixing, lena, 17)]
    assert enrolment.planned == 10
    assert set(Slot.objects.filter(kind="gold", rank__lt=10).values_list("rank", flat=True)) == planned
    assert [Counter(kinds[start : start + 2])["gold"] for start in range(9, 17, 2)] == [1, 1, 1, 1]


def test_checks_of_two_kinds_are_drawn_apart_and_both_come(lena: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where both are due at one position, the second comes next."""
    campaign = make_campaign(labelers=(lena,), gold_percent=5, repeat_percent=5)
    for _ in range(60):
        make_pair(campaign, slots=1)
    for _ in range(3):
        make_gold(campaign)

    class Same(random.Random):
        def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
            return start + 12

    monkeypatch.setattr(planning, "draw", Same(1))
    kinds = [place.kind for place in walk(campaign, lena, 40)]
    assert kinds[32:34] == ["gold", "repeat"]
    assert Counter(kinds) == Counter(work=37, gold=2, repeat=1)


def test_sides_of_gold_are_drawn(campaign: Campaign, lena: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """400 places: fewer than 149 or more than 251 on one side come up less than once in a million."""
    monkeypatch.setattr(planning, "draw", random.Random(3))
    item = make_gold(campaign)
    swapped = sum(planning.place(item, campaign, lena, kind="gold", rank=0).left_is_a for _ in range(400))
    assert 149 <= swapped <= 251


# ---- repeats -------------------------------------------------------------------------------------------------------


@pytest.fixture
def repeating(lena: User) -> Campaign:
    campaign = make_campaign("repeating", labelers=(lena,), repeat_percent=10)
    for _ in range(70):
        make_pair(campaign, slots=1)
    return campaign


def test_a_repeat_shows_what_was_labeled_ten_answers_ago_or_more_on_the_other_sides(repeating: Campaign, lena: User) -> None:
    places = walk(repeating, lena, 60)
    order = [place.pair_id for place in places]
    repeats = [(position, place) for position, place in enumerate(places) if place.kind == Slot.Kind.REPEAT]
    assert len(repeats) == 5  # none in the first window: nothing was there to repeat when it was planned
    assert len({place.pair_id for _, place in repeats}) == 5
    for position, place in repeats:
        first = order.index(place.pair_id)
        assert planning.NEAREST <= position - first <= planning.FARTHEST
        assert Label.objects.get(slot=place).left_was_a is not Label.objects.get(slot=places[first]).left_was_a


def make_answered(campaign: Campaign, labeler: User, number: int) -> list[Label]:
    """Answers in places that count, the oldest first."""
    enrolled(campaign, labeler)
    for _ in range(number):
        make_pair(campaign, slots=1)
    walk(campaign, labeler, number)
    return list(Label.objects.order_by("pk"))


@pytest.mark.parametrize("barred", ["nothing", "retracted", "relabeled", "withdrawn", "repeated", "gold", "elsewhere", "other wording"])
def test_only_what_stands_and_counts_is_repeated(campaign: Campaign, lena: User, barred: str) -> None:
    """Nine answers and a pair on the screen: by the next position the first is ten answers ago, and no other is."""
    first, *_ = make_answered(campaign, lena, 9)
    assert first.slot
    if barred in ("retracted", "relabeled"):
        supersede(first, is_retraction=barred == "retracted")
    if barred == "withdrawn":
        Pair.objects.filter(pk=first.pair.pk).update(withdrawn_at=NOW, standing="withdrawn", verdict=None, margin=None)
    if barred == "repeated":
        make_slot(first.pair, kind="repeat", reserved_for=lena, closed_at=NOW)
    if barred == "gold":
        Slot.objects.filter(pk=first.slot.pk).update(kind="gold", reserved_for=lena)
    if barred == "elsewhere":
        Slot.objects.filter(pk=first.slot.pk).update(campaign=make_campaign())
    if barred == "other wording":
        Pair.objects.filter(pk=first.pair.pk).update(rubric_version=make_campaign().rubric_version)
    found = planning.repeat_places(campaign, lena, [10], served=10)
    assert [place.pair for place in found] == ([first.pair] if barred == "nothing" else [])


def supersede(label: Label, *, is_retraction: bool) -> None:
    said: dict[str, Any] = {} if is_retraction else {"verdict": "b", "preference": 1}
    Label.objects.create(
        pair=label.pair,
        slot=label.slot,
        assignment=label.assignment,
        labeler=label.labeler,
        rubric_version=label.rubric_version,
        left_was_a=label.left_was_a,
        source=label.source,
        supersedes=label,
        is_retraction=is_retraction,
        submission_key=uuid.uuid4(),
        submitted_at=NOW,
        **said,
    )


def test_what_was_labeled_elsewhere_is_not_repeated_since_its_sides_are_unknown(campaign: Campaign, lena: User) -> None:
    make_label(make_pair(campaign, slots=0), lena)
    make_answered(campaign, lena, 8)
    assert planning.repeat_places(campaign, lena, [10], served=10) == []


def test_repeats_of_one_plan_are_of_different_pairs(campaign: Campaign, lena: User) -> None:
    make_answered(campaign, lena, 12)
    found = planning.repeat_places(campaign, lena, [14, 15, 16], served=12)
    assert len({place.pair_id for place in found}) == len(found) == 3


# ---- when it is planned --------------------------------------------------------------------------------------------


def test_of_two_windows_that_plan_at_the_same_moment_one_does(mixing: Campaign, lena: User) -> None:
    enrolled(mixing, lena)
    assert planning.plan_ahead(mixing, lena, served=0, planned=0) == 2
    assert planning.plan_ahead(mixing, lena, served=0, planned=0) == 0
    assert planning.plan_ahead(mixing, lena, served=1, planned=10) == 0


@pytest.mark.parametrize("state", ["practising", "paused"])
def test_nothing_is_planned_for_who_does_no_work(mixing: Campaign, lena: User, state: str) -> None:
    enrolled(mixing, lena, state=state)
    assert planning.plan_ahead(mixing, lena, served=0, planned=0) == 0
    assert Enrolment.objects.get().planned == 0


def test_a_campaign_without_checks_plans_nothing(campaign: Campaign, lena: User) -> None:
    make_gold(campaign)
    for _ in range(12):
        make_pair(campaign, slots=1)
    assert {place.kind for place in walk(campaign, lena, 12)} == {"work"}
    assert Enrolment.objects.get().planned == 0


def test_planning_takes_as_many_queries_for_much_gold_and_a_long_past(lena: User) -> None:
    def queries(gold: int, answers: int) -> int:
        campaign = make_campaign(labelers=(lena,), gold_percent=10, repeat_percent=10)
        for _ in range(gold):
            make_gold(campaign)
        labeler = make_user()
        make_answered(campaign, labeler, answers)
        stands = Enrolment.objects.get(campaign=campaign, labeler=labeler)
        with CaptureQueriesContext(connection) as captured:
            assert planning.plan_ahead(campaign, labeler, served=max(stands.served, stands.planned), planned=stands.planned) == 2
        return len(captured)

    assert queries(gold=4, answers=20) == queries(gold=30, answers=60)


# ---- what comes of the answers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["gold", "repeat"])
def test_an_answer_to_a_check_counts_nowhere(campaign: Campaign, lena: User, otto: User, kind: str) -> None:
    pair = make_pair(campaign, slots=0)
    for labeler in (lena, otto):
        make_label(pair, labeler, -1)
    settling.settle(pair, at=NOW)
    item = make_gold(campaign, pair=pair) if kind == "gold" else None
    enrolled(campaign, lena)
    make_slot(pair, kind=kind, gold_item=item, reserved_for=lena, rank=0)
    before = Pair.objects.values().get()
    place = step(campaign, lena, preference=3)
    assert place is not None
    assert (place.kind, place.labeler, place.closed_at is not None) == (kind, lena, True)
    assert Label.objects.get(slot=place).preference == 3
    assert Label.objects.counting().count() == 2
    assert Pair.objects.values().get() == before
    assert list(settling.differences()) == []


def test_a_check_that_is_given_back_comes_to_nobody_else(mixing: Campaign, lena: User, otto: User) -> None:
    Campaign.objects.update(gold_percent=50)
    mixing.refresh_from_db()
    assignment = first_gold(mixing, lena)
    assigning.skip(assignment=assignment, reason="broken", note="", at=NOW)
    assert Slot.objects.get(pk=assignment.slot_id).closed_at == NOW
    assert assignment.pair_id not in [place.pair_id for place in walk(mixing, lena, 20)]


def first_gold(campaign: Campaign, labeler: User) -> Assignment:
    """Work up to the first gold item, and return it on the screen."""
    while assignment := assigning.next_for(campaign, labeler, at=NOW):
        if assignment.slot.kind == Slot.Kind.GOLD:
            return assignment
        submitting.submit_label(assignment=assignment, preference=-1, submission_key=uuid.uuid4(), at=NOW)
    raise AssertionError("no gold came")
