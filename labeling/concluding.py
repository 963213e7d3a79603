"""What follows from a label: the pair's standing and, where the first labels disagree, a further place before an adjudicator is asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from labeling import settling, slotting
from labeling.models import AdjudicationTurn, Campaign, Pair, Standing


def conclude(pair: Pair, *, at: datetime) -> Pair:
    """Settle a pair, locked by the caller; where it comes out contested and its campaign escalates, open a further place instead."""
    settling.settle(pair, at=at)
    if pair.standing == Standing.CONTESTED and escalate(pair, Campaign.objects.get(pk=pair.campaign_id)):
        settling.settle(pair, at=at)
    return pair


def conclude_all(pairs: Sequence[Pair], campaign: Campaign, *, at: datetime) -> int:
    """Do the same for many pairs of one campaign, all locked by the caller. Returns how many now stand otherwise."""
    before = {pair.pk: settling.stored(pair) for pair in pairs}
    settling.settle_all(pairs, at=at)
    escalated = [pair for pair in pairs if pair.standing == Standing.CONTESTED and escalate(pair, campaign)]
    for pair in escalated:
        settling.settle(pair, at=at)
    return sum(settling.stored(pair) != before[pair.pk] for pair in pairs)


def escalate(pair: Pair, campaign: Campaign) -> bool:
    """Open a further place, unless the bound is reached, an adjudicator has the pair before them, or nobody is asked about it as work any more.

    It became gold; or it goes by another wording than the campaign by now, and waits for the adjudicator alone.
    """
    if pair.rubric_version_id != campaign.rubric_version_id:
        return False
    if not campaign.escalation_bound or AdjudicationTurn.objects.filter(pair=pair, ended_at=None).exists() or pair.gold_items.exists():
        return False
    return slotting.escalate(pair, campaign) is not None
