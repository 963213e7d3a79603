"""What was done to a campaign, in words, newest first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.marking import marked
from accounts.wording import grouped
from labeling import terms
from labeling.models import Adjustment, Campaign, CampaignEvent, Pair, Standing
from labeling.phrases import counted, listed
from labeling.retelling import RECORDS
from labeling.rewording import BEGUN, GOLD

SHOWN = 50

STAND = {
    "waiting": marked("waiting"),
    "agreed": marked("settled"),
    "contested": marked("contested"),
    "adjudicated": marked("adjudicated"),
    "withdrawn": marked("withdrawn"),
}


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
    words = _("is changing {what}: {pairs} so far").format(what=listed(changes_in_words(adjustment.changes)), pairs=counted(looked_at, "pair"))
    return Event(adjustment.begun_at, adjustment.actor.username if adjustment.actor else "", words)


def in_words(event: CampaignEvent) -> str:
    """Say what an event was; one of a kind that is not known here by its kind."""
    said = WORDS.get(event.kind)
    if event.detail is None:
        return _("{what} (what was said of it was erased)").format(what=_(event.kind.replace("_", " ")))
    return said(event.detail) if said else _(event.kind.replace("_", " "))


# fmt: off
KINDS = (
    marked("made"), marked("state changed"), marked("changed"), marked("settings changed"), marked("overlap changed"), marked("rubric moved"),
    marked("run attached"), marked("pairs imported"), marked("gold made"), marked("gold promoted"), marked("gold revised"), marked("gold retired"),
    marked("skills changed"), marked("assigned by name"), marked("released from name"), marked("pair withdrawn"), marked("pair brought back"),
    marked("labels retracted"),
)
# fmt: on
"""The keys of WORDS, as they are said of an event of which no more is known."""

EXTRAS = {"labels": "label", "gold": "gold item", "repeats": "repeat", "skipped": "bad line"}


def of_import(detail: dict[str, Any]) -> str:
    extras = [counted(detail[key], noun) for key, noun in EXTRAS.items() if detail.get(key)]
    said = _("imported {pairs}").format(pairs=counted(detail["pairs"], "pair"))
    return f"{said} ({', '.join(extras)})" if extras else said


def of_overlap(detail: dict[str, Any]) -> str:
    opened, taken = _("{places} opened"), _("{places} taken away")
    is_raised = detail["after"] > detail["before"]
    moved = (opened if is_raised else taken).format(places=counted(detail["places_opened" if is_raised else "places_taken"], "place"))
    return _("changed k from {before} to {after}: {moved}").format(before=detail["before"], after=detail["after"], moved=moved)


def of_change(detail: dict[str, Any]) -> str:
    said = _("changed {what}").format(what=listed(changes_in_words(detail["changes"])))
    came_to = outcome(detail["done"]) if detail["done"] else []
    return f"{said}: {', '.join(came_to)}" if came_to else said


def changes_in_words(changes: dict[str, list[Any]]) -> list[str]:
    return [terms.change_in_words(name, *values) for name, values in changes.items()]


def outcome(done: dict[str, Any]) -> list[str]:
    """Say what a change came to at the campaign's pairs."""
    said = [_("{pairs} under the new wording").format(pairs=counted(done["reworded"], "pair"))] if done.get("reworded") else []
    if done.get("anew"):
        words = _("{n} of them asked anew ({labels} kept, and counted no more)")
        said.append(words.format(n=grouped(done["anew"]), labels=counted(done["uncounted"], "label")))
    said += [_("{places} opened").format(places=counted(done["opened"], "place"))] if done["opened"] else []
    said += [_("{places} taken away").format(places=counted(done["taken"], "place"))] if done["taken"] else []
    said += [_("{n} of them from a screen").format(n=grouped(done["from_screens"]))] if done["from_screens"] else []
    said += [_("{places} ask for another skill").format(places=counted(done["repooled"], "place"))] if done["repooled"] else []
    said += [moved(move, number) for move, number in sorted(done["moved"].items())]
    said += [_("overtaken by the next change after {pairs}").format(pairs=counted(done["pairs"], "pair"))] if done["cut_short"] else []
    return said or [_("no pair is touched")]


def moved(move: str, number: int) -> str:
    before, after = move.split(" to ")
    words = ngettext("{pairs} {after} that was {before}", "{pairs} {after} that were {before}", number)
    return words.format(pairs=counted(number, "pair"), after=_(STAND[after]), before=_(STAND[before]))


def of_skills(detail: dict[str, Any]) -> str:
    given, taken = detail["given"], detail["taken"]
    words = ngettext("gave {labeler} the skill {skills}", "gave {labeler} the skills {skills}", len(given))
    said = [words.format(labeler=detail["labeler"], skills=listed(given))] if given else []
    said += [_("took {skills} from {labeler}").format(skills=listed(taken), labeler=detail["labeler"])] if taken else []
    return listed(said) if said else ""


def pair_in_words(detail: dict[str, Any]) -> str:
    words = _("pair {id} ({name})") if detail["external_id"] else _("pair {id}")
    return words.format(id=detail["pair"], name=detail["external_id"])


def of_gold(deed: str) -> Callable[[dict[str, Any]], str]:
    return lambda detail: _(deed).format(pair=detail["external_id"] or _("pair {id}").format(id=detail["pair"]), version=detail["version"])


def of_rubric(detail: dict[str, Any]) -> str:
    words = _("moved it from version {before} to version {after} of its rubric: pairs that were begun are {begun}")
    said = words.format(before=detail["before"], after=detail["after"], begun=_(BEGUN[detail["begun"]]))
    return f"{said}, {counted(detail['items'], 'gold item')} {_(GOLD[detail['gold']])}" if detail["items"] else said


WORDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "made": lambda detail: _("made the campaign, k = {k}").format(k=detail["overlap"]),
    "state_changed": lambda detail: _("changed it from {before} to {after}").format(before=_(detail["before"]), after=_(detail["after"])),
    "changed": of_change,
    "settings_changed": lambda detail: _("changed the settings: {name}, {n} minutes a pair").format(name=detail["name"], n=detail["lease_minutes"]),
    "overlap_changed": of_overlap,
    "rubric_moved": of_rubric,
    "run_attached": lambda detail: _("attached run {run}").format(run=detail["run"]),
    "pairs_imported": of_import,
    "gold_made": of_gold(marked("made {pair} a gold item")),
    "gold_promoted": of_gold(marked("promoted {pair} to a gold item, with the verdict it was settled with")),
    "gold_revised": of_gold(marked("revised the gold item {pair}: version {version}")),
    "gold_retired": of_gold(marked("retired the gold item {pair}, version {version}")),
    "skills_changed": of_skills,
    "assigned_by_name": lambda detail: _("kept {pairs} for {labeler}").format(pairs=counted(len(detail["pairs"]), "pair"), labeler=detail["labeler"]),
    "released_from_name": lambda detail: ngettext(
        "gave {pairs} back that was kept for {labeler}", "gave {pairs} back that were kept for {labeler}", detail["pairs"]
    ).format(pairs=counted(detail["pairs"], "pair"), labeler=detail["labeler"]),
    "pair_withdrawn": lambda detail: _("withdrew {pair}, which was {before}: {reason}").format(
        pair=pair_in_words(detail), before=_(STAND[detail["before"]]), reason=RECORDS.tell(detail["reason"])
    ),
    "pair_brought_back": lambda detail: _("brought {pair} back: it is {after}").format(pair=pair_in_words(detail), after=_(STAND[detail["after"]])),
    "labels_retracted": lambda detail: _("took {labels} back, {places} opened: {why}").format(
        labels=counted(len(detail["labels"]), "label"), places=counted(detail["places_opened"], "place"), why=RECORDS.tell(detail["why"])
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
        Withdrawn(pair.pk, pair.external_id, event.at, event.actor.username if event.actor else "", RECORDS.tell(event.detail["reason"]))
        for pair in pairs.values()
        if (event := by_pair.get(pair.pk))
    ]
