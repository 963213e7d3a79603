"""Who may look at datasets, decide about them, and download their private split."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from rest_framework.request import Request

from accounts.access import signed_in
from accounts.models import User
from exports.models import Dataset, DatasetFile, SplitAccess


class NotNamed(PermissionDenied):
    """The file is of the private split, and the person is not named for it."""


DECISIONS = (SplitAccess.Kind.APPROVED, SplitAccess.Kind.REFUSED, SplitAccess.Kind.REVOKED)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a person stands towards the private split of a dataset: what was said last, and whether they are named."""

    person: User
    named: bool
    waits: bool
    last: SplitAccess


def reader(request: HttpRequest | Request) -> User:
    """Return the person, who may read what datasets hold and what became of them: a researcher or an owner. Raises PermissionDenied."""
    user = signed_in(request)
    if not (user.is_researcher or user.is_owner):
        raise PermissionDenied(_("This page is for researchers and owners."))
    return user


def may_decide(user: User, dataset: Dataset) -> bool:
    """Say whether the person decides who may download the private split: an owner, or who made the dataset."""
    return user.is_owner or (user.is_researcher and dataset.created_by_id == user.pk)


def is_named(user: User, dataset: Dataset) -> bool:
    """Say whether the person may download the private split now: named, and still a researcher or an owner."""
    decided = SplitAccess.objects.filter(dataset=dataset, person=user, kind__in=DECISIONS).order_by("-pk").first()
    return decided is not None and decided.kind == SplitAccess.Kind.APPROVED and user.is_active and (user.is_researcher or user.is_owner)


def open_file(user: User, name: str, number: int, file: str) -> DatasetFile:
    """Return the file of that version, which the person may fetch: a researcher, or who is named for the private split where it is of that.

    Raises PermissionDenied, NotNamed among it, and Http404. No part of the request becomes part of a path: the path comes from the row.
    """
    if not (user.is_researcher or user.is_owner):
        raise PermissionDenied(_("Files of datasets are for researchers."))
    found = find(name, number, file)
    refuse_unless_named(user, found)
    if not (user.is_researcher or found.is_private):
        raise PermissionDenied(_("Files of datasets are for researchers."))
    return found


def find(name: str, number: int, file: str) -> DatasetFile:
    """Return the file of that version. Raises Http404."""
    if not file.isprintable():  # a NUL is no text to PostgreSQL
        raise Http404
    return get_object_or_404(
        DatasetFile.objects.select_related("version__dataset", "conversion__version__dataset"), version__dataset__name=name, version__number=number, name=file
    )


def refuse_unless_named(user: User, file: DatasetFile) -> None:
    """Raise NotNamed for a private file and a person who is not named."""
    if file.is_private and not is_named(user, file.version.dataset):
        raise NotNamed(_("This split is private. Ask for access on the dataset’s page; an owner or the dataset’s maker decides."))


def standings(dataset: Dataset) -> list[Standing]:
    """Return how everybody stands who ever asked for the private split or was named, those who wait first."""
    found: dict[int, Standing] = {}
    for event in SplitAccess.objects.filter(dataset=dataset).select_related("person", "actor").order_by("pk"):
        before = found.get(event.person_id)
        named = event.kind == SplitAccess.Kind.APPROVED if event.kind in DECISIONS else bool(before and before.named)
        found[event.person_id] = Standing(person=event.person, named=named, waits=event.kind == SplitAccess.Kind.REQUESTED, last=event)
    return sorted(found.values(), key=lambda standing: (not standing.waits, not standing.named, standing.person.username))


def waiting(dataset: Dataset) -> int:
    return sum(standing.waits for standing in standings(dataset))
