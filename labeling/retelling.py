"""Records said again: a sentence is stored in English, whoever stored it, and is known by its pattern where somebody reads it in another language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.wording import grouped
from labeling.phrases import NOUNS, counted, decimal

RECORDED_IN = "en"

PLACEHOLDER = re.compile(r"\\\{(\w+)\\\}")
NUMBERS = {"all", "flipped", "hits", "id", "n", "number", "round", "strength"}
"""Placeholders that hold a whole number."""

COUNT = re.compile(rf"([\d,]+) ({'|'.join(NOUNS)})s?")
WHOLE, FIGURE = re.compile(r"[\d,]+"), re.compile(r"\d+\.\d+(\u00a0%)?")


class Teller:
    """Knows sentences by their patterns. What it does not know stays as it was stored."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self.patterns = patterns

    @cached_property
    def known(self) -> list[tuple[re.Pattern[str], str]]:
        return [(re.compile(PLACEHOLDER.sub(group_of, re.escape(words))), words) for words in self.patterns]

    def tell(self, words: str) -> str:
        if get_language() == RECORDED_IN or not words:
            return words
        if (told := _(words)) != words:
            return told
        for pattern, message in self.known:
            if found := pattern.fullmatch(words):
                return _(message).format(**{name: self.part(value) for name, value in found.groupdict().items()})
        return words

    def part(self, value: str) -> str:
        """Return what stood in a placeholder: a count, a figure, or words that are a record themselves."""
        if found := COUNT.fullmatch(value):
            return counted(int(found[1].replace(",", "")), found[2])
        if WHOLE.fullmatch(value):
            return grouped(int(value.replace(",", "")))
        return decimal(value) if FIGURE.fullmatch(value) else self.tell(value)


def group_of(placeholder: re.Match[str]) -> str:
    return f"(?P<{placeholder[1]}>{r'[0-9,]+' if placeholder[1] in NUMBERS else '.+?'})"
