"""A campaign's states and settings: what each is called, and what may be changed in which state. One table, for stages, pages, API and history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts.marking import marked
from accounts.wording import grouped
from labeling.models import Campaign
from labeling.phrases import NBSP, counted
from labeling.resolution import IN_WORDS

State = Campaign.State

NEXT_STATES = {
    State.DRAFT: (State.OPEN, State.ARCHIVED),
    State.OPEN: (State.PAUSED, State.CLOSED),
    State.PAUSED: (State.OPEN, State.CLOSED),
    State.CLOSED: (State.OPEN, State.ARCHIVED),
    State.ARCHIVED: (State.CLOSED,),
}
LIVE = frozenset({State.DRAFT, State.OPEN, State.PAUSED})
"""What is labeled, or is going to be."""

KEPT = LIVE | {State.CLOSED}
"""All but what is only there to be read."""

STATES_IN_WORDS = {
    State.DRAFT: marked("Nobody labels yet, nor settles what is contested. Everything may change."),
    State.OPEN: marked("Labelers get pairs. Everything may change."),
    State.PAUSED: marked("Nobody gets a new pair; what is on a screen may still be submitted. Everything may change."),
    State.CLOSED: marked("Labeling has ended; contested pairs may still be settled. Everything may change that asks for no further labels."),
    State.ARCHIVED: marked("Kept to be read. Nothing may change until it is taken out of the archive."),
}
WAY_OUT = {State.CLOSED: marked("Open it again first."), State.ARCHIVED: marked("Take it out of the archive first.")}


@dataclass(frozen=True)
class Term:
    """A setting: a column of the campaign."""

    words: str
    say: Callable[[Any], str] = str
    states: frozenset[State] = KEPT
    """Where it may be changed."""
    raised_in: frozenset[State] | None = None
    """Where it may be raised, if that is not the same: what would open places needs somebody who fills them."""
    looks_at_pairs: bool = False
    """Whether a change is carried out at the campaign's pairs."""


def say_percent(value: int) -> str:
    return f"{value}{NBSP}%"


def say_bound(value: int | None) -> str:
    return _("none") if value is None else grouped(value)


TERMS = {
    "name": Term(marked("the name")),
    "overlap": Term("k", raised_in=LIVE, looks_at_pairs=True),
    "overlap_share": Term(marked("the overlap share"), say_percent, raised_in=LIVE, looks_at_pairs=True),
    "escalation_bound": Term(marked("the bound of escalation"), raised_in=LIVE, looks_at_pairs=True),
    "rule": Term(marked("the settling rule"), lambda value: _(IN_WORDS.get(value, value)), looks_at_pairs=True),
    "strategy": Term(marked("the order"), lambda value: _(Campaign.Strategy(value).label)),
    "eligible_by": Term(marked("who is eligible"), lambda value: _("by {name}").format(name=value) if value else _("everybody"), looks_at_pairs=True),
    "quota": Term(marked("the quota"), say_bound),
    "daily_ceiling": Term(marked("the daily ceiling"), say_bound),
    "lease_minutes": Term(marked("the time for a pair"), lambda value: counted(value, "minute")),
    "rationale_minimum": Term(marked("the least length of a rationale"), lambda value: _("{n} characters").format(n=value) if value else _("none")),
    "rationale_required": Term(marked("the rationale"), lambda value: _("asked for") if value else _("not asked for")),
    "gold_percent": Term(marked("the share of gold"), say_percent),
    "repeat_percent": Term(marked("the share of repeats"), say_percent),
    "gold_bar": Term(marked("the gold bar"), say_percent),
    "gold_window": Term(marked("the gold window"), lambda value: counted(value, "answer")),
    "practice_items": Term(marked("the practice round"), lambda value: counted(value, "item") if value else _("none")),
    "pass_mark": Term(marked("the pass mark"), say_percent),
}

EVERY = TERMS | {"rubric_version": Term(marked("the rubric"), lambda value: _("version {number}").format(number=value), states=LIVE, looks_at_pairs=True)}
"""With what is changed in a way of its own: the wording of the rubric, by its number."""


@dataclass(frozen=True)
class Deed:
    """Something that is done to a campaign, other than changing a setting."""

    words: str
    states: frozenset[State]


DEEDS = {
    "people": Deed(marked("labelers and adjudicators cannot be let in, nor be given skills"), KEPT),
    "by_name": Deed(marked("pairs cannot be assigned by name"), LIVE),
    "release": Deed(marked("pairs that are kept for somebody cannot be given back"), KEPT),
    "pairs": Deed(marked("pairs cannot be imported"), KEPT),
    "runs": Deed(marked("a run cannot be attached"), LIVE),
    "withdraw": Deed(marked("pairs cannot be withdrawn"), KEPT),
    "bring_back": Deed(marked("pairs cannot be brought back"), LIVE),
    "gold": Deed(marked("gold items cannot be made or changed"), KEPT),
}


def refusal_of_state(before: str, after: str) -> str:
    """Say why a campaign cannot go from one state to another; empty: it can, or is there."""
    ways = NEXT_STATES[State(before)]
    if after == before or after in ways:
        return ""
    return _("A campaign that is {before} cannot become {after}. It can become {ways}.").format(
        before=_(before), after=_(after), ways=_(" or ").join(_(way) for way in ways)
    )


def refusal_of_change(state: str, name: str, before: Any, after: Any) -> str:
    """Say why a setting cannot be changed in a state, and what to do; empty: it can."""
    term = EVERY[name]
    is_raised = term.raised_in is not None and after > before
    if state in (term.raised_in if is_raised and term.raised_in is not None else term.states):
        return ""
    if is_raised and state in term.states:
        words = _("The campaign is {state}: {what} cannot be raised. {way_out}")
    else:
        words = _("The campaign is {state}: {what} cannot be changed. {way_out}")
    return words.format(state=_(state), what=_(term.words), way_out=_(WAY_OUT[State(state)]))


def refusal_of_deed(state: str, deed: str) -> str:
    """Say why something cannot be done in a state, and what to do; empty: it can."""
    done = DEEDS[deed]
    if state in done.states:
        return ""
    return _("The campaign is {state}: {what}. {way_out}").format(state=_(state), what=_(done.words), way_out=_(WAY_OUT[State(state)]))


def change_in_words(name: str, before: Any, after: Any) -> str:
    """`k from 2 to 3`."""
    term = EVERY[name]
    return _("{what} from {before} to {after}").format(what=_(term.words), before=term.say(before), after=term.say(after))
