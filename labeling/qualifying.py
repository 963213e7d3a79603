"""From a researcher's word to what a labeler is skilled in: which pairs they are eligible for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from labeling import campaigns
from labeling.campaigns import NotPossible
from labeling.models import Campaign, Enrolment, Membership, Role, Skill
from labeling.models.enrolment import BEFORE_EVERY_RANK
from labeling.slotting import LONGEST_POOL

MOST_SKILLS = 50


@transaction.atomic
def set_skills(*, campaign: Campaign, labeler: User, names: Iterable[str], actor: User | None, at: datetime) -> list[str]:
    """Let these be the labeler's skills in the campaign, and return them in order. Raises NotPossible.

    With a new one the labeler starts over at the beginning of the queue, since places that ask for it lie behind them. What is on a screen stays there.
    """
    held = campaigns.hold_for(campaign, "people")
    wanted = checked(names)
    if not Membership.objects.filter(campaign=held, user=labeler, role=Role.LABELER).exists():
        raise NotPossible(_("{username} does not label here. An owner can give them the role.").format(username=labeler.username))
    had = set(skills_of(held, labeler))
    given, taken = sorted(wanted - had), sorted(had - wanted)
    Skill.objects.filter(campaign=held, labeler=labeler, name__in=taken).delete()
    Skill.objects.bulk_create([Skill(campaign=held, labeler=labeler, name=name) for name in given])
    if given:
        start_over(held, labeler)
    if given or taken:
        campaigns.note(held, "skills_changed", actor=actor, at=at, labeler=labeler.username, given=given, taken=taken)
    return sorted(wanted)


def skills_of(campaign: Campaign, labeler: User) -> list[str]:
    return list(Skill.objects.filter(campaign=campaign, labeler=labeler).order_by("name").values_list("name", flat=True))


def checked(names: Iterable[str]) -> set[str]:
    wanted = {name.strip() for name in names} - {""}
    if len(wanted) > MOST_SKILLS:
        raise NotPossible(_("These are {wanted} skills: {most_skills} at most.").format(wanted=len(wanted), most_skills=MOST_SKILLS))
    if long := sorted(name for name in wanted if len(name) > LONGEST_POOL):
        raise NotPossible(_("{value} is too long for a skill: {longest_pool} characters at most.").format(value=repr(long[0]), longest_pool=LONGEST_POOL))
    return wanted


def start_over(campaign: Campaign, labeler: User) -> None:
    Enrolment.objects.filter(campaign=campaign, labeler=labeler).update(rank=BEFORE_EVERY_RANK, head_rank=BEFORE_EVERY_RANK, searched_at=None)
