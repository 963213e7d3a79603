"""Records said again: a sentence is stored in English, whoever stored it, and is known by its pattern where somebody reads it in another language."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import cached_property

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.wording import grouped

RECORDED_IN = "en"

PLACEHOLDER = re.compile(r"\\\{(\w+)\\\}")


class Teller:
    """Knows sentences by their patterns. What it does not know stays as it was stored.

    `numbers` are the placeholders that hold a whole number; `records` those that hold words which are a record themselves.
    """

    def __init__(self, patterns: Sequence[str], *, numbers: Collection[str] = (), records: Collection[str] = ()) -> None:
        self.patterns, self.numbers, self.records = patterns, numbers, records

    @cached_property
    def known(self) -> list[tuple[re.Pattern[str], str]]:
        return [(re.compile(PLACEHOLDER.sub(self.group_of, re.escape(words)), re.DOTALL), words) for words in self.patterns]

    def group_of(self, placeholder: re.Match[str]) -> str:
        name = placeholder[1]
        return f"(?P<{name}>{'[0-9,]+' if name in self.numbers else '.+?'})"

    def tell(self, words: str) -> str:
        if get_language() == RECORDED_IN or not words:
            return words
        for pattern, message in self.known:
            if found := pattern.fullmatch(words):
                return _(message).format(**{name: self.part(name, value) for name, value in found.groupdict().items()})
        return words

    def part(self, name: str, value: str) -> str:
        """Return what stood in a placeholder, as the reader writes it."""
        if name in self.numbers:
            return grouped(int(value.replace(",", "")))
        return self.tell(value) if name in self.records else value
