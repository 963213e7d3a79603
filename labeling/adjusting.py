"""From a campaign's settings to its pairs: as many places as the settings say, in the pools they name, and standings by their rule; some pairs at a time."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet, prefetch_related_objects

from accounts.models import User
from labeling import campaigns, concluding, rewording, settling, slotting, terms
from labeling.models import COUNTING, Adjustment, Campaign, Label, Pair, Slot, Standing
from labeling.resolution import Said
from labeling.rewording import Reworded

CHUNK = 200
"""Pairs a transaction. They are locked for some tens of milliseconds, in which who answers one of them waits, and who asks for a pair gets another one."""

UNSETTLED = (Standing.WAITING, Standing.CONTESTED)

Kind = Slot.Kind


@dataclass
class Done:
    """What bringing pairs in line came to."""

    pairs: int = 0
    """Looked at."""
    opened: int = 0
    """Places."""
    taken: int = 0
    """Places that were closed with nobody in them."""
    from_screens: int = 0
    """Of these, on somebody's screen at the moment."""
    repooled: int = 0
    """Places that ask for another skill now."""
    reworded: int = 0
    """Pairs that go by another wording of the rubric now."""
    anew: int = 0
    """Of these, begun under the one before, and asked anew."""
    uncounted: int = 0
    """Labels under that, which are kept, and counted no more."""
    moved: Counter[str] = field(default_factory=Counter)
    """Pairs that stand otherwise now, by `before to after`."""
    pools: Counter[str] = field(default_factory=Counter)
    """Open places by the skill they ask for, where these were made anew."""
    labelers: list[int] = field(default_factory=list)
    """Whose screens lose a pair."""

    def add(self, other: Done) -> None:
        for name in ("pairs", "opened", "taken", "from_screens", "repooled", "reworded", "anew", "uncounted"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.moved += other.moved
        self.pools += other.pools
        self.labelers = sorted({*self.labelers, *other.labelers})


def done_of(adjustment: Adjustment) -> Done:
    stored = adjustment.done
    return Done(**stored | {name: Counter(stored[name]) for name in ("moved", "pools")}) if stored else Done()


@dataclass(frozen=True)
class Place:
    """A place of a pair: filled with a label that counts, open, or once taken by somebody whose label is gone."""

    pk: int
    pair_id: int
    kind: str
    labeler_id: int | None
    is_open: bool
    is_filled: bool
    is_reserved: bool
    rank: int
    left_is_a: bool

    @property
    def is_held(self) -> bool:
        return self.is_open and self.labeler_id is not None


# ---- a change, from its beginning to its end -----------------------------------------------------------------------


def begin(campaign: Campaign, changes: dict[str, list[Any]], *, actor: User | None, at: datetime, begun: str = "") -> Adjustment:
    """Note a change of settings that pairs are to follow. The campaign is held. One that is still being carried out is cut short, and taken over.

    `begun`, one of `rewording.BEGUN`, says what becomes of pairs that have labels, where the rubric was worded anew.
    """
    scope = {name for name in changes if terms.EVERY[name].looks_at_pairs} | ({begun} if begun else set())
    if earlier := open_adjustment(campaign):
        scope |= {name for name in earlier.scope if not (begun and name in rewording.BEGUN)}
        end(earlier, campaign, at=at, cut_short=True)
    return Adjustment.objects.create(campaign=campaign, actor=actor, changes=changes, scope=sorted(scope), begun_at=at)


def carry_out(campaign: Campaign, *, at: datetime, until: float | None = None) -> bool:
    """Bring the campaign's pairs in line, and say whether all are. `until` is a moment of `time.monotonic` at which to leave the rest to the sweep."""
    while until is None or time.monotonic() < until:
        if not step(campaign, at=at):
            return True
    return open_adjustment(campaign) is None


def carry_out_all(*, at: datetime, seconds: float) -> bool:
    """Go on with every change that is not carried out yet, for so long at most. Returns whether all are."""
    until = time.monotonic() + seconds
    left = Campaign.objects.filter(adjustments__ended_at=None, adjustments__isnull=False).order_by("pk")
    return all(carry_out(campaign, at=at, until=until) for campaign in left)


@transaction.atomic
def step(campaign: Campaign, *, at: datetime) -> bool:
    """Bring the next pairs in line. False: none were left, or nothing is to be carried out. Two at once take turns: the campaign is held."""
    held = campaigns.hold(campaign)
    adjustment = open_adjustment(held)
    if adjustment is None:
        return False
    pairs = list(pairs_after(adjustment)[:CHUNK].select_for_update(no_key=True, of=("self",)))
    if pairs:
        done = done_of(adjustment)
        done.add(adjust(pairs, held, scope=adjustment.scope, at=at))
        adjustment.done, adjustment.reached = vars(done), pairs[-1].pk
        adjustment.save(update_fields=["done", "reached"])
    if len(pairs) < CHUNK:
        end(adjustment, held, at=at)
    return len(pairs) == CHUNK


def end(adjustment: Adjustment, campaign: Campaign, *, at: datetime, cut_short: bool = False) -> None:
    """Write down what was changed and what it came to. Where places ask for other skills now, or may be asked of who had them, labelers start over."""
    adjustment.ended_at = at
    adjustment.save(update_fields=["ended_at"])
    if {"eligible_by", "rubric_version"} & set(adjustment.scope):
        campaign.rank_epoch += 1
        campaign.save(update_fields=["rank_epoch"])
    done = done_of(adjustment)
    came_to = vars(done) | {"labelers": len(done.labelers), "cut_short": cut_short}
    campaigns.note(campaign, "changed", actor=adjustment.actor, at=at, changes=adjustment.changes, done=came_to)


def open_adjustment(campaign: Campaign) -> Adjustment | None:
    return Adjustment.objects.filter(campaign=campaign, ended_at=None).first()


def pairs_after(adjustment: Adjustment) -> QuerySet[Pair]:
    """Return the pairs that are still to be looked at. A rule is asked of all; places are a matter of those that are not settled."""
    pairs = Pair.objects.filter(campaign=adjustment.campaign_id, pk__gt=adjustment.reached).order_by("pk")
    return pairs if "rule" in adjustment.scope else live(pairs)


def live(pairs: QuerySet[Pair]) -> QuerySet[Pair]:
    """Return those that want judgments: no gold item, nothing that is kept with trouble."""
    return pairs.filter(standing__in=UNSETTLED, trouble="", gold_items=None)


# ---- some pairs ----------------------------------------------------------------------------------------------------


def adjust(pairs: Sequence[Pair], campaign: Campaign, *, scope: Iterable[str], at: datetime) -> Done:
    """Bring these pairs in line with the settings. They are locked by the caller, in their order, and the campaign is held.

    By another rule all of them are settled again; where the rubric was worded anew, those that are not settled go over to that. Those that want judgments
    then get the places they lack, or lose those that are too many: free ones first, then those on a screen, whose labels are kept as surplus if they still
    come. Labels that are in stay in.
    """
    scope = set(scope)
    before = {pair.pk: pair.standing for pair in pairs}
    if "rule" in scope:
        settling.settle_all(pairs, at=at)
    done = Done(pairs=len(pairs))
    if begun := scope & set(rewording.BEGUN):
        note_rewording(done, rewording.reword(list(live(Pair.objects.filter(pk__in=before)).order_by("pk")), campaign, begun=begun.pop(), at=at))
    wanting = list(live(Pair.objects.filter(pk__in=before, rubric_version=campaign.rubric_version_id)).order_by("pk"))
    if campaign.eligible_by:
        prefetch_related_objects(wanting, "prompt")
    if "eligible_by" in scope:  # all at once and in their order, since some are closed and the others repooled further down
        list(open_places(wanting).order_by("pk").select_for_update(no_key=True).values_list("pk"))
    places = places_of(wanting)
    going = [place for pair in wanting for place in too_many(pair, campaign, places[pair.pk], by_another_rule="rule" in scope)]
    done.taken += close(going, at=at)
    done.from_screens += sum(place.is_held for place in going)
    done.labelers = sorted({*done.labelers, *(place.labeler_id for place in going if place.labeler_id is not None)})
    done.repooled = repool(wanting, campaign) if "eligible_by" in scope else 0
    done.opened = slotting.store([slot for pair in wanting for slot in lacking(pair, campaign, places[pair.pk])], campaign)
    hanging = {place.pair_id for place in going} | {pair.pk for pair in wanting if pair.standing == Standing.CONTESTED}
    done.opened += conclude([pair for pair in wanting if pair.pk in hanging], campaign, at=at)
    done.pools = pools_of(wanting) if "eligible_by" in scope else Counter()
    done.moved = moves(before)
    return done


def note_rewording(done: Done, came_to: Reworded) -> None:
    done.reworded, done.anew, done.uncounted = came_to.reworded, came_to.anew, came_to.uncounted
    done.taken, done.from_screens = len(came_to.closed), sum(place.lease is not None for place in came_to.closed)
    done.labelers = sorted({place.labeler_id for place in came_to.closed if place.labeler_id is not None})


def places_of(pairs: Sequence[Pair]) -> dict[int, list[Place]]:
    """Return the places of pairs under their own rubric version, but for those that were taken away."""
    slots = Slot.objects.counting().filter(pair__in=pairs, rubric_version=F("pair__rubric_version")).exclude(closed_at__isnull=False, labeler=None)
    label = Label.objects.current().filter(slot=OuterRef("pk"))
    found: dict[int, list[Place]] = {pair.pk: [] for pair in pairs}
    columns = ("pk", "pair_id", "kind", "labeler_id", "closed_at", "filled", "reserved_for", "rank", "left_is_a")
    for pk, pair, kind, labeler, closed, filled, reserved, rank, left_is_a in slots.annotate(filled=Exists(label)).order_by("pk").values_list(*columns):
        found[pair].append(Place(pk, pair, kind, labeler, closed is None, filled, reserved is not None, rank, left_is_a))
    return found


def lacking(pair: Pair, campaign: Campaign, places: Sequence[Place]) -> list[Slot]:
    """Return the work places that a pair is still to get, not stored."""
    work = [place for place in places if place.kind == Kind.WORK]
    lacks = slotting.planned(pair, campaign) - sum(place.is_open or place.is_filled for place in work)
    a_left = sum(place.left_is_a for place in work)
    return slotting.slots_for(pair, campaign, places=max(0, lacks), ordinal=len(work), sides=(a_left, len(work) - a_left))


def too_many(pair: Pair, campaign: Campaign, places: Sequence[Place], *, by_another_rule: bool) -> list[Place]:
    """Return the open places that a pair is to lose."""
    there = [place for place in places if place.is_open or place.is_filled]
    work, escalations = ([place for place in there if place.kind == kind] for kind in (Kind.WORK, Kind.ESCALATION))
    over = len(work) - slotting.planned(pair, campaign)
    going = first_to_go(work, over)
    waits_for_further_ones_alone = any(place.is_open for place in escalations) and sum(place.is_open for place in work) == len(going)
    if by_another_rule and waits_for_further_ones_alone and is_settled_without(pair, campaign):
        return going + first_to_go(escalations, len(escalations))
    return going + first_to_go(escalations, len(escalations) - campaign.escalation_bound)


def first_to_go(places: Iterable[Place], number: int) -> list[Place]:
    """Return so many of the open ones: free for anybody before kept for somebody before on a screen, and the last in the queue first."""
    is_open = sorted((place for place in places if place.is_open), key=lambda place: (place.is_held, place.is_reserved, -place.rank, -place.pk))
    return is_open[: max(0, number)]


def is_settled_without(pair: Pair, campaign: Campaign) -> bool:
    """Say whether the labels that are in settle the pair by the rule there is now, whatever place is open."""
    labels = Label.objects.counting().filter(pair=pair, rubric_version=pair.rubric_version_id)
    said = [Said(verdict, preference) for verdict, preference in labels.values_list("verdict", "preference")]
    resolution, _ = settling.resolve(labels=said, places_open=0, adjudication=None, withdrawn=False, rule=campaign.rule)
    return resolution.standing == Standing.AGREED


def close(places: Sequence[Place], *, at: datetime) -> int:
    """Close places with nobody in them, and return how many. Locked in their order, as by everybody who writes several.

    The pairs are locked, so none of them is answered meanwhile; that a free one is leased does no harm.
    """
    going = Slot.objects.open().filter(pk__in=[place.pk for place in places]).order_by("pk").select_for_update(no_key=True)
    return Slot.objects.open().filter(pk__in=[slot.pk for slot in going]).update(closed_at=at, labeler=None, lease=None, lease_ends_at=None)


def repool(pairs: Sequence[Pair], campaign: Campaign) -> int:
    """Have the open places of pairs ask for the skill that the campaign goes by now. Returns how many ask for another one."""
    wanted = {pair.pk: slotting.pool_of(pair, campaign) for pair in pairs}
    wrong: dict[str, list[int]] = defaultdict(list)
    for pk, pair, pool in open_places(pairs).order_by("pk").values_list("pk", "pair", "pool"):
        if pool != wanted[pair]:
            wrong[wanted[pair]].append(pk)
    return sum(Slot.objects.filter(pk__in=places).update(pool=pool) for pool, places in wrong.items())


def open_places(pairs: Sequence[Pair]) -> QuerySet[Slot]:
    return Slot.objects.open().filter(pair__in=pairs, kind__in=COUNTING)


def conclude(pairs: Sequence[Pair], campaign: Campaign, *, at: datetime) -> int:
    """Settle pairs, and ask further labelers where they are contested. Returns how many places that opened."""
    escalations = open_places(pairs).filter(kind=Kind.ESCALATION)
    before = escalations.count()
    concluding.conclude_all(list(Pair.objects.filter(pk__in=[pair.pk for pair in pairs]).order_by("pk")), campaign, at=at)
    return escalations.count() - before


def pools_of(pairs: Sequence[Pair]) -> Counter[str]:
    return Counter(open_places(pairs).values_list("pool", flat=True))


def moves(before: dict[int, str]) -> Counter[str]:
    """Count the pairs that stand otherwise than they did, as `before to after`."""
    after = dict(Pair.objects.filter(pk__in=before).values_list("pk", "standing"))
    return Counter(f"{before[pk]} to {after[pk]}" for pk in before if after[pk] != before[pk])
