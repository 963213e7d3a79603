"""Answers as they come to be stored, written straight into the ledger: many of them, with what the care rules look at."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from accounts.models import User
from labeling.models import Assignment, Campaign, Enrolment, GoldItem, Label, Pair, Slot
from labeling.models.label import verdict_of
from tests.builders import NOW, make_pair, make_slot


def enrol(campaign: Campaign, labeler: User, **fields: Any) -> Enrolment:
    enrolment, _ = Enrolment.objects.update_or_create(
        campaign=campaign, labeler=labeler, defaults={"entered_at": NOW, "served": 1, **fields}, create_defaults={"entered_at": NOW, "served": 1, **fields}
    )
    return enrolment


def answer(
    pair: Pair,
    labeler: User,
    preference: int = -1,
    *,
    kind: str = Slot.Kind.WORK,
    left_is_a: bool = True,
    active_seconds: float | None = 60.0,
    at: datetime = NOW,
    gold_item: GoldItem | None = None,
    supersedes: Label | None = None,
) -> Label:
    """Store what somebody said of a pair at their desk. It settles nothing."""
    checks: dict[str, Any] = {} if kind in ("work", "escalation") else {"reserved_for": labeler, "rank": Slot.objects.count()}
    slot = supersedes.slot if supersedes else make_slot(pair, kind=kind, labeler=labeler, closed_at=at, left_is_a=left_is_a, gold_item=gold_item, **checks)
    assert slot is not None
    assignment = Assignment.objects.create(
        slot=slot, pair=pair, labeler=labeler, rubric_version=pair.rubric_version, left_is_a=left_is_a, leased_at=at - timedelta(minutes=10)
    )
    return Label.objects.create(
        pair=pair,
        slot=slot,
        assignment=assignment,
        labeler=labeler,
        rubric_version=pair.rubric_version,
        verdict=verdict_of(preference),
        preference=preference,
        rationale="",
        left_was_a=left_is_a,
        source=Label.Source.DESK,
        submission_key=uuid.uuid4(),
        seconds=600.0,
        active_seconds=active_seconds,
        submitted_at=at,
        supersedes=supersedes,
    )


def make_gold(campaign: Campaign, verdict: str = "a", **fields: Any) -> GoldItem:
    pair = make_pair(campaign, slots=0)
    return GoldItem.objects.create(pair=pair, verdict=verdict, why="It is clear.", added_at=NOW, **fields)


def checked(campaign: Campaign, labeler: User, right: str, *, at: datetime = NOW) -> list[Label]:
    """Store answers to gold items: `"1101"` is right, right, wrong, right. One a minute."""
    labels = []
    for number, hit in enumerate(right):
        item = make_gold(campaign)
        preference = -2 if hit == "1" else 2
        labels.append(answer(item.pair, labeler, preference, kind="gold", gold_item=item, left_is_a=number % 2 == 0, at=at + timedelta(minutes=number)))
    return labels
