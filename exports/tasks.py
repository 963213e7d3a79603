"""What the default worker does for dataset versions: on the clock, when a worker comes up, and when somebody asks for a layout."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from celery.signals import worker_ready
from django.db import transaction
from django.utils import timezone

from exports import converting, erasing, publishing, sketching
from exports.models import Conversion


@shared_task
def sweep() -> None:
    """Remove what publishers that died have left on the disk, and ring for layouts that were forgotten."""
    publishing.sweep_orphans(at=timezone.now())
    erasing.finish()
    converting.give_up_on(at=timezone.now())
    for pk in Conversion.objects.waiting(at=timezone.now()).values_list("pk", flat=True):
        convert.delay(pk)


@shared_task
def sketch() -> None:
    """Look what new prompts are like, so that whoever freezes need not wait for it."""
    sketching.catch_up()


@shared_task
def convert(conversion_pk: int) -> None:
    """Write the layout that was asked for, unless somebody else does."""
    converting.convert(conversion_pk, at=timezone.now())


def ring_for(conversion: Conversion) -> None:
    """Have a worker look, once the row is there to be seen. The broker may be away: the sweep finds it then."""
    if conversion.state == Conversion.State.ASKED:
        transaction.on_commit(lambda: convert.delay(conversion.pk), robust=True)


@worker_ready.connect
def sweep_at_start(**signal: Any) -> None:
    sweep.delay()
