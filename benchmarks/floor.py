"""What the database alone allows: the desk's two transactions over bare psycopg, by the product's own statements, from so many processes at once.

Reads JSON of `benchmarks.inside floor` on standard input, and the address from DATABASE_URL; prints JSON.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from benchmarks.figures import milliseconds, percentile
from labeling.resolution import RULE, Said, resolve

SETTLE = "UPDATE labeling_pair SET standing = %s, verdict = %s, margin = %s, settled_at = %s, settled_by = %s WHERE id = %s"
Row = tuple[Any, ...]
Times = list[tuple[float, float]]
"""Seconds of each cycle's two transactions: the lease; the label."""


class Labeler:
    """One labeler with one connection."""

    def __init__(self, given: dict[str, Any], labeler: int) -> None:
        self.given = given
        self.labeler = labeler
        self.choose = random.Random(labeler)
        # As the product connects.
        self.connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True, prepare_threshold=0, options="-c plan_cache_mode=force_generic_plan")

    def work_until(self, ends: float, most: int) -> Times:
        times: Times = []
        while len(times) < most and (began := time.time()) < ends and (assignment := self.lease()):
            leased = time.time()
            self.submit(assignment)
            times.append((leased - began, time.time() - leased))
        return times

    def lease(self) -> Row | None:
        at = datetime.now(UTC)
        values = {name: self.given[name] for name in ("campaign", "rubric_version", "epoch", "start")} | {
            "labeler": self.labeler,
            "open": True,
            "key": uuid.uuid4(),
            "pools": [""],
        }
        return self.connection.execute(self.given["next"], values | {"at": at, "ends": at + timedelta(minutes=30)}).fetchone()

    def submit(self, assignment: Row) -> None:
        key, slot, pair, labeler, rubric_version, left_is_a, *_ = assignment
        preference, at = self.choose.choice((-2, 2)), datetime.now(UTC)
        said = {"preference": preference, "verdict": "a" if preference < 0 else "b", "both_bad": False, "rationale": "", "source": "desk"}
        label = {"assignment_id": key, "slot": slot, "pair_id": pair, "labeler_id": labeler, "rubric_version_id": rubric_version, "left_was_a": left_is_a}
        rest = {"reasons": [], "criteria": "{}", "evidence": "[]", "seconds": 1.0, "active_seconds": None, "submitted_at": at, "submission_key": uuid.uuid4()}
        with self.connection.transaction():
            self.connection.execute(self.given["lock"], {"pk": pair})
            self.connection.execute(self.given["store"], said | label | rest)
            self.settle(pair, rubric_version, at=at)

    def settle(self, pair: int, rubric_version: int, *, at: datetime) -> None:
        rows = self.connection.execute(self.given["said"], {"pair": pair, "rubric_version": rubric_version, "campaign": self.given["campaign"]}).fetchall()
        labels = [Said(verdict, preference) for what, verdict, preference in rows if what == "label"]
        found = resolve(labels=labels, places_open=sum(what == "open" for what, *_ in rows), adjudication=None, withdrawn=False)
        if found.standing != "waiting":
            settled = (at, RULE) if found.standing == "agreed" else (None, "")
            self.connection.execute(SETTLE, (found.standing, found.verdict, found.margin, *settled, pair))


def work(given: dict[str, Any], labeler: int, ends: float, most: int) -> tuple[Times, float]:
    """Return the times of one labeler's cycles, and how long they took together."""
    began = time.time()
    return Labeler(given, labeler).work_until(ends, most), time.time() - began


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=5)
    options.add_argument("--cycles", type=int, default=1_000_000, help="of each process, at most")
    args, given = options.parse_args(), json.load(sys.stdin)
    people, ends = given["labelers"], time.time() + args.seconds
    with multiprocessing.get_context("fork").Pool(len(people)) as crowd:
        worked = crowd.starmap(work, [(given, person, ends, args.cycles) for person in people], chunksize=1)
    times = [each for mine, _ in worked for each in mine]
    leases, labels = [lease for lease, _ in times], [label for _, label in times]
    medians = {"lease_p50": milliseconds(percentile(leases, 50)), "label_p50": milliseconds(percentile(labels, 50))}
    json.dump({"processes": len(people), "cycles_s": round(len(times) / max(seconds for _, seconds in worked), 1), **medians}, sys.stdout)


if __name__ == "__main__":
    main()
