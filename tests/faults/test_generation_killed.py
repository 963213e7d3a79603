"""A worker is killed or stands still in the middle of a run: every response exists exactly once afterwards, without a hand."""

from __future__ import annotations

import os
import signal
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from policies import generating
from policies.engines.echo import CRASH, SLOW
from policies.models import GenerationRun, Response
from tests.faults.generation import answering, celery_worker, check_once_each, is_over, kill, make_slow_run, own_redis, statuses, sweeping
from tests.policies.rows import claim, finish, make_run
from tests.waiting import wait_until

pytestmark = [pytest.mark.commits, pytest.mark.slow]


def in_the_middle(run: GenerationRun) -> bool:
    found = statuses(run)
    return found["done"] > 0 and found["running"] > 0


def test_a_gpu_worker_killed_in_the_middle_of_a_run_loses_nothing_and_makes_nothing_twice(committed_db: str) -> None:
    run = make_slow_run([SLOW] * 6)
    with own_redis() as broker, sweeping(committed_db, broker.url):
        with celery_worker(committed_db, broker.url) as worker:
            wait_until(lambda: in_the_middle(run), seconds=60)
            kill(worker)
        assert statuses(run)["running"] > 0
        with celery_worker(committed_db, broker.url, name="next"):
            wait_until(lambda: is_over(run), seconds=120)
    check_once_each(run, stored=12)
    assert run.requests.filter(attempt=2).exists()
    assert len(set(run.requests.values_list("worker", flat=True))) == 2


def test_without_a_sweep_what_a_killed_worker_held_is_lost(committed_db: str) -> None:
    """The negative control of the test above."""
    run = make_slow_run([SLOW] * 6)
    with answering(run, committed_db) as worker:
        wait_until(lambda: in_the_middle(run), seconds=60)
        kill(worker)
    lost = statuses(run)["running"]
    with answering(run, committed_db) as worker:
        worker.wait(60)
    time.sleep(4)  # every lease has ended
    assert statuses(run) == {"done": 12 - lost, "running": lost}
    assert lost > 0


def test_a_process_killed_at_every_fifth_request_ends_the_run_all_the_same(committed_db: str) -> None:
    run = make_slow_run([SLOW] * 10)
    deaths = 0
    while not is_over(run):
        stored = statuses(run)["done"]
        with answering(run, committed_db) as worker:
            wait_until(lambda least=stored + 4: is_over(run) or statuses(run)["done"] >= least, seconds=60)  # type: ignore[misc]
            time.sleep(0.1)  # into the next request
            kill(worker)
        deaths += 1
        generating.sweep(at=timezone.now() + timedelta(minutes=1))
    assert deaths >= 4
    check_once_each(run, stored=20)


def test_a_worker_that_stands_still_is_replaced_and_its_late_answers_are_thrown_away(committed_db: str) -> None:
    run = make_slow_run([SLOW] * 4)
    with answering(run, committed_db) as first, own_redis() as broker, sweeping(committed_db, broker.url):
        wait_until(lambda: in_the_middle(run), seconds=60)
        os.killpg(first.pid, signal.SIGSTOP)
        wait_until(lambda: statuses(run)["running"] == 0, seconds=30)
        with answering(run, committed_db) as second:
            assert second.wait(90) == 0
        check_once_each(run, stored=8)
        held = dict(Response.objects.values_list("request", "text"))
        os.killpg(first.pid, signal.SIGCONT)
        assert first.wait(60) == 0
    check_once_each(run, stored=8)
    assert dict(Response.objects.values_list("request", "text")) == held
    assert len(set(run.requests.values_list("worker", flat=True))) == 2


def test_a_worker_whose_database_connections_are_cut_again_and_again_goes_on(committed_db: str) -> None:
    run = make_slow_run([SLOW] * 4)
    with answering(run, committed_db) as worker:
        for stored in (1, 3, 5):
            wait_until(lambda least=stored: statuses(run)["done"] >= least, seconds=60)  # type: ignore[misc]
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()", [committed_db])
        assert worker.wait(60) == 0
    check_once_each(run, stored=8)
    assert set(run.requests.values_list("attempt", flat=True)) == {1}


def test_without_the_token_a_late_twin_is_stored_twice(committed_db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: neither the guard on `attempt` nor the constraint behind it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint WHERE conrelid = 'policies_response'::regclass AND contype = 'u'")
        for (name,) in cursor.fetchall():
            cursor.execute(f'ALTER TABLE policies_response DROP CONSTRAINT "{name}"')
    run, at = make_run(1), timezone.now()
    late = claim(run, worker="late", at=at)
    generating.sweep(at=at + timedelta(minutes=2))
    twins = [*claim(run, limit=1, worker="next", at=at), *claim(run, limit=1, worker="next", at=at)]
    monkeypatch.setattr(generating, "CLOSE", generating.CLOSE.replace("AND request.attempt = mine.attempt AND request.status IN ('running', 'queued')", ""))
    assert (finish(twins), finish(late)) == (2, 2)
    assert Response.objects.count() == 4


def test_a_poisonous_prompt_fails_after_three_attempts_with_a_reason_and_takes_nobody_with_it(committed_db: str) -> None:
    run = make_slow_run(["fine"] * 4 + [CRASH] + ["fine"] * 5)
    deaths = 0
    while not is_over(run):
        with answering(run, committed_db) as worker:
            deaths += worker.wait(60) == -signal.SIGKILL
        generating.sweep(at=timezone.now() + timedelta(minutes=1))
        assert deaths < 20
    assert deaths == 1 + 2 * 2  # once with all the rest of its batch, then twice alone, for each of the two requests
    check_once_each(run, stored=18)
    failed = set(run.requests.filter(status="failed").values_list("attempt", "error"))
    assert failed == {(3, "its worker died or made no progress; that was the third attempt")}
    assert statuses(run) == {"done": 18, "failed": 2}
    assert max(run.requests.filter(status="done").values_list("attempt", flat=True)) == 2
