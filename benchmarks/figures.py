"""Figures as they are written down."""

from __future__ import annotations

from collections.abc import Sequence


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Return the nearest value below which `percent` of them lie, or None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(percent / 100 * (len(ordered) - 1)))]


def milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)


def spread(values: Sequence[float]) -> str:
    """Write `min / median / max`, with as many digits as mean anything."""
    if not values:
        return "-"
    if len(set(values)) == 1:
        return f"{values[0]:.4g}"
    digits = 0 if max(values) >= 100 else 1 if max(values) >= 10 else 2
    return " / ".join(f"{percentile(values, percent):.{digits}f}" for percent in (0, 50, 100))
