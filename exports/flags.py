"""What was flagged in a version's texts, and what is decided about it. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from exports.models import DatasetRow, DatasetVersion, RowFlag, TextCheck
from exports.traps import KINDS

EXCERPT = 40
"""Characters shown on either side of what was found."""

LATEST = """
LEFT JOIN LATERAL (
    SELECT leave_out FROM exports_flagdecision AS said
     WHERE said.version_id = flag.version_id AND said.kind = flag.kind AND (said.row_id = flag.row_id OR said.row_id IS NULL)
     ORDER BY said.id DESC LIMIT 1) AS decision ON true
"""
BY_KIND = f"""
SELECT flag.kind, count(DISTINCT flag.row_id), count(DISTINCT flag.row_id) FILTER (WHERE decision.leave_out IS NULL),
       count(DISTINCT flag.row_id) FILTER (WHERE decision.leave_out)
  FROM exports_rowflag AS flag {LATEST} WHERE flag.version_id = %s GROUP BY flag.kind ORDER BY flag.kind
"""  # noqa: S608 - from here
LEFT_OUT = f"""
SELECT DISTINCT row.pair_id FROM exports_rowflag AS flag JOIN exports_datasetrow AS row ON row.id = flag.row_id
  JOIN exports_datasetversion AS version ON version.id = flag.version_id {LATEST}
 WHERE version.dataset_id = %s AND decision.leave_out
"""  # noqa: S608 - from here
"""The pairs that stay out of later versions of a dataset."""


@dataclass(frozen=True)
class Count:
    """The rows with flags of one kind: all, those nobody has decided about, and those that stay out of later versions."""

    kind: str
    rows: int
    undecided: int
    left_out: int

    @property
    def says(self) -> str:
        return KINDS.get(self.kind, self.kind)


@dataclass(frozen=True)
class Excerpt:
    """A flag as it is looked at: what was found, and what stands around it. Empty where the whole text is meant."""

    flag: RowFlag
    before: str
    found: str
    after: str

    @property
    def turn(self) -> int | None:
        """The turn of the prompt that it is in, from 1; None in a side, and in a file."""
        return turn_of(self.flag.where)


def was_checked(version: DatasetVersion) -> bool:
    """Say whether all its texts were read."""
    return TextCheck.objects.filter(version=version, ended_at__isnull=False).exists()


def counts(version: DatasetVersion) -> list[Count]:
    with connection.cursor() as cursor:
        cursor.execute(BY_KIND, [version.pk])
        return [Count(*row) for row in cursor.fetchall()]


def undecided(version: DatasetVersion) -> int:
    """Return how many (row, kind) wait for somebody to decide."""
    return sum(count.undecided for count in counts(version))


def excerpts(found: Sequence[RowFlag]) -> list[Excerpt]:
    """Return flags with what stands around them. Their rows come with prompt and sides."""
    return [excerpt(flag) for flag in found]


def excerpt(flag: RowFlag) -> Excerpt:
    text = text_at(flag.row, flag.where)
    if not flag.end or text is None:
        return Excerpt(flag, "", "", "")
    return Excerpt(flag, text[max(flag.start - EXCERPT, 0) : flag.start], text[flag.start : flag.end], text[flag.end : flag.end + EXCERPT])


def text_at(row: DatasetRow, where: str) -> str | None:
    """Return the text that a flag speaks of; None once it was erased."""
    if turn := turn_of(where):
        return row.prompt.messages[turn - 1]["content"] if row.prompt.messages else None
    return row.chosen.text if where == "chosen" else row.rejected.text


def turn_of(where: str) -> int | None:
    return int(where.removeprefix("prompt.")) + 1 if where.startswith("prompt.") else None
