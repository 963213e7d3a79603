"""What labelers do, and what time does to them."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, multiple, rule

from labeling import acknowledging, assigning, practising, releasing, revising, submitting
from labeling.models import Assignment, Enrolment, Label
from tests.labeling.machine.beside import LEASE, Beside
from tests.labeling.model import DECIDED, Entry, Labeler, Place, side_of

Sent = tuple[UUID, Assignment, Label]
"""A submission that was acknowledged: its key, what it answered, what came of it."""


class Labelers(Beside):
    """They ask for pairs, answer in time or late, once or again, think again, give pairs back, and put them aside."""

    assignments: Bundle[Assignment] = Bundle("assignments")
    submissions: Bundle[Sent] = Bundle("submissions")
    labelers = st.integers(0, 3)
    minutes = st.sampled_from([1, 20, 31, 61])
    preferences = st.integers(-3, 3)

    @rule(target=assignments, number=labelers)
    def lease(self, number: int) -> Any:
        return self.next_for(number) or multiple()

    def next_for(self, number: int) -> Assignment | None:
        """Ask for a pair, as somebody whose account is open does: what is on the screen comes again, and a paused campaign has nothing new."""
        user = self.world.labelers[number]
        if user.pk in self.closed:
            return None
        campaign, labeler = self.fresh(), self.model.labelers[user.pk]
        held = sorted((place for place in self.model.held_by(user.pk) if place.version == self.model.version), key=lambda place: place.pk)
        has_practised = labeler.state == "practising" and all(place.is_closed for place in self.model.round_of(labeler))
        found = assigning.next_for(campaign, user, at=self.at)
        self.catch_up()
        if labeler.state and labeler.read != self.model.version:
            assert found is None
            return None
        if not labeler.state:
            self.note_enrolment(labeler, practises=bool(campaign.practice_items))
        if held:
            assert found is not None
            assert found.key == held[0].lease
            held[0].ends = self.at + LEASE
        elif campaign.state == "open":
            if has_practised:
                self.note_end_of_round(labeler)
            self.note_lease(found, labeler)
        else:
            assert found is None
        return found

    def note_lease(self, found: Assignment | None, labeler: Labeler) -> None:
        choices = self.model.choices(labeler)
        assert bool(found) is bool(choices), (found, choices)
        if found is not None:
            place = self.model.known(found.slot_id)
            assert place in choices
            assert found.left_is_a is place.left_is_a
            place.holder, place.lease, place.ends = labeler.pk, found.key, self.at + LEASE
            labeler.served += 1

    def note_enrolment(self, labeler: Labeler, *, practises: bool) -> None:
        has_round = bool(self.model.round_of(labeler))
        assert practises or not has_round
        labeler.state, labeler.rounds = ("practising", 1) if has_round else ("working", 0)
        labeler.read = self.model.version

    def note_end_of_round(self, labeler: Labeler) -> None:
        """On to work, to another round, or to a researcher."""
        answers = self.model.answers_of_round(labeler)
        rounds = Enrolment.objects.get(campaign=self.campaign, labeler=labeler.pk).practice_rounds
        if answers and 100 * sum(answers) >= self.model.pass_mark * len(answers):
            labeler.state = "working"
        elif rounds == labeler.rounds:
            assert rounds == practising.MOST_ROUNDS or not any(self.model.may_check(item, labeler.pk, "practice") for item in self.model.items)
            labeler.state = "paused" if answers else "working"
        assert rounds - labeler.rounds == (labeler.state == "practising")
        labeler.rounds = rounds

    @rule(target=submissions, number=labelers, preference=preferences)
    def label_next(self, number: int, preference: int) -> Any:
        found = self.next_for(number)
        return (self.submit(found, preference) if found else None) or multiple()

    @rule(number=labelers)
    def acknowledge(self, number: int) -> None:
        """Read what changed in the rubric."""
        user, labeler = self.world.labelers[number], self.model.labelers[self.world.labelers[number].pk]
        stored = acknowledging.acknowledge(self.fresh(), user, number=self.model.version, at=self.at)
        assert bool(stored) is bool(labeler.state and labeler.read != self.model.version)
        labeler.read = self.model.version if labeler.state else 0
        with pytest.raises(acknowledging.NotCurrent):
            acknowledging.acknowledge(self.fresh(), user, number=3 - self.model.version, at=self.at)

    @rule(said=st.sampled_from([(-2, 2, -1, 3), (1, 1, 3, 1), (0, -3, 0, 2)]), times=st.integers(1, 2))
    def label_in_turn(self, said: tuple[int, ...], times: int) -> None:
        for number, preference in list(enumerate(said)) * times:
            self.label_next(number, preference)

    @rule(target=submissions, assignment=assignments, preference=preferences)
    def submit_sometime(self, assignment: Assignment, preference: int) -> Any:
        """In time or late; also a second answer to the same assignment."""
        return self.submit(assignment, preference) or multiple()

    def submit(self, assignment: Assignment, preference: int) -> Sent | None:
        """None: there is something to read first."""
        self.catch_up()
        key, labeler, version = uuid.uuid4(), assignment.labeler_id, assignment.rubric_version.number
        own = self.model.known(assignment.slot_id)
        if self.model.is_handed_over(own, labeler, version):
            with pytest.raises(submitting.NotAcknowledged):
                self.send(assignment, preference, key)
            return None
        place = self.model.place_for(own, assignment.key, labeler, version)
        label = self.send(assignment, preference, key)
        assert label.slot_id == (place.pk if place else None)
        assert (label.preference, label.left_was_a) == (preference, assignment.left_is_a)
        assert (label.pair_id, label.labeler_id, label.verdict) == (assignment.pair_id, labeler, side_of(preference))
        assert label.rubric_version_id == assignment.rubric_version_id
        self.model.answer(assignment.pair_id, place, labeler, Entry(label.pk, preference), left_was_a=assignment.left_is_a)
        self.answered.add(assignment.key)
        return key, assignment, label

    @rule(sent=submissions, assignment=assignments, preference=preferences)
    def submit_under_a_used_key(self, sent: Sent, assignment: Assignment, preference: int) -> None:
        key, answered, label = sent
        assert self.send(answered, preference, key) == label
        if (answered.labeler_id, answered.pair_id) == (assignment.labeler_id, assignment.pair_id):
            assert self.send(assignment, preference, key) == label
        else:
            with pytest.raises(submitting.NotYours):
                self.send(assignment, preference, key)

    @rule(sent=submissions, preference=preferences)
    def think_again(self, sent: Sent, preference: int) -> None:
        *_, label = sent
        place, said = self.where(label)
        pair = self.model.pairs[label.pair_id]
        is_head = said[-1].pk == label.pk
        is_decided = place is not None and place.counts and (pair.is_gold or self.model.standing(pair) in DECIDED)
        key = uuid.uuid4()
        if not is_head or is_decided:
            with pytest.raises(revising.NotPossible):
                revising.supersede(label=label, preference=preference, submission_key=key, at=self.at)
            return
        later = revising.supersede(label=label, preference=preference, submission_key=key, at=self.at)
        assert revising.supersede(label=label, preference=-preference, submission_key=key, at=self.at) == later
        said.append(Entry(later.pk, preference))
        if place is not None and place.counts:
            self.model.conclude(pair)

    def where(self, label: Label) -> tuple[Place | None, list[Entry]]:
        """The place of a label, and what is in it; or the surplus that it is."""
        places = [(place, place.said) for place in self.model.places if any(entry.pk == label.pk for entry in place.said)]
        return places[0] if places else next((None, said) for *_, said in self.model.surplus if any(entry.pk == label.pk for entry in said))

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
            self.skips[assignment.key] = skipped.pk
            self.note_skip(self.model.known(assignment.slot_id), assignment)

    def note_skip(self, place: Place, assignment: Assignment) -> None:
        self.model.pairs[assignment.pair_id].skipped_by.add(assignment.labeler_id)
        place.was_skipped = True
        if self.holds(place, assignment):
            place.free()
            place.reserved_for, place.is_closed = (None, False) if place.counts else (place.reserved_for, True)
        self.note_release(one for one in self.model.places if one.pair == place.pair and one.is_free and one.reserved_for == assignment.labeler_id)

    @rule(assignment=assignments)
    def park(self, assignment: Assignment) -> None:
        parked = assigning.park(assignment=assignment, at=self.at)
        if assignment.key in self.parkings:
            assert parked is not None
            assert parked.pk == self.parkings[assignment.key]
        elif assignment.key in self.answered or assignment.key in self.skips:
            assert parked is None
        else:
            assert parked is not None
            self.parkings[assignment.key] = parked.pk
            place = self.model.known(assignment.slot_id)
            self.model.pairs[assignment.pair_id].parked_by[assignment.labeler_id] = self.at
            if self.holds(place, assignment):
                place.free()

    def holds(self, place: Place, assignment: Assignment) -> bool:
        is_handed_over = self.model.is_handed_over(place, assignment.labeler_id, assignment.rubric_version.number)
        return place.lease == assignment.key or is_handed_over

    # ---- time ------------------------------------------------------------------------------------------------------

    @rule(minutes=minutes)
    def wait(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)

    @rule(minutes=minutes)
    def sweep(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)
        over = [place for place in self.model.places if place.ends is not None and place.ends < self.at]
        assert assigning.return_expired(at=self.at) == len(over)
        for place in over:
            place.free()
        stranded = [place for place in self.model.places if place.is_free and place.reserved_for and self.is_stranded(place, place.reserved_for)]
        assert releasing.release_stranded(at=self.at) == len(stranded)
        self.note_release(stranded)

    def is_stranded(self, place: Place, labeler: int) -> bool:
        """Whether it is kept for somebody who cannot take it any more."""
        return labeler in self.closed or (place.counts and any(other.holder == labeler for other in self.model.of(place.pair)))

    @rule(target=submissions, assignment=assignments, preference=preferences)
    def answer_in_an_old_window(self, assignment: Assignment, preference: int) -> Any:
        """The pair was gone by then; perhaps the same one has come again, under another key."""
        self.sweep(31)
        self.next_for(self.number_of(assignment.labeler_id))
        return self.submit(assignment, preference) or multiple()

    def send(self, assignment: Assignment, preference: int, key: UUID) -> Label:
        return submitting.submit_label(assignment=assignment, preference=preference, submission_key=key, at=self.at)
