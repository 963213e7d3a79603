"""Which settled pairs make rows, which side is chosen, by how much, and in which order."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from exports import rows
from labeling import resolution
from labeling.models import Campaign, GoldItem, Label, Pair, Slot, Standing, Trouble
from labeling.resolution import Resolution
from policies.models import Policy
from tests import builders
from tests.builders import NOW, make_campaign, make_label, make_pair, make_prompt, make_rubric_version, make_slot, make_user
from tests.exports.settled import adjudicate, settled_pair, stand


@pytest.fixture
def people(campaign: Campaign, lena: User, otto: User) -> tuple[User, ...]:
    return lena, otto, make_user("nora")


def only(campaign: Campaign) -> rows.Candidate:
    (row,) = rows.candidates([campaign]).rows
    return row


def left_out(campaign: Campaign) -> dict[str, int]:
    found = rows.candidates([campaign])
    assert not found.rows
    return dict(found.left_out)


def test_it_works(campaign: Campaign, people: tuple[User, ...]) -> None:
    pair = settled_pair(campaign, people, (-3, -1, 1))
    row = only(campaign)
    assert (row.chosen, row.rejected) == (pair.response_a_id, pair.response_b_id)
    assert row.margin == 1.0
    assert row.settled == "agreed"
    assert row.rule == resolution.RULE
    assert set(row.labels) == set(pair.labels.values_list("pk", flat=True))
    assert row.adjudication is None


def test_b_is_chosen_where_b_is_the_verdict(campaign: Campaign, people: tuple[User, ...]) -> None:
    pair = settled_pair(campaign, people, (2, 3, 2))
    row = only(campaign)
    assert (row.chosen, row.rejected) == (pair.response_b_id, pair.response_a_id)
    assert row.margin == pytest.approx(7 / 3)


def test_a_strong_minority_turns_the_margin_round(campaign: Campaign, people: tuple[User, ...]) -> None:
    settled_pair(campaign, people, (-1, -1, 3))
    assert only(campaign).margin == pytest.approx(-1 / 3)


def test_a_bare_verdict_counts_as_one_step(campaign: Campaign, people: tuple[User, ...]) -> None:
    pair = make_pair(campaign, slots=0)
    for labeler, preference in zip(people, (None, -3, None), strict=True):
        slot = make_slot(pair, labeler=labeler, closed_at=NOW)
        Label.objects.create(
            pair=pair,
            slot=slot,
            labeler=labeler,
            rubric_version=pair.rubric_version,
            verdict="a",
            preference=preference,
            source=Label.Source.IMPORTED,
            submission_key=uuid.uuid4(),
            submitted_at=NOW,
        )
    stand(pair, Resolution(Standing.AGREED, "a", None))
    assert only(campaign).margin == pytest.approx(5 / 3)


def test_an_adjudicated_pair_takes_the_adjudicators_preference(campaign: Campaign, people: tuple[User, ...], ada: User) -> None:
    pair = settled_pair(campaign, people, (-3, 3, 0))
    assert pair.standing == Standing.CONTESTED
    ruling = adjudicate(pair, ada, "b", 2)
    row = only(campaign)
    assert (row.chosen, row.margin, row.settled, row.adjudication) == (pair.response_b_id, 2.0, "adjudicated", ruling.pk)
    assert len(row.labels) == 3


def test_an_adjudicators_bare_verdict_counts_as_one_step(campaign: Campaign, people: tuple[User, ...], ada: User) -> None:
    adjudicate(settled_pair(campaign, people, (-3, 3, 0)), ada, "a")
    assert only(campaign).margin == 1.0


# What stays out


def tie(campaign: Campaign, people: tuple[User, ...], ada: User) -> None:
    settled_pair(campaign, people, (0, 0, -1))


def no_right_answer(campaign: Campaign, people: tuple[User, ...], ada: User) -> None:
    adjudicate(settled_pair(campaign, people, (-3, 3, 0)), ada, None)


def empty(campaign: Campaign, people: tuple[User, ...], ada: User) -> None:
    settled_pair(campaign, people, b="\u3000\u00a0\n")  # white space to Python, letters to a database in the C locale


def equal(campaign: Campaign, people: tuple[User, ...], ada: User) -> None:
    settled_pair(campaign, people, a="The same.", b="The same.")


def in_trouble(campaign: Campaign, people: tuple[User, ...], ada: User) -> None:
    settled_pair(campaign, people, trouble=Trouble.LOOPING)


def gold(campaign: Campaign, people: tuple[User, ...], ada: User) -> None:
    pair = settled_pair(campaign, people)
    GoldItem.objects.create(pair=pair, verdict="a", why="Only A answers.", added_at=NOW)


def gold_elsewhere(campaign: Campaign, people: tuple[User, ...], ada: User) -> None:
    settled_pair(campaign, people, prompt=make_prompt("What is a knot?"))
    other = make_pair(make_campaign(), prompt=make_prompt("what is a  KNOT"))
    GoldItem.objects.create(pair=other, verdict="a", why="Only A answers.", added_at=NOW)


def changed_by_hand(campaign: Campaign, people: tuple[User, ...], ada: User) -> None:
    pair = settled_pair(campaign, people)
    Pair.objects.filter(pk=pair.pk).update(verdict="b")


def ruled_by_hand(campaign: Campaign, people: tuple[User, ...], ada: User) -> None:
    pair = settled_pair(campaign, people)
    Pair.objects.filter(pk=pair.pk).update(standing=Standing.ADJUDICATED)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (tie, "tie"),
        (no_right_answer, "no_right_answer"),
        (empty, "empty"),
        (equal, "equal"),
        (in_trouble, "looping"),
        (gold, "gold"),
        (gold_elsewhere, "gold_family"),
        (changed_by_hand, "unfounded"),
        (ruled_by_hand, "unfounded"),
    ],
)
def test_a_pair_that_must_not_train_is_left_out_and_counted(
    make: Callable[[Campaign, tuple[User, ...], User], None], reason: str, campaign: Campaign, people: tuple[User, ...], ada: User
) -> None:
    make(campaign, people, ada)
    assert left_out(campaign) == {reason: 1}


def test_every_kind_of_trouble_is_a_reason() -> None:
    assert {trouble for trouble in Trouble.values if trouble} <= set(rows.LeftOut.values)


def test_what_is_not_settled_is_counted_by_standing(campaign: Campaign, people: tuple[User, ...]) -> None:
    make_pair(campaign)
    make_pair(campaign, standing=Standing.WITHDRAWN, withdrawn_at=NOW)
    settled_pair(campaign, people, (-3, 3, 0))
    found = rows.candidates([campaign])
    assert not found.rows
    assert found.unsettled == {"waiting": 1, "contested": 1, "withdrawn": 1}


def test_labels_that_do_not_count_stay_out_of_the_margin(campaign: Campaign, people: tuple[User, ...], ada: User) -> None:
    pair = settled_pair(campaign, people, (-2, -2))
    counted = set(pair.labels.values_list("pk", flat=True))
    repeat = make_slot(pair, kind=Slot.Kind.REPEAT, reserved_for=people[0], labeler=people[0], closed_at=NOW)
    make_label(pair, people[0], 3, slot=repeat)
    Label.objects.create(
        pair=pair,
        slot=None,
        labeler=ada,
        rubric_version=pair.rubric_version,
        verdict="b",
        preference=3,
        source=Label.Source.IMPORTED,
        submission_key=uuid.uuid4(),
        submitted_at=NOW,
    )
    row = only(campaign)
    assert (row.margin, set(row.labels)) == (2.0, counted)


def test_labels_under_another_rubric_version_stay_out(campaign: Campaign, people: tuple[User, ...]) -> None:
    pair = settled_pair(campaign, people, (-2, -2))
    Pair.objects.filter(pk=pair.pk).update(rubric_version=make_rubric_version(rubric=pair.rubric_version.rubric))
    assert left_out(campaign) == {"unfounded": 1}


def test_other_campaigns_stay_out(campaign: Campaign, people: tuple[User, ...]) -> None:
    settled_pair(make_campaign(), people)
    assert rows.candidates([campaign]) == rows.Candidates([], {}, {})


# The order


def stored_in(sequence: list[int], people: tuple[User, ...]) -> list[str]:
    """Store the same pairs in some order, note the keys of their rows, and take it all back."""
    with transaction.atomic():
        campaign = make_campaign("same")
        for number in sequence:
            settled_pair(campaign, people, prompt=make_prompt(f"Question {number}?"), a=f"Yes, {number}.", b=f"No, {number}.")
        found = [row.key for row in rows.candidates([campaign]).rows]
        transaction.set_rollback(True)
    return found


def one_policy() -> Policy:
    return Policy.objects.get_or_create(name="one", engine=Policy.Engine.IMPORTED, created_at=NOW)[0]


def test_order_and_keys_do_not_depend_on_the_order_of_storing(people: tuple[User, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builders, "make_policy", one_policy)
    keys = stored_in([1, 2, 3, 4, 5], people)
    assert len(set(keys)) == 5
    assert stored_in([4, 1, 5, 3, 2], people) == keys


def test_pairs_with_the_same_content_get_keys_of_their_own(campaign: Campaign, people: tuple[User, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builders, "make_policy", one_policy)
    for _ in range(3):
        settled_pair(campaign, people, prompt=make_prompt("Which knot holds?"), a="A bowline.", b="A granny.")
    assert len({row.key for row in rows.candidates([campaign]).rows}) == 3


def test_the_queries_do_not_grow_with_the_pairs(campaign: Campaign, people: tuple[User, ...], django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for _ in range(2):
        for _ in range(5):
            settled_pair(campaign, people)
        with django_assert_num_queries(11):
            rows.candidates([campaign])
