"""Somebody who lost their password chooses a new one behind a one-time link."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertInHTML, assertRedirects

from accounts import passwords
from accounts.models import AccountEvent, User
from tests.builders import PASSWORD

NEW = "a-new-horse-every-year"


@pytest.fixture
def link(lena: User, olga: User) -> str:
    """The path behind lena's link."""
    return passwords.make_link(user=lena, actor=olga, at=timezone.now()).removeprefix(settings.BASE_URL)


def choose(client: Client, link: str, new: str = NEW) -> int:
    return client.post(link, {"new_password1": new, "new_password2": new}).status_code


def test_it_works(client: Client, lena: User, link: str) -> None:
    assertInHTML("<h1>Choose a password, lena</h1>", client.get(link).content.decode())
    assertRedirects(client.post(link, {"new_password1": NEW, "new_password2": NEW}), "/", fetch_redirect_response=False)
    assert client.session["_auth_user_id"] == str(lena.pk)
    lena.refresh_from_db()
    assert lena.check_password(NEW)
    assert list(AccountEvent.objects.filter(user=lena).order_by("pk").values_list("kind", flat=True)) == ["password_link", "password_set"]


def test_the_link_works_once(client: Client, link: str, lena: User) -> None:
    assert choose(client, link) == 302
    assert choose(Client(), link, "yet-another-horse-then") == 410
    lena.refresh_from_db()
    assert lena.check_password(NEW)


def test_looking_at_the_link_does_not_use_it_up(client: Client, link: str) -> None:
    assert [client.get(link).status_code for _ in range(2)] == [200, 200]
    assert choose(client, link) == 302


def test_a_weak_password_is_refused_and_the_link_still_works(client: Client, link: str) -> None:
    assert choose(client, link, "short") == 422
    assert choose(client, link) == 302


def test_an_old_link_is_spent(client: Client, link: str, monkeypatch: pytest.MonkeyPatch) -> None:
    later = passwords.link_tokens._now() + timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT + 1)
    monkeypatch.setattr(passwords.link_tokens, "_now", lambda: later)
    assert client.get(link).status_code == 410


def test_the_link_dies_when_its_person_remembers_and_signs_in(client: Client, link: str) -> None:
    assert Client().post("/login/", {"username": "lena", "password": PASSWORD}).status_code == 302
    assert client.get(link).status_code == 410


def test_a_closed_account_has_no_link_that_works_and_none_wakes_up_with_it(client: Client, lena: User, link: str) -> None:
    User.objects.filter(pk=lena.pk).update(is_active=False)
    assert client.get(link).status_code == 410
    User.objects.filter(pk=lena.pk).update(is_active=True, session_epoch=1)
    assert client.get(link).status_code == 410


@pytest.mark.parametrize("path", ["/password/MQ/xyz-123/", "/password/not-base64!/abc-def/", "/password/MTI=/abc/", "/password/w6k/abc-def/"])
def test_an_invented_link_says_no_more_than_a_spent_one(client: Client, db: None, path: str) -> None:
    assert client.get(path).status_code == 410


def test_the_link_of_one_person_does_not_open_another(client: Client, link: str, otto: User) -> None:
    name = passwords.make_link(user=otto, actor=None, at=timezone.now()).split("/")[-3]
    token = link.split("/")[-2]
    assert client.get(f"/password/{name}/{token}/").status_code == 410
