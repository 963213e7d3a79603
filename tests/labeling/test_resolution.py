"""The settling rule, case by case, and what must hold for every case."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.resolution import Resolution, Said, resolve

VERDICTS = {"a": -2, "b": 2, "tie": 0}
labels_of = st.lists(st.sampled_from(sorted(VERDICTS)), max_size=9)


def said(verdicts: str | list[str]) -> list[Said]:
    words = verdicts.split() if isinstance(verdicts, str) else verdicts
    return [Said(word, VERDICTS[word]) for word in words]


def standing(verdicts: str, *, places_open: int = 0) -> tuple[str, str | None]:
    resolution = resolve(labels=said(verdicts), places_open=places_open, adjudication=None, withdrawn=False)
    return resolution.standing, resolution.verdict


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ("", ("waiting", None)),
        ("a", ("agreed", "a")),
        ("a a", ("agreed", "a")),
        ("a b", ("contested", None)),
        ("a tie", ("contested", None)),
        ("tie tie", ("agreed", "tie")),
        ("a a b", ("agreed", "a")),
        ("a b tie", ("contested", None)),
        ("a a b b", ("contested", None)),
        ("a a b tie", ("contested", None)),
        ("a a a b tie", ("agreed", "a")),
        ("b b b a a", ("agreed", "b")),
    ],
)
def test_a_strict_majority_settles_a_pair(verdicts: str, expected: tuple[str, str | None]) -> None:
    assert standing(verdicts) == expected


def test_a_pair_waits_while_a_place_is_open() -> None:
    assert standing("a a", places_open=1) == ("waiting", None)


def test_an_adjudication_ends_a_contest() -> None:
    resolution = resolve(labels=said("a b"), places_open=0, adjudication=Said("b", 3), withdrawn=False)
    assert resolution == Resolution("adjudicated", "b", 3.0)


def test_an_adjudicator_may_find_no_right_answer() -> None:
    resolution = resolve(labels=said("a b"), places_open=0, adjudication=Said(None, None), withdrawn=False)
    assert resolution == Resolution("adjudicated", None, None)


def test_a_withdrawn_pair_stays_withdrawn_whatever_was_said() -> None:
    assert resolve(labels=said("a a"), places_open=0, adjudication=Said("a", -1), withdrawn=True) == Resolution("withdrawn", None, None)


def test_the_margin_is_the_mean_preference_and_a_bare_verdict_counts_as_one_step() -> None:
    labels = [Said("a", -3), Said("a", None), Said("b", 1)]
    assert resolve(labels=labels, places_open=0, adjudication=None, withdrawn=False).margin == -1.0


@given(labels_of, st.randoms(use_true_random=False))
def test_the_order_of_labels_does_not_matter(verdicts: list[str], random: object) -> None:
    shuffled = list(verdicts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert standing(" ".join(verdicts)) == standing(" ".join(shuffled))


@given(labels_of)
def test_swapping_a_and_b_swaps_the_verdict(verdicts: list[str]) -> None:
    swap = {"a": "b", "b": "a", "tie": "tie", None: None}
    before, after = standing(" ".join(verdicts)), standing(" ".join(str(swap[verdict]) for verdict in verdicts))
    assert after == (before[0], swap[before[1]])


@given(labels_of)
def test_an_agreed_verdict_has_more_than_half(verdicts: list[str]) -> None:
    word, verdict = standing(" ".join(verdicts))
    assert (word == "agreed") == any(2 * verdicts.count(each) > len(verdicts) for each in VERDICTS)
    assert verdict is None or 2 * verdicts.count(verdict) > len(verdicts)
