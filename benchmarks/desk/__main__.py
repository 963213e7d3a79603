"""The desk in Chromium: `make bench-desk`. Submit to the next pair, and what the first page weighs, with a pair of 300 + 2 x 1,200 characters.

Serves Tiebreak as in production, on servers and in a folder of its own that is removed at the end. `ARGS="--peers FOLDER"` measures Label Studio and Potato in
the same run, one after the other; FOLDER holds virtual environments `labelstudio` (pip install label-studio) and `potato` (pip install potato-annotation
gunicorn). A peer that is not there is named so. Exits 1 where Tiebreak misses what is asked of it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.adapters import Base
from benchmarks.adapters.tiebreak import Adapter
from benchmarks.desk import peers
from benchmarks.desk.visits import Seen, visit
from benchmarks.labeling import machine
from benchmarks.material import make_tasks

MOST_MS, MOST_BYTES, MOST_REQUESTS = 32.0, 40_000, 3
OVERLAP = 3


async def look_at(adapter: Base, args: argparse.Namespace) -> Seen:
    """Have a fresh project of pairs, and a labeler in it. The adapter is started."""
    tasks = make_tasks(max(60, 3 * args.clicks), seed=3)
    await adapter.create_project("desk", OVERLAP)
    await adapter.import_tasks(tasks)
    return await visit(adapter, clicks=args.clicks, chromium=args.chromium)


async def look_at_peer(folder: Path, args: argparse.Namespace) -> list[str]:
    """Return a peer's line; that it is not installed, or why it could not be measured, where that is so."""
    name, version = peers.NAMES[folder.name][0], peers.version_of(folder)
    if not version:
        return [name, "not installed"]
    adapter = peers.adapter_of(folder, args.port + 1)
    print(f"{name} {version}", file=sys.stderr, flush=True)
    try:
        await adapter.start()
        return line(f"{name} {version}", await look_at(adapter, args))
    except Exception as error:  # what another product does is a line here
        return [f"{name} {version}", f"not measured: {type(error).__name__}: {' '.join(str(error).split())[:100]}"]
    finally:
        await adapter.close()


HEAD = ["", "Submit to next pair, ms: median", "95 of 100", "by the driver's clock", "first page, cold: bytes", "requests", "ms"]


def line(name: str, seen: Seen) -> list[str]:
    ninety_five = statistics.quantiles(seen.by_page, n=20)[-1]
    figures = [f"{seen.median:.1f}", f"{ninety_five:.1f}", f"{statistics.median(seen.by_driver):.1f}"]
    return [name, *figures, f"{seen.bytes:,}", str(seen.requests), f"{seen.cold:.0f}"]


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[at]) for row in rows if len(row) == len(HEAD)) for at in range(len(HEAD))]
    return [
        "  ".join(cell.ljust(widths[0]) if not at else cell.rjust(widths[at] if len(row) == len(HEAD) else 0) for at, cell in enumerate(row)) for row in rows
    ]


def missed(seen: Seen) -> list[str]:
    asked = {"Submit to next pair": seen.median <= MOST_MS, "bytes": seen.bytes <= MOST_BYTES, "requests": seen.requests - seen.icons <= MOST_REQUESTS}
    return [name for name, holds in asked.items() if not holds]


async def run(args: argparse.Namespace) -> int:
    adapter = Adapter(f"http://127.0.0.1:{args.port}", {"labelers": "1"})
    await adapter.start()
    try:
        about = machine(adapter.instance)
        seen = await look_at(adapter, args)
    finally:
        await adapter.close()
    folders = [args.peers / name for name in peers.NAMES] if args.peers else []
    rows = [HEAD, line("Tiebreak", seen), *[await look_at_peer(folder, args) for folder in folders]]
    browser = subprocess.run([args.chromium, "--version"], capture_output=True, text=True).stdout.strip()
    print(*about, f"Browser:  {browser}; {time.strftime('%Y-%m-%d')}, {args.clicks} clicks\n", *table(rows), sep="\n")
    kinds = ", ".join(f"{kind} {size:,}" for kind, size in sorted(seen.by_kind.items()))
    print(f"\nTiebreak: of the median {statistics.median(seen.of_request):.1f} ms are the request; the first page is {kinds} (Other: the tab's icon)")
    print(f"asked: {MOST_MS:g} ms, {MOST_BYTES:,} bytes, {MOST_REQUESTS} requests and the tab's icon; missed: {', '.join(missed(seen)) or 'none'}")
    return 1 if missed(seen) else 0


def main() -> None:
    options = argparse.ArgumentParser(prog="make bench-desk", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--clicks", type=int, default=20)
    options.add_argument("--peers", type=Path, default=None, help="folder of the peers' virtual environments")
    options.add_argument("--chromium", default=os.environ.get("CHROMIUM") or shutil.which("chromium"))
    options.add_argument("--port", type=int, default=18120)
    sys.exit(asyncio.run(run(options.parse_args())))


if __name__ == "__main__":
    main()
