"""What a version's lines come to, apart from the files they lie in: hashes of rows, votes and their order, and a root over all labels. Pure.

Anybody can work them out from the files alone; a copy of the rows in another layout can be held against them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from exports.merkle import Tree, root
from exports.splits import SPLITS

TREE = "rfc6962-sha256"


@dataclass
class Content:
    """The lines of one split, hashed as they come by. `rows` and `votes` are hashed as they stand in the file, `order` over pair ids with a line feed each."""

    rows: Any = field(default_factory=hashlib.sha256)
    votes: Any = field(default_factory=hashlib.sha256)
    order: Any = field(default_factory=hashlib.sha256)
    labels: Tree = field(default_factory=Tree)

    def add_rows(self, lines: Sequence[bytes], pair_ids: Sequence[str]) -> None:
        """Take lines with their line feed, and the ids of their pairs."""
        self.rows.update(b"".join(lines))
        self.add_order(pair_ids)

    def add_order(self, pair_ids: Sequence[str]) -> None:
        self.order.update("".join(f"{pair_id}\n" for pair_id in pair_ids).encode())

    def add_votes(self, lines: Sequence[bytes]) -> None:
        """Take lines with their line feed. Each is a leaf, with its line feed."""
        self.votes.update(b"".join(lines))
        self.labels.add(lines)


@dataclass(frozen=True)
class Summed:
    """What a version's lines came to, as the manifest has it: `Contents.content` and `Contents.labels`."""

    content: Mapping[str, Mapping[str, str]]
    labels: Mapping[str, Any]


class Contents:
    """A version's lines by split."""

    def __init__(self) -> None:
        self.splits: dict[str, Content] = {split: Content() for split in SPLITS}

    def __getitem__(self, split: str) -> Content:
        return self.splits[split]

    def content(self) -> dict[str, dict[str, str]]:
        """Return, for the manifest, the SHA-256 of the rows, of the votes and of the order of each split, in hex."""
        return {name: {split: getattr(part, name).hexdigest() for split, part in self.splits.items()} for name in ("rows", "votes", "order")}

    def labels(self) -> dict[str, Any]:
        """Return, for the manifest, the size and the root of the tree over each split's labels, and one root over these roots, in hex.

        Of a split that somebody may not read the root alone is known, and it is enough for the one above.
        """
        roots = {split: part.labels.root() for split, part in self.splits.items()}
        sized = {split: {"size": self.splits[split].labels.size, "root": found.hex()} for split, found in roots.items()}
        return {"tree": TREE, "splits": sized, "root": root_over(sized)}

    def summed(self) -> Summed:
        return Summed(self.content(), self.labels())


def root_over(splits: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the root over the splits' roots, in the order of SPLITS, in hex. Raises ValueError for what is no hash."""
    return root([bytes.fromhex(splits[split]["root"]) for split in SPLITS]).hex()
