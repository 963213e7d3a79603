"""The first page of the desk is light: few bytes, few requests. Seconds are measured elsewhere; bytes are held here."""

from __future__ import annotations

import gzip
import random
import re
from collections.abc import Callable
from pathlib import Path

from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse

from accounts.models import User
from labeling.models import Campaign
from tests.builders import make_pair, make_prompt

As = Callable[[User], Client]
MOST_BYTES, MOST_REQUESTS = 40_000, 3
LETTERS = "etaoinshrdlu"


def text(characters: int, seed: int) -> str:
    draw = random.Random(seed)
    return " ".join("".join(draw.choices(LETTERS, k=5)) for _ in range(characters))[:characters]


def assets(page: str) -> list[str]:
    return re.findall(r'(?:<link rel="stylesheet" href|<script src)="/static/([^"]+)"', page)


def packed(name: str) -> int:
    return len(gzip.compress(Path(str(finders.find(name))).read_bytes(), 9))


def test_the_first_page_cold(campaign: Campaign, lena: User, as_: As) -> None:
    make_pair(campaign, a=text(1200, 1), b=text(1200, 2), prompt=make_prompt(text(300, 3)))
    answer = as_(lena).get(reverse("work", args=[campaign.slug]), headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    names = assets(gzip.decompress(answer.content).decode())
    assert 1 + len(names) <= MOST_REQUESTS
    assert len(answer.content) + sum(map(packed, names)) <= MOST_BYTES


def test_the_next_card_is_one_answer_of_its_own(campaign: Campaign, lena: User, as_: As) -> None:
    for number in range(2):
        make_pair(campaign, a=text(1200, number), b=text(1200, number + 2))
    desk = as_(lena)
    key = desk.get(reverse("work", args=[campaign.slug])).context["card"].key
    said = {"choice": "1", "submission_key": key}
    answer = desk.post(reverse("submit-label", args=[campaign.slug, key]), said, headers={"HX-Request": "true"})
    assert answer.context["card"].key != key
    assert assets(answer.content.decode()) == []
