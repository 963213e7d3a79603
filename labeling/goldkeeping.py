"""From what a researcher knows of a pair to gold items: made, promoted from a settled pair, revised, retired."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.models import User
from labeling import campaigns, settling
from labeling.campaigns import NotPossible
from labeling.models import COUNTING, GoldItem, Label, Pair, Slot, Standing, Trouble
from labeling.models.slot import SlotQuerySet

SAID = ("verdict", "why", "allowed_use", "difficulty", "refresh_on")
"""What a version says, and what a revision may say otherwise."""


@transaction.atomic
def make_gold(
    *,
    pair: Pair,
    verdict: str,
    why: str,
    actor: User | None,
    at: datetime,
    allowed_use: str = GoldItem.Use.BOTH,
    difficulty: str = GoldItem.Difficulty.EASY,
    refresh_on: date | None = None,
) -> GoldItem:
    """Make a pair gold, whose verdict is known from elsewhere. It is never asked as work from then on. Raises NotPossible.

    Its open places close with nobody in them; what still comes from a screen is kept as surplus.
    """
    locked = hold(pair)
    check_is_clear(locked)
    return add(locked, "gold_made", actor=actor, at=at, verdict=verdict, why=why, allowed_use=allowed_use, difficulty=difficulty, refresh_on=refresh_on)


@transaction.atomic
def promote(
    *,
    pair: Pair,
    why: str,
    actor: User | None,
    at: datetime,
    allowed_use: str = GoldItem.Use.BOTH,
    difficulty: str = GoldItem.Difficulty.EASY,
    refresh_on: date | None = None,
) -> GoldItem:
    """Make a settled pair gold, with the verdict that it has. Raises NotPossible."""
    locked = hold(pair)
    if locked.standing not in (Standing.AGREED, Standing.ADJUDICATED):
        raise NotPossible(_("The pair is {standing}: only a settled pair becomes gold by its own verdict.").format(standing=_(locked.standing)))
    if locked.verdict is None:
        raise NotPossible(_("The adjudicator found no right answer in this pair, so it can check nobody."))
    said = {"verdict": locked.verdict, "why": why, "allowed_use": allowed_use, "difficulty": difficulty, "refresh_on": refresh_on}
    return add(locked, "gold_promoted", actor=actor, at=at, **said)


@transaction.atomic
def revise(*, item: GoldItem, actor: User | None, at: datetime, **said: Any) -> GoldItem:
    """Let the next version say otherwise in some of SAID, and retire this one. Its open checks close with nobody in them. Raises NotPossible.

    The same words may be said again where the campaign has another wording by now: they hold under that, too.
    """
    pair, held = hold_item(item)
    merged = {name: said.get(name, getattr(held, name)) for name in SAID}
    says_the_same = all(merged[name] == getattr(held, name) for name in SAID)
    if says_the_same and held.rubric_version_id == pair.campaign.rubric_version_id:
        raise NotPossible(_("It says just that already."))
    take_out(held, at=at)
    return add(pair, "gold_revised", actor=actor, at=at, **merged)


@transaction.atomic
def retire(*, item: GoldItem, actor: User | None, at: datetime) -> GoldItem:
    """Check nobody by this item any longer. Its pair stays out of work and of data sets. Raises NotPossible."""
    pair, held = hold_item(item)
    note(pair, held, "gold_retired", actor=actor, at=at, checks_taken=take_out(held, at=at))
    return held


def hold(pair: Pair) -> Pair:
    """Return the pair, locked, after its campaign: whoever makes or closes places of many pairs holds that. Raises NotPossible."""
    campaigns.hold_for(pair.campaign, "gold")
    return Pair.objects.lock(pair.pk)


def hold_item(item: GoldItem) -> tuple[Pair, GoldItem]:
    pair = hold(item.pair)
    held = GoldItem.objects.select_for_update(no_key=True).get(pk=item.pk)
    if held.retired_at:
        raise NotPossible(_("Version {number} is not in use any more.").format(number=held.version))
    return pair, held


def check_is_clear(pair: Pair) -> None:
    """Raise NotPossible for a pair that people are judging, or judge differently: gold has to be a clear case."""
    if pair.standing == Standing.CONTESTED:
        raise NotPossible(_("Labelers disagree about this pair: it is no clear case. An adjudicator settles it first."))
    if pair.standing == Standing.WAITING and Label.objects.counting().filter(pair=pair).exists():
        raise NotPossible(_("People are labeling this pair. Wait until it is settled, and promote it then."))


def check_may_be_asked(pair: Pair) -> None:
    if GoldItem.objects.in_use().filter(pair=pair).exists():
        raise NotPossible(_("The pair is a gold item already. Revise that one."))
    if pair.standing == Standing.WITHDRAWN:
        raise NotPossible(_("The pair is withdrawn: nobody is to be asked about it."))
    if pair.trouble in (Trouble.EQUAL, Trouble.EMPTY):
        raise NotPossible(_("There is nothing to judge in this pair: {why}.").format(why=_(pair.get_trouble_display())))


def add(pair: Pair, kind: str, *, actor: User | None, at: datetime, **said: Any) -> GoldItem:
    """Store the next version of what is known of a locked pair."""
    check_may_be_asked(pair)
    taken = close(Slot.objects.filter(pair=pair, kind__in=COUNTING), at=at)
    settling.settle(pair, at=at)
    last = GoldItem.objects.filter(pair=pair).aggregate(last=Max("version"))["last"] or 0
    item = GoldItem.objects.create(pair=pair, version=last + 1, added_by=actor, added_at=at, **said)
    note(pair, item, kind, actor=actor, at=at, places_taken=taken)
    return item


def take_out(item: GoldItem, *, at: datetime) -> int:
    """Retire a version, and return how many open checks were closed for it."""
    item.retired_at = at
    item.save(update_fields=["retired_at"])
    return close(Slot.objects.filter(pair=item.pair_id, gold_item=item), at=at)


def close(places: SlotQuerySet, *, at: datetime) -> int:
    """Close the open ones among these places of a locked pair, with nobody in them, in the order in which everybody locks them. Returns how many."""
    going = [slot.pk for slot in places.open().order_by("pk").select_for_update(no_key=True)]
    return Slot.objects.open().filter(pk__in=going).update(closed_at=at, labeler=None, lease=None, lease_ends_at=None)


def note(pair: Pair, item: GoldItem, kind: str, *, actor: User | None, at: datetime, **more: Any) -> None:
    detail = {"pair": pair.pk, "external_id": pair.external_id, "item": item.pk, "version": item.version, "verdict": item.verdict, **more}
    campaigns.note(pair.campaign, kind, actor=actor, at=at, **detail)
