"""What was done to a campaign, in words, newest first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from labeling import terms
from labeling.models import Adjustment, Campaign, CampaignEvent, Pair, Standing
from labeling.rewording import BEGUN, GOLD
from labeling.words import counted, listed

SHOWN = 50

STAND = {"waiting": "waiting", "agreed": "settled", "contested": "contested", "adjudicated": "adjudicated", "withdrawn": "withdrawn"}


@dataclass(frozen=True)
class Event:
    at: datetime
    actor: str
    """Empty: a command on the server."""
    words: str


def of_campaign(campaign: Campaign) -> list[Event]:
    events = CampaignEvent.objects.filter(campaign=campaign).select_related("actor").order_by("-at", "-pk")[:SHOWN]
    going_on = Adjustment.objects.filter(campaign=campaign, ended_at=None).select_related("actor")
    return [*map(event_of_adjustment, going_on), *(Event(event.at, event.actor.username if event.actor else "", in_words(event)) for event in events)]


def event_of_adjustment(adjustment: Adjustment) -> Event:
    """Say what is being carried out: it has its event when it is done."""
    looked_at = (adjustment.done or {}).get("pairs", 0)
    words = f"is changing {listed(changes_in_words(adjustment.changes))}: {counted(looked_at, 'pair')} so far"
    return Event(adjustment.begun_at, adjustment.actor.username if adjustment.actor else "", words)


def in_words(event: CampaignEvent) -> str:
    """Say what an event was; one of a kind that is not known here by its kind."""
    said = WORDS.get(event.kind)
    if event.detail is None:
        return f"{event.kind.replace('_', ' ')} (what was said of it was erased)"
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


def of_change(detail: dict[str, Any]) -> str:
    said = f"changed {listed(changes_in_words(detail['changes']))}"
    came_to = outcome(detail["done"]) if detail["done"] else []
    return f"{said}: {', '.join(came_to)}" if came_to else said


def changes_in_words(changes: dict[str, list[Any]]) -> list[str]:
    return [terms.change_in_words(name, *values) for name, values in changes.items()]


def outcome(done: dict[str, Any]) -> list[str]:
    """Say what a change came to at the campaign's pairs."""
    said = [f"{counted(done['reworded'], 'pair')} under the new wording"] if done.get("reworded") else []
    said += [f"{done['anew']:,} of them asked anew ({counted(done['uncounted'], 'label')} kept, and counted no more)"] if done.get("anew") else []
    said += [f"{counted(done['opened'], 'place')} opened"] if done["opened"] else []
    said += [f"{counted(done['taken'], 'place')} taken away"] if done["taken"] else []
    said += [f"{done['from_screens']:,} of them from a screen"] if done["from_screens"] else []
    said += [f"{counted(done['repooled'], 'place')} ask for another skill"] if done["repooled"] else []
    said += [moved(move, number) for move, number in sorted(done["moved"].items())]
    said += [f"overtaken by the next change after {counted(done['pairs'], 'pair')}"] if done["cut_short"] else []
    return said or ["no pair is touched"]


def moved(move: str, number: int) -> str:
    before, after = move.split(" to ")
    return f"{counted(number, 'pair')} {STAND[after]} that {'was' if number == 1 else 'were'} {STAND[before]}"


def of_skills(detail: dict[str, Any]) -> str:
    said = [f"gave {detail['labeler']} the skill{'s' if len(detail['given']) > 1 else ''} {listed(detail['given'])}"] if detail["given"] else []
    said += [f"took {listed(detail['taken'])} from {detail['labeler']}"] if detail["taken"] else []
    return " and ".join(said)


def pair_in_words(detail: dict[str, Any]) -> str:
    return f"pair {detail['pair']}{' (' + detail['external_id'] + ')' if detail['external_id'] else ''}"


def of_gold(deed: str) -> Callable[[dict[str, Any]], str]:
    return lambda detail: deed.format(pair=detail["external_id"] or f"pair {detail['pair']}", version=detail["version"])


WORDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "made": lambda detail: f"made the campaign, k = {detail['overlap']}",
    "state_changed": lambda detail: f"changed it from {detail['before']} to {detail['after']}",
    "changed": of_change,
    "settings_changed": lambda detail: f"changed the settings: {detail['name']}, {detail['lease_minutes']} minutes a pair",
    "overlap_changed": of_overlap,
    "rubric_moved": lambda detail: (
        f"moved it from version {detail['before']} to version {detail['after']} of its rubric: pairs that were begun are {BEGUN[detail['begun']]}"
        + (f", {counted(detail['items'], 'gold item')} {GOLD[detail['gold']]}" if detail["items"] else "")
    ),
    "run_attached": lambda detail: f"attached run {detail['run']}",
    "pairs_imported": of_import,
    "gold_made": of_gold("made {pair} a gold item"),
    "gold_promoted": of_gold("promoted {pair} to a gold item, with the verdict it was settled with"),
    "gold_revised": of_gold("revised the gold item {pair}: version {version}"),
    "gold_retired": of_gold("retired the gold item {pair}, version {version}"),
    "skills_changed": of_skills,
    "assigned_by_name": lambda detail: f"kept {counted(len(detail['pairs']), 'pair')} for {detail['labeler']}",
    "released_from_name": lambda detail: (
        f"gave {counted(detail['pairs'], 'pair')} back that {'was' if detail['pairs'] == 1 else 'were'} kept for {detail['labeler']}"
    ),
    "pair_withdrawn": lambda detail: f"withdrew {pair_in_words(detail)}, which was {STAND[detail['before']]}: {detail['reason']}",
    "pair_brought_back": lambda detail: f"brought {pair_in_words(detail)} back: it is {STAND[detail['after']]}",
    "labels_retracted": lambda detail: (
        f"took {counted(len(detail['labels']), 'label')} back, {counted(detail['places_opened'], 'place')} opened: {detail['why']}"
    ),
}


@dataclass(frozen=True)
class Withdrawn:
    """A pair that was taken out by hand, and the word with which it was."""

    pk: int
    external_id: str
    at: datetime
    actor: str
    reason: str


def withdrawn_pairs(campaign: Campaign) -> list[Withdrawn]:
    """Return the pairs that are out by hand, the latest first."""
    out = Pair.objects.filter(campaign=campaign, standing=Standing.WITHDRAWN, trouble="").order_by("-withdrawn_at", "-pk")[:SHOWN]
    pairs = {pair.pk: pair for pair in out}
    events = CampaignEvent.objects.filter(campaign=campaign, kind="pair_withdrawn", detail__pair__in=list(pairs)).select_related("actor").order_by("pk")
    by_pair = {event.detail["pair"]: event for event in events}
    return [
        Withdrawn(pair.pk, pair.external_id, event.at, event.actor.username if event.actor else "", event.detail["reason"])
        for pair in pairs.values()
        if (event := by_pair.get(pair.pk))
    ]
