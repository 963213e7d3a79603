"""Labeling cycles a second: `make bench`. A cycle is one request of the desk: a label is stored, its pair settled, the next pair leased and shown.

Serves Tiebreak as in production, on a PostgreSQL and a Redis of its own, in a folder of its own that is removed at the end; imports the pairs; has
labelers label without pause; and prints what came of it, with the machine and the versions. Beside it, in the same run, the floor: the same two
transactions over bare psycopg. Driver, server and database share the machine; nothing leaves it. `ARGS="--seconds 5 --reps 1"` is quicker.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from benchmarks.adapters.tiebreak import Adapter
from benchmarks.cycle import numbers, warm
from benchmarks.figures import spread
from benchmarks.instance import ROOT, Instance
from benchmarks.load import Load
from benchmarks.material import make_tasks
from benchmarks.meter import Attempt, Patience, attempts

OVERLAP = 3
COLUMNS = {
    "labelers": "labelers",
    "cycles_s": "cycles/s",
    "submit_p50": "submit p50 ms",
    "submit_p95": "submit p95 ms",
    "server_ms_per_cycle": "server CPU ms a cycle",
    "driver_ms_per_cycle": "driver CPU ms a cycle",
    "errors": "errors",
    "other_cores": "others' cores",
}


def machine(instance: Instance) -> list[str]:
    """Return what the figures were measured on and with."""
    inside = instance.inside("versions")
    packages = [f"{name} {importlib.metadata.version(name)}" for name in ("psycopg", "gunicorn")]
    served = f"{inside['workers']} gunicorn workers of {inside['threads']} threads"
    return [
        f"Machine:  {cpu()}, {os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB, {platform.system()} {platform.release()}",
        f"Versions: Python {platform.python_version()}, Django {inside['Django']}, {', '.join(packages)}, PostgreSQL {inside['PostgreSQL']}",
        f"Served:   {served}; fsync {inside['fsync']}, synchronous_commit {inside['synchronous_commit']}; data on {file_system(instance.folder)}",
    ]


def cpu() -> str:
    names = [line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()


def file_system(folder: Path) -> str:
    """Return the type of the file system under a folder. On tmpfs a commit would cost nothing."""
    mounts = [entry for entry in psutil.disk_partitions(all=True) if folder.is_relative_to(entry.mountpoint)]
    return max(mounts, key=lambda entry: len(entry.mountpoint)).fstype


async def measure(adapter: Adapter, args: argparse.Namespace, records: list[dict[str, Any]]) -> None:
    """Add a record for each level, each repeat on a fresh campaign."""
    tasks = make_tasks(args.pairs)
    patience = Patience(quiet_wait=args.quiet_wait, most_noise=args.most_noise, retries=0, ends=time.monotonic())
    for rep in range(args.reps):
        await adapter.create_project(f"bench-{rep}", OVERLAP)
        print(f"Repeat {rep + 1} of {args.reps}: importing {args.pairs:,} pairs", file=sys.stderr, flush=True)
        await adapter.import_tasks(tasks)
        await warm(adapter)
        for labelers in args.labelers:
            async for attempt in attempts(lambda: adapter.server, patience, partial(level, adapter, labelers, args.seconds)):
                records.append(attempt.record | {"driver_ms_per_cycle": driver_cost(attempt.record)})
                print(f"  {labelers:2} labelers: {attempt.record['cycles_s']} cycles/s", file=sys.stderr, flush=True)


async def level(adapter: Adapter, labelers: int, seconds: float) -> Attempt:
    return Attempt("cycle", await Load(adapter, labelers, seconds, most_cycles=100_000).run())


def driver_cost(record: dict[str, float]) -> float:
    return round(1000 * record["driver_cores"] * record["wall_s"] / max(1, record["cycles"]), 2)


async def floor(adapter: Adapter, args: argparse.Namespace) -> dict[str, Any]:
    """Have as many processes as there are labelers do the same two transactions without the product around them."""
    await adapter.create_project("floor", OVERLAP)
    await adapter.import_tasks(make_tasks(args.pairs))
    given = await asyncio.to_thread(adapter.instance.inside, "floor", adapter.slug)
    argv = [sys.executable, "-m", "benchmarks.floor", "--seconds", str(min(args.seconds, 5))]
    done = await asyncio.to_thread(subprocess.run, argv, cwd=ROOT, input=json.dumps(given), capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def table(records: Sequence[dict[str, Any]]) -> list[str]:
    """Return the figures by level, each as min / median / max over the repeats."""
    levels = sorted({record["labelers"] for record in records})
    rows = [list(COLUMNS.values()), *(row([record for record in records if record["labelers"] == labelers]) for labelers in levels)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]


def row(records: Sequence[dict[str, Any]]) -> list[str]:
    return [spread([record[name] for record in records if record[name] is not None]) for name in COLUMNS]


async def run(args: argparse.Namespace) -> None:
    adapter = Adapter(f"http://127.0.0.1:{args.port}", {"via": args.via, "labelers": str(max(args.labelers))})
    records: list[dict[str, Any]] = []
    await adapter.start()
    try:
        about = machine(adapter.instance)
        await measure(adapter, args, records)
        bare = await floor(adapter, args)
    finally:
        await adapter.close()
    print(
        *about, f"Load:     {args.pairs:,} pairs, k = {OVERLAP}, {args.seconds:g} s a level, by the {args.via}; min / median / max of {args.reps}\n", sep="\n"
    )
    print(*table(records), sep="\n")
    medians = f"lease {bare['lease_p50']} ms, label {bare['label_p50']} ms at the median"
    print(f"\nFloor: {bare['cycles_s']} cycles/s from {bare['processes']} processes over bare psycopg, {medians}")
    if args.out:
        Path(args.out).write_text("".join(json.dumps({"kind": "cycle", "adapter": "tiebreak", "label": args.via, **record}) + "\n" for record in records))


def main() -> None:
    options = argparse.ArgumentParser(prog="make bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--labelers", type=numbers, default=[1, 4, 16], help="levels, as in 1,4,16")
    options.add_argument("--pairs", type=int, default=5000)
    options.add_argument("--seconds", type=float, default=15, help="of load at each level")
    options.add_argument("--reps", type=int, default=3)
    options.add_argument("--via", choices=["desk", "api"], default="desk")
    options.add_argument("--port", type=int, default=18100)
    options.add_argument("--quiet-wait", type=float, default=4, help="seconds to wait for a quiet machine before each level")
    options.add_argument("--most-noise", type=float, default=0.2, help="cores that other programs may use before a level counts as noisy")
    options.add_argument("--out", default="", help="file for the records, for benchmarks.tables")
    asyncio.run(run(options.parse_args()))


if __name__ == "__main__":
    main()
