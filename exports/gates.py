"""What a version must pass, or be waived by name, before it is released. Its figures are measured once, when it is frozen, and kept; they act at release."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from exports import looked_through, readings
from exports.gate_kinds import KINDS, Figure, Kind, Threshold, interval_in_words, passes, threshold_in_words, value_in_words
from exports.models import DatasetVersion, GateFigure, Waiver
from exports.thresholds import thresholds_of_all

Figures = Mapping[str, Figure]


@dataclass(frozen=True, kw_only=True)
class Gate:
    """A gate on a version: what it asks for, what was found, what the previous version had, and by whom it was waived."""

    kind: Kind
    threshold: Threshold
    figure: Figure
    previous: Figure | None
    waiver: Waiver | None

    @property
    def key(self) -> str:
        return self.kind.key

    @property
    def name(self) -> str:
        return self.kind.name

    @property
    def found(self) -> str:
        return self.figure.found

    @property
    def passed(self) -> bool:
        return passes(self.kind, self.threshold, self.figure)

    @property
    def blocks(self) -> bool:
        """It failed, or could not be measured, and nobody has waived it."""
        return self.figure.applies and not self.passed and self.waiver is None

    @property
    def state(self) -> str:
        """`passed`, `waived`, `unmeasured`, `failed`, or `not applicable` where by construction there is nothing to measure."""
        if not self.figure.applies:
            return "not applicable"
        if self.passed:
            return "passed"
        if self.waiver:
            return "waived"
        return "unmeasured" if self.figure.value is None else "failed"

    @property
    def value(self) -> str:
        return value_in_words(self.kind, self.figure.value)

    @property
    def interval(self) -> str:
        return interval_in_words(self.kind, self.figure)

    @property
    def asks(self) -> str:
        return threshold_in_words(self.kind, self.threshold)

    @property
    def before(self) -> str:
        return value_in_words(self.kind, self.previous.value) if self.previous else ""


def check(version: DatasetVersion) -> list[Gate]:
    """Return every gate there is, in the order in which pages and commands show them. A figure that was not measured is missing, and does not pass."""
    return check_all([version])[version.pk]


def check_all(versions: Iterable[DatasetVersion]) -> dict[int, list[Gate]]:
    """Return the gates of versions of one dataset, by primary key, in seven queries. Of a released one they ask for what they asked for then."""
    known = list(versions)
    if not known:
        return {}
    thresholds = thresholds_of_all(known)
    kept = kept_figures(known[0])
    read, texts = readings.readings_of_all(known), looked_through.figures(known)
    waived = {(waiver.version_id, waiver.gate): waiver for waiver in Waiver.objects.filter(version__in=known).select_related("actor")}
    return {
        version.pk: [
            Gate(
                kind=kind,
                threshold=thresholds[version.pk][key],
                figure=figures.get(key, NOT_YET),
                previous=before(kept, version.number).get(key),
                waiver=waived.get((version.pk, key)),
            )
            for key, kind in KINDS.items()
        ]
        for version in known
        for figures in [{**kept.get(version.number, {}), **readings.figures(read[version.pk]), "texts": texts[version.pk]}]
    }


NOT_YET = Figure(value=None, found="It has not been measured.")


def kept_figures(version: DatasetVersion) -> Mapping[int, Figures]:
    """Return what was measured of each version of its dataset when it was frozen, by the version's number."""
    found: dict[int, dict[str, Figure]] = {}
    for row in GateFigure.objects.filter(version__dataset=version.dataset_id).select_related("version").defer("version__manifest"):
        found.setdefault(row.version.number, {})[row.gate] = figure_of(row)
    return found


def figure_of(row: GateFigure) -> Figure:
    return Figure(value=row.value, low=row.low, high=row.high, n=row.n, found=row.found, applies=row.detail.get("applies", True))


def before(kept: Mapping[int, Figures], number: int) -> Figures:
    """Return the figures of the last version before this number that has any."""
    earlier = [other for other in kept if other < number]
    return kept[max(earlier)] if earlier else {}


def blocking(version: DatasetVersion) -> list[Gate]:
    """Return the gates that stand in the way of a release."""
    return [gate for gate in check(version) if gate.blocks]


def reason(gate: Gate) -> str:
    """Return, in a line, why a gate blocks."""
    return f"{gate.name}: {gate.found} It asks for {gate.asks}."
