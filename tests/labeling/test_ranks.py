"""The order of places, by strategy: all of them against a plain sort key."""

from __future__ import annotations

import doctest
from collections.abc import Callable
from dataclasses import asdict, dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling import ranks
from labeling.models import Campaign
from labeling.ranks import levels, rank


@dataclass(frozen=True)
class Place:
    pair_id: int
    ordinal: int
    priority: int
    level: int


places = st.builds(Place, st.integers(0, 2**40 - 1), st.integers(0, 63), st.integers(0, 100), st.integers(0, 999))
near_places = st.builds(Place, st.integers(0, 3), st.integers(0, 3), st.integers(49, 51), st.integers(0, 2))

SOONER: dict[str, Callable[[Place], tuple[int, ...]]] = {
    "finish": lambda place: (place.pair_id, place.ordinal),
    "spread": lambda place: (place.ordinal, place.pair_id),
    "priority": lambda place: (-place.priority, place.pair_id, place.ordinal),
    "informative": lambda place: (place.level, place.pair_id, place.ordinal),
}


def test_the_examples_hold() -> None:
    assert doctest.testmod(ranks).failed == 0


def test_every_strategy_of_a_campaign_is_an_order() -> None:
    assert set(ranks.STRATEGIES) == set(Campaign.Strategy.values) == set(SOONER)


@pytest.mark.parametrize("strategy", SOONER)
@given(one=places | near_places, other=places | near_places)
def test_ranks_are_in_the_order_that_the_strategy_says(strategy: str, one: Place, other: Place) -> None:
    earlier, later = SOONER[strategy](one), SOONER[strategy](other)
    before, after = rank(strategy, **asdict(one)), rank(strategy, **asdict(other))
    assert (before < after) == (earlier < later)
    assert (before == after) == (earlier == later)


@pytest.mark.parametrize("strategy", SOONER)
@given(place=places)
def test_ranks_leave_room_below_for_the_head_and_above_for_the_type(strategy: str, place: Place) -> None:
    assert 0 <= rank(strategy, **asdict(place)) < 2**62


@pytest.mark.parametrize("strategy", SOONER)
@given(pair_id=st.integers(0, 2**40 - 1), ordinals=st.sets(st.integers(0, 63), min_size=2, max_size=2))
def test_two_places_of_one_pair_have_two_ranks(strategy: str, pair_id: int, ordinals: set[int]) -> None:
    assert len({rank(strategy, pair_id=pair_id, ordinal=ordinal) for ordinal in ordinals}) == 2


@pytest.mark.parametrize("wrong", [{"ordinal": 64}, {"ordinal": -1}, {"pair_id": 2**40}, {"pair_id": -1}, {"priority": 101}, {"priority": -1}, {"level": 1000}])
@pytest.mark.parametrize("strategy", SOONER)
def test_a_number_out_of_its_bounds_is_refused(strategy: str, wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} is {next(iter(wrong.values()))}"):
        rank(strategy, **({"pair_id": 1, "ordinal": 0} | wrong))


def test_an_unknown_strategy_is_refused() -> None:
    with pytest.raises(ValueError, match="backwards"):
        rank("backwards", pair_id=1, ordinal=0)


@given(uncertainty=st.dictionaries(st.integers(), st.floats(0, 10).map(lambda value: round(value, 6)), max_size=60))
def test_the_more_uncertain_is_served_sooner(uncertainty: dict[int, float]) -> None:
    found = levels(uncertainty)
    assert found.keys() == uncertainty.keys()
    for one in uncertainty:
        for other in uncertainty:
            assert (found[one] < found[other]) == (uncertainty[one] > uncertainty[other])


def test_the_most_uncertain_has_level_0_and_more_matchups_than_levels_share_them() -> None:
    assert levels({}) == {}
    assert levels({"only": 0.0}) == {"only": 0}
    found = levels({matchup: 1 - matchup / 5000 for matchup in range(5000)})
    assert sorted(found.values()) == [place // 5 for place in range(5000)]
    assert list(found.values()) == sorted(found.values())


def test_a_level_is_kept_where_all_uncertainties_fall_and_the_order_holds() -> None:
    assert levels({"a": 0.9, "b": 0.5, "c": 0.1}) == levels({"a": 0.09, "b": 0.05, "c": 0.01})


def test_what_differs_by_rounding_alone_is_equal() -> None:
    assert levels({"a": 0.1 + 0.2, "b": 0.3}) == {"a": 0, "b": 0}
