"""The rows that `make soak` runs, by their number in the table of faults."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.soak import flips, releases, rows
from benchmarks.soak.blind import row_14
from benchmarks.soak.hostile import row_12
from benchmarks.soak.outcomes import Outcome

ROWS: dict[int, Callable[..., Outcome]] = {
    1: rows.row_1,
    2: rows.row_2,
    3: rows.row_3,
    4: rows.row_4,
    8: releases.row_8,
    9: releases.row_9,
    10: releases.row_10,
    12: row_12,
    14: row_14,
    15: flips.row_15,
}
