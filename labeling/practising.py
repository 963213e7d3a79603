"""From the answers of a practice round to what comes of it: real work, another round, or a researcher who looks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import statements
from accounts.models import User
from labeling import planning
from labeling.models import Campaign, Enrolment, EnrolmentEvent, GoldItem, Label, Slot
from labeling.words import counted

MOST_ROUNDS = 3

State = Enrolment.State

# The first answers of a round: whoever was told what is right may still change theirs, but not their result. What was given back counts as not right, else
# one good answer would do. A place that was taken away, because its item was retired, counts for nothing.
ANSWERS = """
SELECT label.verdict IS NOT NULL AND label.verdict = gold.verdict
FROM labeling_slot AS slot
JOIN labeling_golditem AS gold ON gold.id = slot.gold_item_id
LEFT JOIN labeling_label AS label ON label.slot_id = slot.id AND label.supersedes_id IS NULL
WHERE slot.id = ANY(%(places)s::bigint[]) AND (label.id IS NOT NULL OR EXISTS (
    SELECT FROM labeling_skip AS skip JOIN labeling_assignment AS assignment ON assignment.key = skip.assignment_id WHERE assignment.slot_id = slot.id))
"""
# A round's places are due at one position, that at which it begins, and later rounds begin later.
ROUND = """
SELECT count(*) FILTER (WHERE other.id <= own.id), count(*)
FROM labeling_slot AS own JOIN labeling_slot AS other
  ON other.reserved_for_id = own.reserved_for_id AND other.campaign_id = own.campaign_id AND other.kind = 'practice' AND other.rank = own.rank
WHERE own.id = %(slot)s AND own.kind = 'practice'
"""


class CannotLetIn(Exception):
    """The labeler does not wait to be let in. The message says why."""


@dataclass(frozen=True)
class Feedback:
    """What a labeler is told of a practice answer, in their own left and right."""

    right: bool
    better: str
    """`left`, `right`, or `tie`."""
    why: str
    number: int
    of: int


def feedback_on(label: Label) -> Feedback | None:
    """Return what there is to say of an answer; None, unless it is practice."""
    if label.slot is None or label.slot.kind != Slot.Kind.PRACTICE:
        return None
    known = GoldItem.objects.get(slots=label.slot)
    number, of = place_in_round(label.slot.pk)
    better = "tie" if known.verdict == "tie" else "left" if (known.verdict == "a") == label.left_was_a else "right"
    return Feedback(right=label.verdict == known.verdict, better=better, why=known.why or "", number=number, of=of)


def place_in_round(slot_id: int) -> tuple[int, int]:
    """Return which pair of its round a practice place holds, and how many the round has."""
    row = statements.one(ROUND, slot=slot_id)
    return (row[0], row[1]) if row else (0, 0)


@transaction.atomic
def conclude_round(campaign: Campaign, labeler: User, *, at: datetime) -> bool:
    """Let the labeler go on once nothing of their round is left: to work, or to another round, with other items first. True: they may ask again.

    Those who do not pass the last round are paused, until a researcher has looked (`let_in`).
    """
    enrolment = Enrolment.objects.select_for_update(no_key=True).get(campaign=campaign, labeler=labeler)
    if enrolment.state != State.PRACTISING:
        return enrolment.state == State.WORKING  # another window was here before
    places = places_of_round(enrolment)
    if any(place.closed_at is None for place in places):
        return False
    answers = [right for (right,) in statements.every(ANSWERS, places=[place.pk for place in places])]
    if answers and 100 * sum(answers) >= campaign.pass_mark * len(answers):
        return begin_work(enrolment, campaign, why=f"passed practice: {in_words(answers)} in round {enrolment.practice_rounds}", actor=None, at=at)
    if enrolment.practice_rounds < MOST_ROUNDS and planning.plan_practice(campaign, labeler, served=enrolment.served):
        enrolment.practice_rounds += 1
        enrolment.save(update_fields=["practice_rounds"])
        return True
    if not answers:
        return begin_work(enrolment, campaign, why="no practice item is left", actor=None, at=at)
    why = f"did not pass practice: {in_words(answers)} in round {enrolment.practice_rounds}, and {campaign.pass_mark} % are asked for"
    change(enrolment, State.PAUSED, why=why, actor=None, at=at)
    return False


def places_of_round(enrolment: Enrolment) -> list[Slot]:
    places = list(Slot.objects.filter(reserved_for=enrolment.labeler_id, campaign=enrolment.campaign_id, kind=Slot.Kind.PRACTICE).order_by("pk"))
    begins = max((place.rank for place in places), default=0)
    return [place for place in places if place.rank == begins]


def in_words(answers: list[bool]) -> str:
    return f"{sum(answers)} of {counted(len(answers), 'item')} right"


@transaction.atomic
def let_in(*, campaign: Campaign, labeler: User, why: str, actor: User | None, at: datetime) -> Enrolment:
    """Let a labeler who practises or is paused do real work from now on. Raises CannotLetIn."""
    enrolment = Enrolment.objects.select_for_update(no_key=True).filter(campaign=campaign, labeler=labeler).first()
    if enrolment is None:
        raise CannotLetIn(_("{name} has not asked for a pair here yet.").format(name=labeler.username))
    if enrolment.state == State.WORKING:
        raise CannotLetIn(_("{name} works here already.").format(name=labeler.username))
    open_places = Slot.objects.open().filter(pk__in=[place.pk for place in places_of_round(enrolment)])
    for place in open_places.order_by("pk").select_for_update(no_key=True):
        Slot.objects.filter(pk=place.pk).update(closed_at=at, labeler=None, lease=None, lease_ends_at=None)
    begin_work(enrolment, campaign, why=why, actor=actor, at=at)
    return enrolment


def begin_work(enrolment: Enrolment, campaign: Campaign, *, why: str, actor: User | None, at: datetime) -> bool:
    change(enrolment, State.WORKING, why=why, actor=actor, at=at)
    planning.plan_ahead(campaign, enrolment.labeler, served=enrolment.served, planned=enrolment.planned)
    return True


def change(enrolment: Enrolment, state: State, *, why: str, actor: User | None, at: datetime) -> None:
    before, enrolment.state = enrolment.state, state
    enrolment.save(update_fields=["state"])
    EnrolmentEvent.objects.create(
        campaign_id=enrolment.campaign_id, labeler_id=enrolment.labeler_id, before=before, after=state, why=why[:300], actor=actor, at=at
    )
