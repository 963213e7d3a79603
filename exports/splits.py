"""Which split a prompt family belongs to: worked out from its key, stored nowhere else, the same for ever."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from types import MappingProxyType

SPLITS = ("train", "validation", "test")
"""In the order in which they share out the range from 0 to 1."""

DEFAULT_SHARES: Mapping[str, float] = MappingProxyType({"train": 0.9, "validation": 0.1, "test": 0.0})

POINTS = 2**53
"""As many points as a float tells apart between 0 and 1, so that each is exact."""


class BadShares(ValueError):
    """Shares that do not say how to split."""


def split_of(family_key: str, *, salt: str, shares: Mapping[str, float] = DEFAULT_SHARES) -> str:
    """Return `train`, `validation` or `test` for a prompt family.

    A salted hash puts the family on a point between 0 and 1, and the shares (fractions that add up to 1; a split left out
    gets nothing) cut that range in the order of SPLITS. So nothing depends on which other families there are, nor on any
    order. A family moves only when the salt changes (it belongs to the dataset, so that its versions agree) or when a
    border between shares is moved across its point.
    Of n families a share p gets p n, give or take 2 sqrt(p (1 - p) n). Raises BadShares.
    """
    place = point(family_key, salt=salt)
    return next(name for name, border in borders(shares) if place < border)


def point(family_key: str, *, salt: str) -> float:
    """Return the family's point: at least 0, below 1, even over families. The salt's length keeps salt and key apart."""
    digest = hashlib.sha256(f"{len(salt)}:{salt}{family_key}".encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / POINTS


def borders(shares: Mapping[str, float]) -> list[tuple[str, float]]:
    """Return the splits that have a share, each with the end of its part of the range. The last ends at 1, whatever the rounding."""
    check(shares)
    ends = {name: math.fsum(shares.get(before, 0.0) for before in SPLITS[: place + 1]) for place, name in enumerate(SPLITS)}
    used = [name for name in SPLITS if shares.get(name, 0.0) > 0]
    return [(name, 1.0 if name == used[-1] else ends[name]) for name in used]


def check(shares: Mapping[str, float]) -> None:
    """Raise BadShares unless each is a fraction, of a split there is, and all add up to 1."""
    if unknown := sorted(set(shares) - set(SPLITS)):
        raise BadShares(f"{', '.join(unknown)}: there is no such split, only {', '.join(SPLITS)}")
    if not all(0 <= share <= 1 for share in shares.values()):
        raise BadShares("each share must lie between 0 and 1")
    if not math.isclose(total := math.fsum(shares.values()), 1.0, abs_tol=1e-9):
        raise BadShares(f"the shares must add up to 1, not {total:g}")
