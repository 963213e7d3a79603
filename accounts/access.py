"""Who may do what in the whole installation. What belongs to a campaign is asked there."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.request import Request

from accounts.models import User


def signed_in(request: HttpRequest | Request) -> User:
    """Return the person. Raises PermissionDenied for who is not signed in."""
    if not isinstance(request.user, User):
        raise PermissionDenied(_("Sign in first."))
    return request.user


def researcher(request: HttpRequest | Request) -> User:
    """Return the person, who holds the mark `researcher`. Raises PermissionDenied."""
    user = signed_in(request)
    if not user.is_researcher:
        raise PermissionDenied(_("This page is for researchers."))
    return user


def owner(request: HttpRequest | Request) -> User:
    """Return the person, who holds the mark `owner`. Raises PermissionDenied."""
    user = signed_in(request)
    if not user.is_owner:
        raise PermissionDenied(_("This page is for owners."))
    return user
