"""From a researcher's word to a pair that is taken out, or comes back."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from labeling import adjusting, campaigns, concluding, rewording, settling, slotting
from labeling.campaigns import NotPossible
from labeling.models import AdjudicationTurn, Campaign, CampaignEvent, GoldItem, Label, Pair, Slot, Standing


@transaction.atomic
def withdraw(*, campaign: Campaign, pair: Pair, reason: str, actor: User | None, at: datetime) -> Pair:
    """Take a pair out: nobody is asked and nothing is exported from now on. What was said of it is kept. Raises NotPossible.

    A label that still comes from a screen is kept as surplus, and so is an adjudication.
    """
    held = campaigns.hold_for(campaign, "withdraw")
    locked = Pair.objects.lock(pair.pk)
    check_may_go(locked, reason)
    return take_out(locked, held, reason=reason, actor=actor, at=at)


@transaction.atomic
def withdraw_for_good(*, pair: Pair, reason: str, actor: User | None, at: datetime) -> Pair:
    """Take a pair out because of its prompt, whatever its campaign's state is and whatever it was used for. Twice is once."""
    held = campaigns.hold(pair.campaign)
    locked = Pair.objects.lock(pair.pk)
    GoldItem.objects.in_use().filter(pair=locked).update(retired_at=at)
    return locked if locked.standing == Standing.WITHDRAWN else take_out(locked, held, reason=reason, actor=actor, at=at)


def take_out(locked: Pair, held: Campaign, *, reason: str, actor: User | None, at: datetime) -> Pair:
    before = locked.standing
    AdjudicationTurn.objects.filter(pair=locked, ended_at=None).update(ended_at=at)
    taken = close_places(locked, at=at)
    locked.withdrawn_at = at
    settling.settle(locked, at=at)
    campaigns.note(held, "pair_withdrawn", actor=actor, at=at, pair=locked.pk, external_id=locked.external_id, reason=reason, before=before, places_taken=taken)
    return locked


@transaction.atomic
def bring_back(*, campaign: Campaign, pair: Pair, actor: User | None, at: datetime) -> Pair:
    """Take back that a pair was taken out: it stands as its labels say and, unless it was settled, gets the places that it lacks. Raises NotPossible."""
    held = campaigns.hold_for(campaign, "bring_back")
    locked = Pair.objects.lock(pair.pk)
    check_may_return(locked)
    locked.withdrawn_at = None
    if not was_settled(locked):
        rewording.go_over([locked], held, at=at)
        slotting.store(adjusting.lacking(locked, held, adjusting.places_of([locked])[locked.pk]), held)
    concluding.conclude(locked, at=at)
    opened = Slot.objects.open().filter(pair=locked).count()
    campaigns.note(held, "pair_brought_back", actor=actor, at=at, pair=locked.pk, external_id=locked.external_id, after=locked.standing, places_opened=opened)
    return locked


def was_settled(pair: Pair) -> bool:
    """Say whether the pair was settled when it was taken out, perhaps by fewer labels than it would get now, and no label was taken back since."""
    event = CampaignEvent.objects.filter(campaign=pair.campaign_id, kind="pair_withdrawn", detail__pair=pair.pk).order_by("-pk").first()
    if event is None or event.detail["before"] not in (Standing.AGREED, Standing.ADJUDICATED):
        return False
    return not Label.objects.filter(pair=pair, is_retraction=True, submitted_at__gte=event.at).exists()


def check_may_go(pair: Pair, reason: str) -> None:
    if not reason.strip():
        raise NotPossible(_("Say why: it stands in the campaign's history."))
    if pair.standing == Standing.WITHDRAWN:
        raise NotPossible(_("The pair is withdrawn already."))
    if GoldItem.objects.in_use().filter(pair=pair).exists():
        raise NotPossible(_("The pair is a gold item. Retire that first."))


def check_may_return(pair: Pair) -> None:
    if pair.standing != Standing.WITHDRAWN:
        raise NotPossible(_("The pair is not withdrawn: it is {standing}.").format(standing=_(pair.standing)))
    if pair.prompt.erased_at:
        raise NotPossible(_("The pair’s prompt was erased: there is nothing left to read."))
    if pair.trouble:
        raise NotPossible(_("The pair was never asked, because of its texts ({lower}). That does not change.").format(lower=_(pair.get_trouble_display())))


def close_places(pair: Pair, *, at: datetime) -> int:
    """Close the open places of a pair, of every kind, with nobody in them. Returns how many."""
    going = Slot.objects.open().filter(pair=pair).order_by("pk").select_for_update(no_key=True)
    return Slot.objects.open().filter(pk__in=[slot.pk for slot in going]).update(closed_at=at, labeler=None, lease=None, lease_ends_at=None)
