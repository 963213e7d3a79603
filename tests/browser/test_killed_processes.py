"""kill -9 of the demo's gpu worker in the middle of a run, then of its Redis: every response exists exactly once afterwards, without a hand."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable

import pytest

from tests.browser.demo import PATIENCE, Demo

STANDS = """
import json
from django.db import connection, transaction
from policies.models import GenerationRequest as R, Response
with transaction.atomic():
    connection.cursor().execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    ids = {status: sorted(R.objects.filter(status=status).values_list("pk", flat=True)) for status in ("queued", "running", "done", "failed")}
    print(json.dumps({**ids, "answered": sorted(Response.objects.values_list("request", flat=True))}))
"""


def stands(demo: Demo) -> dict[str, list[int]]:
    """The run's requests by status, and those of the responses, as they are at one moment."""
    told: dict[str, list[int]] = json.loads(demo.manage("shell", "-v0", "-c", STANDS))
    return told


def wait_until(demo: Demo, is_so: Callable[[dict[str, list[int]]], bool]) -> dict[str, list[int]]:
    ends = time.monotonic() + 2 * PATIENCE
    while not is_so(now := stands(demo)):
        assert time.monotonic() < ends, now
        time.sleep(3)
    return now


def kill(demo: Demo, *words: str) -> None:
    victims = demo.processes(*words)
    assert victims, words
    for victim in victims:
        os.kill(victim, signal.SIGKILL)


@pytest.mark.slow
def test_every_response_exists_once_after_the_worker_and_the_broker_were_killed(demo: Demo) -> None:
    """What each of them had in hand when it was killed, and all the rest of the run."""
    before = wait_until(demo, lambda now: bool(now["done"] and now["running"]))
    assert before["queued"], "the run was over before anything could be killed"
    kill(demo, "celery", "gpu")
    between = wait_until(demo, lambda now: len(now["done"]) > len(before["done"]) and bool(now["running"]))
    kill(demo, "redis-server")
    after = wait_until(demo, lambda now: not now["queued"] and not now["running"])
    everything = sorted(id for status in before.keys() - {"answered"} for id in before[status])
    assert {*before["running"], *between["running"]} <= set(after["done"])
    assert (after["failed"], after["done"], after["answered"]) == ([], everything, everything)
    demo.manage("check_standings")
