"""Markdown tables (min / median / max over repeats) of what `cycle` wrote: python -m benchmarks.tables FILE.jsonl ...

Attempts marked noisy are left out where a quiet one of the same kind exists; the last column says how many were counted and how many left out.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.figures import spread

Record = dict[str, Any]
Column = tuple[str, ...]
"""A heading, the field, and for a field of several parts the part."""

MEMORY: list[Column] = [("peak PSS app, MB", "peak_pss_mb", "app"), ("peak PSS pg, MB", "peak_pss_mb", "pg")]
OTHERS: Column = ("others' cores", "other_cores")
LATENCIES: list[Column] = [(f"{what} p{percent} ms", f"{what}_p{percent}") for what in ("next", "submit") for percent in (50, 95, 99)]
CYCLE: list[Column] = [("cycles/s", "cycles_s"), *LATENCIES, ("server CPU ms/cycle", "server_ms_per_cycle"), ("errors", "errors")]
RACE: list[Column] = [
    *[(name, name) for name in ("accepted", "stored")],
    ("tasks over k", "over"),
    ("surplus", "surplus"),
    ("tasks under k", "under"),
    ("same user twice", "duplicates"),
    *[(name, name) for name in ("lost", "unknown", "changed", "errors")],
    ("cycles/s", "cycles_s"),
]
BROWSER: list[Column] = [
    ("first load, pair visible ms", "cold_ms"),
    ("warm load ms", "warm_ms"),
    ("Submit to next pair p50 ms", "submit_to_next_p50"),
    ("p95", "submit_to_next_p95"),
    ("bytes", "bytes_total"),
    ("JS", "bytes_by_kind", "Script"),
    ("CSS", "bytes_by_kind", "Stylesheet"),
    ("HTML", "bytes_by_kind", "Document"),
    ("requests", "requests"),
    ("JS heap MB", "js_heap_mb"),
]
TABLES: dict[str, tuple[list[str], list[Column]]] = {
    "cycle": (["adapter", "label", "labelers"], [*CYCLE, ("server cores", "server_cores"), OTHERS]),
    "race": (["adapter", "label", "tasks", "labelers"], [*RACE, OTHERS]),
    "race_double": (["adapter", "label", "tasks", "labelers"], [*RACE, OTHERS]),
    "import": (["adapter", "tasks"], [("s", "import_s"), ("tasks/s", "tasks_s"), *MEMORY, OTHERS]),
    "import_labeled": (["adapter", "tasks"], [("s", "import_s"), ("tasks/s", "tasks_s"), *MEMORY, OTHERS]),
    "export": (["adapter", "labels"], [("s", "export_s"), ("labels/s", "labels_s"), ("bytes", "bytes"), *MEMORY, OTHERS]),
    "browser": (["adapter", "label"], [*BROWSER, OTHERS]),
}


def values_of(records: Sequence[Record], field: str, part: str = "") -> list[float]:
    found = [(record.get(field) or {}).get(part) if part else record.get(field) for record in records]
    return [value for value in found if isinstance(value, (int, float))]


def row(group: tuple[Any, ...], records: Sequence[Record], columns: Sequence[Column]) -> str:
    quiet = [record for record in records if not record.get("noisy")]
    counted = quiet or records
    cells = [str(part) for part in group] + [spread(values_of(counted, *column[1:])) for column in columns]
    return "| " + " | ".join([*cells, f"{len(counted)} ({len(records) - len(counted)}){'' if quiet else ' all noisy'}"]) + " |"


def table(kind: str, records: Sequence[Record]) -> list[str]:
    """Return the lines of one kind's table; none where nothing of the kind was measured."""
    by, columns = TABLES[kind]
    groups: dict[tuple[Any, ...], list[Record]] = defaultdict(list)
    for record in records:
        if record["kind"] == kind:
            groups[tuple(record.get(field) for field in by)].append(record)
    if not groups:
        return []
    head = "| " + " | ".join([*by, *(column[0] for column in columns), "repeats (left out)"]) + " |"
    rows = [row(group, groups[group], columns) for group in sorted(groups, key=lambda group: [(len(str(part)), str(part)) for part in group])]
    return [f"\n### {kind}\n", head, "|" + " --- |" * (len(by) + len(columns) + 1), *rows]


def main() -> None:
    records = [json.loads(line) for path in sys.argv[1:] for line in Path(path).read_text().splitlines() if line.strip()]
    for kind in TABLES:
        print(*table(kind, records), sep="\n")


if __name__ == "__main__":
    main()
