"""The desk's controls stay on the screen from pair to pair: they are drawn once for a campaign and a wording. From a card to the name of its controls."""

from __future__ import annotations

from functools import cache
from hashlib import sha256

from django.conf import settings
from django.utils.translation import get_language

from labeling.cards import Card

MADE_FROM = ("templates/_shared_desk_*.html", "locale/*/LC_MESSAGES/django.mo")


def controls_of(card: Card) -> str:
    """Return what names the controls that a card goes with; empty where something stands in them already: they are this pair's alone.

    All that they show is in the name, so that another release, language or setting has others; nothing is that tells one pair from another.
    """
    if card.said:
        return ""
    asked = (card.campaign_slug, card.rubric_number, card.rubric_html, card.reasons, card.criteria, card.rationale_required, card.rationale_minimum)
    return sha256(repr((made_from(), get_language(), *asked)).encode()).hexdigest()[:16]


@cache
def made_from() -> str:
    """Return a digest of the markup and the words that controls are drawn from."""
    digest = sha256()
    for pattern in MADE_FROM:
        for path in sorted(settings.BASE_DIR.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()
