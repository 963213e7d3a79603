"""What is checked of a version, and what is found."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.models import User
from exports import gates, publishing
from exports.models import DatasetVersion
from labeling.models import Assignment, Campaign, Label, Pair, Role, Standing
from labeling.resolution import Resolution
from tests.builders import NOW, make_label, make_pair, make_prompt, make_rubric_version, make_slot
from tests.exports.settled import order, settled_campaign, settled_pair, stand


@pytest.fixture
def people(everyday: Campaign) -> list[User]:
    return [membership.user for membership in everyday.memberships.filter(role=Role.LABELER)]


def gate(name: str, *campaigns: Campaign) -> gates.Gate:
    version = publishing.publish(order(*campaigns))
    return next(found for found in gates.check(version) if found.name == name)


def test_it_works(version: DatasetVersion) -> None:
    assert [found.name for found in gates.check(version)] == ["Rubric versions", "System prompts", "Repeats", "Made by people", "Splits"]
    assert all(found.passed for found in gates.check(version) if found.name != "Splits")


def test_mixed_rubric_versions_are_named(any_moment: None, everyday: Campaign, people: list[User]) -> None:
    second = make_rubric_version(rubric=everyday.rubric_version.rubric, body="The better response is shorter.")
    other = settled_campaign("second", pairs=0)
    other.rubric_version = second
    other.save()
    settled_pair(other, people)
    found = gate("Rubric versions", everyday, other)
    assert not found.passed
    assert f"{second.rubric.name} version 1, {second.rubric.name} version 2" in found.found


def test_sides_that_were_asked_differently_are_counted(any_moment: None, everyday: Campaign) -> None:
    first = everyday.pairs.first()
    assert first
    Pair.objects.filter(pk=first.pk).update(asked_differently=True)
    assert gate("System prompts", everyday) == gates.Gate("System prompts", False, "In 1 row the two sides were asked under different system prompts.")


@pytest.mark.parametrize("turned", [False, True])
def test_the_same_texts_twice_are_counted_also_when_they_contradict(turned: bool, any_moment: None, everyday: Campaign, people: list[User]) -> None:
    for preferences in ((-2, -2), (2, 2) if turned else (-1, -1)):
        settled_pair(everyday, people, preferences, prompt=make_prompt("Which knot holds?"), a="A bowline.", b="A granny.")
    assert gate("Repeats", everyday).found == "In 1 row are texts that another row has too."


def test_simulated_labelers_are_counted(any_moment: None, everyday: Campaign, people: list[User]) -> None:
    pair = make_pair(everyday, slots=0)
    slot = make_slot(pair, labeler=people[0], closed_at=NOW)
    shown = Assignment.objects.create(slot=slot, pair=pair, labeler=people[0], rubric_version=pair.rubric_version, left_is_a=True, leased_at=timezone.now())
    make_label(pair, people[0], -2, slot=slot, source=Label.Source.SYNTHETIC, assignment=shown, left_was_a=True)
    stand(pair, Resolution(Standing.AGREED, "a", -2.0))
    assert gate("Made by people", everyday).found == "In 1 row a simulated labeler was counted."


def test_a_split_without_rows_is_named(any_moment: None) -> None:
    one = settled_campaign("one", pairs=1)
    found = gate("Splits", one)
    assert not found.passed
    assert found.found in ("No row fell into validation.", "No row fell into train.")
