"""Everything is closed: each address is asked for by who may see nothing.

A new address is closed by default. One that is open on purpose is named here; one whose parameters mean something new gets
its row in `world.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path, reverse
from pytest_django import Settings

from accounts.models import User
from labeling.models import Role
from tests.builders import join, make_campaign, make_token, make_user
from tests.house.world import HUSH, Route, World, make_world, routes

PUBLIC = {
    "accessibility": "what the pages conform to, without a word of what is in them",
    "api-schema": "what the API is, without a word of what is in it",
    "choose-language": "what a page is read in",
    "choose-password": "its secret is the key",
    "fetch-by-link": "its secret is the key",
    "healthz": "is the process up",
    "join": "its secret is the key",
    "login": "the door itself",
    "readyz": "do database and broker answer",
}
"""Open to everybody, and why."""

OWN = {
    "account": "one's own account",
    "api-campaigns": "one's own campaigns",
    "change-password": "one's own password",
    "home": "one's own campaigns",
    "keys": "one's own keys",
    "logout": "the way out",
    "make-token": "one's own tokens",
    "password-changed": "one's own password",
    "say-consent": "one's own word",
    "set-keys": "one's own keys",
}
"""Open to everybody who is signed in, because what it shows is theirs, and why."""

WITHOUT_A_CAMPAIGN = ("c/", "api/v1/campaigns/<", "api/v1/assignments/<", "api/v1/findings/<")
"""What belongs to a campaign, and is closed to a researcher of the installation who has no role in it."""

CLOSED, WRONG_METHOD = {401, 403, 404}, 405

Ask = Callable[[Client, str, str], HttpResponse]


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def stranger(world: World) -> User:
    """Labels, adjudicates and researches, in another campaign."""
    user = make_user("stranger")
    elsewhere = make_campaign("elsewhere")
    for role in Role:
        join(elsewhere, user, role)
    return user


def client_of(user: User | None, route: Route) -> Client:
    """A browser where they are signed in; for the API, a program with a token that may do everything."""
    client = Client(raise_request_exception=False)
    if user and route.is_api:
        client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {make_token(user)}"
    elif user:
        client.force_login(user)
    return client


def answers(user: User | None, route: Route, world: World) -> Iterator[HttpResponse]:
    """What each method of an address says to somebody; whatever it did is undone."""
    for method in route.methods:
        before = transaction.savepoint()
        kind = "application/json" if route.is_api else "application/x-www-form-urlencoded"
        try:
            yield client_of(user, route).generic(method, world.address(route), content_type=kind)  # type: ignore[misc]
        finally:
            transaction.savepoint_rollback(before)


def is_closed(answer: HttpResponse) -> bool:
    return answer.status_code in CLOSED or leads_to_the_door(answer)


def lets_in(answer: HttpResponse) -> bool:
    return not is_closed(answer) and answer.status_code != WRONG_METHOD


def leads_to_the_door(answer: HttpResponse) -> bool:
    """Is this the way to the sign-in? (Its address repeats the one that was asked for, and gives nothing away.)"""
    return answer.status_code == 302 and answer.headers["Location"].partition("?")[0] == reverse("login")


def gives_away(answer: HttpResponse) -> bool:
    return HUSH.encode() in b"".join(answer) or (HUSH in answer.headers.get("Location", "") and not leads_to_the_door(answer))


def open_to(user: User | None, world: World, *, but: dict[str, str], among: Iterator[Route] | None = None) -> list[str]:
    """Return the addresses, other than those named, that let somebody in or give something away to them."""
    found = []
    for route in among or routes():
        if route.name in but:
            continue
        said = list(answers(user, route, world))
        if any(map(lets_in, said)) or any(map(gives_away, said)) or not any(map(is_closed, said)):
            found.append(f"/{route.pattern} ({route.name}) answers {[answer.status_code for answer in said]} to {user or 'nobody'}")
    return found


def none_of(found: list[str]) -> None:
    assert not found, "\n".join(["", *found])


def test_nobody_gets_in_without_signing_in(world: World) -> None:
    none_of(open_to(None, world, but=PUBLIC))


def test_eve_sees_nothing(world: World, eve: User) -> None:
    none_of(open_to(eve, world, but=PUBLIC | OWN))


def test_people_of_another_campaign_see_nothing_of_this_one(world: World, stranger: User) -> None:
    none_of(open_to(stranger, world, but=PUBLIC | OWN))


@pytest.mark.parametrize("mark", ["is_researcher", "is_owner"])
def test_a_mark_opens_no_campaign(world: World, stranger: User, mark: str) -> None:
    setattr(stranger, mark, True)
    stranger.save(update_fields=[mark])
    of_campaigns = (route for route in routes() if route.pattern.startswith(WITHOUT_A_CAMPAIGN))
    none_of(open_to(stranger, world, but={}, among=of_campaigns))


def test_open_pages_show_eve_nothing_of_others(world: World, eve: User) -> None:
    leaks = [
        route.pattern for route in routes() if route.name in OWN for answer in answers(eve, route, world) if gives_away(answer) or answer.status_code >= 500
    ]
    none_of(leaks)


def test_every_address_opens_to_somebody(world: World) -> None:
    """The control: what is closed to eve is closed because of her, not because the world was filled in wrongly."""
    shut = [
        f"/{route.pattern} ({route.name}): closed to everybody at {world.address(route)}"
        for route in routes()
        if route.name != "logout" and not any(lets_in(answer) for user in world.people.values() for answer in answers(user, route, world))
    ]
    none_of(shut)


def test_the_lists_of_open_addresses_name_what_exists(world: World) -> None:
    names = [route.name for route in routes()]
    none_of([f"{name}: there is no such address" for name in sorted((PUBLIC | OWN).keys() - set(names))])
    none_of([f"{name}: two addresses have this name" for name in sorted(names) if names.count(name) > 1])


# ---- the walk itself, against pages that were left open ------------------------------------------------------------


def left_open(request: HttpRequest) -> HttpResponse:
    return HttpResponse("everybody is welcome")


def tells(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"You may not see {HUSH}.", status=403)


@login_not_required
def forgotten(request: HttpRequest) -> HttpResponse:
    return HttpResponse("no sign-in needed")


urlpatterns = [
    path("login/", left_open, name="login"),
    path("open/", left_open, name="open"),
    path("tells/", tells, name="tells"),
    path("forgotten/", forgotten, name="forgotten"),
    path("unheard-of/<int:thing>/", left_open, name="unheard-of"),
]


def test_the_walk_finds_what_was_left_open(world: World, eve: User, settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__
    known = {"login": "", "unheard-of": ""}
    assert [line.split()[0] for line in open_to(eve, world, but=known)] == ["/open/", "/tells/", "/forgotten/"]
    assert [line.split()[0] for line in open_to(None, world, but=known)] == ["/forgotten/"]


def test_the_walk_stops_at_a_parameter_that_nobody_has_thought_of(world: World, eve: User, settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__
    with pytest.raises(LookupError, match="unheard-of/<int:thing>/: the world has nothing for <thing>"):
        open_to(eve, world, but={})
