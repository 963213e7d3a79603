"""What views of the API ask before they begin, beyond their permissions: each method its scope, each body its shape."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers, status
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import signed_in
from accounts.permissions import IsResearcher, scope

SLUG = OpenApiParameter("slug", str, OpenApiParameter.PATH, description="Of the campaign.")
READ: list[type[BasePermission]] = [IsAuthenticated, scope("read")]
EITHER: list[type[BasePermission]] = [IsAuthenticated, scope("read", "write")]


class HitsSerializer(serializers.Serializer[Any]):
    """Hits among n, with the 95 % interval (Wilson, 1927) as fractions; null where n is 0."""

    hits = serializers.IntegerField()
    n = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


def demand(request: Request, *scopes: str) -> None:
    """Raise PermissionDenied unless the token has one of the scopes."""
    needed = scope(*scopes)()
    if not needed.has_permission(request, APIView()):
        raise PermissionDenied(getattr(needed, "message", None))


def demand_researcher(request: Request) -> None:
    if not signed_in(request).is_researcher:
        raise PermissionDenied(IsResearcher.message)


def checked(form: serializers.Serializer[Any]) -> dict[str, Any]:
    """Return what was sent, of the right shape. Raises ValidationError."""
    form.is_valid(raise_exception=True)
    return dict(form.validated_data)


def refused(refusal: Exception) -> Response:
    return Response({"detail": str(refusal)}, status=status.HTTP_409_CONFLICT)
