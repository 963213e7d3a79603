"""The seconds that somebody was really at a pair are stored with the label."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from labeling import assigning
from labeling.models import Assignment, Campaign, Label
from tests.builders import make_pair
from tests.labeling.test_api_label import Api

As = Callable[[User], Client]


@pytest.fixture
def held(campaign: Campaign, lena: User) -> Assignment:
    """On lena's screen for a minute."""
    make_pair(campaign)
    assignment = assigning.next_for(campaign, lena, at=timezone.now() - timedelta(minutes=1))
    assert assignment
    return assignment


def submit(client: Client, campaign: Campaign, assignment: Assignment, **sent: str) -> int:
    form = {"choice": "1", "submission_key": str(uuid.uuid4()), **sent}
    return client.post(reverse("submit-label", args=[campaign.slug, assignment.key]), form).status_code


def test_it_works(campaign: Campaign, lena: User, held: Assignment, as_: As) -> None:
    assert submit(as_(lena), campaign, held, active_seconds="41.3") == 302
    assert Label.objects.get().active_seconds == 41.3


def test_the_form_carries_a_place_for_them(campaign: Campaign, lena: User, held: Assignment, as_: As) -> None:
    page = as_(lena).get(reverse("work", args=[campaign.slug])).content.decode()
    assert '<input type="hidden" name="active_seconds" value="" autocomplete="off">' in page


def test_a_refused_form_comes_back_with_what_was_counted(campaign: Campaign, lena: User, held: Assignment, as_: As) -> None:
    sent = {"submission_key": str(uuid.uuid4()), "active_seconds": "41.3"}
    answer = as_(lena).post(reverse("submit-label", args=[campaign.slug, held.key]), sent)
    assert answer.status_code == 422
    assert 'name="active_seconds" value="41.3"' in answer.content.decode()


@pytest.mark.parametrize("sent", ["", "many", "nan", "inf", "-1", "1e9", "1,5", "\x00", "9" * 5000])
def test_what_is_no_number_of_seconds_is_not_known_and_never_an_error(campaign: Campaign, lena: User, held: Assignment, as_: As, sent: str) -> None:
    assert submit(as_(lena), campaign, held, active_seconds=sent) == 302
    assert Label.objects.get().active_seconds is None


def test_no_more_are_believed_than_have_gone_by(campaign: Campaign, lena: User, held: Assignment, as_: As) -> None:
    submit(as_(lena), campaign, held, active_seconds="3600")
    label = Label.objects.get()
    assert label.active_seconds == label.seconds
    assert 60 <= (label.seconds or 0) < 120


def test_a_page_without_scripts_sends_none(campaign: Campaign, lena: User, held: Assignment, as_: As) -> None:
    submit(as_(lena), campaign, held)
    assert Label.objects.get().active_seconds is None


# ---- by program ----------------------------------------------------------------------------------------------------


def test_a_program_may_send_them(lena: User, held: Assignment) -> None:
    assert Api(lena, "label").post("api-label", held.key, choice=1, active_seconds=12.5).status_code == 200
    assert Label.objects.get().active_seconds == 12.5


@pytest.mark.parametrize("sent", [{}, {"active_seconds": None}])
def test_a_program_may_leave_them_out(lena: User, held: Assignment, sent: dict[str, None]) -> None:
    assert Api(lena, "label").post("api-label", held.key, choice=1, **sent).status_code == 200
    assert Label.objects.get().active_seconds is None


@pytest.mark.parametrize("sent", [-1, 86401, "nan", "many", [1]])
def test_a_program_is_told_what_is_no_number_of_seconds(lena: User, held: Assignment, sent: object) -> None:
    refused = Api(lena, "label").post("api-label", held.key, choice=1, active_seconds=sent)
    assert (refused.status_code, list(refused.json())) == (400, ["active_seconds"])
    assert not Label.objects.exists()
