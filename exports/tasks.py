"""What the default worker does for dataset versions, on the clock and when a worker comes up."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from celery.signals import worker_ready
from django.utils import timezone

from exports import publishing


@shared_task
def sweep() -> None:
    """Remove what publishers that died have left on the disk."""
    publishing.sweep_orphans(at=timezone.now())


@worker_ready.connect
def sweep_at_start(**signal: Any) -> None:
    sweep.delay()
