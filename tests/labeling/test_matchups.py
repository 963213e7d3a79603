"""Which policies a campaign compares, and what labels have said of them."""

from __future__ import annotations

import math
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from labeling import matchups
from labeling.bradley_terry import fit
from labeling.matchups import Matchup, Tally
from labeling.models import Campaign, GoldItem, Label, Pair, Slot
from policies.models import Policy
from tests.builders import NOW, make_campaign, make_label, make_pair, make_policy, make_slot, make_user


@pytest.fixture
def policies(db: None) -> list[Policy]:
    return [make_policy(name) for name in ("base", "tuned", "large")]


@pytest.fixture
def people(db: None) -> list[User]:
    return [make_user(f"labeler{number}") for number in range(3)]


def only(campaign: Campaign) -> Matchup:
    (found,) = matchups.matchups_of(campaign)
    return found


def label_pairs(campaign: Campaign, labeler: User, both: tuple[Policy, Policy], preferences: list[int]) -> list[Pair]:
    """One pair for each, with one label that says so."""
    pairs = [make_pair(campaign, policies=both, slots=0) for _ in preferences]
    for pair, preference in zip(pairs, preferences, strict=True):
        make_label(pair, labeler, preference)
    return pairs


def test_it_works(campaign: Campaign, policies: list[Policy], lena: User) -> None:
    base, tuned, _ = policies
    label_pairs(campaign, lena, (base, tuned), [-3, -1, -2, 1, 0])
    make_pair(campaign, policies=(base, tuned))
    found = only(campaign)
    assert (found.policy_a, found.policy_b, found.policies) == ("base", "tuned", (base.pk, tuned.pk))
    assert (found.pairs, found.waiting, found.labels, found.level) == (6, 2, 5, 0)
    assert found.difference == fit([[0, 3], [1, 0]], [[0, 1], [0, 0]]).difference(0, 1)
    assert found.difference is not None
    assert 0 < found.difference.value < math.log(3.5 / 1.5)
    assert found.difference.low < 0 < found.difference.high
    assert found.difference.win_interval[0] < 0.5 < found.difference.win_probability < found.difference.win_interval[1]


def test_of_no_pairs_there_is_no_matchup(campaign: Campaign) -> None:
    assert matchups.matchups_of(campaign) == []


def test_without_labels_nothing_is_known_and_all_are_as_uncertain(campaign: Campaign, policies: list[Policy]) -> None:
    base, tuned, large = policies
    for both in ((base, tuned), (base, large), (tuned, large)):
        make_pair(campaign, policies=both)
    found = matchups.matchups_of(campaign)
    assert [(matchup.labels, matchup.level) for matchup in found] == [(0, 0)] * 3
    assert {matchup.difference.win_probability for matchup in found if matchup.difference} == {0.5}


def test_which_side_a_policy_is_on_does_not_matter(campaign: Campaign, policies: list[Policy], lena: User) -> None:
    base, tuned, _ = policies
    label_pairs(campaign, lena, (base, tuned), [-1, -1, 1])
    label_pairs(campaign, lena, (tuned, base), [1, 1, -1])
    label_pairs(campaign, lena, (tuned, base), [0])
    found = only(campaign)
    assert (found.policy_a, found.pairs, found.labels) == ("base", 7, 7)
    assert matchups.tallies_of(campaign) == {(base.pk, tuned.pk): Tally(7, [4, 2], 1)}


def test_a_pair_weighs_one_however_many_labels_it_has(campaign: Campaign, policies: list[Policy], people: list[User]) -> None:
    base, tuned, _ = policies
    pair = make_pair(campaign, policies=(base, tuned), slots=0)
    for person, preference in zip(people, (-1, -2, 0), strict=True):
        make_label(pair, person, preference)
    label_pairs(campaign, people[0], (base, tuned), [1])
    tally = matchups.tallies_of(campaign)[base.pk, tuned.pk]
    assert tally.labels == 4
    assert [*tally.wins, tally.ties] == pytest.approx([2 / 3, 1, 1 / 3])


def test_the_least_certain_comes_first(campaign: Campaign, policies: list[Policy], lena: User) -> None:
    base, tuned, large = policies
    label_pairs(campaign, lena, (base, tuned), [-1, 1] * 10)
    label_pairs(campaign, lena, (base, large), [-1, 1] * 2)
    make_pair(campaign, policies=(tuned, large))
    found = matchups.matchups_of(campaign)
    assert [(matchup.policy_a, matchup.policy_b, matchup.level) for matchup in found] == [("tuned", "large", 0), ("base", "large", 1), ("base", "tuned", 2)]


def test_who_won_every_time_is_more_certain_than_an_open_contest(campaign: Campaign, policies: list[Policy], lena: User) -> None:
    base, tuned, large = policies
    label_pairs(campaign, lena, (base, tuned), [1] * 40)
    label_pairs(campaign, lena, (base, large), [-1, 1] * 20)
    assert [matchup.policy_b for matchup in matchups.matchups_of(campaign)] == ["large", "tuned"]


def test_a_policy_against_itself_has_nothing_to_find_out(campaign: Campaign, policies: list[Policy], lena: User) -> None:
    base, tuned, _ = policies
    label_pairs(campaign, lena, (base, base), [-1, 1, 1])
    label_pairs(campaign, lena, (base, tuned), [-1, 1] * 100)
    itself = matchups.matchups_of(campaign)[-1]
    assert (itself.policy_a, itself.policy_b, itself.labels, itself.difference, itself.level) == ("base", "base", 3, None, 1)


@pytest.mark.parametrize("kind", ["gold", "repeat", "practice"])
def test_checks_are_no_evidence(campaign: Campaign, policies: list[Policy], lena: User, otto: User, kind: str) -> None:
    base, tuned, _ = policies
    (pair,) = label_pairs(campaign, lena, (base, tuned), [-1])
    before = only(campaign)
    gold = GoldItem.objects.create(pair=make_pair(slots=0), verdict="a", why="It is.", added_at=NOW) if kind != "repeat" else None
    slot = make_slot(pair, kind=kind, reserved_for=otto, labeler=otto, closed_at=NOW, gold_item=gold)
    make_label(pair, otto, 3, slot=slot)
    assert only(campaign) == before


def test_what_was_retracted_changed_or_came_too_late_is_no_evidence(campaign: Campaign, policies: list[Policy], lena: User, otto: User) -> None:
    base, tuned, _ = policies
    label_pairs(campaign, lena, (base, tuned), [-1])
    before = only(campaign)
    retracted, changed = label_pairs(campaign, otto, (base, tuned), [2, 2])
    for pair, said in ((retracted, {"is_retraction": True, "verdict": None, "preference": None}), (changed, {"verdict": "tie", "preference": 0})):
        follow(pair.labels.get(), **said)
    tally = matchups.tallies_of(campaign)[base.pk, tuned.pk]
    assert (tally.labels, tally.wins, tally.ties) == (2, [1, 0], 1)
    assert only(campaign).labels == before.labels + 1


def follow(label: Label, **said: Any) -> None:
    """Supersede a label."""
    names = ("pair", "slot", "labeler", "rubric_version", "source")
    Label.objects.create(
        **{name: getattr(label, name) for name in names}, rationale="", submission_key=uuid.uuid4(), supersedes=label, submitted_at=NOW, **said
    )


def test_gold_and_what_was_taken_out_are_no_pairs_to_ask_about(campaign: Campaign, policies: list[Policy]) -> None:
    base, tuned, _ = policies
    make_pair(campaign, policies=(base, tuned))
    gold = make_pair(campaign, policies=(base, tuned), slots=0)
    GoldItem.objects.create(pair=gold, verdict="a", why="It is.", added_at=NOW)
    make_pair(campaign, policies=(base, tuned), slots=0, standing="withdrawn", withdrawn_at=NOW)
    assert only(campaign).pairs == 1


def test_what_is_held_reserved_or_closed_does_not_wait(campaign: Campaign, policies: list[Policy], lena: User) -> None:
    base, tuned, _ = policies
    pair = make_pair(campaign, policies=(base, tuned), slots=2)
    make_slot(pair, reserved_for=lena)
    make_slot(pair, closed_at=NOW)
    assert only(campaign).waiting == 2
    Slot.objects.filter(pair=pair, reserved_for=None).update(closed_at=NOW)
    assert only(campaign).waiting == 0


def test_another_campaign_is_no_evidence(campaign: Campaign, policies: list[Policy], lena: User) -> None:
    base, tuned, _ = policies
    label_pairs(make_campaign(), lena, (base, tuned), [-1] * 5)
    assert matchups.matchups_of(campaign) == []
    make_pair(campaign, policies=(base, tuned))
    assert only(campaign).labels == 0


def test_it_takes_four_queries_however_many_there_are(campaign: Campaign, lena: User) -> None:
    for number in (1, 2, 3):
        label_pairs(campaign, lena, (make_policy(), make_policy()), [-1, 1, 0][:number])
        with CaptureQueriesContext(connection) as queries:
            matchups.matchups_of(campaign)
        assert len(queries) == 4
