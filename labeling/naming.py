"""From a researcher's choice to a named labeler's stream: pairs that are kept for one person, and go back to everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.utils.translation import gettext

from accounts import statements
from accounts.models import User
from labeling import campaigns, queue, releasing
from labeling.campaigns import NotPossible
from labeling.models import AdjudicationTurn, Campaign, Enrolment, Membership, Pair, Role, Skip, Slot, Standing

MOST_PAIRS = 500
"""At a time: they are locked meanwhile."""

# The next places in the order in which they are served that the labeler could take, and that are not at a pair kept for them already.
NEXT_FREE = queue.filled(
    """
SELECT slot.pair_id FROM labeling_slot AS slot
WHERE {free_here} AND slot.reserved_for_id IS NULL AND slot.kind = 'work' AND slot.pool = ANY(%(pools)s::text[]) AND {may_take} AND {not_parked}
  AND NOT EXISTS (
      SELECT FROM labeling_slot AS kept WHERE kept.pair_id = slot.pair_id AND kept.reserved_for_id = %(labeler)s AND kept.closed_at IS NULL OFFSET 0)
ORDER BY slot.rank, slot.id
LIMIT %(limit)s
"""
)

PairNames = Sequence[str]
"""Pairs as people name them: by the id that came with them, or by their number here."""


@dataclass
class Named:
    """What became of pairs that were to be kept for somebody."""

    assigned: list[int] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    """Why not, by the name under which it was asked for."""


@transaction.atomic
def assign(*, campaign: Campaign, labeler: User, named: PairNames = (), next_free: int = 0, actor: User | None, at: datetime) -> Named:
    """Keep pairs for a labeler: those that are named, and so many of the next free ones. Raises NotPossible.

    Of each pair a free work place is kept. They come next in the labeler's stream, one after the other; checks keep their positions among them.
    """
    held = campaigns.hold_for(campaign, "by_name")
    require_labeler(held, labeler)
    if not 0 < len(named) + next_free <= MOST_PAIRS:
        raise NotPossible(gettext("Name 1 to {most_pairs} pairs at a time.").format(most_pairs=MOST_PAIRS))
    found = pairs_named(held, named)
    done = Named(left_out={name: gettext("there is no such pair here") for name in named if name not in found})
    chosen = {pk: name for name, pk in found.items()}
    chosen |= {pk: str(pk) for pk in next_pairs(held, labeler, next_free, but=chosen)}
    keep(chosen, held, labeler, done)
    if done.assigned:
        campaigns.note(held, "assigned_by_name", actor=actor, at=at, labeler=labeler.username, pairs=done.assigned)
    return done


@transaction.atomic
def release(*, campaign: Campaign, labeler: User, named: PairNames = (), actor: User | None, at: datetime) -> int:
    """Give pairs that are kept for a labeler back to everybody, at the head of the queue: those that are named, or all. Returns how many."""
    held = campaigns.hold_for(campaign, "release")
    kept = kept_for(held, labeler)
    if named:
        kept = kept.filter(pair__in=pairs_named(held, named).values())
    released = releasing.release(kept, at=at)
    if released:
        campaigns.note(held, "released_from_name", actor=actor, at=at, labeler=labeler.username, pairs=released)
    return released


def kept_for(campaign: Campaign, labeler: User) -> QuerySet[Slot]:
    """Return the places that wait for the labeler by name."""
    return Slot.objects.free().filter(campaign=campaign, reserved_for=labeler, kind=Slot.Kind.WORK)


def require_labeler(campaign: Campaign, labeler: User) -> None:
    if not labeler.is_active or not Membership.objects.filter(campaign=campaign, user=labeler, role=Role.LABELER).exists():
        raise NotPossible(gettext("{username} does not label here. An owner can give them the role.").format(username=labeler.username))


def pairs_named(campaign: Campaign, named: PairNames) -> dict[str, int]:
    """Return the pairs of the campaign by the names under which they were asked for. The id that came with a pair goes before a number."""
    numbers = [int(name) for name in named if name.isdecimal() and len(name) < 19]
    rows = list(Pair.objects.filter(Q(external_id__in=named) | Q(pk__in=numbers), campaign=campaign).values_list("pk", "external_id"))
    by_number = {str(pk): pk for pk, _ in rows}
    by_id = {external: pk for pk, external in sorted(rows, reverse=True) if external}
    return {name: pk for name in named if (pk := by_id.get(name) or by_number.get(name.lstrip("0")))}


def next_pairs(campaign: Campaign, labeler: User, number: int, *, but: dict[int, str]) -> list[int]:
    """Return the next pairs that would be served to the labeler from the general queue, in that order."""
    pools = queue.pools_of(campaign, labeler)
    limit = (number + len(but)) * campaign.overlap
    asked = {"campaign": campaign.pk, "rubric_version": campaign.rubric_version_id, "labeler": labeler.pk}
    rows = statements.every(NEXT_FREE, **asked, pools=pools, limit=limit) if number else []
    return [pk for (pk,) in dict.fromkeys(rows) if pk not in but][:number]


def keep(chosen: dict[int, str], campaign: Campaign, labeler: User, done: Named) -> None:
    """Keep a place of each pair for the labeler, in the order in which they were chosen; the pairs are locked in their own."""
    pairs = {pair.pk: pair for pair in Pair.objects.filter(pk__in=chosen).order_by("pk").select_for_update(no_key=True)}
    position = next_position(campaign, labeler)
    for pk, name in chosen.items():
        if reason := why_not(pairs[pk], labeler):
            done.left_out[name] = reason
        elif keep_one(pairs[pk], labeler, position):
            done.assigned.append(pk)
            position += 1
        else:
            done.left_out[name] = gettext("no place of it is free")


def next_position(campaign: Campaign, labeler: User) -> int:
    """Return where the labeler's stream is, or where what is kept for them by name ends."""
    enrolment = Enrolment.objects.filter(campaign=campaign, labeler=labeler).first()
    last = kept_for(campaign, labeler).aggregate(last=Max("rank"))["last"]
    return max(enrolment.served if enrolment else 0, 0 if last is None else last + 1)


def why_not(pair: Pair, labeler: User) -> str:
    """Say why a pair cannot be kept for the labeler; empty: it can."""
    places = Slot.objects.counting().filter(pair=pair, rubric_version=pair.rubric_version_id)
    if pair.standing not in (Standing.WAITING, Standing.CONTESTED):
        return gettext("it is {standing}").format(standing=gettext(pair.standing))
    if places.filter(labeler=labeler).exists():
        return gettext("{username} has labeled it, or has it on the screen").format(username=labeler.username)
    if places.free().filter(reserved_for=labeler).exists():
        return gettext("it is kept for {username} already").format(username=labeler.username)
    if Skip.objects.filter(pair=pair, labeler=labeler).exists():
        return gettext("{username} gave it back").format(username=labeler.username)
    if AdjudicationTurn.objects.filter(pair=pair, adjudicator=labeler).exists():
        return gettext("{username} had it as an adjudicator").format(username=labeler.username)
    return ""


def keep_one(pair: Pair, labeler: User, position: int) -> bool:
    """Keep a free work place of the pair for the labeler. False: none is free, or none that nobody has locked."""
    free = Slot.objects.free().filter(pair=pair, rubric_version=pair.rubric_version_id, kind=Slot.Kind.WORK, reserved_for=None)
    slot = free.order_by("rank", "pk").select_for_update(no_key=True, skip_locked=True).first()
    return slot is not None and bool(Slot.objects.filter(pk=slot.pk).update(reserved_for=labeler, rank=position, ranked_by=""))
