"""Numbers as the reader's language writes them."""

from __future__ import annotations

from django.utils.formats import get_format, number_format

from accounts.marking import marked

__all__ = ["figure", "grouped", "marked"]


def grouped(number: int) -> str:
    """Return a whole number with its digits grouped: 12,345, or 12 345 in Spanish."""
    return number_format(number, decimal_pos=0, use_l10n=True, force_grouping=True)


def figure(value: float) -> str:
    """Return a number with the language's decimal sign and no digits that say nothing: 0.7, or 0,7 in Spanish."""
    return f"{value:g}".replace(".", str(get_format("DECIMAL_SEPARATOR")))
