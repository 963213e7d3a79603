"""What a choice bars, as pages say it. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from exports.choices import Choice
from labeling.phrases import NBSP, decimal, listed


def in_words(choice: Choice) -> list[str]:
    """Return what it bars, a sentence each; nothing where it takes every settled pair."""
    said = {
        _("Rubric versions"): all_of(choice.rubric_versions),
        _("Settled as"): all_of([_(standing) for standing in choice.standings]),
        _("At least this share of the labels says the verdict"): share(choice.least_agreement),
        _("Margin at least"): number(choice.least_strength),
        _("Both sides by"): all_of(choice.policies),
        **{_("Slice {name}").format(name=name): one_of(values) for name, values in sorted(choice.slices.items())},
        _("Labels of one person at most"): number(choice.cap_per_person),
    }
    return [f"{what}: {value}" for what, value in said.items() if value]


def all_of(values: Sequence[str]) -> str:
    return listed(sorted(set(values))) if values else ""


def one_of(values: Sequence[str]) -> str:
    *most, final = sorted(set(values)) or [""]
    return _("{items} or {last}").format(items=", ".join(most), last=final) if most else final


def share(value: float | None) -> str:
    return "" if value is None else decimal(f"{100 * value:g}{NBSP}%")


def number(value: float | None) -> str:
    return "" if value is None else decimal(f"{value:g}")
