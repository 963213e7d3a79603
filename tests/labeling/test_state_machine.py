"""Whatever people do, in whatever order: no label is lost, no pair goes over its places, and every standing follows from the ledgers.

The real stages, on the real database, beside a small model of what must come of them. Each example is rolled back.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from accounts.models import User
from exports import sketching
from labeling import adjusting, planning, releasing, retraction, rewording, settling, slotting, withdrawing
from labeling.models import Campaign, GoldItem, Pair, Slot
from tests.builders import NOW, join, make_campaign, make_pair, make_prompt, make_rubric_version, make_user
from tests.labeling.machine.beside import World
from tests.labeling.machine.whole import LabelingMachine

EXAMPLES, STEPS = 200, 50

QUESTIONS = ("Why is the sky blue?", "Name a river in Peru.", "How do bees find home?", "What rhymes with month?", "Who wrote Emma?")


@pytest.fixture
def world(db: None, monkeypatch: pytest.MonkeyPatch) -> World:
    """Checks come sooner than in the product, where no pair is shown again for a long time, and are drawn in a way that can be repeated."""
    for name in ("STEP", "APART"):
        monkeypatch.setattr(planning, name, 2)
    for name in ("FOR_CHECKS", "FOR_PRACTICE", "FOR_REPEAT"):
        sooner = getattr(planning, name).replace(f"BETWEEN {planning.NEAREST} AND", "BETWEEN 1 AND")
        monkeypatch.setattr(planning, name, sooner.replace("gen_random_uuid() AS drawn", "gold.id AS drawn").replace("gen_random_uuid()", "id"))
    for stage in (planning, slotting):
        monkeypatch.setattr(stage, "draw", random.Random(1))
    labelers = [make_user(f"labeler{number}") for number in range(4)]
    adjudicators = [make_user(f"adjudicator{number}") for number in range(2)]
    campaigns = {strategy: make_small_campaign(strategy, labelers, adjudicators) for strategy in ("finish", "spread")}
    sketching.catch_up()
    return World(campaigns, labelers, adjudicators, make_user("olga", is_owner=True))


def make_small_campaign(strategy: str, labelers: list[User], adjudicators: list[User]) -> Campaign:
    """Three pairs, two of which are in a share of 40 %, two gold items, and a rubric of two versions."""
    campaign = make_campaign(strategy, strategy=strategy, labelers=tuple(labelers))
    make_rubric_version(rubric=campaign.rubric_version.rubric, body="Be short.")
    for adjudicator in adjudicators:
        join(campaign, adjudicator, "adjudicator")
    *work, check, both = (make_pair(campaign, prompt=make_prompt(text), slots=0, lot=lot) for text, lot in zip(QUESTIONS, (0, 3999, 4000, 0, 0), strict=True))
    slotting.make_slots(work, campaign)
    for pair, use in ((check, "check"), (both, "both")):
        GoldItem.objects.create(pair=pair, verdict="a", why="It is clear.", allowed_use=use, added_at=NOW)
    return campaign


def run(world: World, *, examples: int, phases: tuple[Phase, ...] = tuple(Phase)) -> None:
    run_state_machine_as_test(
        lambda: LabelingMachine(world),  # type: ignore[arg-type]  # any callable that makes one will do
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=phases,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.slow
@pytest.mark.parametrize("half", [1, 2])
def test_it_holds_whatever_people_do(world: World, half: int) -> None:
    """In halves, which two processes may run at the same time."""
    run(world, examples=EXAMPLES // 2)


def nothing(*args: object, **kwargs: object) -> int:
    return 0


def none(*args: object, **kwargs: object) -> list[object]:
    return []


def settle_nothing(pair: Pair, *, at: datetime) -> Pair:
    return pair


TAKEN_OUT: list[tuple[object, str, Callable[..., object]]] = [
    (settling, "settle", settle_nothing),
    (releasing, "release_all_of", nothing),
    (type(Slot.objects.all()), "close_for", lambda *args, **kwargs: None),
    (slotting, "escalate", lambda *args, **kwargs: None),
    (retraction, "places_missing", none),
    (adjusting, "too_many", none),
    (withdrawing, "close_places", nothing),
    (rewording, "hand_over", nothing),
]


@pytest.fixture(params=TAKEN_OUT, ids=[name for _, name, _ in TAKEN_OUT])
def _part_taken_out(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*request.param)


@pytest.mark.usefixtures("_part_taken_out")
def test_with_a_part_taken_out_it_does_not_hold(world: World) -> None:
    """The negative controls."""
    with pytest.raises((AssertionError, BaseExceptionGroup)):
        run(world, examples=EXAMPLES, phases=(Phase.generate,))
