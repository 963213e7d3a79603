"""The keys of the desk: the usual ones, and what may be chosen instead. Enter, Escape, Space, Tab and the arrows stay what they are everywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from accounts.marking import Worded, marked


@dataclass(frozen=True)
class Key:
    usual: str
    does: str
    group: str


DECIDE, SAY, READ = marked("Decide"), marked("Say why"), marked("Read")

KEYS = (
    Key("1", marked("left much better"), DECIDE),
    Key("2", marked("left better"), DECIDE),
    Key("3", marked("left slightly better"), DECIDE),
    Key("4", marked("tie"), DECIDE),
    Key("5", marked("right slightly better"), DECIDE),
    Key("6", marked("right better"), DECIDE),
    Key("7", marked("right much better"), DECIDE),
    Key("0", marked("both bad"), DECIDE),
    Key("9", marked("no right answer, for adjudicators"), DECIDE),
    Key("x", marked("skip, or give back"), DECIDE),
    Key("p", marked("park"), DECIDE),
    Key("z", marked("undo"), DECIDE),
    Key("v", marked("judge by criteria"), SAY),
    Key("n", marked("write a rationale"), SAY),
    Key("m", marked("mark selected text as evidence"), SAY),
    Key("q", marked("ask an adjudicator"), SAY),
    Key("!", marked("report harmful content"), SAY),
    Key("[", marked("go to the left pane"), READ),
    Key("]", marked("go to the right pane"), READ),
    Key("e", marked("fold or unfold the prompt"), READ),
    Key("o", marked("fold or unfold the responses"), READ),
    Key("l", marked("link or unlink scrolling"), READ),
    Key("d", marked("mark what only one side says"), READ),
    Key("w", marked("raw text"), READ),
    Key("r", marked("rubric"), READ),
    Key("?", marked("list of keys"), READ),
)
USUAL = frozenset(key.usual for key in KEYS)

FOR_REASONS = "afcbtsghijkuy"
"""Letters that no control of the desk carries: those of reasons, in the order in which they are given where a reason's own is taken."""


class Clash(Worded):
    """Two controls would share a key, or a key is none."""


def checked(chosen: Mapping[str, str]) -> dict[str, str]:
    """Return what differs from the usual keys. Raises Clash unless each control has one key of its own that no reason may have."""
    keys = {key.usual: chosen.get(key.usual, key.usual).strip().lower() or key.usual for key in KEYS}
    for key in KEYS:
        check_one(key, keys[key.usual])
    if twice := [key for key, times in Counter(keys.values()).items() if times > 1]:
        first, second = [key.does for key in KEYS if keys[key.usual] == twice[0]][:2]
        raise Clash(marked("{key} would do two things: {first} and {second}."), key=twice[0].upper(), first=first, second=second)
    return {usual: key for usual, key in keys.items() if key != usual}


def check_one(key: Key, chosen: str) -> None:
    if len(chosen) != 1 or not chosen.isprintable() or chosen.isspace():
        raise Clash(marked("For “{does}” give one key: a letter, a digit or a sign."), does=key.does)
    if chosen in FOR_REASONS:
        raise Clash(marked("{key} is kept for reasons: choose another key for “{does}”."), key=chosen.upper(), does=key.does)


def letters_for(labels: Iterable[str]) -> list[str]:
    """Give each reason a letter: one of its own that is free, first ones first, else any that is. Raises Clash where there are more than letters.

    >>> letters_for(["Accuracy", "Follows prompt", "Fluency"])
    ['a', 'f', 'u']
    """
    given: list[str] = []
    for label in labels:
        free = [letter for letter in FOR_REASONS if letter not in given]
        if not free:
            raise Clash(marked("{most} reasons are the most there can be."), most=str(len(FOR_REASONS)))
        given.append(next((letter for letter in label.lower() if letter in free), free[0]))
    return given
