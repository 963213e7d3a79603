"""Which prompts are one family, and where a family goes when it may not move any more. Pure.

Prompts are of one family when their normalised text is equal, when they are near duplicates, or when they were cut from the same
conversation: those that begin with the same user's turn, and those whose slice `conversation` (of the same source) is the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from exports import nearness
from policies.families import plain

MOST_COMPARED = 20_000
"""Texts of one cluster that are compared each with each where they hang together across splits: 3 s at that number. Beyond it, all new ones are left out."""

Pairs = npt.NDArray[np.bool_]


class UnionFind:
    """Which of n things hang together. The name of a set is its least member."""

    def __init__(self, parents: npt.NDArray[np.int64]) -> None:
        self.parents = parents

    def find(self, one: int) -> int:
        root = one
        while (parent := int(self.parents[root])) != root:
            root = parent
        while (parent := int(self.parents[one])) != root:
            self.parents[one], one = root, parent
        return root

    def join(self, one: int, other: int) -> None:
        low, high = sorted((self.find(one), self.find(other)))
        self.parents[high] = low

    def roots(self) -> npt.NDArray[np.int64]:
        """Return the name of everything's set, all at once."""
        while (above := self.parents[self.parents]).tobytes() != self.parents.tobytes():
            self.parents = above
        return self.parents


@dataclass(frozen=True, kw_only=True)
class Text:
    """A prompt's text in a cluster: what it is recognised by, and its split where it has one."""

    key: str
    sketch: bytes
    openings: frozenset[int]
    conversations: frozenset[int]
    family: str = ""
    split: str = ""


@dataclass
class Placement:
    """The family and split of each new text that has one, by key, and the texts that would bridge two splits."""

    placed: dict[str, tuple[str, str]] = field(default_factory=dict)
    bridges: set[str] = field(default_factory=set)


def opening_of(messages: Sequence[Mapping[str, str]]) -> int:
    """Return what conversations that begin alike share: a hash of the first user's turn."""
    first = next(message["content"] for message in messages if message["role"] == "user")
    return short_hash("opening", plain(first))


def conversation_of(slices: Mapping[str, str], source: str) -> int | None:
    """Return what prompts share whose slices say which conversation they were cut from."""
    named = slices.get("conversation", "")
    return short_hash("conversation", source, named) if named else None


def short_hash(*words: str) -> int:
    """Return 64 bits as PostgreSQL's bigint has them."""
    return int.from_bytes(hashlib.sha256("\x1f".join(words).encode()).digest()[:8], "big", signed=True)


def place(texts: Sequence[Text], split_of: Callable[[str], str]) -> Placement:
    """Put the texts of one cluster that have no split yet where they leak nothing, and say which cannot be put anywhere.

    Texts that have a split keep it. A text goes where those are that it is a relative of; one with relatives in two splits is a bridge and
    is left out. Round after round, all at once: the order of the texts does not matter. What then hangs on nothing is a family of its own,
    named for its least key, whose split is drawn.
    """
    if len(texts) > MOST_COMPARED:
        return Placement(bridges={text.key for text in texts if not text.split})
    near = relatives(texts)
    home = {place: (text.family, text.split) for place, text in enumerate(texts) if text.split}
    found, loose = Placement(), {place for place, text in enumerate(texts) if not text.split}
    while reached := {one: beside for one in loose if (beside := {home[other] for other in neighbours(near, one) if other in home})}:
        stuck = {one for one, beside in reached.items() if len({split for _, split in beside}) > 1}
        going = {one: min(beside) for one, beside in reached.items() if one not in stuck}
        stuck |= {one for one, (_, split) in going.items() if any(going.get(other, ("", split))[1] != split for other in neighbours(near, one))}
        home |= {one: goes for one, goes in going.items() if one not in stuck}
        loose -= reached.keys()
        found.bridges |= {texts[one].key for one in stuck}
    home |= drawn(texts, near, loose, split_of)
    found.placed = {texts[one].key: where for one, where in home.items() if not texts[one].split}
    return found


def relatives(texts: Sequence[Text]) -> list[Pairs]:
    """Return for each text which others are its relatives, as a row of truths."""
    made = np.frombuffer(b"".join(text.sketch for text in texts), np.uint16).reshape(len(texts), nearness.PLACES)
    near = [nearness.alike(made[one], made) for one in range(len(texts))]
    for shared in (groups(texts, lambda text: text.openings), groups(texts, lambda text: text.conversations)):
        for members in shared:
            for one in members:
                near[one][members] = True
    return near


def groups(texts: Sequence[Text], marks_of: Callable[[Text], Iterable[int]]) -> Iterator[list[int]]:
    by_mark: dict[int, list[int]] = {}
    for one, text in enumerate(texts):
        for mark in marks_of(text):
            by_mark.setdefault(mark, []).append(one)
    return (members for members in by_mark.values() if len(members) > 1)


def neighbours(near: Sequence[Pairs], one: int) -> Iterator[int]:
    return (int(other) for other in np.flatnonzero(near[one]) if other != one)


def drawn(texts: Sequence[Text], near: Sequence[Pairs], loose: set[int], split_of: Callable[[str], str]) -> dict[int, tuple[str, str]]:
    """Return families of their own for texts that hang on no split."""
    sets = UnionFind(np.arange(len(texts)))
    for one in loose:
        for other in neighbours(near, one):
            if other in loose:
                sets.join(one, other)
    names: dict[int, str] = {}
    for one in loose:
        root = sets.find(one)
        names[root] = min(names.get(root, texts[one].key), texts[one].key)
    return {one: (name := names[sets.find(one)], split_of(name)) for one in loose}
