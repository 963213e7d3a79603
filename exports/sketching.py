"""From prompts to their sketches, and to clusters of those that hang together: by text, by likeness, by conversation.

Done once a prompt and ahead of any freezing: by the sweep, and by what is about to freeze.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from exports import families, nearness
from exports.models import Sketch
from policies.models import Prompt

CHUNK = 2000
READ_AT_ONCE = 50_000
COMPARED_AT_ONCE = 200_000
"""Pairs of sketches: 100 MB."""

SKETCHING = 7_232_817_002
"""Key of the advisory lock that one sweep at a time holds."""

CLUSTERED = """
UPDATE exports_sketch AS sketch SET cluster = found.cluster
  FROM unnest(%s::bigint[], %s::bigint[]) AS found (prompt_id, cluster) WHERE sketch.prompt_id = found.prompt_id
"""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Table:
    """Every sketch there is, column by column, in the order of the prompts: 150 bytes each. A mark or a cluster that is not there is 0."""

    prompts: Ints
    keys: Ints
    openings: Ints
    conversations: Ints
    clusters: Ints
    bands: nearness.Bands


def catch_up() -> int:
    """Sketch the prompts that have no sketch, and put them into clusters. Returns how many there were.

    A process that dies between two chunks has lost nothing; the next goes on. Not for use where the database is seen as at one moment.
    """
    made, last = 0, 0
    while chunk := sketch_some(after=last):
        made, last = made + len(chunk), chunk[-1].prompt_id
    if Sketch.objects.loose().exists():
        cluster()
    if made >= CHUNK:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE exports_sketch")  # who freezes next does not wait for PostgreSQL to find out how many there are
    return made


@transaction.atomic
def sketch_some(*, after: int) -> Sequence[Sketch]:
    lock_sketching()
    known = Sketch.objects.filter(prompt=OuterRef("pk"))
    prompts = Prompt.objects.filter(~Exists(known), pk__gt=after, messages__isnull=False).order_by("pk")
    return Sketch.objects.bulk_create(sketches_of(list(prompts.only("family", "messages", "slices", "source")[:CHUNK])))


def sketches_of(prompts: Sequence[Prompt]) -> list[Sketch]:
    made = nearness.sketches([nearness.text_of(prompt.messages) for prompt in prompts])
    return [
        Sketch(
            prompt=prompt,
            key=prompt.family,
            opening=families.opening_of(prompt.messages),
            conversation=families.conversation_of(prompt.slices, prompt.source),
            bands=bands.tobytes(),
            sketch=sketch.tobytes(),
            method=nearness.METHOD,
        )
        for prompt, sketch, bands in zip(prompts, made, nearness.bands(made), strict=True)
    ]


@transaction.atomic
def cluster() -> int:
    """Compare what was not compared yet with everything, and join the clusters that it connects. Returns how many prompts are in another one now."""
    lock_sketching()
    table = read_table()
    sets = families.UnionFind(roots_before(table))
    for one, other in connections(table):
        sets.join(one, other)
    found = table.prompts[sets.roots()]
    changed = np.flatnonzero(found != table.clusters)
    store_clusters(table.prompts[changed], found[changed])
    return len(changed)


def roots_before(table: Table) -> Ints:
    """Return for each sketch the place of its cluster's first prompt; its own where it has none."""
    return np.where(table.clusters == 0, np.arange(len(table.prompts)), np.searchsorted(table.prompts, table.clusters))


def connections(table: Table) -> Iterator[tuple[int, int]]:
    """Yield pairs of places that belong together: enough of them to connect all that do."""
    for marks in (table.keys, table.openings, table.conversations):
        yield from neighbours_by(marks)
    for one, other in nearness.candidates(table.bands, table.clusters == 0):
        for start in range(0, len(one), COMPARED_AT_ONCE):
            part = slice(start, start + COMPARED_AT_ONCE)
            yield from near_among(table, one[part], other[part])


def neighbours_by(marks: Ints) -> Iterator[tuple[int, int]]:
    """Yield each two with the same mark that are next to one another in its order. 0 is no mark."""
    order = np.argsort(marks, kind="stable")
    same = (marks[order][:-1] == marks[order][1:]) & (marks[order][1:] != 0)
    return zip(order[:-1][same].tolist(), order[1:][same].tolist(), strict=True)


def near_among(table: Table, one: Ints, other: Ints) -> Iterator[tuple[int, int]]:
    """Yield those of the pairs whose sketches are alike."""
    wanted = np.union1d(one, other)
    made = read_sketches(table.prompts[wanted])
    alike = nearness.alike(made[np.searchsorted(wanted, one)], made[np.searchsorted(wanted, other)])
    return zip(one[alike].tolist(), other[alike].tolist(), strict=True)


def read_table() -> Table:
    fields = ("prompt_id", "key", "opening", "conversation", "cluster", "bands")
    rows = Sketch.objects.order_by("prompt_id").values_list(*fields).iterator(chunk_size=READ_AT_ONCE)
    parts = [in_columns([])]
    while part := list(islice(rows, READ_AT_ONCE)):
        parts.append(in_columns(part))
    return Table(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def in_columns(rows: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    numbers = [(prompt, families.short_hash(key), opening, conversation or 0, cluster or 0) for prompt, key, opening, conversation, cluster, _ in rows]
    banded = np.frombuffer(b"".join(bytes(row[5]) for row in rows), np.uint32).reshape(len(rows), nearness.BANDS)
    return (*np.array(numbers, np.int64).reshape(len(rows), 5).T, banded)


def read_sketches(prompts: Ints) -> nearness.Sketches:
    """Return the sketches of prompts, whose order rises."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sketch FROM exports_sketch WHERE prompt_id = ANY(%s) ORDER BY prompt_id", [prompts.tolist()])
        made = b"".join(bytes(sketch) for (sketch,) in cursor.fetchall())
    return np.frombuffer(made, np.uint16).reshape(len(prompts), nearness.PLACES)


def store_clusters(prompts: Ints, found: Ints) -> None:
    with connection.cursor() as cursor:
        for start in range(0, len(prompts), READ_AT_ONCE):
            part = slice(start, start + READ_AT_ONCE)
            cursor.execute(CLUSTERED, [prompts[part].tolist(), found[part].tolist()])


def lock_sketching() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SKETCHING])
