"""Pages about policies, for researchers."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import researcher
from accounts.models import User
from policies import reasons, registering, runs
from policies.forms import RegisterPolicyForm, sentence
from policies.models import GenerationRun, Policy
from policies.registering import BadPolicy, Registered


@require_safe
def policies(request: HttpRequest) -> HttpResponse:
    researcher(request)
    known = Policy.objects.select_related("created_by").annotate(responses_count=Count("responses")).order_by("-pk")
    return render(request, "policies/policies.html", {"policies": known})


@require_safe
def policy(request: HttpRequest, pk: int) -> HttpResponse:
    researcher(request)
    found = get_object_or_404(Policy.objects.select_related("created_by"), pk=pk)
    used = GenerationRun.objects.filter(Q(policy_a=found) | Q(policy_b=found)).order_by("-pk")[:20]
    shown = {"policy": found, "note": reasons.told(found.note), "twins": registering.twins_of(found), "runs": runs.lines_of(used)}
    return render(request, "policies/policy.html", {**shown, "responses_count": found.responses.count()})


@require_http_methods(["GET", "HEAD", "POST"])
def register_policy(request: HttpRequest) -> HttpResponse:
    user = researcher(request)
    form = RegisterPolicyForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return register_page(request, form)
    try:
        registered = register(form, user)
    except BadPolicy as error:
        form.add_error(field_of(form, error), sentence(error))
        return register_page(request, form)
    messages.success(request, said_of(registered))
    return redirect(registered.policy)


def register_page(request: HttpRequest, form: RegisterPolicyForm) -> HttpResponse:
    return render(request, "policies/register_policy.html", {"form": form}, status=422 if form.is_bound else 200)


def register(form: RegisterPolicyForm, user: User) -> Registered:
    said = form.cleaned_data
    return registering.register_policy(
        name=said["name"],
        engine=form.engine(),
        source=form.full_source(),
        system_prompt=said["system_prompt"],
        sampling=form.sampling(),
        note=said["note"],
        by=user,
        at=timezone.now(),
        most_bytes=registering.MOST_BYTES_ON_A_PAGE,
    )


def field_of(form: RegisterPolicyForm, error: BadPolicy) -> str | None:
    """Return the form's field that the refusal is about, None where it is about several."""
    if error.field == "source" and form.engine() == Policy.Engine.OPENAI:
        return "endpoint_model"
    return error.field if error.field in form.fields else None


def said_of(registered: Registered) -> str:
    twins = _(" It is the same as {join} but for its name.").format(join=", ".join(registered.twins)) if registered.twins else ""
    return _("{name} is registered, and never changes from now on.{twins}").format(name=registered.policy.name, twins=twins)
