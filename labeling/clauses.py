"""What changed between two wordings of a rubric, clause by clause: old beside new. Pure.

A clause is what stands alone in the Markdown: a paragraph, an item of a list, a heading, a row of a table, a block of code. A clause is known again by its
words; one that was worded anew is found by how much of it stayed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

ALIKE = 0.5
"""Of two clauses in the same place, from this share of their words on one is the other worded anew (difflib's ratio, 2 M / T)."""

HEADING, ITEM, ROW, FENCE = re.compile(r"#{1,6}\s"), re.compile(r"(?:[-*+]|\d{1,9}[.)])\s"), re.compile(r"\|"), re.compile(r"(```+|~~~+)")
WORD = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class Change:
    """A clause as it was and as it is. One of them empty: it was added, or removed."""

    under: str
    """The heading that it stands under, as Markdown without its marks; empty: none."""
    old: str
    new: str

    @property
    def kind(self) -> str:
        return "changed" if self.old and self.new else "added" if self.new else "removed"


@dataclass(frozen=True)
class Clause:
    under: str
    text: str

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(WORD.findall(self.text))


def changes(old: str, new: str) -> list[Change]:
    """Return what changed from one wording to another, in the order of the new one. Nothing: they say the same, apart from white space.

    >>> changes("# Good\\n\\n- It is short.\\n- It is true.", "# Good\\n\\n- It is true.\\n- It is kind.")
    [Change(under='Good', old='- It is short.', new=''), Change(under='Good', old='', new='- It is kind.')]
    """
    before, after = clauses_of(old), clauses_of(new)
    blocks = SequenceMatcher(None, [clause.words for clause in before], [clause.words for clause in after], autojunk=False).get_opcodes()
    return [change for tag, a, b, c, d in blocks if tag != "equal" for change in between(before[a:b], after[c:d])]


def between(before: Sequence[Clause], after: Sequence[Clause]) -> Iterator[Change]:
    """Yield the changes of a stretch in which no clause stayed as it was: each new one beside the old one that it came from, in order."""
    rest = list(before)
    for clause in after:
        came_from = next((old for old in rest if alike(old, clause)), None)
        if came_from is not None:
            for gone in rest[: rest.index(came_from)]:
                yield Change(gone.under, gone.text, "")
            del rest[: rest.index(came_from) + 1]
        yield Change(clause.under, came_from.text if came_from else "", clause.text)
    for gone in rest:
        yield Change(gone.under, gone.text, "")


def alike(old: Clause, new: Clause) -> bool:
    return SequenceMatcher(None, old.words, new.words, autojunk=False).ratio() >= ALIKE


def clauses_of(body: str) -> list[Clause]:
    """Return the clauses of a wording, each with the heading that it stands under."""
    found, under = [], ""
    for text in blocks_of(body):
        is_heading = HEADING.match(text) is not None
        found.append(Clause("" if is_heading else under, text))
        if is_heading:
            under = text.lstrip("#").strip()
    return found


def blocks_of(body: str) -> Iterator[str]:
    lines: list[str] = []
    fence = ""
    for line in body.splitlines():
        if not fence and (not line.strip() or begins(line)) and lines:
            yield "\n".join(lines)
            lines = []
        if opened := FENCE.match(line.strip()):
            fence = "" if fence and line.strip().startswith(fence) else fence or opened[1]
        if line.strip() or fence:
            lines.append(line)
    if lines:
        yield "\n".join(lines)


def begins(line: str) -> bool:
    """Say whether a clause begins with this line, whatever stands before it."""
    return any(mark.match(line.strip()) for mark in (HEADING, ITEM, ROW, FENCE))
