"""The queue: one ordered, indexed query that picks the place a labeler gets next. Its cost grows neither with the campaign nor with what they have done.

What a search looks at, in this order, until something is found:

1. what the labeler holds already: its lease is renewed;
2. places reserved for them that are due at their position in their own stream: gold, repeats, practice, pairs assigned by name;
3. the head of the queue: places that were freed, or made behind somebody's cursor, ranks below 0, ascending as they came;
4. the others, from the labeler's cursor on.

A search from the start (`from_start`) passes no cursor; it finds what was locked by somebody else, or not yet committed, when the cursor went by.
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
# may first read all that the labeler ever had.
MAY_TAKE = """
      NOT EXISTS (
          SELECT FROM labeling_slot AS other
          WHERE other.pair_id = slot.pair_id AND other.labeler_id = %(labeler)s
            AND other.rubric_version_id = slot.rubric_version_id AND other.kind IN ('work', 'escalation') OFFSET 0)
      AND NOT EXISTS (SELECT FROM labeling_skip AS skip WHERE skip.pair_id = slot.pair_id AND skip.labeler_id = %(labeler)s OFFSET 0)
      AND NOT EXISTS (SELECT FROM labeling_adjudicationturn AS turn WHERE turn.pair_id = slot.pair_id AND turn.adjudicator_id = %(labeler)s OFFSET 0)
"""
NOT_PARKED = "NOT EXISTS (SELECT FROM labeling_parking AS parked WHERE parked.pair_id = slot.pair_id AND parked.labeler_id = %(labeler)s OFFSET 0)"
SUITS_STATE = "CASE (SELECT state FROM here) WHEN 'working' THEN slot.kind <> 'practice' WHEN 'practising' THEN slot.kind = 'practice' ELSE false END"
FREE_HERE = "slot.campaign_id = %(campaign)s AND slot.labeler_id IS NULL AND slot.closed_at IS NULL"

# One pool after the other, each by its own stretch of the index: an index scan that stops at the first place, however many there are.
# SKIP LOCKED: two clients never wait for, or take, the same place.
IN_POOLS = """
    SELECT slot.id FROM unnest(%(pools)s::text[]) AS pools (pool)
    CROSS JOIN LATERAL (
        SELECT slot.id, slot.rank FROM labeling_slot AS slot
        WHERE {free_here} AND slot.reserved_for_id IS NULL AND slot.pool = pools.pool AND {between}
          AND {may_take} AND {not_parked}
        ORDER BY slot.rank, slot.id
        LIMIT 1
        FOR NO KEY UPDATE SKIP LOCKED
    ) AS slot
    WHERE %(open)s AND (SELECT state FROM here) = 'working' AND NOT EXISTS (SELECT FROM held) AND NOT EXISTS (SELECT FROM reserved){unless}
    ORDER BY slot.rank, slot.id
    LIMIT 1
"""
HERE_AND_HELD = """
WITH here AS (
    SELECT state, served,
           CASE WHEN epoch = %(epoch)s AND NOT %(from_start)s THEN rank ELSE %(start)s END AS rank,
           CASE WHEN epoch = %(epoch)s AND NOT %(from_start)s THEN head_rank ELSE %(start)s END AS head_rank
    FROM labeling_enrolment WHERE campaign_id = %(campaign)s AND labeler_id = %(labeler)s
), held AS (
    UPDATE labeling_slot SET lease_ends_at = %(ends)s
    WHERE labeler_id = %(labeler)s AND closed_at IS NULL AND id = (
        SELECT id FROM labeling_slot WHERE labeler_id = %(labeler)s AND campaign_id = %(campaign)s AND closed_at IS NULL ORDER BY id LIMIT 1)
    RETURNING lease
)"""
TAKE = """, leased AS (
    UPDATE labeling_slot AS slot SET labeler_id = %(labeler)s, lease = %(key)s, lease_ends_at = %(ends)s
    FROM picked WHERE slot.id = picked.id
    RETURNING slot.id, slot.pair_id, slot.rubric_version_id, slot.left_is_a, slot.rank, slot.reserved_for_id
), moved AS (
    UPDATE labeling_enrolment AS enrolment SET
        served = enrolment.served + 1,
        rank = CASE WHEN leased.reserved_for_id IS NULL AND leased.rank >= 0 THEN leased.rank ELSE here.rank END,
        head_rank = CASE
            WHEN leased.reserved_for_id IS NOT NULL THEN here.head_rank
            WHEN leased.rank < 0 THEN leased.rank
            ELSE greatest(here.head_rank, (SELECT max(last.rank) FROM unnest(%(pools)s::text[]) AS pools (pool) CROSS JOIN LATERAL (
                SELECT slot.rank FROM labeling_slot AS slot
                WHERE {free_here} AND slot.reserved_for_id IS NULL AND slot.pool = pools.pool AND slot.rank < 0
                ORDER BY slot.rank DESC, slot.id DESC LIMIT 1) AS last)) END,
        epoch = %(epoch)s,
        searched_at = NULL
    FROM leased, here WHERE enrolment.campaign_id = %(campaign)s AND enrolment.labeler_id = %(labeler)s
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
# Practice comes alone, before work; a check that is due comes before all other work.
SEARCH = (
    HERE_AND_HELD  # noqa: S608 - its parts stand above
    + """, reserved AS (
    SELECT slot.id FROM labeling_slot AS slot
    WHERE %(open)s AND NOT EXISTS (SELECT FROM held) AND {free_here} AND slot.reserved_for_id = %(labeler)s
      AND slot.rank <= (SELECT served FROM here)
      AND {suits_state}
      AND {not_parked}
    ORDER BY slot.rank, slot.id
    LIMIT 1
    FOR NO KEY UPDATE SKIP LOCKED
), head AS ("""
    + IN_POOLS.replace("{between}", "slot.rank > (SELECT head_rank FROM here) AND slot.rank < 0").replace("{unless}", "")
    + "), rest AS ("
    + IN_POOLS.replace("{between}", "slot.rank > greatest((SELECT rank FROM here), -1)").replace("{unless}", " AND NOT EXISTS (SELECT FROM head)")
    + """), picked AS (
    SELECT id FROM reserved UNION ALL SELECT id FROM head UNION ALL SELECT id FROM rest
)"""
    + TAKE
)
# What the labeler put aside, the longest ago first, where a place for it is still free.
PARKED = (
    HERE_AND_HELD  # noqa: S608
    + """, aside AS MATERIALIZED (
    SELECT pair_id, max(at) AS at FROM labeling_parking WHERE labeler_id = %(labeler)s GROUP BY pair_id
), picked AS (
    SELECT slot.id FROM aside JOIN labeling_slot AS slot ON slot.pair_id = aside.pair_id
    WHERE %(open)s AND {suits_state} AND NOT EXISTS (SELECT FROM held)
      AND {free_here} AND slot.pool = ANY(%(pools)s::text[])
      AND (slot.reserved_for_id = %(labeler)s OR slot.reserved_for_id IS NULL AND {may_take})
    ORDER BY aside.at, slot.id
    LIMIT 1
    FOR NO KEY UPDATE OF slot SKIP LOCKED
)"""
    + TAKE
)
IS_SOMETHING_LEFT = """
SELECT EXISTS (
    SELECT FROM labeling_slot AS slot
    WHERE {free_here} AND slot.reserved_for_id IS NULL AND slot.pool = ANY(%(pools)s::text[]) AND {may_take} AND {not_parked}
)"""


def filled(statement: str) -> str:
    parts = {"{free_here}": FREE_HERE, "{suits_state}": SUITS_STATE, "{may_take}": MAY_TAKE, "{not_parked}": NOT_PARKED}
    parts |= {"{columns}": statements.columns(Assignment, "assignment")}
    for name, part in parts.items():
        statement = statement.replace(name, part)
    return statement


SEARCH, PARKED, IS_SOMETHING_LEFT = map(filled, (SEARCH, PARKED, IS_SOMETHING_LEFT))
SKILLS = "SELECT name FROM labeling_skill WHERE campaign_id = %(campaign)s AND labeler_id = %(labeler)s ORDER BY name"


@dataclass(frozen=True)
class Found:
    """An assignment, and where in the labeler's stream it stands. Both None: they had it before."""

    assignment: Assignment
    served: int | None
    planned: int | None


def search(campaign: Campaign, labeler: User, *, ends: datetime, at: datetime, pools: Sequence[str], from_start: bool = False) -> Found | None:
    """Lease the next place for the labeler, until `ends`; None: nothing was found that was not locked. They are enrolled."""
    return run(SEARCH, campaign, labeler, ends=ends, at=at, pools=pools, from_start=from_start)


def search_held(campaign: Campaign, labeler: User, *, ends: datetime, at: datetime) -> Found | None:
    """Renew the lease of what the labeler has on the screen, and hand out nothing new."""
    return run(SEARCH, campaign, labeler, ends=ends, at=at, pools=[""], from_start=False, hands_out=False)


def search_parked(campaign: Campaign, labeler: User, *, ends: datetime, at: datetime, pools: Sequence[str]) -> Found | None:
    """Lease what the labeler put aside."""
    return run(PARKED, campaign, labeler, ends=ends, at=at, pools=pools, from_start=False)


def run(
    statement: str, campaign: Campaign, labeler: User, *, ends: datetime, at: datetime, pools: Sequence[str], from_start: bool, hands_out: bool = True
) -> Found | None:
    row = statements.one(
        statement,
        campaign=campaign.pk,
        open=hands_out and campaign.state == Campaign.State.OPEN,
        labeler=labeler.pk,
        pools=list(pools),
        epoch=campaign.rank_epoch,
        from_start=from_start,
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


def is_something_left(campaign: Campaign, labeler: User, *, pools: Sequence[str]) -> bool:
    """Tell whether the labeler could take a place that is free, even if somebody has it locked. Reads all that they could not take: not for every request."""
    row = statements.one(IS_SOMETHING_LEFT, campaign=campaign.pk, labeler=labeler.pk, pools=list(pools))
    return bool(row and row[0])


def pools_of(campaign: Campaign, labeler: User) -> list[str]:
    """Return the pools that the labeler is served from: what anybody may take and, where the campaign goes by skill, what asks for theirs."""
    if not campaign.eligible_by:
        return [""]
    return ["", *(name for (name,) in statements.every(SKILLS, campaign=campaign.pk, labeler=labeler.pk))]
