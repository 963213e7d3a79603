"""From a request for a private split to who is named: asked with a reason, decided by somebody else with a reason."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from exports import access
from exports.models import Dataset, SplitAccess

Kind = SplitAccess.Kind
FINITE = {Kind.APPROVED: gettext_lazy("let in"), Kind.REFUSED: gettext_lazy("refused"), Kind.REVOKED: gettext_lazy("shut out again")}


class NotPossible(Exception):
    """It cannot be asked or decided so. The text says why."""


@transaction.atomic
def ask(dataset: Dataset, *, person: User, reason: str, at: datetime) -> SplitAccess:
    """Ask for the private split of a dataset. Raises NotPossible."""
    if not reason.strip():
        raise NotPossible(_("Say what you need the private split for."))
    Dataset.objects.select_for_update(no_key=True).get(pk=dataset.pk)
    if access.is_named(person, dataset):
        raise NotPossible(_("You may download it already."))
    if waits(dataset, person):
        raise NotPossible(_("You have asked already; nobody has decided yet."))
    return SplitAccess.objects.create(dataset=dataset, person=person, kind=Kind.REQUESTED, actor=person, reason=reason.strip(), at=at)


@transaction.atomic
def decide(dataset: Dataset, *, person: User, kind: SplitAccess.Kind, actor: User | None, reason: str, at: datetime) -> SplitAccess:
    """Let a person download the private split, refuse it, or shut them out again. `actor` None is an operator. Raises NotPossible."""
    if actor and not access.may_decide(actor, dataset):
        raise NotPossible(_("An owner or the dataset’s maker decides."))
    if actor == person:
        raise NotPossible(_("Nobody decides on their own access. Ask an owner, or the dataset’s maker."))
    if not reason.strip():
        raise NotPossible(_("Say why {username} is {finite}.").format(username=person.username, finite=FINITE[kind]))
    Dataset.objects.select_for_update(no_key=True).get(pk=dataset.pk)
    refuse_unless_in_turn(dataset, person, kind)
    return SplitAccess.objects.create(dataset=dataset, person=person, kind=kind, actor=actor, reason=reason.strip(), at=at)


def refuse_unless_in_turn(dataset: Dataset, person: User, kind: SplitAccess.Kind) -> None:
    """Raise NotPossible where the decision changes nothing, or answers nobody."""
    named = access.is_named(person, dataset)
    if kind == Kind.APPROVED and named:
        raise NotPossible(_("{username} may download it already.").format(username=person.username))
    if kind == Kind.APPROVED and not (person.is_researcher or person.is_owner):
        raise NotPossible(_("{username} is neither a researcher nor an owner.").format(username=person.username))
    if kind == Kind.REFUSED and not waits(dataset, person):
        raise NotPossible(_("{username} has not asked.").format(username=person.username))
    if kind == Kind.REVOKED and not named:
        raise NotPossible(_("{username} may not download it anyway.").format(username=person.username))


def waits(dataset: Dataset, person: User) -> bool:
    last = SplitAccess.objects.filter(dataset=dataset, person=person).order_by("-pk").first()
    return last is not None and last.kind == Kind.REQUESTED
