"""A decision that its labeler may still open again comes into no version."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from exports.rows import LeftOut, candidates
from labeling import adjudicating, assigning, submitting
from labeling.models import Campaign, Label
from tests.builders import make_pair


def label(campaign: Campaign, labeler: User, preference: int, *, at: datetime) -> Label:
    assignment = assigning.next_for(campaign, labeler, at=at)
    assert assignment is not None
    return submitting.submit_label(assignment=assignment, preference=preference, submission_key=uuid.uuid4(), at=at)


@pytest.mark.parametrize(("seconds", "rows"), [(30, 0), (119, 0), (125, 1)])
def test_it_works(campaign: Campaign, lena: User, otto: User, seconds: int, rows: int) -> None:
    make_pair(campaign)
    now = timezone.now()
    label(campaign, lena, -2, at=now - timedelta(minutes=10))
    label(campaign, otto, -2, at=now - timedelta(seconds=seconds))
    found = candidates([campaign])
    assert len(found.rows) == rows
    assert dict(found.left_out) == ({} if rows else {LeftOut.YOUNG: 1})


def test_what_an_adjudicator_decided_is_open_to_nobody(campaign: Campaign, lena: User, otto: User, ada: User) -> None:
    make_pair(campaign)
    now = timezone.now()
    label(campaign, lena, -2, at=now)
    label(campaign, otto, 2, at=now)
    turn = adjudicating.next_for(campaign, ada, at=now)
    assert turn is not None
    adjudicating.adjudicate(turn=turn, preference=1, both_bad=False, reason_class="taste", reason="Clear.", submission_key=uuid.uuid4(), at=now)
    assert len(candidates([campaign]).rows) == 1


def test_where_nothing_may_be_opened_again_nothing_waits(campaign: Campaign, lena: User, otto: User, settings: Settings) -> None:
    settings.UNDO_SECONDS = 0
    make_pair(campaign)
    for labeler in (lena, otto):
        label(campaign, labeler, -2, at=timezone.now())
    assert len(candidates([campaign]).rows) == 1
