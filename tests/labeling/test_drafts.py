"""What a labeler types is kept on the server before it is a decision."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from labeling import assigning, drafting, submitting
from labeling.models import Assignment, Campaign, Draft, Label, Slot
from tests.builders import NOW, make_pair

As = Callable[[User], Client]
SAID = {"choice": "-2", "rationale": "Left is right."}


def lease(campaign: Campaign, labeler: User) -> Assignment:
    assignment = assigning.next_for(campaign, labeler, at=NOW)
    assert assignment is not None
    return assignment


def save(assignment: Assignment, /, at: int = 0, said: dict[str, str] | None = None, **more: str) -> bool:
    return drafting.save(assignment=assignment, said={**(said or {}), **more}, at=NOW + timedelta(seconds=at))


def test_it_works(campaign: Campaign, lena: User, as_: As) -> None:
    make_pair(campaign)
    desk, key = as_(lena), str(uuid.uuid4())
    address = desk.get(reverse("work", args=[campaign.slug])).context["card"].key
    assert desk.post(reverse("save-draft", args=[campaign.slug, address]), SAID | {"submission_key": key, "active_seconds": "7.5"}).status_code == 204
    card = desk.get(reverse("work", args=[campaign.slug])).context["card"]
    assert (card.said, card.submission_key) == (SAID | {"submission_key": key, "active_seconds": 7.5}, key)
    assert Label.objects.count() == 0


def test_one_row_an_assignment(campaign: Campaign, lena: User) -> None:
    make_pair(campaign)
    assignment = lease(campaign, lena)
    assert save(assignment, rationale="Lef")
    assert save(assignment, at=1, rationale="Left")
    assert not save(assignment, at=0, rationale="L")
    assert Draft.objects.get().said == {"rationale": "Left"}


def test_a_draft_is_gone_with_its_label_and_comes_too_late_after_it(campaign: Campaign, lena: User) -> None:
    make_pair(campaign)
    assignment = lease(campaign, lena)
    save(assignment, said=SAID)
    submitting.submit_label(assignment=assignment, preference=1, submission_key=uuid.uuid4(), at=NOW)
    assert not Draft.objects.exists()
    assert not save(assignment, at=5, said=SAID)


def test_a_late_label_takes_its_draft_along(campaign: Campaign, lena: User, otto: User) -> None:
    make_pair(campaign, slots=1)
    assignment = lease(campaign, lena)
    save(assignment, said=SAID)
    assigning.return_expired(at=NOW + timedelta(hours=2))
    assert submitting.submit_label(assignment=assignment, preference=1, submission_key=uuid.uuid4(), at=NOW + timedelta(hours=2)).slot
    assert not Draft.objects.exists()


@pytest.mark.parametrize("turned", [False, True])
def test_what_was_put_aside_comes_back_with_its_words_on_its_sides(campaign: Campaign, lena: User, turned: bool) -> None:
    make_pair(campaign, slots=1)
    assignment = lease(campaign, lena)
    save(assignment, said=SAID, submission_key=str(uuid.uuid4()))
    assigning.park(assignment=assignment, at=NOW)
    if turned:
        Slot.objects.update(left_is_a=not assignment.left_is_a)
    again = lease(campaign, lena)
    assert again.key != assignment.key
    assert drafting.draft_of(again.key) == SAID | {"choice": "2" if turned else "-2"}


def test_nobody_reads_or_writes_the_draft_of_another(campaign: Campaign, lena: User, otto: User, as_: As) -> None:
    make_pair(campaign)
    assignment = lease(campaign, lena)
    save(assignment, said=SAID)
    assert as_(otto).post(reverse("save-draft", args=[campaign.slug, assignment.key]), SAID).status_code == 404
    assert as_(otto).get(reverse("work", args=[campaign.slug])).context["card"].said == {}


def test_what_cannot_be_stored_is_not_kept(campaign: Campaign, lena: User, as_: As) -> None:
    make_pair(campaign)
    address = reverse("save-draft", args=[campaign.slug, lease(campaign, lena).key])
    for said in ({"rationale": "\x00"}, {"rationale": "x" * 4001}, {"choice": "nonsense"}):
        assert as_(lena).post(address, said).status_code == 422
    assert not Draft.objects.exists()


def test_drafts_that_nobody_came_back_to_are_forgotten(campaign: Campaign, lena: User) -> None:
    make_pair(campaign)
    save(lease(campaign, lena), said=SAID)
    assert drafting.forget_old(at=NOW + timedelta(days=6)) == 0
    assert drafting.forget_old(at=NOW + timedelta(days=8)) == 1


def test_what_was_sent_and_not_taken_is_still_on_the_screen(campaign: Campaign, lena: User, as_: As) -> None:
    make_pair(campaign)
    Campaign.objects.update(rationale_required=True)
    key = str(uuid.uuid4())
    sent = {"choice": "3", "rationale": "", "submission_key": key}
    answer = as_(lena).post(reverse("submit-label", args=[campaign.slug, lease(campaign, lena).key]), sent)
    assert answer.status_code == 422
    assert (answer.context["card"].said["choice"], answer.context["card"].submission_key) == ("3", key)
