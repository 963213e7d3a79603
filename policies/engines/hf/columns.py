"""Rows that go through the model together, and the keys and values that it remembers them by."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad
from transformers.cache_utils import DynamicLayer

from policies.engines.base import Ask, FinishReason

COLUMNS_AHEAD = 64  # how much room a cache makes at a time
SHORTEST_OF_GROUP = 0.75  # of the longest prompt that it is read with


class Columns(DynamicLayer):  # type: ignore[misc]  # transformers is not typed
    """One layer's keys and values, (rows, heads, columns, width), in a buffer with room: a step writes a column and copies nothing.

    Every row ends in the last column; a shorter one has padding on its left.
    """

    def __init__(self) -> None:
        super().__init__()
        self._buffers: list[Tensor] = []

    def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        if not self._buffers and self.get_seq_length() == 0:
            self.is_initialized, self.dtype, self.device = True, key_states.dtype, key_states.device
            self.keys, self.values = key_states[:, :, :0], value_states[:, :, :0]
        start, new = self.keys.shape[-2], key_states.shape[-2]
        if not self._buffers or start + new > self._buffers[0].shape[-2]:
            self._buffers = [pad(held, (0, 0, 0, new + COLUMNS_AHEAD)) for held in (self.keys, self.values)]
        for buffer, states in zip(self._buffers, (key_states, value_states), strict=True):
            buffer[:, :, start : start + new] = states
        self.keys, self.values = (buffer[:, :, : start + new] for buffer in self._buffers)
        return self.keys, self.values

    def keep(self, rows: Tensor, first_column: int) -> None:
        self.keys, self.values = (held[:, :, first_column:].index_select(0, rows) for held in (self.keys, self.values))
        self._buffers = []

    def join(self, other: "Columns") -> None:
        self.keys, self.values = (_stack(*both) for both in ((self.keys, other.keys), (self.values, other.values)))
        self._buffers = []


def _stack(upper: Tensor, lower: Tensor) -> Tensor:
    """Put rows under rows, the shorter ones padded on the left."""
    columns = max(upper.shape[-2], lower.shape[-2])
    return torch.cat([pad(part, (0, 0, columns - part.shape[-2], 0)) for part in (upper, lower)])


@dataclass
class Row:
    """One ask on its way. The last token drawn is not in the cache yet: the next step puts it there."""

    ask: Ask
    prompt: list[int]
    limit: int  # how many tokens may be drawn
    ends: frozenset[int]
    drawn: list[int] = field(default_factory=list)
    ended: FinishReason | None = None
    is_told: bool = False

    @property
    def size(self) -> int:
        return len(self.prompt) + len(self.drawn)

    def start_over(self) -> None:
        self.drawn, self.ended = [], None


def alike(rows: list[Row]) -> Iterator[list[Row]]:
    """Split rows into groups whose prompts are nearly of one length: of 64 bundled prompts read together more than half was padding."""
    group: list[Row] = []
    for row in sorted(rows, key=lambda row: len(row.prompt), reverse=True):
        if group and len(row.prompt) < SHORTEST_OF_GROUP * len(group[0].prompt):
            yield group
            group = []
        group.append(row)
    if group:
        yield group


@dataclass
class Batch:
    """Rows that go through the model together. `mask`: (rows, columns), 1 where a column is the row's own, 0 where it is padding."""

    rows: list[Row]
    cache: Any
    mask: Tensor

    def is_due(self) -> bool:
        """A quarter has ended: the rest is worth copying. A row that has ended costs its share of each step, dropping it a copy of all others."""
        return sum(row.ended is not None for row in self.rows) * 4 >= len(self.rows)

    def drop_ended(self) -> None:
        staying = [number for number, row in enumerate(self.rows) if row.ended is None]
        rows = torch.tensor(staying, dtype=torch.long, device=self.mask.device)
        self.rows = [self.rows[number] for number in staying]
        self.mask = self.mask.index_select(0, rows)
        first = int(self.mask.any(0).long().argmax()) if staying else 0  # columns that are padding for all who stay go too
        self.mask = self.mask[:, first:]
        for layer in self.cache.layers:
            layer.keep(rows, first)

    def join(self, other: "Batch") -> None:
        self.rows = self.rows + other.rows
        columns = max(self.mask.shape[1], other.mask.shape[1])
        self.mask = torch.cat([pad(mask, (columns - mask.shape[1], 0)) for mask in (self.mask, other.mask)])
        for layer, joining in zip(self.cache.layers, other.cache.layers, strict=True):
            layer.join(joining)
