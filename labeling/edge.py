"""Where left and right become A and B, once: what a judgment rests on, as a screen or a program sends it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from labeling import cards, spans
from labeling.models import Assignment
from labeling.spans import Mark, NotFound, Span
from labeling.submitting import Grounds

__all__ = ["NotFound", "grounds_from", "spans_at"]


def grounds_from(assignment: Assignment, *, reasons: Iterable[str], criteria: Mapping[str, int], marks: Iterable[Mark] = ()) -> Grounds:
    """Return what was sent from a screen, on the pair's own sides. Raises NotFound for a passage that its text does not hold."""
    passages = list(marks)
    evidence = spans.placed(passages, texts_of(assignment), left_is_a=assignment.left_is_a) if passages else []
    preferences = {name: assignment.preference_from(choice) for name, choice in criteria.items()}
    return Grounds(reasons=tuple(reasons), criteria=preferences, evidence=tuple(evidence))


def spans_at(assignment: Assignment, sent: Iterable[Mapping[str, Any]]) -> tuple[Span, ...]:
    """Return the passages that a program names by their place: side, start, end, and their words, to check them by. Raises NotFound."""
    passages = list(sent)
    texts = texts_of(assignment) if passages else {}
    sides = {"left": "a" if assignment.left_is_a else "b", "right": "b" if assignment.left_is_a else "a"}
    for one in passages:
        if texts[one["side"]][one["start"] : one["end"]] != one["quote"]:
            raise NotFound(one["quote"])
    return tuple(spans.merged(Span(sides[one["side"]], one["start"], one["end"]) for one in passages))


def texts_of(assignment: Assignment) -> dict[str, str]:
    texts = cards.texts_of(assignment.pair_id, left_is_a=assignment.left_is_a)
    return {"left": texts.left, "right": texts.right}
