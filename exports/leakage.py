"""What leaks from one split of a version into another, and from gold items into its rows: measured from the stored rows, whatever was meant.

Writes nothing. It does not ask the ledger of families: it compares the rows' own texts, sketch by sketch, wherever prompts hang together.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection

from exports import nearness
from exports.models import DatasetVersion, Sketch

# In one pass: a version's rows compared with the same version's rows would take time in the square of them under a plan that expects few.
SHARED_TEXTS = """
SELECT coalesce(sum(n), 0)::bigint FROM (
    SELECT count(*) AS n FROM exports_datasetrow AS row JOIN policies_prompt AS prompt ON prompt.id = row.prompt_id
     WHERE row.version_id = %s GROUP BY prompt.family HAVING count(DISTINCT row.split) > 1) AS torn
"""
MIXED_CLUSTERS = """
SELECT sketch.cluster FROM exports_datasetrow AS row JOIN exports_sketch AS sketch ON sketch.prompt_id = row.prompt_id
 WHERE row.version_id = %s GROUP BY sketch.cluster HAVING count(DISTINCT row.split) > 1
"""
GOLD = """
SELECT DISTINCT sketch.cluster, sketch.prompt_id FROM labeling_golditem AS item JOIN labeling_pair AS pair ON pair.id = item.pair_id
  JOIN exports_sketch AS sketch ON sketch.prompt_id = pair.prompt_id ORDER BY 1, 2
"""
ROWS_IN = """
SELECT sketch.cluster, row.split, sketch.prompt_id FROM exports_datasetrow AS row JOIN exports_sketch AS sketch ON sketch.prompt_id = row.prompt_id
 WHERE row.version_id = %s AND sketch.cluster = ANY(%s) ORDER BY 1, 2, 3
"""
NEVER_COMPARED = """
SELECT count(*) FROM exports_datasetrow AS row LEFT JOIN exports_sketch AS sketch ON sketch.prompt_id = row.prompt_id
 WHERE row.version_id = %s AND sketch.cluster IS NULL
"""


@dataclass(frozen=True, kw_only=True)
class Leakage:
    """Rows, counted. `between_splits`: another split holds the same prompt, a near duplicate, or a part of the same conversation; of these `same_text` have
    the same normalised text there. `gold`: a gold item's prompt is such a relative. `never_compared`: nobody has looked for relatives of their prompt."""

    between_splits: int
    same_text: int
    gold: int
    never_compared: int

    @property
    def total(self) -> int:
        return self.between_splits + self.gold + self.never_compared


@dataclass(frozen=True)
class Marks:
    """What some prompts are recognised by, a row each. No conversation is 0."""

    sketches: nearness.Sketches
    openings: npt.NDArray[np.int64]
    conversations: npt.NDArray[np.int64]

    def has_relative(self, one: int, others: Marks) -> bool:
        """Say whether a prompt of these has a relative among others."""
        conversation = self.conversations[one]
        return bool(
            nearness.alike(self.sketches[one], others.sketches).any()
            or (others.openings == self.openings[one]).any()
            or (conversation != 0 and (others.conversations == conversation).any())
        )


def measure(version: DatasetVersion) -> Leakage:
    """Return how many rows of a stored version leak. All 0: what is held out was not seen in training, as far as texts and conversations tell."""
    return Leakage(
        between_splits=sum(map(leaking, clusters_of(version, mixed_clusters(version)))),
        same_text=one_number(SHARED_TEXTS, version.pk),
        gold=gold_rows(version),
        never_compared=one_number(NEVER_COMPARED, version.pk),
    )


def mixed_clusters(version: DatasetVersion) -> list[int]:
    return [cluster for (cluster,) in rows_of(MIXED_CLUSTERS, version.pk) if cluster is not None]


def clusters_of(version: DatasetVersion, clusters: Sequence[int]) -> Iterator[dict[str, Counter[int]]]:
    """Yield the version's rows in each of the clusters: how many a prompt has in a split."""
    for _, rows in groupby(rows_of(ROWS_IN, version.pk, list(clusters)), key=lambda row: row[0]):
        found: dict[str, Counter[int]] = defaultdict(Counter)
        for _, split, prompt in rows:
            found[split][prompt] += 1
        yield found


def leaking(splits: dict[str, Counter[int]]) -> int:
    """Return how many rows of a cluster have a relative in another split."""
    return sum(with_relatives(rows, (prompt for other, held in splits.items() if other != split for prompt in held)) for split, rows in splits.items())


def gold_rows(version: DatasetVersion) -> int:
    """Return how many rows have a relative among the prompts of gold items, those that were retired too."""
    gold = {cluster: [prompt for _, prompt in rows] for cluster, rows in groupby(rows_of(GOLD), key=lambda row: row[0])}
    total = 0
    for cluster, rows in groupby(rows_of(ROWS_IN, version.pk, list(gold)), key=lambda row: row[0]):
        total += with_relatives(Counter(prompt for _, _, prompt in rows), gold[cluster])
    return total


def with_relatives(rows: Counter[int], others: Iterable[int]) -> int:
    """Return how many of the rows, counted by prompt, have a relative among other prompts."""
    prompts, beside = sorted(rows), marks_of(sorted(set(others)))
    own = marks_of(prompts)
    return sum(rows[prompt] for one, prompt in enumerate(prompts) if own.has_relative(one, beside))


def marks_of(prompts: Sequence[int]) -> Marks:
    rows = list(Sketch.objects.filter(pk__in=prompts).order_by("pk").values_list("sketch", "opening", "conversation"))
    made = np.frombuffer(b"".join(bytes(sketch) for sketch, _, _ in rows), np.uint16).reshape(len(rows), nearness.PLACES)
    return Marks(made, np.array([row[1] for row in rows], np.int64), np.array([row[2] or 0 for row in rows], np.int64))


def rows_of(query: str, *values: int | list[int]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())


def one_number(query: str, *values: int) -> int:
    ((number,),) = rows_of(query, *values)
    return int(number)
