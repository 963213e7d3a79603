"""From a judgment on an assignment to the label ledger, and on to the pair's standing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from labeling import settling
from labeling.models import Assignment, Label, Pair, Slot
from labeling.models.label import verdict_of


class NotYours(Exception):
    """The submission key was used by somebody else, or for another pair."""


def submit_label(
    *, assignment: Assignment, preference: int, submission_key: UUID, at: datetime, both_bad: bool = False, rationale: str = "", source: str = Label.Source.DESK
) -> Label:
    """Store the judgment, wherever it may still count, and settle its pair.

    `preference` is on the pair's own scale: -3 A much better, 3 B much better. The same submission key gets the first
    answer again. A judgment whose lease ran out takes another open slot of its pair, or is kept as surplus
    (`label.is_surplus`): it is never dropped. Raises NotYours where the key belongs to another labeler or pair.
    """
    judgment = Judgment(preference=preference, both_bad=both_bad, rationale=rationale, source=source)
    try:
        return store(judgment, assignment, submission_key=submission_key, at=at)
    except IntegrityError:  # another window of theirs took a place at this pair in between: it is there to be seen now
        return store(judgment, assignment, submission_key=submission_key, at=at)


@dataclass(frozen=True)
class Judgment:
    """What was said: a preference on the pair's own scale, and how."""

    preference: int
    both_bad: bool
    rationale: str
    source: str


@transaction.atomic(durable=True)
def store(judgment: Judgment, assignment: Assignment, *, submission_key: UUID, at: datetime) -> Label:
    pair = Pair.objects.lock(assignment.pair_id)  # pair, then slot: the order everywhere
    if earlier := Label.objects.filter(submission_key=submission_key).first():
        return own(earlier, assignment)
    slot = Slot.objects.close_for(assignment, at=at)
    label = Label.objects.create(
        pair=pair,
        slot=slot,
        assignment=assignment,
        labeler_id=assignment.labeler_id,
        rubric_version_id=assignment.rubric_version_id,
        verdict=verdict_of(judgment.preference),
        preference=judgment.preference,
        both_bad=judgment.both_bad,
        rationale=judgment.rationale,
        left_was_a=assignment.left_is_a,
        source=judgment.source,
        submission_key=submission_key,
        seconds=max(0.0, (at - assignment.leased_at).total_seconds()),
        submitted_at=at,
    )
    if slot is not None and slot.kind in ("work", "escalation"):
        settling.settle(pair, at=at)
    return label


def own(earlier: Label, assignment: Assignment) -> Label:
    """Return the first answer to a repeated submission, if it is this labeler's and this pair's."""
    if (earlier.labeler_id, earlier.pair_id) != (assignment.labeler_id, assignment.pair_id):
        raise NotYours("This submission key was used for another label. Reload the page to get a new one.")
    return earlier
