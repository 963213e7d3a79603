"""The page on which a version is frozen: what it would hold, and why not more."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from accounts.access import researcher
from accounts.models import User
from accounts.wording import grouped
from exports import measuring, previews, publishing, tasks
from exports.forms import FreezeForm


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
    measuring.measure(version, at=timezone.now())
    tasks.ring_for_check(version)
    messages.success(
        request,
        _("Version {number} is frozen: {rows_count} rows that will never change.").format(number=version.number, rows_count=grouped(version.rows_count)),
    )
    return redirect(version)


def freeze_page(request: HttpRequest, form: FreezeForm, *, status: int = 200) -> HttpResponse:
    context: dict[str, Any] = {"form": form}
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        context["preview"] = previews.preview(
            list(said["campaigns"]), dataset=said["dataset"], shares=said["shares"], choice=form.choice, hold_out=said["hold_out"]
        )
        context["again"] = form.as_sent()
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
        choice=form.choice,
        hold_out=list(said["hold_out"]),
    )
