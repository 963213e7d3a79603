"""The pairs of a dataset whose verdict must stay. Writes nothing."""

from __future__ import annotations

from exports.models import PRIVATE, Dataset, DatasetRow, GoldenPair


def marked(dataset: Dataset) -> list[GoldenPair]:
    """Return the marks that hold, the latest first."""
    latest = {mark.pair_id: mark for mark in dataset.golden_pairs.select_related("pair__prompt", "actor").order_by("pk")}
    return sorted((mark for mark in latest.values() if mark.verdict), key=lambda mark: -mark.pk)


def private(dataset: Dataset) -> set[int]:
    """Return the keys of the marked pairs that are in the private split of a version: their texts are for who is named."""
    held = DatasetRow.objects.filter(version__dataset=dataset, split=PRIVATE, pair__in=dataset.golden_pairs.values("pair"))
    return set(held.values_list("pair", flat=True))


def row_at(dataset: Dataset, *, number: int, position: int) -> DatasetRow | None:
    """Return a row of a version of the dataset, if there is one there."""
    found = DatasetRow.objects.filter(version__dataset=dataset, version__number=number, position=position)
    return found.select_related("pair", "version__dataset").first()
