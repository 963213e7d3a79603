"""Whatever people do, in whatever order: no label is lost, no pair goes over its places, and every standing follows from the ledgers.

The real stages, on the real database, beside a small model of what must come of them. Each example is rolled back.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, precondition, rule, run_state_machine_as_test

from accounts.models import User
from labeling import adjudicating, assigning, campaigning, inviting, releasing, settling, slotting, submitting
from labeling.models import Adjudication, AdjudicationTurn, Assignment, Campaign, Label, Pair, Slot
from tests.builders import NOW, join, make_campaign, make_pair, make_user
from tests.labeling.places import UNSETTLED, kind_of

LABELERS, ADJUDICATORS, PAIRS = 4, 2, 2
LEASE, TURN = timedelta(minutes=30), timedelta(minutes=60)

Sent = tuple[UUID, Assignment, Label]
"""A submission that was acknowledged: its key, what it answered, what came of it."""


@dataclass
class World:
    """What every example begins with."""

    campaigns: dict[str, Campaign]
    labelers: list[User]
    adjudicators: list[User]
    owner: User


@dataclass
class ModelPair:
    """What must be true of a pair. `held` and `said` are by labeler."""

    places: int
    """That wait for a label: free ones, and those on a screen."""
    held: dict[int, UUID] = field(default_factory=dict)
    said: dict[int, int] = field(default_factory=dict)
    surplus: int = 0
    skipped_by: set[int] = field(default_factory=set)
    rulings: list[int | None] = field(default_factory=list)

    @property
    def free(self) -> int:
        return self.places - len(self.held)

    def resolved(self) -> tuple[str, str | None, float | None]:
        """The settling rule, told a second time."""
        if self.rulings:
            preference = self.rulings[0]
            return "adjudicated", None if preference is None else side_of(preference), preference
        if self.places:
            return "waiting", None, None
        for side in ("a", "b", "tie"):
            if sum(side_of(preference) == side for preference in self.said.values()) * 2 > len(self.said):
                return "agreed", side, sum(self.said.values()) / len(self.said)
        return "contested", None, None

    @property
    def standing(self) -> str:
        return self.resolved()[0]


@dataclass
class ModelTurn:
    adjudicator: int
    pair: int
    ends: datetime
    ended: bool = False


def side_of(preference: int) -> str:
    return {-1: "a", 0: "tie", 1: "b"}[(preference > 0) - (preference < 0)]


def is_one_of(found: Assignment | AdjudicationTurn | None, pairs: set[int]) -> bool:
    """Something is found exactly when a pair is left."""
    return found.pair_id in pairs if found else not pairs


class LabelingMachine(RuleBasedStateMachine):
    """Four labelers and two adjudicators at two pairs; a researcher who changes k and pauses; an owner who closes accounts."""

    assignments: Bundle[Assignment] = Bundle("assignments")
    submissions: Bundle[Sent] = Bundle("submissions")
    turns: Bundle[AdjudicationTurn] = Bundle("turns")
    labelers = st.integers(0, LABELERS - 1)
    adjudicators = st.integers(0, ADJUDICATORS - 1)
    overlaps = st.sampled_from([2, 1, 3, 4])
    minutes = st.sampled_from([1, 20, 31, 61])
    preferences = st.integers(-3, 3)

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        # A savepoint alone, not `atomic`: the stages are durable, and refuse to run inside a block that is not the test case's own.
        self.savepoint = transaction.savepoint()
        self.at = NOW
        self.k = self.most_k = 2
        self.ends: dict[UUID, datetime] = {}
        self.sent: dict[UUID, int] = {}
        self.answered: set[UUID] = set()
        self.skips: dict[UUID, int] = {}
        self.closed: set[int] = set()
        self.shown: dict[UUID, ModelTurn] = {}
        self.verdicts = 0

    def teardown(self) -> None:
        try:
            if not connection.needs_rollback:
                assert list(settling.differences()) == []
                assert Adjudication.objects.count() == self.verdicts
        finally:
            connection.set_rollback(False)
            transaction.savepoint_rollback(self.savepoint)

    @initialize(target=assignments, strategy=st.sampled_from(["finish", "spread"]), k=overlaps)
    def begin(self, strategy: str, k: int) -> Any:
        """Everybody has a pair on the screen, as far as the places go."""
        self.campaign = self.world.campaigns[strategy]
        self.pairs = {pk: ModelPair(places=self.k) for pk in Pair.objects.filter(campaign=self.campaign).values_list("pk", flat=True)}
        self.change_k(k)
        return multiple(*filter(None, map(self.next_for, range(LABELERS))))

    # ---- labelers --------------------------------------------------------------------------------------------------

    @rule(target=assignments, number=labelers)
    def lease(self, number: int) -> Any:
        return self.next_for(number) or multiple()

    def next_for(self, number: int, *, paused: bool = False) -> Assignment | None:
        """Ask for a pair, as somebody whose account is open does: what is on the screen comes again, and a paused campaign has nothing new."""
        labeler = self.world.labelers[number]
        if labeler.pk in self.closed:
            return None
        found = assigning.next_for(self.fresh(), labeler, at=self.at)
        if (held := self.held_by(labeler.pk)) or paused:
            assert (found.key if found else None) == held
        else:
            self.note_lease(found, labeler.pk)
        if found is not None:
            self.ends[found.key] = self.at + LEASE
        return found

    def note_lease(self, found: Assignment | None, labeler: int) -> None:
        left = {pk for pk, pair in self.pairs.items() if pair.free and labeler not in pair.said and labeler not in pair.skipped_by}
        assert is_one_of(found, left)
        if found is not None:
            self.pairs[found.pair_id].held[labeler] = found.key

    @rule(target=submissions, number=labelers, preference=preferences)
    def label_next(self, number: int, preference: int) -> Any:
        found = self.next_for(number)
        return self.submit(found, preference) if found else multiple()

    @rule(said=st.sampled_from([(-2, 2, -1, 3), (1, 1, 3, 1), (0, -3, 0, 2)]))
    def label_in_turn(self, said: tuple[int, ...]) -> None:
        for number, preference in enumerate(said):
            self.label_next(number, preference)

    @rule(target=submissions, assignment=assignments, preference=preferences)
    def submit_sometime(self, assignment: Assignment, preference: int) -> Sent:
        """In time or late; also a second answer to the same assignment."""
        return self.submit(assignment, preference)

    def submit(self, assignment: Assignment, preference: int) -> Sent:
        key = uuid.uuid4()
        label = self.send(assignment, preference, key)
        assert label.is_surplus is not self.note_label(assignment, preference)
        assert (label.preference, label.left_was_a) == (preference, assignment.left_is_a)
        assert (label.pair_id, label.labeler_id, label.verdict) == (assignment.pair_id, assignment.labeler_id, side_of(preference))
        self.sent[key] = label.pk
        self.answered.add(assignment.key)
        return key, assignment, label

    def note_label(self, assignment: Assignment, preference: int) -> bool:
        """Say whether the label must count: in the assignment's own place, in one its labeler holds by now, or in a free one."""
        pair, labeler = self.pairs[assignment.pair_id], assignment.labeler_id
        if labeler in pair.said or not (labeler in pair.held or pair.free):
            pair.surplus += 1
            return False
        pair.held.pop(labeler, None)
        pair.places -= 1
        pair.said[labeler] = preference
        return True

    @rule(sent=submissions, assignment=assignments, preference=preferences)
    def submit_under_a_used_key(self, sent: Sent, assignment: Assignment, preference: int) -> None:
        key, answered, label = sent
        assert self.send(answered, preference, key) == label
        if (answered.labeler_id, answered.pair_id) == (assignment.labeler_id, assignment.pair_id):
            assert self.send(assignment, preference, key) == label
        else:
            with pytest.raises(submitting.NotYours):
                self.send(assignment, preference, key)

    @rule(assignment=assignments)
    def skip(self, assignment: Assignment) -> None:
        skipped = assigning.skip(assignment=assignment, reason="broken", note="", at=self.at)
        if assignment.key in self.skips:
            assert skipped is not None
            assert skipped.pk == self.skips[assignment.key]
        elif assignment.key in self.answered:
            assert skipped is None
        else:
            assert skipped is not None
            self.note_skip(assignment, skipped.pk)

    def note_skip(self, assignment: Assignment, pk: int) -> None:
        pair, labeler = self.pairs[assignment.pair_id], assignment.labeler_id
        self.skips[assignment.key] = pk
        pair.skipped_by.add(labeler)
        if pair.held.get(labeler) == assignment.key:
            del pair.held[labeler]

    # ---- time ------------------------------------------------------------------------------------------------------

    @rule(minutes=minutes)
    def wait(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)

    @rule(minutes=minutes)
    def sweep(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)
        over = [(pair, labeler) for pair in self.pairs.values() for labeler, key in pair.held.items() if self.ends[key] < self.at]
        assert assigning.return_expired(at=self.at) == len(over)
        for pair, labeler in over:
            del pair.held[labeler]

    @rule(target=submissions, assignment=assignments, preference=preferences)
    def answer_in_an_old_window(self, assignment: Assignment, preference: int) -> Sent:
        """The pair was gone by then; perhaps the same one has come again, under another key."""
        self.sweep(31)
        self.next_for(self.world.labelers.index(assignment.labeler))
        return self.submit(assignment, preference)

    # ---- a researcher and an owner ---------------------------------------------------------------------------------

    @rule(k=overlaps)
    def change_k(self, k: int) -> None:
        campaigning.change_overlap(campaign=self.fresh(), overlap=k, actor=None, at=self.at)
        for pair in self.pairs.values():
            if pair.standing in UNSETTLED and k != self.k:
                pair.places = max(k - len(pair.said), 0)
                self.forget_taken(pair)
        self.k, self.most_k = k, max(self.most_k, k)

    def forget_taken(self, pair: ModelPair) -> None:
        """Which of several screens lost its place is not said; that free places went first is."""
        still = set(Slot.objects.held().filter(lease__in=pair.held.values()).values_list("labeler", "lease"))
        assert len(still) == min(len(pair.held), pair.places)
        assert still <= set(pair.held.items())
        pair.held = {labeler: key for labeler, key in pair.held.items() if (labeler, key) in still}

    @rule(number=labelers)
    def pause(self, number: int) -> None:
        """Long enough for somebody to look."""
        self.change_state("paused")
        self.next_for(number, paused=True)
        self.change_state("open")

    def change_state(self, state: str) -> None:
        campaigning.change_state(campaign=self.fresh(), state=state, actor=None, at=self.at)

    @rule(number=labelers)
    def close_account(self, number: int) -> None:
        labeler = self.world.labelers[number]
        assert inviting.close_account(user=labeler, actor=self.world.owner, at=self.at) is (labeler.pk not in self.closed)
        self.closed.add(labeler.pk)
        for pair in self.pairs.values():
            pair.held.pop(labeler.pk, None)

    @precondition(lambda self: self.closed)
    @rule()
    def reopen_accounts(self) -> None:
        for labeler in self.world.labelers:
            assert inviting.reopen_account(user=labeler, actor=self.world.owner, at=self.at) is (labeler.pk in self.closed)
        self.closed.clear()

    # ---- adjudicators ----------------------------------------------------------------------------------------------

    @rule(target=turns, number=adjudicators)
    def take_turn(self, number: int) -> Any:
        return self.next_turn(number) or multiple()

    @rule(number=adjudicators, preference=st.none() | preferences)
    def settle_next(self, number: int, preference: int | None) -> None:
        if turn := self.next_turn(number):
            self.adjudicate(turn, preference)

    def next_turn(self, number: int) -> AdjudicationTurn | None:
        adjudicator = self.world.adjudicators[number]
        found = adjudicating.next_for(self.fresh(), adjudicator, at=self.at)
        self.end_turns()
        mine = [key for key, turn in self.shown.items() if turn.adjudicator == adjudicator.pk and not turn.ended]
        taken = {turn.pair for turn in self.shown.values() if not turn.ended}
        if mine:
            assert [found.key if found else None] == mine
        else:
            left = {pk for pk, pair in self.pairs.items() if pair.standing == "contested"} - taken
            assert is_one_of(found, left)
        if found is not None:
            self.shown.setdefault(found.key, ModelTurn(adjudicator.pk, found.pair_id, self.at + TURN))
        return found

    def end_turns(self) -> None:
        for turn in self.shown.values():
            turn.ended |= turn.ends < self.at or self.pairs[turn.pair].standing != "contested"

    @rule(turn=turns)
    def give_back(self, turn: AdjudicationTurn) -> None:
        adjudicating.give_back(turn=turn, at=self.at)
        self.shown[turn.key].ended = True

    @rule(turn=turns, preference=st.none() | preferences)
    def adjudicate_sometime(self, turn: AdjudicationTurn, preference: int | None) -> None:
        """In time or late, once or again."""
        self.adjudicate(turn, preference)

    def adjudicate(self, turn: AdjudicationTurn, preference: int | None) -> None:
        """Twice with one key is once."""
        pair, key = self.pairs[turn.pair_id], uuid.uuid4()
        stored = self.rule_on(turn, preference, key)
        assert stored.is_surplus is (pair.standing != "contested")
        assert self.rule_on(turn, 3, key) == stored
        self.verdicts += 1
        self.shown[turn.key].ended = True
        if not stored.is_surplus:
            pair.rulings.append(preference)

    # ---- what must be true after every step ------------------------------------------------------------------------

    @invariant()
    def every_place_is_free_held_filled_or_taken_away(self) -> None:
        slots = self.slots_by_pair()
        for pk, pair in self.pairs.items():
            free, held, filled = (Counter(kind for kind, _, _ in slots[pk])[kind] for kind in ("free", "held", "filled"))
            assert (free, held, filled) == (pair.free, len(pair.held), len(pair.said))
            assert {labeler: lease for kind, labeler, lease in slots[pk] if kind == "held"} == pair.held
            assert {labeler for kind, labeler, _ in slots[pk] if kind == "filled"} == set(pair.said)
            assert len(pair.said) <= self.most_k
            if pair.standing in UNSETTLED:
                assert free + held == max(self.k - filled, 0)
            else:
                assert free + held == 0

    @invariant()
    def every_acknowledged_submission_is_one_label(self) -> None:
        labels = Label.objects.values_list("submission_key", "pk", "pair", "labeler", "preference", "slot__pair", "slot__labeler", "slot__closed_at")
        rows = list(labels)
        assert {key: pk for key, pk, *_ in rows} == self.sent
        counted = [(pair, labeler, preference) for _, _, pair, labeler, preference, slot_pair, *_ in rows if slot_pair is not None]
        assert all((pair, labeler) == (slot_pair, holder) and closed for _, _, pair, labeler, _, slot_pair, holder, closed in rows if slot_pair is not None)
        assert sorted(counted) == sorted((pk, labeler, said) for pk, pair in self.pairs.items() for labeler, said in pair.said.items())
        assert len(rows) - len(counted) == sum(pair.surplus for pair in self.pairs.values())

    @invariant()
    def every_standing_is_what_was_said(self) -> None:
        stored = Pair.objects.filter(campaign=self.campaign).values_list("pk", "standing", "verdict", "margin", "settled_at")
        for pk, standing, verdict, margin, settled_at in stored:
            assert (standing, verdict, margin) == self.pairs[pk].resolved()
            assert (settled_at is None) is (standing in UNSETTLED)

    # ---- helpers ---------------------------------------------------------------------------------------------------

    def fresh(self) -> Campaign:
        """The campaign as a request would read it."""
        return Campaign.objects.get(pk=self.campaign.pk)

    def held_by(self, labeler: int) -> UUID | None:
        """What is on the labeler's screen: one pair at most, of all."""
        held = [pair.held[labeler] for pair in self.pairs.values() if labeler in pair.held]
        assert len(held) <= 1
        return held[0] if held else None

    def send(self, assignment: Assignment, preference: int, key: UUID) -> Label:
        return submitting.submit_label(assignment=assignment, preference=preference, submission_key=key, at=self.at)

    def rule_on(self, turn: AdjudicationTurn, preference: int | None, key: UUID) -> Adjudication:
        said = {"both_bad": False, "reason_class": "taste", "reason": "words"}
        return adjudicating.adjudicate(turn=turn, preference=preference, submission_key=key, at=self.at, **said)  # type: ignore[arg-type]

    def slots_by_pair(self) -> dict[int, list[tuple[str, int | None, UUID | None]]]:
        found: dict[int, list[tuple[str, int | None, UUID | None]]] = {pk: [] for pk in self.pairs}
        columns = ("pair", "labeler", "lease", "closed_at", "labels")
        for pair, labeler, lease, closed_at, label in Slot.objects.filter(campaign=self.campaign).values_list(*columns):
            found[pair].append((kind_of(labeler, lease, is_closed=closed_at is not None, is_filled=label is not None), labeler, lease))
        return found


@pytest.fixture
def world(db: None) -> World:
    labelers = [make_user(f"labeler{number}") for number in range(LABELERS)]
    adjudicators = [make_user(f"adjudicator{number}") for number in range(ADJUDICATORS)]
    campaigns = {strategy: make_campaign(strategy, strategy=strategy, labelers=tuple(labelers)) for strategy in ("finish", "spread")}
    for campaign in campaigns.values():
        for adjudicator in adjudicators:
            join(campaign, adjudicator, "adjudicator")
        slotting.make_slots([make_pair(campaign, slots=0) for _ in range(PAIRS)], campaign)
    return World(campaigns, labelers, adjudicators, make_user("olga", is_owner=True))


def run(world: World, *, examples: int, phases: tuple[Phase, ...] = tuple(Phase)) -> None:
    run_state_machine_as_test(
        lambda: LabelingMachine(world),  # type: ignore[arg-type]  # any callable that makes one will do
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            database=None,
            phases=phases,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.slow
def test_it_holds_whatever_people_do(world: World) -> None:
    run(world, examples=100)


def settle_nothing(pair: Pair, *, at: datetime) -> Pair:
    return pair


def free_nothing(*args: object, **kwargs: object) -> int:
    return 0


def drop_what_is_late(*args: object, **kwargs: object) -> None:
    return None


SABOTAGE: list[tuple[object, str, Callable[..., object]]] = [
    (settling, "settle", settle_nothing),
    (releasing, "release_all_of", free_nothing),
    (type(Slot.objects.all()), "close_for", drop_what_is_late),
]


@pytest.fixture(params=SABOTAGE, ids=[name for _, name, _ in SABOTAGE])
def _sabotaged(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*request.param)


@pytest.mark.usefixtures("_sabotaged")
def test_with_a_part_taken_out_it_does_not_hold(world: World) -> None:
    """The negative controls."""
    with pytest.raises((AssertionError, BaseExceptionGroup)):
        run(world, examples=60, phases=(Phase.generate,))
