"""An owner closes an account, and opens it again."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertInHTML, assertRedirects

from accounts.models import AccountEvent, ApiToken, User
from labeling import assigning, inviting, submitting
from labeling.models import AdjudicationTurn, Campaign, Label, Membership, Slot
from tests.builders import NOW, PASSWORD, make_label, make_pair, make_token, make_user

As = Callable[[User], Client]


def close(client: Client, user: User) -> int:
    return client.post(reverse("close-account", args=[user.pk])).status_code


def reopen(client: Client, user: User) -> int:
    return client.post(reverse("reopen-account", args=[user.pk])).status_code


def is_let_in(client: Client) -> bool:
    return client.get(reverse("account")).status_code == 200


def test_it_works(olga: User, lena: User, as_: As) -> None:
    assertRedirects(as_(olga).post(reverse("close-account", args=[lena.pk])), reverse("person", args=[lena.pk]))
    lena.refresh_from_db()
    assert not lena.is_active
    event = AccountEvent.objects.get(user=lena)
    assert (event.kind, event.actor) == ("closed", olga)


def test_every_session_ends_at_once(olga: User, lena: User, as_: As) -> None:
    desk, phone = as_(lena), as_(lena)
    assert is_let_in(desk)
    close(as_(olga), lena)
    assert not is_let_in(desk)
    assert not is_let_in(phone)
    assert Client().post(reverse("login"), {"username": "lena", "password": PASSWORD}).status_code == 422


def test_an_old_session_does_not_wake_up_with_the_account(olga: User, lena: User, as_: As) -> None:
    phone = as_(lena)
    close(as_(olga), lena)
    assert reopen(as_(olga), lena) == 302
    assert not is_let_in(phone)
    fresh = Client()
    assert fresh.post(reverse("login"), {"username": "lena", "password": PASSWORD}).status_code == 302
    assert is_let_in(fresh)


def test_tokens_are_revoked_for_good(olga: User, lena: User, as_: As) -> None:
    make_token(lena)
    close(as_(olga), lena)
    reopen(as_(olga), lena)
    assert ApiToken.objects.get().revoked_at


def test_what_was_on_the_screen_goes_to_somebody_else(olga: User, lena: User, otto: User, campaign: Campaign, as_: As) -> None:
    make_pair(campaign, slots=1)
    assert assigning.next_for(campaign, lena, at=NOW)
    assert assigning.next_for(campaign, otto, at=NOW) is None
    close(as_(olga), lena)
    assert assigning.next_for(campaign, otto, at=NOW + timedelta(seconds=1))


def test_what_was_on_the_screen_goes_to_those_who_had_come_further(olga: User, lena: User, otto: User, campaign: Campaign, as_: As) -> None:
    """Otto has passed the place by, and a moment ago nothing was left for him: what is freed comes at the head of the queue."""
    first, second = make_pair(campaign, slots=1), make_pair(campaign, slots=1)
    assigning.next_for(campaign, lena, at=NOW)
    found = assigning.next_for(campaign, otto, at=NOW)
    assert found is not None
    assert found.pair_id == second.pk
    submitting.submit_label(assignment=found, preference=1, submission_key=uuid.uuid4(), at=NOW)
    assert assigning.next_for(campaign, otto, at=NOW) is None
    close(as_(olga), lena)
    freed = assigning.next_for(campaign, otto, at=NOW)
    assert freed is not None
    assert freed.pair_id == first.pk


def test_labels_and_roles_stay(olga: User, lena: User, campaign: Campaign, as_: As) -> None:
    label = make_label(make_pair(campaign), lena)
    close(as_(olga), lena)
    assert Label.objects.current().get() == label
    assert Slot.objects.get(labels=label).labeler == lena
    assert Membership.objects.filter(user=lena).exists()


def test_an_adjudicators_turn_ends(olga: User, ada: User, campaign: Campaign, as_: As) -> None:
    turn = AdjudicationTurn.objects.create(pair=make_pair(campaign), adjudicator=ada, left_is_a=True, leased_at=NOW, lease_ends_at=NOW)
    close(as_(olga), ada)
    turn.refresh_from_db()
    assert turn.ended_at


def test_a_closed_owners_open_invitations_end(olga: User, as_: As) -> None:
    oscar = make_user("oscar", is_owner=True)
    _, secret = inviting.invite(for_whom="a friend", is_owner=True, invited_by=oscar, at=NOW)
    inviting.close_account(user=oscar, actor=olga, at=NOW)
    with pytest.raises(inviting.Spent):
        inviting.find(secret=secret, at=NOW)


def test_closing_twice_is_written_down_once(olga: User, lena: User, as_: As) -> None:
    assert [close(as_(olga), lena) for _ in range(2)] == [302, 302]
    assert AccountEvent.objects.filter(user=lena).count() == 1


def test_the_last_owner_cannot_be_closed(olga: User, as_: As) -> None:
    here = as_(olga)
    assert close(here, olga) == 302
    assertInHTML("<p>olga is the only owner. Make somebody else an owner first.</p>", here.get(reverse("person", args=[olga.pk])).content.decode())


def test_a_name_from_elsewhere_has_no_account_to_close(olga: User, as_: As) -> None:
    worker = make_user("worker-17", kind=User.Kind.EXTERNAL)
    assert [close(as_(olga), worker), reopen(as_(olga), worker)] == [404, 404]
    with pytest.raises(inviting.NotAPerson):
        inviting.close_account(user=worker, actor=olga, at=NOW)


@pytest.mark.parametrize("who", ["otto", "rosa", "lena"])
def test_who_is_not_an_owner_closes_nobody(lena: User, otto: User, rosa: User, as_: As, who: str) -> None:
    assert close(as_(User.objects.get(username=who)), lena) == 403
    lena.refresh_from_db()
    assert lena.is_active


# ---- a lost password ---------------------------------------------------------------------------------------------


def test_an_owner_makes_a_password_link(olga: User, lena: User, as_: As) -> None:
    answer = as_(olga).post(reverse("make-password-link", args=[lena.pk]))
    assert answer.status_code == 201
    assertInHTML("<h1>Copy the link now</h1>", answer.content.decode())
    event = AccountEvent.objects.get(user=lena)
    assert (event.kind, event.actor) == ("password_link", olga)


def test_a_closed_account_gets_no_password_link(olga: User, lena: User, as_: As) -> None:
    close(as_(olga), lena)
    assert as_(olga).post(reverse("make-password-link", args=[lena.pk])).status_code == 302
    assert not AccountEvent.objects.filter(kind="password_link").exists()


def test_who_is_not_an_owner_makes_no_password_link(lena: User, rosa: User, as_: As) -> None:
    assert as_(rosa).post(reverse("make-password-link", args=[lena.pk])).status_code == 403
