"""The pages of those who run a campaign: a new one, its figures, and the pairs that are added to it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import researcher, signed_in
from labeling import access, campaign_page, campaigning, importing, progress, told, wording
from labeling.forms_manage import ImportPairsForm, NewCampaignForm
from labeling.models import Campaign, Finding, Membership, Role
from policies.importing import NothingStored

SHOWN_LINES = 100


# ---- a new campaign ------------------------------------------------------------------------------------------------


@require_safe
def new_campaign(request: HttpRequest) -> HttpResponse:
    researcher(request)
    return render(request, "labeling/campaign_form.html", {"form": NewCampaignForm()})


@require_POST
def make_campaign(request: HttpRequest) -> HttpResponse:
    actor = researcher(request)
    form = NewCampaignForm(request.POST)
    at = timezone.now()
    if not form.is_valid():
        return render(request, "labeling/campaign_form.html", {"form": form}, status=422)
    said = form.cleaned_data
    said["rubric_version"] = said["rubric_version"] or wording.default_rubric_version(at=at)
    try:
        campaign = campaigning.make_campaign(**said, actor=actor, at=at)
    except campaigning.NotPossible as refusal:
        form.add_error("slug", str(refusal))
        return render(request, "labeling/campaign_form.html", {"form": form}, status=422)
    messages.success(request, _("{name} is made, as a draft. Add pairs, and open it when labelers may begin.").format(name=campaign.name))
    return redirect("campaign", campaign.slug)


# ---- figures -------------------------------------------------------------------------------------------------------


@require_safe
def campaign(request: HttpRequest, slug: str) -> HttpResponse:
    found = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    figures = campaign_page.Figures(
        progress=progress.progress_of(found),
        agreement=progress.agreement_of(found),
        labelers=progress.labelers_of(found),
        days=progress.labels_by_day(found),
        today=timezone.localdate(),
        runs=progress.runs_of(found),
        people=progress.people_by_role(found),
        roles=frozenset(Membership.objects.filter(campaign=found, user=signed_in(request)).values_list("role", flat=True)),
        findings=Finding.objects.filter(campaign=found).undecided().count(),
        reports=told.open_reports(found),
    )
    context = {"campaign": found, "figures": figures, "page": campaign_page.page_of(figures), "at": timezone.now()}
    return render(request, "labeling/campaign.html", context)


# ---- pairs ---------------------------------------------------------------------------------------------------------


@require_safe
def add_pairs(request: HttpRequest, slug: str) -> HttpResponse:
    found = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    return import_page(request, found, ImportPairsForm(may_register=signed_in(request).is_researcher))


@require_POST
def import_pairs(request: HttpRequest, slug: str) -> HttpResponse:
    person = signed_in(request)
    found = access.campaign_of(person, slug, Role.RESEARCHER)
    form = ImportPairsForm(request.POST, request.FILES, may_register=person.is_researcher)
    if not form.is_valid():
        return import_page(request, found, form, status=422)
    said = form.cleaned_data
    try:
        report = importing.import_pairs(
            file=said["file"], campaign=found, by=person, at=timezone.now(), register=said.get("register", False), skip_bad=said["skip_bad"]
        )
    except campaigning.NotPossible as refusal:
        form.add_error(None, str(refusal))
        return import_page(request, found, form, status=422)
    except NothingStored as refusal:
        return import_page(request, found, form, refusal=refusal, bad=refusal.bad[:SHOWN_LINES], status=422)
    return import_page(request, found, form, report=report, said=importing.in_words(report), bad=report.skipped[:SHOWN_LINES])


def import_page(request: HttpRequest, found: Campaign, form: ImportPairsForm, *, status: int = 200, **context: Any) -> HttpResponse:
    return render(request, "labeling/import_pairs.html", {"campaign": found, "form": form, **context}, status=status)
