"""The page on which a person reads sampled rows before a version is released."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import researcher
from accounts.models import User
from exports import previews, proofreading, readings
from exports.forms_life import ReadingForm
from exports.models import DatasetVersion, RowReading, SampleRow
from exports.views.versions import version_named

State, Sample = DatasetVersion.State, SampleRow.Sample


@require_http_methods(["GET", "HEAD", "POST"])
def read_rows(request: HttpRequest, name: str, number: int, sample: str) -> HttpResponse:
    """Show a row of a sample, the next that nobody has read or the one at `?place=`; store what was found of it."""
    user = researcher(request)
    version = version_named(name, number)
    if sample not in Sample.values or version.state == State.WITHDRAWN:
        raise Http404
    if request.method == "POST":
        return store(request, version, sample, user)
    return page(request, version, sample)


def store(request: HttpRequest, version: DatasetVersion, sample: str, user: User) -> HttpResponse:
    form = ReadingForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say whether the row is fine, wrong, or whether you are unsure."))
        return page(request, version, sample, status=422)
    said = form.cleaned_data
    row = get_object_or_404(version.sample_rows, sample=sample, place=said["place"])
    proofreading.read(row, verdict=RowReading.Verdict(said["verdict"]), note=said["note"], reader=user, at=timezone.now())
    return redirect(f"{reverse('read-rows', args=[version.dataset.name, version.number, sample])}?after={row.place}")


def page(request: HttpRequest, version: DatasetVersion, sample: str, *, status: int = 200) -> HttpResponse:
    row = asked_for(request, version, sample)
    context = {
        "version": version,
        "dataset": version.dataset,
        "sample": sample,
        "reading": readings.readings_of(version)[sample],
        "sampled": row,
        "item": previews.shown_one(row.row) if row else None,
        "last": row.readings.select_related("reader").order_by("-pk").first() if row else None,
    }
    return render(request, "exports/read.html", context, status=status)


def asked_for(request: HttpRequest, version: DatasetVersion, sample: str) -> SampleRow | None:
    place, after = (request.GET.get(word, request.POST.get(word, "")) for word in ("place", "after"))
    if is_place(place):
        return version.sample_rows.filter(sample=sample, place=int(place)).first()
    return proofreading.next_unread(version.pk, sample, after=int(after) if is_place(after) else 0)


def is_place(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) < 10
