"""What researchers and owners do to a campaign, its pairs and its people."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import initialize, multiple, rule

from accounts.models import User
from exports import freezing
from exports.freezing import NothingToFreeze, Order
from exports.models import DatasetRow
from labeling import campaigning, goldkeeping, inviting, naming, planning, practising, revising, slotting, withdrawing
from labeling.campaigns import NotPossible
from labeling.models import Enrolment, GoldItem, Label, Slot
from labeling.models import Pair as StoredPair
from tests.labeling.machine.labelers import Labelers
from tests.labeling.model import UNSETTLED, Item, Labeler


class Keepers(Labelers):
    """They change everything that may be changed, while people label."""

    labelers = Labelers.labelers
    which_pair = st.integers(0, 2)

    @initialize(
        target=Labelers.assignments,
        strategy=st.sampled_from(["finish", "spread"]),
        k=st.sampled_from([2, 1, 3]),
        bound=st.sampled_from([0, 1, 2]),
        checks=st.sampled_from([{}, {"gold_percent": 50}, {"repeat_percent": 50}, {"gold_percent": 25, "repeat_percent": 25}]),
        practice=st.sampled_from([0, 0, 0, 0, 1, 2]),
        seed=st.integers(0, 99),
    )
    def begin(self, strategy: str, k: int, bound: int, checks: dict[str, int], practice: int, seed: int) -> Any:
        """Everybody has a pair on the screen, as far as the places go. What the product draws, it draws by the seed: an example can be run again."""
        slotting.draw.seed(seed)
        planning.draw.seed(seed)
        self.campaign = self.world.campaigns[strategy]
        self.model = self.first_look()
        self.change({"overlap": k, "escalation_bound": bound, "practice_items": practice} | checks)
        return multiple(*filter(None, map(self.next_for, range(4))))

    # ---- a researcher ----------------------------------------------------------------------------------------------

    @rule(
        said=st.sampled_from(
            [{"overlap": k} for k in (1, 2, 3, 4)]
            + [{"overlap_share": share} for share in (40, 100)]
            + [{"escalation_bound": bound} for bound in (0, 1, 2)]
            + [{"rule": rule} for rule in ("strict-majority/1", "two-thirds/1", "unanimous/1")]
            + [{"overlap": 3, "escalation_bound": 1, "rule": "unanimous/1"}]
        )
    )
    def change(self, said: dict[str, Any]) -> None:
        before = self.fresh()
        after = campaigning.change(campaign=before, said=said, actor=None, at=self.at)
        self.model.k, self.model.share, self.model.bound, self.model.rule = after.overlap, after.overlap_share, after.escalation_bound, after.rule
        if {name for name in ("overlap", "overlap_share", "escalation_bound", "rule") if getattr(before, name) != getattr(after, name)}:
            self.model.adjust(self.closed_meanwhile(), by_rule=before.rule != after.rule)

    def closed_meanwhile(self) -> set[int]:
        """The places that the product has closed with nobody in them since the model last heard."""
        is_open = {place.pk for place in self.model.places if not place.is_closed}
        return {pk for pk, *_, labeler, _, closed_at, _, _ in self.slots() if pk in is_open and closed_at is not None and labeler is None}

    @rule(begun=st.sampled_from(["anew", "settle"]), gold=st.sampled_from(["keep", "refresh", "retire"]))
    def move_rubric(self, begun: str, gold: str) -> None:
        """To the other version; or back."""
        version = 3 - self.model.version
        campaigning.change(campaign=self.fresh(), said={"rubric_version": version, "begun": begun, "gold": gold}, actor=None, at=self.at)
        leases = dict(Slot.objects.filter(campaign=self.campaign, closed_at=None).values_list("pk", "lease"))
        self.model.move(version, begun, gold, leases)
        self.model.adjust(self.closed_meanwhile())

    @rule(number=labelers)
    def pause(self, number: int) -> None:
        """Long enough for somebody to look."""
        self.change({"state": "paused"})
        self.next_for(number)
        self.change({"state": "open"})

    @rule(number=labelers)
    def pause_or_let_in(self, number: int) -> None:
        """Who works is paused, as a look at their gold does; who is paused, or practises still, is let in."""
        user = self.world.labelers[number]
        labeler = self.model.labelers[user.pk]
        if labeler.state == "working":
            self.pause_labeler(labeler)
        elif labeler.state:
            practising.let_in(campaign=self.fresh(), labeler=user, why="a look", actor=None, at=self.at)
            self.model.close_all(self.model.round_of(labeler))
            labeler.state = "working"
        else:
            with pytest.raises(practising.CannotLetIn):
                practising.let_in(campaign=self.fresh(), labeler=user, why="a look", actor=None, at=self.at)

    def pause_labeler(self, labeler: Labeler) -> None:
        with transaction.atomic():
            enrolment = Enrolment.objects.get(campaign=self.campaign, labeler=labeler.pk)
            practising.change(enrolment, Enrolment.State.PAUSED, why="gold score below the bar", actor=None, at=self.at)
        labeler.state = "paused"

    @rule(number=labelers)
    def retract(self, number: int) -> None:
        """All that a labeler said is taken back, where it counts."""
        labeler, key = self.world.labelers[number], uuid.uuid4()
        counting = [place for pair in self.model.pairs for place in self.model.of(pair)]
        places = [place for place in counting if place.holder == labeler.pk and place.is_filled]
        places.sort(key=lambda place: place.said[-1].pk)
        labels = list(Label.objects.filter(labeler=labeler))
        asked = {"labels": labels, "campaign": self.fresh(), "actor": None, "why": "clicked through", "submission_key": key, "at": self.at}
        taken_back = revising.retract(**asked)  # type: ignore[arg-type]
        assert [row.slot_id for row in taken_back] == [place.pk for place in places]
        assert revising.retract(**asked) == []  # type: ignore[arg-type]
        self.model.retract(places, [row.pk for row in taken_back])

    @rule(number=labelers, which=which_pair)
    def keep_for(self, number: int, which: int) -> None:
        """Assign by name."""
        user, pair = User.objects.get(pk=self.world.labelers[number].pk), self.work_pair(which)
        asked = {"campaign": self.fresh(), "labeler": user, "named": [str(pair.pk)], "actor": None, "at": self.at}
        if user.pk in self.closed:
            with pytest.raises(NotPossible):
                naming.assign(**asked)  # type: ignore[arg-type]
            return
        done = naming.assign(**asked)  # type: ignore[arg-type]
        free = [place for place in self.model.of(pair.pk, "work") if place.is_free and place.reserved_for is None]
        had = any(user.pk in (place.holder, place.reserved_for if place.is_free else None) for place in self.model.of(pair.pk))
        may = self.model.standing(pair) in UNSETTLED and not had and user.pk not in pair.skipped_by and bool(free)
        assert done.assigned == ([pair.pk] if may else [])
        if may:
            [kept] = [(pk, rank) for pk, _, _, _, reserved_for, *_, rank in self.slots() if reserved_for == user.pk and pk in {place.pk for place in free}]
            place = self.model.known(kept[0])
            place.reserved_for, place.due = user.pk, kept[1]

    @rule(number=labelers)
    def release(self, number: int) -> None:
        user = self.world.labelers[number]
        kept = [place for place in self.model.places if place.is_free and place.reserved_for == user.pk and place.kind == "work"]
        assert naming.release(campaign=self.fresh(), labeler=user, actor=None, at=self.at) == len(kept)
        self.note_release(kept)

    @rule(which=which_pair)
    def withdraw(self, which: int) -> None:
        """Or bring back, where it is withdrawn."""
        pair = self.work_pair(which)
        stored = StoredPair.objects.get(pk=pair.pk)
        if pair.is_withdrawn:
            withdrawing.bring_back(campaign=self.fresh(), pair=stored, actor=None, at=self.at)
            pair.is_withdrawn = False
            if not pair.was_settled:
                pair.version = self.model.version
            if not pair.is_gold:
                self.model.open(pair, "work", 0 if pair.was_settled else self.model.lacking(pair))
            self.model.conclude(pair)
        elif any(item.pair == pair.pk and not item.is_retired for item in self.model.items):
            with pytest.raises(NotPossible):
                withdrawing.withdraw(campaign=self.fresh(), pair=stored, reason="a duplicate", actor=None, at=self.at)
        else:
            pair.was_settled = self.model.standing(pair) not in UNSETTLED
            withdrawing.withdraw(campaign=self.fresh(), pair=stored, reason="a duplicate", actor=None, at=self.at)
            pair.is_withdrawn = True
            self.model.close_all(place for place in self.model.places if place.pair == pair.pk)
            self.end_turns()

    @rule(which=which_pair)
    def promote(self, which: int) -> None:
        """Make a settled pair gold, in one action; or retire it."""
        pair = self.work_pair(which)
        stored, item = StoredPair.objects.get(pk=pair.pk), next((item for item in self.model.items if item.pair == pair.pk and not item.is_retired), None)
        _, verdict, _ = self.model.resolved(pair)
        if item:
            goldkeeping.retire(item=GoldItem.objects.get(pk=item.pk), actor=None, at=self.at)
            item.is_retired = True
            self.model.close_all(place for place in self.model.places if place.item == item.pk)
        elif verdict is None:
            with pytest.raises(NotPossible):
                goldkeeping.promote(pair=stored, why="It is clear.", actor=None, at=self.at)
        else:
            made = goldkeeping.promote(pair=stored, why="It is clear.", actor=None, at=self.at)
            self.model.items.append(Item(made.pk, pair.pk, verdict, made.allowed_use))
            self.model.close_all(self.model.of(pair.pk))
            pair.is_gold = True

    @rule()
    def freeze(self) -> None:
        """A version holds the settled pairs that the model says, and no gold."""
        order, expected = Order(dataset="everyday", campaigns=[self.fresh()], by=None, at=self.at), self.model.rows()
        if not expected:
            with pytest.raises(NothingToFreeze), transaction.atomic():
                freezing.draft(order)
            return
        sides = dict(StoredPair.objects.values_list("pk", "response_a"))
        with transaction.atomic():
            drawn_up = DatasetRow.objects.filter(version_id=freezing.draft(order).version)
            rows = {row.pair_id: ("a" if row.chosen_id == sides[row.pair_id] else "b", row.margin, sorted(row.labels)) for row in drawn_up}
            transaction.set_rollback(True)
        assert rows == expected

    # ---- an owner --------------------------------------------------------------------------------------------------

    @rule(number=labelers)
    def close_account(self, number: int) -> None:
        """Or open all that are closed."""
        if self.closed:
            for user in self.world.labelers:
                assert inviting.reopen_account(user=user, actor=self.world.owner, at=self.at) is (user.pk in self.closed)
            self.closed.clear()
            return
        user = self.world.labelers[number]
        assert inviting.close_account(user=user, actor=self.world.owner, at=self.at)
        assert not inviting.close_account(user=user, actor=self.world.owner, at=self.at)
        self.closed.add(user.pk)
        for place in self.model.held_by(user.pk):
            place.free()
        self.note_release(place for place in self.model.places if place.is_free and place.reserved_for == user.pk)
