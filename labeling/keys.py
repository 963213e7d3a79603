"""The keys of the desk: the usual ones, and what may be chosen instead. Enter, Escape, Space, Tab and the arrows stay what they are everywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Key:
    usual: str
    does: str
    group: str


DECIDE, SAY, READ = "Decide", "Say why", "Read"

KEYS = (
    Key("1", "left much better", DECIDE),
    Key("2", "left better", DECIDE),
    Key("3", "left slightly better", DECIDE),
    Key("4", "tie", DECIDE),
    Key("5", "right slightly better", DECIDE),
    Key("6", "right better", DECIDE),
    Key("7", "right much better", DECIDE),
    Key("0", "both bad", DECIDE),
    Key("9", "no right answer, for adjudicators", DECIDE),
    Key("x", "skip, or give back", DECIDE),
    Key("p", "park", DECIDE),
    Key("z", "undo", DECIDE),
    Key("v", "judge by criteria", SAY),
    Key("n", "write a rationale", SAY),
    Key("m", "mark selected text as evidence", SAY),
    Key("q", "ask an adjudicator", SAY),
    Key("!", "report harmful content", SAY),
    Key("[", "go to the left pane", READ),
    Key("]", "go to the right pane", READ),
    Key("e", "fold or unfold the prompt", READ),
    Key("o", "fold or unfold the responses", READ),
    Key("l", "link or unlink scrolling", READ),
    Key("d", "mark what only one side says", READ),
    Key("w", "raw text", READ),
    Key("r", "rubric", READ),
    Key("?", "list of keys", READ),
)
USUAL = frozenset(key.usual for key in KEYS)

FOR_REASONS = "afcbtsghijkuy"
"""Letters that no control of the desk carries: those of reasons, in the order in which they are given where a reason's own is taken."""


class Clash(ValueError):
    """Two controls would share a key, or a key is none. The message says which."""


def checked(chosen: Mapping[str, str]) -> dict[str, str]:
    """Return what differs from the usual keys. Raises Clash unless each control has one key of its own that no reason may have."""
    keys = {key.usual: chosen.get(key.usual, key.usual).strip().lower() or key.usual for key in KEYS}
    for key in KEYS:
        check_one(key, keys[key.usual])
    if twice := [key for key, times in Counter(keys.values()).items() if times > 1]:
        raise Clash(f"{twice[0].upper()} would do two things: {' and '.join(key.does for key in KEYS if keys[key.usual] == twice[0])}.")
    return {usual: key for usual, key in keys.items() if key != usual}


def check_one(key: Key, chosen: str) -> None:
    if len(chosen) != 1 or not chosen.isprintable() or chosen.isspace():
        raise Clash(f"For “{key.does}” give one key: a letter, a digit or a sign.")
    if chosen in FOR_REASONS:
        raise Clash(f"{chosen.upper()} is kept for reasons: choose another key for “{key.does}”.")


def letters_for(labels: Iterable[str]) -> list[str]:
    """Give each reason a letter: one of its own that is free, first ones first, else any that is. Raises Clash where there are more than letters.

    >>> letters_for(["Accuracy", "Follows prompt", "Fluency"])
    ['a', 'f', 'u']
    """
    given: list[str] = []
    for label in labels:
        free = [letter for letter in FOR_REASONS if letter not in given]
        if not free:
            raise Clash(f"{len(FOR_REASONS)} reasons are the most there can be.")
        given.append(next((letter for letter in label.lower() if letter in free), free[0]))
    return given
