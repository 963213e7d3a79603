"""What holds for every answer."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse

log = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]


class ServiceGapMiddleware:
    """Say 503 and when to come back while PostgreSQL restarts; the desk keeps the decision and sends it again."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, (OperationalError, InterfaceError)):
            return None
        log.warning("the database does not answer: %s", exception)
        return service_gap(request)


def service_gap(request: HttpRequest) -> HttpResponse:
    """Answer 503 without asking the database for anything."""
    if request.path.startswith("/api/"):
        response = HttpResponse('{"detail": "The database does not answer. Try again in two seconds."}', content_type="application/json", status=503)
    else:
        response = HttpResponse("The database does not answer. Nothing was lost; try again in two seconds.\n", content_type="text/plain", status=503)
    response["Retry-After"] = "2"
    return response


class NoStoreMiddleware:
    """Pages of people who are signed in are kept by no cache."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response
