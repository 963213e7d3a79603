"""An owner invites somebody, who comes in through a one-time link."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertInHTML, assertRedirects

from accounts.models import AccountEvent, User, digest
from labeling import inviting
from labeling.models import Campaign, Invitation, Membership, MembershipEvent
from tests.builders import NOW, make_user

As = Callable[[User], Client]
NEW = "a-new-horse-every-year"


def invite(client: Client, for_whom: str = "Mira M.", **fields: object) -> HttpResponse:
    return client.post(reverse("invite-person"), {"for_whom": for_whom, **fields})  # type: ignore[return-value]


def link_in(answer: HttpResponse) -> str:
    """The path of the link on the page that shows it."""
    found = re.search(rf'<code id="link">{re.escape(settings.BASE_URL)}(/join/in_[\w-]{{43}}/)</code>', answer.content.decode())
    assert found
    return found[1]


def come_in(client: Client, link: str, name: str = "mira", password: str = NEW, again: str = "") -> HttpResponse:
    return client.post(link, {"username": name, "password1": password, "password2": again or password})  # type: ignore[return-value]


@pytest.fixture
def link(olga: User) -> str:
    _, secret = inviting.invite(for_whom="Mira M.", invited_by=olga, at=timezone.now())
    return reverse("join", args=[secret])


def test_it_works(client: Client, olga: User, campaign: Campaign, as_: As) -> None:
    answer = invite(as_(olga), marks=["researcher"], campaign=campaign.pk, role="adjudicator")
    assert answer.status_code == 201
    link = link_in(answer)
    assertInHTML("<h1>Come in</h1>", client.get(link).content.decode())
    assertRedirects(come_in(client, link), reverse("home"), fetch_redirect_response=False)
    mira = User.objects.get(username="mira")
    assert (mira.is_researcher, mira.is_owner, mira.check_password(NEW)) == (True, False, True)
    assert client.session["_auth_user_id"] == str(mira.pk)
    assert Membership.objects.get(user=mira).role == "adjudicator"
    assert MembershipEvent.objects.get(user=mira).actor == olga
    assert list(AccountEvent.objects.filter(user=mira).order_by("pk").values_list("kind", "actor__username")) == [("joined", "olga"), ("mark_given", "olga")]
    invitation = Invitation.objects.get()
    assert (invitation.used_by, invitation.campaign) == (mira, campaign)


def test_the_secret_is_shown_once_and_kept_nowhere(olga: User, as_: As) -> None:
    here = as_(olga)
    secret = link_in(invite(here)).split("/")[2]
    assert Invitation.objects.get().digest == digest(secret)
    page = here.get(reverse("people")).content.decode()
    assert secret not in page
    assertInHTML('<th scope="row">Mira M.</th>', page)


def test_a_form_sent_twice_makes_one_link(olga: User, as_: As) -> None:
    here = as_(olga)
    assert [invite(here).status_code for _ in range(2)] == [201, 422]
    assert Invitation.objects.count() == 1


@pytest.mark.parametrize(
    "fields",
    [{"for_whom": ""}, {"role": "labeler"}, {"campaign": 0, "role": "labeler"}, {"marks": ["superuser"]}, {"role": "owner"}],
    ids=["nobody", "role without campaign", "no such campaign", "no such mark", "no such role"],
)
def test_what_makes_no_sense_makes_no_link(olga: User, as_: As, fields: dict[str, Any]) -> None:
    assert invite(as_(olga), **fields).status_code == 422
    assert Invitation.objects.count() == 0


def test_a_campaign_without_a_role_makes_no_link(olga: User, campaign: Campaign, as_: As) -> None:
    assert invite(as_(olga), campaign=campaign.pk).status_code == 422


@pytest.mark.parametrize("who", ["lena", "rosa"])
def test_who_is_not_an_owner_invites_nobody(lena: User, rosa: User, as_: As, who: str) -> None:
    assert invite(as_(User.objects.get(username=who))).status_code == 403
    assert Invitation.objects.count() == 0


# ---- the link ----------------------------------------------------------------------------------------------------


def test_looking_at_the_link_does_not_use_it_up(client: Client, link: str) -> None:
    assert [client.get(link).status_code, client.head(link).status_code, client.get(link).status_code] == [200, 200, 200]
    assert come_in(client, link).status_code == 302


def test_the_link_works_once(client: Client, link: str) -> None:
    come_in(client, link)
    assert come_in(Client(), link, "mara").status_code == 410
    assert client.get(link).status_code == 410
    assert not User.objects.filter(username="mara").exists()


def test_a_revoked_link_makes_no_account(client: Client, olga: User, link: str, as_: As) -> None:
    assertRedirects(as_(olga).post(reverse("revoke-invitation", args=[Invitation.objects.get().pk])), reverse("people"))
    assert [client.get(link).status_code, come_in(client, link).status_code] == [410, 410]
    assert not User.objects.filter(username="mira").exists()


def test_an_old_link_makes_no_account(client: Client, link: str) -> None:
    now = timezone.now()
    Invitation.objects.update(created_at=now - timedelta(days=8), expires_at=now - timedelta(days=1))
    assert [client.get(link).status_code, come_in(client, link).status_code] == [410, 410]
    assert not User.objects.filter(username="mira").exists()


def test_a_link_lives_seven_days(olga: User) -> None:
    invitation, secret = inviting.invite(for_whom="Mira M.", invited_by=olga, at=NOW)
    assert inviting.find(secret=secret, at=NOW + timedelta(days=7, seconds=-1)) == invitation
    with pytest.raises(inviting.Spent):
        inviting.find(secret=secret, at=NOW + timedelta(days=7))


def test_an_invented_link_is_not_found(client: Client, db: None) -> None:
    assert client.get("/join/in_invented/").status_code == 404
    assert come_in(client, "/join/in_invented/").status_code == 404
    assert User.objects.count() == 0


def test_a_used_link_cannot_be_revoked_any_more(client: Client, olga: User, link: str, as_: As) -> None:
    come_in(client, link)
    as_(olga).post(reverse("revoke-invitation", args=[Invitation.objects.get().pk]))
    assert Invitation.objects.get().revoked_at is None


@pytest.mark.parametrize(
    ("name", "password", "again"),
    [
        ("lena", NEW, NEW),
        ("LENA", NEW, NEW),
        ("", NEW, NEW),
        ("two words", NEW, NEW),
        ("x" * 41, NEW, NEW),
        ("mira", "short", "short"),
        ("mira", "password1234", "password1234"),
        ("mira", NEW, "another-horse-than-that"),
    ],
    ids=["taken", "taken but for case", "no name", "a blank", "too long", "short password", "common password", "two different"],
)
def test_what_cannot_be_an_account_is_refused_and_the_link_still_works(client: Client, link: str, lena: User, name: str, password: str, again: str) -> None:
    assert come_in(client, link, name, password, again).status_code == 422
    assert come_in(client, link).status_code == 302


def test_a_name_taken_in_the_meantime_is_said_on_the_form(client: Client, link: str, monkeypatch: pytest.MonkeyPatch) -> None:
    find = inviting.find

    def find_and_lose(*, secret: str, at: object) -> Invitation:
        make_user("mira") if not User.objects.filter(username="mira").exists() else None
        return find(secret=secret, at=at)  # type: ignore[arg-type]

    monkeypatch.setattr("labeling.views.people.NewAccountForm.clean_username", lambda self: self.cleaned_data["username"])
    monkeypatch.setattr("labeling.views.people.NewAccountForm.validate_unique", lambda self: None)
    monkeypatch.setattr(inviting, "find", find_and_lose)
    answer = come_in(client, link)
    assert answer.status_code == 422
    assertInHTML("<span>Somebody has this name already. Choose another one.</span>", answer.content.decode())
    assert come_in(client, link, "mara").status_code == 302


def test_an_account_that_comes_in_replaces_whoever_was_signed_in_on_the_machine(link: str, lena: User, as_: As) -> None:
    here = as_(lena)
    come_in(here, link)
    assert here.session["_auth_user_id"] == str(User.objects.get(username="mira").pk)


# ---- two at once -------------------------------------------------------------------------------------------------


def join_twice_at_once(secret: str) -> list[str]:
    """Two people, one link, at once; each waits up to a second for the other to have passed the check."""
    both_passed = Barrier(2)
    checked = inviting.checked

    def check_and_wait(invitation: Invitation | None, *, at: object) -> Invitation:
        found = checked(invitation, at=at)  # type: ignore[arg-type]
        with suppress(BrokenBarrierError):
            both_passed.wait(timeout=1)
        return found

    def come(name: str) -> str:
        try:
            return inviting.join(secret=secret, username=name, password=NEW, at=NOW).username
        except inviting.Spent:
            return "spent"
        finally:
            connection.close()

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(2) as threads:
        patch.setattr(inviting, "checked", check_and_wait)
        return sorted(threads.map(come, ["mira", "mara"]))


@pytest.mark.commits
def test_of_two_at_once_one_gets_in(committed_db: str) -> None:
    olga = make_user("olga", is_owner=True)
    _, secret = inviting.invite(for_whom="one of them", invited_by=olga, at=NOW)
    assert join_twice_at_once(secret) in (["mara", "spent"], ["mira", "spent"])
    assert User.objects.count() == 2


@pytest.mark.commits
def test_without_the_lock_both_would_get_in(committed_db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control of the test above."""
    olga = make_user("olga", is_owner=True)
    _, secret = inviting.invite(for_whom="one of them", invited_by=olga, at=NOW)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **how: self)
    assert join_twice_at_once(secret) == ["mara", "mira"]
