"""The page on which a version is asked for in a trainer's layout."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.access import researcher
from exports import access, converting, downloads, layouts_shown, tasks
from exports.models import Conversion
from exports.views.versions import version_named


@require_http_methods(["GET", "HEAD", "POST"])
def layouts(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """Show every layout, and how far those are that were asked for; ask for one."""
    user = researcher(request)
    version = version_named(name, number)
    if request.method == "POST":
        try:
            asked = converting.ask(version, request.POST.get("layout", ""), request.POST.get("kind", ""), by=user, at=timezone.now())
        except converting.NotConverted as refusal:
            messages.error(request, str(refusal))
        else:
            tasks.ring_for(asked)
            return redirect("version-layouts", name, number)
    found = layouts_shown.layouts_of(version)
    context = {
        "version": version,
        "dataset": version.dataset,
        "layouts": found,
        "gone": downloads.why_gone(version),
        "is_named": access.is_named(user, version.dataset),
        "waits": any(offer.waits for one in found for offer in one.offers),
        "failed": Conversion.State.FAILED,
    }
    return render(request, "exports/layouts.html", context, status=409 if request.method == "POST" else 200)
