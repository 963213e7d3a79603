"""How fast people label, and how long what is left takes at that pace, with how sure that is. Plain numbers, no database."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

LEVEL = 0.95


@dataclass(frozen=True)
class Pace:
    """Labels that fill a place, and the seconds of work in which they were made; checks take time, and fill no place."""

    labels: int
    seconds: float

    @property
    def per_hour(self) -> float | None:
        """None: nothing was stored, or in no time."""
        return 3600 * self.labels / self.seconds if self.labels and self.seconds > 0 else None


@dataclass(frozen=True)
class TimeLeft:
    """Hours, with their 95 % range."""

    hours: float
    low: float
    high: float


def time_left(places: int, paces: Sequence[Pace]) -> TimeLeft | None:
    """Return how long it takes to fill so many places if all of these people go on as they do. None: nobody has a pace.

    Their speeds r_i = n_i / t_i add up to R. How many labels somebody stores in a time is taken to be Poisson, so that R has the variance sum(n_i / t_i²): the
    relative spread of a single count of R² / sum(n_i / t_i²), whose interval gives the range.

    >>> left = time_left(120, [Pace(labels=30, seconds=1800)])
    >>> [round(hours, 2) for hours in (left.hours, left.low, left.high)]
    [2.0, 1.4, 2.96]
    """
    known = [pace for pace in paces if pace.per_hour]
    if not known:
        return None
    rate = sum(pace.labels / pace.seconds for pace in known)
    count = rate**2 / sum(pace.labels / pace.seconds**2 for pace in known)
    low, high = poisson_interval(count)
    hours = places / rate / 3600
    return TimeLeft(hours, low=hours * count / high, high=hours * count / low)


def poisson_interval(count: float, *, level: float = LEVEL) -> tuple[float, float]:
    """Return the interval of the mean of which a count came: Byar's approximation to the exact one (Breslow and Day 1987, p. 69). `count` is 1 or more.

    >>> [round(limit, 2) for limit in poisson_interval(10)]
    [4.79, 18.39]
    """
    z, above = NormalDist().inv_cdf((1 + level) / 2), count + 1
    low = count * (1 - 1 / (9 * count) - z / (3 * math.sqrt(count))) ** 3
    return low, above * (1 - 1 / (9 * above) + z / (3 * math.sqrt(above))) ** 3
