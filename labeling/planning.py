"""From a campaign's gold and a labeler's own labels to the checks in their stream: reserved places, each due at a position drawn within its window."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from django.db import transaction

from accounts import statements
from accounts.models import User
from labeling.models import Campaign, GoldItem, Slot
from labeling.models.pair import LOTS
from labeling.slotting import LONGEST_POOL

draw = secrets.SystemRandom()

STEP = 10
"""Positions that are planned at a time, at least: planning is no part of most requests, and those of which it is one do not depend on what was drawn."""

APART = 200
"""Positions between two sights of one gold item."""

NEAREST, FARTHEST = 10, 200
"""How many answers ago a pair was labeled that is shown again: it is no longer remembered, and its labeler judges as they did."""

SAMPLE = 200
"""Gold items that are looked at for one choice: the cost is bounded, however many a campaign has."""

CLAIM = """
UPDATE labeling_enrolment SET planned = %(to)s
WHERE campaign_id = %(campaign)s AND labeler_id = %(labeler)s AND planned = %(planned)s AND state = 'working'
RETURNING id
"""
# What may be asked of the labeler: gold of the campaign, in use, in a language or subject of theirs, whose pair they had in no other way than as gold.
# From a lot on that is drawn each time, and around: no more items are read than are looked at. OFFSET 0 has each of the rest asked of one item at a time.
MAY_BE_ASKED = """
    SELECT gold.id, gold.pair_id, gold.allowed_use, gen_random_uuid() AS drawn FROM labeling_golditem AS gold
    WHERE gold.campaign_id = %(campaign)s AND gold.retired_at IS NULL AND gold.allowed_use = ANY(%(uses)s::text[])
      AND EXISTS (SELECT FROM labeling_pair AS pair WHERE pair.id = gold.pair_id AND pair.withdrawn_at IS NULL OFFSET 0)
      AND (%(eligible_by)s::text = '' OR EXISTS (
          SELECT FROM labeling_pair AS pair JOIN policies_prompt AS prompt ON prompt.id = pair.prompt_id
          WHERE pair.id = gold.pair_id AND (coalesce(prompt.slices ->> %(eligible_by)s::text, '') = '' OR EXISTS (
              SELECT FROM labeling_skill AS skill WHERE skill.campaign_id = %(campaign)s AND skill.labeler_id = %(labeler)s
              AND skill.name = left(prompt.slices ->> %(eligible_by)s::text, {LONGEST_POOL})))
          OFFSET 0))
      AND gold.lot {side} %(from_lot)s
    ORDER BY gold.lot, gold.id LIMIT {SAMPLE}
"""
ITEMS = f"""
WITH items AS MATERIALIZED (
    ({MAY_BE_ASKED.format(LONGEST_POOL=LONGEST_POOL, SAMPLE=SAMPLE, side=">=")})
    UNION ALL ({MAY_BE_ASKED.format(LONGEST_POOL=LONGEST_POOL, SAMPLE=SAMPLE, side="<")})
    LIMIT {SAMPLE}
), seen AS (
    SELECT items.*, (
        SELECT max(slot.rank) FROM labeling_slot AS slot
        WHERE slot.reserved_for_id = %(labeler)s AND slot.campaign_id = %(campaign)s AND slot.pair_id = items.pair_id AND slot.kind IN ('gold', 'practice')
          AND (slot.closed_at IS NULL OR slot.labeler_id IS NOT NULL)) AS last
    FROM items
)
SELECT seen.id, seen.pair_id FROM seen
WHERE (seen.last IS NULL OR seen.last <= %(before)s)
  AND NOT EXISTS (
      SELECT FROM labeling_slot AS slot WHERE slot.pair_id = seen.pair_id AND slot.labeler_id = %(labeler)s AND slot.kind IN ('work', 'escalation') OFFSET 0)
  AND NOT EXISTS (SELECT FROM labeling_skip AS skip WHERE skip.pair_id = seen.pair_id AND skip.labeler_id = %(labeler)s OFFSET 0)
  AND NOT EXISTS (SELECT FROM labeling_adjudicationturn AS turn WHERE turn.pair_id = seen.pair_id AND turn.adjudicator_id = %(labeler)s OFFSET 0)
  AND NOT EXISTS (
      SELECT FROM labeling_label AS label WHERE label.pair_id = seen.pair_id AND label.labeler_id = %(labeler)s AND label.slot_id IS NULL OFFSET 0)
"""  # noqa: S608 - numbers from above
# What they never had first, in the order drawn; then what they had the longest ago.
FOR_CHECKS = ITEMS + "ORDER BY seen.last NULLS FIRST, seen.drawn LIMIT %(number)s"
# And what is for practice alone first, so that the rest stays unknown to them until it checks their work.
FOR_PRACTICE = ITEMS + "ORDER BY seen.last NULLS FIRST, seen.allowed_use <> 'practice', seen.drawn LIMIT %(number)s"
# Until this transaction ends, none of them is retired: who does so closes the checks that are open, and is to see these too.
HOLD = "SELECT id FROM labeling_golditem WHERE id = ANY(%(items)s::bigint[]) AND retired_at IS NULL ORDER BY id FOR SHARE"

# Of the labeler's own labels, the newest first: one that stands, in a place that counts, under the campaign's wording, and was not shown again before.
FOR_REPEAT = f"""
WITH answered AS MATERIALIZED (
    SELECT recent.*, row_number() OVER (ORDER BY submitted_at DESC, id DESC) AS ago FROM (
        SELECT id, pair_id, slot_id, rubric_version_id, left_was_a, submitted_at FROM labeling_label
        WHERE labeler_id = %(labeler)s AND supersedes_id IS NULL ORDER BY submitted_at DESC, id DESC LIMIT {FARTHEST}) AS recent
), drawn AS MATERIALIZED (
    SELECT * FROM answered WHERE left_was_a IS NOT NULL AND ago + %(ahead)s BETWEEN {NEAREST} AND {FARTHEST} ORDER BY gen_random_uuid()
)
SELECT drawn.pair_id, drawn.rubric_version_id, NOT drawn.left_was_a FROM drawn
WHERE drawn.pair_id <> ALL(%(but)s::bigint[])
  AND drawn.rubric_version_id = %(rubric_version)s
  AND EXISTS (SELECT FROM labeling_slot AS slot WHERE slot.id = drawn.slot_id AND slot.campaign_id = %(campaign)s AND slot.kind IN ('work', 'escalation'))
  AND EXISTS (
      SELECT FROM labeling_pair AS pair
      WHERE pair.id = drawn.pair_id AND pair.withdrawn_at IS NULL AND pair.rubric_version_id = drawn.rubric_version_id OFFSET 0)
  AND NOT EXISTS (SELECT FROM labeling_label AS later WHERE later.supersedes_id = drawn.id OFFSET 0)
  AND NOT EXISTS (
      SELECT FROM labeling_slot AS slot
      WHERE slot.reserved_for_id = %(labeler)s AND slot.campaign_id = %(campaign)s AND slot.pair_id = drawn.pair_id AND slot.kind = 'repeat' OFFSET 0)
LIMIT 1
"""  # noqa: S608 - numbers from above


# ---- checks among work ---------------------------------------------------------------------------------------------


def plan_ahead(campaign: Campaign, labeler: User, *, served: int, planned: int) -> int:
    """Make the gold and repeat places of the next windows of a labeler's stream, where it is time to, and return how many.

    `served` is their position, `planned` that up to which windows are planned. Every window of `window_of(percent)` positions has one check
    of its kind, due at a position drawn within it; a window that is partly over, because the mix was switched on late, has it in what is left.
    Of two windows of the browser that plan at the same moment one does.
    """
    if served < planned or not (campaign.gold_percent or campaign.repeat_percent):
        return 0
    to = served + step_of(campaign)
    with transaction.atomic():
        if statements.one(CLAIM, to=to, campaign=campaign.pk, labeler=labeler.pk, planned=planned) is None:
            return 0
        gold, repeats = (positions(percent, served=served, planned=planned, to=to) for percent in (campaign.gold_percent, campaign.repeat_percent))
        slots = gold_places(campaign, labeler, gold) + repeat_places(campaign, labeler, repeats, served=served)
        return len(Slot.objects.bulk_create(slots))


def window_of(percent: int) -> int:
    """Return how many positions share one check, at a share of 1 to 100 percent."""
    return round(100 / percent)


def step_of(campaign: Campaign) -> int:
    return max(STEP, min(window_of(percent) for percent in (campaign.gold_percent, campaign.repeat_percent) if percent))


def positions(percent: int, *, served: int, planned: int, to: int) -> list[int]:
    """Draw one position in every window that begins in [planned, to) and is not over at `served`. Windows begin at multiples of their length."""
    if not percent:
        return []
    window = window_of(percent)
    first = -(-max(planned, served - window + 1) // window) * window
    return [draw.randrange(max(start, served), start + window) for start in range(first, to, window)]


def gold_places(campaign: Campaign, labeler: User, due: Sequence[int]) -> list[Slot]:
    """Return a place for gold at each position, not stored; fewer where there is no gold that the labeler has not had, or not lately."""
    if not due:
        return []
    items = choose(FOR_CHECKS, campaign, labeler, uses=(GoldItem.Use.CHECK, GoldItem.Use.BOTH), before=due[0] - APART, number=len(due))
    return [place(item, campaign, labeler, kind=Slot.Kind.GOLD, rank=rank) for item, rank in zip(items, due, strict=False)]


def repeat_places(campaign: Campaign, labeler: User, due: Sequence[int], *, served: int) -> list[Slot]:
    """Return a place at each position, not stored, that shows the labeler a pair of theirs again, on the other sides; fewer where there is none.

    The pair that was served last is on their screen, and is answered by then.
    """
    slots: list[Slot] = []
    for rank in due:
        chosen = [slot.pair_id for slot in slots]
        asked = {"labeler": labeler.pk, "campaign": campaign.pk, "rubric_version": campaign.rubric_version_id}
        if row := statements.one(FOR_REPEAT, **asked, ahead=rank - served + 1, but=chosen):
            pair, rubric_version, left_is_a = row
            slots.append(
                Slot(
                    campaign_id=campaign.pk,
                    pair_id=pair,
                    rubric_version_id=rubric_version,
                    kind=Slot.Kind.REPEAT,
                    reserved_for=labeler,
                    rank=rank,
                    left_is_a=left_is_a,
                )
            )
    return slots


# ---- practice ------------------------------------------------------------------------------------------------------


def plan_practice(campaign: Campaign, labeler: User, *, served: int) -> int:
    """Make the places of a practice round, and return how many: as many as the campaign wants, or as there are items.

    All are due at the position at which the round begins, which tells the rounds apart. Items that the labeler had not come first.
    """
    uses = (GoldItem.Use.PRACTICE, GoldItem.Use.BOTH)
    items = choose(FOR_PRACTICE, campaign, labeler, uses=uses, before=served, number=campaign.practice_items)
    return len(Slot.objects.bulk_create([place(item, campaign, labeler, kind=Slot.Kind.PRACTICE, rank=served) for item in items]))


def choose(statement: str, campaign: Campaign, labeler: User, *, uses: Sequence[str], before: int, number: int) -> list[GoldItem]:
    """Return so many gold items at most, in the statement's order, without those that the labeler had as gold after the position `before`."""
    rows = statements.every(
        statement,
        campaign=campaign.pk,
        labeler=labeler.pk,
        eligible_by=campaign.eligible_by,
        uses=list(uses),
        before=before,
        number=number,
        from_lot=draw.randrange(LOTS),
    )
    held = [pk for (pk,) in statements.every(HOLD, items=[pk for pk, _ in rows])]
    items = GoldItem.objects.select_related("pair").in_bulk(held)
    return [items[pk] for pk, _ in rows if pk in items]


def place(item: GoldItem, campaign: Campaign, labeler: User, *, kind: str, rank: int) -> Slot:
    """Return a place that asks about an item, not stored: under the campaign's wording, as all that is asked, whatever its pair was judged by."""
    return Slot(
        campaign_id=campaign.pk,
        pair_id=item.pair_id,
        rubric_version_id=campaign.rubric_version_id,
        kind=kind,
        reserved_for=labeler,
        rank=rank,
        gold_item=item,
        left_is_a=bool(draw.getrandbits(1)),
    )
