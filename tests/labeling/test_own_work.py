"""A labeler looks back on what they decided, and learns from it nothing that they must not know."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from labeling import adjudicating, assigning, concluding, own_work, reopening, submitting
from labeling.models import Assignment, Campaign, GoldItem, Pair, Slot
from tests.builders import NOW, make_label, make_pair, make_prompt, make_slot
from tests.policies.pages import cells

As = Callable[[User], Client]
TABLE = "Your decisions, the latest first"
LATER = NOW + timedelta(days=2)


def label(campaign: Campaign, labeler: User, preference: int = -1, *, at: datetime = NOW, rationale: str = "") -> Assignment:
    assignment = assigning.next_for(campaign, labeler, at=at)
    assert assignment is not None
    submitting.submit_label(assignment=assignment, preference=preference, rationale=rationale, submission_key=uuid.uuid4(), at=at)
    return assignment


def test_it_works(campaign: Campaign, lena: User, as_: As) -> None:
    make_pair(campaign, prompt=make_prompt("Why is the sky blue?"))
    assignment = label(campaign, lena, -2, at=timezone.now(), rationale="Left is right.")
    page = as_(lena).get(reverse("own-decisions", args=[campaign.slug]))
    row = cells(page, TABLE)[0]
    assert row[1] == "Why is the sky blue?"
    assert row[2].startswith("left better" if assignment.left_is_a else "right better")
    assert "Left is right." in row[2]
    assert (row[3], row[4]) == ("", "Open again")


@pytest.mark.parametrize(("taken", "said"), [([0.2], "less than 1 s"), ([20.0, 25.0, 90.0], "less than 26 s"), ([20.0, 25.5], "less than 23 s"), ([None], "")])
def test_the_seconds_that_half_took_less_than(taken: list[float | None], said: str, campaign: Campaign, lena: User, as_: As) -> None:
    for seconds in taken:
        make_pair(campaign)
        assignment = assigning.next_for(campaign, lena, at=NOW)
        assert assignment is not None
        later = NOW + timedelta(minutes=2)
        submitting.submit_label(assignment=assignment, preference=-1, submission_key=uuid.uuid4(), at=later, active_seconds=seconds)
    page = as_(lena).get(reverse("own-decisions", args=[campaign.slug])).content.decode()
    assert re.findall(r"Half of them took you (.*?)\.", page) == ([said] if said else [])


@pytest.mark.parametrize("left_is_a", [True, False])
def test_an_adjudicators_reason_is_told_on_ones_own_sides(campaign: Campaign, lena: User, otto: User, ada: User, as_: As, left_is_a: bool) -> None:
    make_pair(campaign)
    Slot.objects.update(left_is_a=left_is_a)
    label(campaign, lena, -2)
    label(campaign, otto, 2)
    turn = adjudicating.next_for(campaign, ada, at=NOW)
    assert turn is not None
    adjudicating.adjudicate(turn=turn, preference=3, both_bad=False, reason_class="taste", reason="B is kinder.", submission_key=uuid.uuid4(), at=NOW)
    row = cells(as_(lena).get(reverse("own-decisions", args=[campaign.slug])), TABLE)[0]
    assert row[3] == f"{'right' if left_is_a else 'left'} much better B is kinder."


def test_checks_look_like_work_that_is_open_or_agreed(campaign: Campaign, lena: User, otto: User, as_: As) -> None:
    agreed, waiting, known, again = (make_pair(campaign, slots=0, prompt=make_prompt("The same words.")) for _ in range(4))
    gold = GoldItem.objects.create(pair=known, verdict="a", why="clear", added_at=NOW)
    for pair in (agreed, waiting):
        make_slot(pair), make_slot(pair, ordinal=1)
    make_slot(known, kind=Slot.Kind.GOLD, reserved_for=lena, gold_item=gold, rank=0)
    make_label(again, lena)
    make_slot(again, kind=Slot.Kind.REPEAT, reserved_for=lena, rank=1)
    for _ in range(4):
        label(campaign, lena, 0)
    Slot.objects.filter(pair=agreed, labeler=None).update(labeler=otto, closed_at=NOW)
    make_label(agreed, otto, 0, slot=Slot.objects.get(pair=agreed, labeler=otto))
    concluding.conclude(Pair.objects.lock(agreed.pk), at=NOW)
    page = as_(lena).get(reverse("own-decisions", args=[campaign.slug])).content.decode()
    rows = re.findall(r'<tr>\s*<td class="iv">.*?</tr>', page, re.DOTALL)
    assert len(rows) == 4
    assert len(set(rows)) == 1


def test_agreement_is_told_late_and_together(campaign: Campaign, lena: User, otto: User) -> None:
    for preferences in ((-1, -1), (-1, 0)):
        make_pair(campaign)
        label(campaign, lena, preferences[0])
        label(campaign, otto, preferences[1])
    today = own_work.own_work(campaign, lena, at=NOW + timedelta(minutes=1))
    assert today.agreement.n == 0
    later = own_work.own_work(campaign, lena, at=LATER)
    assert (later.agreement.hits, later.agreement.n) == (1, 1)


def test_ones_own_word_alone_is_no_agreement(campaign: Campaign, lena: User) -> None:
    Campaign.objects.update(overlap=1)
    make_pair(campaign, slots=1)
    label(campaign, lena)
    assert Pair.objects.get().standing == "agreed"
    assert own_work.own_work(campaign, lena, at=LATER).agreement.n == 0


def test_shares_are_of_what_stands(campaign: Campaign, lena: User) -> None:
    assignments = []
    for preference in (0, -3, -3, 3):
        make_pair(campaign)
        Slot.objects.filter(labeler=None).update(left_is_a=True)
        assignments.append(label(campaign, lena, preference))
    reopening.reopen(assignment=assignments[-1], campaign=campaign, at=NOW + timedelta(seconds=5))
    own = own_work.own_work(campaign, lena, at=LATER)
    assert (own.labels, own.ties.share, own.left.hits, own.left.n) == (3, 1 / 3, 2, 2)
    assert len(own.decisions) == 3


def test_nobody_sees_the_decisions_of_another(campaign: Campaign, lena: User, otto: User, eve: User, as_: As) -> None:
    make_pair(campaign)
    label(campaign, lena)
    assert as_(otto).get(reverse("own-decisions", args=[campaign.slug])).context["own"].labels == 0
    assert as_(eve).get(reverse("own-decisions", args=[campaign.slug])).status_code == 404
