"""Nothing but the texts tells a labeler what a pair is for, or who wrote what. Row 14, at a tenth of its size."""

from __future__ import annotations

import random
import time
from collections import Counter
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.models import User
from benchmarks.blindness import LEVEL, Exchange, auc, look
from benchmarks.watching import GOLD, QUESTIONS, Seen, Watch, told_apart
from labeling import preparing
from labeling.models import Assignment
from tests.labeling.blind import add_work, make_watched_campaign, watch

EXCHANGES = 400
"""Of 4,000 that `make soak` looks at."""
WORK = 180
"""Pairs that are more than enough for them."""


@pytest.mark.slow
def test_nothing_but_the_texts_tells_what_a_pair_is_for(lena: User) -> None:
    """A blind product is taken for a leaky one once in a thousand questions: what is found is looked for again, in new exchanges."""
    campaign = make_watched_campaign(lena, pairs=WORK, gold=60)
    watched = watch(campaign, lena)
    seen = walk(watched)
    assert min(Counter(one.kind for one in seen).values()) > EXCHANGES // 10
    suspected = [name for name in QUESTIONS if told_apart(seen, name).p <= LEVEL]
    if suspected:
        add_work(campaign, WORK)
        again = walk(watched)
        found = {name: told_apart(again, name) for name in suspected}
        assert {name: told for name, told in found.items() if told.p <= LEVEL} == {}


def walk(watched: Watch) -> list[Seen]:
    """Everything is rendered ahead, as the sweep does, and counted: else a lease is planned for what other tests left. A page is looked at again after each
    fourth answer.
    """
    preparing.prepare(watched.campaign, until=time.monotonic() + 600)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    seen = watched.walk(EXCHANGES * 4 // 5)
    assert len(seen) > EXCHANGES
    return seen


def test_a_leak_in_the_product_is_found(lena: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: whatever shows gold says so in a header."""
    campaign = make_watched_campaign(lena, pairs=70, gold=30)

    def render_and_tell(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        answer = render(request, template, context)
        answer["X-Queue"] = Assignment.objects.get(key=context["card"].key).slot.kind
        return answer

    monkeypatch.setattr("labeling.views.work.render", render_and_tell)
    seen = [one for one in watch(campaign, lena).walk(100) if one.exchange.surface != "api"]
    told = told_apart(seen, GOLD)
    assert (told.auc >= 0.9, told.p <= LEVEL) == (True, True), told
    assert "x-queue" in told.telling[0]


# ---- the classifier itself -----------------------------------------------------------------------------------------


def page(rng: random.Random, *, text: str = "", tell: str = "", version: str = "", **fields: Any) -> Exchange:
    """A small page such as the desk's, with a key, a text, and what `tell` plants before it."""
    digits = f"{rng.getrandbits(128):032x}"
    key = f"{digits[:8]}-{digits[8:12]}-{version or digits[12]}{digits[13:16]}-{digits[16:20]}-{digits[20:]}"
    text = text or "".join(rng.choice(["<p>words</p>", "<ul><li>more</li></ul>", "plain "]) for _ in range(rng.randint(3, 30)))
    form = f'<form action="/c/x/work/{key}/label"><input value="{key}"></form>'
    body = f'<main id="desk">{tell}{form}<div class="prose cooked">{text}</div><p>{rng.randint(1, 99)} today</p></main>'
    headers = fields.pop("headers", [("Content-Type", "text/html"), ("Vary", "Cookie"), ("Content-Length", str(len(body)))])
    return Exchange("page", fields.pop("status", 200), headers, body.encode(), fields.pop("seconds", rng.lognormvariate(-4, 0.4)))


PLANTED: dict[str, dict[str, Any]] = {
    "a status": {"status": 203},
    "a header": {"headers": [("Content-Type", "text/html"), ("Vary", "Cookie"), ("X-Kind", "gold")]},
    "the order of headers": {"headers": [("Vary", "Cookie"), ("Content-Type", "text/html")]},
    "the time": {"seconds": 0.2},
    "an element": {"tell": "<i></i>"},
    "a class": {"tell": '<b class="g"></b>'},
    "a word": {"tell": "<b>gold</b>"},
    "a comment": {"tell": "<!-- g -->"},
    "white space": {"tell": " "},
    "the form of a key": {"version": "4"},
}
PLAIN = {"a class": {"tell": '<b class="w"></b>'}, "a word": {"tell": "<b>work</b>"}, "an element": {"tell": "<b></b>"}}


@pytest.mark.parametrize("planted", PLANTED)
def test_each_kind_of_tell_is_found(planted: str) -> None:
    rng = random.Random(5)
    kinds = [rng.random() < 0.3 for _ in range(200)]
    exchanges = [page(rng, **(PLANTED[planted] if kind else PLAIN.get(planted, {}))) for kind in kinds]
    told = look(exchanges, kinds, seed=5, permutations=0)
    assert told.auc >= 0.9, told


def test_texts_are_no_tell() -> None:
    """However different they are: a labeler is there to read them."""
    rng = random.Random(6)
    kinds = [rng.random() < 0.3 for _ in range(200)]
    told = look([page(rng, text="<h3>Long</h3>" * 99 if kind else "short") for kind in kinds], kinds, seed=6)
    assert told.p > LEVEL, told


def test_answers_of_the_api_are_taken_down_without_their_texts() -> None:
    rng = random.Random(7)
    kinds = [rng.random() < 0.3 for _ in range(200)]

    def answer(kind: bool, tell: str = "") -> Exchange:
        body = f'{{"surplus":false,"next":{{"key":"k"{tell},"left":"{"long " * rng.randint(1, 99)}","right":"{"gold" if kind else "work"}"}}}}'
        return Exchange("api", 200, [("Content-Type", "application/json")], body.encode(), rng.lognormvariate(-4, 0.4))

    assert look([answer(kind) for kind in kinds], kinds, seed=7).p > LEVEL
    told = look([answer(kind, ',"queue":1' if kind else "") for kind in kinds], kinds, seed=7, permutations=0)
    assert told.auc >= 0.9, told


def test_the_area_is_that_of_the_ranks() -> None:
    assert auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True])) == 0.75
    assert auc(np.array([1.0, 1.0, 1.0, 1.0]), np.array([False, False, True, True])) == 0.5
    assert auc(np.array([3.0, 4.0, 1.0, 2.0]), np.array([False, False, True, True])) == 0.0


def test_it_says_so_where_there_is_too_little_to_tell() -> None:
    rng = random.Random(8)
    with pytest.raises(ValueError, match="9 of 50 exchanges are of the kind"):
        look([page(rng) for _ in range(50)], [place < 9 for place in range(50)], seed=8)
