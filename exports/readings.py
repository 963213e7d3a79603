"""How far the reading of a version's samples is, and how many of the rows read are wrong. Writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import OuterRef, Subquery

from exports.gate_kinds import Figure
from exports.models import DatasetVersion, RowReading, SampleRow
from labeling.gold import Hits, hits_among
from labeling.words import counted

Sample, Verdict = SampleRow.Sample, RowReading.Verdict


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What was read of a sample. An unsure row is read, and counts neither as fine nor as wrong."""

    sample: str
    drawn: int
    fine: int
    wrong: int
    unsure: int

    @property
    def read(self) -> int:
        return self.fine + self.wrong + self.unsure

    @property
    def errors(self) -> Hits:
        """The share that is wrong among rows that a reader was sure of, with its 95 % interval (Wilson, 1927)."""
        return hits_among(self.wrong, self.fine + self.wrong)


def readings_of(version: DatasetVersion) -> dict[str, Reading]:
    """Return what was read of each sample, by its name. The latest reading of a row holds."""
    return readings_of_all([version])[version.pk]


def readings_of_all(versions: Iterable[DatasetVersion]) -> dict[int, dict[str, Reading]]:
    """Return the same of many versions, by primary key, in one query."""
    keys = [version.pk for version in versions]
    latest = RowReading.objects.filter(sampled=OuterRef("pk")).order_by("-pk").values("verdict")[:1]
    counts: dict[int, Counter[tuple[str, str | None]]] = {key: Counter() for key in keys}
    drawn = SampleRow.objects.filter(version__in=keys).annotate(said=Subquery(latest)).values_list("version", "sample", "said")
    for version, sample, said in drawn:
        counts[version][sample, said] += 1
    return {key: {sample.value: reading_of(sample.value, counts[key]) for sample in Sample} for key in keys}


def reading_of(sample: str, counts: Counter[tuple[str, str | None]]) -> Reading:
    said = {verdict.value: counts[sample, verdict.value] for verdict in Verdict}
    return Reading(sample=sample, drawn=sum(n for (name, _), n in counts.items() if name == sample), **said)


def figures(found: Mapping[str, Reading]) -> dict[str, Figure]:
    """Return the figures of the gates that ask for reading."""
    by_chance, hard = found[Sample.RANDOM], found[Sample.ADVERSARIAL]
    is_drawn = by_chance.drawn > 0
    return {"read": read(by_chance, is_drawn=is_drawn), "read-hard": read(hard, is_drawn=is_drawn), "errors": errors(by_chance)}


def read(reading: Reading, *, is_drawn: bool) -> Figure:
    said = f"{counted(reading.read, 'row')} of the {reading.sample} sample of {reading.drawn:,} {'was' if reading.read == 1 else 'were'} read."
    return Figure(value=reading.read, n=reading.drawn, found=said, all_there_is=is_drawn and reading.read == reading.drawn)


def errors(reading: Reading) -> Figure:
    hits = reading.errors
    if hits.share is None:
        return Figure(value=None, n=0, found="Nobody has read a row of the random sample yet, so its errors are not known.")
    said = f"Of {counted(hits.n, 'row')} of the random sample that a reader was sure of, {hits.hits:,} {'is' if hits.hits == 1 else 'are'} wrong."
    return Figure(value=hits.share, low=hits.low, high=hits.high, n=hits.n, found=said)
