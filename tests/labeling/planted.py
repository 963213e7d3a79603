"""Labelers with a known habit, drawn from a seed, and what the care flags say of them: no database, for many runs."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from labeling import care
from labeling.care import Answer, Usual

LOOK_EVERY = 20
"""Answers between two looks: the flags are worked out again and again while somebody works."""


@dataclass(frozen=True)
class World:
    """What a campaign's pairs and honest labelers are like. A pair's pull is its gap in quality + length * log2 of the length ratio + noise."""

    gap: float = 1.4
    """Standard deviation of the difference in quality. 0: a matter of taste alone."""
    length: float = 0.15
    longer_is_better: float = 0.0
    """Quality gained with each doubling of the length."""
    noise: float = 0.8
    tie: float = 0.25
    gold_every: int = 10
    others: int = 2
    words: float = 250


@dataclass(frozen=True)
class Shown:
    """A pair on the screen."""

    gap: float
    ratio: float
    left_was_a: bool
    words: int
    gold: str | None


Habit = Callable[[random.Random, World, Shown], tuple[int, float]]
"""From a pair to a preference and to the time taken, in units of what reading takes."""


def show(draw: random.Random, world: World, number: int) -> Shown:
    ratio = draw.gauss(0, 0.7)
    gap = draw.gauss(0, world.gap) + world.longer_is_better * ratio
    gold = None
    if number % world.gold_every == world.gold_every - 1:
        gap = math.copysign(max(2.5, abs(gap)), gap)
        gold = "a" if gap < 0 else "b"
    return Shown(gap, ratio, draw.random() < 0.5, int(world.words * math.exp(draw.gauss(0, 0.5))) + 1, gold)


def judged(draw: random.Random, world: World, pair: Shown) -> int:
    """What an honest labeler says."""
    pull = pair.gap + world.length * pair.ratio + draw.gauss(0, world.noise)
    strength = 0 if abs(pull) < world.tie else min(3, 1 + int((abs(pull) - world.tie) / 0.9))
    return strength if pull > 0 else -strength


def honest(draw: random.Random, world: World, pair: Shown) -> tuple[int, float]:
    return judged(draw, world, pair), 1.1 * math.exp(draw.gauss(0, 0.4))


def slow_expert(draw: random.Random, world: World, pair: Shown) -> tuple[int, float]:
    return judged(draw, replace(world, noise=0.3, length=0), pair), 3 * math.exp(draw.gauss(0, 0.4))


def left_leaner(draw: random.Random, world: World, pair: Shown) -> tuple[int, float]:
    """Left 75 times in 100 where they choose a side; ties as honest labelers do."""
    strength, pace = honest(draw, world, pair)
    to_a = (draw.random() < 0.75) == pair.left_was_a
    return -abs(strength) if to_a else abs(strength), pace


def length_lover(draw: random.Random, world: World, pair: Shown) -> tuple[int, float]:
    """The longer one 80 times in 100 where they choose a side."""
    strength, pace = honest(draw, world, pair)
    to_b = (draw.random() < 0.8) == (pair.ratio > 0)
    return abs(strength) if to_b else -abs(strength), pace


def clicker(draw: random.Random, world: World, pair: Shown) -> tuple[int, float]:
    """Any of the seven buttons, at the pace of others."""
    return draw.randint(-3, 3), honest(draw, world, pair)[1]


def speeder(draw: random.Random, world: World, pair: Shown) -> tuple[int, float]:
    """A third of the time that reading takes; half as sure of what they saw."""
    return judged(draw, replace(world, noise=2 * world.noise), pair), math.exp(draw.gauss(0, 0.35)) / 3


HABITS: dict[str, tuple[Habit, str | None]] = {
    "left-leaner": (left_leaner, "left_leaning"),
    "length-lover": (length_lover, "length_following"),
    "clicker": (clicker, "random"),
    "speeder": (speeder, "too_fast"),
    "slow-expert": (slow_expert, None),
    "honest": (honest, None),
}
"""Each habit with the flag that names it; None: no flag does."""


def verdict(preference: int) -> str:
    return "tie" if preference == 0 else "a" if preference < 0 else "b"


def answers(habit: Habit, world: World, *, seed: int, n: int = care.WINDOW) -> list[Answer]:
    draw = random.Random(f"answers {seed}")
    return [answer(habit, world, show(draw, world, number), draw) for number in range(n)]


def answer(habit: Habit, world: World, pair: Shown, draw: random.Random) -> Answer:
    preference, pace = habit(draw, world, pair)
    others = () if pair.gold else tuple(verdict(judged(draw, world, pair)) for _ in range(world.others))
    length = draw.randint(200, 2000)
    return Answer(
        verdict=verdict(preference),
        preference=preference,
        left_was_a=pair.left_was_a,
        characters_a=length,
        characters_b=max(1, round(length * 2**pair.ratio)),
        words=pair.words,
        active_seconds=pace * 60 * pair.words / care.READING_SPEED,
        others=others,
        gold=pair.gold,
    )


def usual(world: World, *, seed: int, n: int = 1000) -> Usual:
    """What honest others do, as a campaign would know it from so many of their labels."""
    draw = random.Random(f"usual {seed}")
    longer, gold, agreement = [], [], []
    for number in range(n):
        pair = show(draw, world, number)
        first, second = (verdict(judged(draw, world, pair)) for _ in range(2))
        if first != "tie" and pair.gold:
            gold.append(first == pair.gold)
        elif first != "tie":
            longer.append((first == "b") == (pair.ratio > 0))
            agreement.extend([first == second] if second != "tie" else [])
    return Usual(longer=care.tally_of(longer), gold=care.tally_of(gold), agreement=care.tally_of(agreement))


def named(given: list[Answer], known: Usual) -> set[str]:
    """Return the kinds that any look finds, from the first answers to the last. What was found is not looked for again."""
    found: set[str] = set()
    for end in looks(len(given)):
        recent = given[max(0, end - care.WINDOW) : end]
        found |= {kind for kind, rule in care.RULES.items() if kind not in found and rule(recent, known)}
    return found


def looks(n: int) -> Iterator[int]:
    return iter(range(LOOK_EVERY, n + 1, LOOK_EVERY))
