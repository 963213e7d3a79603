"""An owner's pages about people, and the page behind an invitation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.db.models import Count, Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import passwords
from accounts.access import owner
from accounts.forms import NewAccountForm
from accounts.models import AccountEvent, User
from labeling import inviting
from labeling.campaigns import NotPossible
from labeling.models import Campaign, Invitation, Membership, MembershipEvent, Role
from labeling.retelling import RECORDS

MARKS = [
    ("owner", gettext_lazy("owner: sees to people and settings")),
    ("researcher", gettext_lazy("researcher: prompts, policies, runs, rubrics, dataset versions")),
]
ROLES = [(Role.LABELER, gettext_lazy("Labeler")), (Role.ADJUDICATOR, gettext_lazy("Adjudicator")), (Role.RESEARCHER, gettext_lazy("Researcher"))]
HISTORY = 50
GIVEN = {True: gettext_lazy("made {role} in {campaign}"), False: gettext_lazy("no longer {role} in {campaign}")}
WORDS = {
    AccountEvent.Kind.JOINED: gettext_lazy("came in, {detail}"),
    AccountEvent.Kind.MARK_GIVEN: gettext_lazy("made {detail}"),
    AccountEvent.Kind.MARK_TAKEN: gettext_lazy("no longer {detail}"),
    AccountEvent.Kind.ERASED: gettext_lazy("name and texts erased"),
    AccountEvent.Kind.CLOSED: gettext_lazy("account closed; {detail}"),
    AccountEvent.Kind.REOPENED: gettext_lazy("account opened again"),
    AccountEvent.Kind.TOKEN_MADE: gettext_lazy("token made for {detail}"),
    AccountEvent.Kind.TOKEN_REVOKED: gettext_lazy("token revoked: {detail}"),
    AccountEvent.Kind.PASSWORD_LINK: gettext_lazy("password link made"),
    AccountEvent.Kind.PASSWORD_SET: gettext_lazy("password chosen"),
}

shows_and_takes = require_http_methods(["GET", "HEAD", "POST"])


class InviteForm(forms.Form):
    for_whom = forms.CharField(
        label=gettext_lazy("For whom"), max_length=120, help_text=gettext_lazy("So that you know whose link this is. They choose their own name.")
    )
    marks = forms.MultipleChoiceField(label=gettext_lazy("In the whole installation"), choices=MARKS, required=False, widget=forms.CheckboxSelectMultiple)
    campaign = forms.ModelChoiceField(
        Campaign.objects.order_by("name"), label=gettext_lazy("Campaign"), required=False, empty_label=gettext_lazy("no campaign yet")
    )
    role = forms.ChoiceField(label=gettext_lazy("Role in it"), choices=[("", gettext_lazy("no role yet")), *ROLES], required=False)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if bool(given.get("campaign")) != bool(given.get("role")) and not self.errors:
            self.add_error("role", gettext("Name a campaign and a role together, or neither. More can be given later."))
        return given


class RoleForm(forms.Form):
    campaign = forms.ModelChoiceField(Campaign.objects.order_by("name"), label=gettext_lazy("Campaign"), empty_label=gettext_lazy("choose a campaign"))
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=ROLES)


class MarkForm(forms.Form):
    mark = forms.ChoiceField(choices=MARKS)


@dataclass(frozen=True)
class Event:
    at: datetime
    words: str
    actor: str


# ---- pages -------------------------------------------------------------------------------------------------------


@require_safe
def people(request: HttpRequest) -> HttpResponse:
    owner(request)
    links = Invitation.objects.usable(at=timezone.now()).select_related("campaign", "invited_by").order_by("expires_at")
    names = User.objects.exclude(kind=User.Kind.PERSON).annotate(labels_count=Count("labels")).order_by("username")
    return render(request, "labeling/people.html", {"people": persons(), "links": links, "names": names})


@require_safe
def person(request: HttpRequest, pk: int) -> HttpResponse:
    owner(request)
    return person_page(request, find_person(pk), RoleForm())


def person_page(request: HttpRequest, user: User, form: RoleForm, *, status: int = 200) -> HttpResponse:
    context = {"person": user, "form": form, "history": history_of(user), "marks": [mark for mark, _ in MARKS if getattr(user, f"is_{mark}")]}
    return render(request, "labeling/people_person.html", context, status=status)


def persons() -> QuerySet[User]:
    """Return everybody who signs in, with their roles; closed accounts last."""
    roles = Membership.objects.select_related("campaign").order_by("campaign__name", "role")
    return User.objects.filter(kind=User.Kind.PERSON).prefetch_related(Prefetch("memberships", roles)).order_by("-is_active", "username")


def find_person(pk: int) -> User:
    return get_object_or_404(persons(), pk=pk)


def history_of(user: User) -> list[Event]:
    """Return what was done to the account and its roles, newest first."""
    done = AccountEvent.objects.filter(user=user).select_related("actor").order_by("-at", "-pk")[:HISTORY]
    given = MembershipEvent.objects.filter(user=user).select_related("actor", "campaign").order_by("-at", "-pk")[:HISTORY]
    events = [Event(event.at, in_words(event), name_of(event.actor)) for event in done]
    events += [Event(event.at, GIVEN[event.given].format(role=gettext(event.role), campaign=event.campaign), name_of(event.actor)) for event in given]
    return sorted(events, key=lambda event: event.at, reverse=True)[:HISTORY]


def in_words(event: AccountEvent) -> str:
    return WORDS[AccountEvent.Kind(event.kind)].format(detail=RECORDS.tell(event.detail or "")).strip()


def name_of(actor: User | None) -> str:
    return actor.username if actor else gettext("the server")


# ---- coming in ---------------------------------------------------------------------------------------------------


@shows_and_takes
def invite_person(request: HttpRequest) -> HttpResponse:
    """Make a link and show it. The secret is in this one answer and nowhere else, so there is no page to be sent on to."""
    actor = owner(request)
    form = InviteForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return render(request, "labeling/people_invite.html", {"form": form}, status=422 if form.is_bound else 200)
    asked = dict(form.cleaned_data)
    marks = asked.pop("marks")
    try:
        invitation, secret = inviting.invite(**asked, is_owner="owner" in marks, is_researcher="researcher" in marks, invited_by=actor, at=timezone.now())
    except inviting.AlreadyInvited as refusal:
        form.add_error("for_whom", ValidationError(str(refusal)))
        return render(request, "labeling/people_invite.html", {"form": form}, status=422)
    link = settings.BASE_URL + reverse("join", args=[secret])
    return render(request, "labeling/people_link.html", {"link": link, "for_whom": invitation.for_whom, "until": invitation.expires_at}, status=201)


@require_POST
def revoke_invitation(request: HttpRequest, pk: int) -> HttpResponse:
    owner(request)
    invitation = get_object_or_404(Invitation, pk=pk)
    if inviting.revoke_invitation(invitation=invitation, at=timezone.now()):
        messages.success(request, gettext("The link for {name} no longer works.").format(name=invitation.for_whom))
    else:
        messages.warning(request, gettext("The link for {name} was used or revoked before.").format(name=invitation.for_whom))
    return redirect("people")


@login_not_required
@sensitive_post_parameters()
@shows_and_takes
def join(request: HttpRequest, secret: str) -> HttpResponse:
    """The page behind an invitation. Looking at it uses nothing up: programs that preview links do that."""
    at = timezone.now()
    try:
        invitation = inviting.find(secret=secret, at=at)
        form = NewAccountForm(request.POST if request.method == "POST" else None)
        if not form.is_valid():
            return join_page(request, invitation, form)
        user = inviting.join(secret=secret, username=form.cleaned_data["username"], password=form.cleaned_data["password1"], at=at)
    except inviting.NameTaken as refusal:
        form.add_error("username", ValidationError(str(refusal)))
        return join_page(request, invitation, form)
    except inviting.Spent:
        return render(request, "accounts/link_is_spent.html", status=410)
    except inviting.Unknown:
        return render(request, "accounts/link_is_spent.html", status=404)
    login(request, user)
    return redirect("home")


def join_page(request: HttpRequest, invitation: Invitation, form: NewAccountForm) -> HttpResponse:
    return render(request, "labeling/people_join.html", {"invitation": invitation, "form": form}, status=422 if form.is_bound else 200)


# ---- what an owner does to somebody's account ----------------------------------------------------------------------


@require_POST
def give_role(request: HttpRequest, pk: int) -> HttpResponse:
    actor = owner(request)
    user = find_person(pk)
    form = RoleForm(request.POST)
    if not form.is_valid():
        return person_page(request, user, form, status=422)
    try:
        given = inviting.give_role(user=user, **form.cleaned_data, actor=actor, at=timezone.now())
    except NotPossible as refusal:
        form.add_error("campaign", str(refusal))
        return person_page(request, user, form, status=422)
    if given:
        words = gettext("{name} is now {role} in {campaign}.")
        messages.success(request, words.format(name=user.username, role=gettext(form.cleaned_data["role"]), campaign=form.cleaned_data["campaign"]))
    return redirect("person", pk)


@require_POST
def take_role(request: HttpRequest, pk: int) -> HttpResponse:
    actor = owner(request)
    user = find_person(pk)
    form = RoleForm(request.POST)
    if not form.is_valid():
        return person_page(request, user, form, status=422)
    if inviting.take_role(user=user, **form.cleaned_data, actor=actor, at=timezone.now()):
        words = gettext("{name} is no longer {role} in {campaign}. What they labeled stays.")
        messages.success(request, words.format(name=user.username, role=gettext(form.cleaned_data["role"]), campaign=form.cleaned_data["campaign"]))
    return redirect("person", pk)


@require_POST
def give_mark(request: HttpRequest, pk: int) -> HttpResponse:
    actor = owner(request)
    user = find_person(pk)
    form = MarkForm(request.POST)
    if not form.is_valid():
        return person_page(request, user, RoleForm(), status=422)
    if inviting.give_mark(user=user, mark=form.cleaned_data["mark"], actor=actor, at=timezone.now()):
        messages.success(request, gettext("{name} is now {mark}.").format(name=user.username, mark=gettext(form.cleaned_data["mark"])))
    return redirect("person", pk)


@require_POST
def take_mark(request: HttpRequest, pk: int) -> HttpResponse:
    actor = owner(request)
    user = find_person(pk)
    form = MarkForm(request.POST)
    if not form.is_valid():
        return person_page(request, user, RoleForm(), status=422)
    try:
        if inviting.take_mark(user=user, mark=form.cleaned_data["mark"], actor=actor, at=timezone.now()):
            messages.success(request, gettext("{name} is no longer {mark}.").format(name=user.username, mark=gettext(form.cleaned_data["mark"])))
    except inviting.LastOwner as refusal:
        messages.error(request, str(refusal))
    return redirect("home") if user == actor and not is_owner_still(actor) else redirect("person", pk)


@require_POST
def make_password_link(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a link for somebody who lost their password, and show it this once."""
    actor = owner(request)
    user = find_person(pk)
    if not user.is_active:
        messages.error(request, gettext("The account of {name} is closed. Open it first.").format(name=user.username))
        return redirect("person", pk)
    at = timezone.now()
    link = passwords.make_link(user=user, actor=actor, at=at)
    context = {"link": link, "person": user, "until": passwords.link_ends(at=at)}
    return render(request, "labeling/people_link.html", context, status=201)


@require_POST
def close_account(request: HttpRequest, pk: int) -> HttpResponse:
    actor = owner(request)
    user = find_person(pk)
    try:
        if inviting.close_account(user=user, actor=actor, at=timezone.now()):
            messages.success(request, gettext("The account of {name} is closed. Every label of theirs is kept.").format(name=user.username))
    except inviting.LastOwner as refusal:
        messages.error(request, str(refusal))
    return redirect("person", pk)


@require_POST
def reopen_account(request: HttpRequest, pk: int) -> HttpResponse:
    actor = owner(request)
    user = find_person(pk)
    if inviting.reopen_account(user=user, actor=actor, at=timezone.now()):
        messages.success(request, gettext("{name} may sign in again. Their tokens stay revoked.").format(name=user.username))
    return redirect("person", pk)


def is_owner_still(user: User) -> bool:
    return User.objects.filter(pk=user.pk, is_owner=True).exists()
