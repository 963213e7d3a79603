"""Figures and lists as people read them, in the language they read: `words`, for pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.utils.formats import get_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.wording import grouped
from labeling import words
from labeling.words import NBSP, duration

__all__ = ["NBSP", "counted", "decimal", "duration", "listed", "percent", "span", "three_places"]


def decimal(text: str) -> str:
    """Return a figure with the language's decimal sign: 64.8, or 64,8 in Spanish."""
    return text.replace(".", str(get_format("DECIMAL_SEPARATOR")))


def percent(share: float) -> str:
    """A share as people read it: 64.8 %, but 100 % and 0 %."""
    return decimal(words.percent(share))


def three_places(value: float) -> str:
    return decimal(words.three_places(value))


def span(low: str, high: str) -> str:
    """`63.1 to 66.5 %`: the unit is said once."""
    unit = f"{NBSP}%"
    return _("{low} to {high}").format(low=low.removesuffix(unit) if high.endswith(unit) else low, high=high)


def listed(items: Sequence[str]) -> str:
    """`one, two and three`."""
    return items[0] if len(items) == 1 else _("{items} and {last}").format(items=", ".join(items[:-1]), last=items[-1])


NOUNS: dict[str, Callable[[int], str]] = {
    "bad line": lambda n: ngettext("{n} bad line", "{n} bad lines", n),
    "finding": lambda n: ngettext("{n} finding", "{n} findings", n),
    "gate": lambda n: ngettext("{n} gate", "{n} gates", n),
    "gold item": lambda n: ngettext("{n} gold item", "{n} gold items", n),
    "item": lambda n: ngettext("{n} item", "{n} items", n),
    "label": lambda n: ngettext("{n} label", "{n} labels", n),
    "labeler": lambda n: ngettext("{n} labeler", "{n} labelers", n),
    "open place": lambda n: ngettext("{n} open place", "{n} open places", n),
    "pair": lambda n: ngettext("{n} pair", "{n} pairs", n),
    "place": lambda n: ngettext("{n} place", "{n} places", n),
    "repeat": lambda n: ngettext("{n} repeat", "{n} repeats", n),
    "report": lambda n: ngettext("{n} report", "{n} reports", n),
    "row": lambda n: ngettext("{n} row", "{n} rows", n),
    "skill": lambda n: ngettext("{n} skill", "{n} skills", n),
}


def counted(number: int, noun: str) -> str:
    return NOUNS[noun](number).format(n=grouped(number))
