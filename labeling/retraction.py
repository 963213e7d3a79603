"""Labels taken back: a row each in the ledger, a new place for somebody else, and the standing that follows. What several stages do."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F

from accounts.models import User
from labeling import concluding, rewording, slotting
from labeling.models import Campaign, CampaignEvent, Label, Pair, Slot, Standing

DECIDED = (Standing.ADJUDICATED, Standing.WITHDRAWN)
"""Standings that no further label could change."""


@transaction.atomic
def retract(labels: Iterable[Label], *, campaign: Campaign, actor: User | None, why: str, submission_key: uuid.UUID, at: datetime) -> list[Label]:
    """Take back what now stands in the places of these labels of one campaign, and return the retractions, a row each.

    Only what counts is taken back: work and escalation. A pair that still wants labels gets a new place, at the head of the queue, for each
    that is gone, though no more than it is to have by now; who was there has had their turn. Twice is once: what was taken back stays so.
    A pair that was judged by another wording than the campaign has now is asked no further by that: it stands by what is left, or is asked anew where
    nothing is.
    """
    held = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)  # campaign, pair, slot: the order everywhere
    asked = [label.slot_id for label in labels]
    of_them = Label.objects.counting().filter(slot__in=asked, pair__campaign=held)
    pairs = list(Pair.objects.filter(pk__in=of_them.values("pair")).order_by("pk").select_for_update(no_key=True))
    heads = list(of_them.filter(pair__in=pairs).order_by("pk").select_related("slot"))
    if not heads:
        return []
    retractions = Label.objects.bulk_create([taken_back(head, submission_key, at=at) for head in heads])
    opened = slotting.store(slotting.reopen(places_missing(pairs, heads, held), held), held)
    opened += slotting.store(places_under_the_new_wording(pairs, held, at=at), held)
    concluding.conclude_all(pairs, held, at=at)
    detail = {"why": why, "labels": [head.pk for head in heads], "places_opened": opened}
    CampaignEvent.objects.create(campaign=held, actor=actor, kind="labels_retracted", detail=detail, at=at)
    return retractions


def taken_back(head: Label, submission_key: uuid.UUID, *, at: datetime) -> Label:
    """Return the row, not stored, that takes a label back. Its own key follows from that of the whole request."""
    of_head = ("pair_id", "slot_id", "assignment_id", "labeler_id", "rubric_version_id", "left_was_a", "source")
    key = uuid.uuid5(submission_key, str(head.pk))
    same = {name: getattr(head, name) for name in of_head}
    return Label(**same, supersedes=head, is_retraction=True, rationale="", submission_key=key, submitted_at=at)


def places_missing(pairs: Sequence[Pair], heads: Sequence[Label], campaign: Campaign) -> list[Slot]:
    """Return those places of labels that are gone which somebody else must fill: no more of a kind than the campaign wants now."""
    wanting = {pair.pk: pair for pair in pairs if wants_labels(pair) and pair.rubric_version_id == campaign.rubric_version_id}
    has = places_by_kind(wanting.values())
    missing = []
    for slot in (head.slot for head in heads):
        pair = wanting.get(slot.pair_id) if slot else None
        if slot is None or pair is None:
            continue
        if has[pair.pk, slot.kind] < (slotting.planned(pair, campaign) if slot.kind == Slot.Kind.WORK else campaign.escalation_bound):
            has[pair.pk, slot.kind] += 1
            missing.append(slot)
    return missing


def places_under_the_new_wording(pairs: Sequence[Pair], campaign: Campaign, *, at: datetime) -> list[Slot]:
    """Have pairs of which nothing is left under another wording go by the campaign's, and return their places, not stored."""
    old = [pair for pair in pairs if pair.rubric_version_id != campaign.rubric_version_id and wants_labels(pair)]
    left = set(Label.objects.counting().filter(pair__in=old).values_list("pair", flat=True))
    bare = [pair for pair in old if pair.pk not in left]
    rewording.go_over(bare, campaign, at=at)
    has = places_by_kind(bare)  # where the campaign went back to it: some were filled under it before
    lacks = {pair: max(0, slotting.planned(pair, campaign) - has[pair.pk, Slot.Kind.WORK]) for pair in bare}
    return [slot for pair, places in lacks.items() for slot in slotting.slots_for(pair, campaign, places=places)]


def wants_labels(pair: Pair) -> bool:
    return pair.standing not in DECIDED and not pair.trouble and not pair.gold_items.exists()


def places_by_kind(pairs: Iterable[Pair]) -> Counter[tuple[int, str]]:
    """Count the places of pairs, under their own rubric version, that are open or hold a label that counts."""
    here = {"pair__in": [pair.pk for pair in pairs], "rubric_version": F("pair__rubric_version")}
    waiting = Slot.objects.counting().open().filter(**here).values_list("pair", "kind")
    filled = Label.objects.counting().filter(**here).values_list("pair", "slot__kind")
    return Counter([*waiting, *filled])
