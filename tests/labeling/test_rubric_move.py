"""A campaign moves to another version of its rubric: what becomes of pairs, places, checks and screens, and who reads what before they go on."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from accounts.models import User
from labeling import (
    acknowledging,
    assigning,
    campaigning,
    drafting,
    gold_items,
    goldkeeping,
    previews,
    progress,
    reopening,
    retraction,
    settling,
    submitting,
    withdrawing,
)
from labeling.campaigns import NotPossible
from labeling.models import Acknowledgement, Assignment, Campaign, CampaignEvent, Enrolment, GoldItem, Label, Pair, RubricVersion, Slot
from tests.builders import NOW, acknowledge, make_campaign, make_label, make_pair, make_rubric_version, make_user


@pytest.fixture
def campaign(lena: User, otto: User) -> Campaign:
    """Three pairs, k = 2; its rubric has a second version."""
    campaign = make_campaign("evening", labelers=(lena, otto), rubric_version=make_rubric_version(body="Be right."))
    make_rubric_version(rubric=campaign.rubric_version.rubric, body="Be right.\n\nBe short.")
    for _ in range(3):
        make_pair(campaign)
    return campaign


def move(campaign: Campaign, number: int = 2, *, begun: str = "anew", gold: str = "keep") -> Campaign:
    """Move, and return the campaign as the next request reads it."""
    said = {"rubric_version": number, "begun": begun, "gold": gold}
    return campaigning.change(campaign=Campaign.objects.get(pk=campaign.pk), said=said, actor=None, at=NOW)


def version(campaign: Campaign, number: int) -> RubricVersion:
    return RubricVersion.objects.get(rubric=campaign.rubric_version.rubric_id, number=number)


def ask(campaign: Campaign, labeler: User) -> Assignment | None:
    return assigning.next_for(campaign, labeler, at=NOW)


def leased(campaign: Campaign, labeler: User) -> Assignment:
    found = ask(campaign, labeler)
    assert found is not None
    return found


def send(assignment: Assignment, preference: int = -1) -> Label:
    return submitting.submit_label(assignment=assignment, preference=preference, submission_key=uuid.uuid4(), at=NOW)


def read(campaign: Campaign, labeler: User, number: int = 2) -> Acknowledgement | None:
    return acknowledging.acknowledge(campaign, labeler, number=number, at=NOW)


def check(campaign: Campaign) -> None:
    assert list(settling.differences()) == []
    bare = Label.objects.exclude(source="imported").exclude(is_retraction=True)
    read_by = set(Acknowledgement.objects.values_list("labeler", "rubric_version"))
    assert {(label.labeler_id, label.rubric_version_id) for label in bare} <= read_by
    mixed = Slot.objects.open().filter(campaign=campaign).exclude(rubric_version=Campaign.objects.get(pk=campaign.pk).rubric_version)
    assert not mixed.exists()


# ---- before the next pair ------------------------------------------------------------------------------------------


def test_it_works(campaign: Campaign, lena: User) -> None:
    send(leased(campaign, lena))
    campaign = move(campaign)
    assert ask(campaign, lena) is None
    unread = acknowledging.unread(campaign, lena)
    assert unread
    assert (unread.old.number, unread.new.number) == (1, 2)
    assert read(campaign, lena)
    assert leased(campaign, lena).rubric_version == version(campaign, 2)
    assert acknowledging.unread(campaign, lena) is None
    check(campaign)


def test_who_comes_in_has_acknowledged_what_they_come_in_under(campaign: Campaign, lena: User, otto: User) -> None:
    leased(campaign, lena)
    campaign = move(campaign)
    leased(campaign, otto)
    said = Acknowledgement.objects.order_by("pk").values_list("labeler__username", "rubric_version__number", "how")
    assert list(said) == [("lena", 1, "entered"), ("otto", 2, "entered")]


def test_twice_is_once_and_another_version_is_not_taken(campaign: Campaign, lena: User) -> None:
    leased(campaign, lena)
    campaign = move(campaign)
    with pytest.raises(acknowledging.NotCurrent):
        read(campaign, lena, 1)
    assert read(campaign, lena)
    assert read(campaign, lena) is None
    assert Acknowledgement.objects.filter(how="read").count() == 1


def test_who_has_not_begun_has_nothing_to_acknowledge(campaign: Campaign, lena: User) -> None:
    campaign = move(campaign)
    assert acknowledging.unread(campaign, lena) is None
    assert read(campaign, lena) is None


def test_of_two_moves_what_was_last_read_is_compared(campaign: Campaign, lena: User) -> None:
    make_rubric_version(rubric=campaign.rubric_version.rubric, body="Be right.\n\nBe kind.")
    leased(campaign, lena)
    campaign = move(move(campaign), 3)
    unread = acknowledging.unread(campaign, lena)
    assert unread
    assert (unread.old.number, unread.new.number) == (1, 3)


def test_it_is_only_added_to(campaign: Campaign, lena: User) -> None:
    leased(campaign, lena)
    with pytest.raises(DatabaseError, match="only ever added to"), transaction.atomic():
        Acknowledgement.objects.update(at=NOW, how="read")


def test_a_request_that_read_the_campaign_before_the_move_gets_nothing_of_the_new_version(campaign: Campaign, lena: User) -> None:
    send(leased(campaign, lena))
    move(campaign)
    assert ask(campaign, lena) is None  # `campaign` is as it was
    assert not Slot.objects.held().exists()


# ---- what is on a screen -------------------------------------------------------------------------------------------


def test_a_pair_on_the_screen_waits_until_its_labeler_has_read_what_changed(campaign: Campaign, lena: User) -> None:
    before = leased(campaign, lena)
    drafting.save(assignment=before, said={"choice": "2", "rationale": "so"}, at=NOW)
    campaign = move(campaign)
    with pytest.raises(submitting.NotAcknowledged):
        send(before)
    assert not Label.objects.exists()
    assert ask(campaign, lena) is None
    read(campaign, lena)
    again = leased(campaign, lena)
    assert (again.pair_id, again.slot_id, again.left_is_a, again.leased_at) == (before.pair_id, before.slot_id, before.left_is_a, before.leased_at)
    assert drafting.draft_of(again.key) == {"choice": "2", "rationale": "so"}
    with pytest.raises(submitting.NotAcknowledged):
        send(before)
    assert send(again).rubric_version == version(campaign, 2)
    check(campaign)


def test_a_label_by_a_key_of_before_is_still_that_label(campaign: Campaign, lena: User) -> None:
    assignment, key = leased(campaign, lena), uuid.uuid4()
    stored = submitting.submit_label(assignment=assignment, preference=1, submission_key=key, at=NOW)
    move(campaign)
    assert submitting.submit_label(assignment=assignment, preference=-1, submission_key=key, at=NOW) == stored


def test_a_late_label_is_kept_though_its_place_is_gone(campaign: Campaign, lena: User) -> None:
    late = leased(campaign, lena)
    assigning.return_expired(at=NOW.replace(hour=14))
    move(campaign)
    stored = send(late)
    assert (stored.is_surplus, stored.rubric_version.number) == (True, 1)
    check(campaign)


@pytest.mark.parametrize("act", ["skip", "park"])
def test_a_pair_on_the_screen_may_be_given_back_from_the_page_of_before(campaign: Campaign, lena: User, act: str) -> None:
    before = leased(campaign, lena)
    move(campaign)
    if act == "skip":
        assigning.skip(assignment=before, reason="broken", note="", at=NOW)
    else:
        assigning.park(assignment=before, at=NOW)
    assert not Slot.objects.held().exists()


def test_what_was_decided_before_the_move_is_not_reopened(campaign: Campaign, lena: User) -> None:
    before = leased(campaign, lena)
    send(before)
    campaign = move(campaign)
    assert reopening.recent(campaign, lena, at=NOW) == []
    with pytest.raises(reopening.NotPossible):
        reopening.reopen(assignment=before, campaign=campaign, at=NOW)


def test_no_label_is_stored_under_a_version_that_its_labeler_has_not_acknowledged(campaign: Campaign, lena: User) -> None:
    """Not even where somebody had made an assignment of it."""
    place = Slot.objects.free()[0]
    said = {"pair_id": place.pair_id, "labeler": lena, "rubric_version": version(campaign, 2), "left_is_a": True, "leased_at": NOW}
    assignment = Assignment.objects.create(slot=place, **said)
    Slot.objects.filter(pk=place.pk).update(labeler=lena, lease=assignment.key, lease_ends_at=NOW, rubric_version=version(campaign, 2))
    with pytest.raises(submitting.NotAcknowledged):
        send(assignment)
    acknowledge(campaign, lena, version(campaign, 2))
    assert send(assignment)


# ---- pairs ---------------------------------------------------------------------------------------------------------


def test_fresh_pairs_go_over_with_their_places(campaign: Campaign) -> None:
    places = set(Slot.objects.values_list("pk", "rank"))
    move(campaign)
    assert set(Slot.objects.free().values_list("pk", "rank")) == places
    assert set(Pair.objects.values_list("rubric_version__number", flat=True)) == {2}
    check(campaign)


def test_begun_pairs_are_asked_anew(campaign: Campaign, lena: User, otto: User) -> None:
    label = send(leased(campaign, lena), -2)
    campaign = move(campaign, begun="anew")
    assert not Label.objects.counting().exists()
    assert Slot.objects.free().filter(pair=label.pair).count() == 2
    read(campaign, lena)
    again = send(leased(campaign, lena), 2)
    assert (again.pair, again.rubric_version.number) == (label.pair, 2)
    send(leased(campaign, otto), 2)
    pair = Pair.objects.get(pk=label.pair_id)
    assert (pair.standing, pair.verdict, pair.margin) == ("agreed", "b", 2)
    check(campaign)


def test_begun_pairs_are_settled_by_the_labels_that_are_in(campaign: Campaign, lena: User, otto: User) -> None:
    label, late = send(leased(campaign, lena), -2), leased(campaign, otto)
    assert late.pair_id == label.pair_id
    move(campaign, begun="settle")
    pair = Pair.objects.get(pk=label.pair_id)
    assert (pair.standing, pair.verdict, pair.rubric_version.number) == ("agreed", "a", 1)
    assert send(late).is_surplus
    assert Counter(Pair.objects.values_list("rubric_version__number", flat=True)) == {1: 1, 2: 2}
    check(campaign)


@pytest.mark.parametrize(("begun", "stands"), [("anew", ("waiting", 2)), ("settle", ("contested", 1))])
def test_contested_pairs(campaign: Campaign, lena: User, otto: User, begun: str, stands: tuple[str, int]) -> None:
    label = send(leased(campaign, lena), -2)
    send(leased(campaign, otto), 2)
    move(campaign, begun=begun)
    pair = Pair.objects.get(pk=label.pair_id)
    assert (pair.standing, pair.rubric_version.number) == stands
    check(campaign)


def test_settled_pairs_are_untouched(campaign: Campaign, lena: User, otto: User) -> None:
    label = send(leased(campaign, lena), -2)
    send(leased(campaign, otto), -2)
    before = Pair.objects.values().get(pk=label.pair_id)
    move(campaign)
    assert Pair.objects.values().get(pk=label.pair_id) == before
    check(campaign)


def test_an_open_escalation_is_a_usual_place_of_the_pair_that_is_asked_anew(campaign: Campaign, lena: User, otto: User) -> None:
    Campaign.objects.update(escalation_bound=1)
    label = send(leased(campaign, lena), -2)
    send(leased(campaign, otto), 2)
    assert Slot.objects.free().filter(pair=label.pair, kind="escalation").count() == 1
    move(campaign)
    assert Counter(Slot.objects.free().filter(pair=label.pair).values_list("kind", flat=True)) == {"work": 2}
    check(campaign)


def test_back_again_what_was_said_then_counts_again(campaign: Campaign, lena: User) -> None:
    label = send(leased(campaign, lena), -2)
    campaign = move(move(campaign), 1)
    assert list(Label.objects.counting()) == [label]
    assert Slot.objects.free().filter(pair=label.pair).count() == 1
    check(campaign)


def test_who_had_a_pair_before_is_not_given_it_twice_when_it_goes_back(campaign: Campaign, lena: User) -> None:
    label = send(leased(campaign, lena), -2)
    campaign = move(campaign)
    read(campaign, lena)
    assert leased(campaign, lena).pair_id == label.pair_id
    campaign = move(campaign, 1)
    assert not Slot.objects.held().exists()
    check(campaign)


def test_a_label_taken_back_from_a_pair_of_before_leaves_the_others(campaign: Campaign, lena: User, otto: User) -> None:
    first, second = send(leased(campaign, lena), -2), send(leased(campaign, otto), -2)
    campaign = move(campaign)
    for label, stands in ((first, ("agreed", 1, 0)), (second, ("waiting", 2, 2))):
        retraction.retract([label], campaign=campaign, actor=None, why="slip", submission_key=uuid.uuid4(), at=NOW)
        pair = Pair.objects.get(pk=label.pair_id)
        assert (pair.standing, pair.rubric_version.number, Slot.objects.free().filter(pair=pair).count()) == stands
        check(campaign)


def test_a_withdrawn_pair_comes_back_under_the_new_version(campaign: Campaign) -> None:
    pair = Pair.objects.all()[0]
    withdrawing.withdraw(campaign=campaign, pair=pair, reason="a look", actor=None, at=NOW)
    campaign = move(campaign)
    withdrawing.bring_back(campaign=campaign, pair=pair, actor=None, at=NOW)
    pair.refresh_from_db()
    assert (pair.rubric_version.number, Slot.objects.free().filter(pair=pair).count()) == (2, 2)
    check(campaign)


def test_figures_of_agreement_say_over_which_versions_they_are(campaign: Campaign, lena: User, otto: User) -> None:
    for labeler in (lena, otto):
        send(leased(campaign, labeler))
    campaign = move(campaign)
    for labeler in (lena, otto):
        read(campaign, labeler)
        send(leased(campaign, labeler), 1)
    found = progress.agreement_of(campaign)
    assert (found.pairs, found.rubric_versions) == (2, [1, 2])


def test_labelers_start_over_since_they_may_have_what_they_had(campaign: Campaign) -> None:
    epoch = campaign.rank_epoch
    assert move(campaign).rank_epoch == epoch + 1


# ---- checks --------------------------------------------------------------------------------------------------------


def make_gold(campaign: Campaign) -> GoldItem:
    pair = make_pair(campaign, slots=0)
    return GoldItem.objects.create(pair=pair, verdict="a", why="It is clear.", added_at=NOW)


def gold_place(item: GoldItem, labeler: User, *, kind: str = "gold", rank: int = 0) -> Slot:
    said = {"campaign": item.pair.campaign, "pair": item.pair, "rubric_version": item.pair.rubric_version, "left_is_a": True}
    return Slot.objects.create(kind=kind, reserved_for=labeler, rank=rank, gold_item=item, **said)


@pytest.mark.parametrize(("gold", "due", "in_use"), [("keep", 0, 1), ("refresh", 1, 1), ("retire", 0, 0)])
def test_gold_is_kept_looked_at_or_retired(campaign: Campaign, lena: User, gold: str, due: int, in_use: int) -> None:
    item = make_gold(campaign)
    gold_place(item, lena)
    move(campaign, gold=gold)
    assert GoldItem.objects.due_for_refresh(on=NOW.date()).count() == due
    assert GoldItem.objects.in_use().count() == in_use
    assert Slot.objects.free().filter(kind="gold").count() == in_use
    check(campaign)


def test_gold_that_is_due_is_said_again_in_the_same_words(campaign: Campaign) -> None:
    item = make_gold(campaign)
    with pytest.raises(NotPossible):
        goldkeeping.revise(item=item, actor=None, at=NOW)
    move(campaign, gold="refresh")
    assert [said.is_due for said in gold_items.described(list(gold_items.in_use(campaign)), on=NOW.date())] == [True]
    again = goldkeeping.revise(item=item, actor=None, at=NOW)
    assert (again.version, again.verdict) == (2, "a")
    assert [said.is_due for said in gold_items.described(list(gold_items.in_use(campaign)), on=NOW.date())] == [False]


@pytest.mark.parametrize("gold", ["keep", "refresh", "retire"])
def test_gold_on_a_screen_stays_there_as_work_does(campaign: Campaign, lena: User, gold: str) -> None:
    gold_place(make_gold(campaign), lena)
    before = leased(campaign, lena)
    campaign = move(campaign, gold=gold)
    read(campaign, lena)
    again = leased(campaign, lena)
    assert (again.pair_id, again.slot_id) == (before.pair_id, before.slot_id)
    stored = send(again)
    assert stored.slot
    assert (stored.slot.kind, stored.slot.gold_item_id is None) == ("gold", gold == "retire")
    check(campaign)


def test_no_repeat_holds_a_label_against_one_of_another_version(campaign: Campaign, lena: User) -> None:
    label = send(leased(campaign, lena))
    said = {"campaign": campaign, "pair": label.pair, "rubric_version": label.rubric_version, "kind": "repeat", "reserved_for": lena, "left_is_a": True}
    Slot.objects.create(rank=1, **said)
    held = leased(campaign, lena)
    Slot.objects.create(rank=9, **said)
    assert held.slot.kind == "repeat"
    campaign = move(campaign)
    assert not Slot.objects.free().filter(kind="repeat").exists()
    read(campaign, lena)
    again = send(leased(campaign, lena))
    assert again.slot
    assert (again.slot.kind, again.rubric_version.number) == ("repeat", 2)
    check(campaign)


def test_practice_ends_with_its_items(campaign: Campaign, lena: User) -> None:
    Campaign.objects.update(practice_items=1)
    make_gold(campaign)
    campaign = Campaign.objects.get(pk=campaign.pk)
    assert leased(campaign, lena).slot.kind == "practice"
    campaign = move(campaign, gold="retire")
    read(campaign, lena)
    assert leased(campaign, lena).slot.kind == "work"
    assert Enrolment.objects.get(labeler=lena).state == "working"


# ---- what is said, and refused -------------------------------------------------------------------------------------


def test_it_is_written_down(campaign: Campaign, lena: User) -> None:
    send(leased(campaign, lena))
    make_gold(campaign)
    move(campaign, begun="anew", gold="keep")
    moved, changed = CampaignEvent.objects.order_by("pk")
    assert (moved.kind, moved.detail) == ("rubric_moved", {"before": 1, "after": 2, "begun": "anew", "gold": "keep", "items": 1})
    done: dict[str, Any] = (changed.detail or {})["done"]
    assert (done["reworded"], done["anew"], done["uncounted"], done["opened"]) == (3, 1, 1, 1)


def test_a_preview_says_the_same_and_stores_nothing(campaign: Campaign, lena: User) -> None:
    send(leased(campaign, lena))
    leased(campaign, lena)
    said = {"rubric_version": 2, "begun": "anew", "gold": "keep"}
    found = previews.preview(campaign, said, actor=None, at=NOW)
    assert found.changes == {"rubric_version": [1, 2]}
    assert (found.done.reworded, found.done.anew, found.done.uncounted, found.done.opened, found.on_screens) == (3, 1, 1, 1, 1)
    assert "1 of these would be asked anew: 1 label would be kept, and counted no more." in found.sentences
    assert Campaign.objects.get().rubric_version.number == 1
    assert not Assignment.objects.filter(rubric_version__number=2).exists()


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"rubric_version": 7, "begun": "anew", "gold": "keep"}, "no version 7"),
        ({"rubric_version": 2, "gold": "keep"}, "pairs that are begun"),
        ({"rubric_version": 2, "begun": "anew"}, "gold items"),
    ],
)
def test_what_makes_no_sense_is_refused(campaign: Campaign, said: dict[str, Any], why: str) -> None:
    with pytest.raises(NotPossible, match=why):
        campaigning.change(campaign=campaign, said=said, actor=None, at=NOW)
    assert Campaign.objects.get().rubric_version.number == 1


def test_a_closed_campaign_stays_with_its_version(campaign: Campaign) -> None:
    Campaign.objects.update(state="closed")
    with pytest.raises(NotPossible, match="Open it again first"):
        move(campaign)


def test_imported_labels_are_of_nobody_who_reads(campaign: Campaign) -> None:
    pair = Pair.objects.all()[0]
    make_label(pair, make_user("elsewhere"), -1)
    move(campaign, begun="settle")
    assert Pair.objects.get(pk=pair.pk).standing == "agreed"
