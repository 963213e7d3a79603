"""The Celery application. The row is the truth, the broker is a doorbell: JSON ids only, no results kept."""

from __future__ import annotations

import os

from celery import Celery
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def broker_url(redis_url: str) -> str:
    """Say a `unix:///path?db=0` address the way Celery's transport wants it; leave every other address alone."""
    path, _, query = redis_url.removeprefix("unix://").partition("?")
    return f"redis+socket://{path}?virtual_host={query.removeprefix('db=') or 0}" if redis_url.startswith("unix://") else redis_url


app = Celery("tiebreak")
app.conf.update(
    broker_url=broker_url(settings.REDIS_URL),
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": 3600,
        "socket_timeout": 5,
        "socket_connect_timeout": 5,
        "unacked_restore_interval": 1,
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0.1,
    },
    redis_socket_timeout=5,
    redis_socket_connect_timeout=5,
    task_publish_retry=False,
    result_backend=None,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    task_default_queue="default",
    task_routes={"policies.tasks.run_generation": {"queue": "gpu"}},
    worker_prefetch_multiplier=1,
    task_acks_late=True,
    task_time_limit=900,
    task_soft_time_limit=840,
    worker_hijack_root_logger=False,
    timezone="UTC",
    beat_schedule={
        "sweep-generation": {"task": "policies.tasks.sweep", "schedule": 15.0, "options": {"expires": 14}},
        "make-pairs": {"task": "labeling.tasks.make_pairs", "schedule": 3.0, "options": {"expires": 3}},
        "adjust": {"task": "labeling.tasks.adjust", "schedule": 15.0, "options": {"expires": 14}},
        "rank": {"task": "labeling.tasks.rank", "schedule": 15.0, "options": {"expires": 14}},
        "sweep-datasets": {"task": "exports.tasks.sweep", "schedule": 300.0},
        "sketch-prompts": {"task": "exports.tasks.sketch", "schedule": 60.0, "options": {"expires": 59}},
        "watch-labelers": {"task": "labeling.tasks.watch", "schedule": 15.0, "options": {"expires": 14}},
        "sweep-leases": {"task": "labeling.tasks.sweep", "schedule": 15.0, "options": {"expires": 14}},
    },
)
app.autodiscover_tasks()
