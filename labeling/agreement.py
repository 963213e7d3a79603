"""How far labelers agree on the verdicts of the same pairs: figures, their 95 % intervals, and what to expect of them.

Everything here works on a count matrix: one row an item (a pair of responses), one column a verdict, each cell the
number of labels. Each coefficient is a function of sums over its rows, so that a bootstrap over items needs only how often each
distinct row was drawn: 100,000 items with three labels each have ten distinct rows.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accounts.marking import marked

Floats = NDArray[np.float64]
"""Counts and sums. All are floats, since labels far below 2**53 are exact in them and most end in a quotient."""

VERDICTS = ("a", "b", "tie")
"""The columns of a count matrix, in this order."""

A, B, TIE = range(3)


class UnknownVerdict(ValueError):
    """A label says something else than `a`, `b` or `tie`."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One coefficient on one set of items, ready to be shown.

    Shares and coefficients are fractions (0.65, not 65). `value` is None where the coefficient is not defined, and `low` and `high`
    (the 95 % interval) are None where fewer than two items carry it, or its value is. `n_items` and `n_labels` count
    what entered: items with something to compare, and the labels on them. The expected band is what published collections of open prompts reach.
    """

    name: str
    coefficient: str
    value: float | None
    low: float | None
    high: float | None
    n_items: int
    n_labels: int
    expected_low: float
    expected_high: float
    source: str


@dataclass(frozen=True, kw_only=True)
class Coefficient:
    """A figure's definition: what each row of counts adds up to, and what is made of the sums.

    `used` maps counts (rows, 3) to the counts that enter, with zeros for a row that has nothing to compare. `terms` maps those
    to summands (rows, t); `value` maps sums (..., t) to values (...), NaN where undefined.
    """

    name: str
    words: str
    used: Callable[[Floats], Floats]
    terms: Callable[[Floats], Floats]
    value: Callable[[Floats], Floats]
    expected: tuple[float, float]
    source: str


def agreement(items: Iterable[Sequence[str]], *, seed: int, resamples: int = 1000) -> list[Figure]:
    """Return every figure for items that are each the verdicts one pair received: `a`, `b` or `tie`, in any order.

    The intervals are percentiles (2.5 and 97.5) of `resamples` bootstrap samples of whole items, because labels of
    one pair hang together. The same samples serve every figure. The same items, in whatever order, and the same seed give the same
    intervals. Samples in which a coefficient is not defined are left out of its interval. Where all items are equal
    the interval has no width; that says how small the sample is, not how sure the figure.

    >>> [round(figure.value, 3) for figure in agreement([("a", "a"), ("a", "b"), ("b", "tie"), ("b", "b")], seed=1) if figure.value]
    [0.5, 0.667, 0.625, 0.263, 0.176]
    """
    rows, weights = distinct(comparable(count(items)))
    draws = resampled(weights, seed=seed, resamples=resamples)
    return [figure(coefficient, rows, weights, draws) for coefficient in COEFFICIENTS]


def figure(coefficient: Coefficient, rows: Floats, weights: Floats, draws: Floats) -> Figure:
    """Return one coefficient of distinct rows (r, 3) with weights (r,), and its interval over draws (resamples, r)."""
    used = coefficient.used(rows)
    terms = coefficient.terms(used)
    n_items = int(weights @ (used.sum(axis=1) > 0))
    value = finite(float(coefficient.value(weights @ terms)))
    low, high = interval(coefficient.value(draws @ terms)) if n_items > 1 and value is not None else (None, None)
    return Figure(
        name=coefficient.name,
        coefficient=coefficient.words,
        value=value,
        low=low,
        high=high,
        n_items=n_items,
        n_labels=int(weights @ used.sum(axis=1)),
        expected_low=coefficient.expected[0],
        expected_high=coefficient.expected[1],
        source=coefficient.source,
    )


def count(items: Iterable[Sequence[str]]) -> Floats:
    """Return how often each verdict was given to each item, shape (items, 3). Raises UnknownVerdict."""
    held = list(items)
    columns = {verdict: column for column, verdict in enumerate(VERDICTS)}
    try:
        cells = [(row, columns[verdict]) for row, item in enumerate(held) for verdict in item]
    except KeyError as error:
        raise UnknownVerdict(f"{error} is not a verdict: it must be one of {', '.join(VERDICTS)}") from None
    counts = np.zeros((len(held), len(VERDICTS)))
    np.add.at(counts, tuple(np.array(cells, dtype=np.intp).reshape(-1, 2).T), 1)
    return counts


def comparable(counts: Floats) -> Floats:
    """Return the rows that hold at least two labels; one label has nothing to be compared with."""
    kept: Floats = counts[counts.sum(axis=1) > 1]
    return kept


def distinct(counts: Floats) -> tuple[Floats, Floats]:
    """Return the different rows, sorted, and how often each occurs, as floats."""
    if not len(counts):
        return counts, np.zeros(0)
    rows, times = np.unique(counts, axis=0, return_counts=True)
    return rows, times.astype(np.float64)


def resampled(weights: Floats, *, seed: int, resamples: int) -> Floats:
    """Return how often each distinct row is drawn when as many items as there are get drawn with replacement: (resamples, rows)."""
    if not len(weights):
        return np.zeros((resamples, 0))
    drawn = np.random.default_rng(seed).multinomial(int(weights.sum()), weights / weights.sum(), size=resamples)
    return drawn.astype(np.float64)


def interval(values: Floats) -> tuple[float | None, float | None]:
    """Return the 2.5th and the 97.5th percentile of the values that are defined."""
    defined = values[np.isfinite(values)]
    if not len(defined):
        return None, None
    low, high = np.percentile(defined, (2.5, 97.5))
    return float(low), float(high)


def finite(value: float) -> float | None:
    """Return the value, or None for the NaN that stands for "not defined" inside."""
    return value if math.isfinite(value) else None


def quotient(above: Floats, below: Floats) -> Floats:
    """Return above / below, NaN where below is zero."""
    result: Floats = np.full(np.shape(below), np.nan)
    np.divide(above, below, out=result, where=below != 0)
    return result


def ordered_pairs(n: Floats) -> Floats:
    """Return in how many ways two different ones of n can be taken, one after the other: n (n - 1)."""
    pairs: Floats = n * (n - 1)
    return pairs


# Raw agreement


def raw_agreement(items: Iterable[Sequence[str]]) -> float | None:
    """Return raw agreement with ties: the chance that two labelers, drawn from those of a pair that was drawn first, give one verdict.

    For each item with m >= 2 labels, n_c of them for verdict c, the share of its ordered pairs of labels that are equal is

        P_i = sum_c n_c (n_c - 1) / (m (m - 1))

    and the figure is the plain mean of P_i over those items (Fleiss 1971; the wording is MT-Bench's, Zheng et al. 2023).
    It is a mean over items and not over all pairs of labels in one heap: a contested pair that was given more labels
    has many more pairs of labels, and would count several times. Where every item has the same number of labels the two are one.
    Chance is a third for three verdicts used equally often. None: no item has two labels.

    >>> raw_agreement([("a", "a", "b"), ("tie", "tie"), ("b",)])  # (1/3 + 1) / 2
    0.6666666666666666
    """
    return value_of(RAW_WITH_TIES, items)


def raw_agreement_without_ties(items: Iterable[Sequence[str]]) -> float | None:
    """Return raw agreement without ties: as `raw_agreement`, over pairs of labels neither of which is a tie.

    Ties are taken out of every item first; an item with fewer than two labels left is left out. Chance is a half.
    This is MT-Bench's second setup. None: no item has two labels that are not ties.

    >>> raw_agreement_without_ties([("a", "a", "tie"), ("a", "b"), ("a", "tie")])  # (1 + 0) / 2
    0.5
    """
    return value_of(RAW_WITHOUT_TIES, items)


def raw_agreement_tie_as_half(items: Iterable[Sequence[str]]) -> float | None:
    """Return raw agreement in which a tie against a choice is half an agreement.

    Two labels score 1 - |x - y| with a = 0, tie = 1/2, b = 1: equal labels score 1 (two ties as well), a tie against a
    or b scores 1/2, a against b 0. The score of an item is the mean over its pairs of labels, the figure the mean over items with two.
    This is AlpacaEval's scoring of labelers (one less the absolute distance, a draw in the middle), made symmetric over labelers. None: no item has two labels.

    >>> raw_agreement_tie_as_half([("a", "tie"), ("tie", "tie"), ("a", "b")])  # (1/2 + 1 + 0) / 3
    0.5
    """
    return value_of(RAW_TIE_AS_HALF, items)


def all_labels(counts: Floats) -> Floats:
    return counts


def labels_that_choose(counts: Floats) -> Floats:
    """Return the counts with ties taken out, and with nothing in rows that then hold fewer than two labels."""
    chosen = counts * np.array([1.0, 1.0, 0.0])
    kept: Floats = chosen * (chosen.sum(axis=1, keepdims=True) > 1)
    return kept


def mean_terms(score: Floats, counts: Floats) -> Floats:
    """Return (score as a share of the row's ordered pairs of labels, 1), or zeros for a row that does not enter: shape (rows, 2)."""
    pairs = ordered_pairs(counts.sum(axis=1))
    entered = pairs > 0
    return np.column_stack([np.where(entered, quotient(score, pairs), 0.0), entered])


def agreement_terms(counts: Floats) -> Floats:
    return mean_terms(ordered_pairs(counts).sum(axis=1), counts)


def agreement_terms_tie_as_half(counts: Floats) -> Floats:
    # A tie and a choice make two ordered pairs of half an agreement each.
    halves = counts[:, TIE] * (counts[:, A] + counts[:, B])
    return mean_terms(ordered_pairs(counts).sum(axis=1) + halves, counts)


def mean(sums: Floats) -> Floats:
    return quotient(sums[..., 0], sums[..., 1])


# Krippendorff's alpha


def krippendorff_alpha(items: Iterable[Sequence[Hashable]]) -> float | None:
    """Return Krippendorff's alpha for nominal labels: 1 is total agreement, 0 is chance, below 0 is worse than chance.

    Each item is the labels it received, in any number and order; an item with fewer than two is left out. With n_uc labels c on
    item u, m_u its labels, n_c = sum_u n_uc and n = sum_c n_c over the items that enter
    (Krippendorff 2011, "Computing Krippendorff's alpha-reliability", section C):

        D_o = 1 - (1 / n) sum_u sum_c n_uc (n_uc - 1) / (m_u - 1)      observed disagreement
        D_e = 1 - sum_c n_c (n_c - 1) / (n (n - 1))                    disagreement expected by chance
        alpha = 1 - D_o / D_e

    Unlike raw agreement, which counts items alike, alpha weighs an item by its labels. None: alpha is not defined, because
    no item has two labels, or because every label is the same and there is nothing that chance could get wrong.

    >>> krippendorff_alpha([("a", "a"), ("b", "b"), ("a", "b")])  # D_o = 1/3, D_e = 18/30: 1 - 5/9
    0.4444444444444444
    """
    held = [Counter(item) for item in items]
    categories = {category: column for column, category in enumerate(dict.fromkeys(label for item in held for label in item))}
    counts = np.zeros((len(held), len(categories)))
    for row, item in enumerate(held):
        counts[row, [categories[label] for label in item]] = list(item.values())
    return finite(float(alpha(alpha_terms(comparable(counts)).sum(axis=0))))


def krippendorff_alpha_exchangeable(items: Iterable[Sequence[str]]) -> float | None:
    """Return alpha nominal on verdicts with A and B exchangeable.

    Which response is A and which is B says nothing of quality, yet alpha as stored depends on it: turning pairs round
    changes how many labels say `a` in all, and with that the disagreement expected by chance. Here that expectation is its mean over all
    2**items ways of turning each pair round or not. Two labels of one pair turn together, so they match as
    they did; two choices of different pairs match in half of the ways; a tie matches a tie, and never a choice. With T ties and
    N choices in all, on item u x_u choices of which a_u for A and b_u for B, and n = N + T:

        matches = T (T - 1) + (N (N - 1) - sum_u x_u (x_u - 1)) / 2 + sum_u (a_u (a_u - 1) + b_u (b_u - 1))
        D_e = 1 - matches / (n (n - 1))
        alpha = 1 - D_o / D_e, with D_o as in `krippendorff_alpha`, which turning a pair round does not change.

    So no orientation of any pair moves it. The first and the last term are exact counts, the middle one an expectation: no sampling
    is done. None: no item has two labels, there is one item and its labels are equal, or every label is a tie. Where every label is `a` on several items
    it is 1, and alpha as stored is not defined.

    >>> round(krippendorff_alpha_exchangeable([("a", "a"), ("b", "b"), ("a", "b")]), 3)  # D_o = 1/3, D_e = 1 - ((30 - 6) / 2 + 4) / 30
    0.286
    """
    return value_of(ALPHA_EXCHANGEABLE, items)


def observed_matches(counts: Floats) -> Floats:
    """Return sum_c n_uc (n_uc - 1) / (m_u - 1) for each row u; every row must hold two labels."""
    matches: Floats = ordered_pairs(counts).sum(axis=1) / (counts.sum(axis=1) - 1)
    return matches


def alpha_terms(counts: Floats) -> Floats:
    """Return (observed matches, labels of each category) for each row: shape (rows, 1 + categories)."""
    return np.column_stack([observed_matches(counts), counts])


def alpha(sums: Floats) -> Floats:
    n_c = sums[..., 1:]
    return one_less_quotient(sums[..., 0], ordered_pairs(n_c).sum(axis=-1), n_c.sum(axis=-1))


def alpha_terms_exchangeable(counts: Floats) -> Floats:
    """Return (observed matches, choices, ties, ordered pairs of choices, those of them that match) for each row: shape (rows, 5)."""
    choices = counts[:, A] + counts[:, B]
    matching = ordered_pairs(counts[:, A]) + ordered_pairs(counts[:, B])
    return np.column_stack([observed_matches(counts), choices, counts[:, TIE], ordered_pairs(choices), matching])


def alpha_exchangeable(sums: Floats) -> Floats:
    observed, choices, ties, within, matching = (sums[..., column] for column in range(5))
    expected = ordered_pairs(ties) + (ordered_pairs(choices) - within) / 2 + matching
    return one_less_quotient(observed, expected, choices + ties)


def one_less_quotient(observed: Floats, expected: Floats, n: Floats) -> Floats:
    """Return 1 - D_o / D_e from n labels, observed matches out of n and expected matches out of n (n - 1); NaN where D_e is 0."""
    disagreement = quotient(n - observed, n)
    by_chance = quotient(ordered_pairs(n) - expected, ordered_pairs(n))
    return 1 - quotient(disagreement, by_chance)


def value_of(coefficient: Coefficient, items: Iterable[Sequence[str]]) -> float | None:
    terms = coefficient.terms(coefficient.used(comparable(count(items))))
    return finite(float(coefficient.value(terms.sum(axis=0))))


# The figures, in the order in which they are shown. Bands are fractions.

RAW_WITH_TIES = Coefficient(
    name="raw_with_ties",
    words=marked("Raw agreement, with ties"),
    used=all_labels,
    terms=agreement_terms,
    value=mean,
    expected=(0.547, 0.63),
    source=marked("UltraFeedback check (2023) 54.7 to 58.1 %, MT-Bench (2023) 63 %, both on win, tie and lose"),
)
RAW_WITHOUT_TIES = Coefficient(
    name="raw_without_ties",
    words=marked("Raw agreement, without ties"),
    used=labels_that_choose,
    terms=agreement_terms,
    value=mean,
    expected=(0.65, 0.75),
    source=marked("AlpacaFarm (2023) 65.7 %, InstructGPT (2022) 72.6 %, WebGPT (2021) 73 %, MT-Bench (2023) 81 %"),
)
RAW_TIE_AS_HALF = Coefficient(
    name="raw_tie_as_half",
    words=marked("Raw agreement, a tie as half"),
    used=all_labels,
    terms=agreement_terms_tie_as_half,
    value=mean,
    # t = 0.1 ties, drawn apart from the rest: t^2 + (1 - t)^2 p + t (1 - t) is 0.63 for p = 0.65 and 0.71 for p = 0.75.
    expected=(0.63, 0.71),
    source=marked("worked out from the band without ties, for one label in ten a tie; no published collection gives it"),
)
ALPHA = Coefficient(
    name="alpha_nominal",
    words=marked("Krippendorff's alpha, nominal, verdicts as stored"),
    used=all_labels,
    terms=alpha_terms,
    value=alpha,
    expected=(0.30, 0.50),
    source=marked("twice the raw agreement without ties less one, which holds for two balanced verdicts; ties pull it lower"),
)
ALPHA_EXCHANGEABLE = Coefficient(
    name="alpha_nominal_exchangeable",
    words=marked("Krippendorff's alpha, nominal, A and B exchangeable"),
    used=all_labels,
    terms=alpha_terms_exchangeable,
    value=alpha_exchangeable,
    expected=(0.30, 0.50),
    source=ALPHA.source,
)
COEFFICIENTS = (RAW_WITH_TIES, RAW_WITHOUT_TIES, RAW_TIE_AS_HALF, ALPHA, ALPHA_EXCHANGEABLE)
