"""A labeler's rolling score on gold: how often they were right, how sure that is, and whether it lies below the bar."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

LEVEL = 0.95

LEAST = 8
"""Gold answers below which nobody is paused. (Eight of eight wrong put the upper limit at 32 %; three of three would still be at 56 %.)"""


@dataclass(frozen=True, kw_only=True)
class GoldAnswer:
    """What was said of a gold item. `left_was_a` says where its sides stood; both verdicts are on the pair's own sides."""

    said: str
    known: str
    left_was_a: bool

    @property
    def right(self) -> bool:
        return self.said == self.known

    @property
    def winner_stood(self) -> str:
        """Where the better response stood: `left`, `right`, or `neither` where the known verdict is a tie."""
        if self.known == "tie":
            return "neither"
        return "left" if (self.known == "a") == self.left_was_a else "right"


@dataclass(frozen=True, kw_only=True)
class Hits:
    """Hits among n, with their 95 % interval as fractions; all three None where n is 0."""

    hits: int
    n: int
    share: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class GoldScore:
    """The last gold answers, all of them and by where the better response stood: one who is right on the left alone does not read."""

    all: Hits
    left: Hits
    right: Hits
    neither: Hits


def score(answers: Sequence[GoldAnswer], *, last: int) -> GoldScore:
    """Return the score of the last `last` answers; they come in the order in which they were given."""
    recent = list(answers)[-last:] if last > 0 else []
    stood = {where: [answer.right for answer in recent if answer.winner_stood == where] for where in ("left", "right", "neither")}
    return GoldScore(all=hits_of([answer.right for answer in recent]), **{where: hits_of(right) for where, right in stood.items()})


def hits_of(right: Sequence[bool]) -> Hits:
    return hits_among(sum(right), len(right))


def hits_among(hits: int, n: int) -> Hits:
    if not n:
        return Hits(hits=0, n=0, share=None, low=None, high=None)
    low, high = wilson(hits, n)
    return Hits(hits=hits, n=n, share=hits / n, low=low, high=high)


def is_below(found: Hits, bar: float, *, least: int = LEAST) -> bool:
    """Say whether a score surely lies below the bar, a fraction: enough answers, and even the upper limit is less.

    >>> is_below(hits_of([True] * 9 + [False] * 11), 0.7), is_below(hits_of([True] * 10 + [False] * 10), 0.7)
    (True, False)
    """
    return found.n >= least and found.high is not None and found.high < bar


def wilson(hits: int, n: int, *, level: float = LEVEL) -> tuple[float, float]:
    """Return the score interval of a share of `hits` in `n`, as fractions (Wilson 1927).

    The shares p for which |hits/n - p| <= z sqrt(p (1 - p) / n): (hits + z²/2 ± z sqrt(hits (n - hits) / n + z²/4)) / (n + z²). Recommended for small n by
    Brown, Cai and DasGupta (2001), since it covers the true share about as often as it says, which the exact interval does more often than that.
    Raises ValueError unless 0 <= hits <= n and n > 0.

    >>> [round(limit, 4) for limit in wilson(81, 263)]
    [0.2553, 0.3662]
    """
    if not 0 <= hits <= n or n == 0:
        raise ValueError(f"{hits} of {n} is no share")
    z = NormalDist().inv_cdf((1 + level) / 2)
    middle, half = hits + z * z / 2, z * math.sqrt(hits * (n - hits) / n + z * z / 4)
    # Rounding alone could put a limit past 0 or 1, or past the share itself.
    return min(hits / n, max(0.0, (middle - half) / (n + z * z))), max(hits / n, min(1.0, (middle + half) / (n + z * z)))
