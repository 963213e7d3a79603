"""What one labeler decided in a campaign, as they may see it again: nothing tells work from a check of it.

A decision looks open, whatever became of its pair, unless an adjudicator decided on it as work. Gold, repeats, pairs on which all agree and pairs that
still wait look the same, and so in the same share. How far somebody agrees with settled pairs is told of all of them together, and of what was
settled before today: else one more label and one more look would tell what that label was for.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts import statements
from accounts.models import User
from labeling import bias, gold, reopening
from labeling.gold import Hits
from labeling.limits import midnight
from labeling.models import Campaign
from labeling.told import excerpt_of

SHOWN, LOOKED_AT = 50, 400

DECIDED = """
SELECT label.assignment_id, label.submitted_at, label.preference, label.both_bad, label.left_was_a, coalesce(label.rationale, ''),
       prompt.messages,
       ruling.id IS NOT NULL, ruling.preference, ruling.both_bad, coalesce(ruling.reason, '')
FROM (
    SELECT * FROM labeling_label WHERE labeler_id = %(labeler)s ORDER BY submitted_at DESC, id DESC LIMIT %(looked_at)s
) AS label
JOIN labeling_slot AS slot ON slot.id = label.slot_id
JOIN labeling_pair AS pair ON pair.id = label.pair_id
JOIN policies_prompt AS prompt ON prompt.id = pair.prompt_id
LEFT JOIN labeling_adjudication AS ruling ON ruling.pair_id = label.pair_id AND slot.kind IN ('work', 'escalation') AND NOT ruling.is_surplus
  AND NOT EXISTS (SELECT FROM labeling_adjudication AS later WHERE later.supersedes_id = ruling.id)
WHERE slot.campaign_id = %(campaign)s AND slot.kind <> 'practice' AND NOT label.is_retraction AND label.assignment_id IS NOT NULL
  AND NOT EXISTS (SELECT FROM labeling_label AS later WHERE later.supersedes_id = label.id)
ORDER BY label.submitted_at DESC, label.id DESC LIMIT %(shown)s
"""
# With pairs that others settled too: an adjudicator, or at least one more label.
AGREED = """
SELECT count(*) FILTER (WHERE label.verdict = pair.verdict), count(*)
FROM labeling_label AS label
JOIN labeling_slot AS slot ON slot.id = label.slot_id
JOIN labeling_pair AS pair ON pair.id = label.pair_id
WHERE label.labeler_id = %(labeler)s AND slot.campaign_id = %(campaign)s AND slot.kind IN ('work', 'escalation') AND NOT label.is_retraction
  AND NOT EXISTS (SELECT FROM labeling_label AS later WHERE later.supersedes_id = label.id)
  AND label.submitted_at < %(before)s AND pair.settled_at < %(before)s AND pair.verdict IS NOT NULL AND label.rubric_version_id = pair.rubric_version_id
  AND (pair.standing = 'adjudicated' OR EXISTS (
      SELECT FROM labeling_label AS other WHERE other.pair_id = pair.id AND other.labeler_id <> label.labeler_id AND NOT other.is_retraction))
"""
CHOSEN = """
SELECT count(*), count(*) FILTER (WHERE label.verdict = 'tie'), count(*) FILTER (WHERE label.verdict = CASE WHEN label.left_was_a THEN 'a' ELSE 'b' END),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY label.active_seconds)
FROM labeling_label AS label JOIN labeling_slot AS slot ON slot.id = label.slot_id
WHERE label.labeler_id = %(labeler)s AND slot.campaign_id = %(campaign)s AND slot.kind <> 'practice' AND NOT label.is_retraction
  AND label.left_was_a IS NOT NULL AND NOT EXISTS (SELECT FROM labeling_label AS later WHERE later.supersedes_id = label.id)
"""


@dataclass(frozen=True)
class Ruling:
    """What an adjudicator decided, on the sides that the labeler had."""

    choice: int | None
    both_bad: bool
    reason: str


@dataclass(frozen=True)
class Decision:
    key: UUID
    at: datetime
    prompt: str
    choice: int
    both_bad: bool
    rationale: str
    ruling: Ruling | None
    may_reopen: bool


@dataclass(frozen=True, kw_only=True)
class OwnWork:
    decisions: list[Decision]
    labels: int
    ties: Hits
    left: Hits
    """Left, of the choices of a side. Its interval and that of ties are exact (Clopper and Pearson)."""
    agreement: Hits
    """Raw agreement with settled pairs, ties among them (95 % interval by Wilson), as of last midnight."""
    half_below: int | None
    """The whole seconds, 1 at least, that half of the labels took less than. None: no active seconds are known."""


def own_work(campaign: Campaign, labeler: User, *, at: datetime) -> OwnWork:
    """Return the labeler's latest decisions here, and their figures of all."""
    of_them: dict[str, Any] = {"campaign": campaign.pk, "labeler": labeler.pk}
    labels, ties, left, median = statements.one(CHOSEN, **of_them) or (0, 0, 0, None)
    agreed, settled = statements.one(AGREED, before=midnight(at), **of_them) or (0, 0)
    may = {decision.key for decision in reopening.recent(campaign, labeler, at=at)}
    rows = statements.every(DECIDED, looked_at=LOOKED_AT, shown=SHOWN, **of_them)
    return OwnWork(
        decisions=[decision_of(row, may_reopen=row[0] in may) for row in rows],
        labels=labels,
        ties=exactly(ties, labels),
        left=exactly(left, labels - ties),
        agreement=gold.hits_among(agreed, settled),
        half_below=None if median is None else int(median) + 1,
    )


def decision_of(row: statements.Row, *, may_reopen: bool) -> Decision:
    key, at, preference, both_bad, left_was_a, rationale, messages, is_ruled, ruled, ruled_both_bad, reason = row
    side = 1 if left_was_a else -1
    ruling = Ruling(None if ruled is None else side * ruled, ruled_both_bad, reason) if is_ruled else None
    return Decision(key, at, excerpt_of(json.loads(messages) if messages else None), side * (preference or 0), both_bad, rationale, ruling, may_reopen)


def exactly(hits: int, n: int) -> Hits:
    if not n:
        return gold.hits_among(0, 0)
    low, high = bias.clopper_pearson(hits, n)
    return Hits(hits=hits, n=n, share=hits / n, low=low, high=high)
