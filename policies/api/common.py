"""Who may use the API of policies."""

from __future__ import annotations

from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.permissions import IsResearcher, scope

READ: list[type[BasePermission]] = [IsAuthenticated, IsResearcher, scope("read")]
READ_OR_WRITE: list[type[BasePermission]] = [IsAuthenticated, IsResearcher, scope("read", "write")]


def demand(request: Request, name: str) -> None:
    """Raise PermissionDenied unless the token has this scope: reading and writing share an address."""
    needed = scope(name)()
    if not needed.has_permission(request, APIView()):
        raise PermissionDenied(getattr(needed, "message", None))
