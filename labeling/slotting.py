"""From pairs to their places: slots, with the sides drawn and balanced, and the rank at which each is served."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from labeling.models import Pair, Slot
from labeling.ranks import rank

Sides = tuple[int, int]
"""How many places show A on the left, and how many B."""

draw = secrets.SystemRandom()


def make_slots(pairs: Iterable[Pair], *, overlap: int, strategy: str) -> int:
    """Give each new pair its `overlap` work places, and return how many were made."""
    return len(Slot.objects.bulk_create([slot for pair in pairs for slot in slots_for(pair, places=overlap, strategy=strategy)], batch_size=2000))


def slots_for(pair: Pair, *, places: int, strategy: str, ordinal: int = 0, sides: Sides = (0, 0)) -> list[Slot]:
    """Return further work places of a pair, not stored. `ordinal` is how many it has had, `sides` what they show."""
    return [
        Slot(
            campaign_id=pair.campaign_id,
            pair_id=pair.pk,
            rubric_version_id=pair.rubric_version_id,
            kind=Slot.Kind.WORK,
            rank=rank(strategy, pair_id=pair.pk, ordinal=ordinal + number),
            left_is_a=left_is_a,
        )
        for number, left_is_a in enumerate(drawn_sides(places, sides=sides))
    ]


def drawn_sides(places: int, *, sides: Sides = (0, 0)) -> list[bool]:
    """Draw for each place whether A stands on the left, so that both sides come up equally often over these and the earlier places.

    What an odd number leaves over is drawn, and so is the order: no place says anything of another that a labeler could use.
    """
    a_left, b_left = sides
    drawn: list[bool] = []
    for _ in range(places):
        a_is_rarer = a_left < b_left or (a_left == b_left and draw.random() < 0.5)
        drawn.append(a_is_rarer)
        a_left, b_left = a_left + a_is_rarer, b_left + (not a_is_rarer)
    draw.shuffle(drawn)
    return drawn
