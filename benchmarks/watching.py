"""A labeler at work whose every answer from the server is taken down, with what only the server knows of it."""

from __future__ import annotations

import gc
import random
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from django.urls import reverse

from benchmarks.blindness import Exchange, Finding, keys_of, look
from labeling.models import Assignment, Campaign
from policies.models import Policy

WORDS = (
    "the a model answers what it was asked and then some more of it in lists or in bold while others keep short and plain until they end".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Reply:
    """An answer as it came over the wire."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


class Wire(Protocol):
    """A way to ask the server as one person: a browser that is signed in, or a program with a token."""

    def get(self, path: str) -> Reply: ...

    def submit(self, path: str, said: Mapping[str, object], *, controls: str = "") -> Reply:
        """Send what was said; a browser also which controls are on its desk."""


@dataclass(frozen=True)
class Seen:
    """An answer that shows a pair: what pair, and what was answered to get it (empty: nothing)."""

    exchange: Exchange
    kind: str
    answered: str
    left: str
    """The policy that wrote what stands left."""


Tell = Callable[[Seen], bool]

GOLD = "gold on the screen"
LEFT = "the policy on the left"
QUESTIONS: dict[str, tuple[Tell, Tell]] = {
    GOLD: (lambda seen: seen.kind == "gold", lambda seen: seen.kind in ("gold", "work")),
    "gold answered": (lambda seen: seen.answered == "gold", lambda seen: seen.answered in ("gold", "work")),
    "a repeat on the screen": (lambda seen: seen.kind == "repeat", lambda seen: seen.kind in ("repeat", "work")),
    "a repeat answered": (lambda seen: seen.answered == "repeat", lambda seen: seen.answered in ("repeat", "work")),
    LEFT: (lambda seen: seen.left == "tuned", lambda seen: True),
}
"""What must not be told, and among which exchanges it is looked for."""


def told_apart(seen: Sequence[Seen], question: str, *, seed: int = 1, permutations: int = 2000) -> Finding:
    kind, among = QUESTIONS[question]
    chosen = [one for one in seen if among(one)]
    return look([one.exchange for one in chosen], [kind(one) for one in chosen], seed=seed, permutations=permutations)


def make_text(rng: random.Random, *, words: int = 120) -> str:
    """Markdown of a length that says nothing of who wrote it, or why it is here."""
    chosen = [rng.choice(WORDS) for _ in range(rng.randint(words // 2, words * 2))]
    breaks = {place: rng.choice(["\n\n", "\n- ", " **so** ", "\n\n> "]) for place in range(9, len(chosen), 10)}
    return "".join(word + breaks.get(place, " ") for place, word in enumerate(chosen)).strip()


@contextmanager
def steady() -> Iterator[None]:
    """Keep the collector out of what is timed."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


CONTROLS = re.compile(rb'data-controls="([0-9a-f]*)"')


class Watch:
    """One labeler at a campaign, by three ways in turn: the page, the answer to a submit, the API. What the desk has, it says, as its scripts do."""

    def __init__(self, campaign: Campaign, browser: Wire, program: Wire) -> None:
        self.campaign, self.browser, self.program = campaign, browser, program
        self.shown: Assignment | None = None
        self.controls = ""

    def walk(self, answers: int) -> list[Seen]:
        """Return what was seen in so many answers. A page is looked at again after each fourth."""
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
        return self.take_down("fragment", answered, lambda: self.browser.submit(address, said, controls=self.controls))

    def program_answers(self) -> Seen:
        key, answered = self.key_and_kind()
        said = {"choice": 1, "submission_key": str(uuid.uuid4()), "next": True}
        return self.take_down("api", answered, lambda: self.program.submit(reverse("api-label", args=[key]), said))

    def key_and_kind(self) -> tuple[uuid.UUID, str]:
        assert self.shown is not None
        return self.shown.key, self.shown.slot.kind

    def take_down(self, surface: str, answered: str, ask: Callable[[], Reply]) -> Seen:
        began = time.perf_counter()
        reply = ask()
        exchange = Exchange(surface, reply.status, reply.headers, reply.body, time.perf_counter() - began)
        assert reply.status == 200, (surface, reply)
        if found := CONTROLS.search(reply.body):
            self.controls = found[1].decode()
        # Row by row: what a test rolled back, no planner knows of, and a join over it may take minutes.
        self.shown = Assignment.objects.filter(key__in=keys_of(exchange)).latest("leased_at")
        return Seen(exchange, self.shown.slot.kind, answered, left_policy(self.shown).name)


def left_policy(assignment: Assignment) -> Policy:
    pair = assignment.pair
    return (pair.response_a if assignment.left_is_a else pair.response_b).policy
