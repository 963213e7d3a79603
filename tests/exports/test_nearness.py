"""Likeness by MinHash: near what it estimates, the same everywhere, and nobody who is near is missed."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports import nearness

WORDS = (
    "river stone garden window copper lantern meadow thunder pocket silver basket harbour winter candle orchard feather bridge mirror valley compass".split()  # noqa: SIM905 - a list of words
)


def text(chance: random.Random, words: int = 40) -> str:
    return " ".join(chance.choice(WORDS) + str(chance.randrange(1000)) for _ in range(words))


def jaccard(one: str, other: str) -> float:
    first, second = set(nearness.shingles(one)), set(nearness.shingles(other))
    return len(first & second) / len(first | second)


def changed(original: str, chance: random.Random, words: int) -> str:
    parts = original.split()
    for place in chance.sample(range(len(parts)), words):
        parts[place] = "changed" + str(chance.randrange(1000))
    return " ".join(parts)


def pairs(texts: list[str]) -> Iterator[tuple[int, int]]:
    """What is near among texts, all of them new."""
    made = nearness.sketches(texts)
    for one, other in nearness.candidates(nearness.bands(made), np.ones(len(texts), bool)):
        near = nearness.alike(made[one], made[other])
        yield from zip(one[near].tolist(), other[near].tolist(), strict=True)


def test_it_works() -> None:
    one = "Explain to a child why the sky is blue, in three short sentences."
    made = nearness.sketches([one, one + " Please.", "Write a haiku about rust."])
    assert nearness.alike(made[0], made[1:]).tolist() == [True, False]


def test_the_estimate_is_near_the_likeness() -> None:
    chance = random.Random(3)
    originals = [text(chance) for _ in range(60)]
    others = [changed(original, chance, number % 30) for number, original in enumerate(originals)]
    estimates = nearness.likeness(nearness.sketches(originals), nearness.sketches(others))
    errors = estimates - np.array([jaccard(one, other) for one, other in zip(originals, others, strict=True)])
    assert np.abs(errors).max() < 0.16
    assert abs(errors.mean()) < 0.02


def test_sketches_do_not_change_between_releases() -> None:
    made = nearness.sketches(["the quick brown fox jumps over the lazy dog"])
    assert made[0, :4].tolist() == [30720, 28169, 16532, 46788]
    assert nearness.METHOD == "minhash/2/5/125/7"


@given(st.lists(st.text(max_size=30), max_size=6))
def test_equal_texts_have_equal_sketches_whatever_stands_beside_them(texts: list[str]) -> None:
    together = nearness.sketches(texts)
    for place, one in enumerate(texts):
        assert (nearness.sketches([one])[0] == together[place]).all()


@pytest.mark.parametrize("preamble", ["", "You are a helpful assistant. Read the following text with care and answer in one short sentence. "])
def test_planted_near_duplicates_are_found_among_many(preamble: str) -> None:
    """With a preamble everything is half alike, and bands are full."""
    chance = random.Random(5)
    originals = [preamble + text(chance, 30) for _ in range(600)]
    planted = {place: changed(originals[place], chance, 1) for place in chance.sample(range(600), 60)}
    texts = [*originals, *planted.values()]
    likenesses = {(place, 600 + number): jaccard(originals[place], other) for number, (place, other) in enumerate(planted.items())}
    sure = {pair for pair, likeness in likenesses.items() if likeness >= 0.9}
    assert len(sure) >= 30
    found = {tuple(sorted(pair)) for pair in pairs(texts)}
    assert sure <= found
    assert all(jaccard(texts[one], texts[other]) > 0.6 for one, other in found)


def test_what_was_compared_before_is_not_compared_again() -> None:
    made = nearness.bands(nearness.sketches(["the same words", "the same words", "other words altogether"]))
    assert list(nearness.candidates(made, np.zeros(3, bool))) == []
    assert list(nearness.candidates(made, np.array([False, True, False])))


@pytest.mark.parametrize("n", [0, 1])
def test_there_may_be_nothing_to_compare(n: int) -> None:
    made = nearness.sketches(["alone"] * n)
    assert made.shape == (n, nearness.PLACES)
    assert list(nearness.candidates(nearness.bands(made), np.ones(n, bool))) == []
