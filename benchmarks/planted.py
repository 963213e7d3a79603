"""Planted labelers: is each careless one named by the right flag, and no careful one? `python -m benchmarks.planted`, on servers and in a folder of its own.

A run is a campaign by the product's own roads: pairs and gold are imported; `simulate_labelers` has one labeler of each planted kind label among ordinary
ones, 200 answers each, every tenth of them gold; the sweep looks at them after about every tenth answer. Seeds are fixed: the runs are
1 to 100, but for the sides, which the product draws anew. The gold bar is 0, so that nobody is paused before they have given their answers.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import django

from benchmarks.material import WORDS
from config import embedded
from config.embedded.server import leave_all

FOLDER = Path(tempfile.mkdtemp(prefix="tiebreak-planted-")) if __name__ == "__main__" else None
if FOLDER:  # else whoever imports this has set Django up
    # What is measured is not lost by a crash; and so a label costs no write to the disk of its own.
    os.environ.update(VAR_DIR=str(FOLDER), DJANGO_SETTINGS_MODULE="config.settings", LOG_LEVEL="WARNING", PGOPTIONS="-c synchronous_commit=off")
    embedded.provide(FOLDER)
    django.setup()

from django.core.management import call_command  # noqa: E402 - after the settings
from django.utils import timezone  # noqa: E402

from labeling import simulation, watching  # noqa: E402
from labeling.models import Campaign, Finding  # noqa: E402

TARGETS = {
    "left-leaner": "left_leaning",
    "length-lover": "length_following",
    "clicker": "random",
    "speeder": "too_fast",
    "slow-expert": "",
    "honest": "",
}
"""What is planted, and the flag that is to name it; empty: none may."""

RUNS, LABELS, ORDINARY = 100, 200, 9
LEAST, MOST = 0.9, 0.05
"""Shares of the runs: those in which the right flag names a careless labeler, at least; those in which any names a careful one, at most."""
GOLD_EVERY = 10
HEADINGS = "planted | flag | got | target | ok? | all flags"


@dataclass(frozen=True)
class Outcome:
    """In how many runs a planted labeler was named as it should be, or at all."""

    plant: str
    runs: int
    flags: Counter[str]
    """Runs by flag; `any` counts those with at least one."""

    @property
    def got(self) -> int:
        return self.flags[TARGETS[self.plant] or "any"]

    @property
    def is_met(self) -> bool:
        return self.got >= LEAST * self.runs if TARGETS[self.plant] else self.got <= MOST * self.runs

    def __str__(self) -> str:
        flag = TARGETS[self.plant]
        target = f"at least {LEAST * self.runs:g}" if flag else f"at most {MOST * self.runs:g}"
        others = ", ".join(f"{kind} {number}" for kind, number in sorted(self.flags.items()) if kind != "any")
        return f"{self.plant} | {flag or 'any'} | {self.got} of {self.runs} | {target} | {'yes' if self.is_met else 'NO'} | {others or 'none'}"


def run(*, runs: int = RUNS, first: int = 1, labels: int = LABELS, ordinary: int = ORDINARY, tell: Callable[[str], None] = lambda line: None) -> list[Outcome]:
    """Run the experiment in the database that the settings name, with the seeds from `first` on, and return what came of each planted labeler."""
    flags: dict[str, Counter[str]] = {plant: Counter() for plant in TARGETS}
    for seed in range(first, first + runs):
        began = time.monotonic()
        found = plant_once(seed, labels=labels, ordinary=ordinary)
        for plant, kinds in found.items():
            flags[plant].update(kinds | ({"any"} if kinds else set()))
        named = "; ".join(f"{plant}: {', '.join(sorted(kinds))}" for plant, kinds in found.items() if kinds)
        tell(f"run {seed}, {time.monotonic() - began:.0f} s: {named}")
    return [Outcome(plant, runs, found) for plant, found in flags.items()]


def plant_once(seed: int, *, labels: int, ordinary: int) -> dict[str, set[str]]:
    """Fill one campaign, and return the flags that each planted labeler got."""
    labelers, slug = len(TARGETS) + ordinary, f"planted-{seed}"
    import_pairs(slug, seed, pairs=labelers * labels * 2 // 5, gold=labels // 4)
    Campaign.objects.filter(slug=slug).update(gold_percent=100 // GOLD_EVERY, gold_bar=0, quota=labels)
    campaign = Campaign.objects.get(slug=slug)

    def look(stored: int) -> None:
        if stored % (10 * labelers) == 0:
            watching.watch(campaign, at=timezone.now())

    simulation.simulate(campaign, labelers=labelers, seed=seed, plants=list(TARGETS), clock=timezone.now, tell=look)
    watching.watch(campaign, at=timezone.now())
    names = {f"{simulation.PREFIX}-{seed}-{number}": plant for number, plant in enumerate(TARGETS, start=1)}
    found = Finding.objects.filter(campaign=campaign).values_list("labeler__username", "kind")
    return {plant: {kind for labeler, kind in found if labeler == name} for name, plant in names.items()}


def import_pairs(slug: str, seed: int, *, pairs: int, gold: int) -> None:
    """Import the pairs of a campaign, and its gold: responses of 60 to 250 words for the most part, one now longer, now shorter than the other."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines(random.Random(f"planted {seed}"), pairs, gold))
        file.flush()
        call_command("import_pairs", file.name, campaign=slug, create=True, overlap=3, stdout=StringIO())


def lines(draw: random.Random, pairs: int, gold: int) -> Iterator[dict[str, object]]:
    for number in range(pairs + gold):
        words = 120 * 2 ** draw.gauss(0, 0.5)
        ratio = 2 ** draw.gauss(0, 0.35)
        responses = [{"policy": f"planted-{side}", "text": text(draw, words * times)} for side, times in (("a", ratio), ("b", 1 / ratio))]
        known = {"gold": {"verdict": draw.choice("ab"), "why": "It is clear."}} if number >= pairs else {}
        yield {"id": f"q{number}", "prompt": text(draw, 30), "responses": responses, **known}


def text(draw: random.Random, words: float) -> str:
    return " ".join(draw.choices(WORDS, k=max(5, round(words))))


def asked() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="python -m benchmarks.planted", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, default=RUNS)
    options.add_argument("--first", type=int, default=1, metavar="SEED", help="the first run's seed")
    options.add_argument("--labels", type=int, default=LABELS, help="answers a labeler")
    options.add_argument("--ordinary", type=int, default=ORDINARY, help="labelers beside the planted ones")
    return options.parse_args()


def main(args: argparse.Namespace) -> int:
    call_command("migrate", verbosity=0)
    outcomes = run(runs=args.runs, first=args.first, labels=args.labels, ordinary=args.ordinary, tell=lambda line: print(line, file=sys.stderr, flush=True))
    print(HEADINGS, *outcomes, sep="\n", flush=True)
    return 0 if all(outcome.is_met for outcome in outcomes) else 1


if FOLDER:
    try:
        sys.exit(main(asked()))
    finally:
        leave_all()
        shutil.rmtree(FOLDER, ignore_errors=True)
