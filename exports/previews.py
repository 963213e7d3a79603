"""What freezing would make, and what a version holds, in the words and figures that pages and the API show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from exports import rows, splits
from exports.models import Dataset, DatasetRow, DatasetVersion
from exports.rows import LeftOut
from labeling import renderings
from labeling.models import Campaign
from labeling.renderings import Shown

SHOWN_AT_ONCE = 5


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a version would hold if it were frozen now. `by_split` is empty for a new dataset, whose salt is drawn when it is made."""

    dataset: str
    number: int
    is_new: bool
    rows: int
    adjudicated: int
    families: int
    rubric_versions: int
    shares: Mapping[str, float]
    by_split: Sequence[tuple[str, int]]
    left_out: Sequence[tuple[str, int]]
    unsettled: Sequence[tuple[str, int]]

    @property
    def shares_in_words(self) -> str:
        return ", ".join(f"{100 * self.shares[split]:g}\u00a0% {split}" for split in splits.SPLITS if self.shares.get(split))


@dataclass(frozen=True)
class ShownTurn:
    role: str
    text: Shown


@dataclass(frozen=True)
class ShownRow:
    """A row as people read it."""

    row: DatasetRow
    turns: Sequence[ShownTurn]
    chosen: Shown
    rejected: Shown


def preview(campaigns: Sequence[Campaign], *, dataset: str, shares: Mapping[str, float]) -> Preview:
    """Work out what `publishing.publish` would make of these campaigns now. `shares` count for a new dataset only."""
    found = rows.candidates(campaigns)
    known = Dataset.objects.filter(name=dataset).first()
    return Preview(
        dataset=dataset,
        number=known.last_number + 1 if known else 1,
        is_new=known is None,
        rows=len(found.rows),
        adjudicated=sum(row.adjudication is not None for row in found.rows),
        families=len({row.family for row in found.rows}),
        rubric_versions=len({row.rubric_version for row in found.rows}),
        shares=known.shares if known else shares,
        by_split=counted_by_split(found.rows, known) if known else [],
        left_out=left_out_in_words(found.left_out),
        unsettled=sorted(found.unsettled.items()),
    )


def counted_by_split(found: Sequence[rows.Candidate], dataset: Dataset) -> list[tuple[str, int]]:
    counts = Counter(splits.split_of(row.family, salt=dataset.salt, shares=dataset.shares) for row in found)
    return [(split, counts[split]) for split in splits.SPLITS if counts[split] or dataset.shares.get(split)]


def split_counts(version: DatasetVersion) -> list[tuple[str, int]]:
    """Return the rows of each split that has rows, or should have."""
    counts, shares = version.manifest["counts"]["rows"], version.manifest["split"]["shares"]
    return [(split, counts[split]) for split in splits.SPLITS if counts.get(split) or shares.get(split)]


def left_out_in_words(left_out: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return the reasons as people say them, the most frequent first."""
    return [(LeftOut(reason).label, n) for reason, n in sorted(left_out.items(), key=lambda item: (-item[1], item[0]))]


def shown_rows(version: DatasetVersion, *, after: int) -> list[ShownRow]:
    """Return some rows as people read them, those that follow a position, in a handful of queries."""
    related = version.rows.select_related("pair__campaign", "prompt", "chosen__policy", "rejected__policy")
    page = list(related.filter(position__gt=after).order_by("position")[:SHOWN_AT_ONCE])
    texts = [text for row in page for text in (*(turn["content"] for turn in row.prompt.messages), row.chosen.text, row.rejected.text)]
    shown = iter(renderings.shown_all(texts) if texts else [])
    return [shown_row(row, shown) for row in page]


def shown_row(row: DatasetRow, shown: Iterator[Shown]) -> ShownRow:
    """Take the row's texts, in the order in which they were collected."""
    turns = [ShownTurn(turn["role"], next(shown)) for turn in row.prompt.messages]
    return ShownRow(row, turns, next(shown), next(shown))
