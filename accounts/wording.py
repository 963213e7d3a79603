"""Numbers and reasons as the reader's language has them."""

from __future__ import annotations

from django.utils.formats import get_format, number_format
from django.utils.translation import gettext as _

from accounts.marking import Worded, marked

__all__ = ["figure", "grouped", "marked", "told"]


def grouped(number: int) -> str:
    """Return a whole number with its digits grouped: 12,345, or 12 345 in Spanish."""
    return number_format(number, decimal_pos=0, use_l10n=True, force_grouping=True)


def figure(value: float) -> str:
    """Return a number with the language's decimal sign and no digits that say nothing: 0.7, or 0,7 in Spanish."""
    return f"{value:g}".replace(".", str(get_format("DECIMAL_SEPARATOR")))


def told(reason: Worded) -> str:
    """Return a reason in the reader's language; of its values, those that are marked words too."""
    values = {name: _(value) if isinstance(value, str) else value for name, value in reason.values.items()}
    return _(reason.words).format(**values)
