"""How strong policies are, from who was preferred to whom: the Bradley-Terry model, and how sure its differences are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

PRIOR_SD = 2.0
"""Of a log-strength, before anything is known. A difference then has variance 8, which weighs half as much as one label on two equal policies (variance 4)."""

Z_95 = 1.959963984540054
"""The normal distribution lies within so many standard errors with probability 0.95."""

MOST_STEPS, MOST_HALVINGS = 100, 40


@dataclass(frozen=True)
class Difference:
    """By how much one policy is stronger than another, in log-odds of being preferred: 0 is even, positive is for the first.

    A probability has the same interval as its log-odds, since one grows with the other.
    """

    value: float
    error: float
    """Standard error of the log-odds."""

    @property
    def low(self) -> float:
        return self.value - Z_95 * self.error

    @property
    def high(self) -> float:
        return self.value + Z_95 * self.error

    @property
    def win_probability(self) -> float:
        """That the first is preferred, where one is: ties are half a win each."""
        return probability(self.value)

    @property
    def win_interval(self) -> tuple[float, float]:
        """The 95 % interval of the win probability."""
        return probability(self.low), probability(self.high)

    @property
    def uncertainty(self) -> float:
        """How wide that interval is. The error of the log-odds would not do: it stays large where one policy wins nearly always, though little is open."""
        low, high = self.win_interval
        return high - low


@dataclass(frozen=True, eq=False)
class Strengths:
    """What a fit found for n policies."""

    log_strengths: Floats
    """(n,), in natural logarithms. Only differences mean something; they add up to 0."""
    covariance: Floats
    """(n, n), of the log-strengths."""

    def difference(self, i: int, j: int) -> Difference:
        """Return by how much policy i is stronger than policy j. Of a policy and itself: 0, and sure."""
        variance = self.covariance[i, i] + self.covariance[j, j] - 2 * self.covariance[i, j]
        return Difference(float(self.log_strengths[i] - self.log_strengths[j]), math.sqrt(max(0.0, variance)))


def fit(wins: ArrayLike, ties: ArrayLike | None = None, *, prior_sd: float = PRIOR_SD) -> Strengths:
    """Return the strengths under which policy i is preferred to j with probability 1 / (1 + exp(s_j - s_i)) (Bradley and Terry 1952).

    `wins` (n, n) says in row i, column j how often i was preferred to j; `ties` (n, n) how often neither was, noted in
    either of the two cells. A tie is half a win each. Numbers may be fractions, so that labels may be weighted; what a policy did against itself says
    nothing and is left out. The strengths are those of the highest posterior density with a normal prior of mean 0 and `prior_sd`, which
    is weak and keeps them finite where a policy won everything, met nobody, or nothing is known. The covariance is the inverse of the curvature
    there. Ties vary less than the model says, so with many of them the errors are on the wide side.
    Raises ValueError for what is not square, of one shape, finite and at least 0, and for a prior that is not positive.

    >>> strengths = fit([[0, 8], [2, 0]], [[0, 2], [0, 0]])
    >>> difference = strengths.difference(0, 1)
    >>> round(difference.value, 2), round(difference.error, 2), round(difference.win_probability, 2)
    (1.04, 0.64, 0.74)
    """
    scores = scores_of(wins, ties)
    if not prior_sd > 0:
        raise ValueError(f"the prior's standard deviation is {prior_sd}: it must be above 0")
    precision = prior_sd**-2
    strengths = climb(scores, precision)
    return Strengths(strengths, np.asarray(np.linalg.inv(curvature(strengths, scores, precision)), dtype=np.float64))


def scores_of(wins: ArrayLike, ties: ArrayLike | None) -> Floats:
    """Return (n, n) wins of the row over the column, with half of each tie."""
    won = np.array(wins, dtype=float)
    tied = np.zeros_like(won) if ties is None else np.array(ties, dtype=float)
    if won.ndim != 2 or won.shape[0] != won.shape[1] or won.shape != tied.shape:
        raise ValueError(f"wins are {won.shape} and ties {tied.shape}: both must be n by n")
    scores: Floats = won + (tied + tied.T) / 2
    if not np.isfinite(scores).all() or won.min(initial=0) < 0 or tied.min(initial=0) < 0:
        raise ValueError("wins and ties must be finite, and at least 0")
    np.fill_diagonal(scores, 0)
    return scores


def climb(scores: Floats, precision: float) -> Floats:
    """Return the strengths at the top, by Newton's method. A step that leads down is halved; there is one top, because the density is log-concave."""
    strengths = np.zeros(len(scores))
    for _ in range(MOST_STEPS):
        step = np.asarray(np.linalg.solve(curvature(strengths, scores, precision), slope(strengths, scores, precision)), dtype=np.float64)
        if not np.abs(step).max(initial=0) > 1e-12:
            break
        strengths = strengths + shortened(step, strengths, scores, precision)
    return strengths


def shortened(step: Floats, strengths: Floats, scores: Floats, precision: float) -> Floats:
    """Return the step, halved until it leads up, but for the rounding of sums."""
    here = height(strengths, scores, precision)
    for _ in range(MOST_HALVINGS):
        if height(strengths + step, scores, precision) >= here - 1e-12 * abs(here):
            break
        step = step / 2
    return step


def height(strengths: Floats, scores: Floats, precision: float) -> float:
    """Return the log-density up to a constant: sum of w_ij log p_ij, less the prior's half square."""
    return float(-(scores * np.logaddexp(0, strengths[None, :] - strengths[:, None])).sum() - precision / 2 * (strengths**2).sum())


def slope(strengths: Floats, scores: Floats, precision: float) -> Floats:
    """Return the gradient (n,): what each won, less what it was to win."""
    surplus: Floats = (scores - (scores + scores.T) * probabilities(strengths)).sum(axis=1)
    return surplus - precision * strengths


def curvature(strengths: Floats, scores: Floats, precision: float) -> Floats:
    """Return the negated Hessian (n, n): the Laplacian of n_ij p_ij p_ji, and the prior's precision on its diagonal."""
    p = probabilities(strengths)
    weights = (scores + scores.T) * p * p.T
    return np.diag(weights.sum(axis=1) + precision) - weights


def probabilities(strengths: Floats) -> Floats:
    """Return (n, n): the probability that the row is preferred to the column."""
    return np.exp(-np.logaddexp(0, strengths[None, :] - strengths[:, None]))


def probability(log_odds: float) -> float:
    """Return what log-odds say as a probability.

    >>> probability(0)
    0.5
    """
    return 1 / (1 + math.exp(-log_odds)) if log_odds >= 0 else 1 - probability(-log_odds)
