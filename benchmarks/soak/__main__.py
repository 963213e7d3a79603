"""Rows of the table of faults at full size: `make soak`. Prints what was got and what was asked for, a line a row; exits 1 where one misses.

Serves Tiebreak as in production, on a PostgreSQL and a Redis of its own, in a folder of its own that is removed at the end, and has people label by
the API while web workers are killed, PostgreSQL crashes, requests arrive three times, and labelers vanish (rows 1 to 4), and looks through
what they are served for what it must not tell (row 14). Between these an exporter is killed at each of its system calls that write, sync or rename, which
wants strace (row 8), a version is written twenty times (row 9), somebody tries to change what is only added to (row 10), hostile texts stand in every stored
text on every page (row 12), and bytes of a version are flipped (row 15). Nothing leaves the machine.
`ARGS="--row 3"` runs one row (again for more), `ARGS=--tenth` a tenth of the size.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import django

from benchmarks.instance import ROOT, Instance
from benchmarks.labeling import machine
from benchmarks.soak.faults import OwnPostgres
from benchmarks.soak.outcomes import HEADINGS


def asked() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="make soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--row", type=int, action="append", help="this row alone; may be given again")
    options.add_argument("--tenth", action="store_true", help="a tenth of the size")
    options.add_argument("--port", type=int, default=18200)
    options.add_argument("--log", type=Path, default=ROOT / "var" / "soak.log", help="file for what the web process says")
    return options.parse_args()


def run(rows: list[int], *, tenth: bool) -> bool:
    """Run the rows one after the other, print a line for each, and tell whether all were met."""
    assert instance.web
    rig = Rig(base=instance.base, web=instance.web.pid, postgres=postgres, environment=instance.environment(), folder=instance.folder)
    print(*machine(instance), "", HEADINGS, sep="\n", flush=True)
    are_met = []
    for row in rows:
        began = time.monotonic()
        outcome = ROWS[row](rig, tenth=tenth)
        are_met.append(outcome.is_met)
        print(outcome, flush=True)
        print(f"row {row} took {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return all(are_met)


if __name__ == "__main__":
    args = asked()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # through what stops the servers
    folder = Path(tempfile.mkdtemp(prefix="tiebreak-soak-"))
    postgres, instance = OwnPostgres(folder), Instance(port=args.port, folder=folder, log=args.log)
    try:
        args.log.parent.mkdir(exist_ok=True)
        postgres.start()
        postgres.wait()
        os.environ.update(DATABASE_URL=postgres.url, VAR_DIR=str(folder), DJANGO_SETTINGS_MODULE="config.settings", LOG_LEVEL="WARNING")
        os.environ.pop("REDIS_URL", None)
        instance.start()
        django.setup()
        from benchmarks.soak.rig import Rig
        from benchmarks.soak.table import ROWS

        if unknown := set(args.row or ()) - ROWS.keys():
            sys.exit(f"There is no row {min(unknown)}; there are {', '.join(map(str, ROWS))}.")
        sys.exit(0 if run(args.row or sorted(ROWS), tenth=args.tenth) else 1)
    finally:
        instance.stop()
        postgres.stop(signal.SIGINT)
        shutil.rmtree(folder, ignore_errors=True)
