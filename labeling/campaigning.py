"""From a researcher's decision to a campaign: making it, opening and closing it, how many labels a pair gets, whose responses it pairs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q

from accounts.models import User
from labeling import concluding, slotting
from labeling.models import AttachedRun, Campaign, CampaignEvent, Label, Membership, MembershipEvent, Pair, Role, RubricVersion, Slot, Standing
from policies.models import GenerationRun

State = Campaign.State

NEXT_STATES = {
    State.DRAFT: (State.OPEN, State.ARCHIVED),
    State.OPEN: (State.PAUSED, State.CLOSED),
    State.PAUSED: (State.OPEN, State.CLOSED),
    State.CLOSED: (State.OPEN, State.ARCHIVED),
    State.ARCHIVED: (State.CLOSED,),
}
USUAL_OVERLAP, MOST_OVERLAP = 3, 25


class NotPossible(Exception):
    """The campaign is not in a state, or the request not of a kind, that allows it. The message says why."""


class SlugTaken(NotPossible):
    """There is a campaign of that slug."""


@dataclass(frozen=True)
class Places:
    """What places a pair has: those with a label that counts, those that wait for one, all it ever had, and what they show."""

    filled: int
    open: int
    made: int
    a_left: int


@transaction.atomic
def make_campaign(
    *,
    slug: str,
    name: str,
    rubric_version: RubricVersion,
    overlap: int,
    actor: User | None,
    at: datetime,
    researchers: Iterable[User] = (),
    strategy: str = Campaign.Strategy.FINISH,
    lease_minutes: int = 30,
    rationale_required: bool = False,
    state: str = State.DRAFT,
) -> Campaign:
    """Make a campaign; its maker, and whom they name, hold the role of researcher in it. Raises SlugTaken and NotPossible."""
    check_overlap(overlap)
    campaign, made = Campaign.objects.get_or_create(
        slug=slug,
        defaults={
            "name": name,
            "rubric_version": rubric_version,
            "overlap": overlap,
            "strategy": strategy,
            "ranked_as": strategy,
            "lease_minutes": lease_minutes,
            "rationale_required": rationale_required,
            "state": state,
            "created_by": actor,
            "created_at": at,
        },
    )
    if not made:
        raise SlugTaken(f"There is a campaign {slug!r} already. Choose another slug.")
    note(campaign, "made", actor=actor, at=at, slug=slug, overlap=overlap, rubric_version=rubric_version.pk, state=state)
    for researcher in {user.pk: user for user in [*([actor] if actor else []), *researchers]}.values():
        Membership.objects.create(campaign=campaign, user=researcher, role=Role.RESEARCHER)
        MembershipEvent.objects.create(campaign=campaign, user=researcher, role=Role.RESEARCHER, given=True, actor=actor, at=at)
    return campaign


@transaction.atomic
def change_state(*, campaign: Campaign, state: str, actor: User | None, at: datetime) -> Campaign:
    """Open, pause, close or archive. What is on a screen may still be submitted. Raises NotPossible."""
    held = hold(campaign)
    if state == held.state:
        return held
    if state not in NEXT_STATES[State(held.state)]:
        raise NotPossible(f"A campaign that is {held.state} cannot become {state}.")
    before, held.state = held.state, state
    held.save(update_fields=["state"])
    note(held, "state_changed", actor=actor, at=at, before=before, after=state)
    return held


@transaction.atomic
def change_settings(*, campaign: Campaign, name: str, lease_minutes: int, rationale_required: bool, actor: User | None, at: datetime) -> Campaign:
    """Change what may change at any time. A lease that runs keeps its end."""
    held = hold(campaign)
    before = (held.name, held.lease_minutes, held.rationale_required)
    if before == (name, lease_minutes, rationale_required):
        return held
    held.name, held.lease_minutes, held.rationale_required = name, lease_minutes, rationale_required
    held.save(update_fields=["name", "lease_minutes", "rationale_required"])
    note(held, "settings_changed", actor=actor, at=at, name=name, lease_minutes=lease_minutes, rationale_required=rationale_required)
    return held


@transaction.atomic
def change(*, campaign: Campaign, said: dict[str, Any], actor: User | None, at: datetime) -> Campaign:
    """Change several things at once, or none of them: `state`, `overlap`, and what `change_settings` takes. Raises NotPossible."""
    held = hold(campaign)
    if "state" in said:
        held = change_state(campaign=held, state=said["state"], actor=actor, at=at)
    if "overlap" in said:
        held = change_overlap(campaign=held, overlap=said["overlap"], actor=actor, at=at)
    names = ("name", "lease_minutes", "rationale_required")
    return change_settings(campaign=held, **{name: said.get(name, getattr(held, name)) for name in names}, actor=actor, at=at)


@transaction.atomic
def attach_run(*, campaign: Campaign, run: GenerationRun, actor: User | None, at: datetime) -> AttachedRun:
    """Let a run's responses become pairs here. `pairing` makes them, now and as more come in. Twice is once."""
    attached, made = AttachedRun.objects.get_or_create(campaign=hold(campaign), run=run)
    if made:
        note(campaign, "run_attached", actor=actor, at=at, run=run.pk)
    return attached


@transaction.atomic
def change_overlap(*, campaign: Campaign, overlap: int, actor: User | None, at: datetime) -> Campaign:
    """Change k, the number of places a pair has. Raises NotPossible.

    Raised: every pair that is not settled gets places up to k, so that a contested pair waits for labels again. Lowered: open places go, free ones first, then
    those on a screen, whose labels are kept as surplus if they still come; labels that are in stay in. Settled pairs stay as they are.
    """
    check_overlap(overlap)
    held = hold(campaign)
    if overlap == held.overlap:
        return held
    before, held.overlap = held.overlap, overlap
    held.save(update_fields=["overlap"])
    opened, taken = (open_places(held), 0) if overlap > before else (0, take_places(held, at=at))
    settle_unsettled(held, at=at)
    note(held, "overlap_changed", actor=actor, at=at, before=before, after=overlap, places_opened=opened, places_taken=taken)
    return held


def check_overlap(overlap: int) -> None:
    if not 1 <= overlap <= MOST_OVERLAP:
        raise NotPossible(f"k is {overlap}: it must be 1 to {MOST_OVERLAP}.")


def hold(campaign: Campaign) -> Campaign:
    """Return the campaign, locked. Whoever makes pairs or places holds it, so that each sees one k."""
    return Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)


def note(campaign: Campaign, kind: str, *, actor: User | None, at: datetime, **detail: Any) -> None:
    CampaignEvent.objects.create(campaign=campaign, actor=actor, kind=kind, detail=detail, at=at)


def unsettled(campaign: Campaign) -> list[Pair]:
    """Return the pairs that still want judgments, locked, in the order in which everybody locks them."""
    pairs = Pair.objects.filter(campaign=campaign, standing__in=[Standing.WAITING, Standing.CONTESTED], trouble="")
    return list(pairs.filter(gold_items=None).order_by("pk").select_for_update(no_key=True, of=("self",)))


def places_of(campaign: Campaign) -> dict[int, Places]:
    """Return what places the pairs of a campaign have, under their own rubric version."""
    work = {"kind": Slot.Kind.WORK, "pair__campaign": campaign, "rubric_version": F("pair__rubric_version")}
    slots = Slot.objects.filter(**work).exclude(closed_at__isnull=False, labeler=None)
    labels = Label.objects.current().filter(slot__kind=Slot.Kind.WORK, pair__campaign=campaign, rubric_version=F("pair__rubric_version"))
    filled = dict(labels.values_list("pair").annotate(Count("pk")))
    counts = slots.values_list("pair").annotate(open=Count("pk", filter=Q(closed_at=None)), made=Count("pk"), a_left=Count("pk", filter=Q(left_is_a=True)))
    return {pair: Places(filled.get(pair, 0), waiting, made, a_left) for pair, waiting, made, a_left in counts}


def open_places(campaign: Campaign) -> int:
    """Give every unsettled pair the places it lacks. Returns how many."""
    pairs, places = unsettled(campaign), places_of(campaign)
    made: list[Slot] = []
    for pair in pairs:
        has = places.get(pair.pk, Places(0, 0, 0, 0))
        lacks = slotting.planned(pair, campaign) - has.filled - has.open
        sides = (has.a_left, has.made - has.a_left)
        made += slotting.slots_for(pair, campaign, places=max(0, lacks), ordinal=has.made, sides=sides)
    return slotting.store(made, campaign)


def take_places(campaign: Campaign, *, at: datetime) -> int:
    """Close the open places that are too many, with nobody in them. Returns how many.

    The pairs are locked, so no place closes meanwhile; that a free one is leased does no harm. Locking all open places would: a lease passes over
    what is locked, and would tell everybody that nothing is left.
    """
    pairs, places = {pair.pk: pair for pair in unsettled(campaign)}, places_of(campaign)
    too_many = {pair: has.filled + has.open - slotting.planned(pairs[pair], campaign) for pair, has in places.items() if pair in pairs}
    free_first = Slot.objects.open().filter(kind=Slot.Kind.WORK, pair__campaign=campaign).order_by(F("labeler").asc(nulls_first=True), "-rank", "-pk")
    taken = []
    for pk, pair in free_first.values_list("pk", "pair"):
        if too_many.get(pair, 0) > 0:
            too_many[pair] -= 1
            taken.append(pk)
    going = list(Slot.objects.filter(pk__in=taken).order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    return Slot.objects.open().filter(pk__in=going).update(closed_at=at, labeler=None, lease=None, lease_ends_at=None)


def settle_unsettled(campaign: Campaign, *, at: datetime) -> None:
    """Settle the pairs whose standing hangs on whether a place is open, and only those: the rest stand as they did."""
    waits = Exists(Slot.objects.counting().open().filter(pair=OuterRef("pk"), rubric_version=OuterRef("rubric_version")))
    pairs = Pair.objects.filter(pk__in=[pair.pk for pair in unsettled(campaign)])
    concluding.conclude_all(list(pairs.filter(Q(waits, standing=Standing.CONTESTED) | Q(~waits, standing=Standing.WAITING))), campaign, at=at)
