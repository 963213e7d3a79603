"""One size of the queue: a database of its own on the run's server, its campaigns, the product's code on it, and the product served on it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.figures import percentile
from benchmarks.instance import ROOT, Broken, Instance
from benchmarks.queue import stock
from benchmarks.queue.traffic import Desk, Traffic, work

FOUR = 4


@dataclass
class Case:
    """One labeler in one campaign, and what their leases took, in milliseconds: bare, of server CPU, and over HTTP."""

    slug: str
    labeler: str
    labeled: int
    served: list[str]
    """Who labels over HTTP: alone the first, four at once where there are four."""
    bare: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    alone: Traffic = field(default_factory=Traffic)
    four: Traffic = field(default_factory=Traffic)


class Size(Instance):
    def __init__(self, pairs: int, *, port: int, folder: Path, url: Callable[[str, str], str]) -> None:
        super().__init__(port=port, folder=folder)
        self.pairs = pairs
        self.name = f"queue_{pairs}"
        self.database, self.superuser = url("tiebreak", self.name), url("postgres", self.name)
        self.child: subprocess.Popen[str] | None = None
        self.given: dict[str, Any] = {}
        self.unanalysed = 0.0
        self.nothing: list[float] = []
        self.cases = [
            Case("open", "none", 0, served=[f"bench{number:02d}" for number in range(FOUR)]),
            *(Case("open", name, labeled, served=[name]) for name, labeled in (("some", 1_000), ("many", 100_000)) if labeled < pairs),
            Case("done", "crowd03", pairs // 10, served=[f"crowd{number:02d}" for number in range(3, 3 + FOUR)]),
        ]

    def environment(self) -> dict[str, str]:
        return super().environment() | {"DATABASE_URL": self.database}

    def ask(self, *command: Any) -> Any:
        """Have the product's code do a command of `inside` on this database, and return what it answers."""
        if self.child is None:
            argv = [sys.executable, "-m", "benchmarks.queue.inside"]
            self.child = subprocess.Popen(argv, cwd=ROOT, env=self.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.child.stdin
        assert self.child.stdout
        self.child.stdin.write(json.dumps(command) + "\n")
        self.child.stdin.flush()
        answer = self.child.stdout.readline()
        if not answer:
            raise Broken(f"the code on {self.name} ended over {command[:3]}")
        return json.loads(answer)

    def load(self) -> None:
        """Fill the database, lease once before the server knows anything of its tables, and leave it as a server in use would be."""
        began = time.monotonic()
        self.given = self.ask("prepare")
        with psycopg.connect(self.superuser, autocommit=True) as connection:
            stock.lay_out(connection)
            stock.write(connection, pairs=self.pairs, prompt_set=self.given["prompt_set"], policies=self.given["policies"])
            for campaign in ("open", "done"):
                stock.fill(connection, self.stock_of(campaign), start=self.given["start"])
            print(f"{self.pairs:,} pairs, twice: loaded in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
            self.unanalysed = self.lease_before_statistics()
            stock.hand_over(connection)
            # What was freed is taken once more, and freed again: the queue's index is full of what is gone, as between two vacuums.
            stock.take_again(connection, self.given["campaigns"]["done"], labeler=self.given["people"]["crowd05"])
        freed = self.ask("free")
        self.ask("close")
        print(f"  {freed['freed']:,.0f} places freed behind every cursor in {freed['seconds']:.1f} s", file=sys.stderr, flush=True)

    def stock_of(self, campaign: str) -> stock.Stock:
        people = self.given["people"]
        labeled = {"all": self.pairs, "many": 100_000, "some": 1_000}
        return stock.Stock(
            campaign=self.given["campaigns"][campaign],
            rubric_version=self.given["rubric_version"],
            pairs=self.pairs,
            done=campaign == "done",
            labelers=[people[name] for name in labeled],
            labeled=[number if number < self.pairs or name == "all" else 0 for name, number in labeled.items()],
            crowd=[people[name] for name in sorted(people) if name.startswith("crowd")],
        )

    def lease_before_statistics(self) -> float:
        self.ask("free")
        times = [took for case in self.cases for took, _ in self.ask("lease", case.slug, case.labeler, 10)[2:]]
        return percentile(times, 50) or 0.0

    def lease(self, case: Case, count: int) -> None:
        for took, used in self.ask("lease", case.slug, case.labeler, count):
            case.bare.append(took)
            case.cpu.append(used)

    async def serve_labelers(self, case: Case, *, labelers: int, cycles: int) -> Traffic:
        """Have the case's labelers work over HTTP. In the campaign that is nearly done, what they lease is taken back."""
        desk = Desk(self.base, case.slug, self.database, free=self.given["free"] if case.slug == "done" else "")
        return await work(desk, [self.given["tokens"][name] for name in case.served[:labelers]], cycles=cycles)

    def floor(self, cycles: int) -> dict[str, Any]:
        """Have four processes do the two transactions over bare psycopg, so many times each."""
        argv = [sys.executable, "-m", "benchmarks.floor", "--seconds", "60", "--cycles", str(cycles)]
        given = json.dumps(self.ask("floor", "open"))
        done = subprocess.run(argv, cwd=ROOT, env=self.environment(), input=given, capture_output=True, text=True, check=True)
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def stop(self) -> None:
        """Stop what was started here. The servers are the run's."""
        for process in (self.child, self.web):
            if process:
                process.terminate()
                process.wait()
