"""A labeler puts a pair aside for later."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from labeling import assigning, submitting
from labeling.models import Assignment, Campaign, Parking, Slot
from tests.builders import make_pair, make_slot
from tests.labeling.test_api_label import Api, leased
from tests.policies.pages import elements, text_of

As = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


def held_by(labeler: User, campaign: Campaign) -> Assignment:
    assignment = assigning.next_for(campaign, labeler, at=timezone.now())
    assert assignment
    return assignment


def address(campaign: Campaign, assignment: Assignment) -> str:
    return reverse("park-pair", args=[campaign.slug, assignment.key])


def answer(assignment: Assignment) -> None:
    submitting.submit_label(assignment=assignment, preference=-1, submission_key=uuid.uuid4(), at=timezone.now())


def test_it_works(campaign: Campaign, lena: User, as_: As) -> None:
    first, second = make_pair(campaign, a="the first"), make_pair(campaign, a="the second")
    answered = as_(lena).post(address(campaign, held_by(lena, campaign)), headers=HTMX)
    assert "the second" in answered.content.decode()
    [news] = elements(answered, "span", class_="toast")
    assert text_of(news) == "Put aside. It comes back when nothing else is left."
    assert Parking.objects.get().pair == first
    assert held_by(lena, campaign).pair == second


def test_it_comes_back_when_nothing_else_is_left(campaign: Campaign, lena: User, as_: As) -> None:
    first, second = make_pair(campaign), make_pair(campaign)
    as_(lena).post(address(campaign, held_by(lena, campaign)))
    answer(held_by(lena, campaign))
    assert held_by(lena, campaign).pair == first
    assert second.labels.count() == 1


def test_a_check_that_is_then_skipped_in_an_old_window_does_not_come_back(campaign: Campaign, lena: User) -> None:
    """No more than work would, which nobody is asked for again after a skip."""
    check = make_slot(make_pair(campaign, slots=0), kind="repeat", reserved_for=lena, rank=0)
    assignment = held_by(lena, campaign)
    assigning.park(assignment=assignment, at=timezone.now())
    assigning.skip(assignment=assignment, reason="broken", note="", at=timezone.now())
    assert assigning.next_for(campaign, lena, at=timezone.now()) is None
    check.refresh_from_db()
    assert check.closed_at


def test_others_get_it_meanwhile(campaign: Campaign, lena: User, otto: User, as_: As) -> None:
    pair = make_pair(campaign, slots=1)
    as_(lena).post(address(campaign, held_by(lena, campaign)))
    assert held_by(otto, campaign).pair == pair


def test_without_scripts_it_leads_back_to_the_desk(campaign: Campaign, lena: User, as_: As) -> None:
    make_pair(campaign)
    make_pair(campaign)
    client = as_(lena)
    answered = client.post(address(campaign, held_by(lena, campaign)), follow=True)
    assert answered.redirect_chain == [(reverse("work", args=[campaign.slug]), 302)]
    assert "Put aside." in answered.content.decode()


def test_twice_is_once(campaign: Campaign, lena: User, as_: As) -> None:
    make_pair(campaign)
    make_pair(campaign)
    assignment = held_by(lena, campaign)
    for _ in range(2):
        assert as_(lena).post(address(campaign, assignment)).status_code == 302
    assert Parking.objects.count() == 1


def test_what_was_answered_stays_answered(campaign: Campaign, lena: User, as_: As) -> None:
    make_pair(campaign)
    assignment = held_by(lena, campaign)
    answer(assignment)
    answered = as_(lena).post(address(campaign, assignment), headers=HTMX)
    assert "That pair was answered before; the answer stays." in answered.content.decode()
    assert not Parking.objects.exists()


def test_only_its_labeler_may_put_it_aside(campaign: Campaign, lena: User, otto: User, as_: As) -> None:
    make_pair(campaign)
    assignment = held_by(lena, campaign)
    assert as_(otto).post(address(campaign, assignment)).status_code == 404
    assert Slot.objects.get(lease=assignment.key).labeler == lena


def test_the_desk_has_its_control_and_key(campaign: Campaign, lena: User, as_: As) -> None:
    make_pair(campaign)
    page = as_(lena).get(reverse("work", args=[campaign.slug]))
    [control] = elements(page, "button", data_key="p")
    assert dict(control.attributes)["form"] == "park"
    [form] = elements(page, "form", id="park")
    assert dict(form.attributes)["action"] == address(campaign, Assignment.objects.get())


# ---- by program ----------------------------------------------------------------------------------------------------


def test_a_program_puts_it_aside(campaign: Campaign, lena: User) -> None:
    make_pair(campaign)
    make_pair(campaign)
    api = Api(lena, "label")
    first = leased(api, campaign)["key"]
    assert api.post("api-park", first).status_code == 204
    assert leased(api, campaign)["key"] != first


def test_a_program_is_told_that_it_was_answered(campaign: Campaign, lena: User) -> None:
    make_pair(campaign)
    api = Api(lena, "label")
    key = leased(api, campaign)["key"]
    api.post("api-label", key, choice=1)
    refused = api.post("api-park", key)
    assert (refused.status_code, refused.json()["detail"]) == (409, "That pair was answered before; the answer stays.")


def test_a_program_needs_the_scope(campaign: Campaign, lena: User) -> None:
    make_pair(campaign)
    assert Api(lena, "read").post("api-park", held_by(lena, campaign).key).status_code == 403
