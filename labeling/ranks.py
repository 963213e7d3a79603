"""In which order places are served: the rank of a place, by strategy. Lower is sooner."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

FINISH, SPREAD, PRIORITY, INFORMATIVE = "finish", "spread", "priority", "informative"

STRATEGIES = (FINISH, SPREAD, PRIORITY, INFORMATIVE)

PLACES_A_PAIR = 64
"""Room for the places of one pair next to one another. k is at most 25; escalations and places made anew need some more."""

PAIRS = 2**40
"""Room for the pairs of one round: more than there will be, and 64 rounds of them stay far below 2**63."""

BAND = PAIRS * PLACES_A_PAIR
"""Room for all places in the order of `finish`. A priority or a level is a band of its own: 1000 of them end below 2**56."""

USUAL_PRIORITY, HIGHEST_PRIORITY = 50, 100

LEVELS = 1000
"""Levels of `informative`: 0 is the most uncertain matchup."""

Matchup = TypeVar("Matchup", bound=Hashable)


def rank(strategy: str, *, pair_id: int, ordinal: int, priority: int = USUAL_PRIORITY, level: int = 0) -> int:
    """Return the rank, in [0, 2**62), of a pair's place number `ordinal`, counted from 0.

    `finish` serves all places of a pair before the next pair is begun; `spread` serves every pair once before any pair twice. `priority` serves pairs of a
    higher priority (0 to 100) first, and `informative` those of a lower level (0 to 999); among equals both finish what is begun, since
    a pair that was left half done makes no row. Raises ValueError for an unknown strategy and for a number out of its bounds.

    >>> rank("finish", pair_id=7, ordinal=1) < rank("finish", pair_id=8, ordinal=0)
    True
    >>> rank("spread", pair_id=8, ordinal=0) < rank("spread", pair_id=7, ordinal=1)
    True
    >>> rank("priority", pair_id=8, ordinal=1, priority=90) < rank("priority", pair_id=7, ordinal=0, priority=50)
    True
    >>> rank("informative", pair_id=8, ordinal=1, level=0) < rank("informative", pair_id=7, ordinal=0, level=1)
    True
    """
    for name, number, bound in (("pair_id", pair_id, PAIRS), ("ordinal", ordinal, PLACES_A_PAIR), ("priority", priority, 101), ("level", level, LEVELS)):
        if not 0 <= number < bound:
            raise ValueError(f"{name} is {number}: it must be 0 to {bound - 1}")
    if strategy not in STRATEGIES:
        raise ValueError(f"{strategy!r} is no strategy: it must be one of {', '.join(STRATEGIES)}")
    if strategy == SPREAD:
        return ordinal * PAIRS + pair_id
    band = {FINISH: 0, PRIORITY: HIGHEST_PRIORITY - priority, INFORMATIVE: level}[strategy]
    return band * BAND + pair_id * PLACES_A_PAIR + ordinal


def levels(uncertainty: Mapping[Matchup, float]) -> dict[Matchup, int]:
    """Return the level of each matchup: 0 for the largest uncertainty, and the same for equal ones.

    Levels are places in the order, so that a matchup keeps its own for as long as the order holds, however far all uncertainties fall: ranks
    that did not change need not be written. Where more than 1000 uncertainties differ, neighbours share a level.

    >>> levels({"base-tuned": 0.2, "base-large": 0.9, "tuned-large": 0.2})
    {'base-tuned': 1, 'base-large': 0, 'tuned-large': 1}
    """
    order = sorted({round(value, 9) for value in uncertainty.values()}, reverse=True)
    level = {value: place * LEVELS // max(len(order), LEVELS) for place, value in enumerate(order)}
    return {matchup: level[round(value, 9)] for matchup, value in uncertainty.items()}
