"""People at the same moment: two windows of one labeler, the sweep, a researcher who changes k, an owner who closes accounts.

Real commits, each actor in a thread with a connection of its own.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from labeling import adjudicating, assigning, campaigning, inviting, settling, slotting, submitting
from labeling.models import Adjudication, AdjudicationTurn, Assignment, Campaign, Enrolment, EnrolmentEvent, Label, Pair, Skip, Slot, Verdict
from labeling.models.label import verdict_of
from labeling.settling import Settled
from tests.builders import NOW, make_campaign, make_pair, make_user
from tests.labeling.moments import at_once, while_uncommitted
from tests.labeling.places import check_places

pytestmark = pytest.mark.commits

LATE = NOW + timedelta(minutes=31)
LABELERS = 6
"""Fewer than the connections of the pool, with those who come beside them."""


@pytest.fixture
def labelers(committed_db: str) -> list[User]:
    return [make_user(f"labeler{number}") for number in range(LABELERS)]


def make_work(labelers: list[User], *, pairs: int, overlap: int, **fields: Any) -> Campaign:
    """A campaign whose labelers have been there before. (Those who ask for the first time wait for one another where they are enrolled.)"""
    campaign = make_campaign(overlap=overlap, labelers=tuple(labelers), **fields)
    slotting.make_slots([make_pair(campaign, slots=0) for _ in range(pairs)], campaign)
    for labeler in labelers:
        assigning.enrol(campaign, labeler, at=NOW)
    return campaign


def leased(campaign: Campaign, labeler: User) -> Assignment:
    assignment = assigning.next_for(campaign, labeler, at=NOW)
    assert assignment is not None
    return assignment


def asks(campaign: Campaign, labeler: User) -> Callable[[], Assignment | None]:
    return partial(assigning.next_for, campaign, labeler, at=NOW)


def submits(assignment: Assignment, preference: int = -1, *, key: uuid.UUID | None = None, late: bool = False) -> Callable[[], Label]:
    return partial(submitting.submit_label, assignment=assignment, preference=preference, submission_key=key or uuid.uuid4(), at=LATE if late else NOW)


def label_all(campaign: Campaign, labeler: User) -> int:
    """Label until nothing is left. Returns how many submissions were acknowledged."""
    sent = 0
    while assignment := assigning.next_for(campaign, labeler, at=NOW):
        submits(assignment, preference=(-2, 2, 0)[(labeler.pk + sent) % 3])()
        sent += 1
    return sent


# ---- two windows of one labeler ------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["finish", "spread"])
def test_windows_of_one_labeler_hold_no_two_places_at_a_pair(labelers: list[User], strategy: str) -> None:
    campaign = make_work(labelers, pairs=24, overlap=4, strategy=strategy)
    for labeler in labelers:
        found = at_once(*[asks(campaign, labeler)] * 4)
        held = Slot.objects.held().filter(labeler=labeler).values_list("lease", "pair")
        assert {(assignment.key, assignment.pair_id) for assignment in found} == set(held)
        assert len({pair for _, pair in held}) == len(held)
    check_places(campaign)


def test_a_reload_shows_one_pair_also_where_two_windows_hold_two(labelers: list[User]) -> None:
    campaign = make_work(labelers, pairs=3, overlap=2, strategy="spread")
    while_uncommitted(asks(campaign, labelers[0]), asks(campaign, labelers[0]))
    assert Slot.objects.held().count() == 2
    assert len({assigning.next_for(campaign, labelers[0], at=NOW + timedelta(minutes=minutes)) for minutes in range(1, 5)}) == 1


def test_windows_that_come_first_enrol_their_labeler_once(labelers: list[User]) -> None:
    campaign = make_work([], pairs=6, overlap=2)
    for labeler in labelers:
        assert None not in at_once(*[asks(campaign, labeler)] * 4)
    assert Enrolment.objects.filter(campaign=campaign).count() == EnrolmentEvent.objects.filter(campaign=campaign).count() == LABELERS
    check_places(campaign)


def test_a_submission_sent_from_four_windows_is_one_label(labelers: list[User]) -> None:
    campaign = make_work(labelers, pairs=1, overlap=LABELERS)
    for labeler in labelers:
        key, assignment = uuid.uuid4(), leased(campaign, labeler)
        assert len(set(at_once(*[submits(assignment, preference, key=key) for preference in (-3, -1, 1, 3)]))) == 1
    assert Label.objects.counting().count() == Label.objects.count() == LABELERS
    check_places(campaign)


def test_four_answers_to_one_assignment_count_once(labelers: list[User]) -> None:
    campaign = make_work(labelers, pairs=2, overlap=3)
    said = at_once(*[submits(leased(campaign, labelers[0]), preference) for preference in (-3, -1, 1, 3)])
    assert sorted(label.is_surplus for label in said) == [False, True, True, True]
    check_places(campaign)


def test_a_late_answer_and_a_newer_lease_are_one_place(labelers: list[User]) -> None:
    """One window answers what it had lost, while another asks for the next pair, which may be the same one."""
    campaign = make_work(labelers, pairs=1, overlap=2)
    for labeler in labelers[:2]:
        late = leased(campaign, labeler)
        assigning.return_expired(at=LATE)
        newer, label = while_uncommitted(asks(campaign, labeler), submits(late, late=True))
        assert newer.pair_id == late.pair_id
        assert not label.is_surplus
        check_places(campaign)


def test_an_answer_counts_though_its_pair_is_skipped_at_that_moment(labelers: list[User]) -> None:
    campaign = make_work(labelers, pairs=1, overlap=LABELERS)
    for labeler in labelers:
        assignment = leased(campaign, labeler)
        skipped, label = at_once(partial(assigning.skip, assignment=assignment, reason="broken", note="", at=NOW), submits(assignment))
        assert (skipped is not None) == Skip.objects.filter(assignment=assignment).exists()
        assert not label.is_surplus
    check_places(campaign)


# ---- the last places of a pair -------------------------------------------------------------------------------------


def test_the_last_labels_of_a_pair_settle_it(labelers: list[User]) -> None:
    campaign = make_work(labelers, pairs=3, overlap=LABELERS)
    for pair in Pair.objects.all():
        at_once(*[submits(leased(campaign, labeler)) for labeler in labelers])
        pair.refresh_from_db()
        assert (pair.standing, pair.verdict) == ("agreed", "a")
    check_places(campaign)


def test_without_the_pairs_lock_its_last_labels_leave_it_waiting(labelers: list[User], monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control of the test above: each of two sees the other's place as open still."""
    campaign = make_work(labelers, pairs=1, overlap=2)
    both_have_read, derive = Barrier(2), settling.derive

    def derive_together(pair: Pair) -> Settled:
        derived = derive(pair)
        both_have_read.wait(20)
        return derived

    monkeypatch.setattr(type(Pair.objects.all()), "lock", lambda pairs, pk: pairs.get(pk=pk))
    monkeypatch.setattr(settling, "derive", derive_together)
    at_once(*[submits(leased(campaign, labeler)) for labeler in labelers[:2]])
    assert Pair.objects.get().standing == "waiting"
    assert [difference.derived[0].standing for difference in settling.differences()] == ["agreed"]


def test_with_the_pairs_lock_two_never_settle_together(labelers: list[User], monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = make_work(labelers, pairs=1, overlap=2)
    never, derive = Barrier(2), settling.derive

    def derive_alone(pair: Pair) -> Settled:
        with pytest.raises(BrokenBarrierError):
            never.wait(0.3)
        return derive(pair)

    monkeypatch.setattr(settling, "derive", derive_alone)
    at_once(*[submits(leased(campaign, labeler)) for labeler in labelers[:2]])
    check_places(campaign)


def test_labels_that_come_in_while_standings_are_checked_are_no_difference(labelers: list[User]) -> None:
    campaign = make_work(labelers, pairs=2, overlap=1)
    changed, labeled = Pair.objects.order_by("pk")
    Pair.objects.filter(pk=changed.pk).update(standing="contested")
    found = settling.differences(chunk=1)
    assert next(found).pair_id == changed.pk
    submits(leased(campaign, labelers[0]))()  # of the first pair
    submits(leased(campaign, labelers[0]))()
    assert Pair.objects.get(pk=labeled.pk).standing == "agreed"
    assert list(found) == []


def test_two_verdicts_at_once_are_one_and_a_surplus(labelers: list[User]) -> None:
    campaign = make_work(labelers, pairs=2, overlap=2)
    for _ in range(2):
        for labeler, preference in zip(labelers, (-2, 2), strict=False):
            submits(leased(campaign, labeler), preference)()
        turns = [lapsing_turn_of(campaign, adjudicator) for adjudicator in labelers[2:4]]
        stored = at_once(*[rules(turn) for turn in turns])
        assert sorted(adjudication.is_surplus for adjudication in stored) == [False, True]
    check_places(campaign)


@pytest.mark.parametrize("is_kept", [True, False])
def test_two_adjudicators_at_once_get_two_pairs(labelers: list[User], is_kept: bool) -> None:
    """The second waits until the first has theirs for sure. Without the index both get the first pair."""
    campaign = make_work(labelers, pairs=2, overlap=2)
    for labeler, preference in [(labeler, preference) for _ in range(2) for labeler, preference in zip(labelers, (-2, 2), strict=False)]:
        submits(leased(campaign, labeler), preference)()
    if not is_kept:
        with connection.cursor() as cursor:
            cursor.execute("DROP INDEX pair_is_before_one_adjudicator")
    turns = while_uncommitted(*[partial(turn_of, campaign, adjudicator) for adjudicator in labelers[2:4]])
    assert len({turn.pair_id for turn in turns}) == (2 if is_kept else 1)


def test_one_key_for_verdicts_on_two_pairs_at_once_is_used_for_one(labelers: list[User], monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have seen that the key is new: the second waits for the first to be stored, and is told so."""
    campaign, key, both_have_looked = make_work(labelers, pairs=2, overlap=2), uuid.uuid4(), Barrier(2)
    for labeler, preference in [(labeler, preference) for _ in range(2) for labeler, preference in zip(labelers, (-2, 2), strict=False)]:
        submits(leased(campaign, labeler), preference)()
    turns = [turn_of(campaign, adjudicator) for adjudicator in labelers[2:4]]

    def verdict_of_both(preference: int) -> Verdict:
        both_have_looked.wait(20)
        return verdict_of(preference)

    monkeypatch.setattr(adjudicating, "verdict_of", verdict_of_both)
    assert sorted(at_once(*[partial(outcome, rules(turn, key=key)) for turn in turns])) == ["refused", "stored"]
    check_places(campaign)


def outcome(act: Callable[[], object]) -> str:
    try:
        act()
    except adjudicating.NotYours:
        return "refused"
    return "stored"


def lapsing_turn_of(campaign: Campaign, adjudicator: User) -> AdjudicationTurn:
    """A turn that lapses as soon as the next one is taken."""
    AdjudicationTurn.objects.update(lease_ends_at=NOW - timedelta(minutes=1))
    return turn_of(campaign, adjudicator)


def turn_of(campaign: Campaign, adjudicator: User) -> AdjudicationTurn:
    turn = adjudicating.next_for(campaign, adjudicator, at=NOW)
    assert turn is not None
    return turn


def rules(turn: AdjudicationTurn, *, key: uuid.UUID | None = None) -> Callable[[], Adjudication]:
    said: dict[str, Any] = {"preference": 1, "both_bad": False, "reason_class": "taste", "reason": "words"}
    return partial(adjudicating.adjudicate, turn=turn, submission_key=key or uuid.uuid4(), at=NOW, **said)


# ---- the sweep, k, and closed accounts -----------------------------------------------------------------------------


def test_the_sweep_takes_no_answer_away(labelers: list[User]) -> None:
    """Everybody answers late while the sweep frees their places: all count, since nobody else is there."""
    campaign = make_work(labelers, pairs=8, overlap=3)
    for _ in range(4):
        late = [leased(campaign, labeler) for labeler in labelers]
        *labels, _ = at_once(*[submits(assignment, late=True) for assignment in late], sweep)
        assert not [label for label in labels if label.is_surplus]
        check_places(campaign)


def test_the_sweep_gives_a_place_to_one_of_those_who_want_it(labelers: list[User]) -> None:
    """Some answer late while the sweep frees their places and others ask for pairs: an answer counts or is surplus, and no place is lost."""
    campaign = make_work(labelers, pairs=6, overlap=1)
    gone, there = labelers[:3], labelers[3:]
    late = [leased(campaign, labeler) for labeler in gone]
    *found, _ = at_once(*[submits(assignment, late=True) for assignment in late], *[asks(campaign, labeler) for labeler in there], sweep)
    check_places(campaign)
    assert Label.objects.count() == len(gone)
    assert len({assignment.pair_id for assignment in found[3:]}) == len(there)


def sweep() -> int:
    return assigning.return_expired(at=LATE)


def test_k_changes_while_everybody_labels(labelers: list[User]) -> None:
    campaign = make_work(labelers, pairs=10, overlap=3)
    *sent, _ = at_once(*[partial(label_all, campaign, labeler) for labeler in labelers], partial(change_k, campaign, 2, 4, 1, 3))
    assert Label.objects.count() == sum(sent)
    check_places(campaign)
    assert max(Counter(Label.objects.counting().values_list("pair", flat=True)).values()) <= 4
    for labeler in labelers:
        label_all(campaign, labeler)
    assert not Pair.objects.filter(standing="waiting").exists()
    check_places(campaign)


def test_while_k_goes_down_others_still_get_pairs(labelers: list[User]) -> None:
    campaign = make_work(labelers, pairs=4, overlap=3)
    _, found = while_uncommitted(partial(change_k, campaign, 2), asks(campaign, labelers[0]))
    assert found is not None
    check_places(campaign)


def change_k(campaign: Campaign, *overlaps: int) -> None:
    for overlap in overlaps:
        campaigning.change_overlap(campaign=campaign, overlap=overlap, actor=None, at=NOW)


def test_k_goes_down_under_the_hands_of_those_who_answer(labelers: list[User]) -> None:
    """Every place is on a screen: who answers before its place goes counts, the others are kept as surplus."""
    campaign = make_work(labelers, pairs=1, overlap=LABELERS)
    on_screens = [leased(campaign, labeler) for labeler in labelers]
    *labels, _ = at_once(*map(submits, on_screens), partial(change_k, campaign, 2))
    counted = sum(not label.is_surplus for label in labels)
    assert 2 <= counted <= LABELERS
    assert Label.objects.counting().count() == counted
    check_places(campaign)


def test_an_account_is_closed_while_its_answer_comes_in(labelers: list[User]) -> None:
    owner = make_user("olga", is_owner=True)
    campaign = make_work(labelers, pairs=3, overlap=3)
    for labeler in labelers:
        assignment = leased(campaign, labeler)
        label, closed = at_once(submits(assignment), closes(labeler, owner))
        assert closed
        assert not label.is_surplus
        assert not Slot.objects.held().filter(labeler=labeler).exists()
        check_places(campaign)


def closes(labeler: User, owner: User) -> Callable[[], bool]:
    return partial(inviting.close_account, user=labeler, actor=owner, at=NOW)


def test_the_sweep_k_and_closed_accounts_wait_for_each_other(labelers: list[User]) -> None:
    """Each of them writes many places at once. None is stopped by another (a deadlock would raise here)."""
    owner = make_user("olga", is_owner=True)
    for _ in range(4):
        campaign = make_work(labelers, pairs=12, overlap=4)
        for labeler in labelers:
            at_once(*[asks(campaign, labeler)] * 3)
        at_once(*[closes(labeler, owner) for labeler in labelers[:3]], sweep, sweep, partial(change_k, campaign, 1, 3))
        for labeler in labelers[:3]:
            assert inviting.reopen_account(user=labeler, actor=owner, at=NOW)
        check_places(campaign)
