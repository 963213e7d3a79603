"""A quota and a ceiling of the day: nobody gets more, and nobody learns from it what was a check."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from accounts.models import User
from labeling import assigning, cards, limits, submitting
from labeling.models import Assignment, Campaign, Label, Slot
from tests.builders import NOW, make_campaign, make_pair, make_slot

DAY = timedelta(days=1)


@pytest.fixture
def campaign(lena: User, otto: User) -> Campaign:
    campaign = make_campaign("everyday", overlap=1, labelers=(lena, otto))
    for _ in range(6):
        make_pair(campaign)
    return campaign


def next_pair(campaign: Campaign, labeler: User, *, at: datetime = NOW) -> Assignment | None:
    return assigning.next_for(campaign, labeler, at=at)


def answer(campaign: Campaign, labeler: User, *, at: datetime = NOW) -> Label:
    assignment = next_pair(campaign, labeler, at=at)
    assert assignment
    return submitting.submit_label(assignment=assignment, preference=1, submission_key=uuid4(), at=at)


def test_with_the_quota_full_nothing_new_is_handed_out(campaign: Campaign, lena: User, otto: User) -> None:
    campaign.quota = 2
    answer(campaign, lena)
    answer(campaign, lena)
    assert next_pair(campaign, lena) is None
    assert next_pair(campaign, lena, at=NOW + 30 * DAY) is None
    assert next_pair(campaign, otto)
    assert cards.empty_for(campaign, lena, at=NOW).why == "quota"


def test_a_higher_quota_lets_them_go_on(campaign: Campaign, lena: User) -> None:
    campaign.quota = 1
    answer(campaign, lena)
    assert next_pair(campaign, lena) is None
    campaign.quota = 2
    assert next_pair(campaign, lena)


def test_the_ceiling_is_one_day_s(campaign: Campaign, lena: User) -> None:
    campaign.daily_ceiling = 1
    answer(campaign, lena)
    assert next_pair(campaign, lena) is None
    assert cards.empty_for(campaign, lena, at=NOW).why == "ceiling"
    tomorrow = datetime(2026, 5, 26, 0, 0, 1, tzinfo=UTC)
    answer(campaign, lena, at=tomorrow)
    assert next_pair(campaign, lena, at=tomorrow) is None


def test_what_is_on_the_screen_is_still_shown(campaign: Campaign, lena: User) -> None:
    """It was handed out before the quota was lowered."""
    answer(campaign, lena)
    held = next_pair(campaign, lena)
    campaign.quota = 1
    again = next_pair(campaign, lena, at=NOW + timedelta(minutes=5))
    assert held
    assert again == held
    assert Slot.objects.get(lease=held.key).lease_ends_at == NOW + timedelta(minutes=35)


@pytest.mark.parametrize("kind", [Slot.Kind.GOLD, Slot.Kind.REPEAT])
def test_checks_count(campaign: Campaign, lena: User, kind: str) -> None:
    make_slot(make_pair(campaign, slots=0), kind=kind, reserved_for=lena, rank=0)
    campaign.quota = 1
    assert answer(campaign, lena).slot.kind == kind  # type: ignore[union-attr]
    assert next_pair(campaign, lena) is None


def test_practice_does_not(campaign: Campaign, lena: User) -> None:
    assigning.enrol(campaign, lena, at=NOW)
    campaign.enrolments.update(state="practising", practice_rounds=1)
    make_slot(make_pair(campaign, slots=0), kind=Slot.Kind.PRACTICE, reserved_for=lena, rank=0)
    answer(campaign, lena)
    campaign.enrolments.update(state="working")
    campaign.quota = 1
    assert next_pair(campaign, lena)


def test_an_answer_counts_once_however_often_it_is_changed_or_taken_back(campaign: Campaign, lena: User) -> None:
    first = answer(campaign, lena)
    of_first = ("pair", "slot", "assignment", "labeler", "rubric_version", "left_was_a", "source")
    same = {name: getattr(first, name) for name in of_first}
    changed = Label.objects.create(**same, supersedes=first, verdict="a", preference=-1, rationale="", submission_key=uuid4(), submitted_at=NOW)
    Label.objects.create(**same, supersedes=changed, is_retraction=True, rationale="", submission_key=uuid4(), submitted_at=NOW)
    assert limits.answers(campaign, lena, limit=10, since=NOW - DAY) == 1


def test_an_answer_that_came_too_late_counts_too(campaign: Campaign, lena: User) -> None:
    assignment = next_pair(campaign, lena)
    assert assignment
    Slot.objects.filter(pk=assignment.slot_id).update(labeler=None, lease=None, lease_ends_at=None, closed_at=NOW)
    assert submitting.submit_label(assignment=assignment, preference=1, submission_key=uuid4(), at=NOW).is_surplus
    assert limits.answers(campaign, lena, limit=10, since=NOW - DAY) == 1


def test_other_campaigns_do_not_count(campaign: Campaign, lena: User) -> None:
    elsewhere = make_campaign("elsewhere", overlap=1, labelers=(lena,))
    make_pair(elsewhere)
    answer(elsewhere, lena)
    campaign.quota = 1
    assert next_pair(campaign, lena)


def test_counting_stops_at_the_limit(campaign: Campaign, lena: User) -> None:
    for _ in range(3):
        answer(campaign, lena)
    assert limits.answers(campaign, lena, limit=2, since=NOW - DAY) == 2


def test_who_was_handed_out_little_is_not_counted(campaign: Campaign, lena: User, django_assert_num_queries: type) -> None:
    answer(campaign, lena)
    campaign.quota, campaign.daily_ceiling = 5, 3
    with django_assert_num_queries(1):
        assert limits.reached(campaign, lena, at=NOW) == ""
    campaign.quota = campaign.daily_ceiling = None
    with django_assert_num_queries(0):
        assert limits.reached(campaign, lena, at=NOW) == ""


def test_who_is_paused_is_told_that_first(campaign: Campaign, lena: User) -> None:
    campaign.quota = 1
    answer(campaign, lena)
    campaign.enrolments.update(state="paused")
    assert cards.empty_for(campaign, lena, at=NOW).why == "paused_labeler"
