"""From free slots to assignments: which pair a labeler sees next, on which sides, until when; and how it comes back."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from accounts.marking import marked
from accounts.models import User
from labeling import limits, planning, practising, queue, releasing, slotting
from labeling.models import COUNTING, Assignment, Campaign, Enrolment, EnrolmentEvent, Label, Parking, Skip, Slot
from labeling.queue import Found

SEARCH_AGAIN = timedelta(minutes=1)
"""So long after the queue was begun again from its start, it is not. What is opened meanwhile comes at the head, and is found there."""
AHEAD, AGAIN = 2.0, 0.05
"""Seconds that one request looks through places that its labeler may not take: ahead of the cursors, where each is passed once, and from the start again."""
WAITS = (0.005, 0.01, 0.02, 0.04)
"""Seconds between the looks at places that somebody else has locked: they are taken by then, or free."""


def next_for(campaign: Campaign, labeler: User, *, at: datetime) -> Assignment | None:
    """Return what the labeler has on the screen, or lease the next pair for them; None: nothing is left for them.

    A reload therefore shows the same pair on the same sides. A paused or closed campaign hands out nothing new, nor does any to a labeler
    who is paused or has reached the quota or the day's ceiling; and nothing at all is shown to one who has not acknowledged the campaign's wording.
    Two windows of one labeler that ask at the same moment may reach for two places at one pair; the unique index refuses
    the second, which then gets what the first got. Where they got two pairs, a reload shows the same one of them each time.
    """
    try:
        found = find(campaign, labeler, at=at)
    except IntegrityError:
        found = find(campaign, labeler, at=at)
    if found is None:
        return None
    if found.served is not None and found.planned is not None:  # whatever kind it is: that this takes a moment tells nothing
        planning.plan_ahead(campaign, labeler, served=found.served, planned=found.planned)
    return found.assignment


def find(campaign: Campaign, labeler: User, *, at: datetime) -> Found | None:
    ends = lease_end(campaign, at=at)
    if limits.reached(campaign, labeler, at=at):
        return queue.search_held(campaign, labeler, ends=ends, at=at)
    pools = queue.pools_of(campaign, labeler)
    if found := queue.search(campaign, labeler, ends=ends, at=at, pools=pools):
        return found
    enrolment, is_new = enrol(campaign, labeler, at=at)
    if is_new and (found := queue.search(campaign, labeler, ends=ends, at=at, pools=pools)):
        return found
    if not is_new and enrolment.rubric_version_id != campaign.rubric_version_id:
        return None  # they are shown what changed first
    if campaign.state != Campaign.State.OPEN or enrolment.state == Enrolment.State.PAUSED:
        return None
    if enrolment.state == Enrolment.State.PRACTISING:
        found = queue.search_parked(campaign, labeler, ends=ends, at=at, pools=pools)
        return found or (find(campaign, labeler, at=at) if practising.conclude_round(campaign, labeler, at=at) else None)
    found, is_at_end = walk(campaign, labeler, pools, at=at, seconds=AHEAD if enrolment.searched_at is None else AGAIN)
    if is_at_end and is_due_for_search(enrolment, at=at):
        queue.begin_again(campaign, labeler, at=at)
        found, _ = walk(campaign, labeler, pools, at=at, seconds=AGAIN)
    return found or queue.search_parked(campaign, labeler, ends=ends, at=at, pools=pools)


def is_due_for_search(enrolment: Enrolment, *, at: datetime) -> bool:
    return enrolment.searched_at is None or enrolment.searched_at <= at - SEARCH_AGAIN


def walk(campaign: Campaign, labeler: User, pools: list[str], *, at: datetime, seconds: float) -> tuple[Found | None, bool]:
    """Search on, stretch after stretch, for so many seconds at most; and again while all that is left is locked. Returns also whether that was the end."""
    ends, waits = time.monotonic() + seconds, iter(WAITS)
    while (found := queue.search(campaign, labeler, ends=lease_end(campaign, at=at), at=at, pools=pools)) is None:
        ahead = queue.move_on(campaign, labeler, pools=pools)
        if ahead.is_locked and (wait := next(waits, None)):
            time.sleep(wait)
        elif ahead.is_locked or not ahead.goes_on or time.monotonic() > ends:
            return None, not ahead.is_locked and not ahead.goes_on
    return found, False


def enrol(campaign: Campaign, labeler: User, *, at: datetime) -> tuple[Enrolment, bool]:
    """Return how the labeler stands in the campaign, enrolling them if they are new: to practise first, where the campaign wants it."""
    if enrolment := Enrolment.objects.filter(campaign=campaign, labeler=labeler).first():
        return enrolment, False
    with transaction.atomic():
        enrolment, is_new = Enrolment.objects.get_or_create(campaign=campaign, labeler=labeler, defaults={"epoch": campaign.rank_epoch, "entered_at": at})
        if is_new:
            begin(enrolment, at=at)
    return enrolment, is_new


def begin(enrolment: Enrolment, *, at: datetime) -> None:
    """Lay out the beginning of a new labeler's stream: a practice round, where the campaign wants one and has items, else the first checks."""
    campaign, labeler = enrolment.campaign, enrolment.labeler
    why = marked("first pair asked for")
    if campaign.practice_items and planning.plan_practice(campaign, labeler, served=0):
        enrolment.state, enrolment.practice_rounds = Enrolment.State.PRACTISING, 1
        enrolment.save(update_fields=["state", "practice_rounds"])
    elif campaign.practice_items:
        why = marked("first pair asked for; no practice, since no gold item may be used for it")
    if enrolment.state == Enrolment.State.WORKING:
        planning.plan_ahead(campaign, labeler, served=0, planned=0)
    EnrolmentEvent.objects.create(campaign=campaign, labeler=labeler, after=enrolment.state, why=why, at=at)


def lease_end(campaign: Campaign, *, at: datetime) -> datetime:
    return at + timedelta(minutes=campaign.lease_minutes)


def return_expired(*, at: datetime) -> int:
    """Free every slot whose lease has run out or whose labeler's account was closed, and return how many. People who vanish hold nothing."""
    expired = Slot.objects.expired(at=at).values_list("lease", flat=True)
    gone = Slot.objects.held().filter(labeler__is_active=False).values_list("lease", flat=True)
    return slotting.free(list(expired), lapsed_at=at) + slotting.free(list(gone))


@transaction.atomic
def skip(*, assignment: Assignment, reason: str, note: str, at: datetime) -> Skip | None:
    """Give the pair back with a reason: its slot is free for somebody else, and this labeler is not asked again, nor where another was kept for them.

    Twice is once. None: it was labeled before, and a label is worth more than a skip.
    """
    slot = Slot.objects.select_for_update(no_key=True).get(pk=assignment.slot_id)
    if earlier := Skip.objects.filter(assignment=assignment).first():
        return earlier
    if Label.objects.filter(assignment=assignment).exists():
        return None
    give_back(slot, assignment, for_good=True, at=at)
    kept = Slot.objects.free().filter(pair=assignment.pair_id, reserved_for=assignment.labeler_id)
    releasing.release(kept.select_for_update(no_key=True, skip_locked=True), at=at)
    return Skip.objects.create(assignment=assignment, pair_id=assignment.pair_id, labeler_id=assignment.labeler_id, reason=reason, note=note, at=at)


@transaction.atomic
def park(*, assignment: Assignment, at: datetime) -> Parking | None:
    """Put the pair aside: its slot is free for others, and the pair comes back to this labeler when nothing else is left for them.

    Twice is once. None: it was labeled before.
    """
    slot = Slot.objects.select_for_update(no_key=True).get(pk=assignment.slot_id)
    if earlier := Parking.objects.filter(assignment=assignment).first():
        return earlier
    if Label.objects.filter(assignment=assignment).exists() or Skip.objects.filter(assignment=assignment).exists():
        return None
    give_back(slot, assignment, for_good=False, at=at)
    return Parking.objects.create(assignment=assignment, pair_id=assignment.pair_id, labeler_id=assignment.labeler_id, at=at)


def give_back(slot: Slot, assignment: Assignment, *, for_good: bool, at: datetime) -> None:
    """Free the place, if its labeler still holds it. A check that is given back for good is closed with nobody in it: it is for nobody else."""
    if not holds(slot, assignment):
        return
    if for_good and slot.kind not in COUNTING:
        Slot.objects.filter(pk=slot.pk).update(labeler=None, lease=None, lease_ends_at=None, closed_at=at)
    elif for_good and slot.reserved_for_id:  # assigned by name, and refused: anybody may have it
        Slot.objects.filter(pk=slot.pk).update(labeler=None, lease=None, lease_ends_at=None, reserved_for=None, rank=slotting.head_ranks(1)[0], ranked_by="")
    else:
        slotting.free([slot.lease])


def holds(slot: Slot, assignment: Assignment) -> bool:
    """Say whether the place is on its labeler's screen by this assignment, or by the one that it was handed over to when the rubric was worded anew."""
    is_handed_over = slot.lease is not None and slot.labeler_id == assignment.labeler_id and slot.rubric_version_id != assignment.rubric_version_id
    return slot.lease == assignment.key or is_handed_over
