"""The doorbell and the sweep: what rings, what may fail, and for how long."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
from datetime import timedelta

import pytest
from celery.worker import state
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from policies import generating, tasks
from policies.models import GenerationRequest
from tests.builders import make_prompt, make_prompt_set
from tests.policies.rows import claim, counts, make_echo, make_run
from tests.serving import ROOT

pytestmark = pytest.mark.django_db


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The runs that were published."""
    rung: list[int] = []

    def publish(run_pk: int, **_: float) -> bool:
        rung.append(run_pk)
        return True

    monkeypatch.setattr(tasks, "publish", publish)
    monkeypatch.setattr(tasks, "messages_waiting", lambda: 0)
    return rung


def test_it_works() -> None:
    run = make_run(2)
    tasks.run_generation(run.pk)
    assert counts(run) == {"done": 4}


def test_a_message_for_a_run_that_is_not_there_does_nothing(caplog: pytest.LogCaptureFixture) -> None:
    tasks.run_generation(999_999)
    assert [record.message for record in caplog.records] == ["rung for run 999999, which does not exist"]


def test_a_doubled_message_finds_nothing_to_do() -> None:
    run = make_run(1)
    tasks.run_generation(run.pk)
    tasks.run_generation(run.pk)
    assert counts(run) == {"done": 2}
    assert set(run.requests.values_list("attempt", flat=True)) == {1}


def test_a_worker_whose_engine_failed_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "should_stop", None)
    prompt_set, policy = make_prompt_set(), make_echo()
    make_prompt("[[break]]", prompt_set=prompt_set)
    run = make_run(0, prompt_set=prompt_set, a=policy, b=policy)
    tasks.run_generation(run.pk)
    assert state.should_stop == 1
    assert counts(run) == {"queued": 2}


@pytest.mark.parametrize(("flag", "told"), [(None, False), (False, False), (0, True), (1, True), (True, True)])
def test_a_calm_end_has_the_code_zero(flag: object, told: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "should_terminate", None)
    monkeypatch.setattr(state, "should_stop", flag)
    assert tasks.is_told_to_end() is told


# ---- the doorbell -----------------------------------------------------------------------------------------------


def test_it_rings_once_what_was_written_is_committed(heard: list[int], django_capture_on_commit_callbacks: object) -> None:
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        with transaction.atomic():
            tasks.ring(7)
        assert heard == []
    assert heard == [7]


@pytest.mark.parametrize("error", [BrokerError("gone"), ConnectionRefusedError(), TimeoutError()])
def test_it_may_fail(error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(tasks.run_generation, "apply_async", fail)
    with caplog.at_level(logging.WARNING):
        assert tasks.publish(7) is False
    assert "the doorbell for run 7 did not ring" in caplog.text


AWAY = """
import django, time
django.setup()
from policies import tasks
started = time.monotonic()
assert tasks.publish(7) is False
assert tasks.messages_waiting() == 0
print(time.monotonic() - started)
"""


def test_a_broker_that_never_answers_holds_nobody_for_long() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=16) as hole:
        environment = {**os.environ, "REDIS_URL": f"redis://127.0.0.1:{hole.getsockname()[1]}/0", "DJANGO_SETTINGS_MODULE": "tests.settings"}
        ended = subprocess.run([sys.executable, "-c", AWAY], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    assert float(ended.stdout) < 30


# ---- the sweep --------------------------------------------------------------------------------------------------


def test_the_sweep_rings_for_what_waits_and_lets_the_rest_be(heard: list[int]) -> None:
    at = timezone.now()
    forgotten, fresh, done = make_run(1), make_run(1), make_run(1)
    GenerationRequest.objects.filter(run=fresh).update(queued_at=at)
    tasks.run_generation(done.pk)
    tasks.sweep()
    assert heard == [forgotten.pk]


def test_the_sweep_rings_at_once_for_what_it_took_back(heard: list[int]) -> None:
    run = make_run(1)
    claim(run, at=timezone.now() - timedelta(minutes=2))
    tasks.sweep()
    assert counts(run) == {"queued": 2}
    assert heard == [run.pk]


def test_the_sweep_does_not_pile_messages_up(heard: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    make_run(1)
    monkeypatch.setattr(tasks, "messages_waiting", lambda: tasks.MOST_RINGS)
    tasks.sweep()
    assert heard == []


def test_a_broker_that_is_away_does_not_keep_the_sweep_from_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise BrokerError("gone")

    run = make_run(1)
    claim(run, at=timezone.now() - timedelta(minutes=2))
    monkeypatch.setattr(tasks, "messages_waiting", lambda: 0)
    monkeypatch.setattr(tasks.run_generation, "apply_async", fail)
    tasks.sweep()
    assert counts(run) == {"queued": 2}
    assert generating.waiting_runs(at=timezone.now(), longer_than=timedelta(0)) == [run.pk]
