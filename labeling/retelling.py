"""Records of labeling said again: findings, gates, and why somebody came to stand as they do."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts import retelling
from accounts.retelling import RECORDED_IN
from accounts.wording import grouped
from labeling.phrases import NOUNS, counted, decimal

NUMBERS = {"all", "flipped", "hits", "id", "n", "number", "round", "strength"}
"""Placeholders that hold a whole number."""

COUNT = re.compile(rf"([\d,]+) ({'|'.join(NOUNS)})s?")
WHOLE, FIGURE = re.compile(r"[\d,]+"), re.compile(r"\d+\.\d+(\u00a0%)?")


class Teller(retelling.Teller):
    """Knows counts and figures, too, wherever they stand, and every word that is marked."""

    def __init__(self, patterns: Sequence[str]) -> None:
        super().__init__(patterns, numbers=NUMBERS)

    def tell(self, words: str) -> str:
        if get_language() == RECORDED_IN or not words:
            return words
        return told if (told := _(words)) != words else super().tell(words)

    def part(self, name: str, value: str) -> str:
        """Return what stood in a placeholder: a count, a figure, or words that are a record themselves."""
        if found := COUNT.fullmatch(value):
            return counted(int(found[1].replace(",", "")), found[2])
        if WHOLE.fullmatch(value):
            return grouped(int(value.replace(",", "")))
        return decimal(value) if FIGURE.fullmatch(value) else self.tell(value)
