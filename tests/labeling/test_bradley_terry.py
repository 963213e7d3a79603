"""Strengths from who was preferred to whom, against a slow fit of its own and against strengths that were planted."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from labeling import bradley_terry
from labeling.bradley_terry import Floats, fit

counts = st.integers(0, 40).map(float)


def square(n: int) -> st.SearchStrategy[Floats]:
    return arrays.arrays(np.float64, (n, n), elements=counts)


tables = st.integers(1, 5).flatmap(square)
pairs_of_tables = st.integers(2, 5).flatmap(lambda n: st.tuples(square(n), square(n)))


def slow_fit(wins: Floats, ties: Floats, prior_sd: float) -> list[float]:
    """Return the strengths by moving one at a time to where its slope is 0, found by bisection, until none moves. (The slope falls in each.)"""
    n = len(wins)
    strengths = [0.0] * n

    def slope(i: int, at: float) -> float:
        up = -at / prior_sd**2
        for j in set(range(n)) - {i}:
            half = (ties[i][j] + ties[j][i]) / 2
            won, lost = wins[i][j] + half, wins[j][i] + half
            up += won - (won + lost) / (1 + math.exp(strengths[j] - at))
        return up

    for _ in range(3000):
        before = list(strengths)
        for i in range(n):
            low, high = -60.0, 60.0
            for _ in range(60):
                middle = (low + high) / 2
                low, high = (middle, high) if slope(i, middle) > 0 else (low, middle)
            strengths[i] = low
        if max(abs(one - other) for one, other in zip(before, strengths, strict=True)) < 1e-11:
            break
    return strengths


def planted(strengths: list[float], *, games: int, seed: int) -> Floats:
    """Return how often each was preferred to each, out of `games` a matchup."""
    draw, n = np.random.default_rng(seed), len(strengths)
    wins = np.zeros((n, n))
    for i in range(n):
        for j in range(i):
            wins[i, j] = draw.binomial(games, 1 / (1 + math.exp(strengths[j] - strengths[i])))
            wins[j, i] = games - wins[i, j]
    return wins


def test_the_examples_hold() -> None:
    assert doctest.testmod(bradley_terry).failed == 0


# ---- against others ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_it_finds_what_a_slow_fit_finds(seed: int) -> None:
    draw = np.random.default_rng(seed)
    n = int(draw.integers(2, 5))
    wins, ties = draw.integers(0, 30, (n, n)).astype(float), draw.integers(0, 6, (n, n)).astype(float)
    prior_sd = float(draw.uniform(0.5, 3))
    assert fit(wins, ties, prior_sd=prior_sd).log_strengths == pytest.approx(slow_fit(wins, ties, prior_sd), abs=1e-8)


def test_two_policies_have_the_odds_of_their_wins() -> None:
    """Without a prior to speak of: log(w/l), with variance 1/w + 1/l."""
    difference = fit([[0, 30], [12, 0]], prior_sd=1e4).difference(0, 1)
    assert difference.value == pytest.approx(math.log(30 / 12), abs=1e-6)
    assert difference.error == pytest.approx(math.sqrt(1 / 30 + 1 / 12), abs=1e-6)
    assert difference.win_probability == pytest.approx(30 / 42, abs=1e-6)


def test_the_errors_are_the_inverse_of_how_sharply_the_density_bends() -> None:
    """Against second differences of a density that is written out here."""
    wins = np.array([[0, 9, 4], [3, 0, 8], [5, 2, 0]], dtype=float)
    found = fit(wins)

    def log_density(at: Floats) -> float:
        likelihood = sum(wins[i, j] * -math.log1p(math.exp(at[j] - at[i])) for i in range(3) for j in range(3))
        return float(likelihood - sum(at**2) / 8)

    step, bends = 1e-4 * np.eye(3), np.zeros((3, 3))
    for i in range(3):
        for j in range(3):
            around = [found.log_strengths + a * step[i] + b * step[j] for a in (1, -1) for b in (1, -1)]
            bends[i, j] = -(log_density(around[0]) - log_density(around[1]) - log_density(around[2]) + log_density(around[3])) / 4e-8
    assert found.covariance == pytest.approx(np.linalg.inv(bends), rel=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_planted_strengths_are_found(seed: int) -> None:
    strengths = [1.5, 0.4, 0.0, -0.7, -1.2]
    found = fit(planted(strengths, games=4000, seed=seed))
    for i in range(5):
        for j in range(i):
            difference = found.difference(i, j)
            assert difference.error < 0.06
            assert abs(difference.value - (strengths[i] - strengths[j])) < 4 * difference.error


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """In 400 samples, 95 % give 380; fewer than 361 come up once in 10,000 times."""
    differences = [fit(planted([0.5, -0.5], games=60, seed=seed)).difference(0, 1) for seed in range(400)]
    assert sum(difference.low <= 1 <= difference.high for difference in differences) >= 361
    covered = [difference.win_interval[0] <= 1 / (1 + math.exp(-1)) <= difference.win_interval[1] for difference in differences]
    assert sum(covered) >= 361


# ---- what holds of all ---------------------------------------------------------------------------------------------


@given(tables=pairs_of_tables)
def test_the_other_way_round_is_the_negative(tables: tuple[Floats, Floats]) -> None:
    wins, ties = tables
    there, back = fit(wins, ties), fit(wins.T, ties)
    assert there.log_strengths == pytest.approx(-back.log_strengths, abs=1e-9)
    assert there.difference(0, 1).value == -there.difference(1, 0).value
    assert there.difference(0, 1).error == pytest.approx(there.difference(1, 0).error)


@given(wins=tables, seed=st.integers(0, 1000))
def test_the_order_of_policies_does_not_matter(wins: Floats, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(wins))
    found, mixed = fit(wins), fit(wins[np.ix_(order, order)])
    assert mixed.log_strengths == pytest.approx(found.log_strengths[order], abs=1e-9)
    assert mixed.covariance == pytest.approx(found.covariance[np.ix_(order, order)], abs=1e-9)


@given(wins=tables, times=st.sampled_from([2, 5, 100]))
def test_more_of_the_same_is_as_strong_and_more_certain(wins: Floats, times: int) -> None:
    """With the prior's weight in proportion: the same strengths, and each variance by so many times less."""
    found, more = fit(wins), fit(wins * times, prior_sd=bradley_terry.PRIOR_SD / math.sqrt(times))
    assert more.log_strengths == pytest.approx(found.log_strengths, abs=1e-8)
    assert more.covariance * times == pytest.approx(found.covariance, abs=1e-8)


@given(wins=tables, i=st.integers(0, 4), j=st.integers(0, 4))
def test_a_further_label_never_makes_a_pair_of_equals_less_certain(wins: Floats, i: int, j: int) -> None:
    level = wins + wins.T  # everybody wins half: all strengths are 0, and stay so when a tie is added
    i, j = i % len(wins), j % len(wins)
    further = level.copy()
    further[i, j], further[j, i] = further[i, j] + 0.5, further[j, i] + 0.5
    assert fit(further).difference(i, j).error <= fit(level).difference(i, j).error + 1e-12


@given(wins=tables)
def test_strengths_add_up_to_nothing_and_all_is_finite(wins: Floats) -> None:
    found = fit(wins)
    assert found.log_strengths.sum() == pytest.approx(0, abs=1e-8)
    assert np.isfinite(found.covariance).all()
    assert np.linalg.eigvalsh(found.covariance).min() > 0


@given(tables=pairs_of_tables)
def test_a_tie_is_half_a_win_each_in_whichever_cell_it_is_noted(tables: tuple[Floats, Floats]) -> None:
    wins, ties = tables
    halves = fit(wins + ties / 2 + ties.T / 2).log_strengths
    assert fit(wins, ties).log_strengths == pytest.approx(halves, abs=1e-9)
    assert fit(wins, ties.T).log_strengths == pytest.approx(halves, abs=1e-9)


def test_what_a_policy_did_against_itself_says_nothing() -> None:
    found = fit([[7, 3], [1, 9]], [[5, 0], [0, 2]])
    assert found.log_strengths == pytest.approx(fit([[0, 3], [1, 0]]).log_strengths)
    itself = found.difference(1, 1)
    assert (itself.value, itself.error, itself.win_probability) == (0, 0, 0.5)


@given(wins=tables, times=st.sampled_from([2, 5]))
def test_uncertainty_is_a_width_that_falls_with_every_label(wins: Floats, times: int) -> None:
    level = wins + wins.T  # everybody wins half
    before, after = fit(level).difference(0, -1), fit(level * times).difference(0, -1)
    assert 0 <= after.uncertainty <= before.uncertainty + 1e-12 < 1


def test_who_always_wins_is_known_though_the_odds_are_not() -> None:
    decided, open_ = fit([[0, 200], [0, 0]]).difference(0, 1), fit([[0, 10], [10, 0]]).difference(0, 1)
    assert decided.error > open_.error
    assert decided.uncertainty < open_.uncertainty / 10


# ---- little, one-sided, apart --------------------------------------------------------------------------------------


def test_of_nothing_all_are_equal_and_as_uncertain_as_the_prior() -> None:
    assert fit(np.zeros((0, 0))).log_strengths.shape == (0,)
    assert fit([[0]]).log_strengths.tolist() == [0]
    difference = fit(np.zeros((4, 4))).difference(0, 3)
    assert (difference.value, difference.win_probability) == (0, 0.5)
    assert difference.error == pytest.approx(bradley_terry.PRIOR_SD * math.sqrt(2))


@pytest.mark.parametrize("games", [1, 10, 1000, 10**6, 10**9])
def test_who_always_won_is_finitely_stronger(games: int) -> None:
    difference = fit([[0, games], [0, 0]]).difference(0, 1)
    assert 0 < difference.value < 60
    assert 0 < difference.error < bradley_terry.PRIOR_SD * math.sqrt(2)
    assert difference.low < difference.value < difference.high
    assert 0.5 < difference.win_probability <= 1


def test_what_never_met_is_less_certain_than_what_met() -> None:
    """0 meets 1, 2 meets 3, nobody meets across."""
    wins = np.zeros((4, 4))
    wins[0, 1], wins[1, 0], wins[2, 3], wins[3, 2] = 20, 10, 20, 10
    found = fit(wins)
    assert found.difference(0, 2).error > 2 * found.difference(0, 1).error
    assert found.difference(0, 2).value == pytest.approx(0, abs=1e-9)


def test_who_met_a_common_opponent_is_compared_through_it() -> None:
    wins = np.zeros((3, 3))
    wins[0, 1], wins[1, 0], wins[1, 2], wins[2, 1] = 300, 100, 300, 100
    found = fit(wins)
    assert found.difference(0, 2).value == pytest.approx(2 * math.log(3), rel=0.05)
    assert found.difference(0, 1).error < found.difference(0, 2).error < 2 * found.difference(0, 1).error


@pytest.mark.parametrize(
    ("wins", "ties"),
    [
        ([[0, 1, 2], [1, 0, 2]], None),
        ([0, 1], None),
        ([[0, 1], [1, 0]], [[0]]),
        ([[0, -1], [1, 0]], None),
        ([[0, 1], [1, 0]], [[0, -1], [4, 0]]),
        ([[0, float("nan")], [1, 0]], None),
        ([[0, float("inf")], [1, 0]], None),
    ],
)
def test_what_are_no_wins_is_refused(wins: object, ties: object) -> None:
    with pytest.raises(ValueError, match="must be"):
        fit(wins, ties)  # type: ignore[arg-type]


@pytest.mark.parametrize("prior_sd", [0, -1, float("nan")])
def test_a_prior_without_width_is_refused(prior_sd: float) -> None:
    with pytest.raises(ValueError, match="prior"):
        fit([[0, 1], [1, 0]], prior_sd=prior_sd)


def test_probabilities_at_either_end_are_probabilities() -> None:
    assert bradley_terry.probability(-2000) == 0
    assert bradley_terry.probability(2000) == 1
    assert bradley_terry.probability(-3) == pytest.approx(1 - bradley_terry.probability(3))
