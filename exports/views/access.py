"""Pages about who may fetch what: the private split, links, and the ledger of downloads."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import researcher
from accounts.models import User
from exports import access, downloads, granting, linking
from exports.forms_life import AskForm, DecideForm, LinkForm
from exports.models import PRIVATE, Dataset, DatasetFile, DatasetVersion, Download, SplitAccess
from exports.recording import Right
from exports.views.life import refused
from exports.views.versions import version_named

A_PAGE = 100


@require_http_methods(["GET", "HEAD", "POST"])
def dataset_access(request: HttpRequest, name: str) -> HttpResponse:
    """Show who may fetch the private split; decide about somebody."""
    user = access.reader(request)
    dataset = get_object_or_404(Dataset, name=name)
    if request.method != "POST":
        return page(request, dataset, user)
    form = DecideForm(request.POST)
    if not access.may_decide(user, dataset):
        return page(request, dataset, user, status=403, error=_("An owner or the dataset’s maker decides."))
    if not form.is_valid():
        return page(request, dataset, user, status=422, decide_form=form)
    said = form.cleaned_data
    person = User.objects.filter(username=said["person"], is_active=True, kind=User.Kind.PERSON).first()
    if person is None:
        return page(request, dataset, user, status=422, decide_form=form, error=_("Nobody here is called {person}.").format(person=said["person"]))
    try:
        granting.decide(dataset, person=person, kind=SplitAccess.Kind(said["kind"]), actor=user, reason=said["reason"], at=timezone.now())
    except granting.NotPossible as refusal:
        return page(request, dataset, user, status=409, decide_form=form, error=str(refusal))
    messages.success(request, _("It is decided for {username}, in your name.").format(username=person.username))
    return redirect("dataset-access", dataset.name)


@require_POST
def ask_for_access(request: HttpRequest, name: str) -> HttpResponse:
    user = access.reader(request)
    dataset = get_object_or_404(Dataset, name=name)
    form = AskForm(request.POST)
    if not form.is_valid():
        return page(request, dataset, user, status=422, ask_form=form)
    try:
        granting.ask(dataset, person=user, reason=form.cleaned_data["reason"], at=timezone.now())
    except granting.NotPossible as refusal:
        return page(request, dataset, user, status=409, ask_form=form, error=str(refusal))
    messages.success(request, _("Your request is stored. An owner or the dataset’s maker decides, and the decision stands on this page."))
    return redirect("dataset-access", dataset.name)


def page(request: HttpRequest, dataset: Dataset, user: User, *, status: int = 200, error: str = "", **forms: object) -> HttpResponse:
    if error:
        messages.error(request, error)
    standings = access.standings(dataset)
    mine = next((standing for standing in standings if standing.person == user), None)
    context = {
        "dataset": dataset,
        "has_split": bool(dataset.shares.get(PRIVATE)),
        "standings": standings,
        "mine": mine,
        "is_named": access.is_named(user, dataset),
        "may_decide": access.may_decide(user, dataset),
        "ask_form": AskForm(),
        "decide_form": DecideForm(initial={"person": next((one.person.username for one in standings if one.waits), "")}),
        "events": SplitAccess.objects.filter(dataset=dataset).select_related("person", "actor").order_by("-pk")[:A_PAGE],
        **forms,
    }
    return render(request, "exports/access.html", context, status=status)


@require_safe
def dataset_downloads(request: HttpRequest, name: str) -> HttpResponse:
    """Show who fetched what of a dataset, the latest first."""
    user = researcher(request)
    dataset = get_object_or_404(Dataset, name=name)
    found = (
        Download.objects.filter(version__dataset=dataset)
        .select_related("version", "person", "token", "link__made_by")
        .defer("version__manifest")
        .order_by("-pk")
    )
    listed = Paginator(found, A_PAGE).get_page(request.GET.get("page"))
    return render(request, "exports/downloads.html", {"dataset": dataset, "page": listed, "user": user})


@require_POST
def make_link(request: HttpRequest, name: str, number: int) -> HttpResponse:
    user = researcher(request)
    version = version_named(name, number)
    form = LinkForm(request.POST, files=version.files.all())
    if not form.is_valid():
        return refused(request, version, user, link_form=form)
    said = form.cleaned_data
    file = get_object_or_404(DatasetFile.objects.select_related("version__dataset"), version=version, name=said["file"])
    try:
        link, secret = linking.make_link(file, for_whom=said["for_whom"], days=said["days"], made_by=user, at=timezone.now())
    except linking.NotPossible as refusal:
        messages.error(request, str(refusal))
        return refused(request, version, user, status=409, link_form=form)
    return render(
        request,
        "exports/link.html",
        {"version": version, "dataset": version.dataset, "link": link, "secret": secret, "address": address_of(request, secret, file)},
    )


def address_of(request: HttpRequest, secret: str, file: DatasetFile) -> str:
    return request.build_absolute_uri(linking.path_of(secret, file.name))


@require_POST
def revoke_link(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    user = researcher(request)
    dataset = get_object_or_404(Dataset, name=name)
    version = get_object_or_404(DatasetVersion, dataset=dataset, links__pk=pk)
    if linking.revoke_link(get_object_or_404(version.links, pk=pk), actor=user, at=timezone.now()):
        messages.success(request, _("The link is revoked: it opens nothing any more."))
    return redirect(version)


@require_safe
@never_cache
@login_not_required
def fetch_by_link(request: HttpRequest, secret: str, file: str) -> HttpResponseBase:
    """Send the file that a link opens. Unknown, expired and revoked ones are answered alike."""
    link = linking.usable_link(secret, at=timezone.now())
    found = access.find(link.version.dataset.name, link.version.number, link.name) if link and link.name == file else None
    if link is None or found is None or found.is_private:
        return HttpResponse(_("This link opens nothing: it has expired, was revoked, or never was one.") + "\n", status=404, content_type=downloads.PLAIN)
    return downloads.send(request, found, right=Right.of_link(link))
