"""From pairs that make rows to the family and the split of their prompts in a dataset: drawn once, stored, and never moved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice

from django.db import connection

from exports import families, splits
from exports.models import Dataset, FamilyMember, Sketch

STORED_AT_ONCE = 10_000

NEW_TEXTS = """
WITH new AS (
    SELECT DISTINCT sketch.cluster, sketch.key FROM candidate JOIN exports_sketch AS sketch ON sketch.prompt_id = candidate.prompt
     WHERE candidate.left_out IS NULL AND sketch.cluster IS NOT NULL
       AND NOT EXISTS (SELECT FROM exports_familymember AS member WHERE member.dataset_id = %(dataset)s AND member.key = sketch.key)
), known AS (
    SELECT sketch.cluster, min(member.family) AS family, array_agg(DISTINCT member.split) AS splits
      FROM exports_familymember AS member JOIN exports_sketch AS sketch ON sketch.key = member.key
     WHERE member.dataset_id = %(dataset)s AND sketch.cluster IN (SELECT cluster FROM new) GROUP BY sketch.cluster
)
SELECT cluster, key, family, coalesce(splits, '{}') FROM new LEFT JOIN known USING (cluster) ORDER BY cluster, key COLLATE "C"
"""
BAR = """
UPDATE candidate SET left_out = 'bridge' WHERE left_out IS NULL
   AND NOT EXISTS (SELECT FROM exports_familymember AS member WHERE member.dataset_id = %s AND member.key = candidate.family)
"""
STORE = """
INSERT INTO exports_familymember (dataset_id, key, family, split)
SELECT %s, new.key, new.family, new.split FROM unnest(%s::text[], %s::text[], %s::text[]) AS new (key, family, split)
"""

Placed = tuple[str, str, str]
"""A text's key, its family, its split."""


def assign(dataset: Dataset) -> int:
    """Give every prompt in the table `candidate` that has none in the dataset a family and a split, and return how many pairs are left out by it.

    A prompt goes where its relatives are. One with relatives in two splits gets none: it would carry one into the other, so its pairs are left out.
    Call it under the dataset's lock. Prompts that were not sketched yet (`sketching.catch_up`) get none either.
    """
    placed = placements(dataset)
    while part := list(islice(placed, STORED_AT_ONCE)):
        store(dataset, part)
    with connection.cursor() as cursor:
        cursor.execute(BAR, [dataset.pk])
        return int(cursor.rowcount)


def placements(dataset: Dataset) -> Iterator[Placed]:
    for (cluster, family, found), texts in groupby(new_texts(dataset), key=lambda text: (text[0], text[2], text[3])):
        keys = [key for _, key, _, _ in texts]
        if len(found) > 1:
            yield from untangled(dataset, cluster, keys)
        else:
            named = family or keys[0]
            split = found[0] if found else split_in(dataset, named)
            yield from ((key, named, split) for key in keys)


def new_texts(dataset: Dataset) -> Iterator[tuple[int, str, str | None, list[str]]]:
    """Yield the texts without a family, cluster by cluster: the cluster, the key, and the least family and the splits that the cluster has here."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(NEW_TEXTS, {"dataset": dataset.pk})
        while part := cursor.fetchmany(STORED_AT_ONCE):
            yield from part


def split_in(dataset: Dataset, family: str) -> str:
    return splits.split_of(family, salt=dataset.salt, shares=dataset.shares)


def untangled(dataset: Dataset, cluster: int, keys: Iterable[str]) -> Iterator[Placed]:
    """Place the new texts of a cluster that reaches into several splits, one by one; without those that connect the splits."""
    held = {key: (family, split) for key, family, split in members_in(dataset, cluster)}
    texts = list(texts_of(cluster, {*keys, *held}, held))
    found = families.place(texts, lambda family: split_in(dataset, family))
    return ((key, family, split) for key, (family, split) in sorted(found.placed.items()))


def members_in(dataset: Dataset, cluster: int) -> Iterable[tuple[str, str, str]]:
    of_cluster = Sketch.objects.filter(cluster=cluster).values("key")
    return FamilyMember.objects.filter(dataset=dataset, key__in=of_cluster).values_list("key", "family", "split")


def texts_of(cluster: int, keys: set[str], held: dict[str, tuple[str, str]]) -> Iterator[families.Text]:
    """Yield what is compared: a text that several prompts have once, with all their openings and conversations."""
    rows = Sketch.objects.filter(cluster=cluster, key__in=keys).order_by("key", "pk").values_list("key", "sketch", "opening", "conversation")
    for key, same in groupby(rows.iterator(), key=lambda row: row[0]):
        prompts = list(same)
        family, split = held.get(key, ("", ""))
        yield families.Text(
            key=key,
            sketch=bytes(prompts[0][1]),
            openings=frozenset(opening for _, _, opening, _ in prompts),
            conversations=frozenset(conversation for *_, conversation in prompts if conversation is not None),
            family=family,
            split=split,
        )


def store(dataset: Dataset, placed: Sequence[Placed]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(STORE, [dataset.pk, *map(list, zip(*placed, strict=True))])
