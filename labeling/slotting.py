"""From pairs to their places: slots, with the sides drawn and balanced, and the rank at which each is served; and how a place comes back to the queue."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Max, prefetch_related_objects

from accounts import statements
from labeling.models import COUNTING, Campaign, Enrolment, Pair, Slot
from labeling.ranks import PLACES_A_PAIR, rank

Sides = tuple[int, int]
"""How many places show A on the left, and how many B."""

draw = secrets.SystemRandom()

LONGEST_POOL = 60
HEAD_RANKS = "SELECT nextval('labeling_head_rank') FROM generate_series(1, %(number)s)"
# By the lease, which says that the place is still on the screen it was on; in a fixed order, passing over what somebody is submitting at the moment.
FREE = """
WITH given_back AS (
    SELECT id, lease FROM labeling_slot WHERE lease IS NOT NULL AND lease = ANY(%(leases)s::uuid[]) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
), freed AS (
    UPDATE labeling_slot AS slot SET
        labeler_id = NULL, lease = NULL, lease_ends_at = NULL,
        rank = CASE WHEN reserved_for_id IS NULL THEN nextval('labeling_head_rank') ELSE rank END,
        ranked_by = CASE WHEN reserved_for_id IS NULL THEN '' ELSE ranked_by END
    FROM given_back
    WHERE slot.id = given_back.id AND slot.lease = given_back.lease AND (%(lapsed_at)s::timestamptz IS NULL OR slot.lease_ends_at < %(lapsed_at)s)
    RETURNING slot.id
)
SELECT count(*) FROM freed
"""


def planned(pair: Pair, campaign: Campaign) -> int:
    """Return how many work places the pair is to have: k within the overlap share, else one."""
    return campaign.overlap if pair.lot < campaign.overlap_share * 100 else 1


def planned_share(pair: Pair, campaign: Campaign, *, ordinal: int) -> int:
    """Return the percent of pairs that get a place of this number, counted from 0: every pair has a first."""
    return 100 if ordinal == 0 else campaign.overlap_share


def pool_of(pair: Pair, campaign: Campaign) -> str:
    """Return the skill that a pair asks for, by a slice of its prompt; empty: none."""
    return str(pair.prompt.slices.get(campaign.eligible_by, ""))[:LONGEST_POOL] if campaign.eligible_by else ""


def make_slots(pairs: Iterable[Pair], campaign: Campaign) -> int:
    """Give each new pair its work places, and return how many were made."""
    pairs = list(pairs)
    if campaign.eligible_by:
        prefetch_related_objects(pairs, "prompt")
    return store([slot for pair in pairs for slot in slots_for(pair, campaign, places=planned(pair, campaign))], campaign)


def slots_for(pair: Pair, campaign: Campaign, *, places: int, kind: str = Slot.Kind.WORK, ordinal: int = 0, sides: Sides = (0, 0)) -> list[Slot]:
    """Return further places of a pair, not stored. `ordinal` is how many it has had, `sides` what they show."""
    return [
        Slot(
            campaign_id=pair.campaign_id,
            pair_id=pair.pk,
            rubric_version_id=pair.rubric_version_id,
            kind=kind,
            pool=pool_of(pair, campaign),
            rank=rank(campaign.strategy, pair_id=pair.pk, ordinal=min(number, PLACES_A_PAIR - 1), priority=pair.priority),
            ranked_by=campaign.strategy,
            planned_share=planned_share(pair, campaign, ordinal=number),
            left_is_a=left_is_a,
        )
        for number, left_is_a in enumerate(drawn_sides(places, sides=sides), start=ordinal)
    ]


def store(slots: Sequence[Slot], campaign: Campaign) -> int:
    """Store new places, and return how many. One that lies behind a labeler's cursor would be passed over: it comes at the head."""
    passed = Enrolment.objects.filter(campaign=campaign, epoch=campaign.rank_epoch).aggregate(rank=Max("rank"))["rank"]
    to_head([slot for slot in slots if passed is not None and 0 <= slot.rank <= passed and not slot.reserved_for_id])
    return len(Slot.objects.bulk_create(slots, batch_size=2000))


def to_head(slots: Sequence[Slot]) -> None:
    """Rank places, not stored, at the head of the queue, in their order."""
    for slot, head_rank in zip(slots, head_ranks(len(slots)), strict=True):
        slot.rank, slot.ranked_by = head_rank, ""


def head_ranks(number: int) -> list[int]:
    """Return so many ranks at the head of the queue: below 0, each behind all that were given before."""
    return [value for (value,) in statements.every(HEAD_RANKS, number=number)] if number else []


def free(leases: Sequence[UUID | None], *, lapsed_at: datetime | None = None) -> int:
    """Take these leases from their holders, and return how many. With `lapsed_at` only those that have run out by then.

    A freed place of the general queue comes at its head, where every cursor finds it; a reserved one stays reserved, at its position.
    """
    row = statements.one(FREE, leases=list(leases), lapsed_at=lapsed_at) if leases else None
    return int(row[0]) if row else 0


def reopen(slots: Sequence[Slot], campaign: Campaign) -> list[Slot]:
    """Return a new place, not stored, for each whose label is gone: as it was, and at the head of the queue. Who was there has had their turn."""
    fresh = [
        Slot(
            **{name: getattr(slot, name) for name in ("campaign_id", "pair_id", "rubric_version_id", "kind", "planned_share", "left_is_a")},
            pool=pool_of(slot.pair, campaign) if campaign.eligible_by else "",
            rank=-1,
        )
        for slot in slots
        if slot.kind in COUNTING
    ]
    to_head(fresh)
    return fresh


def escalate(pair: Pair, campaign: Campaign) -> Slot | None:
    """Open a further place at a contested pair, at the head of the queue; None: it has had as many as the campaign allows. The pair is locked."""
    counted = Slot.objects.filter(pair=pair, rubric_version=pair.rubric_version_id, kind__in=COUNTING)
    counted = counted.exclude(closed_at__isnull=False, labeler=None).exclude(labels__is_retraction=True)
    sides = list(counted.values_list("kind", "left_is_a", "pool"))
    if sum(kind == Slot.Kind.ESCALATION for kind, _, _ in sides) >= campaign.escalation_bound or not sides:
        return None
    a_left = sum(left_is_a for _, left_is_a, _ in sides)
    slot = Slot(
        campaign_id=pair.campaign_id,
        pair_id=pair.pk,
        rubric_version_id=pair.rubric_version_id,
        kind=Slot.Kind.ESCALATION,
        pool=pool_of(pair, campaign),
        left_is_a=drawn_sides(1, sides=(a_left, len(sides) - a_left))[0],
    )
    to_head([slot])
    slot.save(force_insert=True)
    return slot


def drawn_sides(places: int, *, sides: Sides = (0, 0)) -> list[bool]:
    """Draw for each place whether A stands on the left, so that both sides come up equally often over these and the earlier places.

    What an odd number leaves over is drawn, and so is the order: no place says anything of another that a labeler could use.
    """
    a_left, b_left = sides
    drawn: list[bool] = []
    for _ in range(places):
        a_is_rarer = a_left < b_left or (a_left == b_left and draw.random() < 0.5)
        drawn.append(a_is_rarer)
        a_left, b_left = a_left + a_is_rarer, b_left + (not a_is_rarer)
    draw.shuffle(drawn)
    return drawn
