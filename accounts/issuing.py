"""From a person to the tokens of their programs: made, shown once, revoked."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import AccountEvent, ApiToken, User, digest, new_secret

MOST_DAYS = 365


class NotYourScope(Exception):
    """A token may do no more than its person."""


class NameInUse(Exception):
    """A token of that name has not been revoked."""


def scopes_of(user: User) -> list[ApiToken.Scope]:
    """Return what this person's tokens may be allowed: everybody may label, researchers may do the rest too."""
    return list(ApiToken.Scope) if user.is_researcher else [ApiToken.Scope.LABEL]


@transaction.atomic
def make_token(*, user: User, name: str, scopes: Collection[str], days: int, at: datetime) -> tuple[ApiToken, str]:
    """Make a token that works for so many days, and return it with its secret, which is kept nowhere.

    Raises NotYourScope and NameInUse.
    """
    if not set(scopes) <= set(scopes_of(user)):
        raise NotYourScope(_("Your tokens may have the scope label only."))
    secret = new_secret("tb")
    token, is_new = ApiToken.objects.get_or_create(
        user=user,
        name=name,
        revoked_at=None,
        defaults={
            "digest": digest(secret),
            "shown": secret[:12],
            "scopes": [scope for scope in ApiToken.Scope.values if scope in scopes],
            "created_at": at,
            "expires_at": at + timedelta(days=days),
        },
    )
    if not is_new:
        raise NameInUse(_("You have a token of this name. Take another name, or revoke it first."))
    AccountEvent.objects.create(user=user, actor=user, kind=AccountEvent.Kind.TOKEN_MADE, detail=f"{name}: {', '.join(token.scopes)}", at=at)
    return token, secret


@transaction.atomic
def revoke_token(*, token: ApiToken, actor: User, at: datetime) -> ApiToken | None:
    """End a token at once. None: it was revoked before."""
    if not ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=at):
        return None
    AccountEvent.objects.create(user_id=token.user_id, actor=actor, kind=AccountEvent.Kind.TOKEN_REVOKED, detail=token.name, at=at)
    token.revoked_at = at
    return token
