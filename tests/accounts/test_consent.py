"""Who agreed to what: a text of one version, by name, and it can be taken back."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from accounts import consenting
from accounts.models import Consent, ConsentText, User
from tests.builders import NOW


def publish(body: str = "Your labels are <b>published</b> under a pseudonym.") -> ConsentText:
    return consenting.publish(body=body, by=None, at=NOW)


def say(client: Client, number: int, word: str) -> str:
    return client.post(reverse("say-consent"), {"number": number, "say": word}, follow=True).content.decode()


def test_it_works(client: Client, lena: User) -> None:
    text = publish()
    client.force_login(lena)
    page = client.get(reverse("account")).content.decode()
    assert "You have not said anything to it yet." in page
    assert "&lt;b&gt;published&lt;/b&gt;" in page
    assert "You agreed to this version" in say(client, text.number, "yes")
    assert "You took your agreement back" in say(client, text.number, "no")
    assert list(Consent.objects.order_by("pk").values_list("user__username", "text__number", "given")) == [("lena", 1, True), ("lena", 1, False)]


def test_a_new_text_is_asked_about_again(client: Client, lena: User) -> None:
    publish()
    client.force_login(lena)
    say(client, 1, "yes")
    publish("Another wording.")
    assert "You agreed to version 1" in client.get(reverse("account")).content.decode()
    assert "The text has changed" in say(client, 1, "yes")
    say(client, 2, "yes")
    assert consenting.said_by(lena).text.number == 2  # type: ignore[union-attr]


def test_twice_is_once(lena: User) -> None:
    text = publish()
    assert consenting.say(user=lena, text=text, given=False, at=NOW) is None
    assert consenting.say(user=lena, text=text, given=True, at=NOW)
    assert consenting.say(user=lena, text=text, given=True, at=NOW) is None


def test_the_last_word_counts(lena: User, otto: User, ada: User) -> None:
    text = publish()
    for user, words in ((lena, [True]), (otto, [True, False])):
        for word in words:
            consenting.say(user=user, text=text, given=word, at=NOW)
    assert list(consenting.agreed([lena.pk, otto.pk, ada.pk])) == [lena]


def test_without_a_text_nobody_is_asked(client: Client, lena: User) -> None:
    client.force_login(lena)
    assert "What you agree to" not in client.get(reverse("account")).content.decode()


def test_it_is_only_added_to(lena: User) -> None:
    consenting.say(user=lena, text=publish(), given=True, at=NOW)
    for rows, change in ((Consent.objects.all(), {"given": False}), (ConsentText.objects.all(), {"body": "Other."})):
        with pytest.raises(DatabaseError, match="only ever added to"), transaction.atomic():
            rows.update(**change)


def test_the_command_numbers_texts(db: None, tmp_path: Path) -> None:
    file, said = tmp_path / "consent.txt", StringIO()
    file.write_text("Your labels are published.")
    call_command("set_consent_text", str(file), stdout=said)
    assert said.getvalue().startswith("Consent text, version 1;")
    with pytest.raises(CommandError, match="Version 1 says just that"):
        call_command("set_consent_text", str(file))
    file.write_text(" ")
    with pytest.raises(CommandError, match="empty"):
        call_command("set_consent_text", str(file))
