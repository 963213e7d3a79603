"""Texts are rendered before anybody asks for their pair, so that no answer takes longer for being the first."""

from __future__ import annotations

import time
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from labeling import importing, preparing, renderings, tasks
from labeling.models import Campaign, Preparation, Rendering
from labeling.rendering import RENDERER
from tests.builders import NOW, make_campaign, make_pair, make_prompt

As = Callable[[User], Client]


def prepare(campaign: Campaign) -> int:
    return preparing.prepare(campaign, until=time.monotonic() + 20)


def refuse(text: str) -> Any:
    raise AssertionError(f"rendered in a request: {text}")


def test_it_works(campaign: Campaign, lena: User, as_: As, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first labeler of a pair gets it with nothing left to render, the rubric neither."""
    pairs = [make_pair(campaign, prompt=make_prompt(messages=[turn("system", "Be brief."), turn("user", "And?")])) for _ in range(2)]
    assert prepare(campaign) == 3 + 2 * len(pairs)
    monkeypatch.setattr(renderings, "render_text", refuse)
    page = as_(lena).get(reverse("work", args=[campaign.slug])).content.decode()
    assert pairs[0].response_a.text in page


def turn(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def test_without_it_the_first_labeler_waits(campaign: Campaign, lena: User, as_: As, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    make_pair(campaign)
    monkeypatch.setattr(renderings, "render_text", refuse)
    with pytest.raises(AssertionError, match="rendered in a request"):
        as_(lena).get(reverse("work", args=[campaign.slug]))


def test_only_what_is_new_is_looked_at(campaign: Campaign) -> None:
    for _ in range(3):
        make_pair(campaign)
    assert prepare(campaign) == 10
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert prepare(campaign) == 0
    make_pair(campaign)
    assert prepare(campaign) == 3
    assert len(queries) <= 5


def test_a_campaign_of_many_pairs_is_rendered_in_parts(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "CHUNK", 2)
    pairs = [make_pair(campaign) for _ in range(5)]
    assert preparing.prepare(campaign, until=time.monotonic() - 1) == 0
    assert preparing.prepare_some(campaign) == 7
    assert Preparation.objects.get().reached == pairs[1].pk
    assert prepare(campaign) == 9
    assert Preparation.objects.get().reached == pairs[4].pk


def test_another_renderer_begins_again(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    make_pair(campaign)
    prepare(campaign)
    for module in (preparing, renderings):
        monkeypatch.setattr(module, "RENDERER", "another")
    assert prepare(campaign) == 4
    assert set(Rendering.objects.values_list("renderer", flat=True)) == {"another"}


def test_what_an_older_renderer_made_is_made_again_and_never_served(campaign: Campaign, lena: User, as_: As) -> None:
    pair = make_pair(campaign, a="The *new* answer.")
    key = renderings.key_of(pair.response_a.text)
    Rendering.objects.create(sha256=key, renderer="1", html="<p>an old rendering</p>", raw="an old rendering")
    page = as_(lena).get(reverse("work", args=[campaign.slug])).content.decode()
    assert "an old rendering" not in page
    assert "The <em>new</em> answer." in page
    assert Rendering.objects.get(sha256=key).renderer == RENDERER


def test_texts_that_many_pairs_share_are_rendered_once(campaign: Campaign) -> None:
    prompt = make_prompt("What is one plus one?")
    for number in range(3):
        make_pair(campaign, prompt=prompt, a="Two.", b=f"It is {number}.")
    assert prepare(campaign) == 6


def test_the_sweep_that_makes_pairs_renders_what_came_by_any_way(campaign: Campaign) -> None:
    file = BytesIO(b'{"id": "one", "prompt": "And?", "responses": [{"policy": "x", "text": "So."}, {"policy": "y", "text": "And so on."}]}')
    importing.import_pairs(file=file, campaign=campaign, by=None, at=NOW, register=True)
    closed = make_campaign(state="closed")
    make_pair(closed)
    tasks.make_pairs()
    assert Rendering.objects.count() == 4
    assert not Preparation.objects.filter(campaign=closed).exists()
