"""Rubrics: what good means, and its versions."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import researcher
from labeling import wording
from labeling.asks import asks_of
from labeling.forms_manage import NewRubricForm, NewVersionForm
from labeling.models import Rubric
from labeling.models.rubric import usual_reasons
from labeling.rendering import render_text
from labeling.renderings import retold


@require_safe
def rubrics(request: HttpRequest) -> HttpResponse:
    researcher(request)
    found = Rubric.objects.annotate(newest=Max("versions__number"), used_by=Count("versions__campaigns", distinct=True)).order_by("title")
    return render(request, "labeling/rubrics.html", {"rubrics": found})


@require_safe
def new_rubric(request: HttpRequest) -> HttpResponse:
    researcher(request)
    return render(request, "labeling/rubric_form.html", {"form": NewRubricForm(initial={"reasons": usual_reasons()})})


@require_POST
def add_rubric(request: HttpRequest) -> HttpResponse:
    actor = researcher(request)
    form = NewRubricForm(request.POST)
    if not form.is_valid():
        return render(request, "labeling/rubric_form.html", {"form": form}, status=422)
    try:
        version = wording.add_rubric(**form.cleaned_data, actor=actor, at=timezone.now())
    except wording.NameTaken as refusal:
        form.add_error("name", str(refusal))
        return render(request, "labeling/rubric_form.html", {"form": form}, status=422)
    messages.success(request, _("{title}, version 1, is stored.").format(title=version.rubric.title))
    return redirect("rubric", version.rubric.name)


@require_safe
def rubric(request: HttpRequest, name: str) -> HttpResponse:
    researcher(request)
    return rubric_page(request, get_object_or_404(Rubric, name=name))


@require_safe
def rubric_version(request: HttpRequest, name: str, number: int) -> HttpResponse:
    researcher(request)
    return rubric_page(request, get_object_or_404(Rubric, name=name, versions__number=number), number=number)


def rubric_page(request: HttpRequest, found: Rubric, *, number: int | None = None) -> HttpResponse:
    versions = list(found.versions.select_related("created_by").prefetch_related("campaigns").order_by("-number"))
    shown = next(version for version in versions if number in (None, version.number))
    context = {"rubric": found, "versions": versions, "shown": shown, "asks": asks_of(shown), "html": retold(render_text(shown.body))}
    return render(request, "labeling/rubric.html", context)


@require_safe
def new_rubric_version(request: HttpRequest, name: str) -> HttpResponse:
    researcher(request)
    found = get_object_or_404(Rubric, name=name)
    newest = wording.newest_of(found)
    form = NewVersionForm(initial={"body": newest.body, "reasons": newest.reasons, "criteria": newest.criteria} if newest else {})
    return render(request, "labeling/rubric_version_form.html", {"rubric": found, "newest": newest, "form": form})


@require_POST
def add_rubric_version(request: HttpRequest, name: str) -> HttpResponse:
    actor = researcher(request)
    found = get_object_or_404(Rubric, name=name)
    form = NewVersionForm(request.POST)
    if form.is_valid():
        try:
            version = wording.add_version(rubric=found, **form.cleaned_data, actor=actor, at=timezone.now())
        except wording.SameWording as refusal:
            form.add_error("body", str(refusal))
        else:
            messages.success(request, _("Version {number} is stored. Campaigns stay with the version they have.").format(number=version.number))
            return redirect("rubric", name)
    context = {"rubric": found, "newest": wording.newest_of(found), "form": form}
    return render(request, "labeling/rubric_version_form.html", context, status=422)
