"""Pages about datasets and their versions, for researchers."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.access import researcher
from accounts.models import User
from exports import downloads, gates, previews, publishing, splits
from exports.forms import FreezeForm
from exports.models import Dataset, DatasetFile, DatasetVersion

HOLDS = {
    "train.jsonl": "rows to train on",
    "validation.jsonl": "rows to watch the training by",
    "test.jsonl": "rows to judge the result by",
    "votes.jsonl": "the labels that counted",
    "README.md": "data card",
    "manifest.json": "what it is made of; its hash is the version’s id",
    "SHA256SUMS": "for sha256sum --check",
}


@require_safe
def datasets(request: HttpRequest) -> HttpResponse:
    researcher(request)
    newest = Prefetch("versions", DatasetVersion.objects.order_by("-number"))
    known = Dataset.objects.prefetch_related(newest).order_by("name")
    return render(request, "exports/datasets.html", {"datasets": known})


@require_safe
def dataset(request: HttpRequest, name: str) -> HttpResponse:
    researcher(request)
    found = get_object_or_404(Dataset, name=name)
    versions = found.versions.prefetch_related("campaigns").select_related("frozen_by").order_by("-number")
    used = [split for split in splits.SPLITS if found.shares.get(split)]
    rows = [(version, [version.manifest["counts"]["rows"][split] for split in used]) for version in versions]
    return render(request, "exports/dataset.html", {"dataset": found, "versions": rows, "splits": used})


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
def freeze(request: HttpRequest) -> HttpResponse:
    """Show what a version would hold, and why not more; make it once that has been seen."""
    user = researcher(request)
    if request.method == "POST":
        form = FreezeForm(request.POST, user=user)
        return freeze_now(request, form, user) if form.is_valid() else freeze_page(request, form)
    asked = "shares" in request.GET  # else it is a link, which may name the dataset
    return freeze_page(
        request, FreezeForm(request.GET if asked else None, user=user, initial={"dataset": named} if (named := request.GET.get("dataset")) else {})
    )


def freeze_now(request: HttpRequest, form: FreezeForm, user: User) -> HttpResponse:
    try:
        version = publishing.publish(order_of(form, user))
    except (publishing.NothingToFreeze, publishing.NotPublished) as refusal:
        messages.error(request, str(refusal))
        return freeze_page(request, form, status=409)
    messages.success(request, f"Version {version.number} is frozen: {version.rows_count:,} rows that will never change.")
    return redirect(version)


def freeze_page(request: HttpRequest, form: FreezeForm, *, status: int = 200) -> HttpResponse:
    context: dict[str, Any] = {"form": form}
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        context["preview"] = previews.preview(list(said["campaigns"]), dataset=said["dataset"], shares=said["shares"])
        context["chosen"] = [campaign.slug for campaign in said["campaigns"]]
    elif form.is_bound:
        status = 422
    context["fragment"] = "HX-Request" in request.headers
    return render(request, "exports/freeze.html#preview" if context["fragment"] else "exports/freeze.html", context, status=status)


def order_of(form: FreezeForm, user: User) -> publishing.Order:
    said = form.cleaned_data
    return publishing.Order(
        dataset=said["dataset"],
        campaigns=list(said["campaigns"]),
        by=user,
        at=timezone.now(),
        description=said["description"],
        shares=said["shares"],
    )


@require_safe
def version(request: HttpRequest, name: str, number: int) -> HttpResponse:
    researcher(request)
    found = get_object_or_404(DatasetVersion.objects.select_related("dataset", "frozen_by"), dataset__name=name, number=number)
    shown = previews.shown_rows(found, after=rows_after(request))
    context = {
        "version": found,
        "dataset": found.dataset,
        "manifest": found.manifest,
        "campaigns": found.campaigns.order_by("name"),
        "counts": previews.split_counts(found),
        "shares": [(split, share) for split in splits.SPLITS if (share := found.manifest["split"]["shares"].get(split))],
        "first_file": next(f"{split}.jsonl" for split, n in previews.split_counts(found) if n),
        "families": found.rows.values("family").distinct().count(),
        "gates": gates.check(found),
        "left_out": previews.left_out_in_words(found.manifest["counts"]["left_out"]),
        "shown": shown,
        "last_shown": shown[-1].row.position if shown else 0,
        "files": files_of(found),
        "base_url": settings.BASE_URL,
    }
    return render(request, "exports/version.html", context)


def files_of(version: DatasetVersion) -> list[tuple[DatasetFile, str]]:
    """Return the files with what they hold: what trains first, what describes last."""
    order = {name: place for place, name in enumerate(HOLDS)}
    files = sorted(version.files.all(), key=lambda file: (order.get(file.name, len(order)), file.name))
    return [(file, HOLDS.get(file.name, "")) for file in files]


def rows_after(request: HttpRequest) -> int:
    """Return the position after which rows are shown; the first rows for anything that is no position."""
    given = request.GET.get("after", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0


@require_safe
def download(request: HttpRequest, name: str, number: int, file: str) -> HttpResponseBase:
    researcher(request)
    return downloads.send(request, downloads.find(name, number, file))
