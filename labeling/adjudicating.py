"""From a contested pair to the adjudication that ends the contest."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from accounts.models import User
from labeling import settling
from labeling.models import Adjudication, AdjudicationTurn, Campaign, Label, Pair, Standing
from labeling.models.label import verdict_of

TURN = timedelta(minutes=60)


class NotYours(Exception):
    """The submission key was used by somebody else, or for another pair."""


def next_for(campaign: Campaign, adjudicator: User, *, at: datetime) -> AdjudicationTurn | None:
    """Return the contested pair that the adjudicator has on the screen, or the next one; None: nothing is contested for them.

    Nobody settles a pair that they labeled themselves, and one that they gave back comes to them last. Contests are settled while labeling is
    paused and after it was closed, but not in a draft, nor in what is only kept to be read.
    """
    if campaign.state in (Campaign.State.DRAFT, Campaign.State.ARCHIVED):
        return None
    end_lapsed(at=at)
    mine = AdjudicationTurn.objects.open(at=at).filter(adjudicator=adjudicator, pair__campaign=campaign, pair__standing=Standing.CONTESTED).first()
    return mine or take_next(campaign, adjudicator, at=at)


def end_lapsed(*, at: datetime) -> int:
    """End the turns whose time has run out, and those whose pair is no longer contested. Returns how many."""
    over = AdjudicationTurn.objects.filter(ended_at=None)
    return over.filter(lease_ends_at__lt=at).update(ended_at=at) + over.exclude(pair__standing=Standing.CONTESTED).update(ended_at=at)


def waiting_for(campaign: Campaign, adjudicator: User) -> list[int]:
    """Return the next contested pairs that nobody has on the screen: oldest first, those given back by this adjudicator last."""
    turns = AdjudicationTurn.objects.filter(pair=OuterRef("pk"))
    labeled = Label.objects.filter(pair=OuterRef("pk"), labeler=adjudicator)
    pairs = Pair.objects.contested().filter(~Exists(turns.filter(ended_at=None)), ~Exists(labeled), campaign=campaign)
    refused = Exists(turns.filter(adjudicator=adjudicator, given_back=True))
    return list(pairs.annotate(refused=refused).order_by("refused", "id").values_list("pk", flat=True)[:20])


def take_next(campaign: Campaign, adjudicator: User, *, at: datetime) -> AdjudicationTurn | None:
    for pair_id in waiting_for(campaign, adjudicator):
        try:
            with transaction.atomic():  # a pair is before one adjudicator: whoever comes second takes the next
                return AdjudicationTurn.objects.create(
                    pair_id=pair_id, adjudicator=adjudicator, left_is_a=bool(secrets.randbits(1)), leased_at=at, lease_ends_at=at + TURN
                )
        except IntegrityError:
            continue
    return None


def give_back(*, turn: AdjudicationTurn, at: datetime) -> None:
    AdjudicationTurn.objects.filter(pk=turn.pk, ended_at=None).update(ended_at=at, given_back=True)


def adjudicate(
    *, turn: AdjudicationTurn, preference: int | None, both_bad: bool, reason_class: str, reason: str, submission_key: UUID, at: datetime
) -> Adjudication:
    """Store the verdict and settle the pair. `preference` None says that there is no right answer.

    The same submission key gets the first answer again. If the pair has been settled meanwhile, or is no longer contested,
    the adjudication is kept as surplus (`is_surplus`) and changes nothing. Raises NotYours for somebody else's key, and for one used for another pair.
    """
    said: dict[str, Any] = {"preference": preference, "both_bad": both_bad, "reason_class": reason_class, "reason": reason}
    try:
        return store(turn, submission_key=submission_key, at=at, **said)
    except IntegrityError:  # the key was used for another pair at this moment: it is there to be seen now
        return store(turn, submission_key=submission_key, at=at, **said)


@transaction.atomic(durable=True)
def store(turn: AdjudicationTurn, *, preference: int | None, submission_key: UUID, at: datetime, **said: Any) -> Adjudication:
    pair = Pair.objects.lock(turn.pair_id)
    if earlier := Adjudication.objects.filter(submission_key=submission_key).first():
        return own(earlier, turn)
    adjudication = Adjudication.objects.create(
        pair=pair,
        turn=turn,
        adjudicator_id=turn.adjudicator_id,
        rubric_version_id=pair.rubric_version_id,
        verdict=None if preference is None else verdict_of(preference),
        preference=preference,
        left_was_a=turn.left_is_a,
        submission_key=submission_key,
        is_surplus=pair.standing != Standing.CONTESTED,
        submitted_at=at,
        **said,
    )
    AdjudicationTurn.objects.filter(pk=turn.pk, ended_at=None).update(ended_at=at)
    if not adjudication.is_surplus:
        settling.settle(pair, at=at)
    return adjudication


def own(earlier: Adjudication, turn: AdjudicationTurn) -> Adjudication:
    """Return the first answer to a repeated submission, if it is this adjudicator's and this pair's."""
    if (earlier.adjudicator_id, earlier.pair_id) != (turn.adjudicator_id, turn.pair_id):
        raise NotYours(_("This submission key was used for another adjudication. Reload the page to get a new one."))
    return earlier
