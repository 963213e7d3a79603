"""What freezing would make, and what a version holds, in the words and figures that pages and the API show."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.models import User
from exports import holding_out, rows, splits
from exports.choices import Choice
from exports.choices_shown import in_words
from exports.holding_out import Foreseen
from exports.models import PRIVATE, Dataset, DatasetRow, DatasetVersion
from exports.rows import LeftOut, Summary
from labeling import renderings
from labeling.models import Campaign
from labeling.phrases import decimal
from labeling.renderings import Shown

SHOWN_AT_ONCE = 5
THIN, SHOWN_THIN = 20, 12
READ_WITH = ("pair__campaign", "prompt", "chosen__policy", "rejected__policy")


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a version would hold if it were frozen now."""

    dataset: str
    number: int
    is_new: bool
    rows: int
    adjudicated: int
    families: int
    rubric_versions: int
    shares: Mapping[str, float]
    left_out: Sequence[tuple[str, int]]
    unsettled: Sequence[tuple[str, int]]
    thin: Sequence[tuple[str, str, int]]
    """Slices (name, value) with few rows."""
    chosen_by: Sequence[str]
    held_out: Foreseen

    @property
    def rows_foreseen(self) -> int:
        """The rows without those that will be left out once their split is drawn."""
        return self.rows - self.held_out.about

    @property
    def shares_in_words(self) -> str:
        return ", ".join(f"{decimal(f'{100 * self.shares[split]:g}')}\u00a0% {_(split)}" for split in splits.SPLITS if self.shares.get(split))


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


def preview(
    campaigns: Sequence[Campaign], *, dataset: str, shares: Mapping[str, float], choice: Choice | None = None, hold_out: Collection[User] = ()
) -> Preview:
    """Work out what `publishing.publish` would make of these campaigns now. `shares` count for a new dataset only."""
    known = Dataset.objects.filter(name=dataset).first()
    people = holding_out.held(known) | {person.pk for person in hold_out}
    foreseen = Foreseen(0, 0)

    def bar() -> None:
        nonlocal foreseen
        foreseen = holding_out.foresee(known, people, known.shares if known else shares)

    found = rows.summary(campaigns, choice, bar=bar)
    return Preview(
        dataset=dataset,
        number=known.last_number + 1 if known else 1,
        is_new=known is None,
        rows=found.rows,
        adjudicated=found.settled.get(DatasetRow.Settled.ADJUDICATED, 0),
        families=found.families,
        rubric_versions=len(found.rubric_versions),
        shares=known.shares if known else shares,
        left_out=left_out_in_words(found.left_out),
        unsettled=sorted(found.unsettled.items()),
        thin=thin_slices(found),
        chosen_by=in_words(choice or Choice()),
        held_out=foreseen,
    )


def thin_slices(found: Summary) -> list[tuple[str, str, int]]:
    """Return the slices (name, value) with few rows, the thinnest first: what is said of them later hangs on a handful of pairs."""
    thin = [(name, value, n) for (name, value), n in found.slices.items() if n < THIN]
    return sorted(thin, key=lambda slice: (slice[2], slice[0], slice[1]))[:SHOWN_THIN]


def split_counts(version: DatasetVersion) -> list[tuple[str, int]]:
    """Return the rows of each split that has rows, or should have."""
    counts, shares = version.manifest["counts"]["rows"], version.manifest["split"]["shares"]
    return [(split, counts[split]) for split in splits.SPLITS if counts.get(split) or shares.get(split)]


def left_out_in_words(left_out: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return the reasons as people say them, the most frequent first."""
    return [(LeftOut(reason).label, n) for reason, n in sorted(left_out.items(), key=lambda item: (-item[1], item[0]))]


def shown_rows(version: DatasetVersion, *, after: int, private: bool) -> list[ShownRow]:
    """Return some rows as people read them, those that follow a position, in a handful of queries; of the private split only where `private` says so."""
    related = version.rows.select_related(*READ_WITH).filter(position__gt=after)
    allowed = related if private else related.exclude(split=PRIVATE)
    return shown(list(allowed.order_by("position")[:SHOWN_AT_ONCE]))


def shown_one(row: DatasetRow) -> ShownRow:
    """Return a row as people read it."""
    return shown([DatasetRow.objects.select_related(*READ_WITH).get(pk=row.pk)])[0]


def shown(page: Sequence[DatasetRow]) -> list[ShownRow]:
    texts = [text for row in page for text in (*(turn["content"] for turn in row.prompt.messages), row.chosen.text, row.rejected.text)]
    rendered = iter(renderings.shown_all(texts) if texts else [])
    return [shown_row(row, rendered) for row in page]


def shown_row(row: DatasetRow, shown: Iterator[Shown]) -> ShownRow:
    """Take the row's texts, in the order in which they were collected."""
    turns = [ShownTurn(turn["role"], next(shown)) for turn in row.prompt.messages]
    return ShownRow(row, turns, next(shown), next(shown))
