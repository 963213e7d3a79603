"""The places of a campaign: how many stand in which state, and which are served next, to whom and why. Writes nothing, leases nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, QuerySet

from accounts import statements
from accounts.models import User
from labeling import cautions, limits, queue
from labeling.models import COUNTING, Campaign, Enrolment, Pair, Slot
from labeling.models.enrolment import BEFORE_EVERY_RANK

SAMPLE = 20_000
"""Pairs beyond which the places of a sample are counted: every n-th pair, drawn by a hash. A share of the places is then within 1 %."""

COUNTED = 100_000
"""Free places that are counted one by one, where there are no more."""

SHOWN = 20
LOOKED_AT = 1000
"""Places that are looked at for the next ones of a pool: as far as one search of the queue goes."""

AFTER_EVERY_RANK = 2**63 - 1
OWN = "own"

FREE, HELD, RESERVED, FILLED, UNUSED = "free", "held", "reserved", "filled", "unused"
STATES = (FREE, HELD, RESERVED, FILLED, UNUSED)

STATE = f"""CASE WHEN slot.closed_at IS NOT NULL THEN CASE WHEN slot.labeler_id IS NULL THEN '{UNUSED}' ELSE '{FILLED}' END
     WHEN slot.labeler_id IS NOT NULL THEN '{HELD}' WHEN slot.reserved_for_id IS NOT NULL THEN '{RESERVED}' ELSE '{FREE}' END"""
SAMPLED = f"""
SELECT {STATE}, slot.kind, count(*) FROM labeling_pair AS pair JOIN labeling_slot AS slot ON slot.pair_id = pair.id
WHERE pair.campaign_id = %(campaign)s AND abs(hashint8(pair.id)::bigint) %% %(one_in)s = 0
GROUP BY 1, 2
"""  # noqa: S608 - names from above
FREE_IN_ALL = queue.filled(
    "SELECT count(*) FROM (SELECT FROM labeling_slot AS slot WHERE {free_here} AND slot.reserved_for_id IS NULL LIMIT %(limit)s) AS slot"
)

# The next free places of each pool that a labeler may take (or, where `labeler` is null, that are there), between two ranks.
IN_ORDER = queue.filled("""
SELECT slot.pair_id, pair.external_id, slot.kind, slot.pool, slot.rank, slot.ranked_by, pair.priority
FROM unnest(%(pools)s::text[]) AS pools (pool)
CROSS JOIN LATERAL (
    SELECT slot.* FROM (
        SELECT slot.* FROM labeling_slot AS slot
        WHERE {free_here} AND slot.reserved_for_id IS NULL AND slot.pool = pools.pool AND slot.rank > %(after)s AND slot.rank < %(before)s
        ORDER BY slot.rank, slot.id LIMIT %(looked_at)s) AS slot
    WHERE {may_take} AND {not_parked}
    ORDER BY slot.rank, slot.id LIMIT %(limit)s
) AS slot JOIN labeling_pair AS pair ON pair.id = slot.pair_id
ORDER BY slot.rank, slot.id LIMIT %(limit)s
""")


@dataclass(frozen=True)
class PlaceCounts:
    """Places by state, then kind; what there is none of is left out."""

    by_state: dict[str, dict[str, int]]
    is_exact: bool
    """False: what is free, filled or unused comes of a sample."""

    def of(self, state: str) -> int:
        return sum(self.by_state[state].values())

    @property
    def wanting(self) -> int:
        """Places that count and have no label yet."""
        return sum(self.by_state[state].get(kind, 0) for state in (FREE, HELD, RESERVED) for kind in COUNTING)


@dataclass(frozen=True, kw_only=True)
class NextPlace:
    pair: int
    name: str
    """The id that came with the pair, or its number."""
    kind: str
    pool: str
    """The language or skill that it asks for; empty: anybody."""
    why: str
    """`head`: freed, or made late; `rank`: the strategy's order; `name`: kept for the labeler; `check`: due at a position that was drawn."""
    ranked_by: str
    priority: int
    position: int | None = None
    """In the labeler's stream, at the earliest; None where nobody was chosen."""


@dataclass(frozen=True)
class Upcoming:
    """What is served next; and why it is not, if it is not."""

    places: list[NextPlace]
    barred: str = ""
    """`practising`, `paused`, `quota`, `ceiling`, or `own`: who asks is the labeler. Empty: nothing bars them."""


# ---- how many ------------------------------------------------------------------------------------------------------


def counts_of(campaign: Campaign) -> PlaceCounts:
    """Count the places, at a cost that is bounded but for one look at the index of the pairs: of a sample, where there is much; what is held exactly."""
    one_in = -(-Pair.objects.filter(campaign=campaign).count() // SAMPLE) or 1
    found: dict[str, dict[str, int]] = {state: {} for state in STATES}
    for state, kind, number in statements.every(SAMPLED, campaign=campaign.pk, one_in=one_in):
        found[state][kind] = number * one_in
    if one_in > 1:
        found[FREE] = free_by_kind(campaign, found[FREE])
        found[HELD] = by_kind(Slot.objects.held().filter(campaign=campaign))
        found[RESERVED] = by_kind(Slot.objects.free().filter(campaign=campaign, reserved_for__isnull=False))
    return PlaceCounts(found, is_exact=one_in == 1)


def free_by_kind(campaign: Campaign, sampled: dict[str, int]) -> dict[str, int]:
    """Return how many places of each kind are free: exactly in all, where they are not very many. The index does not hold their kind, which a sample says."""
    row = statements.one(FREE_IN_ALL, campaign=campaign.pk, limit=COUNTED)
    free = int(row[0]) if row else 0
    if free == COUNTED:
        return sampled
    escalations = min(free, sampled.get(Slot.Kind.ESCALATION, 0))
    return {Slot.Kind.WORK: free - escalations, Slot.Kind.ESCALATION: escalations}


def by_kind(slots: QuerySet[Slot]) -> dict[str, int]:
    return dict(slots.order_by().values_list("kind").annotate(Count("pk")))


# ---- what comes next -----------------------------------------------------------------------------------------------


def upcoming(campaign: Campaign, labeler: User | None, *, reader: User, at: datetime) -> Upcoming:
    """Return what is served next to a labeler, or (None) to anybody. Who labels, too, is not told what comes to them."""
    if labeler is None:
        return next_for_anybody(campaign)
    return Upcoming([], OWN) if labeler == reader else next_for(campaign, labeler, at=at)


def next_for_anybody(campaign: Campaign) -> Upcoming:
    """Return the next places in the order in which they are served to who has not begun and has every skill."""
    pools = ["", *sorted(cautions.asked_for(campaign))]
    return Upcoming(list(map(place_of, between(campaign, None, pools, after=BEFORE_EVERY_RANK, before=AFTER_EVERY_RANK))))


def next_for(campaign: Campaign, labeler: User, *, at: datetime) -> Upcoming:
    """Return the next places in the order in which they are served to a labeler: what is kept for them falls due between the others, by position."""
    enrolment = Enrolment.objects.filter(campaign=campaign, labeler=labeler).first() or Enrolment(campaign=campaign, labeler=labeler)
    kept = list(reserved_for(campaign, labeler, enrolment))
    if enrolment.state != Enrolment.State.WORKING:
        return Upcoming(kept if enrolment.state == Enrolment.State.PRACTISING else [], enrolment.state)
    if limit := limits.reached(campaign, labeler, at=at):
        return Upcoming([], limit)
    return Upcoming(in_stream(kept, general_for(campaign, labeler, enrolment), start=enrolment.served))


def reserved_for(campaign: Campaign, labeler: User, enrolment: Enrolment) -> Iterable[NextPlace]:
    """Yield what is kept for a labeler, in the order of its positions, as far as their state lets them have it."""
    slots = Slot.objects.free().filter(campaign=campaign, reserved_for=labeler).select_related("pair").order_by("rank", "pk")
    practises = enrolment.state == Enrolment.State.PRACTISING
    slots = slots.filter(kind=Slot.Kind.PRACTICE) if practises else slots.exclude(kind=Slot.Kind.PRACTICE)
    for slot in slots[:SHOWN]:
        yield NextPlace(
            pair=slot.pair_id,
            name=slot.pair.external_id or str(slot.pair_id),
            kind=slot.kind,
            pool=slot.pool,
            why="name" if slot.kind in COUNTING else "check",
            ranked_by="",
            priority=slot.pair.priority,
            position=max(slot.rank, enrolment.served),
        )


def general_for(campaign: Campaign, labeler: User, enrolment: Enrolment) -> list[NextPlace]:
    """Return what the general queue serves a labeler: its head first, each part from their cursor on, one place a pair."""
    pools = queue.pools_of(campaign, labeler)
    is_current = enrolment.epoch == campaign.rank_epoch
    head, rest = (enrolment.head_rank, max(enrolment.rank, -1)) if is_current else (BEFORE_EVERY_RANK, -1)
    rows = between(campaign, labeler, pools, after=head, before=0) + between(campaign, labeler, pools, after=rest, before=AFTER_EVERY_RANK)
    found: dict[int, NextPlace] = {}
    for row in rows:
        found.setdefault(row[0], place_of(row))
    return list(found.values())


def between(campaign: Campaign, labeler: User | None, pools: Sequence[str], *, after: int, before: int) -> list[statements.Row]:
    """Return the next places whose ranks lie between these. Of a labeler's, enough that each of the next pairs has one."""
    limit = SHOWN * campaign.overlap if labeler else SHOWN
    who = labeler.pk if labeler else None
    asked = {"campaign": campaign.pk, "rubric_version": campaign.rubric_version_id, "labeler": who, "pools": list(pools)}
    return statements.every(IN_ORDER, **asked, after=after, before=before, looked_at=LOOKED_AT, limit=limit)


def place_of(row: statements.Row) -> NextPlace:
    pair, external_id, kind, pool, rank, ranked_by, priority = row
    why = "head" if rank < 0 else "rank"
    return NextPlace(pair=pair, name=external_id or str(pair), kind=kind, pool=pool, why=why, ranked_by=ranked_by, priority=priority)


def in_stream(kept: Sequence[NextPlace], general: Sequence[NextPlace], *, start: int) -> list[NextPlace]:
    """Return the next places as one stream: at each position what is due by then, else the next of the general queue."""
    due, others = list(kept), [place for place in general if place.pair not in {one.pair for one in kept}]
    found: list[NextPlace] = []
    while len(found) < SHOWN and (due or others):
        position = start + len(found)
        if due and (due[0].position or 0) <= position:
            found.append(due.pop(0))
        elif others:
            found.append(NextPlace(**vars(others.pop(0)) | {"position": position}))
        else:
            break
    return found
