"""Pages about datasets and their versions, for researchers and owners; and the files, for researchers."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_safe

from accounts.access import signed_in
from accounts.models import User
from exports import access, choices, choices_shown, downloads, gates, layouts_shown, lives, measuring, previews, readings, removals, splits, timeline
from exports.forms_life import LinkForm, PushForm, ReleaseForm, WaiveForm
from exports.gate_kinds import KINDS
from exports.models import PRIVATE, Dataset, DatasetFile, DatasetVersion
from exports.recording import Right
from exports.views import acts

State = DatasetVersion.State

HOLDS = {
    "train": gettext_lazy("rows to train on"),
    "validation": gettext_lazy("rows to watch the training by"),
    "test": gettext_lazy("rows to judge the result by; private"),
    "README.md": gettext_lazy("data card"),
    "manifest.json": gettext_lazy("what it is made of; its hash is the version’s id"),
    "SHA256SUMS": gettext_lazy("for sha256sum --check"),
}
SHOWN_EVENTS = 30


@require_safe
def datasets(request: HttpRequest) -> HttpResponse:
    user = access.reader(request)
    newest = Prefetch("versions", DatasetVersion.objects.defer("manifest").order_by("-number"))
    known = Dataset.objects.prefetch_related(newest).order_by("name")
    withdrawn = [(downloads.why_gone(version), lives.successor(version)) for version in removals.downloaded_by(user)]
    return render(request, "exports/datasets.html", {"datasets": known, "may_freeze": user.is_researcher, "withdrawn": withdrawn})


@require_safe
def dataset(request: HttpRequest, name: str) -> HttpResponse:
    user = access.reader(request)
    found = get_object_or_404(Dataset, name=name)
    lines = timeline.lines_of(found)
    context = {
        "dataset": found,
        "lines": lines,
        "kinds": KINDS.values(),
        "opening": timeline.opening(lines),
        "history": timeline.history_of(found)[:SHOWN_EVENTS],
        "may_freeze": user.is_researcher,
        "is_split": bool(found.shares.get(PRIVATE)),
        "waiting": access.waiting(found) if access.may_decide(user, found) else 0,
    }
    return render(request, "exports/dataset.html", context)


@require_safe
def version(request: HttpRequest, name: str, number: int) -> HttpResponse:
    user = access.reader(request)
    found = version_named(name, number)
    return render(request, "exports/version.html", version_page(request, found, user))


def version_named(name: str, number: int) -> DatasetVersion:
    """Return the version, measured. Raises Http404."""
    found = get_object_or_404(DatasetVersion.objects.select_related("dataset", "frozen_by"), dataset__name=name, number=number)
    measuring.measure(found, at=timezone.now())
    return found


def version_page(request: HttpRequest, version: DatasetVersion, user: User, **forms: Any) -> dict[str, Any]:
    """Return what the page of a version shows; `forms` are those that were filled in and refused."""
    checked = gates.check(version)
    return {
        "version": version,
        "dataset": version.dataset,
        "user": user,
        "is_current": lives.current(version.dataset) == version,
        "gone": downloads.why_gone(version),
        "instead": lives.successor(version) if version.state == State.WITHDRAWN else None,
        "gates": sorted(checked, key=lambda gate: not gate.blocks),  # first what stands in the way
        "blocking": [gate for gate in checked if gate.blocks],
        "readings": readings.readings_of(version),
        "history": timeline.history_of(version.dataset, version),
        "is_named": access.is_named(user, version.dataset),
        **holdings(version),
        **rows_shown(request, version, user),
        **files_shown(version, user),
        **pushes_of(version),
        "readers": layouts_shown.readers(),
        **forms_of(version, user, checked),
        **forms,
    }


def holdings(version: DatasetVersion) -> dict[str, Any]:
    manifest = version.manifest
    return {
        "manifest": manifest,
        "campaigns": version.campaigns.order_by("name"),
        "counts": previews.split_counts(version),
        "shares": [(split, share) for split in splits.SPLITS if (share := manifest["split"]["shares"].get(split))],
        "families": version.rows.values("family").distinct().count(),
        "left_out": previews.left_out_in_words(manifest["counts"]["left_out"]),
        "chosen_by": choices_shown.in_words(choices.Choice.from_filters(manifest.get("filters", {}))),
    }


def rows_shown(request: HttpRequest, version: DatasetVersion, user: User) -> dict[str, Any]:
    """Return some rows as people read them: none of a withdrawn version, and none of the private split for who is not named."""
    if version.state == State.WITHDRAWN:
        return {"shown": [], "last_shown": 0}
    shown = previews.shown_rows(version, after=rows_after(request), private=access.is_named(user, version.dataset))
    return {"shown": shown, "last_shown": shown[-1].row.position if shown else 0}


def files_shown(version: DatasetVersion, user: User) -> dict[str, Any]:
    files = files_of(version)
    trains = [file.name for file, _ in files if file.split and not file.is_private and file.name.endswith(".jsonl")]
    links = version.links.select_related("made_by", "revoked_by").order_by("-pk")[:SHOWN_EVENTS]
    first = next((file for file, _ in files if file.name in trains), files[0][0])
    return {"files": files, "first": first, "first_file": first.name, "base_url": settings.BASE_URL, "links": links, "now": timezone.now()}


def pushes_of(version: DatasetVersion) -> dict[str, Any]:
    pushes = list(version.pushes.select_related("version", "asked_by").order_by("-pk"))
    return {"pushes": pushes, "pushes_wait": any(push.waits for push in pushes)}


def forms_of(version: DatasetVersion, user: User, checked: list[gates.Gate]) -> dict[str, Any]:
    """Return the forms that the person may fill in for the version as it stands."""
    return {
        "release_form": ReleaseForm() if user.is_researcher and version.state == State.FROZEN else None,
        "waive_form": WaiveForm(gates=waivable(checked)) if user.is_owner and version.state == State.FROZEN else None,
        "acts": acts.shown(version) if user.is_researcher else [],
        "push_form": PushForm() if user.is_owner and version.state == State.RELEASED and settings.HUB_REPOS else None,
        "link_form": LinkForm(files=[file for file, _ in files_of(version)]) if user.is_researcher and version.state != State.WITHDRAWN else None,
    }


def waivable(checked: list[gates.Gate]) -> list[tuple[str, str]]:
    return [(gate.key, gate.name) for gate in checked if gate.blocks]


def files_of(version: DatasetVersion) -> list[tuple[DatasetFile, str]]:
    """Return the files with what they hold: what trains first, what describes last."""
    order = {name: place for place, name in enumerate(HOLDS)}
    files = sorted(version.files.filter(conversion=None), key=lambda file: (order.get(holds_key(file), len(order)), file.name))
    return [(file, holds(file)) for file in files]


def holds_key(file: DatasetFile) -> str:
    return file.split if file.split in HOLDS else file.name


def holds(file: DatasetFile) -> str:
    if ".votes" in file.name:
        return gettext("the labels that counted")
    if ".lineage" in file.name:
        return gettext("where each text came from: policy, seed, tokens")
    return str(HOLDS.get(file.name) or (HOLDS.get(file.split) or "" if file.name == f"{file.split}.jsonl" else ""))


def rows_after(request: HttpRequest) -> int:
    """Return the position after which rows are shown; the first rows for anything that is no position."""
    given = request.GET.get("after", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0


@require_safe
def download(request: HttpRequest, name: str, number: int, file: str) -> HttpResponseBase:
    user = signed_in(request)
    try:
        found = access.open_file(user, name, number, file)
    except access.NotNamed:
        return render(request, "exports/private.html", {"name": name, "number": number, "file": file}, status=403)
    if found.version.state == State.WITHDRAWN:
        return render(
            request,
            "exports/gone.html",
            {"version": found.version, "gone": downloads.why_gone(found.version), "instead": lives.successor(found.version)},
            status=410,
        )
    return downloads.send(request, found, right=Right.of_session(user))
