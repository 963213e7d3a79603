"""A campaign's states and settings: what each is called, and what may be changed in which state. One table, for stages, pages, API and history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from labeling.models import Campaign
from labeling.resolution import IN_WORDS
from labeling.words import NBSP, counted

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
    State.DRAFT: "Nobody labels yet, nor settles what is contested. Everything may change.",
    State.OPEN: "Labelers get pairs. Everything may change.",
    State.PAUSED: "Nobody gets a new pair; what is on a screen may still be submitted. Everything may change.",
    State.CLOSED: "Labeling has ended; contested pairs may still be settled. Everything may change that asks for no further labels.",
    State.ARCHIVED: "Kept to be read. Nothing may change until it is taken out of the archive.",
}
WAY_OUT = {State.CLOSED: "Open it again first.", State.ARCHIVED: "Take it out of the archive first."}


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
    return "none" if value is None else f"{value:,}"


TERMS = {
    "name": Term("the name"),
    "overlap": Term("k", raised_in=LIVE, looks_at_pairs=True),
    "overlap_share": Term("the overlap share", say_percent, raised_in=LIVE, looks_at_pairs=True),
    "escalation_bound": Term("the bound of escalation", raised_in=LIVE, looks_at_pairs=True),
    "rule": Term("the settling rule", lambda value: IN_WORDS.get(value, value), looks_at_pairs=True),
    "strategy": Term("the order", lambda value: str(Campaign.Strategy(value).label)),
    "eligible_by": Term("who is eligible", lambda value: f"by {value}" if value else "everybody", looks_at_pairs=True),
    "quota": Term("the quota", say_bound),
    "daily_ceiling": Term("the daily ceiling", say_bound),
    "lease_minutes": Term("the time for a pair", lambda value: counted(value, "minute")),
    "rationale_minimum": Term("the least length of a rationale", lambda value: f"{value} characters" if value else "none"),
    "rationale_required": Term("the rationale", lambda value: "asked for" if value else "not asked for"),
    "gold_percent": Term("the share of gold", say_percent),
    "repeat_percent": Term("the share of repeats", say_percent),
    "gold_bar": Term("the gold bar", say_percent),
    "gold_window": Term("the gold window", lambda value: counted(value, "answer")),
    "practice_items": Term("the practice round", lambda value: counted(value, "item") if value else "none"),
    "pass_mark": Term("the pass mark", say_percent),
}

EVERY = TERMS | {"rubric_version": Term("the rubric", lambda value: f"version {value}", states=LIVE, looks_at_pairs=True)}
"""With what is changed in a way of its own: the wording of the rubric, by its number."""


@dataclass(frozen=True)
class Deed:
    """Something that is done to a campaign, other than changing a setting."""

    words: str
    states: frozenset[State]


DEEDS = {
    "people": Deed("labelers and adjudicators cannot be let in, nor be given skills", KEPT),
    "by_name": Deed("pairs cannot be assigned by name", LIVE),
    "release": Deed("pairs that are kept for somebody cannot be given back", KEPT),
    "pairs": Deed("pairs cannot be imported", KEPT),
    "runs": Deed("a run cannot be attached", LIVE),
    "withdraw": Deed("pairs cannot be withdrawn", KEPT),
    "bring_back": Deed("pairs cannot be brought back", LIVE),
    "gold": Deed("gold items cannot be made or changed", KEPT),
}


def refusal_of_state(before: str, after: str) -> str:
    """Say why a campaign cannot go from one state to another; empty: it can, or is there."""
    ways = NEXT_STATES[State(before)]
    if after == before or after in ways:
        return ""
    return f"A campaign that is {before} cannot become {after}. It can become {' or '.join(ways)}."


def refusal_of_change(state: str, name: str, before: Any, after: Any) -> str:
    """Say why a setting cannot be changed in a state, and what to do; empty: it can."""
    term = EVERY[name]
    is_raised = term.raised_in is not None and after > before
    if state in (term.raised_in if is_raised and term.raised_in is not None else term.states):
        return ""
    return f"The campaign is {state}: {term.words} cannot be {'raised' if is_raised and state in term.states else 'changed'}. {WAY_OUT[State(state)]}"


def refusal_of_deed(state: str, deed: str) -> str:
    """Say why something cannot be done in a state, and what to do; empty: it can."""
    done = DEEDS[deed]
    return "" if state in done.states else f"The campaign is {state}: {done.words}. {WAY_OUT[State(state)]}"


def change_in_words(name: str, before: Any, after: Any) -> str:
    """`k from 2 to 3`."""
    term = EVERY[name]
    return f"{term.words} from {term.say(before)} to {term.say(after)}"
