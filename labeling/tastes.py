"""What synthetic labelers are like: their tastes, habits and pace, and what each thinks of a pair. The same arguments give the same judgment, everywhere."""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from labeling.care import READING_SPEED

CLEAR = 2.5
"""Least gap in quality on gold that has a better side: gold is made of clear cases. (Two answers drawn at random are 1.4 apart at most, two times in three.)"""


@dataclass(frozen=True)
class Taste:
    """What is true of one synthetic labeler. All are drawn once; none can be seen from the outside but by figures.

    A pair's pull is quality B - quality A (each a standard normal draw, the same for all labelers) + length * log2 of the length
    ratio + what pulls to the left side + noise. Within `tie` of 0 it is a tie; beyond, one step for each `step`.
    """

    length: float
    left: float
    noise: float
    tie: float
    step: float
    pace: float = 1.1
    """Time taken, in units of what silent reading takes."""
    habit: str = ""
    """One of HABITS; it makes of a judgment what its labeler says."""


@dataclass(frozen=True)
class Judgment:
    preference: int
    both_bad: bool


@dataclass(frozen=True)
class Sight:
    """A pair on a labeler's screen. `known` is its verdict where it is gold: that much is clear to everybody who reads."""

    a: str
    b: str
    left_is_a: bool
    known: str | None = None


USUAL = Taste(length=0.15, left=0, noise=0.75, tie=0.25, step=0.9)

PLANTS = {
    "left-leaner": replace(USUAL, habit="left-leaner"),
    "length-lover": replace(USUAL, habit="length-lover"),
    "clicker": replace(USUAL, habit="clicker"),
    "speeder": replace(USUAL, noise=1.5, pace=1 / 3),
    "slow-expert": replace(USUAL, length=0, noise=0.3, pace=3),
    "honest": USUAL,
}
"""Labelers whose habit is known, so that what finds careless ones can be tried. Left-leaners choose the left side 75 times in 100, length-lovers the longer
response 80 times in 100, clickers any of the seven choices, speeders take a third of the reading time; the last two are careful and must not be found."""


def taste_of(seed: int, number: int) -> Taste:
    """Draw a labeler's taste. Most lean to neither side, a few by a third of a standard deviation of quality."""
    drawn = draws("taste", seed, number)
    leans = drawn.random() < 0.15
    return Taste(
        length=drawn.gauss(0.15, 0.25),
        left=drawn.choice((-0.45, 0.45)) if leans else drawn.gauss(0, 0.05),
        noise=drawn.uniform(0.4, 1.1),
        tie=drawn.uniform(0.1, 0.4),
        step=drawn.uniform(0.6, 1.2),
        pace=drawn.uniform(0.8, 1.6),
    )


def judge(taste: Taste, sight: Sight, *, seed: int, labeler: int) -> Judgment:
    """Return what a labeler of this taste says of the pair."""
    honest = judge_by_content(taste, sight, seed=seed, labeler=labeler)
    said = HABITS[taste.habit](honest, sight, draws("habit", seed, labeler, sight.a, sight.b, sight.left_is_a)) if taste.habit else honest.preference
    return Judgment(said, both_bad=honest.both_bad and said == 0)


def judge_by_content(taste: Taste, sight: Sight, *, seed: int, labeler: int) -> Judgment:
    quality_a, quality_b = (draws("quality", seed, text).gauss(0, 1) for text in (sight.a, sight.b))
    to_left = -taste.left if sight.left_is_a else taste.left
    slant = taste.length * math.log2((len(sight.b) + 1) / (len(sight.a) + 1)) + to_left + noise(taste, sight, seed=seed, labeler=labeler)
    pull = pulled(quality_b - quality_a, slant, sight.known)
    if abs(pull) < taste.tie:
        return Judgment(0, both_bad=max(quality_a, quality_b) < -0.8)
    strength = min(3, 1 + int((abs(pull) - taste.tie) / taste.step))
    return Judgment(strength if pull > 0 else -strength, both_bad=False)


def noise(taste: Taste, sight: Sight, *, seed: int, labeler: int) -> float:
    """Draw what a labeler sees in a pair that others do not: most of it their own view, which they have again when they see it with its sides swapped."""
    own = draws("noise", seed, labeler, sight.a, sight.b).gauss(0, 0.8 * taste.noise)
    return own + draws("mood", seed, labeler, sight.a, sight.b, sight.left_is_a).gauss(0, 0.6 * taste.noise)


def pulled(gap: float, slant: float, known: str | None) -> float:
    """Add the gap in quality and what else pulls. On gold the gap is as the known verdict says, and clear."""
    if known is None:
        return gap + slant
    if known == "tie":
        return slant / 10
    return math.copysign(max(CLEAR, abs(gap)), -1 if known == "a" else 1) + slant


def lean_left(honest: Judgment, sight: Sight, draw: random.Random) -> int:
    return toward(honest, a=(draw.random() < 0.75) == sight.left_is_a)


def follow_length(honest: Judgment, sight: Sight, draw: random.Random) -> int:
    return honest.preference if len(sight.a) == len(sight.b) else toward(honest, a=(draw.random() < 0.8) == (len(sight.a) > len(sight.b)))


def click(honest: Judgment, sight: Sight, draw: random.Random) -> int:
    return draw.randint(-3, 3)


def toward(honest: Judgment, *, a: bool) -> int:
    """As strong a choice, of this side; a tie stays one."""
    return -abs(honest.preference) if a else abs(honest.preference)


HABITS: dict[str, Callable[[Judgment, Sight, random.Random], int]] = {"left-leaner": lean_left, "length-lover": follow_length, "clicker": click}


def seconds_of(taste: Taste, sight: Sight, *, words: int, seed: int, labeler: int) -> float:
    """Return how long they look at so many words: the reading time by their pace, spread log-normally by 0.4, and two seconds to decide."""
    spread = math.exp(draws("time", seed, labeler, sight.a, sight.b, sight.left_is_a).gauss(0, 0.4))
    return reading_seconds(words) * taste.pace * spread + 2 * min(1, taste.pace)


def reading_seconds(words: float) -> float:
    return 60 * words / READING_SPEED


def draws(*key: object) -> random.Random:
    """Return a generator that depends on the key alone, on every machine and in every run."""
    return random.Random(hashlib.sha256("\x1f".join(map(str, key)).encode()).digest())  # noqa: S311 - drawn to be repeated
