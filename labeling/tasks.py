"""What the default worker does for labeling, on the clock."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from labeling import adjudicating, adjusting, assigning, drafting, pairing, preparing, ranking, releasing, watching

PREPARING, ADJUSTING = 5.0, 10.0
"""Seconds at a time: other sweeps have their turn in between."""


@shared_task
def sweep() -> None:
    """Return what people who left still hold, and what is kept for them; forget what nobody came back to."""
    at = timezone.now()
    assigning.return_expired(at=at)
    releasing.release_stranded(at=at)
    adjudicating.end_lapsed(at=at)
    drafting.forget_old(at=at)


@shared_task
def make_pairs() -> None:
    """Make what pairs can be made of the responses that have come in, and render what was made, here or by an import."""
    pairing.pair_up_all(at=timezone.now())
    preparing.prepare_all(seconds=PREPARING)


@shared_task
def rank() -> None:
    """Rank anew what waits where the strategy was changed, or where labels have told what is least certain now."""
    ranking.rank_due(at=timezone.now())


@shared_task
def adjust() -> None:
    """Go on with changes of settings that are not carried out at all pairs yet."""
    adjusting.carry_out_all(at=timezone.now(), seconds=ADJUSTING)


@shared_task
def watch() -> None:
    """Look at what labelers gave since the last look, for what a researcher should see."""
    watching.watch_all(at=timezone.now())
