"""What changed from one version of a dataset to another, row by row, and why. Writes nothing.

Rows are matched by their key, which is made of their content. Everything is worked out in PostgreSQL: a page costs what it shows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.urls import reverse

from accounts.marking import marked
from exports.models import DatasetRow, DatasetVersion
from labeling.models import CampaignEvent

AT_ONCE = 50
SLICES_SHOWN = 40

KINDS = {
    "added": marked("in the new version only"),
    "removed": marked("in the old version only"),
    "flipped": marked("the other side is chosen"),
    "resettled": marked("the same side is chosen, on other grounds"),
    "moved": marked("in another split"),
}
REASONS = {
    "erased": marked("its prompt was erased"),
    "withdrawn": marked("the pair was withdrawn"),
    "retracted": marked("labels were retracted"),
    "rubric": marked("the rubric was revised"),
    "adjudicated": marked("it was adjudicated since"),
    "more_labels": marked("other labels count"),
    "settled_since": marked("it was settled since"),
    "contested": marked("it is contested now"),
    "waiting": marked("it waits for labels again"),
    "gold": marked("it became a gold item"),
    "tie": marked("it is a tie now"),
    "no_right_answer": marked("it has no right answer now"),
    "other_campaigns": marked("its campaign was chosen for one of the versions only"),
    "held_out": marked("somebody judged it who is held out since"),
    "chosen_otherwise": marked("other rows were chosen when it was frozen"),
    "margin": marked("its margin or its rule is another"),
}

# Where several reasons hold, the first: what was done to the pair comes before what follows from it.
CHANGES = """
WITH changed AS (
    SELECT coalesce(new.key, old.key) AS key, old.id AS old_id, new.id AS new_id, coalesce(new.pair_id, old.pair_id) AS pair_id,
           coalesce(new.prompt_id, old.prompt_id) AS prompt_id, old.rubric_version_id AS old_rubric, new.rubric_version_id AS new_rubric,
           old.labels AS old_labels, new.labels AS new_labels, old.adjudication AS old_ruling, new.adjudication AS new_ruling, old.split AS old_split,
           CASE WHEN old.id IS NULL THEN 'added' WHEN new.id IS NULL THEN 'removed'
                WHEN old.chosen_id IS DISTINCT FROM new.chosen_id AND old_chosen.sha256 <> new_chosen.sha256 THEN 'flipped'
                WHEN old.split <> new.split THEN 'moved' ELSE 'resettled' END AS kind
      FROM (SELECT * FROM exports_datasetrow WHERE version_id = %(old)s) AS old
      FULL JOIN (SELECT * FROM exports_datasetrow WHERE version_id = %(new)s) AS new ON new.key = old.key
      LEFT JOIN policies_response AS old_chosen ON old_chosen.id = old.chosen_id
      LEFT JOIN policies_response AS new_chosen ON new_chosen.id = new.chosen_id
     WHERE old.id IS NULL OR new.id IS NULL OR (old.chosen_id, old.split, old.margin, old.settled, old.rule, old.rubric_version_id, old.labels)
           IS DISTINCT FROM (new.chosen_id, new.split, new.margin, new.settled, new.rule, new.rubric_version_id, new.labels)
), told AS (
    SELECT changed.*, CASE
        WHEN kind = 'removed' AND EXISTS (SELECT FROM exports_removal AS removal WHERE removal.prompt_id = changed.prompt_id AND removal.erased) THEN 'erased'
        WHEN kind = 'removed' AND pair.standing = 'withdrawn' THEN 'withdrawn'
        WHEN kind <> 'added' AND EXISTS (
            SELECT FROM labeling_label AS said JOIN labeling_label AS back ON back.supersedes_id = said.id
             WHERE said.id = ANY (old_labels) AND back.is_retraction) THEN 'retracted'
        WHEN kind <> 'added' AND coalesce(new_rubric, pair.rubric_version_id) <> old_rubric THEN 'rubric'
        WHEN kind IN ('flipped', 'resettled') AND old_ruling IS NULL AND new_ruling IS NOT NULL THEN 'adjudicated'
        WHEN kind IN ('flipped', 'resettled') AND old_labels <> new_labels THEN 'more_labels'
        WHEN kind IN ('flipped', 'resettled', 'moved') THEN 'margin'
        WHEN kind = 'removed' AND pair.standing IN ('waiting', 'contested') THEN pair.standing
        WHEN kind = 'removed' AND EXISTS (SELECT FROM labeling_golditem AS item WHERE item.pair_id = pair.id) THEN 'gold'
        WHEN kind = 'removed' AND pair.verdict IS NULL THEN 'no_right_answer'
        WHEN kind = 'removed' AND pair.verdict = 'tie' THEN 'tie'
        WHEN NOT EXISTS (SELECT FROM exports_versioncampaign AS held WHERE held.campaign_id = pair.campaign_id
                            AND held.version_id = CASE kind WHEN 'added' THEN %(old)s ELSE %(new)s END) THEN 'other_campaigns'
        WHEN kind = 'removed' AND old_split <> 'test' AND pair.id IN (
            SELECT said.pair_id FROM exports_heldoutlabeler AS away JOIN exports_datasetversion AS version USING (dataset_id)
              JOIN (SELECT pair_id, labeler_id AS person FROM labeling_label UNION ALL SELECT pair_id, adjudicator_id FROM labeling_adjudication) AS said
                ON said.person = away.labeler_id WHERE version.id = %(new)s) THEN 'held_out'
        WHEN kind = 'added' AND pair.settled_at > %(frozen_at)s THEN 'settled_since'
        ELSE 'chosen_otherwise' END AS reason
      FROM changed JOIN labeling_pair AS pair ON pair.id = changed.pair_id
)
"""
COUNTS = CHANGES + "SELECT kind, reason, count(*) FROM told GROUP BY kind, reason"  # noqa: S608 - from here
SLICES = (
    CHANGES
    + """
SELECT slice.key, slice.value, told.kind, count(*) FROM told JOIN policies_prompt AS prompt ON prompt.id = told.prompt_id,
       LATERAL jsonb_each_text(prompt.slices) AS slice GROUP BY 1, 2, 3
"""
)
PAGE = (
    CHANGES
    + """
SELECT key, kind, reason, pair_id, old_id, new_id FROM told WHERE key > %(after)s AND (%(kind)s = '' OR kind = %(kind)s) ORDER BY key LIMIT %(limit)s
"""
)


@dataclass(frozen=True)
class Difference:
    """Rows by kind of change, by kind and reason, and by slice (name, value) and kind; and those that are the same in both."""

    same: int
    kinds: Mapping[str, int]
    reasons: Mapping[tuple[str, str], int]
    slices: Sequence[tuple[str, str, Mapping[str, int]]]

    @property
    def total(self) -> int:
        return sum(self.kinds.values())


@dataclass(frozen=True)
class Change:
    """A row that changed. `link` leads to what caused it, where that has a page."""

    key: str
    kind: str
    reason: str
    old: DatasetRow | None
    new: DatasetRow | None
    link: str
    cause: str

    @property
    def says(self) -> str:
        return REASONS[self.reason]


def difference(old: DatasetVersion, new: DatasetVersion) -> Difference:
    """Count what changed from one version to another, which need not follow one another."""
    reasons = {(kind, reason): n for kind, reason, n in fetched(COUNTS, old, new)}
    kinds = {kind: sum(n for (of, _), n in reasons.items() if of == kind) for kind in KINDS}
    same = new.rows_count - sum(n for kind, n in kinds.items() if kind != "removed")
    return Difference(same, kinds, reasons, by_slice(fetched(SLICES, old, new)))


def by_slice(found: Sequence[tuple[Any, ...]]) -> list[tuple[str, str, Mapping[str, int]]]:
    """Return the slices in which most changed, each with its rows by kind."""
    counts: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: dict.fromkeys(KINDS, 0))
    for name, value, kind, n in found:
        counts[name, value][kind] = n
    most = sorted(counts.items(), key=lambda item: (-sum(item[1].values()), item[0]))
    return [(name, value, kinds) for (name, value), kinds in most[:SLICES_SHOWN]]


def changes(old: DatasetVersion, new: DatasetVersion, *, after: str = "", kind: str = "", limit: int = AT_ONCE) -> list[Change]:
    """Return rows that changed, in the order of their keys, those that follow a key."""
    found = fetched(PAGE, old, new, after=after, kind=kind, limit=limit)
    rows = DatasetRow.objects.select_related("prompt", "chosen", "rejected", "rubric_version__rubric", "pair__campaign").in_bulk(
        [pk for row in found for pk in row[4:] if pk is not None]
    )
    return [told(row, rows) for row in found]


def told(found: tuple[Any, ...], rows: Mapping[int, DatasetRow]) -> Change:
    key, kind, reason, _, old_pk, new_pk = found
    old, new = rows.get(old_pk), rows.get(new_pk)
    link, cause = cause_of(reason, old, new)
    return Change(key, kind, reason, old, new, link, cause)


def cause_of(reason: str, old: DatasetRow | None, new: DatasetRow | None) -> tuple[str, str]:
    """Return where one reads of what caused a change, and what was said then; nothing where there is no such page."""
    row = old or new
    if row is None:
        return "", ""
    campaign = row.pair.campaign
    if reason == "rubric":
        said = (new or old or row).rubric_version
        return reverse("rubric", args=[said.rubric.name]), said.change_note
    if reason in ("retracted", "withdrawn"):
        return reverse("campaign", args=[campaign.slug]), why_of(reason, row)
    return "", ""


def why_of(reason: str, row: DatasetRow) -> str:
    """Return what was said when labels of a row were retracted, or when its pair was withdrawn."""
    events = CampaignEvent.objects.filter(campaign=row.pair.campaign_id).order_by("-pk")
    if reason == "withdrawn":
        event = events.filter(kind="pair_withdrawn", detail__pair=row.pair_id).first()
        return str((event.detail or {}).get("reason", "")) if event else ""
    for event in events.filter(kind="labels_retracted")[:100]:
        if not set(row.labels).isdisjoint((event.detail or {}).get("labels", [])):
            return str((event.detail or {}).get("why", ""))
    return ""


def fetched(statement: str, old: DatasetVersion, new: DatasetVersion, **values: str | int) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"old": old.pk, "new": new.pk, "frozen_at": old.frozen_at, **values})
        return list(cursor.fetchall())
