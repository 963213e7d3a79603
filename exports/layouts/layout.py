"""What a layout is: how one trainer reads a row. Pure; a converter sees the canonical lines of a frozen version and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exports.layouts.readers import READERS

Line = dict[str, Any]
Convert = Callable[[Line, Sequence[Line]], Iterator[Line]]
"""From a canonical row and the votes behind it to the layout's lines: none, one, or several. Raises NotTaken."""
Block = Callable[[Mapping[str, str]], str]
"""From the names of the files by split to a configuration that the trainer takes as it stands."""


class NotTaken(Exception):
    """The trainer would pass over this row, or learn something else from it. The text is the reason that is counted."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A layout. A change of what `convert` returns is a new `version`."""

    name: str
    title: str
    objective: str
    version: int
    convert: Convert
    block: Block
    language: str
    needs_votes: bool = False
    kinds: tuple[str, ...] = ("jsonl", "jsonl.gz", "jsonl.zst", "parquet")
    """The kinds of file in which it is offered: those that the trainer reads."""
    one_file: bool = False
    """A split is never cut into shards: its trainer wants the name of a file, not a pattern."""
    beside: Callable[[Mapping[str, str]], Mapping[str, Any]] | None = None
    """Further files, by name, as JSON: what the trainer wants beside the rows."""

    @property
    def checked(self) -> str:
        """How it is known that the trainer reads it so."""
        return READERS[self.name].said


def same(row: Line, votes: Sequence[Line]) -> Iterator[Line]:
    """The canonical row, as it is."""
    yield row


def whole(row: Line, side: str) -> list[Line]:
    """Return the conversation with one side at its end."""
    return [*row["prompt"], *row[side]]
