"""Everybody's first page says what there is to do, by role."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from labeling import settling
from labeling.models import Campaign, Pair, Role
from tests.builders import NOW, join, make_campaign, make_label, make_pair
from tests.policies.pages import elements, text_of

As = Callable[[User], Client]


def links(client: Client) -> list[tuple[str, str]]:
    """Where the buttons of the page lead, and whether one is the first thing to do."""
    found = [{key: value or "" for key, value in link.attributes} for link in elements(client.get(reverse("home")), "a")]
    return [(link["href"], link["class"]) for link in found if "btn" in link.get("class", "")]


def standfirst(client: Client) -> str:
    [found] = elements(client.get(reverse("home")), "p", class_="standfirst")
    return text_of(found)


def contest(campaign: Campaign, *labelers: User) -> Pair:
    pair = make_pair(campaign, slots=0)
    for labeler, preference in zip(labelers, (-1, 1), strict=True):
        make_label(pair, labeler, preference)
    return settling.settle(pair, at=NOW)


def test_it_works(campaign: Campaign, lena: User, as_: As) -> None:
    make_label(make_pair(campaign), lena)
    assert links(as_(lena)) == [(reverse("work", args=["everyday"]), "btn primary")]
    assert standfirst(as_(lena)) == "You can label in Everyday."
    page = as_(lena).get(reverse("home"))
    assert "1 label of yours" in text_of(elements(page, "span", class_="note")[0])


def test_an_adjudicator_reads_how_many_pairs_are_contested(campaign: Campaign, lena: User, otto: User, ada: User, as_: As) -> None:
    contest(campaign, lena, otto)
    contest(campaign, lena, otto)
    assert links(as_(ada)) == [(reverse("adjudicate", args=["everyday"]), "btn primary")]
    assert standfirst(as_(ada)) == "2 contested pairs wait for a verdict of yours."


def test_where_nothing_is_contested_there_is_nothing_to_open(campaign: Campaign, ada: User, as_: As) -> None:
    assert links(as_(ada)) == []
    [notes] = elements(as_(ada).get(reverse("home")), "span", class_="note")
    assert text_of(notes) == "You adjudicate here. Nothing is contested."


def test_pairs_that_the_adjudicator_labeled_wait_for_somebody_else(campaign: Campaign, lena: User, ada: User, as_: As) -> None:
    contest(campaign, lena, ada)
    assert standfirst(as_(ada)) == "Nothing waits for you at the moment."


def test_a_researcher_reads_how_far_each_campaign_is(campaign: Campaign, lena: User, rosa: User, as_: As) -> None:
    make_label(make_pair(campaign, slots=1), lena)
    assert links(as_(rosa)) == [(reverse("new-campaign"), "btn"), (reverse("campaign", args=["everyday"]), "btn")]
    assert standfirst(as_(rosa)) == "You run one campaign, which is open."
    [notes] = elements(as_(rosa).get(reverse("home")), "span", class_="note")
    assert text_of(notes) == "You research here. 1 of 2 planned labels are in."


def test_one_person_with_three_roles_has_one_first_thing_to_do(campaign: Campaign, rosa: User, as_: As) -> None:
    join(campaign, rosa, Role.LABELER)
    join(campaign, rosa, Role.ADJUDICATOR)
    assert [css for _, css in links(as_(rosa))] == ["btn", "btn primary", "btn"]
    [notes] = elements(as_(rosa).get(reverse("home")), "span", class_="note")
    assert text_of(notes).startswith("You label, adjudicate and research here.")


def test_a_labeler_reads_no_figures_of_the_campaign(campaign: Campaign, lena: User, otto: User, as_: As) -> None:
    contest(campaign, lena, otto)
    [notes] = elements(as_(lena).get(reverse("home")), "span", class_="note")
    assert text_of(notes) == "You label here. 1 label of yours."


@pytest.mark.parametrize(
    ("state", "says"),
    [("paused", "Pairs come again once it is opened."), ("draft", "Labeling has not begun yet."), ("closed", "Labeling has ended here.")],
)
def test_a_campaign_that_gives_out_nothing_says_so(campaign: Campaign, lena: User, as_: As, state: str, says: str) -> None:
    Campaign.objects.update(state=state)
    assert links(as_(lena)) == []
    [notes] = elements(as_(lena).get(reverse("home")), "span", class_="note")
    assert text_of(notes).endswith(says)


def test_open_campaigns_come_first(lena: User, as_: As) -> None:
    for slug, state in (("a-closed", "closed"), ("b-paused", "paused"), ("c-open", "open"), ("a-open", "open")):
        make_campaign(slug, state=state, labelers=(lena,))
    names = [text_of(name) for name in elements(as_(lena).get(reverse("home")), "b")]
    assert names[1:5] == ["A-Open", "C-Open", "B-Paused", "A-Closed"]


@pytest.mark.parametrize(
    ("name", "heading", "leads_to"),
    [("eve", "Nothing is waiting for you", ""), ("olga", "You hold no role in a campaign", "people"), ("rosa", "No campaign of yours yet", "new-campaign")],
)
def test_who_has_no_campaign_reads_what_comes_next(eve: User, olga: User, rosa: User, as_: As, name: str, heading: str, leads_to: str) -> None:
    client = as_(User.objects.get(username=name))
    assert [text_of(found) for found in elements(client.get(reverse("home")), "h3")] == [heading]
    assert [href for href, _ in links(client)] == ([reverse(leads_to)] if leads_to else [])


def test_ten_campaigns_more_cost_no_query_more(campaign: Campaign, rosa: User, lena: User, as_: As) -> None:
    client = as_(rosa)
    join(campaign, rosa, Role.ADJUDICATOR)
    join(campaign, rosa, Role.LABELER)
    client.get(reverse("home"))
    with CaptureQueriesContext(connection) as before:
        client.get(reverse("home"))
    for _ in range(10):
        more = make_campaign(labelers=(rosa, lena))
        join(more, rosa, Role.RESEARCHER)
        join(more, rosa, Role.ADJUDICATOR)
        make_label(make_pair(more), lena)
    with CaptureQueriesContext(connection) as after:
        client.get(reverse("home"))
    assert len(after) == len(before)
