"""What the gates of a dataset ask for. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from exports.gate_kinds import KINDS, Threshold
from exports.models import Dataset, DatasetVersion, GateThreshold, VersionEvent

Thresholds = Mapping[str, Threshold]


def thresholds_of(dataset: Dataset) -> dict[str, Threshold]:
    """Return what each gate asks for: what was set last in this dataset, else the default."""
    return last_of(dataset.thresholds.order_by("pk"))


def thresholds_of_all(versions: Iterable[DatasetVersion]) -> dict[int, Thresholds]:
    """Return the same for versions of one dataset, by primary key: of one that was released what was asked for then, whatever was set since."""
    known = list(versions)
    rows = list(GateThreshold.objects.filter(dataset=known[0].dataset_id).order_by("pk"))
    released = VersionEvent.objects.filter(version__in=known, kind=VersionEvent.Kind.RELEASED)
    until: dict[int, datetime] = dict(released.values_list("version", "at"))
    now = last_of(rows)
    return {one.pk: last_of(row for row in rows if row.at <= until[one.pk]) if one.pk in until else now for one in known}


def last_of(rows: Iterable[GateThreshold]) -> dict[str, Threshold]:
    set_here = {row.gate: Threshold(row.low, row.high) for row in rows}
    return {key: set_here.get(key, kind.asks) for key, kind in KINDS.items()}
