"""Gold for those who run a campaign: the items and how labelers do on them, and what becomes of one."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.access import signed_in
from labeling import access, gold_items, goldkeeping, naming
from labeling.campaigns import NotPossible
from labeling.forms_gold import GoldForm, MakeGoldForm, PromoteForm
from labeling.models import Campaign, GoldItem, Pair, Role

A_PAGE = 50
NO_SUCH_PAIR = gettext_lazy("There is no such pair here.")


@require_safe
def gold(request: HttpRequest, slug: str) -> HttpResponse:
    found = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    page = Paginator(gold_items.in_use(found), A_PAGE).get_page(request.GET.get("page"))
    begins = request.GET.get("q", "")[:200].replace("\x00", "")
    score = gold_items.score_of_all(found)
    context = {
        "campaign": found,
        "page": page,
        "items": gold_items.described(list(page.object_list), on=timezone.localdate()),
        "due": GoldItem.objects.due_for_refresh(on=timezone.localdate()).filter(pair__campaign=found).count(),
        "score": score,
        "share": gold_items.share_in_words(score),
        "interval": gold_items.interval_in_words(score),
        "begins": begins,
        "offered": gold_items.offered(found, begins=begins),
    }
    return render(request, "labeling/gold.html", context)


@require_safe
def new_gold(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a pair, named in the address, and ask what is known of it."""
    found = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    name = request.GET.get("pair", "").strip()[:200].replace("\x00", "")
    pk = naming.pairs_named(found, [name]).get(name) if name else None
    if pk is None:
        messages.error(request, NO_SUCH_PAIR)
        return redirect("gold", slug)
    pair = pairs_of(found).select_related("prompt", "response_a", "response_b").get(pk=pk)
    return new_page(request, found, pair, MakeGoldForm(pairs=pairs_of(found), initial={"pair": pair, "verdict": pair.verdict}))


@require_POST
def make_gold(request: HttpRequest, slug: str) -> HttpResponse:
    found = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    form = MakeGoldForm(request.POST, pairs=pairs_of(found))
    if not form.is_valid():
        if "pair" in form.errors:
            messages.error(request, NO_SUCH_PAIR)
            return redirect("gold", slug)
        return new_page(request, found, form.cleaned_data["pair"], form, status=422)
    try:
        item = goldkeeping.make_gold(**form.cleaned_data, actor=signed_in(request), at=timezone.now())
    except NotPossible as refusal:
        form.add_error(None, str(refusal))
        return new_page(request, found, form.cleaned_data["pair"], form, status=422)
    messages.success(request, gettext("Made gold: {pair}. It is never asked as work again, nor a row of a dataset.").format(pair=item.pair))
    return redirect("gold-item", slug, item.pk)


@require_POST
def promote_to_gold(request: HttpRequest, slug: str) -> HttpResponse:
    """Make a settled pair gold by one button. What else there is to say of it can be said later."""
    found = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    form = PromoteForm(request.POST, pairs=pairs_of(found))
    if not form.is_valid():
        messages.error(request, NO_SUCH_PAIR)
        return redirect("gold", slug)
    pair = form.cleaned_data["pair"]
    try:
        item = goldkeeping.promote(pair=pair, why=gold_items.usual_why(pair), actor=signed_in(request), at=timezone.now())
    except NotPossible as refusal:
        messages.error(request, str(refusal))
        return redirect("gold", slug)
    messages.success(request, gettext("Made gold: {pair}. Say below why it is clear: labelers who practise read that.").format(pair=pair))
    return redirect("gold-item", slug, item.pk)


@require_safe
def gold_item(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    found, item = item_of(request, slug, pk)
    return item_page(request, found, item, GoldForm.of(item))


@require_POST
def revise_gold(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    found, item = item_of(request, slug, pk)
    form = GoldForm(request.POST)
    if not form.is_valid():
        return item_page(request, found, item, form, status=422)
    try:
        later = goldkeeping.revise(item=item, **form.cleaned_data, actor=signed_in(request), at=timezone.now())
    except NotPossible as refusal:
        form.add_error(None, str(refusal))
        return item_page(request, found, item, form, status=422)
    messages.success(request, gettext("Version {version} is in use now.").format(version=later.version))
    return redirect("gold-item", slug, later.pk)


@require_POST
def retire_gold(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    _, item = item_of(request, slug, pk)
    try:
        goldkeeping.retire(item=item, actor=signed_in(request), at=timezone.now())
    except NotPossible as refusal:
        messages.error(request, str(refusal))
        return redirect("gold-item", slug, pk)
    messages.success(request, gettext("Retired: {pair} checks nobody any longer. It stays out of work and of datasets.").format(pair=item.pair))
    return redirect("gold", slug)


def pairs_of(campaign: Campaign) -> QuerySet[Pair]:
    return Pair.objects.filter(campaign=campaign)


def item_of(request: HttpRequest, slug: str, pk: int) -> tuple[Campaign, GoldItem]:
    found = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    return found, get_object_or_404(GoldItem.objects.select_related("pair__prompt", "pair__response_a", "pair__response_b"), pk=pk, pair__campaign=found)


def new_page(request: HttpRequest, found: Campaign, pair: Pair, form: MakeGoldForm, *, status: int = 200) -> HttpResponse:
    return render(request, "labeling/gold_new.html", {"campaign": found, "pair": pair, "texts": gold_items.texts_of(pair), "form": form}, status=status)


def item_page(request: HttpRequest, found: Campaign, item: GoldItem, form: GoldForm, *, status: int = 200) -> HttpResponse:
    versions = list(GoldItem.objects.filter(pair=item.pair_id).select_related("pair").order_by("-version"))
    context = {
        "campaign": found,
        "item": item,
        "versions": gold_items.described(versions, on=timezone.localdate()),
        "texts": gold_items.texts_of(item.pair),
        "form": form,
    }
    return render(request, "labeling/gold_item.html", context, status=status)
