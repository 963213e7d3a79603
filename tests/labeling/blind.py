"""A labeler at work whose every answer from the server is taken down, with what only the server knows of it."""

from __future__ import annotations

import gc
import random
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.test import Client
from django.urls import reverse

from accounts.models import User
from benchmarks.blindness import Exchange, keys_of
from labeling import slotting
from labeling.models import Assignment, Campaign, GoldItem, Pair
from policies.models import Policy
from tests.builders import NOW, make_campaign, make_pair, make_policy, make_prompt, make_token

WORDS = (
    "the a model answers what it was asked and then some more of it in lists or in bold while others keep short and plain until they end".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Seen:
    """An answer that shows a pair: what pair, and what was answered to get it (empty: nothing)."""

    exchange: Exchange
    kind: str
    answered: str
    left: str
    """The policy that wrote what stands left."""


def make_text(rng: random.Random, *, words: int = 120) -> str:
    """Markdown of a length that says nothing of who wrote it, or why it is here."""
    chosen = [rng.choice(WORDS) for _ in range(rng.randint(words // 2, words * 2))]
    breaks = {place: rng.choice(["\n\n", "\n- ", " **so** ", "\n\n> "]) for place in range(9, len(chosen), 10)}
    return "".join(word + breaks.get(place, " ") for place, word in enumerate(chosen)).strip()


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


@contextmanager
def steady() -> Iterator[None]:
    """Keep the collector out of what is timed."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class Watch:
    """One labeler at a campaign, by three ways in turn: the page, the answer to a submit, the API."""

    def __init__(self, campaign: Campaign, labeler: User) -> None:
        self.campaign, self.labeler = campaign, labeler
        self.browser, self.program = Client(), Client(headers={"Authorization": f"Bearer {make_token(labeler)}"})
        self.browser.force_login(labeler)
        self.shown: Assignment | None = None

    def walk(self, answers: int) -> list[Seen]:
        seen = [self.page()]
        with steady():
            for number in range(answers):
                seen.append(self.program_answers() if number % 2 else self.browser_answers())
                if number % 4 == 3:
                    seen.append(self.page())
        return seen

    def page(self) -> Seen:
        return self.take_down("page", "", lambda: self.browser.get(reverse("work", args=[self.campaign.slug])))

    def browser_answers(self) -> Seen:
        key, answered = self.key_and_kind()
        said = {"choice": "1", "submission_key": str(uuid.uuid4()), "active_seconds": "12.5"}
        address = reverse("submit-label", args=[self.campaign.slug, key])
        return self.take_down("fragment", answered, lambda: self.browser.post(address, said, headers={"HX-Request": "true"}))

    def program_answers(self) -> Seen:
        key, answered = self.key_and_kind()
        said = {"choice": 1, "submission_key": str(uuid.uuid4()), "next": True}
        return self.take_down("api", answered, lambda: self.program.post(reverse("api-label", args=[key]), said, content_type="application/json"))

    def key_and_kind(self) -> tuple[uuid.UUID, str]:
        assert self.shown is not None
        return self.shown.key, self.shown.slot.kind

    def take_down(self, surface: str, answered: str, ask: Callable[[], Any]) -> Seen:
        began = time.perf_counter()
        answer = ask()
        exchange = taken_down(surface, answer, time.perf_counter() - began)
        assert answer.status_code == 200, answer.content
        # Row by row: what a test rolled back, no planner knows of, and a join over it may take minutes.
        self.shown = Assignment.objects.filter(key__in=keys_of(exchange)).latest("leased_at")
        return Seen(exchange, self.shown.slot.kind, answered, left_policy(self.shown).name)


def taken_down(surface: str, answer: Any, seconds: float) -> Exchange:
    cookies = [("Set-Cookie", cookie.OutputString()) for cookie in answer.cookies.values()]
    return Exchange(surface, answer.status_code, [*answer.items(), *cookies], answer.content, seconds)


def left_policy(assignment: Assignment) -> Policy:
    pair = assignment.pair
    return (pair.response_a if assignment.left_is_a else pair.response_b).policy
