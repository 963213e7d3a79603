"""A person reads the pages in the language they choose: here, and wherever they sign in."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from tests.builders import make_token

pytestmark = pytest.mark.django_db

SPANISH, ENGLISH = b'<html lang="es">', b'<html lang="en">'


def choose(client: Client, language: str, **headers: str) -> str:
    answer = client.post("/language/", {"language": language}, **headers)  # type: ignore[arg-type]
    assert answer.status_code == 302
    return answer.headers["Location"]


def test_it_works(client: Client, lena: User) -> None:
    client.force_login(lena)
    assert choose(client, "es", HTTP_REFERER="http://testserver/account/?x=1") == "/account/?x=1"
    answer = client.get("/account/")
    assert SPANISH in answer.content
    assert answer.headers["Content-Language"] == "es"
    lena.refresh_from_db()
    assert lena.language == "es"


def test_the_choice_goes_with_the_person_to_another_browser(lena: User) -> None:
    User.objects.filter(pk=lena.pk).update(language="es")
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    assert ENGLISH in client.get("/login/").content
    client.force_login(lena)
    assert SPANISH in client.get("/account/").content


def test_who_is_not_signed_in_chooses_for_this_browser(client: Client) -> None:
    choose(client, "es")
    assert SPANISH in client.get("/login/", HTTP_ACCEPT_LANGUAGE="en").content


def test_who_has_not_chosen_gets_what_the_browser_asks_for(client: Client) -> None:
    assert SPANISH in client.get("/login/", HTTP_ACCEPT_LANGUAGE="es-MX,es;q=0.9,en;q=0.5").content
    assert ENGLISH in client.get("/login/", HTTP_ACCEPT_LANGUAGE="fr").content


def test_caches_are_told_what_an_answer_depends_on(client: Client) -> None:
    assert {"Accept-Language", "Cookie"} <= {name.strip() for name in client.get("/login/").headers["Vary"].split(",")}


@pytest.mark.parametrize("language", ["", "fr", "es\r\nX: y", "../es"])
def test_another_language_is_none(client: Client, lena: User, language: str) -> None:
    client.force_login(lena)
    choose(client, language)
    lena.refresh_from_db()
    assert lena.language == ""
    assert "tiebreak-language" not in client.cookies


@pytest.mark.parametrize("referer", ["https://elsewhere.example/account/", "javascript:alert(1)", "//elsewhere.example", "http://testserver", ""])
def test_the_way_back_is_to_a_page_of_ours(client: Client, referer: str) -> None:
    assert choose(client, "es", HTTP_REFERER=referer) == "/"


def test_a_link_changes_nothing(client: Client) -> None:
    assert client.get("/language/?language=es").status_code == 405


def test_a_language_that_is_gone_does_no_harm(client: Client, lena: User) -> None:
    User.objects.filter(pk=lena.pk).update(language="tlh")
    client.force_login(lena)
    assert ENGLISH in client.get("/account/").content


def test_programs_are_answered_in_english(client: Client, lena: User) -> None:
    User.objects.filter(pk=lena.pk).update(language="es")
    client.cookies["tiebreak-language"] = "es"
    ask = {"HTTP_AUTHORIZATION": f"Bearer {make_token(lena)}", "HTTP_ACCEPT_LANGUAGE": "es"}
    answer = client.post("/api/v1/campaigns/none/next", **ask)  # type: ignore[arg-type]
    assert answer.headers["Content-Language"] == "en"
    assert client.get("/api/v1/campaigns", HTTP_ACCEPT_LANGUAGE="es").json() == {"detail": "Authentication credentials were not provided."}


def test_the_cookie_is_kept_from_scripts_and_from_plain_lines(client: Client, settings: Settings) -> None:
    settings.LANGUAGE_COOKIE_SECURE = True
    choose(client, "es")
    cookie = client.cookies["tiebreak-language"]
    assert (cookie["httponly"], cookie["secure"], cookie["samesite"]) == (True, True, "Lax")
