"""A machine that does what people do, in whatever order, by the product's stages on the real database and in `model.py`, and holds one against the other."""

from __future__ import annotations

import uuid
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, multiple, rule

from labeling import adjudicating
from labeling.models import Adjudication, AdjudicationTurn
from tests.labeling.machine.beside import TURN
from tests.labeling.machine.keepers import Keepers
from tests.labeling.machine.labelers import Labelers
from tests.labeling.model import Turn


class LabelingMachine(Keepers):
    """All of them, and the adjudicators."""

    turns: Bundle[AdjudicationTurn] = Bundle("turns")
    adjudicators = st.integers(0, 1)
    preferences = Labelers.preferences

    @rule(target=turns, number=adjudicators)
    def take_turn(self, number: int) -> Any:
        return self.next_turn(number) or multiple()

    @rule(number=adjudicators, preference=st.none() | preferences)
    def settle_next(self, number: int, preference: int | None) -> None:
        if turn := self.next_turn(number):
            self.adjudicate(turn, preference)

    def next_turn(self, number: int) -> AdjudicationTurn | None:
        adjudicator, turns = self.world.adjudicators[number].pk, self.model.turns
        found = adjudicating.next_for(self.fresh(), self.world.adjudicators[number], at=self.at)
        self.end_turns()
        mine = [key for key, turn in turns.items() if turn.adjudicator == adjudicator and not turn.is_ended]
        if mine:
            assert [found.key if found else None] == mine
        else:
            taken = {turn.pair for turn in turns.values() if not turn.is_ended}
            left = {pair.pk for pair in self.model.pairs.values() if self.model.standing(pair) == "contested" and not pair.is_gold} - taken
            assert found.pair_id in left if found else not left
        if found is not None:
            turns.setdefault(found.key, Turn(adjudicator, found.pair_id, self.at + TURN))
        return found

    @rule(turn=turns)
    def give_back(self, turn: AdjudicationTurn) -> None:
        adjudicating.give_back(turn=turn, at=self.at)
        self.model.turns[turn.key].is_ended = True

    @rule(turn=turns, preference=st.none() | preferences)
    def adjudicate_sometime(self, turn: AdjudicationTurn, preference: int | None) -> None:
        """In time or late, once or again."""
        self.adjudicate(turn, preference)

    def adjudicate(self, turn: AdjudicationTurn, preference: int | None) -> None:
        """Twice with one key is once."""
        pair, key = self.model.pairs[turn.pair_id], uuid.uuid4()
        is_late = self.model.standing(pair) != "contested"
        stored = self.rule_on(turn, preference, key)
        assert stored.is_surplus is is_late
        assert self.rule_on(turn, 3, key) == stored
        self.verdicts += 1
        self.model.turns[turn.key].is_ended = True
        if not is_late:
            pair.rulings.append(preference)

    def rule_on(self, turn: AdjudicationTurn, preference: int | None, key: UUID) -> Adjudication:
        said = {"both_bad": False, "reason_class": "taste", "reason": "words"}
        return adjudicating.adjudicate(turn=turn, preference=preference, submission_key=key, at=self.at, **said)  # type: ignore[arg-type]
