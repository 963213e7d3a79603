"""The queue: one ordered, indexed query that picks the place a labeler gets next. Its cost grows neither with the campaign nor with what they have done.

What a search looks at, in this order, until something is found:

1. what the labeler holds already: its lease is renewed;
2. places reserved for them that are due at their position in their own stream: gold, repeats, practice, pairs assigned by name;
3. the head of the queue: places that were freed, or made behind somebody's cursor, ranks below 0, ascending as they came;
4. the others, from the labeler's cursor on.

A search looks at a stretch of the head and of the others at most, so that none takes long. Where it finds nothing, `move_on` moves the cursors to the end of
what it looked at. Who has come to the end may begin again (`begin_again`): that finds what was locked by somebody else, or not yet committed, when the cursor
went by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts import statements
from accounts.models import User
from labeling.models import Assignment, Campaign
from labeling.models.assignment import opaque_key
from labeling.models.enrolment import BEFORE_EVERY_RANK

# A place of the general queue is passed over where the labeler has a place at its pair, gave the pair back, put it aside, or had it before them as an
# adjudicator, who knows that labelers differ and may have seen what they said. OFFSET 0 has each of these asked of one place at a time: else PostgreSQL
# may first read all that the labeler ever had. And where it goes by another wording than the campaign: it waits for a move to come by.
MAY_TAKE = """
      slot.rubric_version_id = %(rubric_version)s AND NOT EXISTS (
          SELECT FROM labeling_slot AS other
          WHERE other.pair_id = slot.pair_id AND other.labeler_id = %(labeler)s
            AND other.rubric_version_id = slot.rubric_version_id AND other.kind IN ('work', 'escalation') OFFSET 0)
      AND NOT EXISTS (SELECT FROM labeling_skip AS skip WHERE skip.pair_id = slot.pair_id AND skip.labeler_id = %(labeler)s OFFSET 0)
      AND NOT EXISTS (SELECT FROM labeling_adjudicationturn AS turn WHERE turn.pair_id = slot.pair_id AND turn.adjudicator_id = %(labeler)s OFFSET 0)
"""
NOT_PARKED = "NOT EXISTS (SELECT FROM labeling_parking AS parked WHERE parked.pair_id = slot.pair_id AND parked.labeler_id = %(labeler)s OFFSET 0)"
SUITS_STATE = "CASE (SELECT state FROM here) WHEN 'working' THEN slot.kind <> 'practice' WHEN 'practising' THEN slot.kind = 'practice' ELSE false END"
FREE_HERE = "slot.campaign_id = %(campaign)s AND slot.labeler_id IS NULL AND slot.closed_at IS NULL"

STRETCH = 1000
"""Places of a pool that one search looks at, at the head and behind it. That many that the labeler may not take cost a few milliseconds."""

# The head of the queue, and what is behind it: each begins where the labeler's cursor stands.
PARTS = """(
        SELECT part.* FROM here CROSS JOIN LATERAL (
            VALUES (true, here.head_rank, 0::bigint), (false, greatest(here.rank, -1), 9223372036854775807)) AS part (is_head, low, high)
        ORDER BY is_head DESC OFFSET 0
    ) AS part"""
# The next free places of a pool in the order they are served: an index scan that goes as far as it is asked to.
IN_ORDER = """(
            SELECT slot.id, slot.pair_id, slot.rubric_version_id, slot.rank FROM labeling_slot AS slot
            WHERE {free_here} AND slot.reserved_for_id IS NULL AND slot.pool = pools.pool AND slot.rank > part.low AND slot.rank < part.high
            ORDER BY slot.rank, slot.id
            LIMIT {stretch}
        ) AS slot"""

# SKIP LOCKED: two clients never wait for, or take, the same place.
LOCKED = """CROSS JOIN LATERAL (
            SELECT FROM labeling_slot AS place
            WHERE place.id = slot.id AND place.labeler_id IS NULL AND place.closed_at IS NULL AND place.rubric_version_id = %(rubric_version)s
            FOR NO KEY UPDATE SKIP LOCKED
        ) AS locked"""
# One pool after the other, each by its own part of the index.
IN_POOLS = """
    SELECT slot.id FROM {parts}
    CROSS JOIN LATERAL (
        SELECT slot.id FROM unnest(%(pools)s::text[]) AS pools (pool)
        CROSS JOIN LATERAL (
            SELECT slot.id, slot.rank FROM {in_order} {locked}
            WHERE {may_take} AND {not_parked}
            ORDER BY slot.rank, slot.id
            LIMIT 1
        ) AS slot
        ORDER BY slot.rank, slot.id
        LIMIT 1
    ) AS slot
    WHERE %(open)s AND (SELECT state FROM here) = 'working' AND NOT EXISTS (SELECT FROM held) AND NOT EXISTS (SELECT FROM reserved)
    ORDER BY part.is_head DESC
    LIMIT 1
"""
# Nobody is here who has not acknowledged the campaign's wording: nothing is handed out to them, nor shown again.
HERE = """
WITH here AS (
    SELECT state, served, head_seen, head_seen_at,
           CASE WHEN epoch = %(epoch)s THEN rank ELSE %(start)s END AS rank,
           CASE WHEN epoch = %(epoch)s THEN head_rank ELSE %(start)s END AS head_rank
    FROM labeling_enrolment WHERE campaign_id = %(campaign)s AND labeler_id = %(labeler)s AND rubric_version_id = %(rubric_version)s
)"""
HELD = """, held AS (
    UPDATE labeling_slot SET lease_ends_at = %(ends)s
    WHERE labeler_id = %(labeler)s AND closed_at IS NULL AND EXISTS (SELECT FROM here) AND id = (
        SELECT id FROM labeling_slot
        WHERE labeler_id = %(labeler)s AND campaign_id = %(campaign)s AND closed_at IS NULL AND rubric_version_id = %(rubric_version)s
        ORDER BY id LIMIT 1)
    RETURNING lease
)"""
# Who took a place behind the head has seen all of it, as far as one search looks: the cursor goes on to the last place there, and past all that was there a
# minute ago, even where nothing is left of it. Else each search would walk over what is left of those places in the index, until a vacuum removes it.
# A minute, since a rank is given before its transaction is committed.
HEAD_PASSED = """
    SELECT coalesce(
        min(stretch.last) FILTER (WHERE stretch.places = {stretch}),
        greatest(max(stretch.last), CASE WHEN here.head_seen_at <= %(at)s - interval '1 minute' THEN here.head_seen END))
    FROM unnest(%(pools)s::text[]) AS pools (pool) CROSS JOIN (SELECT here.head_rank AS low, 0::bigint AS high OFFSET 0) AS part
    CROSS JOIN LATERAL (SELECT max(slot.rank) AS last, count(*) AS places FROM {in_order}) AS stretch
"""
# The place is looked up by its key, not joined: PostgreSQL may take a table that was empty when it last counted for an empty one, and walk through all of it.
TAKE = """, leased AS (
    UPDATE labeling_slot AS slot SET labeler_id = %(labeler)s, lease = %(key)s, lease_ends_at = %(ends)s
    WHERE slot.id = (SELECT id FROM picked LIMIT 1)
    RETURNING slot.id, slot.pair_id, slot.rubric_version_id, slot.left_is_a, slot.rank, slot.reserved_for_id,
              slot.reserved_for_id IS NULL AND slot.rank < 0 AS at_head, slot.reserved_for_id IS NULL AND slot.rank >= 0 AS behind_head
), moved AS (
    UPDATE labeling_enrolment AS enrolment SET
        served = enrolment.served + 1,
        rank = CASE WHEN leased.behind_head THEN greatest(here.rank, leased.rank) ELSE here.rank END,
        head_rank = greatest(here.head_rank, CASE WHEN leased.at_head THEN leased.rank WHEN leased.behind_head THEN ({head_passed}) END),
        head_seen = CASE WHEN is_due THEN (SELECT last_value - (NOT is_called)::int FROM labeling_head_rank) ELSE enrolment.head_seen END,
        head_seen_at = CASE WHEN is_due THEN %(at)s ELSE enrolment.head_seen_at END,
        epoch = %(epoch)s,
        searched_at = NULL
    FROM leased, here CROSS JOIN LATERAL (
        SELECT here.head_seen_at IS NULL OR here.head_seen_at <= %(at)s - interval '1 minute' AS is_due
    ) AS head WHERE enrolment.campaign_id = %(campaign)s AND enrolment.labeler_id = %(labeler)s
    RETURNING enrolment.served, enrolment.planned
), made AS (
    INSERT INTO labeling_assignment (key, slot_id, pair_id, labeler_id, rubric_version_id, left_is_a, leased_at)
    SELECT %(key)s, id, pair_id, %(labeler)s, rubric_version_id, left_is_a, %(at)s FROM leased
    RETURNING *
)
SELECT {columns}, moved.served, moved.planned FROM made AS assignment, moved
UNION ALL
SELECT {columns}, NULL, NULL FROM held JOIN labeling_assignment AS assignment ON assignment.key = held.lease
"""
# Practice comes alone, before work; a check that is due comes before all other work. A pair that was assigned by name at the moment in which its labeler took
# another place of it is passed over, until the sweep gives it back.
SEARCH = (
    HERE  # noqa: S608 - its parts stand above
    + HELD
    + """, reserved AS (
    SELECT slot.id FROM labeling_slot AS slot
    WHERE %(open)s AND NOT EXISTS (SELECT FROM held) AND {free_here} AND slot.reserved_for_id = %(labeler)s
      AND slot.rank <= (SELECT served FROM here) AND slot.rubric_version_id = %(rubric_version)s
      AND {suits_state}
      AND {not_parked}
      AND (slot.kind NOT IN ('work', 'escalation') OR {may_take})
    ORDER BY slot.rank, slot.id
    LIMIT 1
    FOR NO KEY UPDATE SKIP LOCKED
), next AS ("""
    + IN_POOLS
    + """), picked AS (
    SELECT id FROM reserved UNION ALL SELECT id FROM next
)"""
    + TAKE
)
# What the labeler put aside, the longest ago first, where a place for it is still free.
PARKED = (
    HERE  # noqa: S608
    + HELD
    + """, picked AS (
    SELECT slot.id FROM (
        SELECT pair_id, max(at) AS at FROM labeling_parking WHERE labeler_id = %(labeler)s GROUP BY pair_id ORDER BY max(at), pair_id OFFSET 0
    ) AS aside
    CROSS JOIN LATERAL (
        SELECT slot.id FROM (SELECT * FROM labeling_slot WHERE pair_id = aside.pair_id OFFSET 0) AS slot {locked}
        WHERE {free_here} AND slot.pool = ANY(%(pools)s::text[]) AND {suits_state}
          AND (slot.reserved_for_id = %(labeler)s OR slot.reserved_for_id IS NULL) AND (slot.kind NOT IN ('work', 'escalation') OR {may_take})
        LIMIT 1
    ) AS slot
    WHERE %(open)s AND NOT EXISTS (SELECT FROM held)
    ORDER BY aside.at, aside.pair_id
    LIMIT 1
)"""
    + TAKE
)
# After a search that found nothing: up to where that is so, in both parts of the queue. Not past a place that the labeler may take: somebody has it locked.
MOVE_ON = (
    HERE  # noqa: S608
    + """, seen AS MATERIALIZED (
    SELECT part.is_head, pools.pool, slot.rank, {may_take} AND {not_parked} AS is_locked
    FROM {parts} CROSS JOIN unnest(%(pools)s::text[]) AS pools (pool) CROSS JOIN LATERAL {in_order}
), stretches AS (
    SELECT is_head, max(rank) AS last, min(rank) FILTER (WHERE is_locked) AS locked, count(*) = {stretch} AS is_cut FROM seen GROUP BY is_head, pool
), ends AS (
    SELECT is_head, coalesce(least(min(locked) - 1, min(last) FILTER (WHERE is_cut)), max(last)) AS rank FROM stretches GROUP BY is_head
), cursors AS (
    SELECT coalesce((SELECT ends.rank FROM ends WHERE is_head), here.head_rank) AS head_rank,
           coalesce((SELECT ends.rank FROM ends WHERE NOT is_head), here.rank) AS rank FROM here
), moved AS (
    UPDATE labeling_enrolment AS enrolment SET head_rank = cursors.head_rank, rank = cursors.rank, epoch = %(epoch)s
    FROM cursors WHERE enrolment.campaign_id = %(campaign)s AND enrolment.labeler_id = %(labeler)s
      AND (enrolment.head_rank, enrolment.rank, enrolment.epoch) IS DISTINCT FROM (cursors.head_rank, cursors.rank, %(epoch)s)
)
SELECT count(locked) > 0, coalesce(bool_or(is_cut), false) FROM stretches"""
)
BEGIN_AGAIN = """
UPDATE labeling_enrolment SET rank = %(start)s, head_rank = %(start)s, searched_at = %(at)s WHERE campaign_id = %(campaign)s AND labeler_id = %(labeler)s
"""


def filled(statement: str) -> str:
    parts = {"{head_passed}": HEAD_PASSED, "{parts}": PARTS, "{in_order}": IN_ORDER, "{locked}": LOCKED, "{stretch}": str(STRETCH)}
    parts |= {"{free_here}": FREE_HERE, "{suits_state}": SUITS_STATE, "{may_take}": MAY_TAKE, "{not_parked}": NOT_PARKED}
    parts |= {"{columns}": statements.columns(Assignment, "assignment")}
    for name, part in parts.items():
        statement = statement.replace(name, part)
    return statement


SEARCH, PARKED, MOVE_ON = map(filled, (SEARCH, PARKED, MOVE_ON))
SKILLS = "SELECT name FROM labeling_skill WHERE campaign_id = %(campaign)s AND labeler_id = %(labeler)s ORDER BY name"


@dataclass(frozen=True)
class Found:
    """An assignment, and where in the labeler's stream it stands. Both None: they had it before."""

    assignment: Assignment
    served: int | None
    planned: int | None


@dataclass(frozen=True)
class Ahead:
    """What a search that found nothing left ahead of it."""

    is_locked: bool
    """Somebody has a place locked that the labeler may take: it is being leased, or looked at."""
    goes_on: bool
    """There are places behind those that were looked at."""


def search(campaign: Campaign, labeler: User, *, ends: datetime, at: datetime, pools: Sequence[str]) -> Found | None:
    """Lease the next place for the labeler, until `ends`; None: none that was not locked is among the next `STRETCH` of a pool.

    They are enrolled, and have acknowledged the wording that the campaign has.
    """
    return run(SEARCH, campaign, labeler, ends=ends, at=at, pools=pools)


def move_on(campaign: Campaign, labeler: User, *, pools: Sequence[str]) -> Ahead:
    """Move the labeler's cursors to the end of what a search has just found nothing in."""
    row = statements.one(
        MOVE_ON,
        campaign=campaign.pk,
        rubric_version=campaign.rubric_version_id,
        labeler=labeler.pk,
        pools=list(pools),
        epoch=campaign.rank_epoch,
        start=BEFORE_EVERY_RANK,
    )
    return Ahead(*row) if row else Ahead(is_locked=False, goes_on=False)


def begin_again(campaign: Campaign, labeler: User, *, at: datetime) -> None:
    """Have the labeler's next search look at the queue from its start."""
    statements.run(BEGIN_AGAIN, campaign=campaign.pk, labeler=labeler.pk, start=BEFORE_EVERY_RANK, at=at)


def search_held(campaign: Campaign, labeler: User, *, ends: datetime, at: datetime) -> Found | None:
    """Renew the lease of what the labeler has on the screen, and hand out nothing new."""
    return run(SEARCH, campaign, labeler, ends=ends, at=at, pools=[""], hands_out=False)


def search_parked(campaign: Campaign, labeler: User, *, ends: datetime, at: datetime, pools: Sequence[str]) -> Found | None:
    """Lease what the labeler put aside."""
    return run(PARKED, campaign, labeler, ends=ends, at=at, pools=pools)


def run(statement: str, campaign: Campaign, labeler: User, *, ends: datetime, at: datetime, pools: Sequence[str], hands_out: bool = True) -> Found | None:
    row = statements.one(
        statement,
        campaign=campaign.pk,
        rubric_version=campaign.rubric_version_id,
        open=hands_out and campaign.state == Campaign.State.OPEN,
        labeler=labeler.pk,
        pools=list(pools),
        epoch=campaign.rank_epoch,
        start=BEFORE_EVERY_RANK,
        key=opaque_key(),
        ends=ends,
        at=at,
    )
    if row is None:
        return None
    assignment = statements.instance(Assignment, row[:-2])
    assignment.labeler = labeler
    return Found(assignment, *row[-2:])


def pools_of(campaign: Campaign, labeler: User) -> list[str]:
    """Return the pools that the labeler is served from: what anybody may take and, where the campaign goes by skill, what asks for theirs."""
    if not campaign.eligible_by:
        return [""]
    return ["", *(name for (name,) in statements.every(SKILLS, campaign=campaign.pk, labeler=labeler.pk))]
