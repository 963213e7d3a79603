"""kill -9 of the demo's gpu worker in the middle of a run, then of its Redis: every response exists exactly once afterwards, without a hand."""

from __future__ import annotations

import json
import os
import signal
import time

import pytest

from tests.browser.demo import PATIENCE, Demo

COUNTS = """
import json
from policies.models import GenerationRequest as R, Response
print(json.dumps({"all": R.objects.count(), "done": R.objects.filter(status="done").count(), "failed": R.objects.filter(status="failed").count(),
  "responses": Response.objects.count(), "answered": Response.objects.values("request").distinct().count()}))
"""


def counts(demo: Demo) -> dict[str, int]:
    told: dict[str, int] = json.loads(demo.manage("shell", "-v0", "-c", COUNTS))
    return told


def wait_until_done(demo: Demo, wanted: int) -> dict[str, int]:
    ends = time.monotonic() + 2 * PATIENCE
    while (now := counts(demo))["done"] < wanted:
        assert time.monotonic() < ends, now
        time.sleep(3)
    return now


def kill(demo: Demo, *words: str) -> None:
    victims = demo.processes(*words)
    assert victims, words
    for victim in victims:
        os.kill(victim, signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.xdist_group("demo")
def test_every_response_exists_once_after_the_worker_and_the_broker_were_killed(demo: Demo) -> None:
    before = wait_until_done(demo, 1)
    assert before["done"] < before["all"], "the run was over before anything could be killed"
    kill(demo, "celery", "gpu")
    wait_until_done(demo, before["done"] + 1)
    kill(demo, "redis-server")
    after = wait_until_done(demo, before["all"])
    assert after == {"all": before["all"], "done": before["all"], "failed": 0, "responses": before["all"], "answered": before["all"]}
    demo.manage("check_standings")
