"""The data card of a version as it reads today."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from exports import access, datacards, downloads
from exports.models import DatasetVersion
from exports.views.versions import version_named


@require_safe
def data_card(request: HttpRequest, name: str, number: int) -> HttpResponse:
    access.reader(request)
    found = version_named(name, number)
    if found.state == DatasetVersion.State.WITHDRAWN:
        return downloads.gone(found)
    try:
        card = datacards.card_of(found)
    except OSError:
        words = _("The card on the disk cannot be read. Restore it from a backup.")
        return HttpResponse(f"{words}\n", status=500, content_type=downloads.PLAIN)
    return HttpResponse(card, content_type=downloads.PLAIN, headers={"Cache-Control": "private, no-cache"})
