"""From a rubric to its next version: what good means, worded once more. A version never changes."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext

from accounts.models import User
from labeling.models import Rubric, RubricVersion

RESERVED_NAMES = ("new",)
"""Words that stand in an address where a rubric's name could."""

DEFAULT_NAME, DEFAULT_TITLE = "everyday-helpfulness", "Everyday helpfulness"
DEFAULT_FILE = Path(__file__).resolve().parent / "data" / "default_rubric.md"


class SameWording(Exception):
    """The newest version of the rubric says just this."""


class NameTaken(Exception):
    """There is a rubric of that name."""


@transaction.atomic
def add_rubric(*, name: str, title: str, body: str, actor: User | None, at: datetime, **asks: list[dict[str, str]]) -> RubricVersion:
    """Make a rubric with its version 1, and return that; `asks` are its `reasons` and `criteria`, where it has others than is usual. Raises NameTaken."""
    rubric, made = Rubric.objects.get_or_create(name=name, defaults={"title": title, "created_at": at})
    if not made:
        raise NameTaken(gettext("There is a rubric {name} already. Add a version to it, or choose another name.").format(name=repr(name)))
    return add_version(rubric=rubric, body=body, change_note="", actor=actor, at=at, **asks)


@transaction.atomic
def add_version(*, rubric: Rubric, body: str, change_note: str, actor: User | None, at: datetime, **asks: list[dict[str, str]]) -> RubricVersion:
    """Add the next version. Campaigns stay with the version they have. What `asks` leaves out is as in the version before. Raises SameWording."""
    Rubric.objects.select_for_update(no_key=True).get(pk=rubric.pk)  # of two at once the second gets the next number
    newest = newest_of(rubric)
    before = {"reasons": newest.reasons, "criteria": newest.criteria} if newest else {}
    if newest and newest.sha256 == hash_of(body) and before | asks == before:
        raise SameWording(gettext("Version {number} says just this. Change the wording, or keep that version.").format(number=newest.number))
    number = newest.number + 1 if newest else 1
    said = {"body": body, "change_note": change_note, "sha256": hash_of(body), "created_by": actor, "created_at": at}
    return RubricVersion.objects.create(rubric=rubric, number=number, **said, **before | asks)


def newest_of(rubric: Rubric) -> RubricVersion | None:
    return rubric.versions.order_by("-number").first()


@transaction.atomic
def default_rubric_version(*, at: datetime) -> RubricVersion:
    """Return the newest version of the rubric that comes with the product, made where it is missing, or where the product has a newer wording.

    Once somebody has worded a version of their own, that stands.
    """
    rubric, _ = Rubric.objects.get_or_create(name=DEFAULT_NAME, defaults={"title": DEFAULT_TITLE, "created_at": at})
    newest = newest_of(rubric)
    if newest and newest.created_by_id is not None:
        return newest
    body = DEFAULT_FILE.read_text(encoding="utf-8")
    if newest and newest.sha256 == hash_of(body):
        return newest
    return add_version(rubric=rubric, body=body, change_note="", actor=None, at=at)


def hash_of(body: str) -> str:
    """Return the SHA-256 of the body's UTF-8 bytes, in hex."""
    return hashlib.sha256(body.encode()).hexdigest()
