"""Row 14: can gold, repeats, or the policy on the left be told from anything but the texts? A classifier over all the rest of an exchange tries to.

What a labeler's program could look at is taken down of each answer that shows a pair: its status, headers and their order, its size without the texts, how long
it took, the form of its keys, and every element, attribute and word around the texts. A logistic regression, fitted on four fifths, ranks the fifth
that it has not seen, and the area under its ROC curve says how often it puts one of a kind before one of the other: 0.5 is chance.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Bits = NDArray[np.bool_]

TEXTS_HTML = {"prose", "letters", "turns"}
"""Classes of the elements whose content is the prompt's, a response's or the rubric's."""
TEXTS_JSON = {"prompt", "left", "right", "rubric", "rationale"}
HEX = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-([0-9a-f])[0-9a-f]{3}-[0-9a-f]{12}")
OPAQUE = re.compile(r"[A-Za-z0-9+/=_-]{24,}")
DIGITS = re.compile(r"\d+")
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}

FOLDS, RIDGE = 5, 1.0
LEVEL = 0.001
"""Of the permutation test: the chance with which a blind product is taken for a leaky one."""
SURE_AFTER = 10
"""Permutations that did as well as what was seen: so many say enough (Besag and Clifford 1991, sequential Monte Carlo p-values)."""


@dataclass(frozen=True)
class Exchange:
    """One answer that shows a pair, as it came over the wire."""

    surface: str
    """`page`, `fragment` or `api`: what is asked for differs, so each has features of its own."""
    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Finding:
    """How well one kind of exchange could be told from the others."""

    n: int
    of_kind: int
    features: int
    auc: float
    p: float
    telling: Sequence[str]
    """The features that separate the kinds furthest, by standardised difference."""


# ---- what there is to see ------------------------------------------------------------------------------------------


def features(exchange: Exchange) -> dict[str, float]:
    """Return all but the texts, each feature under a name of its own: 1 for what is there, a number for what has a size."""
    found: Counter[str] = Counter()
    numbers = {"milliseconds": math.log(1e-6 + exchange.seconds)}
    found[f"status={exchange.status}"] += 1
    for place, (name, value) in enumerate(exchange.headers):
        found[f"header {place}={name.lower()}"] += 1
        found[f"header {name.lower()}: {masked(value) if name.lower() not in ('date', 'content-length') else ''}"] += 1
        if name.lower() not in ("date", "content-length"):
            numbers[f"header {name.lower()} bytes"] = len(value)
    is_json = exchange.body.lstrip()[:1] in (b"{", b"[")
    text_bytes = of_json(exchange.body, found, numbers) if is_json else of_html(exchange.body, found, numbers)
    numbers["bytes but texts"] = len(exchange.body) - text_bytes
    return {f"{exchange.surface} {name}": float(value) for name, value in {**found, **numbers}.items()}


def masked(value: str) -> str:
    """Leave out what is random by intent, and keep its form."""
    value = HEX.sub("<key>", value)
    value = OPAQUE.sub(lambda opaque: f"<{len(opaque[0])}>", value)
    return DIGITS.sub(lambda digits: f"<{len(digits[0])} digits>", value)


def numbers_in(where: str, value: str) -> Iterator[tuple[str, float]]:
    """Yield what could be read off keys and counts: how high they are, and what kind of key it says that it is."""
    for number, key in enumerate(HEX.finditer(value)):
        yield f"{where} key {number} begins", int(key[0][:8], 16) / 16**8
        yield f"{where} key {number} ends", int(key[0][-8:], 16) / 16**8
        yield from ((f"{where} key {number} is of version {version}", key[1] == version) for version in "147")
        yield f"{where} key {number} is of the usual variant", key[2] in "89ab"
    if value.isdecimal() and len(value) < 12:
        yield f"{where} number", float(value)


class Outline(HTMLParser):
    """What a page is besides its texts."""

    def __init__(self, found: Counter[str], numbers: dict[str, float]) -> None:
        super().__init__(convert_charrefs=True)
        self.found, self.numbers = found, numbers
        self.depth = self.level = 0
        self.text_from: int | None = None
        """The level of the element that holds a text, while in one."""
        self.text_began, self.text_bytes = 0, 0
        self.starts: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.text_from is None:
            self.take_down(tag, attrs)
        if tag in VOID:
            return
        self.level += 1
        classes = set((dict(attrs).get("class") or "").split())
        if self.text_from is None and classes & TEXTS_HTML:
            self.text_from, self.text_began = self.level, self.place() + len(self.get_starttag_text() or "")

    def take_down(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found[f"<{tag}> at {self.level}"] += 1
        self.found[f"<{tag} {' '.join(name for name, _ in attrs)}>"] += 1
        for name, value in attrs:
            self.found[f"<{tag} {name}={masked(value or '')}>"] += 1
            self.numbers.update(numbers_in(f"<{tag} {name}>", value or ""))

    def handle_endtag(self, tag: str) -> None:
        if self.text_from == self.level:
            self.text_bytes += self.place() - self.text_began
            self.text_from = None
        self.level -= 1

    def handle_data(self, data: str) -> None:
        if self.text_from is None:
            for word in data.split():
                self.found[f"word {masked(word)}"] += 1
                self.numbers.update(numbers_in("word", word))

    def handle_comment(self, data: str) -> None:
        self.found[f"comment {masked(data)}"] += 1

    def place(self) -> int:
        """Where in the page the parser is, in characters."""
        line, offset = self.getpos()
        return self.starts[line - 1] + offset

    def read(self, page: str) -> None:
        self.starts = [0, *(found.end() for found in re.finditer("\n", page))]
        self.feed(page)
        self.close()


def of_html(body: bytes, found: Counter[str], numbers: dict[str, float]) -> int:
    """Take a page down, and return how many of its bytes are texts."""
    outline = Outline(found, numbers)
    outline.read(body.decode("latin-1"))  # a character is a byte
    return outline.text_bytes


def of_json(body: bytes, found: Counter[str], numbers: dict[str, float]) -> int:
    """Take an answer of the API down, and return how many of its bytes are texts."""
    text_bytes = 0

    def walk(where: str, value: Any) -> None:
        nonlocal text_bytes
        if where.rpartition(".")[2] in TEXTS_JSON:
            text_bytes += len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
        elif isinstance(value, dict):
            found[f"{where}: {' '.join(value)}"] += 1
            for name, inner in value.items():
                walk(f"{where}.{name}", inner)
        elif isinstance(value, list):
            found[f"{where}: {len(value)}"] += 1
            for inner in value:
                walk(f"{where}[]", inner)
        else:
            found[f"{where}={masked(json.dumps(value))}"] += 1
            numbers.update(numbers_in(where, str(value)))

    walk("", json.loads(body))
    return text_bytes


def table(exchanges: Sequence[Exchange]) -> tuple[Matrix, list[str]]:
    """Return the features as columns, standardised, and their names. What never varies, and what varies as another does, is left out."""
    rows = [features(exchange) for exchange in exchanges]
    names = sorted({name for row in rows for name in row})
    filled = np.array([[row.get(name, 0.0) for name in names] for row in rows])
    varies = np.flatnonzero(filled.std(axis=0) > 1e-12)
    scaled = (filled[:, varies] - filled[:, varies].mean(axis=0)) / filled[:, varies].std(axis=0)
    _, first = np.unique(np.round(scaled, 9), axis=1, return_index=True)
    kept = np.sort(first)
    return scaled[:, kept], [names[varies[place]] for place in kept]


# ---- how much it tells ---------------------------------------------------------------------------------------------


def look(exchanges: Sequence[Exchange], is_of_kind: Sequence[bool], *, seed: int, permutations: int = 2000) -> Finding:
    """Try to tell the exchanges of a kind from the others. Raises ValueError where there are fewer than ten of either."""
    kinds = np.array(is_of_kind, dtype=bool)
    if min(kinds.sum(), (~kinds).sum()) < 10:
        raise ValueError(f"{kinds.sum()} of {len(kinds)} exchanges are of the kind: too few of one side to tell anything")
    columns, names = table(exchanges)
    rng = np.random.default_rng(seed)
    seen = cross_validated(columns, kinds, rng)
    apart = np.abs(columns[kinds].mean(axis=0) - columns[~kinds].mean(axis=0))
    telling = [f"{names[place]} ({apart[place]:.2f})" for place in np.argsort(-apart)[:5]]
    p = permutation_p(columns, kinds, seen, rng, most=permutations)
    return Finding(n=len(kinds), of_kind=int(kinds.sum()), features=len(names), auc=seen, p=p, telling=telling)


def permutation_p(columns: Matrix, kinds: Bits, seen: float, rng: np.random.Generator, *, most: int) -> float:
    """Return how often kinds that were dealt out anew are told apart as well as `seen`; exact where rare, and no more exact than need be where not."""
    as_well = 0
    for tried in range(1, most + 1):
        as_well += cross_validated(columns, rng.permutation(kinds), rng) >= seen
        if as_well == SURE_AFTER:
            return as_well / tried
    return (as_well + 1) / (most + 1)


def cross_validated(columns: Matrix, kinds: Bits, rng: np.random.Generator) -> float:
    """Return the AUC of scores that each come from a fit without their own fold. Folds hold both kinds in one proportion."""
    fold = np.empty(len(kinds), dtype=int)
    for kind in (True, False):
        places = rng.permutation(np.flatnonzero(kinds == kind))
        fold[places] = np.arange(len(places)) % FOLDS
    areas = [auc(columns[fold == one] @ fit(columns[fold != one], kinds[fold != one]), kinds[fold == one]) for one in range(FOLDS)]
    return float(np.mean(areas))


def fit(columns: Matrix, kinds: Bits, *, steps: int = 12) -> Matrix:
    """Return the weights of a logistic regression with a ridge, on standardised columns, by Newton's method; without the constant, which moves no rank."""
    with_one = np.hstack([columns, np.ones((len(columns), 1))])
    weights, ridge = np.zeros(with_one.shape[1]), np.diag([RIDGE] * columns.shape[1] + [1e-6])
    for _ in range(steps):
        chance = 1 / (1 + np.exp(-np.clip(with_one @ weights, -30, 30)))
        slope = with_one.T @ (kinds - chance) - ridge @ weights
        step = np.linalg.solve((with_one * (chance * (1 - chance))[:, None]).T @ with_one + ridge, slope)
        weights += step
        if np.abs(step).max() < 1e-6:
            break
    return weights[:-1]


def auc(scores: Matrix, kinds: Bits) -> float:
    """Return the area under the ROC curve: the share of pairs of one of each kind in which that of the kind scores higher, a draw counting half.

    >>> auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))
    0.75
    """
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    ones, zeros = int(kinds.sum()), int((~kinds).sum())
    return float((ranks[kinds].sum() - ones * (ones + 1) / 2) / (ones * zeros))


def keys_of(exchange: Exchange) -> list[str]:
    """Return the opaque keys in an answer, in order: the assignment's is among them."""
    return [found[0] for found in HEX.finditer(exchange.body.decode("latin-1"))]


def by_kind(shown: Mapping[str, str], exchanges: Sequence[Exchange]) -> list[str]:
    """Return what each exchange shows, by a table from an assignment's key. Raises LookupError where an answer shows none of them."""
    return [next(iter(shown[key] for key in keys_of(exchange) if key in shown)) for exchange in exchanges]
