"""From a frozen version to its figures and the samples that are read of it: measured and drawn once, then kept."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from exports import measures, samples
from exports.gate_kinds import Figure
from exports.models import Dataset, DatasetVersion, GateFigure, SampleRow


@transaction.atomic
def measure(version: DatasetVersion, *, at: datetime) -> bool:
    """Measure what the gates ask for, and draw the samples. False: it was done before. The version itself is not touched.

    Whoever comes at the same time waits for the dataset's row, and then finds it done.
    """
    if is_measured(version):
        return False
    Dataset.objects.select_for_update(no_key=True).get(pk=version.dataset_id)
    known = set(version.figures.values_list("gate", flat=True))
    GateFigure.objects.bulk_create(row_of(version, key, figure, at=at) for key, figure in measures.measure(version, known=known).items())
    if not known:
        SampleRow.objects.bulk_create(samples.drawn(version))
    return True


def row_of(version: DatasetVersion, gate: str, figure: Figure, *, at: datetime) -> GateFigure:
    detail = {} if figure.applies else {"applies": False}
    return GateFigure(version=version, gate=gate, value=figure.value, low=figure.low, high=figure.high, n=figure.n, found=figure.found, detail=detail, at=at)


def is_measured(version: DatasetVersion) -> bool:
    """Say whether every figure there is has been measured; a version that is older than a gate has not got its figure."""
    return set(version.figures.values_list("gate", flat=True)) >= measures.KEYS
