"""How long what is left takes, and how sure that is."""

from __future__ import annotations

import doctest

import pytest

from labeling import pace
from labeling.pace import Pace, poisson_interval, time_left


def test_it_works() -> None:
    left = time_left(90, [Pace(30, 1800), Pace(15, 1800)])
    assert left is not None
    assert left.hours == pytest.approx(1)
    assert left.low < 1 < left.high


def test_the_examples_hold() -> None:
    assert doctest.testmod(pace).failed == 0


@pytest.mark.parametrize(("count", "low", "high"), [(1, 0.03, 5.57), (5, 1.62, 11.67), (10, 4.80, 18.39), (30, 20.24, 42.83), (100, 81.36, 121.63)])
def test_intervals_are_those_of_the_exact_table(count: int, low: float, high: float) -> None:
    """Garwood (1936), by chi-square; Byar's are within 0.02 of them from 1 on."""
    assert poisson_interval(count) == pytest.approx((low, high), abs=0.02)


def test_one_person_alone_is_a_count() -> None:
    left = time_left(100, [Pace(10, 3600)])
    assert left is not None
    low, high = poisson_interval(10)
    assert (left.hours, left.low, left.high) == pytest.approx((10, 100 / high, 100 / low))


def test_more_labels_make_it_surer() -> None:
    few, many = time_left(100, [Pace(10, 600)]), time_left(100, [Pace(100, 6000)])
    assert few
    assert many
    assert few.hours == pytest.approx(many.hours)
    assert many.high - many.low < few.high - few.low


def test_who_stored_nothing_changes_nothing() -> None:
    assert time_left(100, [Pace(10, 600), Pace(0, 900), Pace(3, 0)]) == time_left(100, [Pace(10, 600)])


@pytest.mark.parametrize("paces", [[], [Pace(0, 0.0)], [Pace(0, 300.0)]])
def test_without_a_pace_nothing_is_known(paces: list[Pace]) -> None:
    assert time_left(100, paces) is None


def test_nothing_left_takes_no_time() -> None:
    left = time_left(0, [Pace(10, 600)])
    assert left is not None
    assert (left.hours, left.low, left.high) == (0, 0, 0)
