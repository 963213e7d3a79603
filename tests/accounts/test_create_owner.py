"""An operator lets the first owner in: `manage.py create_owner NAME`."""

from __future__ import annotations

import getpass
import io
import re

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import AccountEvent, User
from tests.builders import make_user


def create_owner(*arguments: str) -> str:
    out = io.StringIO()
    call_command("create_owner", *arguments, stdout=out)
    return out.getvalue()


def test_it_works(client: Client, db: None) -> None:
    found = re.search(r"http://127\.0\.0\.1:\d+(/password/\S+/)", create_owner("olga"))
    assert found
    assert client.post(found[1], {"new_password1": "a-new-horse-every-year", "new_password2": "a-new-horse-every-year"}).status_code == 302
    olga = User.objects.get()
    assert (olga.username, olga.is_owner, olga.is_staff) == ("olga", True, False)
    assert client.session["_auth_user_id"] == str(olga.pk)
    assert list(AccountEvent.objects.order_by("pk").values_list("kind", flat=True)) == ["joined", "mark_given", "password_link", "password_set"]


def test_the_password_can_come_from_the_environment(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWNER_PASSWORD", "a-new-horse-every-year")
    assert "http" not in create_owner("olga", "--password")
    assert User.objects.get().check_password("a-new-horse-every-year")


def test_the_password_can_be_typed_twice(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getpass", lambda prompt: "a-new-horse-every-year")
    create_owner("olga", "--password")
    assert User.objects.get().check_password("a-new-horse-every-year")


def test_two_passwords_typed_differently_make_nobody(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getpass", lambda prompt: prompt)
    with pytest.raises(CommandError, match="not the same"):
        create_owner("olga", "--password")
    assert User.objects.count() == 0


def test_a_weak_password_makes_nobody(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWNER_PASSWORD", "password")
    with pytest.raises(CommandError, match="too short"):
        create_owner("olga", "--password")
    assert User.objects.count() == 0


def test_a_name_that_is_taken_is_refused(lena: User) -> None:
    with pytest.raises(CommandError, match="--existing"):
        create_owner("lena")
    lena.refresh_from_db()
    assert not lena.is_owner


def test_an_installation_that_lost_its_owner_gets_one_back(client: Client, db: None) -> None:
    make_user("olga", is_active=False)
    link = re.findall(r"/password/\S+/", create_owner("olga", "--existing"))[0]
    assert client.get(link).status_code == 200
    olga = User.objects.get()
    assert olga.is_owner
    assert olga.is_active


@pytest.mark.parametrize("name", ["", "two words", "x" * 151])
def test_what_cannot_be_a_name_is_refused(db: None, name: str) -> None:
    with pytest.raises(CommandError):
        create_owner(name)
    assert User.objects.count() == 0


def test_a_name_from_elsewhere_cannot_own(db: None) -> None:
    make_user("worker-17", kind=User.Kind.EXTERNAL)
    with pytest.raises(CommandError, match="not a person"):
        create_owner("worker-17", "--existing")
