"""What it costs to freeze and to write a version: `make bench-export`. 1,000,000 pairs as JSON Lines and Parquet, in less than 500 MiB.

Loads the pairs (a prompt of 300 characters, two responses of 600, two labels) into a PostgreSQL of its own, in a folder of its own that is removed at the end;
freezes them, with every file of a version, and has them as Parquet too. Beside it, in the same run, the floor: the same bytes by bare psycopg COPY, orjson
and pyarrow, which is told the rows and their order and chooses nothing. `ARGS="--pairs 20000"` is quicker.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import psutil
import psycopg

from benchmarks.export import stock
from benchmarks.instance import Instance
from benchmarks.labeling import machine
from config import embedded
from config.embedded.postgres import NAME, Postgres
from config.embedded.server import leave_all

MOST_MEMORY, MOST_TIMES = 500, 2.0


class Run(Instance):
    """The product on a database of its own, without a web process."""

    def provide(self) -> None:
        os.environ["VAR_DIR"] = str(self.folder)
        embedded.provide(self.folder)
        self.manage("migrate", "--verbosity=0")

    def load(self, pairs: int) -> None:
        given = stock.Given(**self.command("prepare"))
        with psycopg.connect(Postgres(self.folder).url("postgres", NAME), autocommit=True) as connection:
            stock.load(connection, given, pairs=pairs)

    def command(self, name: str) -> Any:
        return json.loads(self.run("-m", "benchmarks.export.inside", name))


@contextmanager
def backend_memory(run: Run) -> Iterator[list[float]]:
    """Watch the most memory that one process of the server has for itself, in MiB."""
    most, over = [0.0], Event()

    def watch() -> None:
        server = psutil.Process(run.roots()["postgres"])
        while not over.wait(0.5):
            for process in server.children():
                most[0] = max(most[0], own_memory(process))

    thread = Thread(target=watch)
    thread.start()
    try:
        yield most
    finally:
        over.set()
        thread.join()


def own_memory(process: psutil.Process) -> float:
    try:
        found = process.memory_info()
    except psutil.Error:
        return 0.0
    return float(found.rss - found.shared) / 2**20


def report(frozen: dict[str, Any], floor: dict[str, Any], backend: float) -> list[str]:
    parts = {name: seconds for name, seconds in floor.items() if name not in ("seconds", "peak")}
    times, peak = frozen["seconds"] / floor["seconds"], frozen["peak"]
    return [
        f"{frozen['rows']:,} rows, {frozen['files']} files, {frozen['bytes'] / 2**20:,.0f} MiB",
        f"frozen and written: {frozen['seconds']:.1f} s ({frozen['frozen']:.1f} s to freeze, {frozen['parquet']:.1f} s for Parquet)",
        f"floor: {floor['seconds']:.1f} s ({', '.join(f'{name} {seconds:.1f} s' for name, seconds in parts.items())}); peak {floor['peak']:.0f} MiB",
        f"the server's process had at most {backend:.0f} MiB of its own",
        "",
        "what | got | target | ok?",
        f"resident memory, MiB | {peak:.0f} | under {MOST_MEMORY} | {'yes' if peak < MOST_MEMORY else 'NO'}",
        f"times the floor | {times:.2f} | at most {MOST_TIMES:g} | {'yes' if times <= MOST_TIMES else 'NO'}",
    ]


def main() -> None:
    options = argparse.ArgumentParser(prog="make bench-export", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pairs", type=int, default=1_000_000)
    args = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="tiebreak-export-"))
    run = Run(port=18400, folder=folder)
    try:
        run.provide()
        began = time.monotonic()
        run.load(args.pairs)
        print(f"{args.pairs:,} pairs loaded in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        sketched = run.command("sketch")
        print(f"{sketched['prompts']:,} prompts sketched in {sketched['seconds']:.0f} s, {sketched['peak']:.0f} MiB", file=sys.stderr, flush=True)
        with backend_memory(run) as most:
            frozen = run.command("freeze")
        print(f"frozen in {frozen['seconds']:.0f} s", file=sys.stderr, flush=True)
        print(*machine(run), "", *report(frozen, run.command("floor"), most[0]), sep="\n")
    finally:
        leave_all()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
