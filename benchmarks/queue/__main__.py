"""What the next place costs: `make bench-queue`. It should cost the same however large the campaign is, and however much its labeler has done.

Loads campaigns of 1,000, 100,000 and 1,000,000 pairs (k = 3) into databases of their own, on a PostgreSQL of its own, in a folder of its own that is removed at
the end (6 GB). Each database has an open campaign, with labelers who have labeled none, 1,000 and 100,000 of its pairs, and one of which 99 % is done, with the
other places freed behind every cursor. Leases are timed by the lease statement alone and over HTTP, by the API; a block of each case comes in turn, so
that what else the machine does meets all of them. `ARGS="--sizes 1000,100000"` is quicker.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import psycopg

from benchmarks.cycle import numbers
from benchmarks.figures import percentile
from benchmarks.labeling import machine
from benchmarks.queue.size import FOUR, Case, Size
from config import embedded
from config.embedded.postgres import Postgres
from config.embedded.server import leave_all

BLOCK = 5
MOST = 1.3
"""The largest median may be so many times the smallest."""
HEADINGS = ("pairs", "labeled", "campaign", "SQL p50 ms", "p95", "server CPU", "HTTP p50 ms", "p95", "4 labelers p50 ms", "cycles/s")


def make_sizes(args: argparse.Namespace, folder: Path) -> list[Size]:
    """Start PostgreSQL and Redis, and make a migrated database for each size."""
    os.environ["VAR_DIR"] = str(folder)
    embedded.provide(folder)
    sizes = [Size(pairs, port=args.port + number, folder=folder, url=Postgres(folder).url) for number, pairs in enumerate(args.sizes)]
    first = sizes[0]
    first.run("manage.py", "collectstatic", "--noinput", "--verbosity=0")
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        for size in sizes:
            connection.execute(f"CREATE DATABASE {size.name}")
            size.manage("migrate", "--verbosity=0")
    return sizes


async def measure(sizes: list[Size], leases: int) -> None:
    """Time so many leases of each case, by the statement alone; by HTTP, alone; and where there are four labelers, by them at once."""
    cases = [(size, case) for size in sizes for case in size.cases]
    for block in range(-1, leases // BLOCK):
        for size, case in cases:
            size.lease(case, BLOCK)
            if block >= 0:  # the first is for warming up
                case.alone.add(await size.serve_labelers(case, labelers=1, cycles=BLOCK))
            else:
                case.bare.clear()
                case.cpu.clear()
                await size.serve_labelers(case, labelers=1, cycles=3)
    for _ in range(leases // (BLOCK * FOUR)):
        for size, case in cases:
            if len(case.served) == FOUR:
                case.four.add(await size.serve_labelers(case, labelers=FOUR, cycles=BLOCK))


def rows(sizes: Iterable[Size]) -> list[list[str]]:
    return [list(HEADINGS), *(row(size, case) for size in sizes for case in size.cases)]


def row(size: Size, case: Case) -> list[str]:
    per_second = len(case.four.cycles) / case.four.seconds if case.four.cycles else None
    bare, alone, four = case.bare, case.alone.leases, case.four.leases
    figures = [percentile(bare, 50), percentile(bare, 95), percentile(case.cpu, 50), percentile(alone, 50), percentile(alone, 95), percentile(four, 50)]
    shown = [*(f"{figure:.2f}" if figure is not None else "" for figure in figures), f"{per_second:.0f}" if per_second else ""]
    return [f"{size.pairs:,}", f"{case.labeled:,}", "open" if case.slug == "open" else "99 % done", *shown]


def table(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]


def verdict(sizes: Iterable[Size]) -> list[str]:
    cases = [case for size in sizes for case in size.cases]
    parts = {
        "the statement alone": [case.bare for case in cases],
        "the statement alone, server CPU": [case.cpu for case in cases],
        "over HTTP, one labeler": [case.alone.leases for case in cases],
        "over HTTP, four labelers": [case.four.leases for case in cases if case.four.leases],
    }
    return ["largest / smallest median lease | got | target | ok?", *(line(name, times) for name, times in parts.items())]


def line(name: str, times: list[list[float]]) -> str:
    medians = [percentile(each, 50) or 0.0 for each in times]
    got = max(medians) / min(medians)
    return f"{name} | {got:.2f} | at most {MOST} | {'yes' if got <= MOST else 'NO'}"


def asides(sizes: Iterable[Size]) -> list[str]:
    found = []
    for size in sizes:
        times = [size.ask("find_nothing", "open", "all", 1)[0] for _ in range(20)]
        bare = size.floor(25)
        served = size.cases[0].four
        rate = len(served.cycles) / served.seconds
        found += [
            f"{size.pairs:,} pairs",
            f"  ceiling: the two transactions by psycopg from 4 processes, {bare['cycles_s']:.0f} cycles/s; HTTP reaches {rate / bare['cycles_s']:.0%} of it",
            f"  before the server has statistics, the statement alone: {size.unanalysed:.2f} ms",
            f"  who has labeled all of it is told that nothing is left in {percentile(times, 50):.0f} ms, at most {max(times):.0f} ms",
        ]
    return found


def main() -> None:
    options = argparse.ArgumentParser(prog="make bench-queue", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sizes", type=numbers, default=[1_000, 100_000, 1_000_000], help="pairs, as in 1000,100000")
    options.add_argument("--leases", type=int, default=300, help="of each case, by the statement and over HTTP")
    options.add_argument("--port", type=int, default=18300)
    options.add_argument("--explain", type=Path, help="file for the plan of the lease statement at the largest size")
    args = options.parse_args()
    folder, sizes = Path(tempfile.mkdtemp(prefix="tiebreak-queue-")), []
    try:
        sizes = make_sizes(args, folder)
        for size in sizes:
            size.load()
            size.serve()
        about = machine(sizes[-1])
        asyncio.run(measure(sizes, args.leases))
        if args.explain:
            args.explain.write_text(sizes[-1].ask("explain", "open", "some") + "\n")
        print(*about, "", *table(rows(sizes)), "", *verdict(sizes), "", *asides(sizes), sep="\n")
    finally:
        for size in sizes:
            size.stop()
        leave_all()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
