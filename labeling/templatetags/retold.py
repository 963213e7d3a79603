"""Findings and the history of a labeler, as they are stored, in words."""

from __future__ import annotations

from django import template

from labeling.retelling import RECORDS

register = template.Library()


@register.filter
def retold(words: str) -> str:
    return RECORDS.tell(words)
