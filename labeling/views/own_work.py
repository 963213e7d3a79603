"""A labeler's own decisions."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import signed_in
from accounts.marking import marked
from labeling import access, own_work
from labeling.gold import Hits
from labeling.models import Role
from labeling.phrases import percent, span

AGREEMENT = marked("As of last midnight. People agree on 65 to 75 % of open prompts; where you differ you may well be right.")
LEFT = marked("Sides are drawn, so 50 % would be even.")
TIES = marked("A tie is a finding. If you lean at all, say slightly better.")


@dataclass(frozen=True)
class FigureRow:
    what: str
    share: str
    interval: str
    n: int
    reading: str


@require_safe
def own_decisions(request: HttpRequest, slug: str) -> HttpResponse:
    person = signed_in(request)
    campaign = access.campaign_of(person, slug, Role.LABELER)
    own = own_work.own_work(campaign, person, at=timezone.now())
    figures = [
        row(_("With settled pairs, ties among them"), own.agreement, AGREEMENT),
        row(_("Left, of the choices of a side"), own.left, LEFT),
        row(_("Ties"), own.ties, TIES),
    ]
    return render(request, "labeling/own_work.html", {"campaign": campaign, "own": own, "figures": figures})


def row(what: str, found: Hits, reading: str) -> FigureRow:
    if found.share is None or found.low is None or found.high is None:
        return FigureRow(what, _("not known yet"), "", 0, _(reading))
    return FigureRow(what, percent(found.share), span(percent(found.low), percent(found.high)), found.n, _(reading))
