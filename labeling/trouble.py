"""Why two responses make no pair that could train, if there is a reason."""

from __future__ import annotations

from labeling.models import Trouble
from labeling.repetition import is_looping
from policies.models import Response


def trouble_of_texts(a: str, b: str) -> Trouble:
    """Return `empty` where a text says nothing, `equal` where both say the same, else `none`."""
    if not (a.strip() and b.strip()):
        return Trouble.EMPTY
    return Trouble.EQUAL if a == b else Trouble.NONE


def trouble_of(a: Response, b: Response) -> Trouble:
    """Return the first reason that holds: empty, equal, looping (which explains most that was cut), cut, self-naming; else `none`."""
    sides = (a, b)
    if trouble := trouble_of_texts(a.text, b.text):
        return trouble
    if any(is_looping(side.text) for side in sides):
        return Trouble.LOOPING
    if any(side.finish_reason == Response.FinishReason.LENGTH for side in sides):
        return Trouble.CUT
    return Trouble.SELF_NAMING if any(side.lineage.get("names_itself") for side in sides) else Trouble.NONE
