"""An adjudicator settles a contested pair."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, InternalError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from labeling import adjudicating, settling
from labeling.models import Adjudication, AdjudicationTurn, Campaign, Pair, Role
from tests.builders import NOW, join, make_label, make_pair, make_user

As = Callable[[User], Client]


@pytest.fixture
def contested(campaign: Campaign, lena: User, otto: User) -> Pair:
    pair = make_pair(campaign, slots=0, a="text of A", b="text of B")
    make_label(pair, lena, -3)
    make_label(pair, otto, 2)
    return settling.settle(pair, at=NOW)


def form(choice: str = "2", **fields: str) -> dict[str, str]:
    return {"choice": choice, "reason_class": "factual_error", "reason": "Left is wrong about basil.", "submission_key": str(uuid.uuid4()), **fields}


def turn_of(campaign: Campaign, adjudicator: User) -> AdjudicationTurn:
    turn = adjudicating.next_for(campaign, adjudicator, at=NOW)
    assert turn is not None
    return turn


def test_it_works(campaign: Campaign, contested: Pair, ada: User, as_: As) -> None:
    page = as_(ada).get(reverse("adjudicate", args=[campaign.slug]))
    assert "text of A" in page.content.decode()
    turn = AdjudicationTurn.objects.get()
    answer = as_(ada).post(reverse("submit-adjudication", args=[campaign.slug, turn.key]), form("2"), follow=True)
    assert answer.status_code == 200
    contested.refresh_from_db()
    preference = 2 if turn.left_is_a else -2
    assert (contested.standing, contested.verdict, contested.margin) == ("adjudicated", "b" if preference > 0 else "a", preference)


def test_before_the_verdict_nothing_of_the_labels_is_on_the_page(campaign: Campaign, contested: Pair, ada: User, as_: As) -> None:
    page = as_(ada).get(reverse("adjudicate", args=[campaign.slug])).content.decode()
    assert "lena" not in page
    assert "otto" not in page


def test_after_it_labelers_are_numbers(campaign: Campaign, contested: Pair, ada: User, as_: As) -> None:
    turn = turn_of(campaign, ada)
    page = as_(ada).post(reverse("submit-adjudication", args=[campaign.slug, turn.key]), form(), follow=True).content.decode()
    assert "Left is wrong about basil." in page
    assert "lena" not in page


def test_no_right_answer_settles_without_a_verdict(campaign: Campaign, contested: Pair, ada: User, as_: As) -> None:
    as_(ada).post(reverse("submit-adjudication", args=[campaign.slug, turn_of(campaign, ada).key]), form("none"))
    contested.refresh_from_db()
    assert (contested.standing, contested.verdict) == ("adjudicated", None)


def test_without_a_reason_nothing_is_stored(campaign: Campaign, contested: Pair, ada: User, as_: As) -> None:
    answer = as_(ada).post(reverse("submit-adjudication", args=[campaign.slug, turn_of(campaign, ada).key]), form(reason=" "))
    assert answer.status_code == 422
    assert not Adjudication.objects.exists()


def test_the_same_submission_key_gets_the_first_answer_again(campaign: Campaign, contested: Pair, ada: User, as_: As) -> None:
    turn, sent = turn_of(campaign, ada), form("1")
    for _ in range(2):
        as_(ada).post(reverse("submit-adjudication", args=[campaign.slug, turn.key]), sent)
    assert Adjudication.objects.count() == 1


def test_a_second_verdict_from_another_window_is_kept_and_the_first_is_shown(campaign: Campaign, contested: Pair, ada: User, as_: As) -> None:
    turn = turn_of(campaign, ada)
    for reason in ("the first reason", "the second reason"):
        page = as_(ada).post(reverse("submit-adjudication", args=[campaign.slug, turn.key]), form(reason=reason), follow=True)
    assert page.status_code == 200
    assert "the first reason" in page.content.decode()
    assert sorted(Adjudication.objects.values_list("is_surplus", flat=True)) == [False, True]


@pytest.mark.parametrize("fields", [{"verdict": None, "preference": 2}, {"verdict": None, "preference": None, "both_bad": True}])
def test_a_verdict_that_contradicts_itself_is_refused_by_the_database(campaign: Campaign, contested: Pair, ada: User, fields: dict[str, object]) -> None:
    said = {"reason_class": "taste", "reason": "words", "left_was_a": True, "submission_key": uuid.uuid4(), "submitted_at": NOW} | fields
    with pytest.raises(IntegrityError, match="adjudicated_"), transaction.atomic():
        Adjudication.objects.create(turn=turn_of(campaign, ada), pair=contested, adjudicator=ada, rubric_version=contested.rubric_version, **said)


def test_two_adjudicators_get_different_pairs(campaign: Campaign, contested: Pair, ada: User, lena: User, otto: User) -> None:
    second = make_user()
    join(campaign, second, Role.ADJUDICATOR)
    turn_of(campaign, ada)
    assert adjudicating.next_for(campaign, second, at=NOW) is None


def test_a_verdict_on_a_pair_settled_meanwhile_is_kept_as_surplus(campaign: Campaign, contested: Pair, ada: User) -> None:
    late = turn_of(campaign, ada)
    second = make_user()
    join(campaign, second, Role.ADJUDICATOR)
    soon = NOW + timedelta(hours=2)
    other = adjudicating.next_for(campaign, second, at=soon)
    assert other is not None
    said = {"both_bad": False, "reason_class": "taste", "reason": "words", "at": soon}
    adjudicating.adjudicate(turn=other, preference=-1, submission_key=uuid.uuid4(), **said)  # type: ignore[arg-type]
    kept = adjudicating.adjudicate(turn=late, preference=3, submission_key=uuid.uuid4(), **said)  # type: ignore[arg-type]
    contested.refresh_from_db()
    assert kept.is_surplus
    assert (contested.standing, contested.verdict) == ("adjudicated", "a")


def test_nobody_settles_a_pair_that_they_labeled(campaign: Campaign, contested: Pair, lena: User) -> None:
    join(campaign, lena, Role.ADJUDICATOR)
    assert adjudicating.next_for(campaign, lena, at=NOW) is None


def test_given_back_it_goes_to_another(campaign: Campaign, contested: Pair, ada: User, as_: As) -> None:
    turn = turn_of(campaign, ada)
    assert as_(ada).post(reverse("give-back-adjudication", args=[campaign.slug, turn.key])).status_code == 302
    second = make_user()
    join(campaign, second, Role.ADJUDICATOR)
    assert turn_of(campaign, second).pair == contested


def test_a_labeler_may_not_adjudicate(campaign: Campaign, contested: Pair, lena: User, as_: As) -> None:
    assert as_(lena).get(reverse("adjudicate", args=[campaign.slug])).status_code == 404


def test_an_adjudication_is_never_changed(campaign: Campaign, contested: Pair, ada: User) -> None:
    adjudicating.adjudicate(
        turn=turn_of(campaign, ada), preference=1, both_bad=False, reason_class="taste", reason="words", submission_key=uuid.uuid4(), at=NOW
    )  # fmt: skip
    with pytest.raises((IntegrityError, InternalError), match="only ever added to"), transaction.atomic():
        Adjudication.objects.update(preference=-1, verdict="a")


@pytest.mark.parametrize(("state", "is_settled"), [("draft", False), ("paused", True), ("closed", True), ("archived", False)])
def test_contests_are_settled_until_the_campaign_is_archived(campaign: Campaign, contested: Pair, ada: User, as_: As, state: str, is_settled: bool) -> None:
    Campaign.objects.update(state=state)
    page = as_(ada).get(reverse("adjudicate", args=[campaign.slug])).content.decode()
    assert ("text of A" in page) == is_settled
