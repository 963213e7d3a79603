"""A campaign's move to another version of its rubric: what it would do, and doing it."""

from __future__ import annotations

import time
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import signed_in
from labeling import access, campaigning, cards, previews
from labeling.forms_rubric import MoveForm, others_of
from labeling.models import Campaign, Role, RubricVersion
from labeling.views.campaign_settings import PATIENCE, outcome

PAGE, PREVIEW = "labeling/campaign_rubric.html", "labeling/campaign_rubric.html#preview"


@require_safe
def campaign_rubric(request: HttpRequest, slug: str) -> HttpResponse:
    return rubric_page(request, access.campaign_of(signed_in(request), slug, Role.RESEARCHER))


@require_POST
def preview_rubric(request: HttpRequest, slug: str) -> HttpResponse:
    found = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    form = MoveForm(request.POST, campaign=found)
    is_fragment = bool(request.htmx)  # type: ignore[attr-defined]
    if not form.is_valid():
        return render(request, PREVIEW, {"errors": form}, status=422) if is_fragment else rubric_page(request, found, status=422, form=form)
    shown: dict[str, Any] = {"form": form}
    try:
        shown["preview"] = previews.preview(found, form.said, actor=signed_in(request), at=timezone.now())
        shown["changes"] = changes_to(found, form.said["rubric_version"])
    except campaigning.NotPossible as refusal:
        shown["refusal"] = str(refusal)
    return render(request, PREVIEW, shown) if is_fragment else rubric_page(request, found, **shown)


@require_POST
def move_rubric(request: HttpRequest, slug: str) -> HttpResponse:
    found = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    form = MoveForm(request.POST, campaign=found)
    if not form.is_valid():
        return rubric_page(request, found, status=422, form=form)
    try:
        moved = campaigning.change(campaign=found, said=form.said, actor=signed_in(request), at=timezone.now(), until=time.monotonic() + PATIENCE)
    except campaigning.NotPossible as refusal:
        return rubric_page(request, found, status=422, form=form, refusal=str(refusal))
    messages.success(request, outcome(moved))
    return redirect("campaign-settings", slug)


def changes_to(campaign: Campaign, number: int) -> dict[str, Any]:
    """Return what labelers would be shown of another version: clauses, old beside new."""
    old, new = campaign.rubric_version, RubricVersion.objects.get(rubric=campaign.rubric_version.rubric_id, number=number)
    return {"old_number": old.number, "new_number": new.number, "clauses": cards.clauses_between(old, new)}


def rubric_page(request: HttpRequest, found: Campaign, *, status: int = 200, **shown: Any) -> HttpResponse:
    context = {"campaign": found, "form": MoveForm(campaign=found), "has_others": bool(others_of(found)), "title": _("Move to another version of the rubric")}
    return render(request, PAGE, context | shown, status=status)
