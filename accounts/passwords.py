"""From a person who cannot sign in to one who can: passwords, and one-time links to choose one."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.db import transaction
from django.urls import reverse
from django.utils.encoding import force_str
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode
from django.utils.translation import gettext as _

from accounts.models import AccountEvent, User


class LinkTokens(PasswordResetTokenGenerator):
    """A link dies when it is used, when its person signs in, when the account is closed, and after PASSWORD_RESET_TIMEOUT seconds."""

    def _make_hash_value(self, user: User, timestamp: int) -> str:
        return f"{user.session_epoch} {super()._make_hash_value(user, timestamp)}"


link_tokens = LinkTokens()


class Exists(Exception):
    """Somebody has that name."""


@transaction.atomic
def set_password(*, user: User, password: str, actor: User | None, at: datetime) -> None:
    """Give a person a new password, which signs them out everywhere."""
    user.set_password(password)
    user.save(update_fields=["password"])
    AccountEvent.objects.create(user=user, actor=actor, kind=AccountEvent.Kind.PASSWORD_SET, at=at)


def make_link(*, user: User, actor: User | None, at: datetime) -> str:
    """Return the whole address at which the person may, once, choose a password. It is shown once; nothing of it is stored."""
    AccountEvent.objects.create(user=user, actor=actor, kind=AccountEvent.Kind.PASSWORD_LINK, at=at)
    name = urlsafe_base64_encode(str(user.pk).encode())
    return settings.BASE_URL + reverse("choose-password", args=[name, link_tokens.make_token(user)])


def link_ends(*, at: datetime) -> datetime:
    """Return until when a link made now works."""
    return at + timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)


def person_behind(name: str, token: str) -> User | None:
    """Return whose link this is, or None for one that is used, expired, or was never made."""
    try:
        pk = int(force_str(urlsafe_base64_decode(name)))
    except ValueError:
        return None
    user = User.objects.filter(pk=pk, is_active=True, kind=User.Kind.PERSON).first()
    return user if user and link_tokens.check_token(user, token) else None


@transaction.atomic
def make_owner(*, name: str, existing: bool, at: datetime) -> User:
    """Make an owner, who has no password yet; or, with `existing`, give the mark to who is there, and open a closed account.

    Raises Exists, and ValidationError for a name that cannot be one.
    """
    user = User.objects.filter(username=name).first()
    if user and not existing:
        raise Exists(_("There is somebody of the name {name}. With --existing they become an owner.").format(name=name))
    if user and user.kind != User.Kind.PERSON:
        raise Exists(_("{name} is a name under which labels arrived, not a person. Take another name.").format(name=name))
    if user is None:
        user = User(username=name)
        user.set_unusable_password()
        user.full_clean()
        user.save()
        AccountEvent.objects.create(user=user, kind=AccountEvent.Kind.JOINED, detail="on the server", at=at)
    user.is_owner = user.is_active = True
    user.save(update_fields=["is_owner", "is_active"])
    AccountEvent.objects.create(user=user, kind=AccountEvent.Kind.MARK_GIVEN, detail="owner, on the server", at=at)
    return user
