"""Somebody signs in, and out."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import Settings
from pytest_django.asserts import assertInHTML, assertRedirects

from accounts import limits
from accounts.models import User
from tests.builders import PASSWORD, make_user

REFUSAL = "No account has this name and this password. Upper and lower case matter in both."


def sign_in(client: Client, name: str, password: str = PASSWORD, **headers: Any) -> HttpResponse:
    return client.post(reverse("login"), {"username": name, "password": password}, **headers)  # type: ignore[return-value]


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_it_works(client: Client, lena: User) -> None:
    assert sign_in(client, "lena").headers["Location"] == reverse("home")
    assert client.session["_auth_user_id"] == str(lena.pk)
    lena.refresh_from_db()
    assert lena.last_login


def test_the_page_that_was_asked_for_comes_after_the_sign_in(client: Client, lena: User) -> None:
    asked = client.get(reverse("account"))
    assertRedirects(asked, f"{reverse('login')}?next={reverse('account')}")
    page = client.get(asked.headers["Location"]).content.decode()
    assertInHTML(f'<input type="hidden" name="next" value="{reverse("account")}">', page)
    answer = client.post(reverse("login"), {"username": "lena", "password": PASSWORD, "next": reverse("account")})
    assertRedirects(answer, reverse("account"))


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "https:evil.example", "javascript:alert(1)", "\\\\evil.example"])
def test_nobody_is_sent_to_another_site(client: Client, lena: User, elsewhere: str) -> None:
    answer = client.post(reverse("login"), {"username": "lena", "password": PASSWORD, "next": elsewhere})
    assert answer.headers["Location"] == reverse("home")


def test_an_unknown_name_and_a_wrong_password_get_the_same_page(lena: User) -> None:
    wrong, unknown = (sign_in(Client(), name, "not-the-password") for name in ("lena", "lisa"))
    assert wrong.status_code == unknown.status_code == 422
    assert bare(wrong, "lena") == bare(unknown, "lisa")
    assertInHTML(REFUSAL, wrong.content.decode())


def bare(answer: HttpResponse, name: str) -> str:
    """The page without the name that was typed and the token against forged forms."""
    lines = answer.content.decode().replace(name, "NAME").splitlines()
    return "\n".join(line for line in lines if "csrfmiddlewaretoken" not in line)


def test_a_closed_account_gets_the_same_page_too(client: Client, lena: User) -> None:
    User.objects.filter(pk=lena.pk).update(is_active=False)
    answer = sign_in(client, "lena")
    assert answer.status_code == 422
    assertInHTML(REFUSAL, answer.content.decode())


@pytest.mark.parametrize("kind", [User.Kind.EXTERNAL, User.Kind.SYNTHETIC])
def test_a_name_from_elsewhere_cannot_sign_in_even_with_a_password(client: Client, db: None, kind: str) -> None:
    make_user("worker-17", kind=kind)
    assert sign_in(client, "worker-17").status_code == 422
    assert not is_signed_in(client)


def test_a_form_from_another_site_is_refused(lena: User) -> None:
    assert sign_in(Client(enforce_csrf_checks=True), "lena").status_code == 403


def test_the_password_is_never_on_the_page_again(client: Client, lena: User) -> None:
    assert "not-the-password" not in sign_in(client, "lena", "not-the-password").content.decode()


# ---- limits ------------------------------------------------------------------------------------------------------


def fail(client: Client, name: str, times: int, **headers: Any) -> list[int]:
    return [sign_in(client, name, "not-the-password", **headers).status_code for _ in range(times)]


def test_after_too_many_failures_even_the_right_password_waits(client: Client, lena: User, settings: Settings) -> None:
    assert fail(client, "lena", settings.SIGN_IN_FAILURES) == [422] * settings.SIGN_IN_FAILURES
    answer = sign_in(client, "lena")
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "900"
    assertInHTML("<p>Too many tries. Wait 15 minutes, then try again.</p>", answer.content.decode())
    assert not is_signed_in(client)


def test_the_limit_of_a_name_holds_from_every_address_and_however_it_is_written(client: Client, lena: User, settings: Settings) -> None:
    for number in range(settings.SIGN_IN_FAILURES):
        fail(client, "LENA" if number % 2 else " lena", 1, REMOTE_ADDR=f"203.0.113.{number}")
    assert sign_in(client, "lena", REMOTE_ADDR="198.51.100.1").status_code == 429


def test_a_name_that_does_not_exist_is_limited_alike(client: Client, db: None, settings: Settings) -> None:
    assert fail(client, "nobody", settings.SIGN_IN_FAILURES + 1)[-1] == 429


def test_one_address_cannot_try_many_names(client: Client, lena: User, settings: Settings) -> None:
    allowed = settings.SIGN_IN_FAILURES * limits.ADDRESS_ALLOWANCE
    answers = [sign_in(client, f"name{number}", "not-the-password").status_code for number in range(allowed + 1)]
    assert answers == [422] * allowed + [429]
    assert sign_in(client, "lena").status_code == 429
    assert sign_in(client, "lena", REMOTE_ADDR="198.51.100.1").status_code == 302


def test_a_sign_in_that_works_clears_the_account_and_does_not_count_for_the_address(client: Client, lena: User, settings: Settings) -> None:
    for _ in range(limits.ADDRESS_ALLOWANCE + 1):
        fail(client, "lena", settings.SIGN_IN_FAILURES - 1, REMOTE_ADDR="")
        assert sign_in(client, "lena").status_code == 302
    assert cache.get("sign-in:address:127.0.0.1") == 0


def test_the_cool_off_begins_with_the_last_allowed_failure_and_ends(client: Client, lena: User, settings: Settings) -> None:
    settings.SIGN_IN_FAILURES = 2
    key = limits.counters("lena", "")[0][0]
    fail(client, "lena", 1)
    cache.touch(key, 5)
    fail(client, "lena", 1)
    assert left_of(key) > timedelta(minutes=14)
    cache.delete(key)  # as Redis does when the time has come
    assert sign_in(client, "lena").status_code == 302


def left_of(key: str) -> timedelta:
    client = cache._cache.get_client()  # type: ignore[attr-defined]
    return timedelta(seconds=client.ttl(cache.make_key(key)))


def test_without_redis_people_sign_in_and_the_log_says_so(client: Client, lena: User, settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1"}}
    with caplog.at_level(logging.WARNING):
        assert sign_in(client, "lena").status_code == 302
    assert "sign-ins are not limited while Redis is away" in caplog.text


@pytest.mark.parametrize(
    ("remote", "forwarded", "behind_proxy", "expected"),
    [
        ("192.0.2.7", "", False, "192.0.2.7"),
        ("192.0.2.7", "203.0.113.9", False, "192.0.2.7"),
        ("192.0.2.7", "10.9.9.9, 203.0.113.9", True, "203.0.113.9"),
        ("2001:db8:1:2:3::4", "", False, "2001:db8:1:2::"),
        ("::ffff:192.0.2.7", "", False, "192.0.2.7"),
        ("", "", False, ""),
        ("", "nonsense", True, ""),
    ],
)
def test_where_a_request_came_from(settings: Settings, remote: str, forwarded: str, behind_proxy: bool, expected: str) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if behind_proxy else None
    request = RequestFactory().get("/", REMOTE_ADDR=remote, headers={"X-Forwarded-For": forwarded})
    assert limits.address_of(request) == expected


# ---- out ---------------------------------------------------------------------------------------------------------


def test_signing_out_works(client: Client, lena: User) -> None:
    sign_in(client, "lena")
    assertRedirects(client.post(reverse("logout")), reverse("login"))
    assert not is_signed_in(client)


def test_a_link_cannot_sign_anybody_out(client: Client, lena: User) -> None:
    sign_in(client, "lena")
    assert client.get(reverse("logout")).status_code == 405
    assert is_signed_in(client)
