"""Somebody makes a token for a program, uses it, and revokes it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertInHTML, assertRedirects
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from accounts import issuing
from accounts.models import AccountEvent, ApiToken, User, digest
from accounts.permissions import IsResearcher, scope
from tests.builders import make_token

As = Callable[[User], Client]


def post(client: Client, *, name: str = "laptop", scopes: tuple[str, ...] = ("label",), days: object = 30) -> HttpResponse:
    return client.post(reverse("make-token"), {"name": name, "scopes": scopes, "days": days})  # type: ignore[return-value]


def test_it_works(lena: User, as_: As) -> None:
    answer = post(as_(lena))
    assert answer.status_code == 201
    found = re.search(r'<code id="secret">(tb_[\w-]{43})</code>', answer.content.decode())
    assert found
    token = ApiToken.objects.get()
    assert token.digest == digest(found[1])
    assert (token.user, token.name, token.scopes, token.shown) == (lena, "laptop", ["label"], found[1][:12])
    assert token.expires_at - token.created_at == timedelta(days=30)
    assert AccountEvent.objects.get().detail == "laptop: label"


def test_the_token_is_shown_once(lena: User, as_: As) -> None:
    here = as_(lena)
    secret = re.findall(r"tb_[\w-]{43}", post(here).content.decode())[0]
    page = here.get(reverse("account")).content.decode()
    assert secret not in page
    assertInHTML(f"<code>{secret[:12]}…</code>", page)


def test_a_form_sent_twice_makes_one_token(lena: User, as_: As) -> None:
    here = as_(lena)
    assert [post(here).status_code for _ in range(2)] == [201, 422]
    assert ApiToken.objects.count() == 1


def test_the_database_keeps_a_name_for_one_token_too(lena: User) -> None:
    make_token(lena)
    with pytest.raises(IntegrityError, match="token_has_its_name_alone"), transaction.atomic():
        ApiToken.objects.create(
            user=lena, name=ApiToken.objects.get().name, digest="x", shown="x", scopes=["label"], created_at=timezone.now(), expires_at="2100-01-01T00:00Z"
        )


def test_a_researcher_may_have_every_scope(rosa: User, as_: As) -> None:
    assert post(as_(rosa), scopes=("write", "read", "label")).status_code == 201
    assert ApiToken.objects.get().scopes == ["label", "read", "write"]


@pytest.mark.parametrize("scopes", [("read",), ("label", "write"), ("everything",), ()])
def test_a_labeler_may_have_no_more_than_label(lena: User, as_: As, scopes: tuple[str, ...]) -> None:
    assert post(as_(lena), scopes=scopes).status_code == 422
    assert ApiToken.objects.count() == 0


def test_the_rule_about_scopes_holds_without_a_form_too(lena: User) -> None:
    with pytest.raises(issuing.NotYourScope):
        issuing.make_token(user=lena, name="laptop", scopes=["read"], days=1, at=timezone.now())


@pytest.mark.parametrize("days", [0, -1, 366, "", "soon"])
def test_every_token_expires_within_a_year(lena: User, as_: As, days: object) -> None:
    assert post(as_(lena), days=days).status_code == 422
    assert ApiToken.objects.count() == 0


def test_revoking_works(lena: User, as_: As) -> None:
    here = as_(lena)
    secret = make_token(lena, "label")
    assert ask(secret, "label") == 200
    token = ApiToken.objects.get()
    assertRedirects(here.post(reverse("revoke-token", args=[token.pk])), reverse("account"))
    assert ask(secret, "label") == 401
    assert AccountEvent.objects.get().kind == "token_revoked"


def test_revoking_twice_is_written_down_once(lena: User, as_: As) -> None:
    make_token(lena)
    path = reverse("revoke-token", args=[ApiToken.objects.get().pk])
    assert [as_(lena).post(path).status_code for _ in range(2)] == [302, 302]
    assert AccountEvent.objects.count() == 1


def test_nobody_revokes_the_token_of_somebody_else(lena: User, olga: User, as_: As) -> None:
    make_token(lena)
    assert as_(olga).post(reverse("revoke-token", args=[ApiToken.objects.get().pk])).status_code == 404
    assert ApiToken.objects.get().revoked_at is None


# ---- what a token opens ------------------------------------------------------------------------------------------


def ask(secret: str, *scopes: str, researchers_only: bool = False) -> int:
    """The status that a view which wants one of these scopes answers with."""

    class View(APIView):
        permission_classes = [scope(*scopes), IsResearcher] if researchers_only else [scope(*scopes)]

        def get(self, request: object) -> Response:
            return Response()

    return View.as_view()(APIRequestFactory().get("/", headers={"Authorization": f"Bearer {secret}"})).status_code


def test_a_token_opens_what_its_scopes_name_and_nothing_else(rosa: User) -> None:
    secret = make_token(rosa, "read")
    assert [ask(secret, "read"), ask(secret, "write"), ask(secret, "label"), ask(secret, "write", "read")] == [200, 403, 403, 200]


def test_a_scope_that_does_not_exist_is_a_mistake_in_the_code() -> None:
    with pytest.raises(ValueError, match="everything"):
        scope("everything")


def test_the_mark_is_asked_of_the_person_when_the_token_is_used(rosa: User) -> None:
    secret = make_token(rosa, "read")
    assert ask(secret, "read", researchers_only=True) == 200
    User.objects.filter(pk=rosa.pk).update(is_researcher=False)
    assert ask(secret, "read", researchers_only=True) == 403


def test_an_expired_token_opens_nothing(lena: User) -> None:
    assert ask(make_token(lena, "label", expires_at=timezone.now() - timedelta(seconds=1)), "label") == 401


def test_the_token_of_a_closed_account_opens_nothing(lena: User) -> None:
    secret = make_token(lena, "label")
    User.objects.filter(pk=lena.pk).update(is_active=False)
    assert ask(secret, "label") == 401


@pytest.mark.parametrize("secret", ["", "tb_wrong", "tb_wrong two words", "\xff"])
def test_what_is_not_a_token_opens_nothing(db: None, secret: str) -> None:
    assert ask(secret, "label") == 401
