"""A labeler asks for the next pair."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from labeling import adjudicating, assigning, campaigning, settling, submitting
from labeling.models import Assignment, Campaign, Label, Pair, Skip, Slot
from tests.builders import NOW, join, make_campaign, make_label, make_pair, make_user

As = Callable[[User], Client]


def answer(assignment: Assignment) -> Label:
    return submitting.submit_label(assignment=assignment, preference=-1, submission_key=uuid.uuid4(), at=NOW)


def label_all(campaign: Campaign, labeler: User) -> list[int]:
    """Label until nothing is left, and return the pairs in the order they came."""
    pairs = []
    while assignment := assigning.next_for(campaign, labeler, at=NOW):
        pairs.append(assignment.pair_id)
        answer(assignment)
    return pairs


def test_it_works(campaign: Campaign, lena: User, as_: As) -> None:
    make_pair(campaign, a="the first text", b="the second text")
    page = as_(lena).get(reverse("work", args=[campaign.slug]))
    assert page.status_code == 200
    assert "the first text" in page.content.decode()
    assert Assignment.objects.get().labeler == lena


def test_a_reload_shows_the_same_pair_on_the_same_sides(campaign: Campaign, lena: User) -> None:
    for _ in range(3):
        make_pair(campaign)
    first = assigning.next_for(campaign, lena, at=NOW)
    again = assigning.next_for(campaign, lena, at=NOW + timedelta(minutes=20))
    assert first == again
    assert first is not None
    assert Slot.objects.get(lease=first.key).lease_ends_at == NOW + timedelta(minutes=50)


def test_nobody_gets_a_pair_twice(campaign: Campaign, lena: User) -> None:
    pairs = [make_pair(campaign).pk for _ in range(5)]
    assert sorted(label_all(campaign, lena)) == pairs


def test_every_pair_gets_k_labelers_and_no_more(campaign: Campaign, lena: User, otto: User, ada: User) -> None:
    for _ in range(4):
        make_pair(campaign)
    for labeler in (lena, otto, ada):
        label_all(campaign, labeler)
    assert {pair.labels.count() for pair in Pair.objects.all()} == {2}


def test_nothing_left_says_so(campaign: Campaign, lena: User, as_: As) -> None:
    page = as_(lena).get(reverse("work", args=[campaign.slug]))
    assert "every pair that is open to you" in page.content.decode()


@pytest.mark.parametrize("state", ["draft", "paused", "closed", "archived"])
def test_only_an_open_campaign_hands_pairs_out(campaign: Campaign, lena: User, state: str) -> None:
    make_pair(campaign)
    Campaign.objects.update(state=state)
    campaign.refresh_from_db()
    assert assigning.next_for(campaign, lena, at=NOW) is None


def test_what_is_on_the_screen_of_a_paused_campaign_may_be_answered(campaign: Campaign, lena: User) -> None:
    make_pair(campaign)
    assignment = assigning.next_for(campaign, lena, at=NOW)
    Campaign.objects.update(state="paused")
    campaign.refresh_from_db()
    assert assigning.next_for(campaign, lena, at=NOW) == assignment


def test_an_expired_lease_returns_to_the_queue(campaign: Campaign, lena: User, otto: User) -> None:
    pair = make_pair(campaign, slots=1)
    assigning.next_for(campaign, lena, at=NOW)
    assert assigning.next_for(campaign, otto, at=NOW) is None
    assert assigning.return_expired(at=NOW + timedelta(minutes=29)) == 0
    assert assigning.return_expired(at=NOW + timedelta(minutes=31)) == 1
    found = assigning.next_for(campaign, otto, at=NOW + timedelta(minutes=31))
    assert found is not None
    assert found.pair == pair


def test_finish_what_is_begun_comes_before_new_pairs(lena: User, otto: User) -> None:
    campaign = make_campaign(labelers=(lena, otto))
    pairs = [make_pair(campaign).pk for _ in range(3)]
    assert label_all(campaign, lena) == pairs
    assert label_all(campaign, otto) == pairs


def test_the_queue_wraps_to_slots_behind_the_cursor(campaign: Campaign, lena: User, otto: User) -> None:
    behind, ahead = make_pair(campaign, slots=1), make_pair(campaign, slots=1)
    assigning.next_for(campaign, otto, at=NOW)  # otto holds the first pair
    first = assigning.next_for(campaign, lena, at=NOW)
    assert first is not None
    assert first.pair == ahead
    answer(first)
    assigning.return_expired(at=NOW + timedelta(hours=1))
    second = assigning.next_for(campaign, lena, at=NOW + timedelta(hours=1))
    assert second is not None
    assert second.pair == behind


def test_a_skipped_pair_goes_to_somebody_else(campaign: Campaign, lena: User, otto: User, as_: As) -> None:
    pair = make_pair(campaign, slots=1)
    assignment = assigning.next_for(campaign, lena, at=NOW)
    assert assignment is not None
    answer = as_(lena).post(reverse("skip-pair", args=[campaign.slug, assignment.key]), {"reason": "unread_language", "note": "Basque?"})
    assert answer.status_code == 302
    assert Skip.objects.get().note == "Basque?"
    assert assigning.next_for(campaign, lena, at=NOW) is None
    found = assigning.next_for(campaign, otto, at=NOW)
    assert found is not None
    assert found.pair == pair


def test_skipping_twice_is_skipping_once(campaign: Campaign, lena: User) -> None:
    make_pair(campaign)
    assignment = assigning.next_for(campaign, lena, at=NOW)
    assert assignment is not None
    first = assigning.skip(assignment=assignment, reason="broken", note="", at=NOW)
    assert assigning.skip(assignment=assignment, reason="broken", note="", at=NOW) == first


def test_a_labeled_pair_cannot_be_skipped(campaign: Campaign, lena: User) -> None:
    make_pair(campaign)
    assignment = assigning.next_for(campaign, lena, at=NOW)
    assert assignment is not None
    answer(assignment)
    assert assigning.skip(assignment=assignment, reason="broken", note="", at=NOW) is None


def test_who_had_a_pair_as_an_adjudicator_is_not_asked_to_label_it(campaign: Campaign, lena: User, otto: User, ada: User) -> None:
    """Raising k opens a contested pair again, and the adjudicator may label too."""
    pair = make_pair(campaign, slots=0)
    for labeler, preference in ((lena, -1), (otto, 1)):
        make_label(pair, labeler, preference)
    settling.settle(pair, at=NOW)
    join(campaign, ada)
    assert adjudicating.next_for(campaign, ada, at=NOW) is not None
    campaigning.change_overlap(campaign=campaign, overlap=3, actor=None, at=NOW)
    campaign.refresh_from_db()
    assert assigning.next_for(campaign, ada, at=NOW) is None
    assert assigning.next_for(campaign, make_user(), at=NOW) is not None


def test_a_labeler_of_another_campaign_finds_no_desk(campaign: Campaign, eve: User, as_: As) -> None:
    make_campaign(labelers=(eve,))
    assert as_(eve).get(reverse("work", args=[campaign.slug])).status_code == 404


def test_a_slot_reserved_for_somebody_is_theirs_alone(campaign: Campaign, lena: User, otto: User) -> None:
    pair = make_pair(campaign, slots=0)
    Slot.objects.create(campaign=campaign, pair=pair, rubric_version=pair.rubric_version, kind=Slot.Kind.GOLD, reserved_for=otto, rank=0, left_is_a=True)
    assert assigning.next_for(campaign, lena, at=NOW) is None
    assert assigning.next_for(campaign, otto, at=NOW) is not None


def test_a_hidden_repeat_is_served_to_who_labeled_the_pair(campaign: Campaign, lena: User) -> None:
    pair = make_pair(campaign)
    label_all(campaign, lena)
    Slot.objects.create(campaign=campaign, pair=pair, rubric_version=pair.rubric_version, kind=Slot.Kind.REPEAT, reserved_for=lena, rank=1, left_is_a=True)
    assert label_all(campaign, lena) == [pair.pk]


def test_what_a_closed_account_holds_returns_at_once(campaign: Campaign, lena: User) -> None:
    make_pair(campaign)
    assert assigning.next_for(campaign, lena, at=NOW)
    User.objects.filter(pk=lena.pk).update(is_active=False)
    assert assigning.return_expired(at=NOW) == 1


def test_a_card_takes_the_same_queries_however_large_the_campaign(campaign: Campaign, lena: User, as_: As) -> None:
    client = as_(lena)
    make_pair(campaign)
    client.get(reverse("work", args=[campaign.slug]))
    few = count_queries(client, campaign)
    for _ in range(20):
        make_pair(campaign)
    assert count_queries(client, campaign) == few


def count_queries(client: Client, campaign: Campaign) -> int:
    with CaptureQueriesContext(connection) as captured:
        client.get(reverse("work", args=[campaign.slug]))
    return len(captured)


def test_sides_of_a_pair_are_balanced_over_its_labelers(lena: User, otto: User) -> None:
    campaign = make_campaign(labelers=(lena, otto))
    for _ in range(6):
        make_pair(campaign)
    for labeler in (lena, otto, make_user()):
        label_all(campaign, labeler)
    for pair in Pair.objects.all():
        assert {label.left_was_a for label in pair.labels.all()} == {False, True}
