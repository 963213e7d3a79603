"""CPU and memory of a server's process trees, and of whatever else ran on the machine meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import psutil

Roots = Callable[[], Mapping[str, int]]
"""Tells the process ids at the roots of the server's trees, by name. They may change from one call to the next."""

STILL = 0.15
"""Cores that all programs together may use on a machine that counts as quiet."""


def busy_seconds() -> float:
    """Return CPU seconds spent on this machine since it started: all but idle, waiting for disks, and stolen."""
    with open("/proc/stat") as file:
        ticks = [int(word) for word in file.readline().split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4] - ticks[7]) / float(os.sysconf("SC_CLK_TCK"))


def tree(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def cpu_of(pid: int) -> float:
    """Return the CPU seconds of a process tree, with those of the root's children that came and went."""
    return sum(cpu_times(process, ended_children=number == 0) for number, process in enumerate(tree(pid)))


def cpu_times(process: psutil.Process, *, ended_children: bool) -> float:
    with contextlib.suppress(psutil.Error):
        times = process.cpu_times()
        return float(times.user + times.system + (times.children_user + times.children_system if ended_children else 0))
    return 0.0


def pss_of(process: psutil.Process) -> int:
    """Return a process's memory in bytes, shared pages counted in part."""
    with contextlib.suppress(OSError), open(f"/proc/{process.pid}/smaps_rollup") as file:
        return next((int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:")), 0)
    return 0


def rss_of(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


class Meter:
    """Measures between `with` and its end: what the server used, what the driver used, and what others took."""

    def __init__(self, roots: Roots, *, memory: bool = True) -> None:
        self.roots = roots
        self.memory = memory
        self.rss: dict[str, int] = {}
        self.pss: dict[str, int] = {}
        self.used: dict[str, float] = {}

    def __enter__(self) -> Self:
        self.stop = threading.Event()
        self.cpu = self.read_cpu()
        self.busy, self.own, self.began = busy_seconds(), self.driver_cpu(), time.perf_counter()
        self.thread = threading.Thread(target=self.watch_memory, daemon=True)
        if self.memory:
            self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall = time.perf_counter() - self.began
        busy, own = busy_seconds() - self.busy, self.driver_cpu() - self.own
        for name, (pid, seconds) in self.read_cpu().items():  # a server started meanwhile counts from nothing
            before = self.cpu.get(name)
            self.used[name] = max(0.0, seconds - (before[1] if before and before[0] == pid else 0.0))
        self.stop.set()
        if self.memory:
            self.thread.join()
        self.driver = max(0.0, own)
        self.others = max(0.0, busy - sum(self.used.values()) - self.driver)

    def read_cpu(self) -> dict[str, tuple[int, float]]:
        return {name: (pid, cpu_of(pid)) for name, pid in self.roots().items()}

    def driver_cpu(self) -> float:
        """Return the CPU of this process and of what it started (a browser), without a server that it started."""
        servers = {process.pid for pid in self.roots().values() for process in tree(pid)}
        me, *children = tree(os.getpid())
        ended = me.cpu_times()
        own = time.process_time() + ended.children_user + ended.children_system
        return float(own) + sum(cpu_times(child, ended_children=True) for child in children if child.pid not in servers)

    def watch_memory(self) -> None:
        while True:
            for name, pid in self.roots().items():
                processes = tree(pid)
                self.rss[name] = max(self.rss.get(name, 0), sum(map(rss_of, processes)))
                self.pss[name] = max(self.pss.get(name, 0), sum(map(pss_of, processes)))
            if self.stop.wait(0.5):
                return

    def report(self) -> dict[str, Any]:
        wall = self.wall or 1e-9
        return {
            "wall_s": round(self.wall, 2),
            "server_cpu_s": {name: round(seconds, 2) for name, seconds in self.used.items()},
            "server_cores": round(sum(self.used.values()) / wall, 2),
            "driver_cores": round(self.driver / wall, 2),
            "other_cores": round(self.others / wall, 2),
            "peak_rss_mb": {name: round(size / 2**20) for name, size in self.rss.items()},
            "peak_pss_mb": {name: round(size / 2**20) for name, size in self.pss.items()},
        }


async def wait_for_quiet(roots: Roots, *, limit: float) -> float:
    """Wait, `limit` seconds at most, until the machine is still; return the cores in use at the last look."""
    ends = time.monotonic() + limit
    while True:
        with Meter(roots, memory=False) as meter:
            await asyncio.sleep(min(2, max(0.5, limit)))
        cores = (sum(meter.used.values()) + meter.others) / meter.wall
        if cores < STILL or time.monotonic() > ends:
            return round(cores, 2)


@dataclass(frozen=True)
class Patience:
    """How a noisy machine is met: what noise is too much, and how long and how often to try for less."""

    quiet_wait: float
    """Seconds to wait for a quiet machine before an attempt."""
    most_noise: float
    """Cores that others may use during one."""
    retries: int
    ends: float
    """On the monotonic clock: no retry after it."""


@dataclass(frozen=True)
class Attempt:
    kind: str
    record: dict[str, Any]


async def attempts(roots: Roots, patience: Patience, measure: Callable[[], Awaitable[Attempt]]) -> AsyncIterator[Attempt]:
    """Measure until other programs were quiet meanwhile. Every attempt is given, the contaminated ones marked `noisy`."""
    for _ in range(patience.retries + 1):
        before = await wait_for_quiet(roots, limit=min(patience.quiet_wait, max(0.0, patience.ends - time.monotonic())))
        with Meter(roots) as meter:
            attempt = await measure()
        report = meter.report()
        noisy = report["other_cores"] > patience.most_noise
        cycles = attempt.record.get("cycles")
        per_cycle = {"server_ms_per_cycle": round(1000 * sum(meter.used.values()) / cycles, 2)} if cycles else {}
        yield Attempt(attempt.kind, {**report, **attempt.record, **per_cycle, "noise_before": before, "noisy": noisy})
        if not noisy or time.monotonic() > patience.ends:
            return
