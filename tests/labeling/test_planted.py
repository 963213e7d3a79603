"""Planted labelers in the ledger: the sweep names the careless by the right flag, and leaves the careful alone. A tenth of the size of `benchmarks.planted`."""

from __future__ import annotations

import hashlib
import random
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Count, Q

from accounts.models import User
from benchmarks import planted
from labeling import tastes, watching
from labeling.models import Assignment, Campaign, Finding, GoldItem, Label, Pair, Slot
from labeling.models.assignment import opaque_key
from labeling.models.label import verdict_of
from labeling.tastes import PLANTS, Sight, Taste
from policies.models import Response
from tests.builders import NOW, make_campaign, make_policy, make_prompt, make_user
from tests.labeling.answers import enrol

RUNS, ANSWERS, ORDINARY, LOOKS = 10, 200, 4, 4
GOLD_EVERY = 10


def fill(campaign: Campaign, seed: int) -> list[User]:
    """Have the planted labelers, and ordinary ones, label the campaign's pairs, each of them 200; the sweep looks four times. Returns the planted ones."""
    draw = random.Random(f"planted {seed}")
    pairs, items = made(campaign, draw)
    people = [(make_user(), tastes.PLANTS[plant]) for plant in PLANTS] + [(make_user(), tastes.taste_of(seed, number)) for number in range(ORDINARY)]
    for labeler, _ in people:
        enrol(campaign, labeler)
    for look in range(LOOKS):
        batch = range(look * ANSWERS // LOOKS, (look + 1) * ANSWERS // LOOKS)
        for number, (labeler, taste) in enumerate(people):
            store(labeler, taste, [(index, pairs[index], items.get(index)) for index in batch], seed=seed, number=number, draw=draw)
        with connection.cursor() as cursor:  # as autovacuum would: a planner that takes these tables for empty makes the sweep take minutes
            cursor.execute("ANALYZE labeling_label, labeling_slot, labeling_assignment, labeling_pair, labeling_golditem, policies_response")
        watching.watch(campaign, at=NOW + timedelta(days=1))
    return [labeler for labeler, _ in people[: len(PLANTS)]]


def made(campaign: Campaign, draw: random.Random) -> tuple[list[Pair], dict[int, GoldItem]]:
    prompt, policy = make_prompt(), make_policy()
    texts = [planted.text(draw, 120 * 2 ** draw.gauss(0, 0.6)) for _ in range(2 * ANSWERS)]
    responses = Response.objects.bulk_create(
        Response(prompt=prompt, policy=policy, text=text, sha256=hashlib.sha256(text.encode()).hexdigest(), finish_reason="imported", created_at=NOW)
        for text in texts
    )
    sides = zip(responses[::2], responses[1::2], strict=True)
    columns = {"campaign": campaign, "prompt": prompt, "rubric_version": campaign.rubric_version, "created_at": NOW}
    pairs = Pair.objects.bulk_create(Pair(response_a=a, response_b=b, **columns) for a, b in sides)
    on_gold = [index for index in range(ANSWERS) if index % GOLD_EVERY == 0]
    items = GoldItem.objects.bulk_create(GoldItem(pair=pairs[index], verdict=draw.choice("ab"), why="Clear.", added_at=NOW) for index in on_gold)
    return pairs, dict(zip(on_gold, items, strict=True))


def store(labeler: User, taste: Taste, batch: Sequence[tuple[int, Pair, GoldItem | None]], *, seed: int, number: int, draw: random.Random) -> None:
    """Store what a labeler says of these pairs, as their desk would have."""
    slots = Slot.objects.bulk_create(place(index, pair, item, labeler, left_is_a=draw.random() < 0.5) for index, pair, item in batch)
    assignments = Assignment.objects.bulk_create(
        Assignment(key=opaque_key(), slot=slot, pair=slot.pair, labeler=labeler, rubric_version=slot.rubric_version, left_is_a=slot.left_is_a, leased_at=NOW)
        for slot in slots
    )
    Label.objects.bulk_create(labels(assignments, taste, seed=seed, number=number))


def place(index: int, pair: Pair, item: GoldItem | None, labeler: User, *, left_is_a: bool) -> Slot:
    check = {"kind": "gold", "gold_item": item, "reserved_for": labeler} if item else {}
    return Slot(campaign=pair.campaign, pair=pair, rubric_version=pair.rubric_version, rank=index, left_is_a=left_is_a, labeler=labeler, closed_at=NOW, **check)


def labels(assignments: Sequence[Assignment], taste: Taste, *, seed: int, number: int) -> Iterator[Label]:
    for assignment in assignments:
        slot, pair = assignment.slot, assignment.pair
        sight = Sight(pair.response_a.text, pair.response_b.text, slot.left_is_a, slot.gold_item.verdict if slot.gold_item else None)
        said = tastes.judge(taste, sight, seed=seed, labeler=number)
        words = len(f"{sight.a} {sight.b}".split()) + 6
        yield Label(
            pair=pair,
            slot=slot,
            assignment=assignment,
            labeler=assignment.labeler,
            rubric_version=assignment.rubric_version,
            verdict=verdict_of(said.preference),
            preference=said.preference,
            both_bad=said.both_bad,
            rationale="",
            left_was_a=slot.left_is_a,
            source=Label.Source.SYNTHETIC,
            submission_key=uuid.uuid4(),
            seconds=3600.0,
            active_seconds=tastes.seconds_of(taste, sight, words=words, seed=seed, labeler=number),
            submitted_at=NOW + timedelta(minutes=slot.rank),
        )


@pytest.mark.slow
@pytest.mark.django_db
def test_the_careless_are_named_and_the_careful_are_not() -> None:
    flags: dict[str, Counter[str]] = {plant: Counter() for plant in PLANTS}
    for seed in range(1, RUNS + 1):
        campaign = make_campaign(overlap=10, gold_bar=0, slug=f"planted-{seed}")
        for plant, labeler in zip(PLANTS, fill(campaign, seed), strict=True):
            kinds = set(Finding.objects.filter(labeler=labeler).values_list("kind", flat=True))
            flags[plant].update(kinds | ({"any"} if kinds else set()))
    outcomes = [planted.Outcome(plant, RUNS, found) for plant, found in flags.items()]
    assert [str(outcome) for outcome in outcomes if not outcome.is_met] == []
    assert list(flags) == list(planted.TARGETS)


@pytest.mark.slow
@pytest.mark.django_db
def test_below_the_bar_a_clicker_is_paused_and_the_careful_go_on() -> None:
    campaign = make_campaign(overlap=10, slug="with-a-bar")
    labelers = dict(zip(PLANTS, fill(campaign, 1), strict=True))
    paused = set(Finding.objects.filter(kind="gold_below_bar").values_list("labeler", flat=True))
    assert labelers["clicker"].pk in paused
    assert not paused & {labelers["honest"].pk, labelers["slow-expert"].pk}


@pytest.mark.slow
@pytest.mark.commits
def test_they_go_the_way_that_people_go(committed_db: str) -> None:
    """A small run of the benchmark, through import, lease, submit and sweep. A hundred answers tell of speed for certain."""
    outcomes = {outcome.plant: outcome for outcome in planted.run(runs=1, labels=100, ordinary=1)}
    assert outcomes["speeder"].is_met, str(outcomes["speeder"])
    assert not outcomes["honest"].flags
    assert not outcomes["slow-expert"].flags
    given = Label.objects.values("labeler").annotate(gold=Count("pk", filter=Q(slot__kind="gold")), work=Count("pk", filter=Q(slot__kind="work")))
    assert {row["gold"] + row["work"] for row in given} == {100}
    assert {row["gold"] for row in given} == {10}
