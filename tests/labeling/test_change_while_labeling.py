"""A researcher changes settings while everybody labels: real commits, and chunks of few pairs, so that people come in between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from accounts.models import User
from labeling import adjusting, campaigning, campaigns, naming, previews, releasing, slotting, withdrawing
from labeling.models import Adjustment, Campaign, Enrolment, Label, Pair, Slot
from tests.builders import NOW, make_pair, make_user
from tests.labeling.lives import check_in_line
from tests.labeling.moments import at_once, while_uncommitted
from tests.labeling.test_concurrency import label_all, make_work

pytestmark = pytest.mark.commits

LABELERS = 4


@pytest.fixture
def labelers(committed_db: str, monkeypatch: pytest.MonkeyPatch) -> list[User]:
    monkeypatch.setattr(adjusting, "CHUNK", 3)
    return [make_user(f"labeler{number}") for number in range(LABELERS)]


def fresh(campaign: Campaign) -> Campaign:
    return Campaign.objects.get(pk=campaign.pk)


def changes(campaign: Campaign, *said: dict[str, Any]) -> Callable[[], None]:
    def change_all() -> None:
        for settings in said:
            campaigning.change(campaign=campaign, said=settings, actor=None, at=NOW)

    return change_all


def labels(campaign: Campaign, labeler: User) -> int:
    """Label until nothing is left, under the settings of each moment."""
    sent = 0
    while now_sent := label_all(fresh(campaign), labeler):
        sent += now_sent
    return sent


def look_at_the_whole_queue(campaign: Campaign) -> None:
    Enrolment.objects.filter(campaign=campaign).update(searched_at=None)


@pytest.mark.parametrize(
    "said",
    [
        [{"overlap": 4}, {"overlap": 1}, {"overlap": 3}],
        [{"overlap_share": 30}, {"overlap_share": 90}, {"overlap_share": 50}],
        [{"escalation_bound": 2}, {"escalation_bound": 0}, {"escalation_bound": 1}],
        [{"rule": "unanimous/1"}, {"rule": "two-thirds/1", "escalation_bound": 1}, {"rule": "strict-majority/1"}],
        [{"eligible_by": "language"}, {"eligible_by": "", "overlap": 2}],
    ],
)
def test_whatever_changes_everything_is_in_line_at_the_end(labelers: list[User], said: list[dict[str, Any]]) -> None:
    campaign = make_work(labelers, pairs=12, overlap=3)
    *sent, _ = at_once(*[partial(labels, campaign, labeler) for labeler in labelers], changes(campaign, *said))
    assert Label.objects.count() == sum(sent)
    check_in_line(campaign)
    for labeler in labelers * 2:
        look_at_the_whole_queue(campaign)
        labels(campaign, labeler)
    assert not Slot.objects.free().filter(pair__standing="waiting").exclude(kind="escalation").exists()
    check_in_line(campaign)


def test_two_researchers_at_once_come_out_at_one_of_their_settings(labelers: list[User]) -> None:
    campaign = make_work(labelers, pairs=12, overlap=3)
    at_once(changes(campaign, {"overlap": 2}, {"rule": "unanimous/1"}), changes(campaign, {"overlap": 5}, {"overlap_share": 60}))
    after = fresh(campaign)
    assert (after.rule, after.overlap_share) == ("unanimous/1", 60)
    assert after.overlap in (2, 5)
    assert not Adjustment.objects.filter(ended_at=None).exists()
    check_in_line(campaign)


def test_previews_leave_nothing_while_everybody_labels(labelers: list[User]) -> None:
    campaign = make_work(labelers, pairs=12, overlap=3)

    def look() -> None:
        for said in ({"overlap": 1}, {"rule": "unanimous/1"}, {"overlap_share": 10}) * 2:
            previews.preview(campaign, said, actor=None, at=NOW)

    *sent, _ = at_once(*[partial(labels, campaign, labeler) for labeler in labelers], look)
    assert Label.objects.count() == sum(sent)
    assert fresh(campaign).overlap == 3
    assert not Adjustment.objects.exists()
    assert not Slot.objects.filter(labeler=None, closed_at__isnull=False).exists()
    check_in_line(campaign)


def test_pairs_are_kept_by_name_while_everybody_labels(labelers: list[User]) -> None:
    campaign = make_work(labelers, pairs=12, overlap=2)

    def keep() -> None:
        for labeler in labelers:
            naming.assign(campaign=campaign, labeler=labeler, next_free=3, actor=None, at=NOW)
            naming.release(campaign=campaign, labeler=labelers[0], actor=None, at=NOW)

    at_once(*[partial(labels, campaign, labeler) for labeler in labelers], keep)
    check_in_line(campaign)
    releasing.release_stranded(at=NOW)
    for labeler in labelers * 2:
        look_at_the_whole_queue(campaign)
        labels(campaign, labeler)
    assert Counter(Pair.objects.values_list("standing", flat=True))["waiting"] == 0
    assert set(Counter(Label.objects.counting().values_list("pair", flat=True)).values()) == {2}


def test_pairs_are_withdrawn_and_brought_back_while_everybody_labels(labelers: list[User]) -> None:
    campaign = make_work(labelers, pairs=12, overlap=3)
    some = list(Pair.objects.order_by("pk")[:6])

    def out_and_back() -> None:
        for pair in some:
            withdrawing.withdraw(campaign=campaign, pair=pair, reason="x", actor=None, at=NOW)
            withdrawing.bring_back(campaign=campaign, pair=pair, actor=None, at=NOW)

    *sent, _ = at_once(*[partial(labels, campaign, labeler) for labeler in labelers], out_and_back)
    assert Label.objects.count() == sum(sent)
    check_in_line(campaign)


def adds_a_pair(campaign: Campaign) -> None:
    """As an import does: it holds the campaign, and gives its pairs as many places as that says."""
    held = campaigns.hold(campaign)
    slotting.make_slots([make_pair(held, slots=0)], held)


def test_a_pair_that_is_being_made_gets_the_places_there_are_to_be(labelers: list[User]) -> None:
    campaign = make_work(labelers, pairs=4, overlap=1)
    while_uncommitted(partial(adds_a_pair, campaign), changes(campaign, {"overlap": 3}))
    check_in_line(campaign)


def test_without_the_campaign_s_lock_it_would_not(labelers: list[User], monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    monkeypatch.setattr(campaigns, "hold", fresh)
    campaign = make_work(labelers, pairs=4, overlap=1)
    while_uncommitted(partial(adds_a_pair, campaign), changes(campaign, {"overlap": 3}))
    with pytest.raises(AssertionError):
        check_in_line(campaign)
