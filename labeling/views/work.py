"""The labeler's desk: one pair at a time. The answer to a submit is the next pair."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.access import signed_in
from labeling import access, assigning, cards, practising, submitting
from labeling.forms import IN_WORDS, LabelForm, SkipForm
from labeling.models import Assignment, Campaign, Label, Role
from labeling.practising import Feedback

PAGE, CARD = "labeling/work.html", "labeling/work.html#card"
PUT_ASIDE, ANSWERED = "Put aside. It comes back when nothing else is left.", "That pair was answered before; the answer stays."


@require_GET
def work(request: HttpRequest, slug: str) -> HttpResponse:
    campaign = access.campaign_of(signed_in(request), slug, Role.LABELER)
    return show_next(request, campaign, template=PAGE, at=timezone.now())


@require_POST
def submit(request: HttpRequest, slug: str, key: UUID) -> HttpResponse:
    assignment, campaign = access.own_assignment(signed_in(request), key, slug=slug)
    form = LabelForm(request.POST, rationale_required=campaign.rationale_required)
    at = timezone.now()
    if not form.is_valid():
        card = cards.card_for(assignment, campaign, at=at, submission_key=request.POST.get("submission_key", ""))
        return render(request, CARD if is_fragment(request) else PAGE, {"card": card, "form": form}, status=422)
    try:
        label = submitting.submit_label(
            assignment=assignment,
            preference=assignment.preference_from(form.chosen_step),
            both_bad=form.both_bad,
            rationale=form.cleaned_data["rationale"],
            submission_key=form.cleaned_data["submission_key"],
            active_seconds=form.cleaned_data["active_seconds"],
            at=at,
        )
    except submitting.NotYours as refusal:
        return HttpResponse(str(refusal), status=409, content_type="text/plain")
    return go_on(request, campaign, said(label, assignment), at=at, feedback=practising.feedback_on(label))


@require_POST
def skip(request: HttpRequest, slug: str, key: UUID) -> HttpResponse:
    assignment, campaign = access.own_assignment(signed_in(request), key, slug=slug)
    form = SkipForm(request.POST)
    at = timezone.now()
    if not form.is_valid():
        return render(request, CARD if is_fragment(request) else PAGE, {"card": cards.card_for(assignment, campaign, at=at), "form": form}, status=422)
    skipped = assigning.skip(assignment=assignment, reason=form.cleaned_data["reason"], note=form.cleaned_data["note"], at=at)
    return go_on(request, campaign, "Skipped." if skipped else "That pair was labeled before; the label stays.", at=at)


@require_POST
def park(request: HttpRequest, slug: str, key: UUID) -> HttpResponse:
    assignment, campaign = access.own_assignment(signed_in(request), key, slug=slug)
    at = timezone.now()
    parked = assigning.park(assignment=assignment, at=at)
    return go_on(request, campaign, PUT_ASIDE if parked else ANSWERED, at=at)


def said(label: Label, assignment: Assignment) -> str:
    """Say in words what became of a submission. What is stored, not what was sent: a repeated one gets the first answer again."""
    if label.is_surplus:
        return "That pair was complete by then. Your judgment is kept and marked; it is not counted."
    return f"Stored: {IN_WORDS['both-bad' if label.both_bad else str(assignment.preference_from(label.preference or 0))]}."


def told(feedback: Feedback) -> str:
    """Say what was right in a practice answer."""
    better = {"left": "the left response is better", "right": "the right response is better"}.get(feedback.better, "it is a tie")
    return f"Practice {feedback.number} of {feedback.of}: {'right' if feedback.right else 'not right'}, {better}. {feedback.why}"


def go_on(request: HttpRequest, campaign: Campaign, stored: str, *, at: datetime, feedback: Feedback | None = None) -> HttpResponse:
    """Answer with the next card, or send a browser without scripts to the page that shows it."""
    if is_fragment(request):
        return show_next(request, campaign, template=CARD, at=at, stored=stored, feedback=feedback)
    messages.info(request, told(feedback) if feedback else stored)
    return redirect("work", campaign.slug)


def show_next(request: HttpRequest, campaign: Campaign, *, template: str, at: datetime, stored: str = "", feedback: Feedback | None = None) -> HttpResponse:
    labeler = signed_in(request)
    assignment = assigning.next_for(campaign, labeler, at=at)
    if assignment is None:
        return render(request, template, {"empty": cards.empty_for(campaign, labeler, at=at), "stored": stored, "feedback": feedback})
    return render(request, template, {"card": cards.card_for(assignment, campaign, at=at), "stored": stored, "feedback": feedback})


def is_fragment(request: HttpRequest) -> bool:
    """Did htmx ask, for a part of the page?"""
    return bool(request.htmx)  # type: ignore[attr-defined]
