"""The pairs that every product is given: a prompt of 300 characters, two responses of 1,200, the same from run to run."""

from __future__ import annotations

import random
from typing import TypedDict

COMMON = (
    "the of and to in is that for it as was with be by on not he his but at are this have from or had an they which one you were all her she there would "
    "their we him been has when who will no more if out so model answer reason because example first second however value result method simple clear short "
    "long water light number system question people history energy language program function variable city"
)
WORDS = COMMON.split()
MOST_TEXTS = 2000


class Task(TypedDict):
    """One pair. Every text begins with its key, so that an adapter can tell what it was given."""

    key: str
    prompt: str
    a: str
    b: str


def text(rng: random.Random, chars: int) -> str:
    words: list[str] = []
    length = 0
    while length < chars:
        words.append(rng.choice(WORDS))
        length += len(words[-1]) + 1
    return " ".join(words)[:chars]


def make_tasks(count: int, *, seed: int = 1) -> list[Task]:
    """Return `count` tasks. Every response differs, though not every word of it was drawn."""
    rng = random.Random(seed)
    pool = [text(rng, 1190) for _ in range(min(count * 2, MOST_TEXTS))]
    return [make_task(rng, f"T{number:06d}", pool) for number in range(count)]


def make_task(rng: random.Random, key: str, pool: list[str]) -> Task:
    a, b, cut = rng.choice(pool), rng.choice(pool), rng.randrange(1, 600)
    return Task(key=key, prompt=f"{key}-P {text(rng, 292)}", a=f"{key}-A {a[cut:]} {a[:cut]}"[:1200], b=f"{key}-B {b[cut:]} {b[:cut]}"[:1200])
