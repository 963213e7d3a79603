"""Words that are translated later, where they are shown. Knows no Django, so that rules and figures may use it."""

from __future__ import annotations


def marked(words: str) -> str:
    """Mark words for translation and return them as they are: what is stored, or compared, is never translated."""
    return words
