"""The core cycle of preference labeling, side by side: ask for the next pair, answer it.

    python -m benchmarks.cycle --adapter NAME --base http://127.0.0.1:PORT [--server app=PID,pg=PID] [--opt K=V ...] COMMAND

    cycle    a new project of --tasks, then --seconds of closed-loop load (no think time) at each of --labelers;
             repeated --reps times, each with a fresh project
    race     --labelers (the last value) drain --race-tasks with overlap --overlap; then the export is held against what
             the driver was told is stored
    io       import of each --io-tasks, and export of --export-tasks x overlap ready-made labels
    browser  bytes of the first load, time to the pair, time from Submit to the next pair (Chromium)

Every result is one JSON line, printed and appended to --out. Talks to 127.0.0.1 only; every loop is bounded in count and
time. CPU and memory are those of the process trees under --server, or of the server that the adapter runs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import async_playwright

from benchmarks import adapters, browsing
from benchmarks.adapters import Base, Row
from benchmarks.load import Load, Sent
from benchmarks.material import Task, make_tasks
from benchmarks.meter import Attempt, Meter, Patience, Roots, attempts, wait_for_quiet

LONGEST_LEVEL, LONGEST_RACE = 120.0, 600.0
"""Seconds, whatever was asked for."""
WARM_UP = 12


@dataclass(frozen=True)
class Bench:
    """One product, the machine's quiet, and where results go."""

    adapter: Base
    args: argparse.Namespace
    roots: Roots
    patience: Patience

    def out(self, kind: str, **record: Any) -> None:
        line = json.dumps({"kind": kind, "adapter": self.args.adapter, "when": time.strftime("%Y-%m-%dT%H:%M:%S"), "label": self.args.label, **record})
        print(line, flush=True)
        if self.args.out:
            with open(self.args.out, "a") as file:
                file.write(line + "\n")

    async def attempt(self, rep: int, measure: Callable[[], Any]) -> None:
        async for attempt in attempts(self.roots, self.patience, measure):
            self.out(attempt.kind, rep=rep, **attempt.record)


async def fill(bench: Bench, title: str, tasks: Sequence[Task], *, labels: int = 0) -> Attempt:
    """Make a project and import the tasks. Only the import is timed."""
    await bench.adapter.create_project(title, bench.args.overlap)
    kind = "import_labeled" if labels else "import"
    began = time.perf_counter()
    try:
        stored = await bench.adapter.import_tasks(tasks, labels=labels)
    except Exception as error:  # an import that fails is a figure here
        return Attempt(kind, {"tasks": len(tasks), "error": f"{type(error).__name__}: {str(error)[:300]}"})
    seconds = time.perf_counter() - began
    return Attempt(kind, {"tasks": stored, "labels": stored * labels, "import_s": round(seconds, 2), "tasks_s": round(stored / seconds)})


async def warm(adapter: Base) -> None:
    """Wake every worker once, outside the measurement."""
    session = await adapter.login(0)
    for _ in range(WARM_UP):
        await adapter.next_task(session)
    await adapter.logout(session)


async def run_cycle(bench: Bench) -> None:
    tasks = make_tasks(bench.args.tasks)
    for rep in range(bench.args.reps):
        if not bench.args.keep_project:
            await bench.attempt(rep, partial(fill, bench, f"cycle-{rep}", tasks))
        await warm(bench.adapter)
        for labelers in bench.args.labelers:
            await bench.attempt(rep, partial(level, bench, labelers))


async def level(bench: Bench, labelers: int) -> Attempt:
    load = Load(bench.adapter, labelers, min(bench.args.seconds, LONGEST_LEVEL), bench.args.max_cycles)
    return Attempt("cycle", await load.run())


async def run_race(bench: Bench) -> None:
    tasks, overlap, labelers = make_tasks(bench.args.race_tasks, seed=7), bench.args.overlap, bench.args.labelers[-1]
    for rep in range(bench.args.reps):
        await fill(bench, f"race-{rep}", tasks)
        await wait_for_quiet(bench.roots, limit=bench.patience.quiet_wait)
        most = len(tasks) * (overlap + 20)
        load = Load(bench.adapter, labelers, min(bench.args.race_seconds, LONGEST_RACE), most, is_race=True, double=bench.args.double)
        with Meter(bench.roots) as meter:
            figures = await load.run()
        _, rows = await bench.adapter.export()
        verdict = judge(tasks, rows, load.log, overlap=overlap, user_id=bench.adapter.user_id)
        bench.out("race_double" if bench.args.double else "race", **({"rep": rep, "overlap": overlap} | meter.report() | figures | verdict))


def judge(tasks: Sequence[Task], rows: Sequence[Row], log: Sequence[Sent], *, overlap: int, user_id: Callable[[int], object]) -> dict[str, Any]:
    """Hold what is stored against what was asked for and against what the server said it has."""
    per_task = Counter(key for key, _, _ in rows)
    accepted: Counter[tuple[str, object]] = Counter((key, user_id(user)) for key, user, _ in log)
    stored: Counter[tuple[str, object]] = Counter((key, user) for key, user, _ in rows)
    sent = {(key, user_id(user)): choice for key, user, choice in log}
    counts = [per_task.get(task["key"], 0) for task in tasks]
    return {
        "tasks": len(tasks),
        "accepted": len(log),
        "stored": len(rows),
        "wanted": len(tasks) * overlap,
        "over": sum(count > overlap for count in counts),
        "surplus": sum(max(0, count - overlap) for count in counts),
        "under": sum(count < overlap for count in counts),
        "duplicates": sum(count - 1 for count in stored.values()),
        "lost": (accepted - stored).total(),
        "unknown": (stored - accepted).total(),
        "changed": sum(sent.get((key, user), choice) != choice for key, user, choice in rows),
        "histogram": {str(count): number for count, number in sorted(Counter(counts).items())},
    }


async def run_io(bench: Bench) -> None:
    for count in bench.args.io_tasks:
        tasks = make_tasks(count)
        for rep in range(bench.args.reps):
            await bench.attempt(rep, partial(fill, bench, f"io-{len(tasks)}-{rep}", tasks))
    if bench.args.export_tasks:
        tasks = make_tasks(bench.args.export_tasks)
        await bench.attempt(0, lambda: fill(bench, "export", tasks, labels=bench.args.overlap))
        _, rows = await bench.adapter.export()  # also warms up: the counted ones are not parsed
        for rep in range(bench.args.reps):
            await bench.attempt(rep, lambda: export(bench, len(rows)))


async def export(bench: Bench, labels: int) -> Attempt:
    began = time.perf_counter()
    size, _ = await bench.adapter.export(parse=False)
    seconds = time.perf_counter() - began
    return Attempt("export", {"labels": labels, "bytes": size, "export_s": round(seconds, 2), "labels_s": round(labels / seconds)})


async def run_browser(bench: Bench) -> None:
    tasks = make_tasks(max(200, bench.args.clicks * 3), seed=3)
    for rep in range(bench.args.reps):
        await fill(bench, f"browser-{rep}", tasks)
        await bench.attempt(rep, partial(browse, bench, rep))


async def browse(bench: Bench, rep: int) -> Attempt:
    with tempfile.TemporaryDirectory() as profile:
        async with async_playwright() as playwright:
            context = await browsing.open_browser(playwright, profile=Path(profile), chromium=bench.args.chromium)
            page = context.pages[0]
            await bench.adapter.page_login(page, rep)
            await page.goto("about:blank")
            record = await browsing.measure(bench.adapter, page, warm_loads=bench.args.warm_loads, clicks=bench.args.clicks)
            if rep == 0 and bench.args.shot:
                await page.screenshot(path=bench.args.shot)
            await context.close()
    return Attempt("browser", record)


COMMANDS = {"cycle": run_cycle, "race": run_race, "io": run_io, "browser": run_browser}


def numbers(text: str) -> list[int]:
    return [int(word) for word in text.split(",") if word]


def roots_of(text: str) -> Mapping[str, int]:
    """Read `app=PID,pg=PID`."""
    return {name: int(pid) for name, _, pid in (word.partition("=") for word in text.split(",") if word)}


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--adapter", required=True)
    made.add_argument("--base", required=True)
    made.add_argument("--server", default="", help="name=pid,... roots of the server's process trees")
    made.add_argument("--opt", action="append", default=[], metavar="K=V")
    made.add_argument("--out", default="", help="file to append results to, one JSON line each")
    made.add_argument("--label", default="")
    made.add_argument("--reps", type=int, default=3)
    made.add_argument("--overlap", type=int, default=3)
    made.add_argument("--tasks", type=int, default=5000)
    made.add_argument("--labelers", type=numbers, default=[1, 4, 16])
    made.add_argument("--seconds", type=float, default=40, help="of load at each level")
    made.add_argument("--max-cycles", type=int, default=20000)
    made.add_argument("--keep-project", action="store_true")
    made.add_argument("--race-tasks", type=int, default=200)
    made.add_argument("--double", action="store_true", help="race: every answer is sent twice at once")
    made.add_argument("--race-seconds", type=float, default=300)
    made.add_argument("--io-tasks", type=numbers, default=[5000, 50000])
    made.add_argument("--export-tasks", type=int, default=5000)
    made.add_argument("--clicks", type=int, default=20)
    made.add_argument("--warm-loads", type=int, default=3)
    made.add_argument("--chromium", default=os.environ.get("CHROMIUM") or shutil.which("chromium"))
    made.add_argument("--shot", default="", help="browser: file for a picture of the page")
    made.add_argument("--quiet-wait", type=float, default=60, help="seconds to wait for a quiet machine, at most")
    made.add_argument("--max-noise", type=float, default=0.2, help="cores that other programs may use meanwhile")
    made.add_argument("--retries", type=int, default=3)
    made.add_argument("--minutes", type=float, default=60, help="no retries past this")
    made.add_argument("command", choices=list(COMMANDS))
    return made


async def run(args: argparse.Namespace) -> None:
    """Measure one product. The adapter's own server, if it runs one, ends with it."""
    adapter = adapters.load(args.adapter, args.base, dict(option.split("=", 1) for option in args.opt))
    patience = Patience(quiet_wait=args.quiet_wait, most_noise=args.max_noise, retries=args.retries, ends=time.monotonic() + 60 * args.minutes)
    await adapter.start()
    try:
        await COMMANDS[args.command](Bench(adapter, args, lambda: adapter.server or roots_of(args.server), patience))
    finally:
        await adapter.close()


def main() -> None:
    args = parser().parse_args()
    if urlsplit(args.base).hostname not in ("127.0.0.1", "localhost", "::1"):
        raise SystemExit("--base must be on this machine")
    asyncio.run(run(args))


if __name__ == "__main__":
    main()
