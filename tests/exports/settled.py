"""Settled pairs for tests of versions: labels that say so, and the standing that follows from them."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from accounts.models import User
from exports import splits
from exports.freezing import Order
from exports.models import Dataset
from labeling import resolution
from labeling.models import Adjudication, AdjudicationTurn, Campaign, Pair, Role
from labeling.resolution import Said
from policies.models import Prompt
from tests.builders import NOW, join, make_campaign, make_label, make_pair, make_user


def settled_pair(campaign: Campaign, labelers: Sequence[User], preferences: Sequence[int] = (-2, -1), **fields: Any) -> Pair:
    """A pair whose work places are all answered, standing as the rule says."""
    pair = make_pair(campaign, slots=0, **fields)
    for labeler, preference in zip(labelers, preferences, strict=False):
        make_label(pair, labeler, preference)
    said = [Said(label.verdict, label.preference) for label in pair.labels.all()]
    stand(pair, resolution.resolve(labels=said, places_open=0, adjudication=None, withdrawn=False))
    return pair


def stand(pair: Pair, derived: resolution.Resolution) -> None:
    pair.standing, pair.verdict, pair.margin = derived.standing, derived.verdict, derived.margin
    pair.settled_at, pair.settled_by = NOW, resolution.RULE
    pair.save()


def adjudicate(
    pair: Pair,
    adjudicator: User,
    verdict: str | None,
    preference: int | None = None,
    *,
    reason: str = "The second response leaves out the unit.",
    at: datetime = NOW,
) -> Adjudication:
    turn = AdjudicationTurn.objects.create(
        pair=pair, adjudicator=adjudicator, left_is_a=True, leased_at=at, lease_ends_at=at + timedelta(minutes=30), ended_at=at
    )
    ruling = Adjudication.objects.create(
        pair=pair,
        turn=turn,
        adjudicator=adjudicator,
        rubric_version=pair.rubric_version,
        verdict=verdict,
        preference=preference,
        reason_class=Adjudication.ReasonClass.LABELER_SLIP,
        reason=reason,
        left_was_a=True,
        submission_key=uuid.uuid4(),
        submitted_at=at,
    )
    stand(pair, resolution.resolve(labels=[], places_open=0, adjudication=Said(verdict, preference), withdrawn=False))
    return ruling


def settled_campaign(slug: str = "everyday", *, pairs: int = 3, researcher: User | None = None) -> Campaign:
    """A campaign with its labelers, its researcher, and so many agreed pairs on prompts of their own."""
    labelers = (make_user(f"{slug}-lena"), make_user(f"{slug}-otto"))
    campaign = make_campaign(slug, labelers=labelers)
    if researcher:
        join(campaign, researcher, Role.RESEARCHER)
    for _ in range(pairs):
        settled_pair(campaign, labelers)
    return campaign


def order(*campaigns: Campaign, dataset: str = "helpfulness", **fields: Any) -> Order:
    return Order(dataset=dataset, campaigns=campaigns, by=fields.pop("by", None), at=fields.pop("at", timezone.now()), **fields)


def spread(order: Order) -> Order:
    """Return the order with its dataset made, of a salt that gives each split its share of the prompts or more, rounded down.

    For few rows that have to be in several splits: the salt that a freeze draws leaves one of them too small now and then.
    """
    families = sorted(set(Prompt.objects.filter(pairs__campaign__in=order.campaigns).values_list("family", flat=True)))
    least = Counter({split: int(share * len(families)) for split, share in order.shares.items()})
    salt = next(salt for salt in map(str, count()) if Counter(splits.split_of(key, salt=salt, shares=order.shares) for key in families) >= least)
    Dataset.objects.create(name=order.dataset, salt=salt, secret="00" * 32, shares=dict(order.shares), created_by=order.by, created_at=order.at)
    return order
