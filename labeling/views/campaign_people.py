"""Those who label in a campaign: how they stand, what they are skilled in, which pairs are kept for them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.access import signed_in
from accounts.models import User
from labeling import access, cautions, labelers, naming, practising, qualifying
from labeling.campaigns import NotPossible
from labeling.models import Campaign, Role
from labeling.phrases import counted

PAGE = "labeling/campaign_labeler.html"
NAMES_HELP = gettext_lazy("Ids that came with the pairs, or their numbers here; a line or a comma each.")


class SkillsForm(forms.Form):
    names = forms.CharField(
        label=gettext_lazy("Skills"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=gettext_lazy("A line or a comma each."),
    )


class KeepForm(forms.Form):
    named = forms.CharField(
        label=gettext_lazy("Pairs"), required=False, max_length=100_000, widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}), help_text=NAMES_HELP
    )
    next_free = forms.IntegerField(
        label=gettext_lazy("Next free pairs"),
        required=False,
        min_value=0,
        max_value=naming.MOST_PAIRS,
        help_text=gettext_lazy("So many of those that would be served to them next."),
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if not self.errors and not words_in(given.get("named", "")) and not given.get("next_free"):
            self.add_error("named", gettext("Name pairs, or say how many of the next ones."))
        return given


class WhyForm(forms.Form):
    why = forms.CharField(label=gettext_lazy("Why"), max_length=300, help_text=gettext_lazy("It stands in the labeler’s history, which researchers read."))


def words_in(text: str) -> list[str]:
    """Return what stands on lines or between commas, each once."""
    return list(dict.fromkeys(word.strip() for line in text.splitlines() for word in line.split(",") if word.strip()))


@require_safe
def campaign_people(request: HttpRequest, slug: str) -> HttpResponse:
    found = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    missing = sorted(cautions.asked_for(found) - cautions.skills(found))
    return render(request, "labeling/campaign_people.html", {"campaign": found, "labelers": labelers.labelers_of(found), "missing": missing})


@require_safe
def campaign_labeler(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    found = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    return labeler_page(request, found, labeler_of(found, pk))


@require_POST
def set_skills(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    found, labeler, form = asked(request, slug, pk, SkillsForm)
    if not form.is_valid():
        return labeler_page(request, found, labeler, status=422, skills_form=form)
    try:
        names = qualifying.set_skills(campaign=found, labeler=labeler, names=words_in(form.cleaned_data["names"]), actor=signed_in(request), at=timezone.now())
    except NotPossible as refusal:
        form.add_error("names", str(refusal))
        return labeler_page(request, found, labeler, status=422, skills_form=form)
    messages.success(request, gettext("{username} has {skills} now.").format(username=labeler.username, skills=counted(len(names), "skill")))
    return redirect("campaign-labeler", slug, pk)


@require_POST
def assign_by_name(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    found, labeler, form = asked(request, slug, pk, KeepForm)
    if not form.is_valid():
        return labeler_page(request, found, labeler, status=422, keep_form=form)
    named, next_free = words_in(form.cleaned_data["named"]), form.cleaned_data["next_free"] or 0
    try:
        done = naming.assign(campaign=found, labeler=labeler, named=named, next_free=next_free, actor=signed_in(request), at=timezone.now())
    except NotPossible as refusal:
        form.add_error("named", str(refusal))
        return labeler_page(request, found, labeler, status=422, keep_form=form)
    if done.left_out:
        return labeler_page(request, found, labeler, kept=done)
    messages.success(request, gettext("{pairs} kept for {username}.").format(pairs=counted(len(done.assigned), "pair"), username=labeler.username))
    return redirect("campaign-labeler", slug, pk)


@require_POST
def release_from_name(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    found, labeler, _ = asked(request, slug, pk, forms.Form)
    try:
        released = naming.release(campaign=found, labeler=labeler, actor=signed_in(request), at=timezone.now())
    except NotPossible as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, gettext("{pairs} went back to everybody.").format(pairs=counted(released, "pair")))
    return redirect("campaign-labeler", slug, pk)


@require_POST
def let_in(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Let somebody who practises, or is paused, do real work."""
    found, labeler, form = asked(request, slug, pk, WhyForm)
    if not form.is_valid():
        return labeler_page(request, found, labeler, status=422, why_form=form)
    try:
        practising.let_in(campaign=found, labeler=labeler, why=form.cleaned_data["why"], actor=signed_in(request), at=timezone.now())
    except practising.CannotLetIn as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, gettext("{username} works here now.").format(username=labeler.username))
    return redirect("campaign-labeler", slug, pk)


def asked(request: HttpRequest, slug: str, pk: int, kind: type[forms.Form]) -> tuple[Campaign, User, forms.Form]:
    """Return the campaign, the labeler, and what was sent. Raises Http404 for who does not run the campaign, and for who does not label there."""
    found = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    return found, labeler_of(found, pk), kind(request.POST)


def labeler_of(campaign: Campaign, pk: int) -> User:
    """Return who labels there, or did: what is kept for them, and how they stand, can still be looked at."""
    return get_object_or_404(labelers.users_of(campaign), pk=pk)


def labeler_page(request: HttpRequest, found: Campaign, labeler: User, *, status: int = 200, **shown: Any) -> HttpResponse:
    stands = labelers.labeler_of(found, labeler)
    context = {
        "campaign": found,
        "labeler": stands,
        "asked_for": sorted(cautions.asked_for(found)),
        "history": labelers.history_of(found, labeler),
        "skills_form": SkillsForm(initial={"names": "\n".join(stands.skills)}),
        "keep_form": KeepForm(),
        "why_form": WhyForm(),
    }
    return render(request, PAGE, context | shown, status=status)
