"""Pages about generation runs, for researchers: starting one, watching it, and what to do when something failed."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import researcher
from accounts.wording import grouped
from policies import generating, runs, tasks
from policies.forms import StartRunForm, sentence
from policies.generating import CannotStart, RunIsStopped
from policies.models import GenerationRun, Policy, PromptSet

A_PAGE = 50


@require_safe
def run_list(request: HttpRequest) -> HttpResponse:
    researcher(request)
    page = Paginator(GenerationRun.objects.order_by("-pk"), A_PAGE).get_page(request.GET.get("page"))
    keys = [run.pk for run in page.object_list]
    lines = runs.lines_of(GenerationRun.objects.filter(pk__in=keys).order_by("-pk"))
    return render(request, "policies/runs.html", {"lines": lines, "page": page})


@require_http_methods(["GET", "HEAD", "POST"])
def start_run(request: HttpRequest) -> HttpResponse:
    user = researcher(request)
    form = StartRunForm(request.POST if request.method == "POST" else None, initial={"prompt_set": request.GET.get("set", "")})
    if not form.is_valid():
        return start_page(request, form)
    try:
        run = generating.start_run(**form.cleaned_data, by=user, at=timezone.now())
    except CannotStart as error:
        form.add_error(None, sentence(error))
        return start_page(request, form)
    tasks.ring(run.pk)
    return redirect(run)


def start_page(request: HttpRequest, form: StartRunForm) -> HttpResponse:
    can_start = PromptSet.objects.exists() and Policy.objects.askable().exists()
    return render(request, "policies/start_run.html", {"form": form, "can_start": can_start}, status=422 if form.is_bound else 200)


@require_safe
def run(request: HttpRequest, pk: int) -> HttpResponse:
    return run_page(request, pk, "policies/run.html")


@require_safe
def run_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of the page that is asked for again every two seconds."""
    return run_page(request, pk, "policies/run.html#progress")


def run_page(request: HttpRequest, pk: int, template: str) -> HttpResponse:
    researcher(request)
    found = found_run(pk)
    return render(request, template, {"run": found, "progress": runs.progress_of(found, at=timezone.now())})


def found_run(pk: int) -> GenerationRun:
    return get_object_or_404(GenerationRun.objects.select_related("prompt_set", "policy_a", "policy_b", "requested_by"), pk=pk)


@require_POST
def stop_run(request: HttpRequest, pk: int) -> HttpResponse:
    researcher(request)
    found = found_run(pk)
    stopped = generating.stop_run(run=found, at=timezone.now())
    messages.info(request, _("Stopped: {stopped} requests will not be asked. What a worker holds is still answered.").format(stopped=grouped(stopped)))
    return redirect(found)


@require_POST
def resume_run(request: HttpRequest, pk: int) -> HttpResponse:
    researcher(request)
    found = found_run(pk)
    queued = generating.resume_run(run=found, at=timezone.now())
    tasks.ring(found.pk)
    messages.info(request, _("The run goes on: {queued} requests are queued again.").format(queued=grouped(queued)))
    return redirect(found)


@require_POST
def retry_failed(request: HttpRequest, pk: int) -> HttpResponse:
    researcher(request)
    found = found_run(pk)
    try:
        queued = generating.retry_failed(run=found, at=timezone.now())
    except RunIsStopped:
        messages.error(request, _("The run is stopped. Let it go on first, then retry what failed."))
        return redirect(found)
    tasks.ring(found.pk)
    messages.info(request, _("{queued} requests are queued again, with three attempts each.").format(queued=grouped(queued)))
    return redirect(found)
