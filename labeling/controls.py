"""The desk's controls stay on the screen from pair to pair: they are drawn once for a campaign and a wording. From a card to the name of its controls."""

from __future__ import annotations

from hashlib import sha256

from django.conf import settings
from django.utils.translation import get_language

from labeling.cards import Card


def digest(*patterns: str) -> str:
    """Return the SHA-256 of the files under the project's root that any of the patterns names."""
    read = sha256()
    for path in sorted(path for pattern in patterns for path in settings.BASE_DIR.glob(pattern)):
        read.update(path.read_bytes())
    return read.hexdigest()


MADE_FROM = digest("templates/_shared_desk_*.html", "locale/*/LC_MESSAGES/django.mo", "labeling/urls.py", "accounts/templatetags/*.py")
"""What controls are drawn from: markup, words, addresses. It is read with the code, before web processes are forked, so that it is that of what they serve."""


def controls_of(card: Card) -> str:
    """Return what names the controls that a card goes with; empty where something stands in them already: they are this pair's alone.

    All that they show is in the name, so that another release, language or setting has others; nothing is that tells one pair from another.
    """
    if card.said:
        return ""
    asked = (card.campaign_slug, card.rubric_number, card.rubric_html, card.reasons, card.criteria, card.rationale_required, card.rationale_minimum)
    return sha256(repr((MADE_FROM, get_language(), *asked)).encode()).hexdigest()[:16]
