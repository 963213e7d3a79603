"""The page on which a version's texts are looked through, and people decide about what was flagged."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import researcher
from accounts.models import User
from exports import access, checking, downloads, flags, tasks, traps
from exports.forms_life import CheckForm, FlagForm
from exports.models import PRIVATE, DatasetVersion
from exports.views.versions import version_named

SHOWN = 25


@require_http_methods(["GET", "HEAD", "POST"])
def texts(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """Show what was flagged and what rows come to in tokens; have the texts looked through."""
    user = researcher(request)
    version = version_named(name, number)
    if request.method != "POST":
        return page(request, version, user)
    form = CheckForm(request.POST)
    if not form.is_valid():
        return page(request, version, user, status=422, check_form=form)
    said = form.cleaned_data
    try:
        if said["tokenizer"]:
            checking.tokenizer_at(said["tokenizer"])
    except checking.CannotCheck as refusal:
        messages.error(request, str(refusal))
        return page(request, version, user, status=409, check_form=form)
    tasks.ring_for_check(version, tokenizer=said["tokenizer"], max_length=said["max_length"] or checking.MAX_LENGTH)
    messages.success(request, _("A worker looks the texts through. What it has found so far stands below."))
    return redirect("version-texts", name, number)


@require_POST
def decide_flags(request: HttpRequest, name: str, number: int) -> HttpResponse:
    user = researcher(request)
    version = version_named(name, number)
    form = FlagForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say what is decided, and why."))
        return page(request, version, user, status=422, flag_form=form)
    said = form.cleaned_data
    row = version.rows.filter(position=said["position"]).first() if said["position"] else None
    try:
        if said["position"] and row is None:
            raise checking.NotDecided(_("Version {number} has no row {position}.").format(number=number, position=said["position"]))
        checking.decide(version=version, kind=said["kind"], row=row, leave_out=said["leave_out"] == "yes", reason=said["reason"], actor=user, at=timezone.now())
    except checking.NotDecided as refusal:
        messages.error(request, str(refusal))
        return page(request, version, user, status=409, flag_form=form)
    messages.success(request, _("It is decided, in your name."))
    return redirect("version-texts", name, number)


def page(request: HttpRequest, version: DatasetVersion, user: User, *, status: int = 200, **forms: object) -> HttpResponse:
    counts = flags.counts(version)
    kind = request.GET.get("kind", "")
    is_named = access.is_named(user, version.dataset)
    found = version.flags.filter(kind=kind).select_related("row__prompt", "row__chosen", "row__rejected").order_by("row__position", "pk")
    readable = found if is_named else found.exclude(row__split=PRIVATE)
    context = {
        "version": version,
        "dataset": version.dataset,
        "gone": downloads.why_gone(version),
        "checks": version.checks.order_by("-pk"),
        "counts": counts,
        "kind": next((count for count in counts if count.kind == kind), None),
        "excerpts": flags.excerpts(list(readable[:SHOWN])) if kind and not downloads.why_gone(version) else [],
        "decisions": [(one, traps.KINDS.get(one.kind, one.kind)) for one in version.flag_decisions.select_related("actor", "row").order_by("-pk")[:SHOWN]],
        "check_form": CheckForm(),
        "flag_form": FlagForm(initial={"kind": kind}, found=[count.kind for count in counts]),
        **forms,
    }
    return render(request, "exports/texts.html", context, status=status)
