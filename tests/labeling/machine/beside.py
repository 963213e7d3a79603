"""The product beside the model: what every example begins with, and what must be true after every step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from hypothesis.stateful import RuleBasedStateMachine, invariant

from accounts.models import User
from labeling import settling
from labeling.models import Acknowledgement, Adjudication, Campaign, Enrolment, GoldItem, Label, Slot
from labeling.models import Pair as StoredPair
from tests.builders import NOW
from tests.labeling.model import Item, Labeler, Model, Pair, Place

LEASE, TURN = timedelta(minutes=30), timedelta(minutes=60)

SLOT = ("pk", "pair", "kind", "rubric_version__number", "reserved_for", "gold_item", "labeler", "lease", "closed_at", "left_is_a", "rank")


@dataclass
class World:
    """What every example begins with."""

    campaigns: dict[str, Campaign]
    labelers: list[User]
    adjudicators: list[User]
    owner: User


class Beside(RuleBasedStateMachine):
    """Four labelers and two adjudicators at three pairs and two gold items."""

    campaign: Campaign
    model: Model

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        # A savepoint alone, not `atomic`: the stages are durable, and refuse to run inside a block that is not the test case's own.
        self.savepoint = transaction.savepoint()
        self.at = NOW
        self.answered: set[UUID] = set()
        self.skips: dict[UUID, int] = {}
        self.parkings: dict[UUID, int] = {}
        self.closed: set[int] = set()
        self.verdicts = 0

    def teardown(self) -> None:
        try:
            if not connection.needs_rollback:
                assert list(settling.differences()) == []
                assert Adjudication.objects.count() == self.verdicts
                read_by = set(Acknowledgement.objects.values_list("labeler", "rubric_version"))
                assert set(Label.objects.values_list("labeler", "rubric_version")) <= read_by
        finally:
            connection.set_rollback(False)
            transaction.savepoint_rollback(self.savepoint)

    def first_look(self) -> Model:
        """Take over what every example begins with."""
        pairs = {pair.pk: Pair(pair.pk, pair.lot) for pair in StoredPair.objects.filter(campaign=self.campaign)}
        items = [Item(item.pk, item.pair_id, item.verdict, item.allowed_use) for item in GoldItem.objects.filter(pair__in=pairs)]
        for item in items:
            pairs[item.pair].is_gold = True
        model = Model(pairs, {user.pk: Labeler(user.pk) for user in self.world.labelers}, k=self.campaign.overlap, items=items)
        for pk, pair, kind, *_, left_is_a, _ in self.slots():
            model.places.append(Place(pair, kind, pk=pk, left_is_a=left_is_a))
        return model

    # ---- what must be true after every step ------------------------------------------------------------------------

    @invariant()
    def every_place_is_as_the_model_has_it(self) -> None:
        rows = self.catch_up()
        said: dict[int, list[int]] = {}
        surplus: list[int] = []
        for pk, slot in Label.objects.filter(pair__campaign=self.campaign).order_by("pk").values_list("pk", "slot"):
            (surplus if slot is None else said.setdefault(slot, [])).append(pk)
        stored = {pk: (*row, closed is not None, said.get(pk, [])) for pk, *row, closed, _, _ in rows}
        assert stored == {place.pk: place.row() for place in self.model.places}
        assert surplus == sorted(entry.pk for *_, entries in self.model.surplus for entry in entries)

    @invariant()
    def every_standing_is_what_was_said(self) -> None:
        stored = StoredPair.objects.filter(campaign=self.campaign).values_list("pk", "standing", "verdict", "margin", "settled_at", "settled_by")
        for pk, standing, verdict, margin, settled_at, settled_by in stored:
            assert (standing, verdict, margin) == self.model.resolved(self.model.pairs[pk])
            assert bool(settled_by) is (settled_at is not None) is (standing in ("agreed", "adjudicated"))

    @invariant()
    def every_labeler_stands_where_the_model_has_them(self) -> None:
        stored = Enrolment.objects.filter(campaign=self.campaign).values_list("labeler", "state", "served", "practice_rounds", "rubric_version__number")
        assert sorted(stored) == sorted((one.pk, one.state, one.served, one.rounds, one.read) for one in self.model.labelers.values() if one.state)

    @invariant()
    def nobody_is_asked_twice_and_no_pair_goes_over_its_places_or_waits_for_nobody(self) -> None:
        for pair in self.model.pairs.values():
            places = self.model.of(pair.pk)
            who = [place.holder for place in places if place.holder is not None]
            assert len(set(who)) == len(who)
            if not pair.is_gold and not pair.is_withdrawn:
                assert self.model.standing(pair) != "waiting" or not all(place.is_closed for place in places)

    def note_release(self, kept: Iterable[Place]) -> None:
        """Work goes to everybody; a check that was for somebody is for nobody."""
        for place in kept:
            place.reserved_for, place.is_closed = (None, False) if place.counts else (place.reserved_for, True)

    def end_turns(self) -> None:
        for turn in self.model.turns.values():
            pair = self.model.pairs[turn.pair]
            turn.is_ended |= turn.ends < self.at or self.model.standing(pair) != "contested"

    # ---- helpers ---------------------------------------------------------------------------------------------------

    def catch_up(self) -> list[tuple[Any, ...]]:
        """Learn which places the product made: those that the model asked for, and checks that it was free to draw. Returns the rows of all."""
        known, rows = {place.pk for place in self.model.places}, self.slots()
        for pk, pair, kind, version, reserved_for, item, *_, left_is_a, rank in rows:
            if pk not in known:
                place = Place(pair, kind, pk, version, reserved_for, rank if reserved_for else 0, item, left_is_a)
                self.take_over(place)
        assert all(place.pk for place in self.model.places), [place for place in self.model.places if not place.pk]
        return rows

    def take_over(self, made: Place) -> None:
        if made.counts:
            asked = [place for place in self.model.of(made.pair, made.kind) if not place.pk and place.left_is_a in (None, made.left_is_a)]
            asked = [place for place in asked if place.version == made.version]
            assert asked, made
            asked[0].pk, asked[0].left_is_a = made.pk, made.left_is_a
            return
        labeler = made.reserved_for or 0
        assert made.version == self.model.version
        if made.kind == "repeat":
            assert self.model.may_repeat(made), made
        else:
            assert any(item.pk == made.item and item.pair == made.pair and self.model.may_check(item, labeler, made.kind) for item in self.model.items), made
        self.model.places.append(made)

    def slots(self) -> list[tuple[Any, ...]]:
        return list(Slot.objects.filter(campaign=self.campaign).order_by("pk").values_list(*SLOT))

    def fresh(self) -> Campaign:
        """The campaign as a request would read it."""
        return Campaign.objects.get(pk=self.campaign.pk)

    def work_pair(self, which: int) -> Pair:
        first_gold = {item.pair for item in self.model.items[:2]}
        return [pair for pk, pair in sorted(self.model.pairs.items()) if pk not in first_gold][which]

    def number_of(self, labeler: int) -> int:
        return [user.pk for user in self.world.labelers].index(labeler)
