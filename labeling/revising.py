"""From second thoughts to the label ledger: a labeler who changes their judgment, a researcher who takes labels back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from labeling import concluding, retraction
from labeling.models import COUNTING, Campaign, Label, Pair, Standing
from labeling.models.label import verdict_of


class NotPossible(Exception):
    """The judgment can no longer be changed. The message says why."""


class NotYours(Exception):
    """The submission key was used by somebody else, or for another label."""


def supersede(
    *, label: Label, preference: int, submission_key: UUID, at: datetime, both_bad: bool = False, rationale: str = "", source: str = Label.Source.DESK
) -> Label:
    """Store another judgment by the same labeler in the same place, which counts from now on, and settle the pair again. The first one stays in the ledger.

    `preference` is on the pair's own scale. The same submission key gets the first answer again. Raises NotPossible where the label is not
    what stands there now or was made elsewhere, and where an adjudicator has decided; NotYours where the key was used for anything else.
    """
    later = successor(label, preference=preference, both_bad=both_bad, rationale=rationale, source=source, submission_key=submission_key, submitted_at=at)
    try:
        return store(later, label, at=at)
    except IntegrityError:  # the key was used for another pair at this moment: it is there to be seen now
        return store(later, label, at=at)


@transaction.atomic(durable=True)
def store(later: Label, label: Label, *, at: datetime) -> Label:
    pair = Pair.objects.lock(label.pair_id)
    if earlier := Label.objects.filter(submission_key=later.submission_key).first():
        return own(earlier, label)
    kind = label.slot.kind if label.slot else ""
    check_is_open(label, pair, kind)
    later.save(force_insert=True)
    if kind in COUNTING:
        concluding.conclude(pair, at=at)
    return later


def own(earlier: Label, label: Label) -> Label:
    """Return the first answer to a repeated submission, if it was to change this label."""
    if earlier.supersedes_id != label.pk or earlier.is_retraction:
        raise NotYours(_("This submission key was used for another label. Reload the page to get a new one."))
    return earlier


def check_is_open(label: Label, pair: Pair, kind: str) -> None:
    """Raise NotPossible. A check is open whatever became of its pair: it must not be told from work by what it refuses."""
    if label.assignment_id is None:
        raise NotPossible(_("This judgment was made elsewhere. It can only be changed there."))
    later = Label.objects.filter(supersedes=label).first()
    if label.is_retraction or (later and later.is_retraction):
        raise NotPossible(_("This judgment was taken back. It can no longer be changed."))
    if later:
        raise NotPossible(_("This judgment was changed before. Change the one that stands now."))
    if kind in COUNTING and (pair.standing in (Standing.ADJUDICATED, Standing.WITHDRAWN) or pair.gold_items.exists()):
        raise NotPossible(_("This pair has been settled. The judgment can no longer be changed."))


def successor(label: Label, *, preference: int, **said: object) -> Label:
    """Return the row, not stored, that takes the label's place. The time it took stays that of the first: a second thought has no lease."""
    of_label = ("pair_id", "slot_id", "assignment_id", "labeler_id", "rubric_version_id", "left_was_a", "seconds", "active_seconds")
    same = {name: getattr(label, name) for name in of_label}
    return Label(**same, **said, supersedes=label, preference=preference, verdict=verdict_of(preference))


def retract(*, labels: Iterable[Label], campaign: Campaign, actor: User | None, why: str, submission_key: UUID, at: datetime) -> list[Label]:
    """Take labels back, and open new places for them: see `retraction.retract`, which this is."""
    return retraction.retract(labels, campaign=campaign, actor=actor, why=why, submission_key=submission_key, at=at)
