"""Records of labeling said again: findings, gates, and why somebody came to stand as they do."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts import retelling
from accounts.marking import marked
from accounts.retelling import RECORDED_IN
from accounts.wording import grouped
from labeling.phrases import NOUNS, counted, decimal

NUMBERS = {"all", "flipped", "hits", "id", "n", "number", "round", "strength"}
"""Placeholders that hold a whole number."""

FIGURES = {"least", "most", "low", "high"}
"""Placeholders that hold a figure. Were they open to words, whatever people write with a “to” in it would be known as a span."""

COUNT = re.compile(rf"([\d,]+) ({'|'.join(NOUNS)})s?")
WHOLE, FIGURE = re.compile(r"[\d,]+"), re.compile(r"\d+\.\d+(\u00a0%)?")


class Teller(retelling.Teller):
    """Knows counts and figures, too, wherever they stand, and every word that is marked."""

    def __init__(self, patterns: Sequence[str]) -> None:
        super().__init__(patterns, numbers=NUMBERS)

    def group_of(self, placeholder: re.Match[str]) -> str:
        return rf"(?P<{placeholder[1]}>[0-9][0-9.,]*(?:\u00a0%)?)" if placeholder[1] in FIGURES else super().group_of(placeholder)

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


RECORDS = Teller(
    (
        marked("In {hits} of {n} answers the time was less than half of what reading takes."),
        marked("Chose {pressed} {n} times in a row."),
        marked("Chose the left side {hits} of {n} times."),
        marked("Chose the right side {hits} of {n} times."),
        marked("Chose the longer response {hits} of {n} times; the others here do {share} of the time."),
        marked("Met gold and the others' majorities {hits} of {n} times, which is no better than chance; the others do at least {share}."),
        marked("Right on {hits} of the last {items}: {high} at most, and the bar is {bar}."),
        marked("the left side at strength {strength}"),
        marked("the right side at strength {strength}"),
        marked("the left side"),
        marked("the right side"),
        marked("both bad"),
        marked("tie"),
        marked("passed practice: {hits} of {items} right in round {round}"),
        marked("did not pass practice: {hits} of {items} right in round {round}, and {mark} % are asked for"),
        marked("no practice item is left"),
        marked("first pair asked for"),
        marked("first pair asked for; no practice, since no gold item may be used for it"),
        marked("gold score below the bar"),
        marked("a researcher’s decision on finding {id}"),
        marked("{decision}, after a look at: {finding}"),
        marked("invited as {name}"),
        marked("on the server"),
        marked("owner, on the server"),
        marked("tokens revoked: {n}, pairs freed: {number}"),
    )
)
"""What is stored of labelers' work, of pairs and of accounts."""
