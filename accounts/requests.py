"""The request of somebody who is signed in, for types."""

from __future__ import annotations

from django.http import HttpRequest

from accounts.models import User


class AuthedRequest(HttpRequest):
    """What every view gets that is not marked `login_not_required`: LoginRequiredMiddleware turned everybody else away."""

    user: User
