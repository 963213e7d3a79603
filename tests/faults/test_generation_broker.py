"""The broker forgets, or dies: the rows are the truth, and the sweep rings again."""

from __future__ import annotations

import time

import pytest

from policies.engines.echo import SLOW
from tests.faults.generation import celery_worker, check_once_each, is_over, make_slow_run, own_redis, statuses, sweeping
from tests.waiting import wait_until

pytestmark = [pytest.mark.commits, pytest.mark.slow]


def test_a_forgotten_doorbell_is_rung_again_by_the_sweep_and_by_nothing_else(committed_db: str) -> None:
    run = make_slow_run(["fine"] * 10)
    with own_redis() as broker, celery_worker(committed_db, broker.url):
        wait_until(lambda: bool(broker.client().client_list()[1:]), seconds=60)
        time.sleep(5)  # the worker is up, and nobody has rung: without the sweep the run would wait for ever
        assert statuses(run) == {"queued": 20}
        with sweeping(committed_db, broker.url):
            wait_until(lambda: is_over(run), seconds=60)
    check_once_each(run, stored=20)
    assert set(run.requests.values_list("attempt", flat=True)) == {1}


def test_flushing_the_broker_again_and_again_loses_nothing(committed_db: str) -> None:
    run = make_slow_run([SLOW] * 5)
    with own_redis() as broker, sweeping(committed_db, broker.url), celery_worker(committed_db, broker.url):
        for stored in (1, 4, 7):
            wait_until(lambda least=stored: statuses(run)["done"] >= least, seconds=60)  # type: ignore[misc]
            broker.client().flushall()
        wait_until(lambda: is_over(run), seconds=60)
        second = make_slow_run(["fine"] * 5)
        broker.client().flushall()
        wait_until(lambda: is_over(second), seconds=60)
    check_once_each(run, stored=10)
    check_once_each(second, stored=10)


def test_a_broker_that_is_killed_and_comes_back_empty_is_found_again(committed_db: str) -> None:
    run = make_slow_run([SLOW] * 5)
    with own_redis() as broker, sweeping(committed_db, broker.url), celery_worker(committed_db, broker.url):
        wait_until(lambda: statuses(run)["done"] > 0, seconds=60)
        broker.kill()
        time.sleep(2)
        broker.start()
        wait_until(lambda: is_over(run), seconds=60)
        second = make_slow_run(["fine"] * 5)
        wait_until(lambda: is_over(second), seconds=90)
    check_once_each(run, stored=10)
    check_once_each(second, stored=10)
