"""From what somebody types at the desk to a draft on the server, so that a reload, another window or another machine shows it again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from accounts import statements
from labeling.models import Assignment, Draft

KEPT_FOR = timedelta(days=7)
"""A draft that nobody came back to is thrown away after so long."""

# Not beside a label: a draft that arrives behind the decision it was typed for is late. Of two windows the later word stands.
SAVE = """
INSERT INTO labeling_draft (assignment_id, said, saved_at)
SELECT %(assignment)s, %(said)s::jsonb, %(at)s
WHERE NOT EXISTS (SELECT FROM labeling_label WHERE assignment_id = %(assignment)s)
ON CONFLICT (assignment_id) DO UPDATE SET said = excluded.said, saved_at = excluded.saved_at WHERE labeling_draft.saved_at <= excluded.saved_at
RETURNING saved_at
"""
# Its own; else what they last typed for the same pair and gave back without an answer: it was put aside, or its lease ran out. Sides may have changed.
SAID = """
SELECT draft.said::text AS said, own.key = mine.key AS is_own, own.left_is_a = mine.left_is_a AS same_sides
FROM labeling_assignment AS mine
CROSS JOIN LATERAL (SELECT * FROM labeling_assignment AS each WHERE each.pair_id = mine.pair_id OFFSET 0) AS own
JOIN labeling_draft AS draft ON draft.assignment_id = own.key
WHERE mine.key = %(assignment)s AND own.labeler_id = mine.labeler_id AND NOT EXISTS (SELECT FROM labeling_label WHERE assignment_id = own.key)
ORDER BY own.key = mine.key DESC, draft.saved_at DESC LIMIT 1
"""


def save(*, assignment: Assignment, said: dict[str, Any], at: datetime) -> bool:
    """Keep what was typed in place of what was kept before. False: it was submitted by then, or typed later in another window."""
    return statements.one(SAVE, assignment=assignment.key, said=json.dumps(said), at=at) is not None


def draft_of(key: UUID) -> dict[str, Any]:
    """Return what was typed for an assignment, or before for its pair, and not submitted, on the sides of this one; empty: nothing."""
    return draft_in(statements.every(SAID, assignment=key))


def draft_in(rows: Sequence[statements.Row]) -> dict[str, Any]:
    """Read what SAID found."""
    if not rows:
        return {}
    [(said, is_own, same_sides)] = rows
    typed = dict(json.loads(said))
    return typed if is_own else of_before(typed, same_sides=same_sides)


def of_before(said: dict[str, Any], *, same_sides: bool) -> dict[str, Any]:
    """Return what was typed under an assignment that is over as it stands on this one's sides. It is sent with a key of its own."""
    kept = {name: value for name, value in said.items() if name not in ("submission_key", "active_seconds")}
    return kept if same_sides else turned(kept)


def turned(said: dict[str, Any]) -> dict[str, Any]:
    """Return the same words with left and right swapped."""
    swapped = {"left": "right", "right": "left"}
    other: dict[str, Any] = {"choice": other_side(said["choice"])} if "choice" in said else {}
    if "criteria" in said:
        other["criteria"] = {name: other_side(choice) for name, choice in said["criteria"].items()}
    if "evidence" in said:
        other["evidence"] = json.dumps([mark | {"side": swapped[mark["side"]]} for mark in json.loads(said["evidence"])])
    return said | other


def other_side(choice: str) -> str:
    return str(-int(choice)) if choice.lstrip("-").isdigit() else choice


def forget_old(*, at: datetime) -> int:
    """Throw away drafts that nobody came back to, and those that a label has overtaken, and return how many."""
    overtaken = Draft.objects.filter(assignment__labels__isnull=False)
    return overtaken.delete()[0] + Draft.objects.filter(saved_at__lt=at - KEPT_FOR).delete()[0]
