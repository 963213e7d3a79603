"""The adjudicator's page: a contested pair without a trace of the labels; then, after the verdict, what was said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import signed_in
from labeling import access, adjudicating, cards, limits
from labeling.forms import IN_WORDS, AdjudicationForm
from labeling.models import Adjudication, Campaign, Label, Pair, Role
from labeling.resolution import Said

PAGE, CARD = "labeling/adjudicate.html", "labeling/adjudicate.html#card"


@dataclass(frozen=True)
class Vote:
    """What one labeler said, on the adjudicator's own sides. Labelers are numbers."""

    who: str
    choice: int
    both_bad: bool
    rationale: str


@dataclass(frozen=True)
class Reveal:
    campaign_slug: str
    campaign_name: str
    verdict: str
    choice: int | None
    reason_class: str
    reason: str
    is_surplus: bool
    votes: tuple[Vote, ...]
    waiting: int


@require_GET
def adjudicate(request: HttpRequest, slug: str) -> HttpResponse:
    campaign = access.campaign_of(signed_in(request), slug, Role.ADJUDICATOR)
    at = timezone.now()
    turn = adjudicating.next_for(campaign, signed_in(request), at=at)
    if turn is None:
        return render(request, PAGE, {"empty": empty_for(campaign, signed_in(request).pk, at=at)})
    return render(request, PAGE, {"card": cards.card_of_turn(turn, campaign, at=at)})


@require_POST
def submit_adjudication(request: HttpRequest, slug: str, key: UUID) -> HttpResponse:
    campaign = access.campaign_of(signed_in(request), slug, Role.ADJUDICATOR)
    turn = access.own_turn(signed_in(request), campaign, key)
    form = AdjudicationForm(request.POST)
    at = timezone.now()
    if not form.is_valid():
        card = cards.card_of_turn(turn, campaign, at=at, submission_key=request.POST.get("submission_key", ""))
        return render(request, CARD if request.htmx else PAGE, {"card": card, "form": form}, status=422)  # type: ignore[attr-defined]
    choice = form.chosen_step
    try:
        adjudicating.adjudicate(
            turn=turn,
            preference=None if choice is None else turn.preference_from(choice),
            both_bad=form.both_bad,
            reason_class=form.cleaned_data["reason_class"],
            reason=form.cleaned_data["reason"],
            submission_key=form.cleaned_data["submission_key"],
            at=at,
        )
    except adjudicating.NotYours as refusal:
        return HttpResponse(str(refusal), status=409, content_type="text/plain")
    return redirect("show-adjudication", slug, key)


@require_GET
def show_adjudication(request: HttpRequest, slug: str, key: UUID) -> HttpResponse:
    campaign = access.campaign_of(signed_in(request), slug, Role.ADJUDICATOR)
    turn = access.own_turn(signed_in(request), campaign, key)
    adjudication = Adjudication.objects.filter(turn=turn).select_related("turn").order_by("pk").first()  # a second one came from another window
    if adjudication is None:
        raise Http404(_("No verdict was given in this turn."))
    context = {"reveal": reveal(adjudication, campaign), "card": cards.card_of_turn(turn, campaign, at=timezone.now())}
    return render(request, "labeling/adjudicate.html#reveal" if request.htmx else PAGE, context)  # type: ignore[attr-defined]


@require_POST
def give_back(request: HttpRequest, slug: str, key: UUID) -> HttpResponse:
    campaign = access.campaign_of(signed_in(request), slug, Role.ADJUDICATOR)
    adjudicating.give_back(turn=access.own_turn(signed_in(request), campaign, key), at=timezone.now())
    messages.info(request, _("Given back. It comes to you last, or to another adjudicator."))
    return redirect("adjudicate", slug)


def reveal(adjudication: Adjudication, campaign: Campaign) -> Reveal:
    """Gather what may be seen once the verdict is in."""
    turn = adjudication.turn
    choice = None if adjudication.preference is None else turn.preference_from(adjudication.preference)
    labels = Label.objects.counting().filter(pair_id=adjudication.pair_id).order_by("submitted_at", "id")
    votes = (
        Vote(str(number), turn.preference_from(Said(label.verdict, label.preference).step or 0), label.both_bad, label.rationale or "")
        for number, label in enumerate(labels, start=1)
    )
    return Reveal(
        campaign_slug=campaign.slug,
        campaign_name=campaign.name,
        verdict=_(IN_WORDS["both-bad" if adjudication.both_bad else "none" if choice is None else str(choice)]),
        choice=choice,
        reason_class=_(adjudication.get_reason_class_display()),
        reason=adjudication.reason or "",
        is_surplus=adjudication.is_surplus,
        votes=tuple(votes),
        waiting=Pair.objects.contested().filter(campaign=campaign).count(),
    )


def empty_for(campaign: Campaign, adjudicator_id: int, *, at: datetime) -> cards.Empty:
    mine = Adjudication.objects.current().filter(adjudicator=adjudicator_id)
    today = mine.filter(submitted_at__gte=limits.midnight(at)).count()
    why = {Campaign.State.DRAFT: "not_open", Campaign.State.ARCHIVED: "closed"}.get(Campaign.State(campaign.state), "nothing_left")
    return cards.Empty(why, campaign.slug, campaign.name, today, mine.filter(pair__campaign=campaign).count())
