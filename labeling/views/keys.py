"""A person's own keys of the desk."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import signed_in
from accounts.wording import told
from labeling.keys import KEYS, Clash, checked
from labeling.models import KeyMap


@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    mine = KeyMap.objects.filter(user=signed_in(request)).first()
    return keys_page(request, mine.keys if mine else {})


@require_POST
def set_keys(request: HttpRequest) -> HttpResponse:
    sent = {key.usual: request.POST.get(f"key-{number}", "")[:8] for number, key in enumerate(KEYS)}
    try:
        chosen = {} if "usual" in request.POST else checked(sent)
    except Clash as refusal:
        return keys_page(request, sent, refusal=told(refusal), status=422)
    KeyMap.objects.update_or_create(user=signed_in(request), defaults={"keys": chosen, "changed_at": timezone.now()})
    messages.success(request, _("Stored. The desk has these keys on every machine you sign in at."))
    return redirect("keys")


def keys_page(request: HttpRequest, chosen: dict[str, str], *, status: int = 200, **context: Any) -> HttpResponse:
    rows = [(number, key, chosen.get(key.usual, key.usual)) for number, key in enumerate(KEYS)]
    return render(request, "labeling/keys.html", {"rows": rows, **context}, status=status)
