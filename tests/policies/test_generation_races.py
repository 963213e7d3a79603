"""Claims, beats and sweeps at once, from real processes with real commits."""

from __future__ import annotations

import time

import pytest

from policies.models import GenerationRun, Response
from tests.faults.generation import Process, check_once_each, running
from tests.policies.rows import make_run

pytestmark = [pytest.mark.commits, pytest.mark.slow]

WORKERS = 4

# Claim three, wait a moment, end them; until nothing is left. All start at the same second.
CLAIMER = """
import django, sys, time
django.setup()
from django.utils import timezone
from policies import generating
from policies.models import GenerationRequest, GenerationRun
from tests.policies.rows import answer_to
run, name, start, naive = GenerationRun.objects.get(pk=int(sys.argv[1])), sys.argv[2], float(sys.argv[3]), sys.argv[4] == "naive"

def claim_naively():
    found = list(GenerationRequest.objects.queued().filter(run=run).order_by("pk")[:3])
    time.sleep(0.02)
    for request in found:
        request.status, request.worker, request.attempt, request.lease_ends_at = "running", name, request.attempt + 1, generating.lease_end(timezone.now())
        request.save()
    return found

def claim():
    return generating.claim(run=run, policies=[run.policy_a, run.policy_b], worker=name, limit=3, at=timezone.now())

time.sleep(max(0, start - time.time()))
claimed = []
while held := claim_naively() if naive else claim():
    claimed += [request.pk for request in held]
    generating.beat(worker=name, at=timezone.now())
    time.sleep(0.01)
    if naive:
        for request in held:  # one by one: two that hold the same ones would wait for each other
            GenerationRequest.objects.filter(pk=request.pk).update(status="done", finished_at=timezone.now())
    else:
        generating.finish(answered=[answer_to(request, name) for request in held], facts={}, at=timezone.now())
    generating.sweep(at=timezone.now())
print(*claimed, file=open(sys.argv[5], "w"))
"""


def race(run: GenerationRun, database: str, folder: str, *, how: str) -> list[list[int]]:
    """Have several processes claim at once; return what each of them claimed."""
    start = time.time() + 5
    files = [f"{folder}/{number}" for number in range(WORKERS)]
    with_each = [running("-c", CLAIMER, str(run.pk), f"w{number}", str(start), how, file, database=database) for number, file in enumerate(files)]
    processes: list[Process] = [one.__enter__() for one in with_each]
    assert [process.wait(90) for process in processes] == [0] * WORKERS
    return [[int(word) for word in open(file).read().split()] for file in files]  # noqa: SIM115


def test_no_request_is_claimed_twice_and_none_is_left(committed_db: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    run = make_run(60)
    claimed = race(run, committed_db, str(tmp_path_factory.mktemp("race")), how="as it is")
    assert sorted(sum(claimed, [])) == sorted(run.requests.values_list("pk", flat=True))
    assert sum(bool(one) for one in claimed) > 1
    assert set(run.requests.values_list("attempt", flat=True)) == {1}
    check_once_each(run, stored=120)
    texts = dict(Response.objects.values_list("request", "text"))
    assert all(texts[pk] == f"w{number}" for number, pks in enumerate(claimed) for pk in pks)


def test_reading_first_and_writing_then_claims_twice(committed_db: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The negative control of the test above."""
    run = make_run(60)
    claimed = race(run, committed_db, str(tmp_path_factory.mktemp("race")), how="naive")
    assert len(sum(claimed, [])) > 120
