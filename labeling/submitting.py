"""From a judgment on an assignment to the label ledger, and on to the pair's standing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import statements
from labeling import concluding, settling
from labeling.models import COUNTING, Assignment, Draft, Label, Pair, Slot
from labeling.models.label import verdict_of
from labeling.spans import Span

# What nearly always happens, in one statement: the lease is still there, the key is new, and its labeler has acknowledged the wording that they label under.
# What was typed on the way is a label now. Nobody takes an acknowledgement back, so that it need not be locked.
IN_OWN_PLACE = """
WITH closed AS (
    UPDATE labeling_slot SET closed_at = %(submitted_at)s, lease = NULL, lease_ends_at = NULL
    WHERE id = %(slot)s AND lease = %(assignment_id)s AND closed_at IS NULL
      AND NOT EXISTS (SELECT FROM labeling_label WHERE submission_key = %(submission_key)s)
      AND {acknowledged}
    RETURNING id, kind
), stored AS (
    INSERT INTO labeling_label (
        pair_id, slot_id, assignment_id, labeler_id, rubric_version_id, verdict, preference, both_bad, reasons, criteria, evidence, rationale, left_was_a,
        source, submission_key, is_retraction, seconds, active_seconds, submitted_at, erased_why, erased_sha256)
    SELECT
        %(pair_id)s, id, %(assignment_id)s, %(labeler_id)s, %(rubric_version_id)s, %(verdict)s, %(preference)s, %(both_bad)s, %(reasons)s,
        %(criteria)s::jsonb, %(evidence)s::jsonb, %(rationale)s, %(left_was_a)s, %(source)s, %(submission_key)s, false, %(seconds)s, %(active_seconds)s,
        %(submitted_at)s, '', ''
    FROM closed
    RETURNING id
), said AS (
    DELETE FROM labeling_draft WHERE assignment_id = %(assignment_id)s AND EXISTS (SELECT FROM closed)
)
SELECT stored.id, closed.id, closed.kind FROM stored, closed
"""
ACKNOWLEDGED = "EXISTS (SELECT FROM labeling_acknowledgement WHERE labeler_id = %(labeler_id)s AND rubric_version_id = %(rubric_version_id)s)"
IN_OWN_PLACE = IN_OWN_PLACE.replace("{acknowledged}", ACKNOWLEDGED)
# The place of an assignment that goes by another wording by now, still held by its labeler: theirs under the new one.
HANDED_OVER = """
SELECT 1 FROM labeling_slot
WHERE id = %(slot)s AND labeler_id = %(labeler)s AND lease IS NOT NULL AND lease <> %(key)s AND rubric_version_id <> %(rubric_version)s
"""


class NotYours(Exception):
    """The submission key was used by somebody else, or for another pair."""


class NotAcknowledged(Exception):
    """The pair goes by a wording that its labeler has not acknowledged. Nothing is stored; once they have, the same pair is theirs under the new one."""


@dataclass(frozen=True)
class Grounds:
    """What a judgment rests on, besides words: keys of reasons, a preference by criterion, and passages, all on the pair's own sides."""

    reasons: tuple[str, ...] = ()
    criteria: Mapping[str, int] = field(default_factory=dict)
    evidence: tuple[Span, ...] = ()


NO_GROUNDS = Grounds()


def submit_label(
    *,
    assignment: Assignment,
    preference: int,
    submission_key: UUID,
    at: datetime,
    both_bad: bool = False,
    rationale: str = "",
    source: str = Label.Source.DESK,
    active_seconds: float | None = None,
    grounds: Grounds = NO_GROUNDS,
) -> Label:
    """Store the judgment, wherever it may still count, and settle its pair.

    `preference` is on the pair's own scale: -3 A much better, 3 B much better. `active_seconds` are those with the pair on the
    screen and somebody there, as the page counted them; no more than have gone by since the lease are believed. The same submission key gets the first
    answer again. A judgment whose lease ran out takes another open slot of its pair, or is kept as surplus
    (`label.is_surplus`): it is never dropped. Raises NotYours where the key belongs to another labeler or pair, and NotAcknowledged where the
    rubric was worded anew and the pair, still held by its labeler, goes by that: it is to be judged by what they read, and they read that first.
    """
    judgment = Judgment(preference=preference, both_bad=both_bad, rationale=rationale, source=source, active_seconds=active_seconds, grounds=grounds)
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
    active_seconds: float | None
    grounds: Grounds


@transaction.atomic(durable=True)
def store(judgment: Judgment, assignment: Assignment, *, submission_key: UUID, at: datetime) -> Label:
    pair = Pair.objects.lock(assignment.pair_id)  # pair, then slot: the order everywhere
    label = label_of(judgment, assignment, submission_key=submission_key, at=at)
    if kind := store_in_own_place(label, assignment):
        return settled(label, pair, kind, at=at)
    if earlier := Label.objects.filter(submission_key=submission_key).first():
        return own(earlier, assignment)
    check_wording(assignment)
    label.slot = Slot.objects.close_for(assignment, at=at)
    label.save(force_insert=True)
    Draft.objects.filter(assignment=assignment).delete()
    return settled(label, pair, label.slot.kind if label.slot else "", at=at)


def check_wording(assignment: Assignment) -> None:
    """Raise NotAcknowledged unless the labeler has read what the label would be stored under, and the pair has not gone over to another wording."""
    said = {"slot": assignment.slot_id, "labeler": assignment.labeler_id, "key": assignment.key, "rubric_version": assignment.rubric_version_id}
    if statements.one(HANDED_OVER, **said) is not None or not acknowledged(assignment):
        raise NotAcknowledged(_("The rubric has changed. Read what is new in it; the pair is kept for you."))


def acknowledged(assignment: Assignment) -> bool:
    row = statements.one(f"SELECT {ACKNOWLEDGED}", labeler_id=assignment.labeler_id, rubric_version_id=assignment.rubric_version_id)
    return row is not None and bool(row[0])


def label_of(judgment: Judgment, assignment: Assignment, *, submission_key: UUID, at: datetime) -> Label:
    """Return the label, not stored and without a place."""
    seconds = max(0.0, (at - assignment.leased_at).total_seconds())
    return Label(
        pair_id=assignment.pair_id,
        assignment_id=assignment.pk,
        labeler_id=assignment.labeler_id,
        rubric_version_id=assignment.rubric_version_id,
        verdict=verdict_of(judgment.preference),
        preference=judgment.preference,
        both_bad=judgment.both_bad,
        reasons=list(judgment.grounds.reasons),
        criteria=dict(judgment.grounds.criteria),
        evidence=[asdict(span) for span in judgment.grounds.evidence],
        rationale=judgment.rationale,
        left_was_a=assignment.left_is_a,
        source=judgment.source,
        submission_key=submission_key,
        seconds=seconds,
        active_seconds=None if judgment.active_seconds is None else min(max(0.0, judgment.active_seconds), seconds),
        submitted_at=at,
    )


def store_in_own_place(label: Label, assignment: Assignment) -> str:
    """Store a label in the place that its assignment holds, and return the place's kind; nothing, where the lease is gone or the key was used."""
    values = {field.attname: getattr(label, field.attname) for field in Label._meta.concrete_fields}
    as_json = {name: json.dumps(values[name]) for name in ("criteria", "evidence")}
    stored = statements.one(IN_OWN_PLACE, **values | as_json | {"slot": assignment.slot_id})
    if stored is None:
        return ""
    label.pk, place, kind = stored
    label.slot = Slot.from_db(DEFAULT_DB_ALIAS, ["id", "kind"], [place, kind])
    label._state.adding = False
    return str(kind)


def settled(label: Label, pair: Pair, kind: str, *, at: datetime) -> Label:
    if kind in COUNTING:
        concluding.conclude(pair, at=at)
    elif kind:  # an answer to a check moves no standing, and takes the time that it takes to find that out
        settling.settle(pair, at=at)
    return label


def own(earlier: Label, assignment: Assignment) -> Label:
    """Return the first answer to a repeated submission, if it is this labeler's and this pair's."""
    if (earlier.labeler_id, earlier.pair_id) != (assignment.labeler_id, assignment.pair_id):
        raise NotYours(_("This submission key was used for another label. Reload the page to get a new one."))
    return earlier
