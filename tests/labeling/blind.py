"""The watched labeler of the benchmarks, in one process with the product."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.test import Client

from accounts.models import User
from benchmarks.watching import Reply, Watch, make_text
from labeling import slotting
from labeling.models import Campaign, GoldItem, Pair
from policies.models import Policy
from tests.builders import NOW, make_campaign, make_pair, make_policy, make_prompt, make_token


@dataclass(frozen=True)
class InProcess:
    """Django's own client as a wire."""

    client: Client
    is_form: bool

    def get(self, path: str) -> Reply:
        return reply(self.client.get(path))

    def submit(self, path: str, said: Mapping[str, object], *, controls: str = "") -> Reply:
        if self.is_form:
            return reply(self.client.post(path, said, headers={"HX-Request": "true", "Desk-Controls": controls}))
        return reply(self.client.post(path, said, content_type="application/json"))


def reply(answer: Any) -> Reply:
    cookies = [("Set-Cookie", cookie.OutputString()) for cookie in answer.cookies.values()]
    return Reply(answer.status_code, [*answer.items(), *cookies], answer.content)


def watch(campaign: Campaign, labeler: User) -> Watch:
    browser, program = Client(), Client(headers={"Authorization": f"Bearer {make_token(labeler)}"})
    browser.force_login(labeler)
    return Watch(campaign, InProcess(browser, is_form=True), InProcess(program, is_form=False))


def make_watched_campaign(labeler: User, *, pairs: int, gold: int, **fields: Any) -> Campaign:
    """A campaign of two policies, of which about a third of what its labeler is shown is gold, and a fifth they had before."""
    campaign = make_campaign("watched", overlap=1, labelers=(labeler,), **{"gold_percent": 34, "repeat_percent": 20} | fields)
    for pair in make_pairs(campaign, gold, seed=14):
        GoldItem.objects.create(pair=pair, verdict="a", why="It answers.", added_at=NOW)
    add_work(campaign, pairs)
    return campaign


def add_work(campaign: Campaign, number: int) -> None:
    slotting.make_slots(make_pairs(campaign, number, seed=15 + campaign.pairs.count()), campaign)


def make_pairs(campaign: Campaign, number: int, *, seed: int) -> list[Pair]:
    """Pairs of the same two policies, without places, whose texts say nothing of what they are for."""
    rng = random.Random(seed)
    plain, tuned = (Policy.objects.filter(name=name).first() or make_policy(name) for name in ("plain", "tuned"))
    texts: list[dict[str, Any]] = [{"a": make_text(rng), "b": make_text(rng), "prompt": make_prompt(make_text(rng, words=30))} for _ in range(number)]
    return [make_pair(campaign, policies=(plain, tuned), slots=0, **fields) for fields in texts]
