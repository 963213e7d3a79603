"""Synthetic labelers with tastes of their own, who go the way that people go: lease, judge, submit. For demonstrations and measurements."""

from __future__ import annotations

import hashlib
import math
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from labeling import assigning, submitting
from labeling.models import Assignment, Campaign, Label, Membership, MembershipEvent, Pair, Role

PREFIX = "synthetic"
MOST_LABELERS = 1000


class CannotSimulate(Exception):
    """The campaign hands out nothing, or the numbers make no sense. The message says why."""


@dataclass(frozen=True)
class Taste:
    """What is true of one synthetic labeler. All are drawn once; none can be seen from the outside but by figures.

    A pair's pull is quality B - quality A (each a standard normal draw, the same for all labelers) + length * log2 of the length
    ratio + what pulls to the left side + noise. Within `tie` of 0 it is a tie; beyond, one step for each `step`.
    """

    length: float
    left: float
    noise: float
    tie: float
    step: float


@dataclass(frozen=True)
class Judgment:
    preference: int
    both_bad: bool


def taste_of(seed: int, number: int) -> Taste:
    """Draw a labeler's taste. Most lean to neither side, a few by a third of a standard deviation of quality."""
    drawn = draws("taste", seed, number)
    leans = drawn.random() < 0.15
    return Taste(
        length=drawn.gauss(0.15, 0.25),
        left=drawn.choice((-0.45, 0.45)) if leans else drawn.gauss(0, 0.05),
        noise=drawn.uniform(0.4, 1.1),
        tie=drawn.uniform(0.1, 0.4),
        step=drawn.uniform(0.6, 1.2),
    )


def judge(taste: Taste, *, seed: int, labeler: int, a: str, b: str, left_is_a: bool) -> Judgment:
    """Return what a labeler of this taste thinks of the pair. The same arguments give the same judgment."""
    quality_a, quality_b = (draws("quality", seed, text).gauss(0, 1) for text in (a, b))
    noise = draws("noise", seed, labeler, a, b).gauss(0, taste.noise)
    to_left = -taste.left if left_is_a else taste.left
    pull = quality_b - quality_a + taste.length * math.log2((len(b) + 1) / (len(a) + 1)) + to_left + noise
    if abs(pull) < taste.tie:
        return Judgment(0, both_bad=max(quality_a, quality_b) < -0.8)
    strength = min(3, 1 + int((abs(pull) - taste.tie) / taste.step))
    return Judgment(strength if pull > 0 else -strength, both_bad=False)


def draws(*key: object) -> random.Random:
    """Return a generator that depends on the key alone, on every machine and in every run."""
    return random.Random(hashlib.sha256("\x1f".join(map(str, key)).encode()).digest())  # noqa: S311 - drawn to be repeated


def make_labelers(campaign: Campaign, *, labelers: int, seed: int, at: datetime) -> list[User]:
    """Return the accounts `synthetic-<seed>-<number>`, made if need be, each a labeler of the campaign. Nobody can sign in to them."""
    users = []
    for number in range(1, labelers + 1):
        user, made = User.objects.get_or_create(username=f"{PREFIX}-{seed}-{number}", defaults={"kind": User.Kind.SYNTHETIC, "date_joined": at})
        if made:
            user.set_unusable_password()
            user.save(update_fields=["password"])
        if user.kind != User.Kind.SYNTHETIC:
            raise CannotSimulate(f"{user.username} is the name of somebody else.")
        if Membership.objects.get_or_create(campaign=campaign, user=user, role=Role.LABELER)[1]:
            MembershipEvent.objects.create(campaign=campaign, user=user, role=Role.LABELER, given=True, actor=None, at=at)
        users.append(user)
    return users


def simulate(
    campaign: Campaign, *, labelers: int, seed: int, clock: Callable[[], datetime], most: int | None = None, tell: Callable[[int], None] = lambda stored: None
) -> int:
    """Let synthetic labelers take turns until nothing is left for any of them, or `most` labels are stored. Returns how many they stored.

    Raises CannotSimulate.
    """
    if not 1 <= labelers <= MOST_LABELERS:
        raise CannotSimulate(f"{labelers} labelers: it must be 1 to {MOST_LABELERS}.")
    if campaign.state != Campaign.State.OPEN:
        raise CannotSimulate(f"The campaign is {campaign.state}: it hands out pairs only while it is open.")
    users = make_labelers(campaign, labelers=labelers, seed=seed, at=clock())
    tastes = [taste_of(seed, number) for number in range(labelers)]
    stored, busy = 0, list(range(labelers))
    while busy:
        for number in list(busy):
            if stored == most:
                return stored
            if label_next(campaign, users[number], tastes[number], seed=seed, number=number, clock=clock) is None:
                busy.remove(number)
                continue
            stored += 1
            tell(stored)
    return stored


def label_next(campaign: Campaign, labeler: User, taste: Taste, *, seed: int, number: int, clock: Callable[[], datetime]) -> Label | None:
    """Lease the next pair, judge it and submit; None: nothing is left for this labeler."""
    assignment = assigning.next_for(campaign, labeler, at=clock())
    if assignment is None:
        return None
    judgment = judge_assignment(assignment, taste, seed=seed, number=number)
    return submitting.submit_label(
        assignment=assignment,
        preference=judgment.preference,
        both_bad=judgment.both_bad,
        source=Label.Source.SYNTHETIC,
        submission_key=uuid.uuid4(),
        at=clock(),
    )


def judge_assignment(assignment: Assignment, taste: Taste, *, seed: int, number: int) -> Judgment:
    a, b = Pair.objects.values_list("response_a__text", "response_b__text").get(pk=assignment.pair_id)
    return judge(taste, seed=seed, labeler=number, a=a, b=b, left_is_a=assignment.left_is_a)
