"""The desk's controls stay from pair to pair: a desk that has them is not sent them again."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.safestring import SafeString

from accounts.models import User
from labeling import assigning, cards, drafting
from labeling.asks import Chip
from labeling.cards import Card, Criterion
from labeling.controls import controls_of
from labeling.models import Assignment, Campaign, Label
from labeling.reopening import Reopenable
from tests.builders import make_pair

As = Callable[[User], Client]


def sent(desk: Client, campaign: Campaign, key: str, *, has: str = "", **said: str) -> Any:
    """Submit as the desk does."""
    form = {"choice": "2", "submission_key": str(uuid.uuid4())} | said
    return desk.post(reverse("submit-label", args=[campaign.slug, key]), form, headers={"HX-Request": "true", "Desk-Controls": has})


@pytest.fixture
def page(campaign: Campaign, lena: User, as_: As) -> Any:
    for number in range(3):
        make_pair(campaign, a=f"first {number}", b=f"second {number}")
    return as_(lena).get(reverse("work", args=[campaign.slug]))


def test_it_works(campaign: Campaign, lena: User, as_: As, page: Any) -> None:
    """What comes is the next pair, with what its controls are sent with; each of it stores a label."""
    desk, has, key = as_(lena), page.context["controls"], page.context["card"].key
    assert f'data-controls="{has}"' in page.content.decode()
    for _ in range(2):
        answer = sent(desk, campaign, key, has=has)
        body, card = answer.content.decode(), answer.context["card"]
        assert "data-bare" in body
        assert "first" in body
        assert not any(part in body for part in ('class="decide"', 'name="choice"', 'id="rubric"', 'id="help"'))
        assert f'data-at="{reverse("reopened", args=[campaign.slug, card.key])}" data-label="{card.submission_key}" data-words="{card.words_key}"' in body
        key = card.key
    assert Label.objects.count() == 2


@pytest.mark.parametrize("has", ["", "0123456789abcdef"])
def test_who_has_none_or_others_gets_them(campaign: Campaign, lena: User, as_: As, page: Any, has: str) -> None:
    body = sent(as_(lena), campaign, page.context["card"].key, has=has).content.decode()
    assert "data-bare" not in body
    assert 'class="decide"' in body


def test_a_page_has_them_whatever_is_said(campaign: Campaign, lena: User, as_: As, page: Any) -> None:
    again = as_(lena).get(reverse("work", args=[campaign.slug]), headers={"Desk-Controls": page.context["controls"]})
    assert 'class="decide"' in again.content.decode()


def test_controls_with_something_in_them_are_their_pairs_alone(campaign: Campaign, lena: User, as_: As, page: Any) -> None:
    """Else what was typed on one pair would stand on the next."""
    key = page.context["card"].key
    drafting.save(assignment=Assignment.objects.get(pk=key), said={"choice": "3"}, at=timezone.now())
    again = as_(lena).get(reverse("work", args=[campaign.slug]))
    assert (again.context["card"].key, again.context["controls"]) == (key, "")
    assert 'data-controls=""' in again.content.decode()


def test_a_mistake_comes_with_its_controls(campaign: Campaign, lena: User, as_: As, page: Any) -> None:
    answer = sent(as_(lena), campaign, page.context["card"].key, has=page.context["controls"], choice="9")
    assert (answer.status_code, 'class="decide"' in answer.content.decode()) == (422, True)
    assert 'data-controls=""' in answer.content.decode()


OTHERS: dict[str, dict[str, Any]] = {
    "another campaign": {"campaign_slug": "other"},
    "another wording": {"rubric_number": 2},
    "a rubric of other words": {"rubric_html": SafeString("<p>Other</p>")},
    "other reasons": {"reasons": (Chip("tone", "Tone", "t"),)},
    "other criteria": {"criteria": (Criterion("criterion-tone", "Tone", ""),)},
    "a rationale is asked for": {"rationale_required": True},
    "of some length": {"rationale_minimum": 20},
}
OWN: dict[str, dict[str, Any]] = {
    "texts": {"left_html": SafeString("<p>other</p>"), "prompt_html": SafeString("<p>other</p>")},
    "keys": {"key": str(uuid.uuid4()), "submission_key": str(uuid.uuid4()), "words_key": str(uuid.uuid4())},
    "a count": {"done_today": 7},
    "a way back": {"undo": Reopenable(uuid.UUID(int=7), 100)},
    "a warning": {"is_flagged": True},
}


@pytest.fixture
def card(campaign: Campaign, lena: User) -> Card:
    make_pair(campaign)
    assignment = assigning.next_for(campaign, lena, at=timezone.now())
    assert assignment is not None
    return cards.card_for(assignment, campaign, at=timezone.now())


@pytest.mark.parametrize("fields", OTHERS.values(), ids=list(OTHERS))
def test_what_the_controls_show_makes_them_others(card: Card, fields: dict[str, Any]) -> None:
    assert controls_of(replace(card, **fields)) != controls_of(card) != ""


@pytest.mark.parametrize("fields", OWN.values(), ids=list(OWN))
def test_what_is_a_pairs_own_does_not(card: Card, fields: dict[str, Any]) -> None:
    assert controls_of(replace(card, **fields)) == controls_of(card)


def test_another_language_has_others(card: Card) -> None:
    english = controls_of(card)
    with translation.override("es"):
        assert controls_of(card) != english
