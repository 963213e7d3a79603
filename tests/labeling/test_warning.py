"""A prompt of a class of risk is not shown without a warning, and may be passed on at no cost."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from labeling import drafting
from labeling.cards import is_risk
from labeling.models import Assignment, Campaign, Skip, Slot
from tests.builders import NOW, make_pair, make_prompt

As = Callable[[User], Client]


def test_it_works(campaign: Campaign, lena: User, as_: As) -> None:
    make_pair(campaign, a="dreadful", prompt=make_prompt("How?", slices={"risk": "violence"}))
    desk = as_(lena)
    page = desk.get(reverse("work", args=[campaign.slug]))
    assert "may be hard to read" in page.content.decode()
    assert not {"dreadful", "How?", "violence"} & set(page.content.decode().split())
    shown = desk.get(reverse("work", args=[campaign.slug]), {"shown": page.context["warned"].key})
    assert "dreadful" in shown.content.decode()


def test_passing_it_on_costs_nothing_and_leaves_it_to_others(campaign: Campaign, lena: User, otto: User, as_: As) -> None:
    make_pair(campaign, prompt=make_prompt(slices={"risk": "violence"}))
    quiet = make_pair(campaign)
    desk = as_(lena)
    key = desk.get(reverse("work", args=[campaign.slug])).context["warned"].key
    answer = desk.post(reverse("skip-pair", args=[campaign.slug, key]), {"reason": "passed"}, headers={"HX-Request": "true"})
    assert Assignment.objects.get(pk=answer.context["card"].key).pair == quiet
    assert Skip.objects.get().reason == "passed"
    assert Slot.objects.free().filter(pair__prompt__slices__risk="violence").count() == 2
    assert as_(otto).get(reverse("work", args=[campaign.slug])).context["warned"]


def test_who_has_begun_is_not_warned_again(campaign: Campaign, lena: User, as_: As) -> None:
    make_pair(campaign, prompt=make_prompt(slices={"risk": "violence"}))
    desk = as_(lena)
    key = desk.get(reverse("work", args=[campaign.slug])).context["warned"].key
    drafting.save(assignment=Assignment.objects.get(pk=key), said={"choice": "1"}, at=NOW)
    assert desk.get(reverse("work", args=[campaign.slug])).context["card"].key == key


def test_a_mistake_in_the_form_warns_nobody(campaign: Campaign, lena: User, as_: As) -> None:
    make_pair(campaign, prompt=make_prompt(slices={"risk": "violence"}))
    desk = as_(lena)
    key = desk.get(reverse("work", args=[campaign.slug])).context["warned"].key
    answer = desk.post(reverse("submit-label", args=[campaign.slug, key]), {"submission_key": str(uuid.uuid4())})
    assert (answer.status_code, answer.context["card"].key) == (422, key)


@pytest.mark.parametrize(
    ("risk", "is_one"), [("violence", True), ("High", True), ("none", False), (" Low ", False), ("sensitive", False), ("", False), (None, False)]
)
def test_what_is_a_risk(risk: str | None, is_one: bool) -> None:
    assert is_risk(risk) is is_one
