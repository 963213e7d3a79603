"""A hash tree over lines of which each can be proven to be in it, as RFC 6962 (2.1) has it. Pure.

A leaf is hashed after a zero byte and a node after a one byte, so that neither can pass for the other. The tree of n leaves is split at the
greatest power of two below n. Memory for a root is one hash for each bit of n.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce

LEAF, NODE = b"\x00", b"\x01"
BLOCK = 2**12
"""Leaves that are hashed into one node at a time."""
SIZE = 32
EMPTY = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(LEAF + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(NODE + left + right).digest()


@dataclass
class Tree:
    """A root that grows as leaves are added."""

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)
    """Roots of full subtrees of at least BLOCK leaves, the largest first: one for each bit that is set in the number of blocks."""
    waiting: list[bytes] = field(default_factory=list)
    """Hashes of the leaves that fill no block yet."""

    def add(self, leaves: Sequence[bytes]) -> None:
        """Add the data of some leaves."""
        sha256 = hashlib.sha256
        self.waiting += [sha256(b"\x00" + data).digest() for data in leaves]
        self.size += len(leaves)
        while len(self.waiting) >= BLOCK:
            self.add_block(top(self.waiting[:BLOCK]))
            del self.waiting[:BLOCK]

    def add_block(self, block: bytes) -> None:
        self.peaks.append(block)
        blocks = (self.size - len(self.waiting)) // BLOCK
        while blocks & 1:
            right, left = self.peaks.pop(), self.peaks.pop()
            self.peaks.append(node_hash(left, right))
            blocks >>= 1

    def root(self) -> bytes:
        """Return the root of what was added so far; of nothing the hash of nothing."""
        parts = [*self.peaks, *([top(self.waiting)] if self.waiting else [])]
        if not parts:
            return EMPTY
        return reduce(lambda right, left: node_hash(left, right), reversed(parts))


def top(hashes: Sequence[bytes]) -> bytes:
    """Return the root of a tree whose leaves have these hashes, of which there is at least one."""
    row = list(hashes)
    while len(row) > 1:
        row = above(row)
    return row[0]


def above(row: Sequence[bytes]) -> list[bytes]:
    """Return the nodes over a row of nodes. A last one without a neighbour goes up as it is."""
    sha256 = hashlib.sha256
    paired = [sha256(b"\x01" + left + right).digest() for left, right in zip(row[::2], row[1::2], strict=False)]
    return [*paired, *row[len(row) & ~1 :]]


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaves' data.

    >>> root([]).hex()[:16], root([b""]).hex()[:16]
    ('e3b0c44298fc1c14', '6e340b9cffb37a98')
    """
    tree = Tree()
    tree.add(leaves)
    return tree.root()


class Levels:
    """Every node of a tree, for many proofs from it: 64 bytes a leaf."""

    def __init__(self, hashes: Sequence[bytes]) -> None:
        self.size, self.rows = len(hashes), [b"".join(hashes)]
        row = list(hashes)
        while len(row) > 1:
            row = above(row)
            self.rows.append(b"".join(row))

    def path(self, index: int) -> list[bytes]:
        """Return what proves that a leaf is in the tree: the hashes beside its way, from the bottom to the root (RFC 6962, 2.1.1). Raises IndexError."""
        if not 0 <= index < self.size:
            raise IndexError(index)
        places = ((row, ((index >> height) ^ 1) * SIZE) for height, row in enumerate(self.rows[:-1]))
        return [row[start : start + SIZE] for row, start in places if start < len(row)]


def proves(leaf: bytes, index: int, size: int, path: Sequence[bytes], expected: bytes) -> bool:
    """Say whether the path shows that a tree of that size and root has this leaf hash at that index (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    here, last, found = index, size - 1, leaf
    for beside in path:
        if last == 0:
            return False
        if here & 1 or here == last:
            found = node_hash(beside, found)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            found = node_hash(found, beside)
        here, last = here >> 1, last >> 1
    return last == 0 and found == expected
