"""From the responses of a campaign's generation runs to its pairs, and to the places of those that can be judged."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Subquery

from labeling import slotting
from labeling.models import AttachedRun, Campaign, Pair, Standing
from labeling.trouble import trouble_of
from policies.models import GenerationRequest, GenerationRun, Response

CHUNK = 200
"""Pairs a transaction: the first can be labeled while the rest are being made, and no more than these texts are in memory."""


def pair_up_all(*, at: datetime) -> Counter[str]:
    """Make what pairs can be made in every campaign that still takes some. Returns how many, by their trouble."""
    campaigns = Campaign.objects.exclude(state__in=[Campaign.State.CLOSED, Campaign.State.ARCHIVED]).filter(attached_runs__isnull=False).distinct()
    return sum((pair_up(campaign, at=at) for campaign in campaigns.order_by("pk")), Counter())


def pair_up(campaign: Campaign, *, at: datetime) -> Counter[str]:
    """Make a pair of each prompt that both policies of an attached run have answered. Returns how many, by their trouble.

    Two responses that cannot train stand as withdrawn, with the trouble, and get no places. Called every few seconds while a run goes on: a run with no
    new response costs one count over an index. Of two calls at once one makes the pairs, and the other finds none.
    """
    made: Counter[str] = Counter()
    for attached in campaign.attached_runs.select_related("run__policy_a", "run__policy_b").order_by("pk"):
        while chunk := pair_some(attached, at=at):
            made += chunk
    return made


@transaction.atomic
def pair_some(attached: AttachedRun, *, at: datetime) -> Counter[str]:
    """Make the next pairs of a run, and return how many by trouble; nothing, where there are none or somebody else makes them."""
    answered = attached.run.requests.filter(status=GenerationRequest.Status.DONE).count()
    if answered == attached.answered:
        return Counter()
    # Whoever makes pairs or changes k holds the campaign, so the places below are as many as it says.
    campaign = Campaign.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=attached.campaign_id).first()
    if campaign is None:
        return Counter()
    found = matches(campaign, attached.run)
    if len(found) < CHUNK:  # counted before the search: an answer that came in between is only looked for once more
        attached.answered = answered
        attached.save(update_fields=["answered"])
    return make_pairs(found, campaign, attached.run, at=at)


def matches(campaign: Campaign, run: GenerationRun) -> list[tuple[int, int]]:
    """Return some pairs of responses, policy A's first, that answer one prompt and are no pair of the campaign yet.

    A run that asks one policy twice pairs its first sample with its second.
    """
    answers = Response.objects.filter(request__run=run)
    second_sample = 1 if run.policy_a_id == run.policy_b_id else 0
    other = answers.filter(prompt=OuterRef("prompt"), request__policy=run.policy_b_id, request__sample_index=second_sample)
    paired = Pair.objects.filter(campaign=campaign, response_a=OuterRef("pk"))
    firsts = answers.filter(~Exists(paired), request__policy=run.policy_a_id, request__sample_index=0)
    found = firsts.annotate(other=Subquery(other.values("pk"))).exclude(other=None)
    return list(found.order_by("prompt").values_list("pk", "other")[:CHUNK])


def make_pairs(found: list[tuple[int, int]], campaign: Campaign, run: GenerationRun, *, at: datetime) -> Counter[str]:
    """Store the pairs, and places for those without trouble. Returns how many, by trouble."""
    responses = Response.objects.defer("token_ids").in_bulk([pk for pair in found for pk in pair])
    asked_differently = run.policy_a.system_prompt != run.policy_b.system_prompt
    pairs = Pair.objects.bulk_create(
        [pair_of(responses[a], responses[b], campaign, asked_differently=asked_differently, at=at) for a, b in found],
    )
    slotting.make_slots([pair for pair in pairs if not pair.trouble], campaign)
    return Counter(pair.trouble for pair in pairs)


def pair_of(a: Response, b: Response, campaign: Campaign, *, asked_differently: bool, at: datetime) -> Pair:
    """Return the pair, not stored. One with trouble begins as withdrawn, which is what `settling` would derive of it."""
    trouble = trouble_of(a, b)
    return Pair(
        campaign=campaign,
        prompt_id=a.prompt_id,
        response_a=a,
        response_b=b,
        rubric_version_id=campaign.rubric_version_id,
        trouble=trouble,
        asked_differently=asked_differently,
        withdrawn_at=at if trouble else None,
        standing=Standing.WITHDRAWN if trouble else Standing.WAITING,
        created_at=at,
    )
