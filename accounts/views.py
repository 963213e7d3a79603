"""Sign in and out, passwords, and a person's own account."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import consenting, issuing, limits, passwords
from accounts.access import signed_in
from accounts.forms import ChangePasswordForm, ChoosePasswordForm, SignInForm, TokenForm
from accounts.models import User

log = logging.getLogger(__name__)

shows_and_takes = require_http_methods(["GET", "HEAD", "POST"])


@login_not_required
@sensitive_post_parameters("password")
@shows_and_takes
def sign_in(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return try_to_sign_in(request)
    if request.user.is_authenticated:
        return redirect(where_to(request))
    return sign_in_page(request, SignInForm(request))


def try_to_sign_in(request: HttpRequest) -> HttpResponse:
    name, address = request.POST.get("username", "")[:150], limits.address_of(request)
    form = SignInForm(request, data=request.POST)
    if limits.too_many(name=name, address=address):
        return too_many_tries(request, name)
    if not form.is_valid():
        log.info("a sign-in failed from %s", address)
        return sign_in_page(request, form, status=422)
    limits.forgive(name=name, address=address)
    login(request, form.get_user())
    return redirect(where_to(request))


def too_many_tries(request: HttpRequest, name: str) -> HttpResponse:
    """Refuse without looking at the password: the answer is the same whether it was right, and whether the name exists."""
    form = SignInForm(request, data=None, initial={"username": name})
    messages.error(request, _("Too many tries. Wait {minutes} minutes, then try again.").format(minutes=settings.SIGN_IN_COOL_OFF // 60))
    response = sign_in_page(request, form, status=429)
    response["Retry-After"] = str(settings.SIGN_IN_COOL_OFF)
    return response


def sign_in_page(request: HttpRequest, form: SignInForm, *, status: int = 200) -> HttpResponse:
    asked_for = request.POST.get("next", request.GET.get("next", ""))
    return render(request, "accounts/login.html", {"form": form, "next": asked_for}, status=status)


def where_to(request: HttpRequest) -> str:
    """Return the page that was asked for before the sign-in, if it is one of ours, else the first page."""
    asked_for = request.POST.get("next", request.GET.get("next", ""))
    ours = url_has_allowed_host_and_scheme(asked_for, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return asked_for if ours else resolve_url(settings.LOGIN_REDIRECT_URL)


@login_not_required
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)


@sensitive_post_parameters()
@shows_and_takes
def change_password(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    form = ChangePasswordForm(user, request.POST if request.method == "POST" else None)
    if not form.is_bound:
        return render(request, "accounts/password_change.html", {"form": form})
    if not form.is_valid():
        return render(request, "accounts/password_change.html", {"form": form}, status=422)
    passwords.set_password(user=user, password=form.cleaned_data["new_password1"], actor=user, at=timezone.now())
    update_session_auth_hash(request, user)
    return redirect("password-changed")


@require_safe
def password_changed(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/password_change_done.html")


@login_not_required
@sensitive_post_parameters()
@shows_and_takes
def choose_password(request: HttpRequest, name: str, token: str) -> HttpResponse:
    """The page behind a one-time link from an owner or from `create_owner`."""
    user = passwords.person_behind(name, token)
    if user is None:
        return render(request, "accounts/link_is_spent.html", status=410)
    form = ChoosePasswordForm(user, request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return render(request, "accounts/choose_password.html", {"form": form, "person": user}, status=422 if form.is_bound else 200)
    passwords.set_password(user=user, password=form.cleaned_data["new_password1"], actor=user, at=timezone.now())
    login(request, user)
    return redirect(settings.LOGIN_REDIRECT_URL)


@require_safe
def account(request: HttpRequest) -> HttpResponse:
    return account_page(request, TokenForm(user=signed_in(request)))


def account_page(request: HttpRequest, form: TokenForm, *, status: int = 200) -> HttpResponse:
    tokens = signed_in(request).tokens.filter(revoked_at=None).order_by("-created_at")
    consent = {"consent_text": consenting.current(), "consent": consenting.said_by(signed_in(request))}
    return render(request, "accounts/account.html", {"form": form, "tokens": tokens, "now": timezone.now(), **consent}, status=status)


@require_POST
def say_consent(request: HttpRequest) -> HttpResponse:
    """Agree to the text that was shown, or take back what was agreed to. Another text by now is shown first."""
    user, text = signed_in(request), consenting.current()
    if text is None or request.POST.get("number") != str(text.number):
        messages.error(request, _("The text has changed. Read it once more."))
        return redirect("account")
    given = request.POST.get("say") == "yes"
    consenting.say(user=user, text=text, given=given, at=timezone.now())
    if given:
        messages.success(request, _("You agree to version {number}.").format(number=text.number))
    else:
        messages.success(request, _("You do not agree any more. An owner withdraws your labels when you ask for it."))
    return redirect("account")


@require_POST
def make_token(request: HttpRequest) -> HttpResponse:
    """Make a token and show it. The secret is in this one answer and nowhere else, so there is no page to be sent on to."""
    user = signed_in(request)
    form = TokenForm(request.POST, user=user)
    if not form.is_valid():
        return account_page(request, form, status=422)
    try:
        token, secret = issuing.make_token(user=user, **form.cleaned_data, at=timezone.now())
    except (issuing.NameInUse, issuing.NotYourScope) as refusal:
        form.add_error("name", ValidationError(str(refusal)))
        return account_page(request, form, status=422)
    return render(request, "accounts/token.html", {"token": token, "secret": secret, "base_url": settings.BASE_URL}, status=201)


@require_POST
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    user = signed_in(request)
    token = get_object_or_404(user.tokens, pk=pk)
    if issuing.revoke_token(token=token, actor=user, at=timezone.now()):
        messages.success(request, _("{name} is revoked. Programs that use it are refused from now on.").format(name=token.name))
    return redirect("account")


def where_from(request: HttpRequest) -> str:
    """Return the page of ours that the form was sent from, else the first page."""
    came_from = urlsplit(request.headers.get("Referer", ""))
    ours = url_has_allowed_host_and_scheme(came_from.geturl(), allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return came_from._replace(scheme="", netloc="").geturl() if ours and came_from.path else resolve_url(settings.LOGIN_REDIRECT_URL)


@login_not_required
@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Read on in another language: here from now on, and wherever this person signs in."""
    response, language = redirect(where_from(request)), request.POST.get("language", "")
    if language not in dict(settings.LANGUAGES):
        return response
    if request.user.is_authenticated:
        User.objects.filter(pk=request.user.pk).update(language=language)
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite="Lax",
    )
    return response
