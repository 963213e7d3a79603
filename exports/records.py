"""What is on record of a version besides its bytes: gates, waivers, readings, what became of it. In words, for cards, pages and the API. Writes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from exports import gates, lives, readings
from exports.gate_kinds import KINDS
from exports.models import DatasetVersion, VersionEvent, Waiver
from exports.readings import Reading
from labeling.words import counted, percent, span

HARD = "rows that a shortcut explains best"
DRAWN = {"random": "drawn at random", "adversarial": HARD}


@dataclass(frozen=True, kw_only=True)
class Record:
    """Sentences, each whole. Only what is known today: a later waiver, reading or event adds to it."""

    state: str
    gates: list[str]
    waivers: list[str]
    readings: list[str]
    events: list[str]
    approved_by: str
    """Who released it; empty where it is not released."""


def record_of(version: DatasetVersion) -> Record:
    """Return what is on record of a version."""
    events = list(version.events.select_related("actor", "successor").order_by("pk"))
    released = next((event for event in events if event.kind == VersionEvent.Kind.RELEASED), None)
    return Record(
        state=version.state,
        gates=[gate_in_words(gate) for gate in gates.check(version)],
        waivers=[waiver_in_words(waiver) for waiver in version.waivers.select_related("actor").order_by("pk")],
        readings=[reading_in_words(reading) for reading in readings.readings_of(version).values()],
        events=[event_in_words(event) for event in events],
        approved_by=who(released) if released else "",
    )


def gate_in_words(gate: gates.Gate) -> str:
    return f"{gate.name}, {gate.state}: {gate.found} It asks for {gate.asks}." + (f" The previous version had {gate.before}." if gate.before else "")


def waiver_in_words(waiver: Waiver) -> str:
    name = KINDS[waiver.gate].name if waiver.gate in KINDS else waiver.gate
    return f"{name} was waived by {waiver.actor.username} on {waiver.at:%-d %B %Y}: {lives.reason_in_words(waiver.reason)}. Found was: {waiver.found}"


def reading_in_words(reading: Reading) -> str:
    """Return how much of a sample was read, and its share of errors with the 95 % interval (Wilson, 1927)."""
    said = f"{counted(reading.read, 'row')} {DRAWN[reading.sample]}, of {reading.drawn:,}, {'was' if reading.read == 1 else 'were'} read by people"
    errors = reading.errors
    if errors.share is None or errors.low is None or errors.high is None:
        return f"{said}."
    return f"{said}; {percent(errors.share)} wrong ({span(percent(errors.low), percent(errors.high))}, n = {errors.n:,})."


def event_in_words(event: VersionEvent) -> str:
    instead = f" Use version {event.successor.number} instead." if event.successor else ""
    why = "" if event.reason == "" else f": {lives.reason_in_words(event.reason)}"
    return f"{event.get_kind_display().capitalize()} by {who(event)} on {event.at:%-d %B %Y}{why}.{instead}"


def who(event: VersionEvent) -> str:
    return event.actor.username if event.actor else "an operator"


def newest_in_words(version: DatasetVersion) -> str:
    """Return, in a sentence, what stands between a version and its use."""
    if version.state != DatasetVersion.State.FROZEN:
        current = lives.current(version.dataset)
        return f"Version {version.number} is {version.state}{', and the current one' if current == version else ''}."
    blocking = len(gates.blocking(version))
    return f"Version {version.number} is frozen: " + (
        f"{counted(blocking, 'gate')} {'stands' if blocking == 1 else 'stand'} in its way." if blocking else "nothing stands in its way."
    )
