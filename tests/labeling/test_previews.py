"""A preview says what a change would do, and nothing is left of it."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.models import User
from labeling import adjusting, assigning, campaigning, previews
from labeling.models import Adjustment, Campaign, CampaignEvent, GoldItem, Pair, Skill, Slot
from labeling.previews import Preview
from labeling.resolution import RULES
from tests.builders import NOW, make_campaign, make_pair, make_user
from tests.labeling.lives import check_in_line, labeled, make_lively, standing

CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "overlap": st.integers(1, 5),
        "overlap_share": st.integers(1, 100),
        "escalation_bound": st.integers(0, 3),
        "rule": st.sampled_from(sorted(RULES)),
        "eligible_by": st.sampled_from(["", "language", "topic"]),
        "strategy": st.sampled_from(["finish", "spread", "priority", "informative"]),
        "quota": st.none() | st.integers(1, 5),
        "lease_minutes": st.integers(1, 60),
        "state": st.sampled_from(["open", "paused", "closed"]),
    },
)
PAIRS = st.lists(
    st.tuples(st.lists(st.integers(-3, 3), max_size=5), st.integers(0, 9999), st.sampled_from([{}, {"language": "fr"}, {"language": "de", "topic": "sums"}])),
    max_size=4,
)


def preview(campaign: Campaign, **said: Any) -> Preview:
    return previews.preview(campaign, said, actor=None, at=NOW)


def everything() -> list[Any]:
    """The rows that a change could touch."""
    return [
        list(Campaign.objects.values()),
        list(Pair.objects.order_by("pk").values()),
        list(Slot.objects.order_by("pk").values()),
        list(CampaignEvent.objects.values()),
        list(Adjustment.objects.values()),
    ]


def standings() -> dict[int, str]:
    return dict(Pair.objects.values_list("pk", "standing"))


def open_slots() -> dict[int, tuple[str, bool]]:
    return {pk: (pool, labeler is not None) for pk, pool, labeler in Slot.objects.open().values_list("pk", "pool", "labeler")}


class TestAnyChange(TestCase):
    """What a preview counts is what is there after the change, and was not before."""

    @settings(max_examples=30)
    @given(overlap=st.integers(1, 4), bound=st.integers(0, 2), pairs=PAIRS, screens=st.integers(0, 3), first=CHANGES, said=CHANGES)
    def test_it_says_what_then_happens(
        self, overlap: int, bound: int, pairs: list[tuple[list[int], int, dict[str, str]]], screens: int, first: dict[str, Any], said: dict[str, Any]
    ) -> None:
        labelers = [make_user() for _ in range(5)]
        campaign = make_campaign(overlap=overlap, escalation_bound=bound, labelers=tuple(labelers))
        for preferences, lot, slices in pairs:
            labeled(campaign, labelers, preferences, lot=lot, slices=dict(slices))
        for labeler in labelers[:screens]:
            assigning.next_for(campaign, labeler, at=NOW)
        campaign = campaigning.change(campaign=campaign, said={**first, "state": "open"}, actor=None, at=NOW)
        was = everything()
        try:
            said_to_be = preview(campaign, **said)
        except campaigning.NotPossible as refusal:
            with pytest.raises(campaigning.NotPossible, match=re.escape(str(refusal))):
                campaigning.change(campaign=campaign, said=said, actor=None, at=NOW)
            assert everything() == was
            return
        assert everything() == was
        self.hold_against(campaign, said, said_to_be)
        check_in_line(campaign)

    def hold_against(self, campaign: Campaign, said: dict[str, Any], said_to_be: Preview) -> None:
        stood, places = standings(), open_slots()
        campaigning.change(campaign=campaign, said=said, actor=None, at=NOW)
        stands, there = standings(), open_slots()
        gone = places.keys() - there.keys()
        assert said_to_be.is_complete
        assert said_to_be.done.opened == len(there.keys() - places.keys())
        assert said_to_be.done.taken == len(gone)
        assert said_to_be.done.from_screens == sum(places[pk][1] for pk in gone)
        assert said_to_be.done.repooled == sum(places[pk][0] != there[pk][0] for pk in there.keys() & places.keys())
        assert said_to_be.done.moved == Counter(f"{stood[pk]} to {stands[pk]}" for pk in stood if stood[pk] != stands[pk])
        assert set(said_to_be.changes) == {name for name in said if getattr(campaign, name) != said[name]}


@pytest.fixture
def labelers(db: None) -> list[User]:
    return [make_user(name) for name in ("lena", "otto", "anna", "emil", "vera")]


def test_it_says_so_in_words(labelers: list[User]) -> None:
    campaign = make_lively(labelers, overlap=3)
    found = preview(campaign, overlap=2)
    assert found.sentences == [
        "Changes k from 3 to 2.",
        "4 open places would go. Labels that are in stay in.",
        "1 pair would be settled by the labels that are in.",
        "1 pair would be contested, and come before an adjudicator.",
    ]


def test_it_names_whose_screen_loses_a_pair(labelers: list[User]) -> None:
    campaign = make_campaign(overlap=2, labelers=tuple(labelers))
    make_pair(campaign)
    for labeler in labelers[:2]:
        assert assigning.next_for(campaign, labeler, at=NOW)
    found = preview(campaign, overlap=1)
    assert (found.done.from_screens, len(found.labelers), found.on_screens) == (1, 1, 2)
    assert f"1 of these is on a screen now ({found.labelers[0]}): a label that still comes is kept, and not counted." in found.sentences


def test_nothing_changes_nothing(labelers: list[User]) -> None:
    campaign = make_campaign(overlap=2)
    assert preview(campaign, overlap=2).sentences == ["Nothing would change."]


def test_a_change_that_is_refused_is_refused_as_a_preview(labelers: list[User]) -> None:
    with pytest.raises(campaigning.NotPossible, match="Take it out of the archive first"):
        preview(make_campaign(state="archived"), overlap=3)


def test_a_state_says_what_is_on_screens(labelers: list[User]) -> None:
    campaign = make_campaign(overlap=1, labelers=tuple(labelers))
    make_pair(campaign)
    assert assigning.next_for(campaign, labelers[0], at=NOW)
    said = preview(campaign, state="paused").sentences
    assert said[0].startswith("The campaign would be paused rather than open. Nobody gets a new pair")
    assert said[1] == "1 pair is on a screen now, and may still be answered."
    assert Campaign.objects.get().state == "open"


def test_it_warns_of_a_skill_that_nobody_has(labelers: list[User]) -> None:
    campaign = make_campaign(overlap=1, labelers=tuple(labelers))
    labeled(campaign, labelers, (), slices={"language": "fr"})
    labeled(campaign, labelers, (), slices={"language": "de"})
    Skill.objects.create(campaign=campaign, labeler=labelers[0], name="de")
    assert any(caution.startswith("Open places ask for fr, and no labeler has that skill") for caution in preview(campaign, eligible_by="language").cautions)
    Skill.objects.create(campaign=campaign, labeler=labelers[0], name="fr")
    assert not any("skill" in caution for caution in preview(campaign, eligible_by="language").cautions)


def test_it_says_who_has_reached_a_limit_by_then(labelers: list[User]) -> None:
    campaign = make_campaign(overlap=1, labelers=tuple(labelers))
    for _ in range(2):
        labeled(campaign, labelers[:1], (1,))
    assigning.enrol(campaign, labelers[0], at=NOW)
    campaign.enrolments.update(served=2)
    assert preview(campaign, quota=2).at_limit == {"quota": ["lena"]}
    assert preview(campaign, quota=3).at_limit == {}
    assert "lena has reached the quota by then, and would get nothing new." in preview(campaign, quota=2).sentences


def test_it_warns_of_gold_that_is_not_there(labelers: list[User]) -> None:
    campaign = make_campaign(overlap=3)
    assert any("no gold item that may be" in caution for caution in preview(campaign, gold_percent=10).cautions)
    assert any("they begin with real work" in caution for caution in preview(campaign, practice_items=5).cautions)
    GoldItem.objects.create(pair=make_pair(campaign, slots=0), verdict="a", why="clear", added_at=NOW)
    assert not any("gold item that may be" in caution for caution in preview(campaign, gold_percent=10).cautions)
    assert any("there is 1: it is as long as that" in caution for caution in preview(campaign, practice_items=5).cautions)


def test_what_it_has_no_time_for_it_says(labelers: list[User], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adjusting, "CHUNK", 2)
    campaign = make_campaign(overlap=1)
    for _ in range(5):
        labeled(campaign, labelers, ())
    found = previews.preview(campaign, {"overlap": 2}, actor=None, at=NOW, seconds=0)
    assert (found.done.opened, found.pairs, found.is_complete) == (2, 5, False)
    assert found.sentences[-1] == "Counted over the first 2 of 5 pairs; the others would follow alike."
    whole = preview(campaign, overlap=2)
    assert (whole.done.opened, whole.is_complete) == (5, True)


def test_pairs_are_looked_at_in_transactions_of_their_own(labelers: list[User], monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: what is seen within each is the change made so far at these pairs alone, and none of it is seen after."""
    monkeypatch.setattr(adjusting, "CHUNK", 1)
    campaign = make_campaign(overlap=1)
    pairs = [labeled(campaign, labelers, ()) for _ in range(3)]
    seen: list[int] = []
    step = adjusting.step

    def watched(*args: Any, **kwargs: Any) -> bool:
        goes_on = step(*args, **kwargs)
        seen.append(Slot.objects.open().count())
        return goes_on

    monkeypatch.setattr(adjusting, "step", watched)
    preview(campaign, overlap=3)
    assert seen[:3] == [5, 5, 5]
    assert Slot.objects.open().count() == 3
    assert {standing(pair) for pair in pairs} == {"waiting"}
    assert not transaction.get_connection().needs_rollback
