"""A labeler opens the decision again that they have just made."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from labeling import adjudicating, assigning, cards, drafting, limits, reopening, settling, submitting
from labeling.models import Assignment, Campaign, Draft, Enrolment, GoldItem, Label, Pair, Slot
from tests.builders import NOW, make_campaign, make_pair, make_slot, make_token, make_user

As = Callable[[User], Client]
SOON = NOW + timedelta(seconds=30)


@pytest.fixture
def mia(db: None) -> User:
    """Labels as well."""
    return make_user("mia")


def lease(campaign: Campaign, labeler: User, *, at: datetime = NOW) -> Assignment:
    assignment = assigning.next_for(campaign, labeler, at=at)
    assert assignment is not None
    return assignment


def submit(assignment: Assignment, preference: int = -1, *, at: datetime = NOW, **fields: Any) -> Label:
    return submitting.submit_label(assignment=assignment, preference=preference, submission_key=uuid.uuid4(), at=at, **fields)


def undo(assignment: Assignment, *, at: datetime = SOON) -> Assignment:
    campaign = Campaign.objects.get(pk=Pair.objects.get(pk=assignment.pair_id).campaign_id)
    return reopening.reopen(assignment=assignment, campaign=campaign, at=at)


def state_of(campaign: Campaign, labeler: User) -> dict[str, Any]:
    """Everything that a decision moves: what the labeler holds, how far they have come, how every pair stands and which places are open."""
    held = Slot.objects.held().filter(labeler=labeler)
    places = Slot.objects.open().filter(campaign=campaign).values_list("pair", "kind", "rank", "labeler", "reserved_for", "left_is_a", "lease_ends_at")
    return {
        "held": [(slot.pair_id, slot.left_is_a, slot.lease_ends_at, Assignment.objects.get(pk=str(slot.lease)).leased_at) for slot in held],
        "today": cards.labels_since_midnight(labeler, at=SOON),
        "in all": Label.objects.first_answers().filter(labeler=labeler).count(),
        "of the quota": limits.answers(campaign, labeler, limit=100, since=campaign.created_at),
        "standing": list(Pair.objects.order_by("pk").values_list("pk", "standing", "verdict", "margin", "settled_by")),
        "labels": list(Label.objects.current().order_by("pk").values_list("pk", flat=True)),
        "places": sorted(places, key=str),
        "served": list(Enrolment.objects.filter(labeler=labeler).values_list("served", flat=True)),
    }


# ---- what it restores ----------------------------------------------------------------------------------------------


def test_it_works(campaign: Campaign, lena: User, otto: User, as_: As) -> None:
    pair = make_pair(campaign)
    make_pair(campaign)
    desk, first = as_(lena), lease(campaign, lena, at=timezone.now())
    said = {"choice": "2", "rationale": "Too quick.", "submission_key": str(uuid.uuid4())}
    desk.post(reverse("submit-label", args=[campaign.slug, first.key]), said)
    answer = desk.post(reverse("undo-label", args=[campaign.slug, first.key]), headers={"HX-Request": "true"})
    card = answer.context["card"]
    assert (card.said["choice"], card.said["rationale"], card.done_today) == ("2", "Too quick.", 0)
    assert Assignment.objects.get(pk=card.key).pair == pair
    assert card.key != str(first.key)
    desk.post(reverse("submit-label", args=[campaign.slug, card.key]), said | {"choice": "-2", "submission_key": str(uuid.uuid4())})
    assert [label.preference for label in Label.objects.current()] == [-2 if first.left_is_a else 2]


@pytest.mark.parametrize("preferences", [(-1,), (-1, -1), (-1, 2)], ids=["waiting", "agreed", "contested"])
def test_lease_progress_and_standing_are_as_they_were(campaign: Campaign, lena: User, otto: User, preferences: tuple[int, ...]) -> None:
    make_pair(campaign)
    for preference in preferences[1:]:
        submit(lease(campaign, otto), preference)
    assignment = lease(campaign, lena, at=SOON)
    before = state_of(campaign, lena)
    submit(assignment, preferences[0], at=SOON)
    assert state_of(campaign, lena) != before
    undo(assignment)
    assert state_of(campaign, lena) == before
    assert list(settling.differences()) == []


def test_the_place_that_the_disagreement_opened_is_closed_again(lena: User, otto: User) -> None:
    campaign = make_campaign(labelers=(lena, otto), escalation_bound=1)
    make_pair(campaign)
    submit(lease(campaign, otto), 2)
    assignment = lease(campaign, lena, at=SOON)
    before = state_of(campaign, lena)
    submit(assignment, -1, at=SOON)
    again = undo(assignment)
    assert state_of(campaign, lena) == before
    submit(again, -1, at=SOON)
    assert Slot.objects.free().filter(kind=Slot.Kind.ESCALATION).count() == 1


@pytest.mark.parametrize("kind", [Slot.Kind.GOLD, Slot.Kind.REPEAT])
def test_a_check_is_reopened_as_work_is(campaign: Campaign, lena: User, kind: str) -> None:
    pair = make_pair(campaign, slots=0)
    gold = GoldItem.objects.create(pair=pair, verdict="a", why="clear", added_at=NOW) if kind == Slot.Kind.GOLD else None
    make_slot(pair, kind=kind, reserved_for=lena, gold_item=gold, rank=0)
    assignment = lease(campaign, lena, at=SOON)
    before = state_of(campaign, lena)
    submit(assignment, 3, at=SOON)
    again = undo(assignment)
    assert state_of(campaign, lena) == before
    assert not submit(again, -3, at=SOON).is_surplus


def test_the_pair_on_the_screen_is_held_too_and_comes_back(campaign: Campaign, lena: User) -> None:
    make_pair(campaign)
    other = make_pair(campaign)
    first = lease(campaign, lena)
    submit(first)
    second = lease(campaign, lena)
    drafting.save(assignment=second, said={"rationale": "half a"}, at=NOW)
    again = undo(first)
    submit(again, at=SOON)
    assert lease(campaign, lena, at=SOON) == second
    assert second.pair == other
    assert drafting.draft_of(second.key) == {"rationale": "half a"}


def test_the_first_label_stays_in_the_ledger(campaign: Campaign, lena: User) -> None:
    make_pair(campaign)
    assignment = lease(campaign, lena)
    first = submit(assignment, -2)
    second = submit(undo(assignment), 1, at=SOON)
    taken_back = Label.objects.get(supersedes=first)
    assert taken_back.is_retraction
    assert list(Label.objects.order_by("pk")) == [first, taken_back, second]
    assert Label.objects.first_answers().get() == second


def test_who_leaves_a_reopened_pair_leaves_it_to_others(campaign: Campaign, lena: User, otto: User) -> None:
    pair = make_pair(campaign, slots=1)
    assignment = lease(campaign, lena)
    submit(assignment)
    undo(assignment)
    assert assigning.return_expired(at=NOW + timedelta(hours=2)) == 1
    assert lease(campaign, otto, at=NOW + timedelta(hours=2)).pair == pair
    assert assigning.next_for(campaign, lena, at=NOW + timedelta(hours=2)) is None


# ---- how far it goes -----------------------------------------------------------------------------------------------


def test_twice_is_once(campaign: Campaign, lena: User) -> None:
    make_pair(campaign)
    assignment = lease(campaign, lena)
    submit(assignment)
    assert undo(assignment) == undo(assignment)
    assert Label.objects.filter(is_retraction=True).count() == 1


def test_only_for_two_minutes(campaign: Campaign, lena: User) -> None:
    make_pair(campaign)
    assignment = lease(campaign, lena)
    submit(assignment)
    assert reopening.recent(campaign, lena, at=NOW + timedelta(seconds=119))[0].seconds_left == 1
    assert reopening.recent(campaign, lena, at=NOW + timedelta(seconds=120)) == []
    with pytest.raises(reopening.NotPossible, match="for 2 minutes"):
        undo(assignment, at=NOW + timedelta(seconds=120))


def test_only_the_last_ten(campaign: Campaign, lena: User) -> None:
    given = []
    for second in range(11):
        make_pair(campaign)
        given.append(lease(campaign, lena))
        submit(given[-1], at=NOW + timedelta(seconds=second))
    assert [decision.key for decision in reopening.recent(campaign, lena, at=SOON)] == [one.key for one in reversed(given[1:])]
    with pytest.raises(reopening.NotPossible, match="last 10"):
        undo(given[0])


def test_what_an_adjudicator_decided_stands(campaign: Campaign, lena: User, otto: User, ada: User) -> None:
    make_pair(campaign)
    submit(lease(campaign, otto), 2)
    assignment = lease(campaign, lena)
    submit(assignment, -2)
    turn = adjudicating.next_for(campaign, ada, at=NOW)
    assert turn is not None
    adjudicating.adjudicate(turn=turn, preference=1, both_bad=False, reason_class="taste", reason="Clear.", submission_key=uuid.uuid4(), at=NOW)
    with pytest.raises(reopening.NotPossible, match="The decision stands"):
        undo(assignment)


def test_practice_is_over_once_it_was_answered(campaign: Campaign, lena: User) -> None:
    Campaign.objects.update(practice_items=1)
    campaign.refresh_from_db()
    GoldItem.objects.create(pair=make_pair(campaign, slots=0), verdict="a", why="clear", allowed_use=GoldItem.Use.PRACTICE, added_at=NOW)
    assignment = lease(campaign, lena)
    submit(assignment)
    assert reopening.recent(campaign, lena, at=SOON) == []
    with pytest.raises(reopening.NotPossible):
        undo(assignment)


def test_a_refusal_is_said_and_the_desk_goes_on(campaign: Campaign, lena: User, as_: As) -> None:
    make_pair(campaign)
    assignment = lease(campaign, lena)
    submit(assignment)
    make_pair(campaign)
    answer = as_(lena).post(reverse("undo-label", args=[campaign.slug, assignment.key]), headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "That one stands" in answer.context["stored"]


def test_nobody_reopens_what_another_decided(campaign: Campaign, lena: User, otto: User, as_: As) -> None:
    make_pair(campaign)
    assignment = lease(campaign, lena)
    submit(assignment)
    assert as_(otto).post(reverse("undo-label", args=[campaign.slug, assignment.key])).status_code == 404


def test_by_program(campaign: Campaign, lena: User, client: Client) -> None:
    pair = make_pair(campaign)
    assignment = lease(campaign, lena, at=timezone.now())
    submit(assignment, at=timezone.now())
    headers = {"Authorization": f"Bearer {make_token(lena)}"}
    answer = client.post(reverse("api-undo", args=[assignment.key]), headers=headers)
    assert (answer.status_code, Assignment.objects.get(pk=answer.json()["key"]).pair) == (200, pair)
    assert client.post(reverse("api-undo", args=[answer.json()["key"]]), headers=headers).status_code == 409


def test_a_reload_shows_the_reopened_pair_until_it_is_answered(campaign: Campaign, lena: User, as_: As) -> None:
    make_pair(campaign)
    make_pair(campaign)
    assignment = lease(campaign, lena, at=timezone.now())
    submit(assignment, at=timezone.now())
    lease(campaign, lena, at=timezone.now())
    desk = as_(lena)
    answer = desk.post(reverse("undo-label", args=[campaign.slug, assignment.key]))
    assert desk.get(answer.headers["Location"]).context["card"].key in answer.headers["Location"]
    again = Assignment.objects.get(pk=answer.headers["Location"].rstrip("/").rpartition("/")[2])
    submit(again, at=timezone.now())
    assert desk.get(answer.headers["Location"]).headers["Location"] == reverse("work", args=[campaign.slug])
    assert not Draft.objects.exists()
