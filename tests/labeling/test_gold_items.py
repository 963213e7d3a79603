"""What a researcher knows of a pair becomes gold: made, promoted, revised, retired."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from accounts.models import User
from exports.rows import candidates
from labeling import assigning, campaigning, goldkeeping, history, settling, submitting
from labeling.campaigns import NotPossible
from labeling.models import Campaign, CampaignEvent, GoldItem, Pair, Slot
from tests.builders import NOW, make_campaign, make_label, make_pair, make_prompt, make_slot
from tests.exports.settled import adjudicate, settled_pair

SAID: dict[str, Any] = {"why": "Only A answers.", "actor": None, "at": NOW}


def promote(pair: Pair, **fields: Any) -> GoldItem:
    return goldkeeping.promote(pair=pair, **SAID | fields)


def events() -> list[str]:
    return [history.in_words(event) for event in CampaignEvent.objects.order_by("pk")]


# ---- promoted ------------------------------------------------------------------------------------------------------


def test_it_works(campaign: Campaign, lena: User, otto: User, rosa: User) -> None:
    pair = settled_pair(campaign, (lena, otto), external_id="t-9")
    item = promote(pair, actor=rosa, allowed_use="check", difficulty="hard", refresh_on=date(2027, 1, 1))
    assert (item.pair, item.version, item.verdict, item.why) == (pair, 1, "a", "Only A answers.")
    assert (item.allowed_use, item.difficulty, item.refresh_on, item.added_by, item.added_at) == ("check", "hard", date(2027, 1, 1), rosa, NOW)
    assert events() == ["promoted t-9 to a gold item, with the verdict it was settled with"]


def test_an_adjudicated_pair_is_promoted_with_its_ruling(campaign: Campaign, lena: User, otto: User, ada: User) -> None:
    pair = settled_pair(campaign, (lena, otto), (-3, 3))
    adjudicate(pair, ada, "b", 2)
    assert promote(pair).verdict == "b"


def waiting(campaign: Campaign, *people: User) -> Pair:
    return make_pair(campaign)


def contested(campaign: Campaign, *people: User) -> Pair:
    return settled_pair(campaign, people, (-1, 1))


def without_answer(campaign: Campaign, *people: User) -> Pair:
    pair = contested(campaign, *people)
    adjudicate(pair, User.objects.get(username="ada"), None)
    return pair


def withdrawn(campaign: Campaign, *people: User) -> Pair:
    pair = settled_pair(campaign, people)
    Pair.objects.filter(pk=pair.pk).update(withdrawn_at=NOW, standing="withdrawn", verdict=None, margin=None)
    return pair


def gold_already(campaign: Campaign, *people: User) -> Pair:
    pair = settled_pair(campaign, people)
    promote(pair)
    return pair


def archived(campaign: Campaign, *people: User) -> Pair:
    pair = settled_pair(campaign, people)
    Campaign.objects.filter(pk=campaign.pk).update(state="archived")
    return pair


def equal(campaign: Campaign, *people: User) -> Pair:
    return settled_pair(campaign, people, trouble="equal")


@pytest.mark.parametrize(
    ("of", "reason"),
    [
        (waiting, "waiting: only a settled pair"),
        (contested, "contested: only a settled pair"),
        (without_answer, "no right answer"),
        (withdrawn, "withdrawn: only a settled pair"),
        (gold_already, "a gold item already"),
        (archived, "archived"),
        (equal, "nothing to judge"),
    ],
)
def test_what_cannot_be_promoted_is_refused_with_a_reason(campaign: Campaign, lena: User, otto: User, ada: User, of: Callable[..., Pair], reason: str) -> None:
    pair = of(campaign, lena, otto)
    before = GoldItem.objects.count()
    with pytest.raises(NotPossible, match=reason):
        promote(pair)
    assert GoldItem.objects.count() == before


def test_open_places_of_what_is_promoted_close_with_nobody_in_them(campaign: Campaign, lena: User, otto: User, ada: User) -> None:
    """A pair that was adjudicated while a third place was open, and is on a screen."""
    pair = settled_pair(campaign, (lena, otto), (-1, 1))
    adjudicate(pair, ada, "a", -1)
    make_slot(pair, kind="escalation", ordinal=9)
    other = make_pair(campaign, slots=1)
    held = assigning.next_for(campaign, User.objects.create(username="nora"), at=NOW)
    assert held is not None
    assert held.pair == pair
    promote(pair)
    assert not Slot.objects.open().filter(pair=pair).exists()
    assert Slot.objects.open().filter(pair=other).count() == 1
    late = submitting.submit_label(assignment=held, preference=3, submission_key=uuid.uuid4(), at=NOW)
    assert late.is_surplus
    assert Pair.objects.get(pk=pair.pk).verdict == "a"
    assert list(settling.differences()) == []


def test_what_is_gold_is_asked_as_work_no_more_when_k_is_raised(campaign: Campaign, lena: User, otto: User) -> None:
    pair = make_pair(campaign)
    goldkeeping.make_gold(pair=pair, verdict="b", **SAID)
    campaigning.change_overlap(campaign=campaign, overlap=3, actor=None, at=NOW)
    assert not Slot.objects.open().exists()


# ---- made ----------------------------------------------------------------------------------------------------------


def test_a_pair_whose_verdict_is_known_from_elsewhere_is_made_gold(campaign: Campaign, lena: User) -> None:
    pair = make_pair(campaign)
    item = goldkeeping.make_gold(pair=pair, verdict="tie", **SAID)
    assert item.verdict == "tie"
    assert not Slot.objects.open().exists()
    assert assigning.next_for(campaign, lena, at=NOW) is None
    assert events() == [f"made pair {pair.pk} a gold item"]


def test_a_pair_that_people_are_labeling_is_left_to_them(campaign: Campaign, lena: User, otto: User) -> None:
    half = make_pair(campaign)
    make_label(half, lena)
    with pytest.raises(NotPossible, match="are labeling"):
        goldkeeping.make_gold(pair=half, verdict="a", **SAID)
    with pytest.raises(NotPossible, match="disagree"):
        goldkeeping.make_gold(pair=contested(campaign, lena, otto), verdict="a", **SAID)


# ---- revised and retired -------------------------------------------------------------------------------------------


@pytest.fixture
def item(campaign: Campaign, lena: User, otto: User) -> GoldItem:
    """Promoted, with checks planned for lena: one to come, one on the screen, one answered."""
    item = promote(settled_pair(campaign, (lena, otto), external_id="t-1"))
    for rank in (0, 1, 2):
        make_slot(item.pair, kind="gold", gold_item=item, reserved_for=ada_of(), rank=rank)
    answered = assigning.next_for(campaign, ada_of(), at=NOW)
    assert answered is not None
    submitting.submit_label(assignment=answered, preference=-1, submission_key=uuid.uuid4(), at=NOW)
    assert assigning.next_for(campaign, ada_of(), at=NOW) is not None
    return item


def ada_of() -> User:
    """She labels, too."""
    return User.objects.get(username="ada")


def test_a_revision_is_the_next_version_and_retires_the_one_before(item: GoldItem, rosa: User) -> None:
    later = goldkeeping.revise(item=item, verdict="tie", why="Both do.", actor=rosa, at=NOW)
    item.refresh_from_db()
    assert (item.verdict, item.retired_at) == ("a", NOW)
    assert (later.version, later.verdict, later.why, later.allowed_use) == (2, "tie", "Both do.", "both")
    assert list(GoldItem.objects.in_use()) == [later]
    assert events()[-1] == "revised the gold item t-1: version 2"


def test_checks_that_are_open_close_with_the_version_they_ask_about(item: GoldItem) -> None:
    goldkeeping.revise(item=item, verdict="b", actor=None, at=NOW)
    checks = Slot.objects.filter(kind="gold").order_by("rank")
    assert [(check.closed_at is not None, check.labeler_id is not None) for check in checks] == [(True, True), (True, False), (True, False)]


def test_retired_gold_checks_nobody(item: GoldItem) -> None:
    goldkeeping.retire(item=item, actor=None, at=NOW)
    assert not Slot.objects.open().exists()
    assert not GoldItem.objects.in_use().exists()
    assert events()[-1] == "retired the gold item t-1, version 1"


def test_what_is_not_in_use_is_neither_revised_nor_retired(item: GoldItem) -> None:
    goldkeeping.retire(item=item, actor=None, at=NOW)
    with pytest.raises(NotPossible, match="Version 1 is not in use"):
        goldkeeping.revise(item=item, verdict="b", actor=None, at=NOW)
    with pytest.raises(NotPossible, match="Version 1 is not in use"):
        goldkeeping.retire(item=item, actor=None, at=NOW)


def test_a_revision_that_changes_nothing_is_none(item: GoldItem) -> None:
    with pytest.raises(NotPossible, match="just that"):
        goldkeeping.revise(item=item, verdict="a", why="Only A answers.", actor=None, at=NOW)


def test_what_was_retired_may_become_gold_again(item: GoldItem) -> None:
    goldkeeping.retire(item=item, actor=None, at=NOW)
    assert promote(item.pair).version == 2


def test_what_a_version_says_never_changes(item: GoldItem) -> None:
    for changed in ({"verdict": "b"}, {"why": "Other."}, {"allowed_use": "check"}, {"difficulty": "hard"}, {"refresh_on": date(2030, 1, 1)}):
        with pytest.raises(DatabaseError), transaction.atomic():
            GoldItem.objects.filter(pk=item.pk).update(**changed)
    GoldItem.objects.filter(pk=item.pk).update(retired_at=NOW)


# ---- never a row that trains ---------------------------------------------------------------------------------------


def test_a_promoted_pair_and_its_family_leave_the_rows_of_the_next_version(campaign: Campaign, lena: User, otto: User) -> None:
    stays = settled_pair(campaign, (lena, otto))
    pair = settled_pair(campaign, (lena, otto), prompt=make_prompt("What is a knot?"))
    elsewhere = make_campaign()
    kin = [settled_pair(where, (lena, otto), prompt=make_prompt("what is a  KNOT")) for where in (campaign, elsewhere)]
    assert {row.pair for row in candidates([campaign, elsewhere]).rows} == {stays.pk, pair.pk, *(one.pk for one in kin)}
    item = promote(pair)
    found = candidates([campaign, elsewhere])
    assert [row.pair for row in found.rows] == [stays.pk]
    assert found.left_out == {"gold": 1, "gold_family": 2}
    goldkeeping.retire(item=item, actor=None, at=NOW)
    assert candidates([campaign, elsewhere]) == found
