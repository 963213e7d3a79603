"""What may be changed in which state of a campaign, and what each change comes to at its pairs."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest

from accounts.models import User
from labeling import adjudicating, adjusting, assigning, campaigning, history, settling, slotting, terms
from labeling.models import Adjustment, Campaign, CampaignEvent, Enrolment, GoldItem, Pair, Slot, Standing
from labeling.terms import State
from tests.builders import NOW, make_campaign, make_label, make_pair, make_prompt, make_user
from tests.labeling.lives import change, check_in_line, labeled, make_lively, open_places, standing

OTHER = {
    "name": "Evening",
    "overlap": 4,
    "overlap_share": 60,
    "escalation_bound": 2,
    "rule": "unanimous/1",
    "strategy": "spread",
    "eligible_by": "language",
    "quota": 10,
    "daily_ceiling": 5,
    "lease_minutes": 5,
    "rationale_required": True,
    "rationale_minimum": 20,
    "gold_percent": 10,
    "repeat_percent": 5,
    "gold_bar": 75,
    "gold_window": 30,
    "practice_items": 5,
    "pass_mark": 80,
}
"""For each setting another value than the usual one."""

UP = ("overlap", "overlap_share", "escalation_bound")


@pytest.fixture
def labelers(db: None) -> list[User]:
    return [make_user() for _ in range(5)]


def last_event(campaign: Campaign) -> CampaignEvent:
    return CampaignEvent.objects.filter(campaign=campaign).latest("pk")


def words(campaign: Campaign) -> str:
    return history.in_words(last_event(campaign))


# ---- the table -----------------------------------------------------------------------------------------------------


def test_the_table_names_every_setting() -> None:
    assert set(OTHER) == set(terms.TERMS)


@pytest.mark.parametrize("name", sorted(OTHER))
@pytest.mark.parametrize("state", [State.DRAFT, State.OPEN, State.PAUSED])
def test_everything_may_change_while_there_is_work(db: None, state: str, name: str) -> None:
    campaign = make_campaign(state=state, overlap_share=40 if name in UP else 100)
    changed = change(campaign, **{name: OTHER[name]})
    assert getattr(changed, name) == OTHER[name]
    event = last_event(campaign)
    assert (event.kind, event.detail["changes"]) == ("changed", {name: [getattr(campaign, name), OTHER[name]]})


@pytest.mark.parametrize("name", sorted(set(OTHER) - set(UP)))
def test_what_asks_for_no_labels_may_change_when_it_is_closed(db: None, name: str) -> None:
    assert getattr(change(make_campaign(state="closed"), **{name: OTHER[name]}), name) == OTHER[name]


@pytest.mark.parametrize("name", UP)
def test_when_it_is_closed_nothing_may_be_raised_and_all_may_be_lowered(db: None, name: str) -> None:
    campaign = make_campaign(state="closed", overlap=3, overlap_share=50, escalation_bound=1)
    usual: int = getattr(campaign, name)
    with pytest.raises(campaigning.NotPossible, match="The campaign is closed: .* cannot be raised. Open it again first."):
        change(campaign, **{name: usual + 1})
    assert getattr(change(campaign, **{name: usual - 1}), name) == usual - 1


@pytest.mark.parametrize("name", sorted(OTHER))
def test_what_is_archived_does_not_change(db: None, name: str) -> None:
    campaign = make_campaign(state="archived", overlap_share=40)
    with pytest.raises(campaigning.NotPossible, match="The campaign is archived: .* cannot be changed. Take it out of the archive first."):
        change(campaign, **{name: OTHER[name]})
    assert not CampaignEvent.objects.exists()


def test_of_several_changes_all_are_made_or_none(db: None) -> None:
    campaign = make_campaign(state="closed")
    with pytest.raises(campaigning.NotPossible, match="k cannot be raised.*"):
        change(campaign, name="Evening", overlap=5)
    campaign.refresh_from_db()
    assert (campaign.name != "Evening", campaign.overlap) == (True, 2)
    assert change(campaign, state="open", name="Evening", overlap=5).overlap == 5


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"overlap": 26}, "k is 26: it must be 1 to 25"),
        ({"overlap": 0}, "k is 0"),
        ({"rule": "loudest/1"}, "There is no settling rule 'loudest/1'"),
        ({"gold_percent": 30, "repeat_percent": 30}, "more than 50 % leaves no room for work"),
        ({"quota": 0}, "The quota must be 1 or more"),
        ({"daily_ceiling": 0}, "The daily ceiling must be 1 or more"),
        ({"lease_minutes": 0}, "The time for a pair must be 1 or more"),
        ({"overlap_share": 101}, "overlap_share: .* less than or equal to 100"),
        ({"strategy": "backwards"}, "strategy: .*not a valid choice"),
        ({"gold_window": 7}, "gold_window: .*greater than or equal to 8"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(db: None, said: dict[str, Any], reason: str) -> None:
    campaign = make_campaign()
    with pytest.raises(campaigning.NotPossible, match=reason):
        change(campaign, **said)
    assert not CampaignEvent.objects.exists()


def test_what_is_as_it_was_is_no_change(db: None) -> None:
    campaign = make_campaign()
    change(campaign, **{name: getattr(campaign, name) for name in terms.TERMS}, state=campaign.state)
    assert not CampaignEvent.objects.exists()


# ---- k, and the share that gets it ---------------------------------------------------------------------------------


def test_a_share_of_pairs_gets_k_places_and_the_others_one(labelers: list[User]) -> None:
    campaign = make_campaign(overlap=3)
    pairs = [labeled(campaign, labelers, (), lot=lot) for lot in (0, 999, 1000, 9999)]
    change(campaign, overlap_share=10)
    assert [open_places(pair) for pair in pairs] == [3, 3, 1, 1]
    assert words(campaign) == "changed the overlap share from 100 % to 10 %: 4 places taken away".replace(" %", "\u00a0%")
    check_in_line(campaign)


def test_a_larger_share_takes_no_pair_out_of_it(labelers: list[User]) -> None:
    """Whoever was in the share at 10 % is in it at 30 %: what was labeled for it is not labeled in vain."""
    campaign = make_campaign(overlap=3, overlap_share=10)
    pairs = [labeled(campaign, labelers, (), lot=lot) for lot in range(0, 10_000, 500)]
    inside: list[set[int]] = []
    for share in (10, 30, 70, 100):
        change(campaign, overlap_share=share)
        inside.append({pair.pk for pair in pairs if open_places(pair) == 3})
        check_in_line(campaign)
    assert [len(pks) for pks in inside] == [2, 6, 14, 20]
    assert inside == sorted(inside, key=len)
    assert all(smaller < larger for smaller, larger in zip(inside, inside[1:], strict=False))


def test_places_record_the_share_that_was_planned(labelers: list[User]) -> None:
    campaign = make_campaign(overlap=3, overlap_share=10)
    pair = labeled(campaign, labelers, (), lot=2000)
    change(campaign, overlap_share=25)
    assert list(pair.slots.order_by("pk").values_list("planned_share", flat=True)) == [100, 25, 25]


def test_places_kept_for_somebody_go_after_those_for_anybody(campaign: Campaign, lena: User) -> None:
    pair = make_pair(campaign, slots=2)
    kept = pair.slots.earliest("pk")
    Slot.objects.filter(pk=kept.pk).update(reserved_for=lena, rank=0, ranked_by="")
    change(campaign, overlap=1)
    assert list(pair.slots.open()) == [kept]


# ---- escalation ----------------------------------------------------------------------------------------------------


def test_a_raised_bound_asks_further_labelers_before_an_adjudicator(labelers: list[User]) -> None:
    campaign = make_campaign(overlap=2)
    pair = labeled(campaign, labelers, (-1, 1))
    assert standing(pair) == Standing.CONTESTED
    change(campaign, escalation_bound=1)
    assert (standing(pair), open_places(pair, "escalation"), open_places(pair)) == (Standing.WAITING, 1, 0)
    assert words(campaign) == "changed the bound of escalation from 0 to 1: 1 place opened, 1 pair waiting that was contested"
    check_in_line(campaign)


def test_a_pair_that_an_adjudicator_has_before_them_stays_with_them(labelers: list[User], ada: User) -> None:
    campaign = make_campaign(overlap=2)
    pair = labeled(campaign, labelers, (-1, 1))
    assert adjudicating.next_for(campaign, ada, at=NOW)
    change(campaign, escalation_bound=1)
    assert (standing(pair), open_places(pair, "escalation")) == (Standing.CONTESTED, 0)


def test_a_lowered_bound_takes_open_places_and_leaves_labels(labelers: list[User]) -> None:
    campaign = make_campaign(overlap=2, escalation_bound=2)
    waiting, further = labeled(campaign, labelers, (-1, 1)), labeled(campaign, labelers, (-1, 1, 0))
    assert (open_places(waiting, "escalation"), open_places(further, "escalation")) == (1, 1)
    change(campaign, escalation_bound=1)
    assert (open_places(waiting, "escalation"), open_places(further, "escalation")) == (1, 0)
    assert (standing(waiting), standing(further)) == (Standing.WAITING, Standing.CONTESTED)
    change(campaign, escalation_bound=0)
    assert standing(waiting) == Standing.CONTESTED
    check_in_line(campaign)


def test_further_places_do_not_count_towards_k(labelers: list[User]) -> None:
    campaign = make_campaign(overlap=2, escalation_bound=1)
    pair = labeled(campaign, labelers, (-1, 1, 0))
    change(campaign, overlap=3)
    assert (open_places(pair), open_places(pair, "escalation")) == (1, 0)
    check_in_line(campaign)


# ---- the rule ------------------------------------------------------------------------------------------------------


def test_by_another_rule_every_pair_is_settled_again(labelers: list[User]) -> None:
    campaign = make_campaign(overlap=3)
    majority, all_three = labeled(campaign, labelers, (-1, -1, 1)), labeled(campaign, labelers, (1, 1, 1))
    waiting = labeled(campaign, labelers, (1,))
    assert (standing(majority), standing(all_three)) == (Standing.AGREED, Standing.AGREED)
    change(campaign, rule="unanimous/1")
    assert [standing(pair) for pair in (majority, all_three, waiting)] == [Standing.CONTESTED, Standing.AGREED, Standing.WAITING]
    assert [Pair.objects.get(pk=pair.pk).settled_by for pair in (majority, all_three)] == ["", "unanimous/1"]
    assert words(campaign).endswith("to all say the same: 1 pair contested that was settled")
    check_in_line(campaign)


def test_what_an_adjudicator_decided_stays_decided(labelers: list[User], ada: User) -> None:
    campaign = make_campaign(overlap=2)
    pair = labeled(campaign, labelers, (-1, 1))
    turn = adjudicating.next_for(campaign, ada, at=NOW)
    assert turn
    adjudicating.adjudicate(turn=turn, preference=-1, both_bad=False, reason_class="taste", reason="x", submission_key=turn.key, at=NOW)
    change(campaign, rule="unanimous/1", overlap=4, escalation_bound=2)
    after = Pair.objects.get(pk=pair.pk)
    assert (after.standing, after.verdict, after.settled_by) == (Standing.ADJUDICATED, "a", "unanimous/1")
    assert open_places(pair) == open_places(pair, "escalation") == 0


def test_a_stricter_rule_escalates_what_it_does_not_settle(labelers: list[User]) -> None:
    campaign = make_campaign(overlap=3, escalation_bound=1)
    pair = labeled(campaign, labelers, (-1, -1, 1))
    change(campaign, rule="unanimous/1")
    assert (standing(pair), open_places(pair, "escalation")) == (Standing.WAITING, 1)
    check_in_line(campaign)


def test_a_looser_rule_needs_no_further_labels(labelers: list[User]) -> None:
    campaign = make_campaign(overlap=3, escalation_bound=1, rule="unanimous/1")
    pair = labeled(campaign, labelers, (-1, -1, 1))
    assert open_places(pair, "escalation") == 1
    change(campaign, rule="strict-majority/1")
    assert (standing(pair), open_places(pair, "escalation")) == (Standing.AGREED, 0)
    check_in_line(campaign)


def test_a_pair_that_was_settled_by_fewer_labels_gets_the_places_it_lacks(labelers: list[User]) -> None:
    """k was raised after two of three had settled it: contested by another rule, it is like any other pair."""
    campaign = make_campaign(overlap=3)
    pair = labeled(campaign, labelers, (-1, -1, 1))
    change(campaign, overlap=5)
    assert (standing(pair), open_places(pair)) == (Standing.AGREED, 0)
    change(campaign, rule="unanimous/1")
    assert (standing(pair), open_places(pair)) == (Standing.WAITING, 2)
    check_in_line(campaign)


def test_gold_and_flagged_pairs_are_settled_again_and_get_no_places(labelers: list[User]) -> None:
    campaign = make_campaign(overlap=3, escalation_bound=1)
    gold, flagged = make_pair(campaign, slots=0), make_pair(campaign, slots=0, trouble="empty")
    GoldItem.objects.create(pair=gold, verdict="a", why="clear", added_at=NOW)
    for pair in (gold, flagged):
        for labeler, preference in zip(labelers, (-1, -1, 1), strict=False):
            make_label(pair, labeler, preference)
        settling.settle(pair, at=NOW)
    change(campaign, rule="unanimous/1")
    assert [standing(pair) for pair in (gold, flagged)] == [Standing.CONTESTED, Standing.CONTESTED]
    assert not Slot.objects.open().exists()
    assert list(settling.differences()) == []


# ---- who is eligible -----------------------------------------------------------------------------------------------


def test_places_ask_for_the_skill_that_their_prompt_names(labelers: list[User]) -> None:
    campaign = make_campaign(overlap=2, labelers=tuple(labelers))
    french, none = labeled(campaign, labelers, (), slices={"language": "fr"}), labeled(campaign, labelers, (), slices={"topic": "sums"})
    held = assigning.next_for(campaign, labelers[0], at=NOW)
    assert held
    assert held.pair_id == french.pk
    changed = change(campaign, eligible_by="language")
    assert set(french.slots.values_list("pool", flat=True)) == {"fr"}
    assert set(none.slots.values_list("pool", flat=True)) == {""}
    assert changed.rank_epoch == campaign.rank_epoch + 1
    assert words(campaign) == "changed who is eligible from everybody to by language: 2 places ask for another skill"
    found = assigning.next_for(changed, labelers[1], at=NOW)
    assert found
    assert found.pair_id == none.pk


def test_without_a_slice_to_go_by_everybody_gets_them_again(labelers: list[User]) -> None:
    campaign = make_campaign(overlap=1, labelers=tuple(labelers), eligible_by="language")
    french = labeled(campaign, labelers, (), slices={"language": "fr"})
    assert assigning.next_for(campaign, labelers[0], at=NOW) is None
    changed = change(campaign, eligible_by="")
    found = assigning.next_for(changed, labelers[0], at=NOW)
    assert found
    assert found.pair_id == french.pk


def test_places_that_are_made_later_ask_for_the_skill_too(labelers: list[User]) -> None:
    campaign = make_campaign(overlap=2, escalation_bound=1, labelers=tuple(labelers))
    pair = labeled(campaign, labelers, (-1, 1), slices={"language": "fr"})
    assert standing(pair) == Standing.WAITING
    changed = change(campaign, eligible_by="language", overlap=3, escalation_bound=2)
    assert set(Slot.objects.open().values_list("pool", flat=True)) == {"fr"}
    settled = labeled(changed, labelers, (1, 1, 1), slices={"language": "de"})
    change(changed, eligible_by="topic")
    fresh = slotting.reopen(list(settled.slots.all()), Campaign.objects.get(pk=campaign.pk))
    assert {slot.pool for slot in fresh} == {""}


# ---- on its way through many pairs ---------------------------------------------------------------------------------


@pytest.fixture
def in_small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adjusting, "CHUNK", 2)


@pytest.mark.usefixtures("in_small_steps")
def test_many_pairs_are_looked_at_some_at_a_time(labelers: list[User]) -> None:
    campaign = make_campaign(overlap=1)
    for _ in range(5):
        labeled(campaign, labelers, ())
    change(campaign, overlap=3)
    assert (last_event(campaign).detail["done"]["opened"], last_event(campaign).detail["done"]["pairs"]) == (10, 5)
    assert CampaignEvent.objects.count() == 1
    check_in_line(campaign)


@pytest.mark.usefixtures("in_small_steps")
def test_what_a_process_left_undone_the_sweep_does(labelers: list[User]) -> None:
    campaign = make_campaign(overlap=1)
    for _ in range(5):
        labeled(campaign, labelers, ())
    campaigning.store(campaign, {"overlap": 3}, actor=labelers[0], at=NOW)
    assert adjusting.step(campaign, at=NOW)
    assert Counter(Pair.objects.values_list("slots__closed_at", flat=True))[None] == 2 * 3 + 3
    assert not CampaignEvent.objects.exists()
    assert history.of_campaign(campaign)[0].words == "is changing k from 1 to 3: 2 pairs so far"
    assert adjusting.carry_out_all(at=NOW, seconds=60)
    assert (last_event(campaign).detail["done"]["opened"], last_event(campaign).actor) == (10, labelers[0])
    check_in_line(campaign)


@pytest.mark.usefixtures("in_small_steps")
def test_a_pair_to_which_a_rule_is_on_its_way_is_no_difference(labelers: list[User]) -> None:
    campaign = make_campaign(overlap=3)
    pairs = [labeled(campaign, labelers, (-1, -1, 1)) for _ in range(3)]
    campaigning.store(campaign, {"rule": "unanimous/1"}, actor=None, at=NOW)
    adjusting.step(campaign, at=NOW)
    assert [standing(pair) for pair in pairs] == [Standing.CONTESTED, Standing.CONTESTED, Standing.AGREED]
    assert list(settling.differences()) == []
    Adjustment.objects.update(ended_at=NOW)
    assert [difference.pair_id for difference in settling.differences()] == [pairs[2].pk]


@pytest.mark.usefixtures("in_small_steps")
def test_who_has_no_time_leaves_the_rest(labelers: list[User]) -> None:
    campaign = make_campaign(overlap=1)
    for _ in range(5):
        labeled(campaign, labelers, ())
    campaigning.change(campaign=campaign, said={"overlap": 3}, actor=None, at=NOW, until=time.monotonic())
    assert Adjustment.objects.get().ended_at is None
    assert Campaign.objects.get().overlap == 3


@pytest.mark.usefixtures("in_small_steps")
def test_a_change_that_is_overtaken_is_carried_out_by_the_next(labelers: list[User]) -> None:
    campaign = make_campaign(overlap=3)
    pairs = [labeled(campaign, labelers, (-1, -1, 1)) for _ in range(5)]
    campaigning.store(campaign, {"rule": "unanimous/1"}, actor=None, at=NOW)
    adjusting.step(campaign, at=NOW)
    change(campaign, name="Evening", escalation_bound=1)
    assert {standing(pair) for pair in pairs} == {Standing.WAITING}
    overtaken, last = CampaignEvent.objects.order_by("pk")
    assert history.in_words(overtaken).endswith("2 pairs contested that were settled, overtaken by the next change after 2 pairs")
    assert set(last.detail["changes"]) == {"name", "escalation_bound"}
    check_in_line(campaign)


@pytest.mark.usefixtures("in_small_steps")
def test_a_name_is_changed_while_pairs_are_still_being_looked_at(labelers: list[User]) -> None:
    campaign = make_campaign(overlap=1)
    for _ in range(5):
        labeled(campaign, labelers, ())
    campaigning.store(campaign, {"overlap": 3}, actor=None, at=NOW)
    campaigning.store(campaign, {"name": "Evening"}, actor=None, at=NOW)
    assert adjusting.carry_out_all(at=NOW, seconds=60)
    assert Counter(event.kind for event in CampaignEvent.objects.all()) == {"changed": 2}
    check_in_line(campaign)


@pytest.mark.parametrize("overlap", [1, 2, 3, 5])
@pytest.mark.parametrize("rule", ["strict-majority/1", "two-thirds/1", "unanimous/1"])
def test_whatever_is_changed_at_once_comes_out_in_line(labelers: list[User], overlap: int, rule: str) -> None:
    campaign = make_lively(labelers, overlap=3, escalation_bound=1)
    check_in_line(campaign)
    for share, bound in ((100, 0), (40, 2), (70, 1)):
        change(campaign, overlap=overlap, overlap_share=share, escalation_bound=bound, rule=rule)
        check_in_line(campaign)


def test_the_order_is_followed_by_the_ranking_and_nothing_is_said_of_pairs(campaign: Campaign) -> None:
    make_pair(campaign)
    changed = change(campaign, strategy="spread")
    assert (changed.strategy, changed.ranked_as) == ("spread", "finish")
    assert words(campaign) == "changed the order from finish what is begun to spread"


def test_a_new_practice_round_is_for_those_who_come(campaign: Campaign, lena: User) -> None:
    make_pair(campaign)
    assert assigning.next_for(campaign, lena, at=NOW)
    change(campaign, practice_items=5)
    assert Enrolment.objects.get().state == Enrolment.State.WORKING


def test_slices_of_a_prompt_are_words(labelers: list[User]) -> None:
    campaign = make_campaign(eligible_by="grade")
    pair = make_pair(campaign, slots=0, prompt=make_prompt(slices={"grade": 7}))
    slotting.make_slots([pair], campaign)
    assert set(pair.slots.values_list("pool", flat=True)) == {"7"}
