"""Row 14: what a labeler is served, looked through by a classifier for what tells gold, repeats, and the policy on the left. Beside it a leak is planted."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from typing import Any

import httpx
from django.conf import settings
from django.core.management import call_command
from django.test import Client

from accounts.models import User
from benchmarks.blindness import LEVEL
from benchmarks.inside import labelers
from benchmarks.instance import ROOT
from benchmarks.soak.judging import leave_the_database
from benchmarks.soak.labelers import Person
from benchmarks.soak.outcomes import Figure, Outcome, at_least, between, exactly
from benchmarks.soak.rig import Rig
from benchmarks.watching import GOLD, QUESTIONS, Reply, Seen, Watch, make_text, told_apart
from labeling import preparing
from labeling.models import Campaign

EXCHANGES, LABELERS = 4000, 4
GOLD_PERCENT, REPEAT_PERCENT = 34, 20
LOW, HIGH, LEAKY = 0.45, 0.55, 0.9
"""Areas under the curve: between the first two nothing is told, from the third on a planted leak is found."""
PAGES = 1.25
"""Exchanges an answer: a page is looked at again after each fourth."""
CSRF = "c" * 32


def row_14(rig: Rig, *, tenth: bool) -> Outcome:
    """At a tenth an area strays from a half by chance: it is asked whether chance alone may have done it."""
    exchanges, labelers = (EXCHANGES // 10, 1) if tenth else (EXCHANGES, LABELERS)
    seen = exchanges_at(rig.base, exchanges, labelers)
    with leaking(rig) as base:
        leaked = exchanges_at(base, exchanges // 4, 1)
    planted = told_apart(leaked, GOLD, permutations=0).auc
    figures = [unlikely(seen, question) if tenth else untold(seen, question) for question in QUESTIONS]
    what = f"{len(seen):,} exchanges of {labelers} labelers, page, answer and API"
    return Outcome(14, what, [at_least("exchanges", len(seen), exchanges), *figures, at_least("AUC of a planted leak", planted, LEAKY)])


def untold(seen: list[Seen], question: str) -> Figure:
    return between(f"AUC of {question}", told_apart(seen, question, permutations=0).auc, LOW, HIGH)


def unlikely(seen: list[Seen], question: str) -> Figure:
    return exactly(f"leaks of {question}", int(told_apart(seen, question).p <= LEVEL))


def exchanges_at(base: str, exchanges: int, labelers: int) -> list[Seen]:
    """Have labelers work through a new campaign, one after the other, and return what they were sent."""
    answers = round(exchanges / labelers / PAGES) + 1
    campaign, people = make_campaign(answers, labelers)
    preparing.prepare(campaign, until=time.monotonic() + 600)
    seen: list[Seen] = []
    for person in people:
        with signed_in(base, person) as browser, with_token(base, person) as program:
            seen += Watch(campaign, Served(browser, is_form=True), Served(program, is_form=False)).walk(answers)
    leave_the_database()
    return seen


def make_campaign(answers: int, labelers_wanted: int) -> tuple[Campaign, list[Person]]:
    """Import a campaign of two policies, about a third of what a labeler is shown gold, a fifth seen before. Each labels each pair."""
    slug, rng = f"blind-{uuid.uuid4().hex[:8]}", random.Random(14)
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        for number in range(answers):
            file.write(json.dumps(line(rng, number, is_gold=number * 100 < answers * (GOLD_PERCENT + 4))) + "\n")
        file.flush()
        call_command("import_pairs", file.name, campaign=slug, create=True, overlap=labelers_wanted, stdout=StringIO())
    Campaign.objects.filter(slug=slug).update(gold_percent=GOLD_PERCENT, repeat_percent=REPEAT_PERCENT)
    people = [Person(person["username"], person["token"]) for person in labelers(slug, str(labelers_wanted))]
    return Campaign.objects.get(slug=slug), people


def line(rng: random.Random, number: int, *, is_gold: bool) -> dict[str, Any]:
    responses = [{"policy": name, "text": make_text(rng)} for name in ("plain", "tuned")]
    gold = {"gold": {"verdict": "a", "why": "It answers."}} if is_gold else {}
    return {"id": f"pair-{number}", "prompt": f"{number}: {make_text(rng, words=30)}", "responses": responses} | gold


# ---- over the wire


@dataclass(frozen=True)
class Served:
    """A kept connection as a wire: a browser that sends forms as the desk does, or a program that sends JSON."""

    http: httpx.Client
    is_form: bool

    def get(self, path: str) -> Reply:
        return reply(self.http.get(path))

    def submit(self, path: str, said: Mapping[str, object], *, controls: str = "") -> Reply:
        if self.is_form:
            return reply(self.http.post(path, data=dict(said), headers={"HX-Request": "true", "Desk-Controls": controls}))
        return reply(self.http.post(path, json=dict(said)))


def reply(answer: httpx.Response) -> Reply:
    return Reply(answer.status_code, answer.headers.multi_items(), answer.content)


def signed_in(base: str, person: Person) -> httpx.Client:
    client = Client()
    client.force_login(User.objects.get(username=person.username))
    cookies = {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value, settings.CSRF_COOKIE_NAME: CSRF}
    return httpx.Client(base_url=base, cookies=cookies, headers={"X-CSRFToken": CSRF, "Origin": base}, timeout=60)


def with_token(base: str, person: Person) -> httpx.Client:
    return httpx.Client(base_url=base, headers={"Authorization": f"Bearer {person.token}"}, timeout=60)


@contextmanager
def leaking(rig: Rig) -> Iterator[str]:
    """Serve the product with the leak, beside the product, and yield its address."""
    port = int(rig.base.rpartition(":")[2]) + 1
    base = f"http://127.0.0.1:{port}"
    environment = {**os.environ, **rig.environment, "PORT": str(port)}
    argv = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "--log-level", "warning", "benchmarks.soak.leaky"]
    process = subprocess.Popen(argv, cwd=ROOT, env=environment, start_new_session=True)
    try:
        wait_for(base)
        yield base
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def wait_for(base: str, *, seconds: float = 60) -> None:
    ends = time.monotonic() + seconds
    while True:
        try:
            httpx.get(f"{base}/healthz").raise_for_status()
        except httpx.HTTPError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.1)
        else:
            return
