"""What is done to a version on its page: released, waived, rolled back, reinstated, withdrawn."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import owner, researcher
from accounts.models import User
from exports import gatekeeping, gates, releasing
from exports.forms_life import ChangeForm, ReleaseForm, WaiveForm
from exports.gate_kinds import KINDS
from exports.models import DatasetVersion, VersionEvent
from exports.retelling import FOUND
from exports.views import acts
from exports.views.versions import version_named, version_page, waivable

Kind = VersionEvent.Kind


@require_POST
def release(request: HttpRequest, name: str, number: int) -> HttpResponse:
    user = researcher(request)
    version = version_named(name, number)
    form = ReleaseForm(request.POST)
    if not form.is_valid():
        return refused(request, version, user, release_form=form)
    try:
        releasing.release(version, actor=user, reason=form.cleaned_data["reason"], at=timezone.now())
    except releasing.Blocked as blocked:
        messages.error(request, _("Version {number} was not released. {join}").format(number=number, join=" ".join(map(FOUND.tell, blocked.reasons))))
        return refused(request, version, user, status=409)
    except releasing.NotPossible as refusal:
        messages.error(request, str(refusal))
        return refused(request, version, user, status=409)
    messages.success(request, _("Version {number} is released. {current_after}").format(number=number, current_after=releasing.current_after(version)))
    return redirect(version)


@require_POST
def waive(request: HttpRequest, name: str, number: int) -> HttpResponse:
    user = owner(request)
    version = version_named(name, number)
    form = WaiveForm(request.POST, gates=waivable(gates.check(version)))
    if not form.is_valid():
        return refused(request, version, user, waive_form=form)
    try:
        waiver = gatekeeping.waive(version, form.cleaned_data["gate"], actor=user, reason=form.cleaned_data["reason"], at=timezone.now())
    except gatekeeping.NotPossible as refusal:
        messages.error(request, str(refusal))
        return refused(request, version, user, status=409)
    messages.success(request, _("{name} is waived for version {number}, in your name.").format(name=_(KINDS[waiver.gate].name), number=number))
    return redirect(version)


@require_POST
def change(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """Roll back, reinstate or withdraw the version, or name what is to be used instead."""
    user = researcher(request)
    version = version_named(name, number)
    form = ChangeForm(request.POST, acts=acts.possible(version), others=acts.others_of(version), auto_id=f"{request.POST.get('act', '')}-%s")
    if not form.is_valid():
        if "act" in form.errors:
            messages.error(request, _("That cannot become of version {number} from where it stands. Choose from what its page offers.").format(number=number))
        return refused(request, version, user, acts=acts.shown(version, form))
    try:
        done = changed(version, form, user)
    except releasing.NotPossible as refusal:
        messages.error(request, str(refusal))
        return refused(request, version, user, status=409)
    messages.success(
        request,
        _("Version {number} is {get_kind_display}. {current_after}").format(
            number=number, get_kind_display=_(done.get_kind_display()), current_after=releasing.current_after(version)
        ),
    )
    return redirect(version)


def changed(version: DatasetVersion, form: ChangeForm, user: User) -> VersionEvent:
    said, at = form.cleaned_data, timezone.now()
    if said["act"] == Kind.ROLLED_BACK:
        return releasing.roll_back(version, actor=user, reason=said["reason"], at=at)
    if said["act"] == Kind.REINSTATED:
        return releasing.reinstate(version, actor=user, reason=said["reason"], at=at)
    instead = version.dataset.versions.filter(number=said["successor"]).first()
    if said["act"] == Kind.SUCCEEDED and instead:
        return releasing.name_successor(version, successor=instead, actor=user, reason=said["reason"], at=at)
    return releasing.withdraw(version, actor=user, reason=said["reason"], successor=instead, at=at)


def refused(request: HttpRequest, version: DatasetVersion, user: User, *, status: int = 422, **forms: object) -> HttpResponse:
    version.refresh_from_db(fields=["state"])
    return render(request, "exports/version.html", version_page(request, version, user, **forms), status=status)
