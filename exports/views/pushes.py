"""What an owner does on a version's page to have it sent to a hub."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import owner
from exports import pushing, tasks
from exports.forms_life import PushForm
from exports.views.life import refused
from exports.views.versions import version_named


@require_POST
def push(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """Ask for it; a worker sends it. Asked again, it says how far it has come, or begins anew what failed."""
    user = owner(request)
    version = version_named(name, number)
    form = PushForm(request.POST)
    if not form.is_valid():
        return refused(request, version, user, push_form=form)
    try:
        asked = pushing.ask(version, form.cleaned_data["repo"], by=user, at=timezone.now())
    except pushing.NotPushed as refusal:
        messages.error(request, str(refusal))
        return refused(request, version, user, status=409, push_form=form)
    tasks.ring_for_push(asked)
    messages.success(request, _("It is asked for, in your name. How far it is stands below, under “On a hub”."))
    return redirect(version)
