"""From new pairs to the renderings of their texts, before anybody asks: else the first labeler of a pair waits, which those of gold and of repeats never do."""

from __future__ import annotations

import json
import time

from django.db import transaction

from accounts import statements
from labeling import renderings
from labeling.models import Campaign, Preparation, Standing
from labeling.rendering import RENDERER

CHUNK = 50
"""Pairs a transaction: a second, where texts are long."""

# One standing after the other, each by its own stretch of the index: the cost is that of what is found, however many pairs there are, here or elsewhere.
NEXT = """
WITH following AS (
    SELECT pair.id FROM unnest(%(standings)s::text[]) AS standings (standing)
    CROSS JOIN LATERAL (
        SELECT id FROM labeling_pair WHERE campaign_id = %(campaign)s AND standing = standings.standing AND id > %(reached)s ORDER BY id LIMIT %(limit)s
    ) AS pair
    ORDER BY pair.id LIMIT %(limit)s
)
SELECT pair.id, coalesce(prompt.messages, '[{"role": "user", "content": "(erased)"}]'), coalesce(a.text, '(erased)'), coalesce(b.text, '(erased)')
FROM following JOIN labeling_pair AS pair USING (id)
JOIN policies_prompt AS prompt ON prompt.id = pair.prompt_id
JOIN policies_response AS a ON a.id = pair.response_a_id
JOIN policies_response AS b ON b.id = pair.response_b_id
ORDER BY pair.id
"""


def prepare_all(*, seconds: float) -> int:
    """Render what was made since the last time in every campaign that is labeled, or is going to be, for so long at most. Returns how many texts."""
    until = time.monotonic() + seconds
    campaigns = Campaign.objects.exclude(state__in=[Campaign.State.CLOSED, Campaign.State.ARCHIVED])
    return sum(prepare(campaign, until=until) for campaign in campaigns.order_by("pk"))


def prepare(campaign: Campaign, *, until: float) -> int:
    """Render the texts of the campaign's new pairs, until a moment of `time.monotonic`; the rest comes the next time. Returns how many.

    New are those above the pair that was reached before: whoever makes pairs holds the campaign meanwhile, so that they come in their order.
    """
    Preparation.objects.bulk_create([Preparation(campaign=campaign, renderer=RENDERER)], ignore_conflicts=True)
    made = 0
    while time.monotonic() < until and (step := prepare_some(campaign)) is not None:
        made += step
    return made


@transaction.atomic
def prepare_some(campaign: Campaign) -> int | None:
    """Render the texts of the next pairs. None: there are none, or somebody else is at it."""
    here = Preparation.objects.select_for_update(skip_locked=True).filter(campaign=campaign).first()
    if here is None:
        return None
    reached = here.reached if here.renderer == RENDERER else 0
    rows = statements.every(NEXT, campaign=campaign.pk, standings=Standing.values, reached=reached, limit=CHUNK)
    if not rows:
        return None
    texts = [text for _, messages, a, b in rows for text in (*(message["content"] for message in json.loads(messages)), a, b)]
    made = renderings.make_missing(texts if reached else [*texts, campaign.rubric_version.body])
    here.reached, here.renderer = rows[-1][0], RENDERER
    here.save(update_fields=["reached", "renderer"])
    return made
