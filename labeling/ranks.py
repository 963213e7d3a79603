"""In which order places are served: the rank of a place, by strategy. Lower is sooner."""

from __future__ import annotations

FINISH, SPREAD = "finish", "spread"

PLACES_A_PAIR = 64
"""Room for the places of one pair next to one another. k is at most 25; escalations and places made anew need some more."""

PAIRS = 2**40
"""Room for the pairs of one round: more than there will be, and 64 rounds of them stay far below 2**63."""


def rank(strategy: str, *, pair_id: int, ordinal: int) -> int:
    """Return the rank of a pair's place number `ordinal`, counted from 0. Raises ValueError for an unknown strategy.

    `finish` serves all places of a pair before the next pair is begun; `spread` serves every pair once before any pair twice.

    >>> rank("finish", pair_id=7, ordinal=1) < rank("finish", pair_id=8, ordinal=0)
    True
    >>> rank("spread", pair_id=8, ordinal=0) < rank("spread", pair_id=7, ordinal=1)
    True
    """
    if strategy == FINISH:
        return pair_id * PLACES_A_PAIR + ordinal
    if strategy == SPREAD:
        return ordinal * PAIRS + pair_id
    raise ValueError(f"{strategy!r} is no strategy: it must be {FINISH} or {SPREAD}")
