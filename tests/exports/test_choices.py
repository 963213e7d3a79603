"""What is chosen for a version: its shape, its words, and what of it the manifest keeps."""

from __future__ import annotations

from typing import Any

import pytest

from exports.choices import BadChoice, Choice, slices_named
from exports.choices_shown import in_words

EVERYTHING = Choice(
    rubric_versions=("helpful@2", "helpful@1"),
    standings=("agreed",),
    least_agreement=0.75,
    least_strength=1.5,
    policies=("tiny@abc",),
    slices={"risk": ("high", "low"), "language": ("de",)},
    cap_per_person=50,
)


def test_a_plain_choice_bars_nothing_and_leaves_the_manifest_as_it_was() -> None:
    assert Choice().bars_nothing
    assert Choice().as_filters() == {}
    assert in_words(Choice()) == []


def test_the_manifest_gives_the_choice_again() -> None:
    again = Choice.from_filters(EVERYTHING.as_filters())
    assert again.as_filters() == EVERYTHING.as_filters()
    assert not again.bars_nothing


def test_the_order_in_which_things_were_chosen_does_not_matter() -> None:
    assert Choice(policies=("b", "a", "b")).as_filters() == Choice(policies=("a", "b")).as_filters()


def test_what_a_form_left_empty_bars_nothing() -> None:
    assert Choice.from_filters({"standings": [], "least_agreement": None, "slices": {}, "cap_per_person": None}).bars_nothing


def test_a_zero_is_said_and_kept() -> None:
    assert Choice(least_agreement=0.0).as_filters() == {"least_agreement": 0.0}


def test_it_is_said_in_words() -> None:
    said = in_words(EVERYTHING)
    assert "Rubric versions: helpful@1 and helpful@2" in said
    assert "At least this share of the labels says the verdict: 75\u00a0%" in said
    assert "Slice risk: high or low" in said
    assert "Labels of one person at most: 50" in said


@pytest.mark.parametrize(
    ("filters", "why"),
    [
        ({"standings": ["contested"]}, "standing"),
        ({"least_agreement": 1.01}, "share"),
        ({"least_agreement": float("nan")}, "share"),
        ({"least_strength": 3.5}, "margin"),
        ({"least_strength": -1}, "margin"),
        ({"cap_per_person": 0}, "1 or more"),
        ({"rubric_versions": ["helpful"]}, "rubric@number"),
        ({"slices": {"risk": []}}, "name=value"),
        ({"labelers": ["lena"]}, "labelers"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_reason(filters: dict[str, Any], why: str) -> None:
    with pytest.raises(BadChoice, match=why):
        Choice.from_filters(filters)


def test_slices_on_a_command_line() -> None:
    assert slices_named(["language=de", "language=en", "risk=a=b"]) == {"language": ("de", "en"), "risk": ("a=b",)}
    with pytest.raises(BadChoice, match="name=value"):
        slices_named(["language"])
