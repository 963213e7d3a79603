"""Somebody changes their own password."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertRedirects

from accounts.models import AccountEvent, User
from tests.builders import PASSWORD

As = Callable[[User], Client]
NEW = "a-new-horse-every-year"


def change(client: Client, *, old: str = PASSWORD, new: str = NEW, again: str = "") -> int:
    answer = client.post(reverse("change-password"), {"old_password": old, "new_password1": new, "new_password2": again or new})
    return answer.status_code


def test_it_works(lena: User, as_: As) -> None:
    here = as_(lena)
    answer = here.post(reverse("change-password"), {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW})
    assertRedirects(answer, reverse("password-changed"))
    lena.refresh_from_db()
    assert lena.check_password(NEW)
    assert AccountEvent.objects.get(user=lena).kind == AccountEvent.Kind.PASSWORD_SET


def test_other_sessions_end_and_this_one_stays(lena: User, as_: As) -> None:
    here, elsewhere = as_(lena), as_(lena)
    assert elsewhere.get(reverse("account")).status_code == 200
    assert change(here) == 302
    assert here.get(reverse("account")).status_code == 200
    assertRedirects(elsewhere.get(reverse("account")), f"{reverse('login')}?next={reverse('account')}")


@pytest.mark.parametrize(
    ("old", "new", "again"),
    [
        ("not-the-password", NEW, NEW),
        (PASSWORD, NEW, "something-else-again"),
        (PASSWORD, "short", "short"),
        (PASSWORD, "password1234", "password1234"),
        (PASSWORD, "lena-lena-x", "lena-lena-x"),
        (PASSWORD, "", ""),
    ],
    ids=["wrong old one", "two different", "too short", "too common", "like the name", "empty"],
)
def test_what_is_not_a_good_new_password_is_refused(lena: User, as_: As, old: str, new: str, again: str) -> None:
    if new == "lena-lena-x":
        User.objects.filter(pk=lena.pk).update(username="lena-lena-")
    assert change(as_(User.objects.get(pk=lena.pk)), old=old, new=new, again=again) == 422
    assert User.objects.get(pk=lena.pk).check_password(PASSWORD)


def test_who_is_not_signed_in_is_sent_to_the_sign_in(client: Client, db: None) -> None:
    assert change(client) == 302
    assert AccountEvent.objects.count() == 0
