"""From a campaign's strategy, and from what labels have said so far, to the ranks of the places that wait: the order of the general queue, made anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db import transaction
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery, Window
from django.db.models.functions import Coalesce, RowNumber

from accounts import statements
from labeling import matchups, ranks
from labeling.matchups import Policies
from labeling.models import Campaign, Label, Slot
from labeling.ranks import PLACES_A_PAIR

CHUNK = 100
"""Places that are written, and so locked, at a time: some milliseconds, in which a lease passes over them."""

FEWEST_LABELS, SHARE_OF_LABELS = 20, 0.05
"""What is least certain is worked out anew after so many labels, or such a share of all labels that there were, whichever is more."""

RANKING = 7_400_214
"""Key of the advisory lock, beside the campaign's: one ranks a campaign at a time. It goes with the connection of a worker that dies."""

# No lock is waited for while others are held, so that nobody who locks several places can come to wait in a ring with this.
WRITE = """
WITH free AS (
    SELECT id FROM labeling_slot
    WHERE id = ANY(%(places)s) AND labeler_id IS NULL AND closed_at IS NULL AND reserved_for_id IS NULL
    ORDER BY id FOR NO KEY UPDATE {others}
)
UPDATE labeling_slot AS slot SET rank = wanted.rank, ranked_by = %(strategy)s
FROM free JOIN unnest(%(places)s::bigint[], %(ranks)s::bigint[]) AS wanted (id, rank) USING (id)
WHERE slot.id = free.id
RETURNING slot.id
"""
WRITE_MANY, WRITE_ONE = WRITE.format(others="SKIP LOCKED"), WRITE.format(others="")


@dataclass(frozen=True)
class Place:
    """A place that waits in the general queue. `ordinal` counts the places of its pair from 0, those first that are taken."""

    pk: int
    pair_id: int
    ordinal: int
    priority: int
    policy_a: int
    policy_b: int
    rank: int
    ranked_by: str


@dataclass(frozen=True)
class Order:
    """A strategy, as it stands at this moment."""

    strategy: str
    levels: dict[Policies, int]
    labels: int
    """Labels that counted when the levels were worked out."""

    def rank(self, place: Place) -> int:
        return ranks.rank(
            self.strategy,
            pair_id=place.pair_id,
            ordinal=min(place.ordinal, PLACES_A_PAIR - 1),
            priority=place.priority,
            level=self.levels.get((min(place.policy_a, place.policy_b), max(place.policy_a, place.policy_b)), 0),
        )

    def is_wrong(self, place: Place) -> bool:
        return place.ranked_by != self.strategy or place.rank != self.rank(place)


def rank_due(*, at: datetime) -> int:
    """Rank anew every campaign that is not closed and needs it. Returns how many."""
    campaigns = Campaign.objects.exclude(state__in=[Campaign.State.CLOSED, Campaign.State.ARCHIVED]).order_by("pk")
    return sum(rank_anew(campaign, at=at) is not None for campaign in campaigns if is_due(campaign))


def is_due(campaign: Campaign) -> bool:
    """Tell whether the places are to be ranked: they never were, or were not to the end, or by another strategy; or labels have come, or gone, since."""
    if campaign.ranked_at is None or campaign.ranked_as != campaign.strategy:
        return True
    enough = max(FEWEST_LABELS, SHARE_OF_LABELS * campaign.labels_when_ranked)
    return campaign.strategy == ranks.INFORMATIVE and abs(labels_of(campaign) - campaign.labels_when_ranked) >= enough


def labels_of(campaign: Campaign) -> int:
    return Label.objects.counting().filter(pair__campaign=campaign).count()


def rank_anew(campaign: Campaign, *, at: datetime) -> int | None:
    """Write the ranks of all places that wait in the general queue, as the campaign's strategy is now, and return how many were wrong.

    People lease and submit meanwhile: the ranks are written in chunks, each a transaction of its own, so not inside one of the caller's.
    At the end the campaign's epoch is raised, unless every rank was right, and labelers start over; until then they go on by ranks of which some are old,
    which is an order too. After a crash it is simply done again: what is written by then is right. None: somebody else is ranking the campaign.
    """
    with alone(campaign) as is_alone:
        return rank_places(campaign, order_of(campaign), at=at) if is_alone else None


@contextmanager
def alone(campaign: Campaign) -> Iterator[bool]:
    """Hold the campaign's ranking for as long as this lasts. False: somebody else does."""
    row = statements.one("SELECT pg_try_advisory_lock(%(ranking)s::int, %(campaign)s::int)", ranking=RANKING, campaign=campaign.pk)
    is_alone = row == (True,)
    try:
        yield is_alone
    finally:
        if is_alone:
            statements.one("SELECT pg_advisory_unlock(%(ranking)s::int, %(campaign)s::int)", ranking=RANKING, campaign=campaign.pk)


def order_of(campaign: Campaign) -> Order:
    """Return the order that the strategy means now. Labels are counted before they are read: one that comes in between counts as new."""
    strategy, labels = Campaign.objects.values_list("strategy", flat=True).get(pk=campaign.pk), labels_of(campaign)
    found = matchups.matchups_of(campaign) if strategy == ranks.INFORMATIVE else []
    return Order(strategy, {matchup.policies: matchup.level for matchup in found}, labels)


def rank_places(campaign: Campaign, order: Order, *, at: datetime) -> int:
    """Write what is wrong until nothing is. (Places may be made meanwhile, by the ranking that was.)"""
    written = 0
    while True:
        wrong = (place for place in queue_of(campaign) if order.is_wrong(place))
        while chunk := list(islice(wrong, CHUNK)):
            Campaign.objects.filter(pk=campaign.pk, ranked_at__isnull=False).update(
                ranked_at=None
            )  # if this is not ended, whoever does it again raises the epoch
            written += write(chunk, order)
        if conclude(campaign, order, at=at):
            return written


def queue_of(campaign: Campaign) -> Iterator[Place]:
    """Yield the places that wait, pair by pair, as they are at this moment. What is taken in the meantime is passed over when it is written."""
    of_pair = Slot.objects.counting().filter(pair=OuterRef("pair"), rubric_version=OuterRef("rubric_version"))
    taken = of_pair.filter(labeler__isnull=False).order_by().values("pair").annotate(n=Count("pk")).values("n")
    places = matchups.waiting(campaign).annotate(
        ordinal=Window(RowNumber(), partition_by=["pair", "rubric_version"], order_by="pk") - 1 + Coalesce(Subquery(taken, output_field=IntegerField()), 0),
    )
    sides = ("pair__response_a__policy", "pair__response_b__policy")
    rows = places.order_by("pair", "pk").values_list("pk", "pair", "ordinal", "pair__priority", *sides, "rank", "ranked_by")
    return (Place(*row) for row in rows.iterator(chunk_size=2000))


def write(places: Sequence[Place], order: Order) -> int:
    """Write the ranks of these, but for what was taken, and return how many. What others had locked, and may give back as it was, is waited for one by one."""
    written = write_ranks(WRITE_MANY, places, order)
    left = [place for place in places if place.pk not in written]
    return len(written) + sum(len(write_ranks(WRITE_ONE, [place], order)) for place in left)


def write_ranks(statement: str, places: Sequence[Place], order: Order) -> set[int]:
    """Run the statement, and return the places it wrote."""
    wanted = [order.rank(place) for place in places]
    return {pk for (pk,) in statements.every(statement, places=[place.pk for place in places], ranks=wanted, strategy=order.strategy)}


@transaction.atomic
def conclude(campaign: Campaign, order: Order, *, at: datetime) -> bool:
    """Note that the places are ranked, and have labelers start over if any rank was wrong. False: places were made meanwhile by the ranking that was.

    The campaign is held, as by whoever makes places, so that none is made between the last look and the note.
    """
    held = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    if ranked_otherwise(held, order).exists():
        return False
    held.rank_epoch += held.ranked_at is None or held.ranked_as != order.strategy
    held.ranked_as, held.ranked_at, held.labels_when_ranked = order.strategy, at, order.labels
    held.save(update_fields=["rank_epoch", "ranked_as", "ranked_at", "labels_when_ranked"])
    return True


def ranked_otherwise(campaign: Campaign, order: Order) -> QuerySet[Slot]:
    """Return what waits with a rank of another strategy. A place at the head, freed or made late, has none."""
    return matchups.waiting(campaign).filter(rank__gte=0).exclude(ranked_by=order.strategy)
