"""Pairs that were taken out by hand: taking one out, and bringing it back."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.access import signed_in
from labeling import access, history, naming, withdrawing
from labeling.campaigns import NotPossible
from labeling.models import Campaign, Pair, Role


class WithdrawForm(forms.Form):
    pair = forms.CharField(
        label=gettext_lazy("Pair"),
        max_length=200,
        help_text=gettext_lazy("The id that came with it, or its number here."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=1000, help_text=gettext_lazy("It stands in the campaign’s history."))


@require_safe
def withdrawn_pairs(request: HttpRequest, slug: str) -> HttpResponse:
    return withdrawn_page(request, access.campaign_of(signed_in(request), slug, Role.RESEARCHER), WithdrawForm())


@require_POST
def withdraw_pair(request: HttpRequest, slug: str) -> HttpResponse:
    found = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    form = WithdrawForm(request.POST)
    if not form.is_valid():
        return withdrawn_page(request, found, form, status=422)
    try:
        pair = withdrawing.withdraw(
            campaign=found, pair=named(found, form.cleaned_data["pair"]), reason=form.cleaned_data["reason"], actor=signed_in(request), at=timezone.now()
        )
    except NotPossible as refusal:
        form.add_error("pair", str(refusal))
        return withdrawn_page(request, found, form, status=422)
    messages.success(request, _("{capitalize} is withdrawn. What was said of it is kept.").format(capitalize=str(pair).capitalize()))
    return redirect("withdrawn-pairs", slug)


@require_POST
def bring_back(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    found = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    pair = get_object_or_404(Pair, campaign=found, pk=pk)
    try:
        returned = withdrawing.bring_back(campaign=found, pair=pair, actor=signed_in(request), at=timezone.now())
    except NotPossible as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request, _("{capitalize} is back: it is {value}.").format(capitalize=str(returned).capitalize(), value=history.STAND[returned.standing])
        )
    return redirect("withdrawn-pairs", slug)


def named(campaign: Campaign, name: str) -> Pair:
    """Return the pair of that id or number. Raises NotPossible."""
    pks = naming.pairs_named(campaign, [name])
    if not pks:
        raise NotPossible(_("There is no such pair here."))
    return Pair.objects.get(pk=pks[name])


def withdrawn_page(request: HttpRequest, found: Campaign, form: WithdrawForm, *, status: int = 200) -> HttpResponse:
    context = {"campaign": found, "form": form, "pairs": history.withdrawn_pairs(found)}
    return render(request, "labeling/withdrawn_pairs.html", context, status=status)
