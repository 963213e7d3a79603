"""What every stage that changes a campaign does alike: hold it, check that it may, write down what was done."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from accounts.models import User
from labeling import terms
from labeling.models import Campaign, CampaignEvent


class NotPossible(Exception):
    """The campaign is not in a state, or the request not of a kind, that allows it. The message says why, and what to do."""


def hold(campaign: Campaign) -> Campaign:
    """Return the campaign, locked. Whoever makes pairs or places holds it, so that each sees one k."""
    return Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)


def hold_for(campaign: Campaign, deed: str) -> Campaign:
    """Return the campaign, locked, for one of `terms.DEEDS`. Raises NotPossible where its state does not allow that."""
    held = hold(campaign)
    demand(held, deed)
    return held


def demand(campaign: Campaign, deed: str) -> None:
    """Raise NotPossible unless the campaign's state allows one of `terms.DEEDS`."""
    if refusal := terms.refusal_of_deed(campaign.state, deed):
        raise NotPossible(refusal)


def note(campaign: Campaign, kind: str, *, actor: User | None, at: datetime, **detail: Any) -> None:
    CampaignEvent.objects.create(campaign=campaign, actor=actor, kind=kind, detail=detail, at=at)
