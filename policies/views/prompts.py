"""Pages about prompts, for researchers: sets, what is in one, and importing."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.access import researcher
from accounts.wording import grouped
from policies import importing, prompts
from policies.forms import ImportPromptsForm, sentence
from policies.importing import BadName, NothingStored, Report
from policies.models import PromptSet

A_PAGE = 50
SHOWN = 100
"""Lines of a report that a page shows; the rest is counted."""


@require_safe
def prompt_sets(request: HttpRequest) -> HttpResponse:
    researcher(request)
    return sets_page(request, ImportPromptsForm(initial={"prompt_set": request.GET.get("set", "")}))


def sets_page(request: HttpRequest, form: ImportPromptsForm, *, refusal: NothingStored | None = None, status: int = 200) -> HttpResponse:
    lines = prompts.lines_of(PromptSet.objects.order_by("-created_at"))
    shown = refusal.bad[:SHOWN] if refusal else []
    return render(request, "policies/prompt_sets.html", {"lines": lines, "form": form, "refusal": refusal, "bad": shown}, status=status)


@require_POST
def import_prompts(request: HttpRequest) -> HttpResponse:
    user = researcher(request)
    form = ImportPromptsForm(request.POST, request.FILES)
    if not form.is_valid():
        return sets_page(request, form, status=422)
    said = form.cleaned_data
    try:
        report = importing.import_prompts(file=said["file"], prompt_set=said["prompt_set"], by=user, at=timezone.now(), skip_bad=said["skip_bad"])
    except BadName as error:
        form.add_error("prompt_set", sentence(error))
        return sets_page(request, form, status=422)
    except NothingStored as error:
        return sets_page(request, form, refusal=error, status=422)
    return imported(request, report)


def imported(request: HttpRequest, report: Report) -> HttpResponse:
    """Say what became of the file: in one line, or on a page of its own where lines are to be named."""
    if not (report.repeats.count or report.kin.count or report.skipped):
        messages.success(request, ngettext("{n} prompt stored.", "{n} prompts stored.", report.stored).format(n=grouped(report.stored)))
        return redirect(report.prompt_set)
    shown = {"repeats": report.repeats.first[:SHOWN], "kin": report.kin.first[:SHOWN], "skipped": report.skipped[:SHOWN]}
    return render(request, "policies/import_report.html", {"report": report, **shown})


@require_safe
def prompt_set(request: HttpRequest, name: str) -> HttpResponse:
    researcher(request)
    found = get_object_or_404(PromptSet, name=name)
    page = Paginator(found.prompts.order_by("pk"), A_PAGE).get_page(request.GET.get("page"))
    [line] = prompts.lines_of(PromptSet.objects.filter(pk=found.pk))
    context = {"line": line, "page": page, "rows": prompts.prompt_lines(page.object_list, found)}
    return render(request, "policies/prompt_set.html", context)
