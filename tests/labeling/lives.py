"""Campaigns in the middle of their life, and what must be true of their places whatever was changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from accounts.models import User
from labeling import campaigning, concluding, settling, slotting
from labeling.models import AdjudicationTurn, Campaign, Label, Pair, Slot, Standing
from tests.builders import NOW, make_campaign, make_label, make_pair, make_prompt

Kind = Slot.Kind


def change(campaign: Campaign, **said: Any) -> Campaign:
    return campaigning.change(campaign=campaign, said=said, actor=None, at=NOW)


def labeled(campaign: Campaign, labelers: Sequence[User], preferences: Sequence[int], **fields: Any) -> Pair:
    """A pair with its places, of which the first so many have these labels; settled, or escalated."""
    pair = make_pair(campaign, slots=0, prompt=make_prompt(slices=fields.pop("slices", {})), **fields)
    slotting.make_slots([pair], campaign)
    for labeler, preference in zip(labelers, preferences, strict=False):
        slot = Slot.objects.free().filter(pair=pair).order_by("pk").first()
        if slot is not None:
            Slot.objects.filter(pk=slot.pk).update(labeler=labeler, closed_at=NOW)
        make_label(pair, labeler, preference, slot=Slot.objects.get(pk=slot.pk) if slot else None)
        pair = concluding.conclude(Pair.objects.lock(pair.pk), at=NOW)
    return pair


def standing(pair: Pair) -> str:
    return Pair.objects.get(pk=pair.pk).standing


def open_places(pair: Pair, kind: str = Kind.WORK) -> int:
    return Slot.objects.open().filter(pair=pair, kind=kind).count()


def check_in_line(campaign: Campaign) -> None:
    """Assert that every pair that wants labels has the places its campaign says, that no other has any, and that standings are what the ledgers say."""
    campaign = Campaign.objects.get(pk=campaign.pk)
    for pair in Pair.objects.filter(campaign=campaign, gold_items=None):
        filled = Label.objects.current().filter(pair=pair, slot__kind=Kind.WORK).count()
        wants = pair.standing in (Standing.WAITING, Standing.CONTESTED) and not pair.trouble
        assert open_places(pair) == (max(slotting.planned(pair, campaign) - filled, 0) if wants else 0), (pair.pk, pair.standing, filled)
        check_escalations(pair, campaign)
    assert list(settling.differences()) == []


def check_escalations(pair: Pair, campaign: Campaign) -> None:
    """No more open than the bound leaves room for, and none left to open at a contested pair that no adjudicator has."""
    had = Slot.objects.filter(pair=pair, kind=Kind.ESCALATION).exclude(closed_at__isnull=False, labeler=None)
    is_open = open_places(pair, Kind.ESCALATION)
    assert not is_open or had.count() <= campaign.escalation_bound
    before_somebody = AdjudicationTurn.objects.filter(pair=pair, ended_at=None).exists()
    if pair.standing == Standing.CONTESTED and not pair.trouble and not before_somebody:
        assert had.count() >= campaign.escalation_bound, (pair.pk, had.count())


def make_lively(labelers: Sequence[User], **fields: Any) -> Campaign:
    """A campaign with pairs in every standing that labels alone bring about."""
    campaign = make_campaign(labelers=tuple(labelers), **fields)
    for preferences in ((), (-1,), (-1, -1), (-1, 1), (-1, 0, 1), (-2, -1, 1), (1, 1, 1)):
        labeled(campaign, labelers, preferences)
    return campaign
