"""What people and programs are told when the server could not do its part."""

from __future__ import annotations

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseServerError, JsonResponse
from django.template import loader
from django.utils import translation

RETRY_AFTER = 2
GAP = "The database does not answer. Nothing was lost; try again in two seconds."
MISTAKE = "Tiebreak has made a mistake. It is written down in the log; what you sent just now was not stored."


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer for an exception that nobody expected: 503 and when to come back while PostgreSQL is away, else 500.

    It asks the database for nothing. The desk keeps the decision on the screen and sends it again.
    """
    if not isinstance(sys.exception(), (OperationalError, InterfaceError)):
        return plain(request, MISTAKE) or HttpResponseServerError(page(request, "500.html"))
    response = plain(request, GAP) or HttpResponse(page(request, "503.html"))
    response.status_code = 503
    response["Retry-After"] = str(RETRY_AFTER)
    return response


def plain(request: HttpRequest, words: str) -> HttpResponse | None:
    """The same in JSON, for a program."""
    return JsonResponse({"detail": words}, status=500) if request.path.startswith("/api/") else None


def page(request: HttpRequest, template: str) -> str:
    """The page in the browser's language: whose page it is cannot be asked now."""
    with translation.override(translation.get_language_from_request(request)):
        return loader.render_to_string(template)
