"""Where things stand in the small drawings of a page: widths, positions and paths, as text that goes into SVG attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

PLOT_LEFT, PLOT_WIDTH = 8.0, 288.0
"""Of an interval plot, 304 wide in all, whose axis runs from 0 to 1."""

BAR_WIDTH, BAR_GAP = 272.0, 1.0

FIELD_LEFT, FIELD_TOP, FIELD_WIDTH, FIELD_HEIGHT = 52.0, 20.0, 736.0, 170.0
"""Of the growth figure, 800 by 216 in all."""


@dataclass(frozen=True)
class IntervalPlot:
    """A dot with its interval, and the band to expect, on one axis."""

    dot: str
    line: str
    """Path of the interval with its ends; empty without one."""
    band_x: str
    band_width: str


@dataclass(frozen=True)
class Part:
    """A piece of a bar."""

    name: str
    x: str
    width: str


@dataclass(frozen=True)
class Growth:
    """A count that grows day by day towards a plan."""

    trend: str
    fill: str
    plan: str
    end_x: str
    end_y: str
    ticks: tuple[tuple[str, int], ...]
    """Heights of the grid lines, and what they stand for."""
    days: tuple[tuple[str, date], ...]


def interval_plot(value: float, low: float | None, high: float | None, *, band: tuple[float, float] | None = None) -> IntervalPlot:
    """Return the positions for an estimate from 0 to 1; what lies outside stands at the end of the axis."""
    start, end = band or (0.0, 0.0)
    line = "" if low is None or high is None else f"M{at(low)} 15H{at(high)}M{at(low)} 11V19M{at(high)} 11V19"
    return IntervalPlot(at(value), line, at(start), number(PLOT_WIDTH * (end - start)))


def at(value: float) -> str:
    return number(PLOT_LEFT + PLOT_WIDTH * min(1.0, max(0.0, value)))


def bar(parts: Mapping[str, int]) -> list[Part]:
    """Return the pieces of a bar in the order given, without those that are nothing."""
    shown = {name: size for name, size in parts.items() if size}
    room = BAR_WIDTH - BAR_GAP * (len(shown) - 1)
    pieces, x = [], 0.0
    for name, size in shown.items():
        width = room * size / sum(shown.values())
        pieces.append(Part(name, number(x), number(width)))
        x += width + BAR_GAP
    return pieces


def growth(days: Sequence[tuple[date, int]], *, planned: int, until: date) -> Growth | None:
    """Return the figure of a running total, or None where there are not two days to draw a line between. `days` are in order."""
    if not days or days[0][0] >= until:
        return None
    days = [*days, *([(until, 0)] if days[-1][0] < until else [])]
    first, span = days[0][0], (days[-1][0] - days[0][0]).days
    top = round_up(max(planned, sum(count for _, count in days)))
    points, total = [f"{number(FIELD_LEFT)} {height(0, top)}"], 0
    for day, count in days:
        points.append(f"{across((day - first).days, span)} {height(total, top)}")
        total += count
        points.append(f"{across((day - first).days, span)} {height(total, top)}")
    trend = "L".join(points)
    end_x, end_y = across(span, span), height(total, top)
    return Growth(
        trend=f"M{trend}",
        fill=f"M{trend}L{end_x} {height(0, top)}z",
        plan=f"M{number(FIELD_LEFT)} {height(planned, top)}H{number(FIELD_LEFT + FIELD_WIDTH)}",
        end_x=end_x,
        end_y=end_y,
        ticks=tuple((height(tick, top), tick) for tick in range(0, top + 1, max(1, top // 4))),
        days=tuple((across((day - first).days, span), day) for day in (first, days[-1][0])),
    )


def across(day: int, span: int) -> str:
    return number(FIELD_LEFT + FIELD_WIDTH * day / span)


def height(count: int, top: int) -> str:
    return number(FIELD_TOP + FIELD_HEIGHT * (1 - count / top))


def round_up(count: int) -> int:
    """Return a number of at least `count` whose quarters are round.

    >>> [round_up(count) for count in (1, 5, 120, 181, 9000)]
    [4, 8, 120, 200, 10000]
    """
    quarter = max(1, count // 4)
    unit = max(1, int(10 ** (len(str(quarter)) - 1)) // 2) * 4
    return -(-max(1, count) // unit) * unit


def number(value: float) -> str:
    """A coordinate, to a tenth of a unit; never in anybody's local notation."""
    return f"{value:.1f}"
