"""Splits by prompt family: shares are met, and nothing moves a family but its own key, the salt and the shares."""

from __future__ import annotations

import hashlib
import math
import random
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exports import splits

keys = st.text(alphabet="0123456789abcdef", min_size=64, max_size=64)
shares_of_three = st.tuples(st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 1000)).filter(any)


def families(n: int) -> list[str]:
    return [hashlib.sha256(str(number).encode()).hexdigest() for number in range(n)]


def as_shares(parts: tuple[int, int, int]) -> dict[str, float]:
    return {name: part / sum(parts) for name, part in zip(splits.SPLITS, parts, strict=True)}


def test_it_works() -> None:
    counts = Counter(splits.split_of(key, salt="salt") for key in families(2000))
    assert set(counts) == {"train", "validation"}
    assert counts["train"] > 8 * counts["validation"]


def test_places_do_not_change_between_releases() -> None:
    shares = {"train": 0.5, "validation": 0.2, "test": 0.3}
    places = [splits.split_of(key, salt="everyday", shares=shares) for key in families(12)]
    assert places == ["test", "train", "train", "test", "train", "train", "test", "train", "train", "validation", "validation", "train"]
    assert splits.point("", salt="") == int(hashlib.sha256(b"0:").hexdigest()[:16], 16) // 2**11 / 2**53


@settings(derandomize=True)  # a claim about chance: the same salts every time
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), shares_of_three)
def test_each_share_is_met_within_what_chance_allows(salt: str, parts: tuple[int, int, int]) -> None:
    n, shares = 1000, as_shares(parts)
    counts = Counter(splits.split_of(key, salt=salt, shares=shares) for key in families(n))
    for name, share in shares.items():
        # Six standard deviations.
        assert abs(counts[name] - share * n) <= 6 * math.sqrt(share * (1 - share) * n) + 1


@given(st.lists(keys, unique=True, max_size=30), st.randoms(use_true_random=False))
def test_neither_the_order_nor_the_other_families_matter(some: list[str], chance: random.Random) -> None:
    alone = {key: splits.split_of(key, salt="s") for key in some}
    together = {key: splits.split_of(key, salt="s") for key in chance.sample(some, len(some))}
    assert together == alone


@given(keys, st.permutations(splits.SPLITS))
def test_the_order_in_which_shares_are_written_does_not_matter(key: str, order: list[str]) -> None:
    shares = {"train": 0.5, "validation": 0.2, "test": 0.3}
    assert splits.split_of(key, salt="s", shares={name: shares[name] for name in order}) == splits.split_of(key, salt="s", shares=shares)


@given(keys, st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_of_train_takes_nothing_out_of_train(key: str, one: float, other: float) -> None:
    fewer, more = sorted((one, other))
    before = splits.split_of(key, salt="s", shares={"train": fewer, "test": 1 - fewer})
    after = splits.split_of(key, salt="s", shares={"train": more, "test": 1 - more})
    assert (before, after) != ("train", "test")


@given(keys, shares_of_three)
def test_a_split_without_a_share_gets_nothing(key: str, parts: tuple[int, int, int]) -> None:
    shares = as_shares(parts)
    assert shares[splits.split_of(key, salt="s", shares=shares)] > 0


def test_another_salt_draws_anew() -> None:
    half = {"train": 0.5, "test": 0.5}
    same = sum(splits.split_of(key, salt="one", shares=half) == splits.split_of(key, salt="two", shares=half) for key in families(2000))
    assert 880 < same < 1120
    assert splits.point("bc", salt="a") != splits.point("c", salt="ab")


def test_the_last_split_ends_at_one_whatever_the_rounding() -> None:
    thirds = dict.fromkeys(splits.SPLITS, 1 / 3)
    ends = [end for _, end in splits.borders(thirds)]
    assert ends[-1] == 1.0
    assert all(before < after for before, after in pairwise(ends))
    assert splits.borders({"train": 1.0}) == [("train", 1.0)]


@pytest.mark.parametrize(
    ("shares", "why"),
    [
        ({"train": 0.9}, "add up to 1, not 0.9"),
        ({}, "add up to 1, not 0"),
        ({"train": 1.1, "test": -0.1}, "between 0 and 1"),
        ({"train": math.nan}, "between 0 and 1"),
        ({"train": 0.5, "dev": 0.5}, "dev: there is no such split"),
    ],
)
def test_shares_that_say_nothing_are_refused(shares: dict[str, float], why: str) -> None:
    with pytest.raises(splits.BadShares, match=why):
        splits.split_of("0" * 64, salt="s", shares=shares)
