"""What one person has to do in their campaigns, by the roles they hold there, and no more than those roles may know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts.models import User
from accounts.wording import grouped
from labeling.models import Campaign, Label, Membership, Pair, Question, Role, Slot
from labeling.phrases import listed

ORDER = [Campaign.State.OPEN, Campaign.State.PAUSED, Campaign.State.DRAFT, Campaign.State.CLOSED, Campaign.State.ARCHIVED]


@dataclass(frozen=True, kw_only=True)
class Desk:
    """One campaign as one person meets it. A figure is None where none of their roles may know it."""

    slug: str
    name: str
    state: str
    roles: frozenset[str]
    mine: int | None
    """Labels of the labeler's own."""
    contested: int | None
    """Pairs that the adjudicator may settle."""
    questions: int | None
    """Questions of labelers that wait for an adjudicator's answer."""
    labels: int | None
    planned: int | None

    @property
    def labels_here(self) -> bool:
        return Role.LABELER in self.roles and self.state == Campaign.State.OPEN

    @property
    def adjudicates(self) -> bool:
        return Role.ADJUDICATOR in self.roles and self.state != Campaign.State.ARCHIVED

    @property
    def waits(self) -> bool:
        """A labeler's place at which no pair is given out."""
        return Role.LABELER in self.roles and not self.labels_here

    @property
    def roles_in_words(self) -> str:
        """`label and research`."""
        verbs = {Role.LABELER: pgettext("you", "label"), Role.ADJUDICATOR: pgettext("you", "adjudicate"), Role.RESEARCHER: pgettext("you", "research")}
        return listed([verb for role, verb in verbs.items() if role in self.roles])

    @property
    def researches(self) -> bool:
        return Role.RESEARCHER in self.roles


def desks_of(user: User) -> list[Desk]:
    """Return the person's campaigns, open ones first. The number of queries does not grow with them."""
    roles: dict[Campaign, set[str]] = {}
    for membership in Membership.objects.filter(user=user).select_related("campaign"):
        roles.setdefault(membership.campaign, set()).add(membership.role)
    of = Counts(user, roles)
    return [
        Desk(
            slug=campaign.slug,
            name=campaign.name,
            state=campaign.state,
            roles=frozenset(held),
            mine=of.mine[campaign.pk] if Role.LABELER in held else None,
            contested=of.contested[campaign.pk] if Role.ADJUDICATOR in held else None,
            questions=of.questions[campaign.pk] if Role.ADJUDICATOR in held else None,
            labels=of.labels[campaign.pk] if Role.RESEARCHER in held else None,
            planned=of.labels[campaign.pk] + of.open[campaign.pk] if Role.RESEARCHER in held else None,
        )
        for campaign, held in sorted(roles.items(), key=lambda entry: (ORDER.index(Campaign.State(entry[0].state)), entry[0].name.casefold()))
    ]


class Counts:
    """Figures by campaign, each only of the campaigns in which the person's role may know it."""

    def __init__(self, user: User, roles: dict[Campaign, set[str]]) -> None:
        labels, settles, runs = ([campaign.pk for campaign, held in roles.items() if role in held] for role in Role)
        labeled = Label.objects.filter(pair=OuterRef("pk"), labeler=user)
        places = Slot.objects.counting().filter(campaign__in=runs)
        self.mine = counted(Label.objects.first_answers().filter(labeler=user, pair__campaign__in=labels), by="pair__campaign")
        self.contested = counted(Pair.objects.contested().filter(~Exists(labeled), campaign__in=settles), by="campaign")
        self.questions = counted(Question.objects.open().filter(pair__campaign__in=settles).exclude(labeler=user), by="pair__campaign")
        self.labels = counted(Label.objects.counting().filter(pair__campaign__in=runs), by="pair__campaign")
        # Apart, each by its partial index: what is closed by far outnumbers what is open.
        self.open = counted(places.free(), by="campaign") + counted(places.held(), by="campaign")


def counted(rows: QuerySet[Any], *, by: str) -> Counter[int]:
    return Counter(dict(rows.order_by().values_list(by).annotate(Count("pk"))))


def first_thing(desks: Sequence[Desk]) -> tuple[str, str]:
    """Return the slug and the role of what the person came for: the first place to label at, else the first contest; else two empty texts."""
    for desk in desks:
        if desk.labels_here:
            return desk.slug, Role.LABELER
    contests = [desk.slug for desk in desks if desk.adjudicates and desk.contested]
    return (contests[0], Role.ADJUDICATOR) if contests else ("", "")


def standfirst(desks: Sequence[Desk]) -> str:
    """Say in a sentence or two what there is to do, or what is the person's own."""
    to_label = [desk.name for desk in desks if desk.labels_here]
    contested = sum(desk.contested or 0 for desk in desks if desk.adjudicates)
    run = [desk.state for desk in desks if desk.researches]
    said = [of_labeling(to_label)] if to_label else []
    if contested:
        words = ngettext("{n} contested pair waits for a verdict of yours.", "{n} contested pairs wait for a verdict of yours.", contested)
        said.append(words.format(n=grouped(contested)))
    if run:
        said.append(of_running(run))
    return " ".join(said) or _("Nothing waits for you at the moment.")


def of_labeling(campaigns: Sequence[str]) -> str:
    if len(campaigns) == 1:
        return _("You can label in {campaign}.").format(campaign=campaigns[0])
    return _("You can label in {n} campaigns.").format(n=len(campaigns))


def of_running(states: Sequence[str]) -> str:
    if len(states) == 1:
        return _("You run one campaign, which is {state}.").format(state=_(states[0]))
    number = states.count("open")
    return ngettext("You run {all} campaigns, {n} of them open.", "You run {all} campaigns, {n} of them open.", number).format(
        all=len(states), n=number or pgettext("campaigns", "none")
    )
