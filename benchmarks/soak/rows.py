"""Rows 1 to 4 of the soak: how each is run, and what is asked of it. Each works in a campaign of its own."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from benchmarks.soak.faults import Outage, celery, kill_workers, seconds_away, stop_postgres
from benchmarks.soak.judging import Work, judge, leave_the_database, make_campaign
from benchmarks.soak.labelers import Labeler, Manner, Person, Record, attempt, session
from benchmarks.soak.outcomes import Figure, Outcome, at_least, at_most, exactly
from benchmarks.soak.rig import Rig
from labeling import tasks
from labeling.models import Campaign, Slot

PATIENCE = 30.0
"""Seconds without any label after which a soak is given up."""
KILL_EVERY = 2.0
STOP_EVERY, GAP = 5.0, 1.0
BACK_WITHIN, BACK_WITHIN_IN_TESTS = 2.0, 15.0
"""Seconds. A figure is no matter for a test, on a machine that is busy with others: there it is whether it serves again."""
PROBES = 2
LEASE, SHORT_LEASE = 60.0, 2.0
"""Seconds: the shortest that a campaign may have, and what a row at a tenth of its size makes of it."""
FREE_WITHIN = 20.0
"""Seconds after the end of a lease."""

Sweeping = Callable[["Rig"], AbstractAsyncContextManager[None]]


def row_1(rig: Rig, *, tenth: bool) -> Outcome:
    return with_workers_killed(rig, Work(pairs=333 if tenth else 3334, overlap=3, labelers=16 if tenth else 64))


def row_2(rig: Rig, *, tenth: bool) -> Outcome:
    work = Work(pairs=333 if tenth else 3334, overlap=3, labelers=16 if tenth else 64)
    return with_postgres_stopped(rig, work, back_within=BACK_WITHIN_IN_TESTS if tenth else BACK_WITHIN)


def row_3(rig: Rig, *, tenth: bool) -> Outcome:
    return with_submissions_sent_thrice(rig, Work(pairs=100 if tenth else 1000, overlap=2, labelers=16))


def row_4(rig: Rig, *, tenth: bool) -> Outcome:
    """At a tenth, leases are shortened in the database and the sweep's task is called each second; else leases of a minute, a Celery worker and beat."""
    if tenth:
        return with_half_vanished(rig, Work(pairs=100, overlap=3, labelers=40), lease=SHORT_LEASE, sweeping=on_the_clock)
    return with_half_vanished(rig, Work(pairs=1000, overlap=3, labelers=40), lease=LEASE, sweeping=by_celery)


# ---- what every row does


@dataclass
class Soak:
    """A campaign, its people, and what they saw."""

    rig: Rig
    work: Work
    patience: float = PATIENCE
    manner: Manner = field(default_factory=Manner)

    def __post_init__(self) -> None:
        self.slug = f"soak-{uuid.uuid4().hex[:8]}"
        self.people = make_campaign(self.slug, self.work)
        leave_the_database()
        self.record = Record(self.work.labels, self.patience)

    async def label(self, people: Sequence[Person] | None = None, *, vanish: bool = False) -> None:
        """Have everybody label until it is over, or a few pairs each and then vanish."""
        labelers = enumerate(self.people if people is None else people)
        await asyncio.gather(*(self.label_as(person, most=number % 4 if vanish else None) for number, person in labelers))

    async def label_as(self, person: Person, *, most: int | None) -> None:
        async with session(self.rig.base, person, connections=self.manner.sends) as http:
            await Labeler(http, person, self.slug, self.record, self.manner).work(most=most)

    def outcome(self, row: int, what: str, *figures: Figure) -> Outcome:
        """Hold what is stored against what was said, and add what is asked of this row alone."""
        found = asdict(judge(self.slug, self.work, self.record.told))
        wrong = {name.replace("_", " "): count for name, count in found.items() if name != "labels"}
        of_all = [exactly("labels", found["labels"], self.work.labels), *(exactly(name, count) for name, count in wrong.items())]
        return Outcome(row, f"{self.work}; {what}", [*of_all, exactly("mistakes", self.record.mistakes), *figures])


# ---- row 1


def with_workers_killed(rig: Rig, work: Work) -> Outcome:
    soak = Soak(rig, work)
    killed = asyncio.run(label_while_killing(soak))
    return soak.outcome(1, f"a web worker killed every {KILL_EVERY:g} s", at_least("kills", killed, 1), at_least("broken requests", soak.record.breaks, 1))


async def label_while_killing(soak: Soak) -> int:
    async with asyncio.TaskGroup() as group:
        killing = group.create_task(kill_workers(soak.rig.web, soak.record, every=KILL_EVERY))
        await soak.label()
    return killing.result()


# ---- row 2


def with_postgres_stopped(rig: Rig, work: Work, *, back_within: float) -> Outcome:
    """Beside the labelers, who come back when they are told to, somebody asks all the time: those answers say how soon it serves again."""
    soak, probe = Soak(rig, work), Soak(rig, Work(pairs=PROBES, overlap=1, labelers=PROBES))
    outages = asyncio.run(label_while_stopping(soak, probe))
    leave_the_database()
    return soak.outcome(
        2,
        f"PostgreSQL stopped every {STOP_EVERY:g} s, for {GAP:g} s",
        at_least("stops", len(outages), 1),
        at_least("refusals with Retry-After", soak.record.refusals, 1),
        exactly("broken requests", soak.record.breaks),
        at_most("s from PostgreSQL's return until it serves", seconds_away(outages, probe.record.answers), back_within),
    )


async def label_while_stopping(soak: Soak, probe: Soak) -> list[Outage]:
    assert soak.rig.postgres
    is_done = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        stopping = group.create_task(stop_postgres(soak.rig.postgres, soak.record, every=STOP_EVERY, gap=GAP))
        probing = [group.create_task(ask_again_and_again(probe, person, is_done)) for person in probe.people]
        await soak.label()
        outages = await stopping
        is_done.set()
        await asyncio.wait(probing)
    return outages


async def ask_again_and_again(probe: Soak, person: Person, is_done: asyncio.Event) -> None:
    """Ask for the next pair, which one then holds, over a new connection each time, so that any worker may answer."""
    async with session(probe.rig.base, person, keep=False) as http:
        while not is_done.is_set():
            answer, _ = await attempt(http, f"/api/v1/campaigns/{probe.slug}/next", {})
            probe.record.answers.append(answer)
            await asyncio.sleep(0.05)


# ---- row 3


def with_submissions_sent_thrice(rig: Rig, work: Work, *, is_keyed: bool = True) -> Outcome:
    soak = Soak(rig, work, manner=Manner(sends=3, is_keyed=is_keyed))
    asyncio.run(soak.label())
    return soak.outcome(3, "each submission sent three times at once", exactly("equal answers", soak.record.equal, 3 * work.labels))


# ---- row 4


def with_half_vanished(rig: Rig, work: Work, *, lease: float, sweeping: Sweeping, patience: float = FREE_WITHIN + 10) -> Outcome:
    """Half of the labelers label a few pairs, lease one more, and are never seen again."""
    soak = Soak(rig, work, patience=lease + patience)
    Campaign.objects.filter(slug=soak.slug).update(lease_minutes=round(LEASE / 60))
    late = asyncio.run(label_while_half_vanish(soak, lease, sweeping))
    vanished = exactly("vanished", len(soak.record.held), work.labelers // 2)
    return soak.outcome(4, f"half vanish, leases of {lease:g} s", vanished, at_most("s from a lease's end until free", late, FREE_WITHIN))


async def label_while_half_vanish(soak: Soak, lease: float, sweeping: Sweeping) -> float:
    half = soak.work.labelers // 2
    await soak.label(soak.people[:half], vanish=True)
    if lease < LEASE:
        await in_a_thread(shorten, soak.record.held, lease)
    async with sweeping(soak.rig), asyncio.TaskGroup() as group:
        group.create_task(soak.label(soak.people[half:]))
        return await longest_after_its_end(soak.record)


async def longest_after_its_end(record: Record) -> float:
    """Wait until nothing is held any more by those who vanished. Returns the most seconds that this took after the end of a lease."""
    ends, longest, is_over = await in_a_thread(ends_of, record.held), 0.0, False
    while ends and not is_over:
        await asyncio.sleep(0.2)
        is_over = record.is_over()
        left = await in_a_thread(ends_of, record.held)
        freed = [ends.pop(key) for key in ends.keys() - left.keys()]
        longest = max([longest, *((timezone.now() - end).total_seconds() for end in freed)])
    return float("inf") if ends else longest


def shorten(keys: Sequence[str], seconds: float) -> None:
    Slot.objects.filter(lease__in=keys).update(lease_ends_at=timezone.now() + timedelta(seconds=seconds))


def ends_of(keys: Sequence[str]) -> dict[str, datetime]:
    """Return when the leases under these keys end: of those that are still there."""
    return {str(key): end for key, end in Slot.objects.filter(lease__in=keys).values_list("lease", "lease_ends_at") if end}


async def in_a_thread(do: Callable[..., Any], *args: Any) -> Any:
    """Ask the database beside the event loop, over a connection that is given back."""

    def ask() -> Any:
        try:
            return do(*args)
        finally:
            connection.close()

    return await asyncio.to_thread(ask)


@asynccontextmanager
async def by_nobody(rig: Rig) -> AsyncIterator[None]:
    """Sweep nothing: what must go wrong."""
    yield


@asynccontextmanager
async def by_celery(rig: Rig) -> AsyncIterator[None]:
    with celery(rig.environment, rig.folder):
        yield


@asynccontextmanager
async def on_the_clock(rig: Rig) -> AsyncIterator[None]:
    """Call the sweep's task each second, without a worker."""
    is_done = asyncio.Event()
    sweeping = asyncio.create_task(sweep_until(is_done))
    try:
        yield
    finally:
        is_done.set()
        await sweeping


async def sweep_until(is_done: asyncio.Event) -> None:
    while not is_done.is_set():
        await in_a_thread(tasks.sweep)
        await asyncio.sleep(1)
