"""From a text to who agreed to it: one row for each yes, and for each yes that was taken back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from accounts import statements
from accounts.models import Consent, ConsentText, User

# Of who has agreed to the text that holds, or where there is none, nothing.
WANTED = """
SELECT text.number, text.body FROM accounts_consenttext AS text
WHERE text.number = (SELECT max(number) FROM accounts_consenttext) AND NOT coalesce(
    (SELECT said.given AND said.text_id = text.id FROM accounts_consent AS said WHERE said.user_id = %(user)s ORDER BY said.id DESC LIMIT 1), false)
"""


@dataclass(frozen=True)
class Wanted:
    """The text that a person has not agreed to, and is asked about before they label."""

    number: int
    body: str


class NothingToSay(Exception):
    """The text is empty, or says what the one before said."""


def current() -> ConsentText | None:
    """Return the text that people are asked about now."""
    return ConsentText.objects.order_by("-number").first()


@transaction.atomic
def publish(*, body: str, by: User | None, at: datetime) -> ConsentText:
    """Make this the text that people are asked about. Who agreed to an earlier one has agreed to that one. Raises NothingToSay."""
    sha256 = hashlib.sha256(body.encode()).hexdigest()
    before = current()
    if not body.strip():
        raise NothingToSay(_("The text is empty."))
    if before and before.sha256 == sha256:
        raise NothingToSay(_("Version {number} says just that.").format(number=before.number))
    number = (ConsentText.objects.aggregate(last=Max("number"))["last"] or 0) + 1
    return ConsentText.objects.create(number=number, body=body, sha256=sha256, created_by=by, created_at=at)


def wanted_of(user: User) -> Wanted | None:
    """Return the text that holds, if the person has not agreed to it; None: they have, or there is none. Asked before each pair and each label."""
    row = statements.one(WANTED, user=user.pk)
    return Wanted(*row) if row else None


def said_by(user: User) -> Consent | None:
    """Return what a person said last; None: never asked, or never answered."""
    return Consent.objects.filter(user=user).select_related("text").order_by("-pk").first()


@transaction.atomic
def say(*, user: User, text: ConsentText, given: bool, at: datetime) -> Consent | None:
    """Store that a person agrees to a text, or takes it back. None: they have said so already."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    last = said_by(user)
    if (last.given and last.text_id == text.pk) == given if last else not given:
        return None
    return Consent.objects.create(user=user, text=text, given=given, at=at)


def agreed(people: Iterable[int]) -> QuerySet[User]:
    """Return those of the people whose last word was yes, to whichever text."""
    latest = Consent.objects.filter(user=OuterRef("pk")).order_by("-pk").values("given")[:1]
    return User.objects.filter(pk__in=list(people)).annotate(last_word=Subquery(latest)).filter(last_word=True)
