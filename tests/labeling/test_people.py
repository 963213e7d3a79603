"""An owner sees who is here, and gives and takes roles and marks."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import IntegrityError, connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries
from pytest_django.asserts import assertInHTML, assertRedirects

from accounts.models import AccountEvent, User
from labeling import assigning, inviting
from labeling.models import AdjudicationTurn, Campaign, Membership, MembershipEvent, Role, Slot
from tests.builders import NOW, join, make_campaign, make_label, make_pair, make_user

As = Callable[[User], Client]


def act(client: Client, action: str, user: User, **fields: object) -> HttpResponse:
    return client.post(reverse(action, args=[user.pk]), fields)  # type: ignore[return-value]


def row_of(page: str, name: str) -> str:
    """The table row that begins with this name, blanks folded."""
    rows = [" ".join(row.split()) for row in page.split("<tr")]
    return next(row for row in rows if f">{name}</" in row)


# ---- the page ----------------------------------------------------------------------------------------------------


def test_it_works(olga: User, campaign: Campaign, as_: As) -> None:
    page = as_(olga).get(reverse("people")).content.decode()
    assertInHTML("<td>adjudicator in Everyday</td>", page)
    assert "<td>researcher</td>" in row_of(page, "rosa")
    assert "<td>never</td>" in row_of(page, "lena")
    assert 'class="state good">open<' in row_of(page, "lena")


def test_closed_accounts_and_names_from_elsewhere_are_told_apart(olga: User, campaign: Campaign, lena: User, as_: As) -> None:
    make_label(make_pair(campaign), make_user("worker-17", kind=User.Kind.EXTERNAL))
    inviting.close_account(user=lena, actor=olga, at=NOW)
    page = as_(olga).get(reverse("people")).content.decode()
    assert 'class="state calm">closed<' in row_of(page, "lena")
    assert '<td>imported</td><td class="n">1</td>' in row_of(page, "worker-17")


@pytest.mark.parametrize("who", ["lena", "rosa"])
@pytest.mark.parametrize("page", ["people", "invite-person"])
def test_who_is_not_an_owner_sees_nothing_of_it(lena: User, rosa: User, as_: As, who: str, page: str) -> None:
    assert as_(User.objects.get(username=who)).get(reverse(page)).status_code == 403


def test_more_people_cost_no_more_queries(olga: User, campaign: Campaign, as_: As, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    here = as_(olga)
    here.get(reverse("people"))
    with django_assert_num_queries(6):
        here.get(reverse("people"))
    for _ in range(10):
        join(campaign, make_user())
    with django_assert_num_queries(6):
        here.get(reverse("people"))


def test_a_hostile_name_is_text(olga: User, as_: As) -> None:
    make_user("<img src=x onerror=alert(1)>")
    assert b"<img" not in as_(olga).get(reverse("people")).content


def test_the_page_of_one_person_says_what_was_done_and_by_whom(olga: User, eve: User, campaign: Campaign, as_: As) -> None:
    here = as_(olga)
    act(here, "give-role", eve, campaign=campaign.pk, role="labeler")
    act(here, "give-mark", eve, mark="researcher")
    page = here.get(reverse("person", args=[eve.pk])).content.decode()
    assertInHTML("<td>made labeler in Everyday</td><td>olga</td>", page)
    assertInHTML("<td>made researcher</td><td>olga</td>", page)


@pytest.mark.parametrize("kind", AccountEvent.Kind)
def test_everything_that_can_be_done_has_words(olga: User, eve: User, as_: As, kind: str) -> None:
    AccountEvent.objects.create(user=eve, actor=None, kind=kind, detail="so", at=NOW)
    assert "<td>the server</td>" in as_(olga).get(reverse("person", args=[eve.pk])).content.decode()


# ---- roles -------------------------------------------------------------------------------------------------------


def test_a_role_is_given(olga: User, eve: User, campaign: Campaign, as_: As) -> None:
    assertRedirects(act(as_(olga), "give-role", eve, campaign=campaign.pk, role="labeler"), reverse("person", args=[eve.pk]))
    assert Membership.objects.get(user=eve).role == Role.LABELER
    event = MembershipEvent.objects.get(user=eve)
    assert (event.given, event.actor, event.campaign) == (True, olga, campaign)


def test_a_role_given_twice_is_given_once(olga: User, eve: User, campaign: Campaign, as_: As) -> None:
    here = as_(olga)
    for _ in range(2):
        assert act(here, "give-role", eve, campaign=campaign.pk, role="labeler").status_code == 302
    assert Membership.objects.filter(user=eve).count() == MembershipEvent.objects.filter(user=eve).count() == 1


@pytest.mark.parametrize(("slug", "role"), [("everyday", "owner"), ("everyday", ""), ("no-such", "labeler")])
def test_a_role_that_does_not_exist_is_refused(olga: User, eve: User, campaign: Campaign, as_: As, slug: str, role: str) -> None:
    found = Campaign.objects.filter(slug=slug).first()
    assert act(as_(olga), "give-role", eve, campaign=found.pk if found else 0, role=role).status_code == 422
    assert not Membership.objects.filter(user=eve).exists()


def test_a_name_from_elsewhere_gets_no_role_and_no_mark(olga: User, campaign: Campaign, as_: As) -> None:
    worker = make_user("worker-17", kind=User.Kind.EXTERNAL)
    assert act(as_(olga), "give-role", worker, campaign=campaign.pk, role="labeler").status_code == 404
    with pytest.raises(inviting.NotAPerson):
        inviting.give_role(campaign=campaign, user=worker, role=Role.LABELER, actor=olga, at=NOW)
    with pytest.raises(inviting.NotAPerson):
        inviting.give_mark(user=worker, mark="owner", actor=olga, at=NOW)
    with pytest.raises(IntegrityError, match="only_a_person_holds_a_mark"), transaction.atomic():
        User.objects.filter(pk=worker.pk).update(is_owner=True)


def test_a_role_taken_ends_what_it_opened_and_keeps_every_label(olga: User, lena: User, campaign: Campaign, as_: As) -> None:
    label = make_label(make_pair(campaign), lena)
    make_pair(campaign)
    elsewhere = make_campaign(labelers=(lena,))
    make_pair(elsewhere)
    for place in (campaign, elsewhere):
        assert assigning.next_for(place, lena, at=NOW)
    assert act(as_(olga), "take-role", lena, campaign=campaign.pk, role="labeler").status_code == 302
    assert as_(lena).get(reverse("work", args=[campaign.slug])).status_code == 404
    assert list(Slot.objects.held().values_list("campaign", flat=True)) == [elsewhere.pk]
    label.refresh_from_db()
    assert not MembershipEvent.objects.get(user=lena).given


def test_an_adjudicators_turn_ends_with_the_role(olga: User, ada: User, campaign: Campaign) -> None:
    turn = AdjudicationTurn.objects.create(pair=make_pair(campaign), adjudicator=ada, left_is_a=True, leased_at=NOW, lease_ends_at=NOW)
    assert inviting.take_role(campaign=campaign, user=ada, role=Role.ADJUDICATOR, actor=olga, at=NOW)
    turn.refresh_from_db()
    assert (turn.ended_at, turn.given_back) == (NOW, False)


def test_a_role_that_nobody_holds_cannot_be_taken(olga: User, eve: User, campaign: Campaign, as_: As) -> None:
    assert act(as_(olga), "take-role", eve, campaign=campaign.pk, role="labeler").status_code == 302
    assert MembershipEvent.objects.count() == 0


# ---- marks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["owner", "researcher"])
def test_a_mark_is_given_and_taken(olga: User, eve: User, as_: As, mark: str) -> None:
    here = as_(olga)
    for action, held in (("give-mark", True), ("give-mark", True), ("take-mark", False), ("take-mark", False)):
        assert act(here, action, eve, mark=mark).status_code == 302
        eve.refresh_from_db()
        assert getattr(eve, f"is_{mark}") is held
    assert list(AccountEvent.objects.filter(user=eve).order_by("pk").values_list("kind", "detail")) == [("mark_given", mark), ("mark_taken", mark)]


@pytest.mark.parametrize("mark", ["superuser", "staff", "active", ""])
def test_no_other_field_of_a_person_can_be_set(olga: User, eve: User, as_: As, mark: str) -> None:
    assert act(as_(olga), "give-mark", eve, mark=mark).status_code == 422
    with pytest.raises(ValueError, match="no mark"):
        inviting.give_mark(user=eve, mark=mark, actor=olga, at=NOW)
    eve.refresh_from_db()
    assert (eve.is_superuser, eve.is_staff) == (False, False)


def test_the_last_owner_stays_one(olga: User, as_: As) -> None:
    here = as_(olga)
    answer = act(here, "take-mark", olga, mark="owner")
    page = here.get(answer.headers["Location"]).content.decode()
    assertInHTML("<p>olga is the only owner. Make somebody else an owner first.</p>", page)
    olga.refresh_from_db()
    assert olga.is_owner


def test_a_closed_account_does_not_count_as_another_owner(olga: User) -> None:
    make_user("oscar", is_owner=True, is_active=False)
    with pytest.raises(inviting.LastOwner):
        inviting.take_mark(user=olga, mark="owner", actor=olga, at=NOW)


def test_an_owner_may_step_back_when_there_is_another(olga: User, as_: As) -> None:
    make_user("oscar", is_owner=True)
    inviting.invite(for_whom="a friend", is_owner=True, invited_by=olga, at=NOW)
    here = as_(olga)
    assertRedirects(act(here, "take-mark", olga, mark="owner"), reverse("home"), fetch_redirect_response=False)
    assert here.get(reverse("people")).status_code == 403


def test_the_open_invitations_of_a_former_owner_end(olga: User) -> None:
    oscar = make_user("oscar", is_owner=True)
    _, secret = inviting.invite(for_whom="a friend", is_owner=True, invited_by=oscar, at=NOW)
    assert inviting.take_mark(user=oscar, mark="owner", actor=olga, at=NOW)
    with pytest.raises(inviting.Spent):
        inviting.find(secret=secret, at=NOW)


@pytest.mark.commits
def test_two_owners_who_dismiss_each_other_at_once_leave_one(committed_db: str) -> None:
    olga, oscar = make_user("olga", is_owner=True), make_user("oscar", is_owner=True)
    together = Barrier(2)

    def dismiss(user: User, actor: User) -> bool:
        together.wait(timeout=10)
        try:
            return inviting.take_mark(user=user, mark="owner", actor=actor, at=NOW)
        except inviting.LastOwner:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(dismiss, [olga, oscar], [oscar, olga])) == [False, True]
    assert User.objects.filter(is_owner=True).count() == 1
