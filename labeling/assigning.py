"""From free slots to assignments: which pair a labeler sees next, on which sides, until when."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from accounts import statements
from accounts.models import User
from labeling.models import Assignment, Campaign, Label, Skip, Slot
from labeling.models.assignment import opaque_key

# What the labeler holds, its lease renewed; else one ordered walk over the partial index on free slots, from the labeler's cursor on. A slot
# is passed over where the labeler has a place at its pair, gave the pair back, or had it before them as an adjudicator, who knows that labelers differ and
# may have seen what they said; a check reserved for them (gold, repeat) is theirs all the same. OFFSET 0 has each of these asked of one slot at a time:
# else PostgreSQL may first read all that the labeler ever had. SKIP LOCKED: two clients never wait for, or take, the same slot.
NEXT = """
WITH held AS (
    UPDATE labeling_slot SET lease_ends_at = %(ends)s
    WHERE labeler_id = %(labeler)s AND closed_at IS NULL AND id = (
        SELECT id FROM labeling_slot WHERE labeler_id = %(labeler)s AND campaign_id = %(campaign)s AND closed_at IS NULL ORDER BY id LIMIT 1)
    RETURNING lease
), here AS (
    SELECT coalesce((SELECT rank FROM labeling_cursor WHERE campaign_id = %(campaign)s AND labeler_id = %(labeler)s AND epoch = %(epoch)s), %(start)s) AS rank
), picked AS (
    SELECT slot.id FROM labeling_slot AS slot
    WHERE %(open)s AND NOT EXISTS (SELECT FROM held)
      AND slot.campaign_id = %(campaign)s AND slot.labeler_id IS NULL AND slot.closed_at IS NULL
      AND slot.rank {from_cursor} (SELECT rank FROM here)
      AND (slot.reserved_for_id IS NULL OR slot.reserved_for_id = %(labeler)s)
      AND NOT EXISTS (
          SELECT FROM labeling_slot AS other
          WHERE slot.reserved_for_id IS NULL AND other.pair_id = slot.pair_id AND other.labeler_id = %(labeler)s
            AND other.rubric_version_id = slot.rubric_version_id AND other.kind IN ('work', 'escalation') OFFSET 0)
      AND NOT EXISTS (
          SELECT FROM labeling_skip AS skip
          WHERE slot.reserved_for_id IS NULL AND skip.pair_id = slot.pair_id AND skip.labeler_id = %(labeler)s OFFSET 0)
      AND NOT EXISTS (
          SELECT FROM labeling_adjudicationturn AS turn
          WHERE slot.reserved_for_id IS NULL AND turn.pair_id = slot.pair_id AND turn.adjudicator_id = %(labeler)s OFFSET 0)
    ORDER BY slot.rank, slot.id
    LIMIT 1
    FOR NO KEY UPDATE SKIP LOCKED
), leased AS (
    UPDATE labeling_slot AS slot SET labeler_id = %(labeler)s, lease = %(key)s, lease_ends_at = %(ends)s
    FROM picked WHERE slot.id = picked.id
    RETURNING slot.id, slot.pair_id, slot.rubric_version_id, slot.left_is_a, slot.rank
), moved AS (
    INSERT INTO labeling_cursor (campaign_id, labeler_id, rank, epoch)
    SELECT %(campaign)s, %(labeler)s, rank, %(epoch)s FROM leased
    ON CONFLICT (campaign_id, labeler_id) DO UPDATE SET rank = excluded.rank, epoch = excluded.epoch
), made AS (
    INSERT INTO labeling_assignment (key, slot_id, pair_id, labeler_id, rubric_version_id, left_is_a, leased_at)
    SELECT %(key)s, id, pair_id, %(labeler)s, rubric_version_id, left_is_a, %(at)s FROM leased
    RETURNING *
)
SELECT {columns} FROM made AS assignment
UNION ALL
SELECT {columns} FROM held JOIN labeling_assignment AS assignment ON assignment.key = held.lease
"""
AFTER_CURSOR, UP_TO_CURSOR = (NEXT.format(from_cursor=sign, columns=statements.columns(Assignment, "assignment")) for sign in (">", "<="))
BEFORE_EVERY_RANK = -(2**63)


def next_for(campaign: Campaign, labeler: User, *, at: datetime) -> Assignment | None:
    """Return what the labeler has on the screen, or lease the next pair for them; None: nothing is left for them.

    A reload therefore shows the same pair on the same sides. A paused or closed campaign hands out nothing new.
    Two windows of one labeler that ask at the same moment may reach for two places at one pair; the unique index refuses
    the second, which then gets what the first got. Where they got two pairs, a reload shows the same one of them each time.
    """
    try:
        return walk(campaign, labeler, at=at)
    except IntegrityError:
        return walk(campaign, labeler, at=at)


def walk(campaign: Campaign, labeler: User, *, at: datetime) -> Assignment | None:
    """Go from the labeler's cursor to the end, then once more from the start."""
    for statement in (AFTER_CURSOR, UP_TO_CURSOR):
        row = statements.one(
            statement,
            campaign=campaign.pk,
            open=campaign.state == Campaign.State.OPEN,
            labeler=labeler.pk,
            epoch=campaign.rank_epoch,
            start=BEFORE_EVERY_RANK,
            key=opaque_key(),
            ends=lease_end(campaign, at=at),
            at=at,
        )
        if row:
            assignment = statements.instance(Assignment, row)
            assignment.labeler = labeler
            return assignment
    return None


def lease_end(campaign: Campaign, *, at: datetime) -> datetime:
    return at + timedelta(minutes=campaign.lease_minutes)


def return_expired(*, at: datetime) -> int:
    """Free every slot whose lease has run out or whose labeler's account was closed, and return how many. People who vanish hold nothing.

    The second is asked in two steps: an UPDATE through a join would not look again at a slot that a submission closed while it waited.
    """
    free = {"labeler": None, "lease": None, "lease_ends_at": None}
    gone = list(Slot.objects.held().filter(labeler__is_active=False).values_list("labeler", flat=True).distinct())
    return Slot.objects.expired(at=at).update(**free) + Slot.objects.held().filter(labeler__in=gone).update(**free)


@transaction.atomic
def skip(*, assignment: Assignment, reason: str, note: str, at: datetime) -> Skip | None:
    """Give the pair back with a reason: its slot is free for somebody else, and this labeler is not asked again.

    Twice is once. None: it was labeled before, and a label is worth more than a skip.
    """
    Slot.objects.select_for_update(no_key=True).get(pk=assignment.slot_id)
    if earlier := Skip.objects.filter(assignment=assignment).first():
        return earlier
    if Label.objects.filter(assignment=assignment).exists():
        return None
    Slot.objects.filter(pk=assignment.slot_id, lease=assignment.key).update(labeler=None, lease=None, lease_ends_at=None)
    return Skip.objects.create(assignment=assignment, pair_id=assignment.pair_id, labeler_id=assignment.labeler_id, reason=reason, note=note, at=at)
