"""Closed-loop load without think time: each labeler asks for the next pair, answers it, and goes on."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from benchmarks.adapters import Assigned, Base
from benchmarks.figures import milliseconds, percentile

MOST_FAILURES = 20
"""After so many failed requests a labeler gives up."""
EMPTY_QUEUE = 4
"""What one empty answer counts as in a race: others may still hold pairs, so it is asked a few times more."""

Sent = tuple[str, int, str]
"""Key, number of the labeler, choice: what the server said it has stored."""


@dataclass
class Load:
    """What the labelers of one level do, and what came of it. Times in seconds."""

    adapter: Base
    labelers: int
    seconds: float
    most_cycles: int
    is_race: bool = False
    """Drain the queue, and keep a log of what was accepted."""
    double: bool = False
    """Send every answer twice at once over two connections: a double click, a retried request."""
    next_times: list[float] = field(default_factory=list)
    submit_times: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    log: list[Sent] = field(default_factory=list)
    drained: int = 0
    wall: float = 0.0

    async def run(self) -> dict[str, Any]:
        sessions = [await self.adapter.login(user) for user in range(self.labelers)]
        second = [await self.adapter.login(user) for user in range(self.labelers)] if self.double else []
        began = time.perf_counter()
        self.ends = began + self.seconds
        await asyncio.gather(*(self.label(user, [session, *second[user : user + 1]]) for user, session in enumerate(sessions)))
        self.wall = time.perf_counter() - began
        for session in sessions + second:
            await self.adapter.logout(session)
        return self.report()

    async def label(self, user: int, windows: list[Any]) -> None:
        """Label for one person until the time is up, the cycles are done, nothing is left, or too much fails."""
        choose, failures = random.Random(user), 0
        while time.perf_counter() < self.ends and len(self.submit_times) < self.most_cycles and failures < MOST_FAILURES:
            try:
                went_on = await self.cycle(user, windows, choose.choice(("left", "right")))
            except Exception as error:  # a failed request is a figure here
                self.errors[f"{type(error).__name__} {str(error)[:80]}"] += 1
                failures += 1
                await asyncio.sleep(0.05)
                continue
            if not went_on:
                self.drained += 1
                failures += EMPTY_QUEUE
                if not self.is_race:
                    return
                await asyncio.sleep(0.5)

    async def cycle(self, user: int, windows: list[Any], choice: str) -> bool:
        """Ask for a pair and answer it. False: nothing was left."""
        began = time.perf_counter()
        task = await self.adapter.next_task(windows[0])
        asked = time.perf_counter()
        if task is None:
            return False
        await self.send(windows, task, choice)
        self.next_times.append(asked - began)
        self.submit_times.append(time.perf_counter() - asked)
        if self.is_race:
            self.log.append((task.key, user, choice))
        return True

    async def send(self, windows: list[Any], task: Assigned, choice: str) -> None:
        """Submit in every window at once. Raises if none of them was told that it is stored."""
        answers = await asyncio.gather(*(self.adapter.submit(window, task, choice) for window in windows), return_exceptions=True)
        failed = [answer for answer in answers if isinstance(answer, BaseException)]
        if len(failed) == len(answers):
            raise failed[0]

    def report(self) -> dict[str, Any]:
        times = {"next": self.next_times, "submit": self.submit_times}
        return {
            "labelers": self.labelers,
            "cycles": len(self.submit_times),
            "load_s": round(self.wall, 2),
            "cycles_s": round(len(self.submit_times) / self.wall, 2),
            **{f"{name}_p{percent}": milliseconds(percentile(values, percent)) for name, values in times.items() for percent in (50, 95, 99)},
            "errors": sum(self.errors.values()),
            "error_kinds": dict(self.errors.most_common(5)),
            "none_left": self.drained,
        }
