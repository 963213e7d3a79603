"""What a token lets a program do: `permission_classes = [scope("read"), IsResearcher]`."""

from __future__ import annotations

from functools import cache

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.models import ApiToken, User


@cache
def scope(*names: str) -> type[BasePermission]:
    """Return a permission that asks for a token with at least one of these scopes. Raises ValueError for a scope that does not exist."""
    wanted = frozenset(ApiToken.Scope(name).value for name in names)

    class HasScope(BasePermission):
        message = f"The token lacks the scope {' or '.join(sorted(wanted))}."

        def has_permission(self, request: Request, view: APIView) -> bool:
            return isinstance(request.auth, ApiToken) and not wanted.isdisjoint(request.auth.scopes)

    return HasScope


class IsResearcher(BasePermission):
    """Admits who holds the mark `researcher`."""

    message = "This is for researchers."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.user, User) and request.user.is_researcher
