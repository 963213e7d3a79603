"""What labelers told people from their desks: reports of harmful content, for researchers; questions, for adjudicators, and their answers."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import signed_in
from labeling import access, asking, told
from labeling.forms import WordsForm
from labeling.models import Campaign, Question, Role


@require_safe
def reports(request: HttpRequest, slug: str) -> HttpResponse:
    campaign = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    return render(request, "labeling/reports.html", {"campaign": campaign, "reports": told.reports_of(campaign)})


@require_safe
def questions(request: HttpRequest, slug: str) -> HttpResponse:
    return questions_page(request, access.campaign_of(signed_in(request), slug, Role.ADJUDICATOR))


@require_POST
def answer_question(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    person = signed_in(request)
    campaign = access.campaign_of(person, slug, Role.ADJUDICATOR)
    question = get_object_or_404(Question.objects.filter(pair__campaign=campaign).exclude(labeler=person), pk=pk)
    form = WordsForm(request.POST)
    if not form.is_valid():
        return questions_page(request, campaign, form, pk, status=422)
    try:
        asking.answer(question=question, text=form.cleaned_data["text"], actor=person, at=timezone.now())
    except asking.Answered as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Answered. It is on the desk of who asked."))
    return redirect("questions", slug)


def questions_page(request: HttpRequest, campaign: Campaign, form: WordsForm | None = None, pk: int = 0, *, status: int = 200) -> HttpResponse:
    found = told.questions_for(campaign, signed_in(request))
    return render(request, "labeling/questions.html", {"campaign": campaign, "questions": found, "form": form, "of": pk}, status=status)
