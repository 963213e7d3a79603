"""What was done to a campaign, in words, newest first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from labeling.models import Campaign, CampaignEvent

SHOWN = 50


@dataclass(frozen=True)
class Event:
    at: datetime
    actor: str
    """Empty: a command on the server."""
    words: str


def of_campaign(campaign: Campaign) -> list[Event]:
    events = CampaignEvent.objects.filter(campaign=campaign).select_related("actor").order_by("-at", "-pk")[:SHOWN]
    return [Event(event.at, event.actor.username if event.actor else "", in_words(event)) for event in events]


def in_words(event: CampaignEvent) -> str:
    """Say what an event was; one of a kind that is not known here by its kind."""
    said = WORDS.get(event.kind)
    return said(event.detail) if said else event.kind.replace("_", " ")


def of_import(detail: dict[str, Any]) -> str:
    extras = [
        f"{detail[key]:,} {word}"
        for key, word in (("labels", "labels"), ("gold", "gold items"), ("repeats", "repeats"), ("skipped", "bad lines"))
        if detail.get(key)
    ]
    said = f"imported {detail['pairs']:,} pairs"
    return f"{said} ({', '.join(extras)})" if extras else said


def of_overlap(detail: dict[str, Any]) -> str:
    moved = f"{detail['places_opened']:,} places opened" if detail["after"] > detail["before"] else f"{detail['places_taken']:,} places taken away"
    return f"changed k from {detail['before']} to {detail['after']}: {moved}"


WORDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "made": lambda detail: f"made the campaign, k = {detail['overlap']}",
    "state_changed": lambda detail: f"changed it from {detail['before']} to {detail['after']}",
    "settings_changed": lambda detail: f"changed the settings: {detail['name']}, {detail['lease_minutes']} minutes a pair",
    "overlap_changed": of_overlap,
    "run_attached": lambda detail: f"attached run {detail['run']}",
    "pairs_imported": of_import,
}
