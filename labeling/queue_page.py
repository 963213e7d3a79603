"""What the queue's page says: the sentence it opens with, what needs attention, and the rows of its tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.marking import marked
from accounts.wording import grouped
from labeling import activity, cautions, charts, labelers, places
from labeling.activity import Lately, Worker
from labeling.campaign_page import Need
from labeling.charts import IntervalPlot, Part
from labeling.gold import LEAST, Hits, is_below
from labeling.labelers import Labeler
from labeling.models import Campaign, Finding, Slot
from labeling.pace import TimeLeft
from labeling.phrases import NBSP, counted, decimal, duration, percent, span
from labeling.places import FILLED, FREE, HELD, RESERVED, STATES, UNUSED, NextPlace, PlaceCounts, Upcoming

MEANINGS = {
    FREE: marked("waits for anybody"),
    RESERVED: marked("waits for its labeler"),
    HELD: marked("on a screen"),
    FILLED: marked("has its label"),
    UNUSED: marked("taken away, or given back for good"),
}
PARTS = {FILLED: "part1", HELD: "part2", RESERVED: "part5", FREE: "part4"}
"""The classes that colour the states in the bar, in its order, and beside their names."""

BARRED = {
    "practising": marked("In a practice round: nothing else comes before it is passed."),
    "paused": marked("Paused: gets nothing new until a researcher has looked."),
    "quota": marked("Has reached the quota of this campaign: gets nothing more."),
    "own": marked("What comes to you is not shown: you label here, too."),
    "ceiling": marked("Has reached today’s ceiling: it goes on tomorrow."),
}


@dataclass(frozen=True)
class StateRow:
    part: str
    state: str
    means: str
    kinds: list[str]
    all: str


@dataclass(frozen=True)
class ActiveRow:
    pk: int
    name: str
    seen_at: datetime | None
    answers: int
    pace: str
    seconds: str


@dataclass(frozen=True)
class NextRow:
    pair: int
    name: str
    kind: str
    asks_for: str
    priority: int
    why: str
    position: str


@dataclass(frozen=True)
class WorkerRow:
    worker: Worker
    score: str
    interval: str
    reading: str
    state: str
    plot: IntervalPlot | None
    left: str
    right: str
    alike: str
    alike_interval: str
    findings: list[str]


@dataclass(frozen=True, kw_only=True)
class Live:
    """What changes while people label."""

    standfirst: str
    kinds: list[str]
    states: list[StateRow]
    bar: list[Part]
    is_exact: bool
    wanting: str
    rate: str
    left: str
    left_range: str
    active: list[ActiveRow]
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Next:
    rows: list[NextRow]
    barred: str
    labeler: str
    """Whom it is for; empty: anybody."""


# ---- live ----------------------------------------------------------------------------------------------------------


def live_of(campaign: Campaign, *, at: datetime) -> Live:
    counts, did = places.counts_of(campaign), activity.lately(campaign, at=at)
    left = activity.time_left(counts.wanting, did)
    rate = together(did)
    kinds = [kind for kind in Slot.Kind.values if any(kind in of_kind for of_kind in counts.by_state.values())]
    return Live(
        standfirst=standfirst(counts, did, left),
        kinds=kinds,
        states=[state_row(state, kinds, counts) for state in STATES if kinds],
        bar=charts.bar({part: counts.of(state) for state, part in PARTS.items()}),
        is_exact=counts.is_exact,
        wanting=about(counts.wanting, is_exact=counts.is_exact),
        rate="" if rate is None else f"{rate:.0f}",
        left="" if left is None else hours(left.hours),
        left_range="" if left is None else span_of_hours(left),
        active=active_rows(labelers.labelers_of(campaign), did),
        at=at,
    )


def standfirst(counts: PlaceCounts, did: dict[int, Lately], left: TimeLeft | None) -> str:
    """Return what somebody would say who had looked at it."""
    if not any(counts.of(state) for state in STATES):
        return _("There are no places yet: they come with the first pairs.")
    if not counts.wanting:
        return _("Every place that counts has its label.")
    waiting = ngettext("{n} place waits for a label.", "{n} places wait for a label.", counts.wanting)
    waiting = waiting.format(n=about(counts.wanting, is_exact=counts.is_exact))
    waiting = waiting[0].upper() + waiting[1:]
    number = sum(one.is_active for one in did.values())
    if not number:
        return " ".join([waiting, _("Nobody is labeling now, so how long that takes is not known.")])
    who = ngettext("{n} person is labeling.", "{n} people are labeling.", number).format(n=grouped(number))
    if left is None:
        return " ".join([waiting, who, _("None of them has filled a place in the last hour, so how long that takes is not known.")])
    takes = _("If they go on as they do, it takes {time} ({range}).").format(time=hours(left.hours), range=span_of_hours(left))
    return " ".join([waiting, who, takes])


def together(did: dict[int, Lately]) -> float | None:
    """Return how many places those who are active fill in an hour of work, all of them together."""
    rates = [one.pace.per_hour for one in did.values() if one.is_active and one.pace.per_hour]
    return sum(rates) if rates else None


def hours(number: float) -> str:
    """A time of work: minutes, hours, then only the size of it."""
    if number < 1:
        return f"{max(1, round(60 * number))}{NBSP}min"
    return decimal(f"{number:.1f}{NBSP}h") if number < 10 else f"{grouped(round(number))}{NBSP}h"


def span_of_hours(left: TimeLeft) -> str:
    """`33 to 52 h`: the unit is said once."""
    low, high = hours(left.low), hours(left.high)
    unit = NBSP + high.rpartition(NBSP)[2]
    return _("{low} to {high}").format(low=low.removesuffix(unit), high=high)


def about(number: int, *, is_exact: bool) -> str:
    """A count; one out of a sample to three figures."""
    if is_exact or number < 1000:
        return grouped(number)
    unit = int(10 ** (len(str(number)) - 3))
    return _("about\u00a0{n}").format(n=grouped(round(number / unit) * unit))


def state_row(state: str, kinds: Sequence[str], counts: PlaceCounts) -> StateRow:
    shown = [about(counts.by_state[state].get(kind, 0), is_exact=counts.is_exact) for kind in kinds]
    return StateRow(PARTS.get(state, ""), state, _(MEANINGS[state]), shown, about(counts.of(state), is_exact=counts.is_exact))


def active_rows(people: Sequence[Labeler], did: dict[int, Lately]) -> list[ActiveRow]:
    """Return who is active, whom one saw last first."""
    found = [(one, did[one.pk]) for one in people if one.pk in did and did[one.pk].is_active]
    found.sort(key=lambda entry: entry[1].seen_at.timestamp() if entry[1].seen_at else 0.0, reverse=True)
    return [ActiveRow(one.pk, one.name, lately.seen_at, lately.answers, *pace_in_words(lately)) for one, lately in found]


def pace_in_words(lately: Lately) -> tuple[str, str]:
    """Return the labels an hour of work, and the median active time; empty where they are not known."""
    rate = lately.pace.per_hour
    return "" if rate is None else f"{rate:.0f}", "" if lately.median_seconds is None else duration(lately.median_seconds)


# ---- what needs attention ------------------------------------------------------------------------------------------


def needs_of(campaign: Campaign, people: Sequence[Worker]) -> Iterator[Need]:
    """Yield what is to be seen to, the most pressing first."""
    yield from needs_of_people(campaign, people)
    if campaign.state == Campaign.State.DRAFT:
        yield Need("warn", _("Soon"), _("The campaign is a draft: nobody gets a new pair."), "campaign-settings", _("Settings"))
    if campaign.state == Campaign.State.PAUSED:
        yield Need("warn", _("Soon"), _("The campaign is paused: nobody gets a new pair."), "campaign-settings", _("Settings"))
    if is_ranking_pending(campaign):
        before, after = _(Campaign.Strategy(campaign.ranked_as).label), _(campaign.get_strategy_display())
        order = _("from “{before}” to “{after}”") if before != after else _("by “{after}”")
        words = _("The places are being ranked anew, {order}. Until that is done the order is partly the old one.")
        yield Need("calm", _("Know"), words.format(order=order.format(before=before, after=after)))
    for caution in cautions.cautions_of(campaign):
        yield Need("calm", _("Know"), caution, "campaign-settings", _("Settings"))


def needs_of_people(campaign: Campaign, people: Sequence[Worker]) -> Iterator[Need]:
    if waiting := sum(len(one.open_findings) for one in people):
        words = ngettext("{n} finding waits for somebody to look and decide.", "{n} findings wait for somebody to look and decide.", waiting)
        yield Need("due", _("Act"), words.format(n=grouped(waiting)), "findings", _("Look at them"))
    if paused := sum(one.labeler.state == "paused" and one.labeler.holds_role for one in people):
        words = ngettext("{n} labeler is paused and gets nothing new.", "{n} labelers are paused and get nothing new.", paused)
        yield Need("warn", _("Soon"), words.format(n=grouped(paused)), "campaign-people", _("Labelers"))
    able = sum(one.labeler.holds_role and one.labeler.is_active and one.labeler.state != "paused" for one in people)
    if able < campaign.overlap and campaign.state in (Campaign.State.OPEN, Campaign.State.PAUSED):
        words = _("A pair asks {labelers}, and {able} can label here: nobody labels a pair twice, so some places stay free.")
        says = words.format(labelers=counted(campaign.overlap, "labeler"), able=able or _("nobody"))
        yield Need("warn", _("Soon"), says, "campaign-people", _("Labelers"))


def is_ranking_pending(campaign: Campaign) -> bool:
    """Tell whether the places are, or are about to be, ranked by another strategy than they were."""
    return campaign.ranked_as != campaign.strategy


# ---- what comes next -----------------------------------------------------------------------------------------------


def next_of(upcoming: Upcoming, *, labeler: str) -> Next:
    return Next(rows=[next_row(place) for place in upcoming.places], barred=_(BARRED[upcoming.barred]) if upcoming.barred in BARRED else "", labeler=labeler)


def next_row(place: NextPlace) -> NextRow:
    position = "" if place.position is None else grouped(place.position + 1)
    asks_for = place.pool or (_("them alone") if place.why in ("name", "check") else _("anybody"))
    return NextRow(place.pair, place.name, place.kind, asks_for, place.priority, why_in_words(place), position)


def why_in_words(place: NextPlace) -> str:
    if place.why == "head":
        return _("at the head: freed, or made late")
    if place.why == "name":
        return _("kept for them by name")
    if place.why == "check":
        return _("due at a position that was drawn") if place.kind != Slot.Kind.PRACTICE else _("practice comes before work")
    return _("by rank: {order}").format(order=_(Campaign.Strategy(place.ranked_by).label)) if place.ranked_by in Campaign.Strategy.values else _("by rank")


# ---- how each of them works ----------------------------------------------------------------------------------------


def worker_row(worker: Worker, *, bar: float) -> WorkerRow:
    found = worker.gold.all
    state, reading = reading_of(found, bar)
    return WorkerRow(
        worker=worker,
        score="" if found.share is None else percent(found.share),
        interval=interval_of(found),
        reading=reading,
        state=state,
        plot=None if found.share is None else charts.interval_plot(found.share, found.low, found.high),
        left=hits_in_words(worker.gold.left),
        right=hits_in_words(worker.gold.right),
        alike="" if worker.consistency.share is None else percent(worker.consistency.share),
        alike_interval=interval_of(worker.consistency),
        findings=[_(Finding.Kind(kind).label) for kind in worker.open_findings],
    )


def reading_of(found: Hits, bar: float) -> tuple[str, str]:
    """Return a state and a word for where a gold score lies against the bar, a fraction."""
    if found.n < LEAST:
        return "calm", _("too few to say") if found.n else _("no gold yet")
    if is_below(found, bar):
        return "bad", _("below the bar")
    return ("good", _("above the bar")) if found.low is not None and found.low > bar else ("calm", _("at the bar"))


def interval_of(found: Hits) -> str:
    return "" if found.low is None or found.high is None else span(percent(found.low), percent(found.high))


def hits_in_words(found: Hits) -> str:
    return _("{hits} of {n}").format(hits=found.hits, n=found.n) if found.n else ""
