"""API tokens: `Authorization: Bearer <token>`."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import ApiToken, User, digest

SEEN_EVERY = timedelta(minutes=1)


class TokenAuthentication(BaseAuthentication):
    """Find the person behind a bearer token. `request.auth` is the token, whose scopes the views ask for."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"bearer":
            return None
        if len(words) != 2:
            raise AuthenticationFailed("Send one token: Authorization: Bearer <token>.")
        at = timezone.now()
        token = ApiToken.objects.usable(at=at).select_related("user").filter(digest=digest(words[1].decode("latin-1"))).first()
        if token is None:
            raise AuthenticationFailed("The token is unknown, expired or revoked.")
        mark_seen(token, at=at)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself by being defined
    """How the OpenAPI document names it."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


def mark_seen(token: ApiToken, *, at: datetime) -> None:
    """Note the use, at most once a minute: a write a request would cost more than the note is worth."""
    ApiToken.objects.filter(Q(last_used_at=None) | Q(last_used_at__lt=at - SEEN_EVERY), pk=token.pk).update(last_used_at=at)
