"""Which rows of a version are read before it is released: some at random, and those that a shortcut explains best. Writes nothing.

Rows of the private split are in neither: who is not named must not read them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from accounts import statements
from accounts.marking import marked
from exports.models import PRIVATE, DatasetVersion, SampleRow

MOST = 200
"""Rows that are drawn of each sample at most; a gate asks for the first so many of them."""

SHORTCUTS = (marked("length"), marked("lists"), marked("refusal"))

# A salted hash of the row's key: the same rows for ever, and nobody who labels can know them beforehand.
RANDOM = """
SELECT id FROM exports_datasetrow WHERE version_id = %(version)s AND split <> %(private)s
ORDER BY sha256(convert_to(%(salt)s || key, 'UTF8')), id LIMIT %(most)s
"""

LIST_ITEM = r"^\s*([-*•]|\d{1,3}[.)])\s"
REFUSES = r"\m(I|we)( am|'m|’m)? ?(sorry|can ?not|can't|can’t|won't|won’t|unable|not able)\M|\mas an? (AI|language model)\M"

# What each shortcut says of a row, positive towards chosen; then which way it leans in the whole version; then the rows that it explains best.
SHORT = """
WITH row AS MATERIALIZED (
    SELECT row.id, row.key,
        (char_length(chosen.text) - char_length(rejected.text))::float / greatest(1, char_length(chosen.text) + char_length(rejected.text)) AS length,
        (regexp_count(chosen.text, %(item)s, 1, 'n') - regexp_count(rejected.text, %(item)s, 1, 'n'))::float AS lists,
        ((left(chosen.text, 300) ~* %(refuses)s)::int - (left(rejected.text, 300) ~* %(refuses)s)::int)::float AS refusal
    FROM exports_datasetrow AS row
    JOIN policies_response AS chosen ON chosen.id = row.chosen_id JOIN policies_response AS rejected ON rejected.id = row.rejected_id
    WHERE row.version_id = %(version)s AND row.split <> %(private)s
), cue AS (
    SELECT row.id, row.key, cue.name, cue.size FROM row
    CROSS JOIN LATERAL (VALUES ('length', length), ('lists', lists), ('refusal', refusal)) AS cue (name, size)
), lean AS (
    SELECT name, CASE WHEN sum(sign(size)) < 0 THEN -1 ELSE 1 END AS way FROM cue GROUP BY name
), placed AS (
    SELECT name, id, row_number() OVER (PARTITION BY name ORDER BY size * way DESC, key, id) AS place FROM cue JOIN lean USING (name) WHERE size * way > 0
)
SELECT name, id FROM placed WHERE place <= %(most)s ORDER BY name, place
"""


def drawn(version: DatasetVersion) -> list[SampleRow]:
    """Return both samples, not stored, each in the order in which it is read. The same version gives the same samples."""
    by_chance = [SampleRow(version=version, row_id=row, sample="random", place=place) for place, row in enumerate(random_rows(version), start=1)]
    hard = enumerate(in_turns(rows_by_shortcut(version)), start=1)
    return by_chance + [SampleRow(version=version, row_id=row, sample="adversarial", place=place, shortcut=name) for place, (name, row) in hard]


def random_rows(version: DatasetVersion) -> list[int]:
    return [row for (row,) in statements.every(RANDOM, version=version.pk, private=PRIVATE, salt=version.manifest_sha256, most=MOST)]


def rows_by_shortcut(version: DatasetVersion) -> list[list[tuple[str, int]]]:
    """Return for each shortcut the rows that it explains best, the clearest first.

    A shortcut leans the way in which it points more often than not over the whole version: where the shorter one is usually chosen, brevity is it.
    """
    found = statements.every(SHORT, version=version.pk, private=PRIVATE, item=LIST_ITEM, refuses=REFUSES, most=MOST)
    return [[(name, row) for name, row in found if name == shortcut] for shortcut in SHORTCUTS]


def in_turns(lists: Sequence[Sequence[tuple[str, int]]]) -> Iterator[tuple[str, int]]:
    """Yield from each list in turn, a row once, until there are enough."""
    seen: set[int] = set()
    for entry in (entry for turn in zip_longest(*lists) for entry in turn if entry):
        if entry[1] not in seen and len(seen) < MOST:
            seen.add(entry[1])
            yield entry
