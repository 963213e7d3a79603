"""From a decision that was just made back to the screen that it was made on: labelers who take a label of their own back."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import statements
from accounts.models import User
from labeling import concluding, drafting, retraction, spans
from labeling.models import COUNTING, Assignment, Campaign, Label, Pair, Slot, Standing
from labeling.models.assignment import opaque_key

LAST = 10
"""So many of their latest decisions a labeler may reopen."""

# By the index on labeler and time, no further back than the window goes. Practice is over once it was answered: what is right was told. What was decided under
# another wording than the campaign has stays under that.
RECENT = """
SELECT recent.assignment_id::text AS key, extract(epoch FROM recent.submitted_at - %(since)s)::float AS seconds_left FROM (
    SELECT id, assignment_id, slot_id, submitted_at FROM labeling_label
    WHERE labeler_id = %(labeler)s AND submitted_at > %(since)s AND NOT is_retraction AND assignment_id IS NOT NULL
    ORDER BY submitted_at DESC, id DESC LIMIT %(last)s
) AS recent
JOIN labeling_slot AS slot ON slot.id = recent.slot_id
WHERE slot.campaign_id = %(campaign)s AND slot.labeler_id = %(labeler)s AND slot.kind <> 'practice' AND slot.rubric_version_id = %(rubric_version)s
  AND NOT EXISTS (SELECT FROM labeling_label AS later WHERE later.supersedes_id = recent.id)
ORDER BY recent.submitted_at DESC, recent.id DESC
"""
SAME = ("campaign_id", "pair_id", "rubric_version_id", "kind", "reserved_for_id", "pool", "rank", "ranked_by", "planned_share", "gold_item_id")


class NotPossible(Exception):
    """The decision stands. The message says why."""


@dataclass(frozen=True)
class Reopenable:
    """A decision of the labeler's own that may be reopened: the key of its assignment, and for how many seconds."""

    key: UUID
    seconds_left: int


def window() -> timedelta:
    """Return how long a decision may be reopened. A version leaves out what is younger."""
    return timedelta(seconds=settings.UNDO_SECONDS)


def recent(campaign: Campaign, labeler: User, *, at: datetime) -> list[Reopenable]:
    """Return the labeler's decisions here that may be reopened, the latest first: of their last ten, those within the window."""
    return recent_in(statements.every(RECENT, **asked_of(campaign, labeler, at=at)))


def asked_of(campaign: Campaign, labeler: User, *, at: datetime) -> dict[str, Any]:
    """Return the values of RECENT."""
    place = {"campaign": campaign.pk, "rubric_version": campaign.rubric_version_id, "labeler": labeler.pk}
    return place | {"since": at - window(), "last": LAST}


def recent_in(rows: Iterable[statements.Row]) -> list[Reopenable]:
    """Read what RECENT found."""
    return [Reopenable(UUID(key), int(seconds_left)) for key, seconds_left in rows]


@transaction.atomic(durable=True)
def reopen(*, assignment: Assignment, campaign: Campaign, at: datetime) -> Assignment:
    """Take back what was decided and put the pair on its labeler's screen again, on the same sides, with what they had said. Returns that assignment.

    A retraction joins the ledger, its place closes with nobody in it, and one like it is held by the labeler: lease, progress and
    standing are what they were before. Twice is once. Raises NotPossible.
    """
    pair = Pair.objects.lock(assignment.pair_id)  # pair, then slot: the order everywhere
    label = Label.objects.filter(assignment=assignment, superseded_by=None, slot__isnull=False).select_related("slot", "labeler").first()
    if label is not None and label.is_retraction:
        return held_again(assignment, label)
    label, slot = check_may_reopen(label, pair, campaign, at=at)
    retraction.taken_back(label, uuid.uuid5(label.submission_key, "reopened"), at=at).save(force_insert=True)
    Slot.objects.filter(pk=slot.pk).update(labeler=None)
    again = hold(slot, assignment, campaign, at=at)
    drafting.save(assignment=again, said=said_of(label, assignment), at=at)
    if slot.kind in COUNTING:
        take_early_escalations(pair, at=at)
        concluding.conclude(pair, at=at)
    return again


def check_may_reopen(label: Label | None, pair: Pair, campaign: Campaign, *, at: datetime) -> tuple[Label, Slot]:
    """Return the label and its place. Raises NotPossible. A check is refused for nothing for which work is not: it must not be told from it."""
    if label is None or label.slot is None or label.slot.kind == Slot.Kind.PRACTICE:
        raise NotPossible(_("That decision cannot be reopened."))
    counts = label.slot.kind in COUNTING
    if counts and (pair.standing in (Standing.ADJUDICATED, Standing.WITHDRAWN) or pair.gold_items.exists()):
        raise NotPossible(_("That pair has been settled by somebody else since. The decision stands."))
    if label.assignment_id not in {decision.key for decision in recent(campaign, label.labeler, at=at)}:
        minutes = round(settings.UNDO_SECONDS / 60, 1)
        raise NotPossible(
            _("Only the last {last} decisions may be reopened, for {minutes} minutes. That one stands.").format(last=LAST, minutes=f"{minutes:g}")
        )
    return label, label.slot


def held_again(assignment: Assignment, taken_back: Label) -> Assignment:
    """Return what reopening it the first time gave, while that is still on the screen. Raises NotPossible."""
    kind = taken_back.slot.kind if taken_back.slot else ""
    held = Slot.objects.held().filter(pair=assignment.pair_id, labeler=assignment.labeler_id, kind=kind).first()
    if held is None or held.lease is None:
        raise NotPossible(_("That decision was reopened before."))
    return Assignment.objects.get(pk=held.lease)


def hold(slot: Slot, assignment: Assignment, campaign: Campaign, *, at: datetime) -> Assignment:
    """Make a place like this one, held by the labeler, and its assignment: leased when the first was, so that the time it took goes on from there."""
    key = opaque_key()
    same: dict[str, Any] = {name: getattr(slot, name) for name in SAME}
    lease = {"labeler_id": assignment.labeler_id, "lease": key, "lease_ends_at": at + timedelta(minutes=campaign.lease_minutes)}
    place = Slot.objects.create(**same, **lease, left_is_a=assignment.left_is_a)
    return Assignment.objects.create(
        key=key,
        slot=place,
        pair_id=assignment.pair_id,
        labeler_id=assignment.labeler_id,
        rubric_version_id=assignment.rubric_version_id,
        left_is_a=assignment.left_is_a,
        leased_at=assignment.leased_at,
    )


def said_of(label: Label, assignment: Assignment) -> dict[str, Any]:
    """Return what a label said as its labeler's screen had it."""
    choice = "both-bad" if label.both_bad else str(assignment.preference_from(label.preference or 0))
    criteria = {name: str(assignment.preference_from(preference)) for name, preference in label.criteria.items()}
    marks = spans.shown_again(label.evidence, texts_of(label) if label.evidence else {}, left_is_a=assignment.left_is_a)
    said = {"choice": choice, "rationale": label.rationale or "", "active_seconds": label.active_seconds}
    return said | {"reasons": label.reasons, "criteria": criteria, "evidence": json.dumps(marks) if marks else ""}


def texts_of(label: Label) -> dict[str, str]:
    a, b = Pair.objects.values_list("response_a__text", "response_b__text").get(pk=label.pair_id)
    return {"a": a or "", "b": b or ""}


def take_early_escalations(pair: Pair, *, at: datetime) -> None:
    """Close the free escalation places of a pair that waits for one of its own labels again: they were opened because of the one that is gone."""
    early = Slot.objects.free().filter(pair=pair, kind=Slot.Kind.ESCALATION)
    for place in early.order_by("pk").select_for_update(no_key=True, skip_locked=True):
        Slot.objects.filter(pk=place.pk).update(closed_at=at)


def renew(*, assignment: Assignment, campaign: Campaign, at: datetime) -> bool:
    """Renew the lease of a pair that its labeler looks at. False: they hold it no more."""
    ends = at + timedelta(minutes=campaign.lease_minutes)
    return bool(Slot.objects.filter(lease=assignment.key, closed_at=None).update(lease_ends_at=ends))
