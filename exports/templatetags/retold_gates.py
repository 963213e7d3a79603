"""What gates ask for and found, what was flagged and what changed, in words."""

from __future__ import annotations

from django import template

from exports.retelling import FOUND

register = template.Library()


@register.filter
def retold_gate(words: str) -> str:
    return FOUND.tell(words)
