"""From people who go to the queue: what was kept for them comes back to everybody, and checks that were meant for them end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from labeling import slotting
from labeling.models import COUNTING, Campaign, Membership, Role, Slot


def release_all_of(user: User, campaigns: Iterable[Campaign] | None, *, at: datetime) -> int:
    """Give back what a labeler holds or is to get in these campaigns, or in every one. Returns how many pairs were on a screen."""
    slots = Slot.objects.open() if campaigns is None else Slot.objects.open().filter(campaign__in=campaigns)
    freed = slotting.free(list(slots.filter(labeler=user).values_list("lease", flat=True)))
    release(slots.filter(reserved_for=user), at=at)
    return freed


def release_stranded(*, at: datetime) -> int:
    """Give back what is kept for those who cannot take it any more, and return how many places.

    Their account is closed, or the role was taken; or they took another place of the pair at the moment in which it was kept for them.
    What they hold comes first, if a role went while a pair was being handed out to them; accounts are looked after with the leases.
    """
    role = Membership.objects.filter(campaign=OuterRef("campaign"), user=OuterRef("labeler"), role=Role.LABELER)
    slotting.free(list(Slot.objects.held().filter(~Exists(role)).values_list("lease", flat=True)))
    labels = Membership.objects.filter(campaign=OuterRef("campaign"), user=OuterRef("reserved_for"), role=Role.LABELER, user__is_active=True)
    has = Slot.objects.counting().filter(pair=OuterRef("pair"), labeler=OuterRef("reserved_for"), rubric_version=OuterRef("rubric_version"))
    kept = Slot.objects.free().filter(reserved_for__isnull=False)
    return release(kept.filter(~Exists(labels) | Q(Exists(has), kind__in=COUNTING)), at=at)


def release(slots: Iterable[Slot], *, at: datetime) -> int:
    """Give the free ones among these reserved places back, and return how many: work comes to the head of the queue, a check is closed with nobody in it.

    One after the other, in their order: none is waited for while others are held, so that nobody who locks several can come to wait in a ring with this.
    """
    return sum(release_one(slot, at=at) for slot in sorted(slots, key=lambda slot: slot.pk))


def release_one(slot: Slot, *, at: datetime) -> int:
    still = Slot.objects.free().filter(pk=slot.pk, reserved_for=slot.reserved_for_id)
    if slot.kind not in COUNTING:
        return still.update(closed_at=at)
    return still.update(reserved_for=None, rank=slotting.head_ranks(1)[0], ranked_by="")
