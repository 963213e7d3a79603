"""Figures and lists as people read them."""

from __future__ import annotations

from collections.abc import Sequence

NBSP = "\u00a0"
"""Between a number and its unit."""


def percent(share: float) -> str:
    """A share as people read it: 64.8 %, but 100 % and 0 %."""
    text = f"{100 * share:.1f}"
    return f"{text.removesuffix('.0')}{NBSP}%"


def three_places(value: float) -> str:
    return f"{value:.3f}"


def span(low: str, high: str) -> str:
    """`63.1 to 66.5 %`: the unit is said once."""
    unit = f"{NBSP}%"
    return f"{low.removesuffix(unit) if high.endswith(unit) else low} to {high}"


def duration(seconds: float) -> str:
    return f"{seconds:.0f}{NBSP}s" if seconds < 120 else f"{seconds / 60:.0f}{NBSP}min"


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(items: Sequence[str]) -> str:
    """`one, two and three`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
