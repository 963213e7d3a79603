"""What the gates of a dataset ask for. Writes nothing."""

from __future__ import annotations

from exports.gate_kinds import KINDS, Threshold
from exports.models import Dataset


def thresholds_of(dataset: Dataset) -> dict[str, Threshold]:
    """Return what each gate asks for: what was set last in this dataset, else the default."""
    set_here = {row.gate: Threshold(row.low, row.high) for row in dataset.thresholds.order_by("pk")}
    return {key: set_here.get(key, kind.asks) for key, kind in KINDS.items()}
