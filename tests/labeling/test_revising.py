"""Labelers think again, and researchers take labels back."""

from __future__ import annotations

import uuid
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from accounts.models import User
from labeling import adjudicating, assigning, campaigning, revising, settling, submitting, withdrawing
from labeling.models import Campaign, CampaignEvent, GoldItem, Label, Pair, Role, Slot
from tests.builders import NOW, join, make_campaign, make_label, make_pair, make_slot, make_user
from tests.labeling.moments import at_once

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def mia(db: None) -> User:
    """Labels as well."""
    return make_user("mia")


def label_by(labeler: User, campaign: Campaign, preference: int) -> Label:
    assignment = assigning.next_for(campaign, labeler, at=NOW)
    assert assignment is not None
    return submitting.submit_label(assignment=assignment, preference=preference, submission_key=uuid.uuid4(), at=NOW)


def supersede(label: Label, preference: int, *, key: uuid.UUID | None = None, **fields: Any) -> Label:
    return revising.supersede(label=label, preference=preference, submission_key=key or uuid.uuid4(), at=LATER, **fields)


def retract(*labels: Label, key: uuid.UUID | None = None, actor: User | None = None) -> list[Label]:
    campaign = Campaign.objects.get(pk=labels[0].pair.campaign_id)
    return revising.retract(labels=labels, campaign=campaign, actor=actor, why="clicked through", submission_key=key or uuid.uuid4(), at=LATER)


def standing(pair: Pair) -> tuple[str, str | None, float | None]:
    pair.refresh_from_db()
    assert list(settling.differences()) == []
    return pair.standing, pair.verdict, pair.margin


def open_places(pair: Pair) -> list[Slot]:
    return list(pair.slots.filter(closed_at=None))


# ---- second thoughts -----------------------------------------------------------------------------------------------


def test_it_works(campaign: Campaign, lena: User, otto: User) -> None:
    pair = make_pair(campaign)
    first, second = label_by(lena, campaign, -1), label_by(otto, campaign, 2)
    assert standing(pair) == ("contested", None, None)
    later = supersede(first, 3, rationale="I had the sides mixed up.")
    assert (later.supersedes, later.slot, later.labeler, later.verdict, later.left_was_a) == (first, first.slot, lena, "b", first.left_was_a)
    assert set(Label.objects.current()) == {later, second}
    assert standing(pair) == ("agreed", "b", 2.5)


def test_the_same_key_gets_the_same_answer(campaign: Campaign, lena: User) -> None:
    make_pair(campaign)
    label, key = label_by(lena, campaign, -1), uuid.uuid4()
    later = supersede(label, 3, key=key)
    assert supersede(label, -3, key=key) == later
    assert Label.objects.count() == 2


def test_a_key_of_another_label_is_refused(campaign: Campaign, lena: User) -> None:
    make_pair(campaign)
    make_pair(campaign)
    label, other = label_by(lena, campaign, -1), label_by(lena, campaign, -1)
    later = supersede(label, 3)
    for key in (label.submission_key, other.submission_key, later.submission_key):
        with pytest.raises(revising.NotYours):
            supersede(other, 2, key=key)


def test_only_what_stands_now_is_changed(campaign: Campaign, lena: User) -> None:
    make_pair(campaign)
    label = label_by(lena, campaign, -1)
    later = supersede(label, 3)
    with pytest.raises(revising.NotPossible, match="changed before"):
        supersede(label, 2)
    assert supersede(later, 0, both_bad=True).supersedes == later


def test_what_was_taken_back_stays_so(campaign: Campaign, lena: User) -> None:
    make_pair(campaign)
    label = label_by(lena, campaign, -1)
    [retraction] = retract(label)
    for row in (label, retraction):
        with pytest.raises(revising.NotPossible, match="taken back"):
            supersede(row, 3)


def test_an_adjudicators_verdict_stays(campaign: Campaign, lena: User, otto: User, ada: User) -> None:
    pair = make_pair(campaign)
    label, _ = label_by(lena, campaign, -1), label_by(otto, campaign, 2)
    rule_on(campaign, ada)
    with pytest.raises(revising.NotPossible, match="has been settled"):
        supersede(label, 3)
    assert standing(pair) == ("adjudicated", "b", 1.0)


def rule_on(campaign: Campaign, adjudicator: User) -> None:
    turn = adjudicating.next_for(campaign, adjudicator, at=NOW)
    assert turn is not None
    adjudicating.adjudicate(turn=turn, preference=1, both_bad=False, reason_class="taste", reason="words", submission_key=uuid.uuid4(), at=NOW)


def make_gold(pair: Pair) -> GoldItem:
    return GoldItem.objects.create(pair=pair, verdict="a", why="It answers.", added_at=NOW)


def test_a_pair_that_became_gold_stays_as_it_is(campaign: Campaign, lena: User, otto: User) -> None:
    pair = make_pair(campaign)
    label, _ = label_by(lena, campaign, -1), label_by(otto, campaign, -2)
    make_gold(pair)
    with pytest.raises(revising.NotPossible, match="has been settled"):
        supersede(label, 3)
    assert standing(pair)[:2] == ("agreed", "a")


def test_a_check_is_changed_like_any_other_pair(campaign: Campaign, lena: User) -> None:
    pair = make_pair(campaign, slots=0)
    make_slot(pair, kind="gold", reserved_for=lena, rank=0, gold_item=make_gold(pair))
    label = label_by(lena, campaign, -1)
    later = supersede(label, 3)
    assert later.slot == label.slot
    assert standing(pair)[0] == "waiting"


def test_a_label_from_elsewhere_is_changed_there(campaign: Campaign) -> None:
    label = make_label(make_pair(campaign), make_user("somebody"))
    with pytest.raises(revising.NotPossible, match="made elsewhere"):
        supersede(label, 3)


def test_who_unsettles_a_pair_asks_one_more_labeler_where_the_campaign_does(lena: User, otto: User, mia: User) -> None:
    campaign = make_campaign(escalation_bound=1, labelers=(lena, otto, mia))
    pair = make_pair(campaign)
    label, _ = label_by(lena, campaign, -1), label_by(otto, campaign, -2)
    supersede(label, 3)
    assert standing(pair)[0] == "waiting"
    label_by(mia, campaign, 1)
    assert standing(pair)[:2] == ("agreed", "b")


@pytest.mark.commits
def test_of_two_second_thoughts_at_once_one_counts(committed_db: str) -> None:
    labelers = [make_user(f"labeler{number}") for number in range(4)]
    campaign = make_campaign(overlap=4)
    make_pair(campaign)
    for labeler in labelers:
        label = label_by(labeler, campaign, -1)
        said = at_once(*[partial(outcome, label, preference) for preference in (3, 2, -2)])
        assert sorted(said) == ["changed", "refused", "refused"]
    assert Label.objects.current().count() == 4


def outcome(label: Label, preference: int) -> str:
    try:
        supersede(label, preference)
    except revising.NotPossible:
        return "refused"
    return "changed"


# ---- taken back ----------------------------------------------------------------------------------------------------


def test_a_label_taken_back_leaves_a_place_for_somebody_else(campaign: Campaign, lena: User, otto: User, mia: User, rosa: User) -> None:
    pair, following = make_pair(campaign), make_pair(campaign)
    label, _ = label_by(lena, campaign, -1), label_by(otto, campaign, -2)
    label_by(mia, campaign, 1)
    [retraction] = retract(label, actor=rosa)
    assert (retraction.supersedes, retraction.is_retraction, retraction.verdict) == (label, True, None)
    assert standing(pair) == ("waiting", None, None)
    place, *_ = open_places(pair)
    assert (place.kind, place.left_is_a, place.reserved_for) == ("work", label.slot.left_is_a if label.slot else None, None)
    found = assigning.next_for(campaign, lena, at=LATER)
    assert found is not None
    assert found.pair == following  # she has had her turn
    label_by(mia, campaign, 2)
    assert standing(pair)[0] == "contested"
    event = CampaignEvent.objects.get(kind="labels_retracted")
    assert (event.actor, event.detail) == (rosa, {"why": "clicked through", "labels": [label.pk], "places_opened": 1})


def test_twice_is_once(campaign: Campaign, lena: User) -> None:
    pair = make_pair(campaign)
    label, key = label_by(lena, campaign, -1), uuid.uuid4()
    assert len(retract(label, key=key)) == 1
    assert retract(label, key=key) == retract(label) == []
    assert (Label.objects.count(), len(open_places(pair)), CampaignEvent.objects.count()) == (2, 2, 1)


def test_what_stands_there_now_is_taken_back(campaign: Campaign, lena: User) -> None:
    make_pair(campaign)
    label = label_by(lena, campaign, -1)
    later = supersede(label, 3)
    [retraction] = retract(label)
    assert retraction.supersedes == later
    assert not Label.objects.current().exists()


def test_no_more_places_are_opened_than_the_pair_is_to_have(campaign: Campaign, lena: User, otto: User) -> None:
    pair = make_pair(campaign)
    label, _ = label_by(lena, campaign, -1), label_by(otto, campaign, 1)
    campaigning.change_overlap(campaign=campaign, overlap=1, actor=None, at=NOW)
    retract(label)
    assert open_places(pair) == []
    assert standing(pair)[:2] == ("agreed", "b")


def test_a_pair_that_is_decided_gets_no_new_place(campaign: Campaign, lena: User, otto: User, ada: User) -> None:
    pair = make_pair(campaign)
    label, _ = label_by(lena, campaign, -1), label_by(otto, campaign, 2)
    rule_on(campaign, ada)
    assert len(retract(label)) == 1
    assert open_places(pair) == []
    assert standing(pair) == ("adjudicated", "b", 1.0)


def test_a_pair_that_became_gold_gets_no_new_place(campaign: Campaign, lena: User, otto: User) -> None:
    pair = make_pair(campaign)
    label, _ = label_by(lena, campaign, -1), label_by(otto, campaign, -2)
    make_gold(pair)
    retract(label)
    assert open_places(pair) == []


def test_nobody_settles_what_is_left_of_a_gold_pair(lena: User, otto: User, mia: User, ada: User) -> None:
    """It was settled by three, and became gold; the label that tipped the balance is taken back."""
    campaign = make_campaign(overlap=3, escalation_bound=1, labelers=(lena, otto, mia))
    join(campaign, ada, Role.ADJUDICATOR)
    pair = make_pair(campaign)
    label, _, _ = label_by(lena, campaign, -1), label_by(otto, campaign, -2), label_by(mia, campaign, 3)
    make_gold(pair)
    retract(label)
    assert (standing(pair)[0], open_places(pair)) == ("contested", [])
    assert adjudicating.next_for(campaign, ada, at=LATER) is None


def test_no_further_place_is_given_again_that_the_campaign_no_longer_wants(lena: User, otto: User, mia: User) -> None:
    campaign = make_campaign(escalation_bound=1, labelers=(lena, otto, mia))
    pair = make_pair(campaign)
    label_by(lena, campaign, -1)
    label_by(otto, campaign, 2)
    label = label_by(mia, campaign, 1)
    campaigning.change(campaign=campaign, said={"escalation_bound": 0}, actor=None, at=NOW)
    retract(label)
    assert (standing(pair)[0], open_places(pair)) == ("contested", [])


def test_a_further_place_that_was_given_again_stays_when_something_else_is_changed(lena: User, otto: User, mia: User) -> None:
    campaign = make_campaign(escalation_bound=1, labelers=(lena, otto, mia))
    pair = make_pair(campaign)
    label_by(lena, campaign, -1)
    label_by(otto, campaign, 2)
    retract(label_by(mia, campaign, 1))
    campaigning.change(campaign=campaign, said={"overlap_share": 90}, actor=None, at=NOW)
    assert [place.kind for place in open_places(pair)] == ["escalation"]


def test_a_pair_whose_labels_were_taken_back_while_it_was_withdrawn_gets_others(campaign: Campaign, lena: User, otto: User) -> None:
    pair = make_pair(campaign)
    label, _ = label_by(lena, campaign, -1), label_by(otto, campaign, -2)
    withdrawing.withdraw(campaign=campaign, pair=pair, reason="a duplicate", actor=None, at=NOW)
    retract(label)
    assert open_places(pair) == []
    withdrawing.bring_back(campaign=campaign, pair=pair, actor=None, at=LATER)
    assert (standing(pair)[0], len(open_places(pair))) == ("waiting", 1)


def test_a_further_place_is_given_again_as_one(lena: User, otto: User, mia: User) -> None:
    campaign = make_campaign(escalation_bound=1, labelers=(lena, otto, mia))
    pair = make_pair(campaign)
    label_by(lena, campaign, -1)
    label_by(otto, campaign, 2)
    label = label_by(mia, campaign, 1)
    assert standing(pair)[0] == "agreed"
    retract(label)
    assert [place.kind for place in open_places(pair)] == ["escalation"]
    assert standing(pair)[0] == "waiting"


def test_what_was_taken_back_is_no_further_place_that_a_pair_has_had(lena: User, otto: User, mia: User) -> None:
    campaign = make_campaign(escalation_bound=2, labelers=(lena, otto, mia))
    pair = make_pair(campaign)
    label_by(lena, campaign, -1)
    label_by(otto, campaign, 2)
    retract(label_by(mia, campaign, 1))
    label_by(make_user("noor"), campaign, 0)
    assert [place.kind for place in open_places(pair)] == ["escalation"]
    label_by(make_user("ines"), campaign, 0)
    assert standing(pair)[0] == "contested"


def test_checks_and_surplus_are_not_taken_back(campaign: Campaign, lena: User) -> None:
    pair = make_pair(campaign, slots=0)
    make_slot(pair, kind="gold", reserved_for=lena, rank=0, gold_item=make_gold(pair))
    checked = label_by(lena, campaign, -1)
    surplus = submitting.submit_label(assignment=checked.assignment, preference=2, submission_key=uuid.uuid4(), at=NOW)  # type: ignore[arg-type]
    assert surplus.is_surplus
    assert retract(checked, surplus) == []
