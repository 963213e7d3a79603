"""Those who label in a campaign: how they stand and why, what they are skilled in, what is kept for them. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from accounts.marking import marked
from accounts.models import User
from labeling.models import Campaign, Enrolment, EnrolmentEvent, Membership, Role, Skill, Slot

NOT_YET = marked("not begun")
EVENTS = 30


@dataclass(frozen=True, kw_only=True)
class Labeler:
    """How one labeler stands in a campaign."""

    pk: int
    name: str
    kind: str
    is_active: bool
    holds_role: bool
    state: str
    """`practising`, `working`, `paused`, or that they have not asked for a pair yet."""
    why: str
    since: datetime | None
    served: int
    """Pairs handed out to them so far."""
    skills: list[str] = field(default_factory=list)
    kept: int = 0
    """Pairs that wait for them by name."""

    @property
    def waits_to_be_let_in(self) -> bool:
        return self.state in (Enrolment.State.PRACTISING, Enrolment.State.PAUSED)


@dataclass(frozen=True)
class Step:
    """A labeler's state changed."""

    at: datetime
    actor: str
    """Empty: the system."""
    before: str
    after: str
    why: str


def users_of(campaign: Campaign) -> QuerySet[User]:
    """Return those who hold the labeler's role, or once asked for a pair."""
    role = Q(memberships__campaign=campaign, memberships__role=Role.LABELER)
    enrolled = Enrolment.objects.filter(campaign=campaign).values("labeler")
    return User.objects.filter(role | Q(pk__in=enrolled)).distinct().order_by("-is_active", "username")


def labelers_of(campaign: Campaign) -> list[Labeler]:
    """Return all of them, in a number of queries that does not grow with them."""
    return described(campaign, list(users_of(campaign)))


def labeler_of(campaign: Campaign, user: User) -> Labeler:
    [found] = described(campaign, [user])
    return found


def described(campaign: Campaign, users: list[User]) -> list[Labeler]:
    enrolments = {enrolment.labeler_id: enrolment for enrolment in Enrolment.objects.filter(campaign=campaign, labeler__in=users)}
    latest = latest_events(campaign, users)
    skills: dict[int, list[str]] = {user.pk: [] for user in users}
    for user, name in Skill.objects.filter(campaign=campaign, labeler__in=users).order_by("name").values_list("labeler", "name"):
        skills[user].append(name)
    waiting = Slot.objects.free().filter(campaign=campaign, reserved_for__in=users, kind=Slot.Kind.WORK)
    kept = dict(waiting.values_list("reserved_for").annotate(Count("pk")).order_by())
    roles = set(Membership.objects.filter(campaign=campaign, role=Role.LABELER, user__in=users).values_list("user", flat=True))
    return [
        Labeler(
            pk=user.pk,
            name=user.username,
            kind=user.kind,
            is_active=user.is_active,
            holds_role=user.pk in roles,
            state=enrolments[user.pk].state if user.pk in enrolments else NOT_YET,
            why=(latest[user.pk].why or "") if user.pk in latest else "",
            since=latest[user.pk].at if user.pk in latest else None,
            served=enrolments[user.pk].served if user.pk in enrolments else 0,
            skills=skills[user.pk],
            kept=kept.get(user.pk, 0),
        )
        for user in users
    ]


def latest_events(campaign: Campaign, users: Iterable[User]) -> dict[int, EnrolmentEvent]:
    """Return the last change of state of each."""
    events = EnrolmentEvent.objects.filter(campaign=campaign, labeler__in=users).order_by("labeler", "-at", "-pk").distinct("labeler")
    return {event.labeler_id: event for event in events}


def history_of(campaign: Campaign, user: User) -> list[Step]:
    """Return how the labeler's state changed, newest first."""
    events = EnrolmentEvent.objects.filter(campaign=campaign, labeler=user).select_related("actor").order_by("-at", "-pk")[:EVENTS]
    return [Step(event.at, event.actor.username if event.actor else "", event.before, event.after, event.why or "") for event in events]
