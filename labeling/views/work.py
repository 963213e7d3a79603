"""The labeler's desk: one pair at a time. The answer to a submit is the next pair."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET, require_POST

from accounts import consenting
from accounts.access import signed_in
from labeling import access, acknowledging, asking, assigning, cards, drafting, edge, practising, reopening, submitting
from labeling.asks import asks_of
from labeling.controls import controls_of
from labeling.forms import IN_WORDS, DraftForm, LabelForm, ReportForm, SkipForm, WordsForm, said_in
from labeling.models import Assignment, Campaign, Label, Role
from labeling.practising import Feedback

PAGE, CARD = "labeling/work.html", "labeling/work.html#card"
PUT_ASIDE = gettext_lazy("Put aside. It comes back when nothing else is left.")
ANSWERED = gettext_lazy("That pair was answered before; the answer stays.")
REPORTED = gettext_lazy("Reported: those who run the campaign see it. The pair is still yours: decide it, park it, or skip it.")
ASKED = gettext_lazy("Asked. The answer comes to your desk; park the pair until then, or decide it.")
KEPT = gettext_lazy("Not stored yet: there is something to read first. Your choice is kept.")
REOPENED = gettext_lazy("Open again, as you left it. Nothing of it is stored until you submit.")

BETTER = {
    "left": gettext_lazy("the left response is better"),
    "right": gettext_lazy("the right response is better"),
    "tie": gettext_lazy("it is a tie"),
}

AnyForm = TypeVar("AnyForm", bound=LabelForm)


@gzip_page
@require_GET
def work(request: HttpRequest, slug: str) -> HttpResponse:
    campaign = access.campaign_of(signed_in(request), slug, Role.LABELER)
    return show_next(request, campaign, template=PAGE, at=timezone.now())


@require_GET
def reopened(request: HttpRequest, slug: str, key: UUID) -> HttpResponse:
    """Show a pair that was reopened, as long as it is held: the address that a reload asks for."""
    assignment, campaign = access.own_assignment(signed_in(request), key, slug=slug)
    at = timezone.now()
    if not reopening.renew(assignment=assignment, campaign=campaign, at=at):
        return redirect("work", slug)
    return show(request, assignment, campaign, template=PAGE, at=at, is_reopened=True)


@require_POST
def submit(request: HttpRequest, slug: str, key: UUID) -> HttpResponse:
    assignment, campaign, must_agree = access.own_work(signed_in(request), key, slug=slug)
    form = form_for(LabelForm, request, assignment, campaign)
    at = timezone.now()
    if must_agree:
        return kept_for_later(request, assignment, campaign, at=at)
    if not form.is_valid() or (grounds := grounds_in(form, assignment)) is None:
        card = cards.card_for(assignment, campaign, at=at, said=said_in(request.POST))
        return render(request, template_for(request), {"card": card, "form": form}, status=422)
    try:
        label = submitting.submit_label(
            assignment=assignment,
            preference=assignment.preference_from(form.chosen_step),
            both_bad=form.both_bad,
            rationale=form.cleaned_data["rationale"],
            submission_key=form.cleaned_data["submission_key"],
            active_seconds=form.cleaned_data["active_seconds"],
            grounds=grounds,
            at=at,
        )
    except submitting.NotYours as refusal:
        return refused(refusal)
    except submitting.NotAcknowledged:
        return kept_for_later(request, assignment, campaign, at=at)
    return go_on(request, campaign, said(label, assignment), at=at, feedback=practising.feedback_on(label), has_agreed=True)


@require_POST
def draft(request: HttpRequest, slug: str, key: UUID) -> HttpResponse:
    assignment, campaign = access.own_assignment(signed_in(request), key, slug=slug)
    form = form_for(DraftForm, request, assignment, campaign)
    if not form.is_valid():
        return HttpResponse(_("That cannot be kept as it is."), status=422, content_type="text/plain")
    drafting.save(assignment=assignment, said=form.said, at=timezone.now())
    return HttpResponse(status=204)


@require_POST
def undo(request: HttpRequest, slug: str, key: UUID) -> HttpResponse:
    assignment, campaign = access.own_assignment(signed_in(request), key, slug=slug)
    at = timezone.now()
    try:
        again = reopening.reopen(assignment=assignment, campaign=campaign, at=at)
    except reopening.NotPossible as refusal:
        return go_on(request, campaign, str(refusal), at=at)
    if is_fragment(request):
        return show(request, again, campaign, template=CARD, at=at, stored=str(REOPENED), is_reopened=True)
    messages.info(request, str(REOPENED))
    return redirect("reopened", slug, again.key)


@require_POST
def skip(request: HttpRequest, slug: str, key: UUID) -> HttpResponse:
    assignment, campaign = access.own_assignment(signed_in(request), key, slug=slug)
    form = SkipForm(request.POST)
    at = timezone.now()
    if not form.is_valid():
        return render(request, template_for(request), {"card": cards.card_for(assignment, campaign, at=at), "form": form}, status=422)
    skipped = assigning.skip(assignment=assignment, reason=form.cleaned_data["reason"], note=form.cleaned_data["note"], at=at)
    return go_on(request, campaign, _("Skipped.") if skipped else _("That pair was labeled before; the label stays."), at=at)


@require_POST
def park(request: HttpRequest, slug: str, key: UUID) -> HttpResponse:
    assignment, campaign = access.own_assignment(signed_in(request), key, slug=slug)
    at = timezone.now()
    parked = assigning.park(assignment=assignment, at=at)
    return go_on(request, campaign, str(PUT_ASIDE) if parked else str(ANSWERED), at=at)


@require_POST
def report(request: HttpRequest, slug: str, key: UUID) -> HttpResponse:
    assignment, campaign = access.own_assignment(signed_in(request), key, slug=slug)
    form = ReportForm(request.POST)
    at = timezone.now()
    if not form.is_valid():
        return render(request, template_for(request), {"card": cards.card_for(assignment, campaign, at=at), "form": form}, status=422)
    asking.report(assignment=assignment, **form.cleaned_data, at=at)
    return stay(request, assignment, campaign, str(REPORTED), at=at)


@require_POST
def ask(request: HttpRequest, slug: str, key: UUID) -> HttpResponse:
    assignment, campaign = access.own_assignment(signed_in(request), key, slug=slug)
    form = WordsForm(request.POST)
    at = timezone.now()
    if not form.is_valid():
        return render(request, template_for(request), {"card": cards.card_for(assignment, campaign, at=at), "form": form}, status=422)
    text, submission_key = form.cleaned_data["text"], form.cleaned_data["submission_key"] or uuid4()
    asking.ask(assignment=assignment, text=text, submission_key=submission_key, at=at)
    return stay(request, assignment, campaign, str(ASKED), at=at)


@require_POST
def read_answers(request: HttpRequest, slug: str, key: UUID) -> HttpResponse:
    """Take answers off the desk: those that were on it."""
    assignment, campaign = access.own_assignment(signed_in(request), key, slug=slug)
    at = timezone.now()
    shown = [int(pk) for pk in request.POST.getlist("answer") if pk.isdecimal() and len(pk) < 19]
    asking.read(answers=asking.unread(campaign, signed_in(request)).filter(pk__in=shown), at=at)
    return stay(request, assignment, campaign, "", at=at)


def kept_for_later(request: HttpRequest, assignment: Assignment, campaign: Campaign, *, at: datetime) -> HttpResponse:
    """Keep what was sent as it is typed, and show what is to be read before it can be stored."""
    sent = form_for(DraftForm, request, assignment, campaign)
    if sent.is_valid():
        drafting.save(assignment=assignment, said=sent.said, at=at)
    if not is_fragment(request):
        messages.warning(request, KEPT)
        return redirect("work", campaign.slug)
    answer = show_next(request, campaign, template=CARD, at=at, stored=str(KEPT))
    answer.status_code = 422
    return answer


def form_for(kind: type[AnyForm], request: HttpRequest, assignment: Assignment, campaign: Campaign) -> AnyForm:
    asks = asks_of(assignment.rubric_version)
    return kind(request.POST, asks=asks, rationale_required=campaign.rationale_required, rationale_minimum=campaign.rationale_minimum)


def grounds_in(form: LabelForm, assignment: Assignment) -> submitting.Grounds | None:
    """Return what a judgment rests on; None, and the form says why, for a passage that is not in its text."""
    try:
        return edge.grounds_from(assignment, reasons=form.cleaned_data["reasons"], criteria=form.criteria, marks=form.marks)
    except edge.NotFound:
        form.add_error("evidence", _("a passage that is marked was not found in its text; take the marks off, and mark it again."))
        return None


def stay(request: HttpRequest, assignment: Assignment, campaign: Campaign, stored: str, *, at: datetime) -> HttpResponse:
    """Answer with the same pair, and what was typed on it."""
    if is_fragment(request) and reopening.renew(assignment=assignment, campaign=campaign, at=at):
        return draw(request, cards.card_for(assignment, campaign, at=at), template=CARD, stored=stored)
    return go_on(request, campaign, stored, at=at)


def said(label: Label, assignment: Assignment) -> str:
    """Say in words what became of a submission. What is stored, not what was sent: a repeated one gets the first answer again."""
    if label.is_surplus:
        return _("That pair was complete by then. Your judgment is kept and marked; it is not counted.")
    choice = IN_WORDS["both-bad" if label.both_bad else str(assignment.preference_from(label.preference or 0))]
    return _("Stored: {choice}.").format(choice=_(choice))


def told(feedback: Feedback) -> str:
    """Say what was right in a practice answer."""
    better = BETTER.get(feedback.better, BETTER["tie"])
    words = _("Practice {number} of {of}: right, {better}. {why}") if feedback.right else _("Practice {number} of {of}: not right, {better}. {why}")
    return words.format(number=feedback.number, of=feedback.of, better=better, why=feedback.why)


def refused(refusal: Exception) -> HttpResponse:
    return HttpResponse(str(refusal), status=409, content_type="text/plain")


def go_on(request: HttpRequest, campaign: Campaign, stored: str, *, at: datetime, feedback: Feedback | None = None, has_agreed: bool = False) -> HttpResponse:
    """Answer with the next card, or send a browser without scripts to the page that shows it. `has_agreed`: they were just found to have, and are not asked."""
    if is_fragment(request):
        return show_next(request, campaign, template=CARD, at=at, stored=stored, feedback=feedback, has_agreed=has_agreed)
    messages.info(request, told(feedback) if feedback else stored)
    return redirect("work", campaign.slug)


def show_next(
    request: HttpRequest,
    campaign: Campaign,
    *,
    template: str,
    at: datetime,
    stored: str = "",
    feedback: Feedback | None = None,
    has_agreed: bool = False,
) -> HttpResponse:
    labeler = signed_in(request)
    if not has_agreed and (wanted := consenting.wanted_of(labeler)):
        return render(request, template, {"asked": cards.asked_for(wanted, campaign, labeler, at=at), "stored": stored, "feedback": feedback})
    assignment = assigning.next_for(campaign, labeler, at=at)
    if assignment is None and (unread := acknowledging.unread(campaign, labeler)):
        reworded = cards.reworded_for(unread, campaign, labeler, at=at)
        return render(request, template, {"reworded": reworded, "stored": stored, "feedback": feedback})
    if assignment is None:
        return render(request, template, {"empty": cards.empty_for(campaign, labeler, at=at), "stored": stored, "feedback": feedback})
    return show(request, assignment, campaign, template=template, at=at, stored=stored, feedback=feedback)


def show(
    request: HttpRequest,
    assignment: Assignment,
    campaign: Campaign,
    *,
    template: str,
    at: datetime,
    stored: str = "",
    feedback: Feedback | None = None,
    is_reopened: bool = False,
) -> HttpResponse:
    card = cards.card_for(assignment, campaign, at=at, is_reopened=is_reopened)
    if card.is_flagged and not (is_reopened or card.said or request.GET.get("shown") == card.key):
        return render(request, template, {"warned": card, "stored": stored, "feedback": feedback})
    return draw(request, card, template=template, stored=stored, feedback=feedback)


def draw(request: HttpRequest, card: cards.Card, *, template: str, stored: str, feedback: Feedback | None = None) -> HttpResponse:
    """Draw a card; without its controls where they are on the desk already."""
    controls = controls_of(card)
    is_bare = is_fragment(request) and bool(controls) and request.headers.get("Desk-Controls") == controls
    return render(request, template, {"card": card, "controls": controls, "is_bare": is_bare, "stored": stored, "feedback": feedback})


def template_for(request: HttpRequest) -> str:
    return CARD if is_fragment(request) else PAGE


def is_fragment(request: HttpRequest) -> bool:
    """Did the desk's script ask, for a part of the page?"""
    return bool(request.htmx)  # type: ignore[attr-defined]
