"""Synthetic labelers with tastes of their own, who go the way that people go: lease, judge, submit. For demonstrations and measurements."""

from __future__ import annotations

import json
import statistics
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts import statements
from accounts.models import User
from labeling import acknowledging, assigning, evidence, submitting, tastes
from labeling.models import Assignment, Campaign, Label, Membership, MembershipEvent, Pair, Role
from labeling.tastes import Sight, Taste

PREFIX = "synthetic"
MOST_LABELERS = 1000


class CannotSimulate(Exception):
    """The campaign hands out nothing, or the numbers make no sense. The message says why."""


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
        acknowledging.acknowledge(campaign, user, number=campaign.rubric_version.number, at=at)  # who labeled here before a move reads it at once
        users.append(user)
    return users


def simulate(
    campaign: Campaign,
    *,
    labelers: int,
    seed: int,
    clock: Callable[[], datetime],
    plants: Sequence[str] = (),
    most: int | None = None,
    tell: Callable[[int], None] = lambda stored: None,
) -> int:
    """Let synthetic labelers take turns until nothing is left for any of them, or `most` labels are stored. Returns how many they stored.

    `plants` say what the first of them are (`tastes.PLANTS`); the others' tastes are drawn. In every round the turns are drawn, so that nobody always
    shares pairs with the same others. Raises CannotSimulate.
    """
    check(campaign, labelers, plants)
    users = make_labelers(campaign, labelers=labelers, seed=seed, at=clock())
    people = [Synthetic(user, taste, number, seed) for number, (user, taste) in enumerate(zip(users, tastes_of(seed, labelers, plants), strict=True))]
    away = away_with(campaign)
    turns = tastes.draws("turns", seed)
    stored = 0
    while people:
        turns.shuffle(people)
        for person in list(people):
            if stored == most:
                return stored
            if label_next(campaign, person, away=away, clock=clock) is None:
                people.remove(person)
                continue
            stored += 1
            tell(stored)
    return stored


SIGHT = """
SELECT prompt.messages, a.text, b.text, gold.verdict
FROM labeling_pair AS pair
JOIN policies_prompt AS prompt ON prompt.id = pair.prompt_id
JOIN policies_response AS a ON a.id = pair.response_a_id
JOIN policies_response AS b ON b.id = pair.response_b_id
JOIN labeling_slot AS slot ON slot.id = %(slot)s
LEFT JOIN labeling_golditem AS gold ON gold.id = slot.gold_item_id
WHERE pair.id = %(pair)s
"""


@dataclass(frozen=True)
class Synthetic:
    """A synthetic labeler of a run."""

    user: User
    taste: Taste
    number: int
    seed: int


def check(campaign: Campaign, labelers: int, plants: Sequence[str]) -> None:
    """Raise CannotSimulate where it makes no sense."""
    if not 1 <= labelers <= MOST_LABELERS:
        raise CannotSimulate(f"{labelers} labelers: it must be 1 to {MOST_LABELERS}.")
    if unknown := [plant for plant in plants if plant not in tastes.PLANTS]:
        raise CannotSimulate(f"There is no labeler like {unknown[0]!r}. There are: {', '.join(tastes.PLANTS)}.")
    if len(plants) > labelers:
        raise CannotSimulate(f"{len(plants)} are to be planted among {labelers} labelers.")
    if campaign.state != Campaign.State.OPEN:
        raise CannotSimulate(f"The campaign is {campaign.state}: it hands out pairs only while it is open.")


def tastes_of(seed: int, labelers: int, plants: Sequence[str]) -> list[Taste]:
    return [tastes.PLANTS[plants[number]] if number < len(plants) else tastes.taste_of(seed, number) for number in range(labelers)]


def away_with(campaign: Campaign) -> timedelta:
    """Return how long before they submit it synthetic labelers lease a pair: time enough to read most pairs here, and for the slow ones among them.

    They have no time to spend. So they lease in the past, and the active seconds that they store fit between lease and label.
    """
    first = list(Pair.objects.filter(campaign=campaign).order_by("pk").values_list("pk", flat=True)[:50])
    words = evidence.words_to_read(first)
    typical = tastes.reading_seconds(statistics.median(words)) if words else 0.0
    return timedelta(seconds=min(8 * typical, 30 * campaign.lease_minutes))


def label_next(campaign: Campaign, person: Synthetic, *, away: timedelta, clock: Callable[[], datetime]) -> Label | None:
    """Lease the next pair, judge it and submit; None: nothing is left for this labeler."""
    assignment = assigning.next_for(campaign, person.user, at=clock() - away)
    if assignment is None:
        return None
    sight, words = sight_of(assignment)
    judgment = tastes.judge(person.taste, sight, seed=person.seed, labeler=person.number)
    return submitting.submit_label(
        assignment=assignment,
        preference=judgment.preference,
        both_bad=judgment.both_bad,
        source=Label.Source.SYNTHETIC,
        active_seconds=tastes.seconds_of(person.taste, sight, words=words, seed=person.seed, labeler=person.number),
        submission_key=uuid.uuid4(),
        at=clock(),
    )


def sight_of(assignment: Assignment) -> tuple[Sight, int]:
    """Return what the labeler sees, and how many words that is. Of gold they know the better side, as people do of clear cases."""
    row = statements.one(SIGHT, pair=assignment.pair_id, slot=assignment.slot_id)
    if row is None:
        raise Pair.DoesNotExist(assignment.pair_id)
    messages, a, b, known = row
    return Sight(a, b, assignment.left_is_a, known), evidence.words_on_screen(json.loads(messages), a, b)
