"""What the default worker does for dataset versions: on the clock, when a worker comes up, and when somebody asks for a layout."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from celery.signals import worker_ready
from django.db import transaction
from django.utils import timezone

from exports import checking, converting, erasing, publishing, pushing, sketching
from exports.models import Conversion, DatasetVersion, Push


@shared_task
def sweep() -> None:
    """Remove what publishers that died have left on the disk, and ring for layouts that were forgotten."""
    publishing.sweep_orphans(at=timezone.now())
    erasing.finish()
    converting.give_up_on(at=timezone.now())
    for pk in Conversion.objects.waiting(at=timezone.now()).values_list("pk", flat=True):
        convert.delay(pk)
    pushing.give_up_on(at=timezone.now())
    for pk in Push.objects.waiting(at=timezone.now()).values_list("pk", flat=True):
        push.delay(pk)


@shared_task
def sketch() -> None:
    """Look what new prompts are like, so that whoever freezes need not wait for it."""
    sketching.catch_up()


@shared_task
def convert(conversion_pk: int) -> None:
    """Write the layout that was asked for, unless somebody else does."""
    converting.convert(conversion_pk, at=timezone.now())


@shared_task(soft_time_limit=3300, time_limit=3400)  # below the broker's visibility timeout; a line of 10 Mbit/s sends 4 GB meanwhile
def push(push_pk: int) -> None:
    """Send the version to the repository that was asked for, unless somebody else does."""
    pushing.push(push_pk, at=timezone.now())


@shared_task
def check_texts(version_pk: int, tokenizer: str = "", max_length: int = checking.MAX_LENGTH) -> None:
    """Look a version's texts through, from where an earlier try came to."""
    checking.check(DatasetVersion.objects.get(pk=version_pk), at=timezone.now(), tokenizer=tokenizer, max_length=max_length)


def ring_for_check(version: DatasetVersion, *, tokenizer: str = "", max_length: int = checking.MAX_LENGTH) -> None:
    """Have a worker look the texts through, once the version is there to be seen. The broker may be away: its page asks again."""
    transaction.on_commit(lambda: check_texts.delay(version.pk, tokenizer, max_length), robust=True)


def ring_for(conversion: Conversion) -> None:
    """Have a worker look, once the row is there to be seen. The broker may be away: the sweep finds it then."""
    if conversion.state == Conversion.State.ASKED:
        transaction.on_commit(lambda: convert.delay(conversion.pk), robust=True)


def ring_for_push(asked: Push) -> None:
    """Have a worker look, once the row is there to be seen. The broker may be away: the sweep finds it then."""
    if asked.state == Push.State.ASKED:
        transaction.on_commit(lambda: push.delay(asked.pk), robust=True)


@worker_ready.connect
def sweep_at_start(**signal: Any) -> None:
    sweep.delay()
