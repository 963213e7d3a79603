"""Evidence: where in a stored text a passage stands that somebody marked on the screen."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from accounts.marking import Worded, marked

MOST_MARKS, LONGEST_QUOTE, LONGEST_BEFORE = 20, 5000, 200
MOST_PLACES, COMPARED = 2000, 40
"""Places of a passage that are told apart, by so many letters before them."""


class NotFound(Exception):
    """A passage that was marked stands nowhere in its text."""


class BadMark(Worded):
    """What was sent is no list of marks."""


@dataclass(frozen=True)
class Mark:
    """A passage as the screen had it: its side, its words, and some of what stood before it, which tells one place from another."""

    side: str
    """`left` or `right`."""
    quote: str
    before: str = ""


@dataclass(frozen=True, order=True)
class Span:
    """Characters of a stored text, from `start` up to `end`."""

    side: str
    """`a` or `b`."""
    start: int
    end: int


def marks_of(sent: str) -> list[Mark]:
    """Read the marks that a screen sends as JSON. Raises BadMark."""
    try:
        found = json.loads(sent) if sent else []
    except (ValueError, RecursionError) as error:
        raise BadMark(marked("The marks are not JSON.")) from error
    if not isinstance(found, list) or len(found) > MOST_MARKS:
        raise BadMark(marked("Mark {n} passages at most."), n=MOST_MARKS)
    return [mark_of(one) for one in found]


def mark_of(sent: Any) -> Mark:
    if not isinstance(sent, dict) or sent.get("side") not in ("left", "right"):
        raise BadMark(marked("A mark names its side."))
    quote, before = sent.get("quote"), sent.get("before", "")
    if not isinstance(quote, str) or not isinstance(before, str) or not quote.strip() or len(quote) > LONGEST_QUOTE:
        raise BadMark(marked("A mark has words, {n} characters at most."), n=LONGEST_QUOTE)
    return Mark(sent["side"], quote, before[-LONGEST_BEFORE:])


def placed(marks: Iterable[Mark], texts: Mapping[str, str], *, left_is_a: bool) -> list[Span]:
    """Return where the marks stand in the stored texts, by side of the screen, in order, those that touch as one. Raises NotFound."""
    sides = {"left": "a" if left_is_a else "b", "right": "b" if left_is_a else "a"}
    return merged(Span(sides[mark.side], *locate(texts[mark.side], mark.quote, before=mark.before)) for mark in marks)


def shown_again(stored: Iterable[Mapping[str, Any]], texts: Mapping[str, str], *, left_is_a: bool) -> list[dict[str, str]]:
    """Return stored passages as a screen sends them; `texts` by A and B."""
    sides = {"a": "left" if left_is_a else "right", "b": "right" if left_is_a else "left"}
    return [
        {"side": sides[span["side"]], "quote": text[span["start"] : span["end"]], "before": text[max(0, span["start"] - LONGEST_BEFORE) : span["start"]]}
        for span in stored
        if (text := texts[span["side"]])
    ]


def locate(text: str, quote: str, *, before: str = "") -> tuple[int, int]:
    """Return where in a text as it is stored a passage stands as it was shown. Raises NotFound.

    Shown, a text has lost its markup. So letters and digits alone are compared, and of several places the one is taken before which most of `before`
    stands. Signs at either end of the passage belong to it where they stand there in the text as well.
    """
    letters, wanted = letters_of(text), "".join(map(text_of, letters_of(quote)))
    if not wanted:
        return locate_signs(text, quote.strip())
    bare, lead = "".join(map(text_of, letters)), "".join(map(text_of, letters_of(before)))
    places = list(islice(occurrences(bare, wanted), MOST_PLACES))
    if not places:
        raise NotFound(quote)
    place = max(places, key=lambda at: (shared_end(bare[max(0, at - COMPARED) : at], lead[-COMPARED:]), -at))
    return widened(text, quote, letters[place][0], letters[place + len(wanted) - 1][0] + 1)


def locate_signs(text: str, quote: str) -> tuple[int, int]:
    at = text.find(quote)
    if at < 0 or not quote:
        raise NotFound(quote)
    return at, at + len(quote)


def letters_of(text: str) -> list[tuple[int, str]]:
    return [(at, character) for at, character in enumerate(text) if character.isalnum()]


def text_of(letter: tuple[int, str]) -> str:
    return letter[1]


def occurrences(text: str, wanted: str) -> Iterable[int]:
    at = text.find(wanted)
    while at >= 0:
        yield at
        at = text.find(wanted, at + 1)


def shared_end(one: str, other: str) -> int:
    """Return how many characters two texts end in alike.

    >>> shared_end("abc", "xbc")
    2
    """
    longest = min(len(one), len(other))
    return next((n for n in range(longest) if one[-1 - n] != other[-1 - n]), longest)


def widened(text: str, quote: str, start: int, end: int) -> tuple[int, int]:
    """Take in the signs that the passage begins and ends with, as far as they stand in the text too."""
    first, last = letters_of(quote)[0][0], letters_of(quote)[-1][0]
    for sign in reversed(quote[:first].lstrip()):
        if start == 0 or text[start - 1] != sign:
            break
        start -= 1
    for sign in quote[last + 1 :].rstrip():
        if end == len(text) or text[end] != sign:
            break
        end += 1
    return start, end


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return the same characters, side by side and in order, in as few spans as there can be.

    >>> merged([Span("a", 4, 9), Span("a", 0, 5), Span("b", 1, 2)])
    [Span(side='a', start=0, end=9), Span(side='b', start=1, end=2)]
    """
    whole: list[Span] = []
    for span in sorted(spans):
        last = whole[-1] if whole else None
        if last is None or span.side != last.side or span.start > last.end:
            whole.append(span)
        else:
            whole[-1] = Span(last.side, last.start, max(last.end, span.end))
    return whole
