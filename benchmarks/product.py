"""The whole product at generating: rows queued in PostgreSQL, a message in Redis, a Celery worker, responses stored.

`benchmarks.generation` starts it as a process of its own, on servers of its own, and reads the figures that it prints.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from io import BytesIO
from pathlib import Path

import django
from django.core.management import call_command
from django.utils import timezone

from benchmarks.generation import PROMPTS, Speed
from config import embedded

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 1800
"""Seconds after which a run that is not over counts as broken."""


def prompt_lines(count: int) -> bytes:
    """Return that many different prompts as JSON Lines: the bundled ones, and then these again with a number at the end."""
    bundled = [json.loads(line)["messages"] for line in PROMPTS.read_text(encoding="utf-8").splitlines()]
    lines = []
    for number in range(count):
        *earlier, last = bundled[number % len(bundled)]
        again = f" ({number // len(bundled) + 1})" if number >= len(bundled) else ""
        lines.append(json.dumps({"prompt": [*earlier, {**last, "content": last["content"] + again}]}))
    return "\n".join(lines).encode()


def wait_for(done: int, run: GenerationRun) -> None:
    ends = time.monotonic() + LONGEST
    while run.requests.filter(status__in=["done", "failed"]).count() < done:
        if time.monotonic() > ends:
            raise TimeoutError(f"{run} is not over after {LONGEST} s")
        time.sleep(0.1)


def measure(options: argparse.Namespace) -> Speed:
    """Let a worker warm up on two prompts; then time a run from its start to its last response."""
    sampling = {"temperature": 0.8, "top_p": 0.95, "max_new_tokens": options.new_tokens}
    source = f"bench/{options.model.name}"
    a, b = (registering.register_policy(name=name, engine="hf", source=source, sampling=sampling, by=None, at=timezone.now()).policy for name in "ab")
    speeds = [timed(f"set-{count}", count, a, b) for count in (2, options.prompts // 2)]
    return speeds[-1]


def timed(name: str, prompts: int, a: Policy, b: Policy) -> Speed:
    at = timezone.now()
    prompt_set = importing.import_prompts(file=BytesIO(prompt_lines(prompts)), prompt_set=name, by=None, at=at).prompt_set
    started = time.monotonic()
    run = generating.start_run(prompt_set=prompt_set, policy_a=a, policy_b=b, seed=1, by=None, at=at)
    tasks.ring(run.pk)
    wait_for(2 * prompts, run)
    seconds = time.monotonic() - started
    tokens = [len(ids or []) for ids in Response.objects.filter(request__run=run).values_list("token_ids", flat=True)]
    return Speed("whole product", len(tokens), sum(tokens), seconds)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.product")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--prompts", type=int, required=True)
    parser.add_argument("--new-tokens", type=int, required=True)
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    worker = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "config",
            "worker",
            "-Q",
            "gpu",
            "--pool",
            "solo",
            "--without-gossip",
            "--without-mingle",
            "--loglevel",
            "warning",
        ],
        cwd=ROOT,
    )
    try:
        speed = measure(options)
    finally:
        worker.terminate()
        worker.wait(60)
    print(json.dumps({"responses": speed.responses, "tokens": speed.tokens, "seconds": speed.seconds}))
    return 0


if __name__ == "__main__":
    folder = Path(tempfile.mkdtemp(prefix="tiebreak-bench-"))
    os.environ.update(VAR_DIR=str(folder), DJANGO_SETTINGS_MODULE="config.settings", LOG_LEVEL="WARNING")
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    embedded.provide(folder)
    django.setup()
    from policies import generating, importing, registering, tasks
    from policies.models import GenerationRun, Policy, Response

    sys.exit(main())
