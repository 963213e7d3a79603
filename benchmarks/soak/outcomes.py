"""What came of a row, held against what it should have been."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

HEADINGS = "row | what | got | target | ok?"


@dataclass(frozen=True)
class Figure:
    name: str
    got: float
    target: str
    is_met: bool


@dataclass(frozen=True)
class Outcome:
    """One row of the table."""

    row: int
    what: str
    figures: Sequence[Figure]

    @property
    def is_met(self) -> bool:
        return all(figure.is_met for figure in self.figures)

    @property
    def missed(self) -> set[str]:
        return {figure.name for figure in self.figures if not figure.is_met}

    def __str__(self) -> str:
        got = ", ".join(f"{shown(figure.got)} {figure.name}" for figure in self.figures)
        target = ", ".join(f"{figure.target} {figure.name}" for figure in self.figures if figure.target != "0")
        return f"{self.row} | {self.what} | {got} | {target}, 0 of the others | {'yes' if self.is_met else 'NO'}"


def shown(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.2f}"


def exactly(name: str, got: int, target: int = 0) -> Figure:
    return Figure(name, got, f"{target:,}", got == target)


def at_most(name: str, got: float, limit: float) -> Figure:
    return Figure(name, got, f"at most {limit:g}", got <= limit)


def between(name: str, got: float, low: float, high: float) -> Figure:
    return Figure(name, got, f"{low:g} to {high:g}", low <= got <= high)


def at_least(name: str, got: float, least: float) -> Figure:
    return Figure(name, got, f"at least {least:,}", got >= least)
