"""The doorbell of generation, and its sweep. A message carries a run's key; it may be lost or doubled, for the rows are the truth."""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial

from celery import current_app, shared_task
from celery.platforms import EX_FAILURE
from celery.worker import state
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from policies import generating
from policies.engines_for import Engines
from policies.models import GenerationRun
from policies.worker import Shift, name_of_this_process

log = logging.getLogger(__name__)

QUEUE = "gpu"
RING_AFTER = timedelta(seconds=10)
RING_LASTS = 60
"""Seconds. A sweep rings again anyway, and a worker that comes back after a week must not find a week of messages."""
MOST_RINGS = 100
engines = Engines()


@shared_task
def run_generation(run_pk: int) -> None:
    """Work on a run until nothing of it is queued. A process whose engine failed ends: what went wrong on a device stays for the process's life."""
    run = GenerationRun.objects.select_related("policy_a", "policy_b").filter(pk=run_pk).first()
    if run is None:
        log.warning("rung for run %s, which does not exist", run_pk)
        return
    try:
        stored = Shift(run, engines, name_of_this_process(), is_told_to_end).work()
    except Exception:
        log.exception("%s: the engine failed; this worker ends, and its successor goes on", run)
        state.should_stop = EX_FAILURE  # type: ignore[assignment]
    else:
        log.info("%s: %s responses stored", run, stored)


def is_told_to_end() -> bool:
    """Celery notes a signal to end in these, and would wait for the task, which may take hours."""
    # Each is None or False, or an exit code; and 0 is the code of a calm end.
    return any(flag is not None and flag is not False for flag in (state.should_stop, state.should_terminate))


def ring(run_pk: int) -> None:
    """Tell the gpu workers, once what was written is committed, that a run has something queued. It may fail: the sweep rings again."""
    transaction.on_commit(partial(publish, run_pk), robust=True)


def publish(run_pk: int, *, expires: float = 24 * 3600) -> bool:
    """Put the message into its queue; False, after some seconds at most, where the broker does not take it."""
    try:
        run_generation.apply_async((run_pk,), queue=QUEUE, expires=expires, retry=False)
    except (BrokerError, RedisError, OSError) as error:
        log.warning("the doorbell for run %s did not ring, the next sweep will: %s", run_pk, error)
        return False
    return True


@shared_task
def sweep() -> None:
    """Take back lapsed requests, and ring for what has been queued for a while: its message may be lost."""
    at = timezone.now()
    swept = generating.sweep(at=at)
    if swept.queued or swept.failed or swept.stopped:
        log.info("swept: %s queued again, %s failed for good, %s stopped", swept.queued, swept.failed, swept.stopped)
    waiting = generating.waiting_runs(at=at, longer_than=timedelta(0) if swept.queued else RING_AFTER)
    if waiting and messages_waiting() < MOST_RINGS:
        for run_pk in waiting:
            publish(run_pk, expires=RING_LASTS)


def messages_waiting() -> int:
    """Return how many messages wait for a gpu worker; 0 where the broker does not say."""
    try:
        with current_app.connection_for_read() as connection:
            return int(connection.default_channel.queue_declare(queue=QUEUE).message_count)  # type: ignore[attr-defined]
    except (BrokerError, RedisError, OSError) as error:
        log.warning("the broker does not say how many messages wait: %s", error)
        return 0
