"""The first page: in which campaigns a person has something to do, and what."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import signed_in
from labeling import desks


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    found = desks.desks_of(user)
    first, role = desks.first_thing(found)
    return render(request, "labeling/home.html", {"desks": found, "standfirst": desks.standfirst(found), "first": first, "first_role": role})
