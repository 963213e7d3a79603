"""What changed between two versions: which rows, how, and why."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import pytest

from accounts.models import User
from exports import differences, publishing
from exports.differences import Change
from exports.models import DatasetVersion
from labeling import concluding, retraction, withdrawing
from labeling.models import Campaign, GoldItem, Label, Pair
from tests.builders import NOW, make_campaign, make_label, make_prompt, make_rubric_version, make_user
from tests.exports.settled import adjudicate, order, settled_pair


@pytest.fixture
def people(db: None) -> Sequence[User]:
    return make_user("lena"), make_user("otto"), make_user("paula")


@pytest.fixture
def campaign(any_moment: None, people: Sequence[User]) -> Campaign:
    return make_campaign("harbour", labelers=tuple(people))


def freeze(*campaigns: Campaign) -> DatasetVersion:
    return publishing.publish(order(*campaigns, dataset="harbour", shares={"train": 1.0}))


def only(old: DatasetVersion, new: DatasetVersion) -> Change:
    (found,) = differences.changes(old, new)
    return found


def pair_on(campaign: Campaign, people: Sequence[User], **slices: str) -> Pair:
    return settled_pair(campaign, people[:2], prompt=make_prompt(slices=slices))


def test_nothing_changed(campaign: Campaign, people: Sequence[User]) -> None:
    pair_on(campaign, people)
    old, new = freeze(campaign), freeze(campaign)
    found = differences.difference(old, new)
    assert (found.same, found.total) == (1, 0)
    assert differences.changes(old, new) == []


def test_a_row_was_added(campaign: Campaign, people: Sequence[User]) -> None:
    pair_on(campaign, people)
    old = freeze(campaign)
    pair = pair_on(campaign, people, language="de")
    Pair.objects.filter(pk=pair.pk).update(settled_at=old.frozen_at.replace(year=old.frozen_at.year + 1))
    new = freeze(campaign)
    found = differences.difference(old, new)
    assert {kind: n for kind, n in found.kinds.items() if n} == {"added": 1}
    assert dict(found.reasons) == {("added", "settled_since"): 1}
    assert [(name, value, kinds["added"]) for name, value, kinds in found.slices] == [("language", "de", 1)]
    assert only(old, new).new == new.rows.get(pair=pair)
    assert found.same == 1


def test_a_pair_was_withdrawn(campaign: Campaign, people: Sequence[User]) -> None:
    pair, _ = pair_on(campaign, people), pair_on(campaign, people)
    old = freeze(campaign)
    withdrawing.withdraw(campaign=campaign, pair=pair, reason="Its prompt breaks off.", actor=None, at=NOW)
    change = only(old, freeze(campaign))
    assert (change.kind, change.reason, change.cause) == ("removed", "withdrawn", "Its prompt breaks off.")
    assert change.link.endswith("/c/harbour/")


def test_labels_were_retracted(campaign: Campaign, people: Sequence[User]) -> None:
    pair, _ = pair_on(campaign, people), pair_on(campaign, people)
    old = freeze(campaign)
    theirs = Label.objects.filter(pair=pair, labeler=people[0])
    retraction.retract(theirs, campaign=campaign, actor=None, why="Too fast to have read.", submission_key=uuid.uuid4(), at=NOW)
    change = only(old, freeze(campaign))
    assert (change.kind, change.reason, change.cause) == ("removed", "retracted", "Too fast to have read.")


def test_a_pair_flipped_because_it_was_adjudicated(campaign: Campaign, people: Sequence[User], ada: User) -> None:
    pair = pair_on(campaign, people)
    old = freeze(campaign)
    adjudicate(pair, ada, "b")
    change = only(old, freeze(campaign))
    assert (change.kind, change.reason) == ("flipped", "adjudicated")
    assert change.old
    assert change.new
    assert change.old.chosen == change.new.rejected


def test_a_row_was_settled_anew_by_more_labels(campaign: Campaign, people: Sequence[User]) -> None:
    pair = pair_on(campaign, people)
    old = freeze(campaign)
    make_label(pair, people[2], -3)
    concluding.conclude(pair, at=NOW)
    change = only(old, freeze(campaign))
    assert (change.kind, change.reason) == ("resettled", "more_labels")


def test_a_rubric_change_is_linked(campaign: Campaign, people: Sequence[User]) -> None:
    pair = pair_on(campaign, people)
    old = freeze(campaign)
    second = make_rubric_version(rubric=campaign.rubric_version.rubric, body="Shorter is better.")
    Pair.objects.filter(pk=pair.pk).update(rubric_version=second, standing="waiting", verdict=None, margin=None)
    pair_on(campaign, people)
    change = next(change for change in differences.changes(old, freeze(campaign)) if change.kind == "removed")
    assert change.reason == "rubric"
    assert change.link.endswith(f"/rubrics/{second.rubric.name}/")


def test_a_pair_became_gold(campaign: Campaign, people: Sequence[User]) -> None:
    pair, _ = pair_on(campaign, people), pair_on(campaign, people)
    old = freeze(campaign)
    GoldItem.objects.create(pair=pair, verdict="a", why="Clear.", added_at=NOW)
    assert only(old, freeze(campaign)).reason == "gold"


def test_another_campaign_was_chosen(campaign: Campaign, people: Sequence[User]) -> None:
    second = make_campaign("second", labelers=tuple(people))
    pair_on(campaign, people)
    pair_on(second, people)
    old, new = freeze(campaign), freeze(campaign, second)
    assert only(old, new).reason == "other_campaigns"
    assert only(new, old).kind == "removed"


def test_changes_come_by_the_page_and_by_kind(campaign: Campaign, people: Sequence[User]) -> None:
    pair_on(campaign, people)
    old = freeze(campaign)
    for _ in range(5):
        pair_on(campaign, people)
    new = freeze(campaign)
    first = differences.changes(old, new, limit=3)
    rest = differences.changes(old, new, limit=3, after=first[-1].key)
    keys = [change.key for change in [*first, *rest]]
    assert keys == sorted(keys)
    assert len(set(keys)) == 5
    assert differences.changes(old, new, kind="removed") == []


def test_a_page_asks_as_often_for_many_as_for_few(campaign: Campaign, people: Sequence[User], django_assert_num_queries: object) -> None:
    pair_on(campaign, people)
    old = freeze(campaign)
    for _ in range(6):
        pair_on(campaign, people)
    new = freeze(campaign)
    for limit in (2, 6):
        with django_assert_num_queries(2):  # type: ignore[operator]
            differences.changes(old, new, limit=limit)
