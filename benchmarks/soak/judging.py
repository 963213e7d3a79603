"""The campaign of a soak, made by the product's own roads; and what is stored at the end, held against what labelers were told."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import StringIO
from typing import Any

from django.core.management import call_command
from django.db import connections
from django.db.models import QuerySet

from benchmarks.adapters.tiebreak import line
from benchmarks.inside import labelers
from benchmarks.material import make_tasks
from benchmarks.soak.labelers import Person, Told
from labeling import settling
from labeling.models import Label, Pair, Slot


@dataclass(frozen=True)
class Work:
    """So many pairs, each to be labeled so many times, by so many people."""

    pairs: int
    overlap: int
    labelers: int

    @property
    def labels(self) -> int:
        return self.pairs * self.overlap

    def __str__(self) -> str:
        return f"{self.pairs:,} pairs x k={self.overlap}, {self.labelers} labelers"


@dataclass(frozen=True)
class Found:
    """What is wrong with what is stored, counted; all but `labels` should be 0."""

    labels: int
    lost: int
    """Submissions that were acknowledged and are not there as they were sent."""
    over: int
    """Labels beyond k at their pair."""
    doubles: int
    """Labels or places beyond the first of one person at one pair."""
    surplus: int
    short: int
    """Pairs with fewer than k labels."""
    open: int
    """Places that are free or on somebody's screen."""
    differences: int
    """Standings that are not what their ledgers say."""


def make_campaign(slug: str, work: Work) -> list[Person]:
    """Import the pairs into a campaign of this name, and return its labelers."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.writelines(json.dumps(line(task, 0)) + "\n" for task in make_tasks(work.pairs))
        file.flush()
        call_command("import_pairs", file.name, campaign=slug, create=True, overlap=work.overlap, stdout=StringIO())
    return [Person(person["username"], person["token"]) for person in labelers(slug, str(work.labelers))]


def judge(slug: str, work: Work, told: Mapping[str, Told]) -> Found:
    """Count what is stored of a campaign, and what is wrong with it."""
    labels = Label.objects.filter(pair__campaign__slug=slug)
    slots = Slot.objects.filter(campaign__slug=slug)
    counted = Counter(labels.exclude(slot=None).values_list("pair", flat=True))
    at_pair = [counted[pk] for pk in Pair.objects.filter(campaign__slug=slug).values_list("pk", flat=True)]
    return Found(
        labels=labels.count(),
        lost=lost(labels, told),
        over=sum(max(0, count - work.overlap) for count in at_pair),
        doubles=repeats(labels.values_list("pair", "labeler")) + repeats(slots.open().exclude(labeler=None).values_list("pair", "labeler")),
        surplus=labels.filter(slot=None).count(),
        short=sum(count < work.overlap for count in at_pair),
        open=slots.open().count(),
        differences=sum(1 for _ in settling.differences()),
    )


def lost(labels: QuerySet[Label], told: Mapping[str, Told]) -> int:
    """Count what was acknowledged and is not there, under its key, by its person, and as they said it."""
    rows = labels.values_list("submission_key", "labeler__username", "preference", "left_was_a", "rationale")
    there = {
        str(key): Told(username, (preference or 0) * (1 if left_was_a else -1), rationale or "") for key, username, preference, left_was_a, rationale in rows
    }
    return sum(there.get(key) != said for key, said in told.items())


def repeats(rows: Iterable[tuple[Any, ...]]) -> int:
    return sum(count - 1 for count in Counter(rows).values())


def leave_the_database() -> None:
    """Let go of every connection of this process, so that none is there to break."""
    ours = connections["default"]
    ours.close()
    if ours.settings_dict["OPTIONS"].get("pool"):
        ours.close_pool()  # type: ignore[attr-defined]
