"""How sure a share is: the exact interval of a binomial proportion, and what it says of a labeler's sides."""

from __future__ import annotations

import math

LEVEL = 0.95
STEPS = 60
"""Halvings of [0, 1]: the limits are right to within 2**-60."""


def clopper_pearson(hits: int, n: int, *, level: float = LEVEL) -> tuple[float, float]:
    """Return the exact interval of a share of `hits` in `n`, as fractions (Clopper and Pearson 1934).

    Its lower limit is the share under which `hits` or more come up with probability (1 - level) / 2, its upper limit the share
    under which `hits` or fewer do; 0 and 1 where there is no such share. It covers the true share at least as often as it says, for every n.
    Raises ValueError unless 0 <= hits <= n and n > 0.

    >>> [round(limit, 4) for limit in clopper_pearson(8, 10)]
    [0.4439, 0.9748]
    """
    if not 0 <= hits <= n or n == 0:
        raise ValueError(f"{hits} of {n} is no share")
    tail = (1 - level) / 2
    # P(X >= k) is the regularised incomplete beta function I_p(k, n - k + 1), which grows with p (DLMF 8.17.5).
    low = 0.0 if hits == 0 else where_it_reaches(tail, hits, n - hits + 1)
    high = 1.0 if hits == n else where_it_reaches(1 - tail, hits + 1, n - hits)
    return low, high


def where_it_reaches(target: float, a: int, b: int) -> float:
    """Return the p with I_p(a, b) = target, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if incomplete_beta(middle, a, b) < target else (low, middle)
    return (low + high) / 2


def incomplete_beta(x: float, a: float, b: float) -> float:
    """Return I_x(a, b), the regularised incomplete beta function, for 0 < x < 1 and a, b > 0.

    By its continued fraction (DLMF 8.17.22), which converges fast for x < (a + 1) / (a + b + 2); beyond, by I_x(a, b) = 1 - I_{1-x}(b, a).
    """
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(1 - x, b, a)
    front = math.exp(a * math.log(x) + b * math.log1p(-x) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)) / a
    return front * continued_fraction(x, a, b)


def continued_fraction(x: float, a: float, b: float) -> float:
    """Return 1 / (1 + d1 / (1 + d2 / (1 + ...))) of DLMF 8.17.22, by Lentz's method as Thompson and Barnett (1986) changed it."""
    tiny = 1e-300
    fraction, above, below = 1.0, 1.0, 0.0
    for term in range(1, 10_000):
        m, odd = divmod(term, 2)
        d = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)) if odd else m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        below = 1 / ((1 + d * below) or tiny)
        above = (1 + d / above) or tiny
        fraction *= above * below
        if abs(above * below - 1) < 1e-15:
            break
    return 1 / fraction


def lean(low: float, high: float) -> str:
    """Say what an interval of the left share means: `left`, `right`, or `even` where it holds one half."""
    if low > 0.5:
        return "left"
    return "right" if high < 0.5 else "even"
