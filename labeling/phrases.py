"""Figures and lists as people read them, in the language they read: `words`, for pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.utils.formats import get_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.marking import marked
from accounts.wording import grouped
from labeling import words
from labeling.words import NBSP, duration

__all__ = ["NBSP", "counted", "decimal", "duration", "erased", "listed", "percent", "span", "three_places"]


def erased() -> str:
    """Return what stands where a text was."""
    return _("(erased)")


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


# fmt: off
CODES = (
    marked("draft"), marked("open"), marked("paused"), marked("closed"), marked("archived"),
    marked("labeler"), marked("adjudicator"), marked("researcher"), marked("owner"),
    marked("waiting"), marked("agreed"), marked("contested"), marked("adjudicated"), marked("withdrawn"),
    marked("work"), marked("escalation"), marked("gold"), marked("repeat"), marked("practice"),
    marked("free"), marked("reserved"), marked("held"), marked("filled"), marked("unused"),
    marked("easy"), marked("medium"), marked("hard"),
    marked("external"), marked("synthetic"), marked("imported"),
    marked("a"), marked("b"), marked("tie"),
    marked("user"), marked("assistant"), marked("system"),
    marked("train"), marked("validation"), marked("test"),
    marked("frozen"), marked("released"),
    marked("requested"), marked("approved"), marked("refused"), marked("revoked"),
    marked("asked"), marked("writing"), marked("done"), marked("failed"),
    marked("random"), marked("adversarial"),
    marked("fine"), marked("wrong"), marked("unsure"),
    marked("passed"),
)
# fmt: on
"""What pages show as it is stored: states, roles, standings, kinds. Looked up where it is shown."""

NOUNS: dict[str, Callable[[int], str]] = {
    "answer": lambda n: ngettext("{n} answer", "{n} answers", n),
    "bad line": lambda n: ngettext("{n} bad line", "{n} bad lines", n),
    "flag": lambda n: ngettext("{n} flag", "{n} flags", n),
    "finding": lambda n: ngettext("{n} finding", "{n} findings", n),
    "gate": lambda n: ngettext("{n} gate", "{n} gates", n),
    "gold item": lambda n: ngettext("{n} gold item", "{n} gold items", n),
    "golden pair": lambda n: ngettext("{n} golden pair", "{n} golden pairs", n),
    "item": lambda n: ngettext("{n} item", "{n} items", n),
    "label": lambda n: ngettext("{n} label", "{n} labels", n),
    "labeler": lambda n: ngettext("{n} labeler", "{n} labelers", n),
    "minute": lambda n: ngettext("{n} minute", "{n} minutes", n),
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
