"""What the pages conform to, for everybody to read. `tests/browser/test_accessibility.py` is where it is found out."""

from __future__ import annotations

from datetime import date

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

AXE = "4.12.1"
"""The version of axe-core that the pages were checked with."""
CHECKED = date(2026, 11, 22)
"""When what a program cannot see was last gone through."""


@login_not_required
@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    return render(request, "accessibility.html", {"axe": AXE, "checked": CHECKED})
