"""A campaign's settings: what may be set, what a change would do, the states, and what was done."""

from __future__ import annotations

import time
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import researcher, signed_in
from accounts.wording import grouped
from labeling import access, acknowledging, adjusting, campaigning, cautions, history, pairing, previews, progress, terms
from labeling.forms_manage import AttachRunForm, StateForm
from labeling.forms_settings import SettingsForm, slices_of
from labeling.models import Campaign, Membership, Role, Slot

PAGE, PREVIEW = "labeling/campaign_settings.html", "labeling/campaign_settings.html#preview"

PATIENCE = 10.0
"""Seconds for which a page waits until a change is carried out at the campaign's pairs; the sweep does the rest."""


@require_safe
def campaign_settings(request: HttpRequest, slug: str) -> HttpResponse:
    return settings_page(request, access.campaign_of(signed_in(request), slug, Role.RESEARCHER))


@require_POST
def preview_settings(request: HttpRequest, slug: str) -> HttpResponse:
    found = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    form = SettingsForm(request.POST, campaign=found)
    is_fragment = bool(request.htmx)  # type: ignore[attr-defined]
    if not form.is_valid():
        return render(request, PREVIEW, {"errors": form}, status=422) if is_fragment else settings_page(request, found, status=422, form=form)
    shown: dict[str, Any] = {"form": form}
    try:
        shown["preview"] = previews.preview(found, form.said, actor=signed_in(request), at=timezone.now())
    except campaigning.NotPossible as refusal:
        shown["refusal"] = str(refusal)
    return render(request, PREVIEW, shown) if is_fragment else settings_page(request, found, **shown)


@require_POST
def change_settings(request: HttpRequest, slug: str) -> HttpResponse:
    found = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    form = SettingsForm(request.POST, campaign=found)
    if not form.is_valid():
        return settings_page(request, found, status=422, form=form)
    try:
        changed = campaigning.change(campaign=found, said=form.said, actor=signed_in(request), at=timezone.now(), until=time.monotonic() + PATIENCE)
    except campaigning.NotPossible as refusal:
        return settings_page(request, found, status=422, form=form, refusal=str(refusal))
    messages.success(request, outcome(changed) if form.said else _("Nothing was changed."))
    return redirect("campaign-settings", slug)


def outcome(campaign: Campaign) -> str:
    """Say what became of the change that was made just now."""
    latest = history.of_campaign(campaign)[0].words
    ongoing = " " + _("The rest follows by itself.") if adjusting.open_adjustment(campaign) else ""
    return f"{latest[0].upper()}{latest[1:]}.{ongoing}"


@require_POST
def change_state(request: HttpRequest, slug: str) -> HttpResponse:
    found = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    form = StateForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("There is no such state."))
        return redirect("campaign-settings", slug)
    try:
        changed = campaigning.change_state(campaign=found, **form.cleaned_data, actor=signed_in(request), at=timezone.now())
    except campaigning.NotPossible as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The campaign is {state} now.").format(state=_(changed.state)))
    return redirect("campaign-settings", slug)


@require_POST
def attach_run(request: HttpRequest, slug: str) -> HttpResponse:
    found = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    actor = researcher(request)  # runs belong to the installation's researchers
    form = AttachRunForm(request.POST, campaign=found)
    if not form.is_valid():
        return settings_page(request, found, status=422, run_form=form)
    try:
        campaigning.attach_run(campaign=found, run=form.cleaned_data["run"], actor=actor, at=timezone.now())
    except campaigning.NotPossible as refusal:
        messages.error(request, str(refusal))
        return redirect("campaign-settings", slug)
    made = pairing.pair_up(found, at=timezone.now())
    messages.success(request, _("Run {run} is attached; {n} pairs came of it so far.").format(run=form.cleaned_data["run"].pk, n=grouped(made.total())))
    return redirect("campaign-settings", slug)


def settings_page(request: HttpRequest, found: Campaign, *, status: int = 200, **shown: Any) -> HttpResponse:
    """Show the settings; with a form that comes back with its errors, or with what it would do, where there is one."""
    context = {
        "campaign": found,
        "allows": _(terms.STATES_IN_WORDS[terms.State(found.state)]),
        "next_states": [(state.value, _(terms.STATES_IN_WORDS[state])) for state in terms.NEXT_STATES[terms.State(found.state)]],
        "on_screens": Slot.objects.held().filter(campaign=found).count(),
        "readers": dict(zip(("read", "all"), acknowledging.readers(found), strict=True)),
        "form": SettingsForm(campaign=found),
        "slices": slices_of(found),
        "cautions": cautions.cautions_of(found),
        "run_form": AttachRunForm(campaign=found) if signed_in(request).is_researcher else None,
        "runs": progress.runs_of(found),
        "memberships": Membership.objects.filter(campaign=found).select_related("user").order_by("role", "user__username"),
        "history": history.of_campaign(found),
    }
    return render(request, PAGE, context | shown, status=status)
