"""Figures, standings and rows are made of current labels in work and escalation places, and of nothing else that a ledger holds."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from exports import rows
from labeling import assigning, matchups, progress, revising, settling, submitting
from labeling.models import Assignment, Campaign, GoldItem, Label, Pair, Slot
from tests.builders import NOW, acknowledge, make_campaign, make_pair, make_policy, make_rubric_version, make_slot, make_user

Plant = Callable[["World"], None]

NO_FIGURES = ("surplus", "skips", "gold_items")
"""Of `Progress`: they count what is kept beside the labels."""


class World:
    """A campaign with four labeled pairs, one that waits, and one of gold."""

    def __init__(self) -> None:
        self.people = [make_user(name) for name in ("lena", "otto", "mia")]
        self.campaign = make_campaign("everyday", labelers=tuple(self.people))
        policies = make_policy("base"), make_policy("tuned")
        self.pairs = [make_pair(self.campaign, a=f"Short {number}.", b=f"A longer answer {number}.", policies=policies) for number in range(5)]
        self.gold = make_pair(self.campaign, slots=0, policies=policies)
        self.item = GoldItem.objects.create(pair=self.gold, verdict="a", why="It answers.", added_at=NOW)
        for pair, said in zip(self.pairs, [(-1, -2), (2, 1), (0, 0), (-1, 3)], strict=False):
            for slot, labeler, preference in zip(pair.slots.order_by("pk"), self.people, said, strict=False):
                label_in(slot, labeler, preference)

    def place(self, pair: Pair, labeler: User, kind: str, **fields: Any) -> Slot:
        return make_slot(pair, kind=kind, reserved_for=labeler, rank=0, **fields)


@pytest.fixture
def world(db: None) -> World:
    return World()


def label_in(slot: Slot, labeler: User, preference: int) -> Label:
    """Lease this very place, and label it a minute later."""
    acknowledge(slot.campaign, labeler, slot.rubric_version)
    assignment = Assignment.objects.create(
        slot=slot, pair=slot.pair, labeler=labeler, rubric_version=slot.rubric_version, left_is_a=slot.left_is_a, leased_at=NOW
    )
    Slot.objects.filter(pk=slot.pk).update(labeler=labeler, lease=assignment.key, lease_ends_at=NOW + timedelta(minutes=30))
    return submit(assignment, preference)


def submit(assignment: Assignment, preference: int) -> Label:
    at = NOW + timedelta(minutes=1)
    return submitting.submit_label(assignment=assignment, preference=preference, submission_key=uuid.uuid4(), at=at, active_seconds=40)


def figures(campaign: Campaign) -> dict[str, Any]:
    """All that a researcher may read of a campaign, by where it stands."""
    campaign.refresh_from_db()
    assert list(settling.differences()) == []
    return {
        "progress": {name: value for name, value in asdict(progress.progress_of(campaign)).items() if name not in NO_FIGURES},
        "agreement": asdict(progress.agreement_of(campaign)),
        "labelers": progress.labelers_of(campaign),
        "days": progress.labels_by_day(campaign),
        "matchups": matchups.matchups_of(campaign),
        "standings": list(Pair.objects.order_by("pk").values_list("standing", "verdict", "margin")),
        "rows": [(row.pair, row.margin, row.settled, len(row.labels)) for row in rows.candidates([campaign]).rows],
    }


# ---- what moves no figure ------------------------------------------------------------------------------------------


def gold(world: World) -> None:
    for labeler in world.people:
        label_in(world.place(world.gold, labeler, "gold", gold_item=world.item), labeler, 2)


def practice(world: World) -> None:
    for labeler in world.people:
        label_in(world.place(world.gold, labeler, "practice", gold_item=world.item), labeler, 2)


def repeat(world: World) -> None:
    """Everybody contradicts themselves."""
    for pair in world.pairs[:2]:
        for label in list(pair.labels.order_by("pk")):
            label_in(world.place(pair, label.labeler, "repeat", left_is_a=not label.left_was_a), label.labeler, -(label.preference or 0))


def surplus(world: World) -> None:
    for label in list(Label.objects.order_by("pk")):
        assert label.assignment is not None
        assert submit(label.assignment, -(label.preference or 0)).is_surplus


def superseded(world: World) -> None:
    """Everybody says something else, and then what they said at first, at the same moment, so that the ledger alone has grown."""
    for label in list(Label.objects.order_by("pk")):
        other = supersede(label, 3 if (label.preference or 0) < 0 else -3)
        supersede(other, label.preference or 0)


def supersede(label: Label, preference: int) -> Label:
    return revising.supersede(label=label, preference=preference, submission_key=uuid.uuid4(), at=label.submitted_at)


def retracted(world: World) -> None:
    labels = [label_in(slot, labeler, -3) for slot, labeler in zip(world.pairs[4].slots.order_by("pk"), world.people, strict=False)]
    revising.retract(labels=labels, campaign=world.campaign, actor=None, why="clicked through", submission_key=uuid.uuid4(), at=NOW)


def another_rubric_version(world: World) -> None:
    """Labels from before the wording by which these pairs are judged now."""
    before = make_rubric_version(rubric=world.campaign.rubric_version.rubric, body="The better response is longer.")
    for pair in world.pairs:
        label_in(make_slot(pair, ordinal=9, rubric_version=before), world.people[2], 2)


EVERYTHING_ELSE: list[Plant] = [gold, practice, repeat, surplus, superseded, retracted, another_rubric_version]


@pytest.mark.parametrize("plant", EVERYTHING_ELSE, ids=[plant.__name__ for plant in EVERYTHING_ELSE])
def test_nothing_else_moves_a_figure(world: World, plant: Plant) -> None:
    before, labels = figures(world.campaign), Label.objects.count()
    plant(world)
    assert Label.objects.count() > labels
    assert figures(world.campaign) == before


# ---- what does -----------------------------------------------------------------------------------------------------


def test_a_label_in_a_work_place_moves_each_of_them(world: World) -> None:
    """The control: a figure that stood still for everything would stand still for this."""
    before = figures(world.campaign)
    for slot, labeler in zip(world.pairs[4].slots.order_by("pk"), world.people, strict=False):
        label_in(slot, labeler, -3)
    after = figures(world.campaign)
    assert [name for name in before if before[name] == after[name]] == []


def test_a_label_in_an_escalation_place_moves_them_too(world: World) -> None:
    Campaign.objects.update(escalation_bound=1)
    world.campaign.refresh_from_db()
    for labeler, preference in zip(world.people, (-3, 3), strict=False):
        assignment = assigning.next_for(world.campaign, labeler, at=NOW)
        assert assignment is not None
        submit(assignment, preference)
    before = figures(world.campaign)
    label_in(world.pairs[4].slots.get(kind="escalation"), world.people[2], 2)
    after = figures(world.campaign)
    assert [name for name in before if before[name] == after[name]] == []
