"""Words that are translated later, where they are shown. Knows no Django, so that rules and figures may use it."""

from __future__ import annotations

from functools import partial
from typing import Any


def marked(words: str) -> str:
    """Mark words for translation and return them as they are: what is stored, or compared, is never translated."""
    return words


class Worded(ValueError):
    """A reason for people, raised where no language is known: in words that are marked, and the values that stand in them.

    As text it is English; `accounts.wording.told` says it in the reader's language.
    """

    def __init__(self, words: str, **values: object) -> None:
        super().__init__(words.format(**values))
        self.words, self.values = words, values

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), self.words, **self.values), ()
