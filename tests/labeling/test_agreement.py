"""Agreement, held against a reference implementation, published tables, brute force over labels and orientations, and its own laws."""

from __future__ import annotations

import doctest
import itertools
import random
import statistics
import time
from collections.abc import Sequence

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling import agreement

Items = list[tuple[str, ...]]

some_items = st.lists(st.lists(st.sampled_from(agreement.VERDICTS), max_size=6).map(tuple), max_size=12)
turned_round = {"a": "b", "b": "a", "tie": "tie"}


def figures_of(items: Sequence[Sequence[str]], *, seed: int = 7) -> dict[str, agreement.Figure]:
    return {figure.name: figure for figure in agreement.agreement(items, seed=seed, resamples=200)}


def reference_alpha(items: Sequence[Sequence[str]]) -> float | None:
    values = np.array([[item.count(verdict) for verdict in agreement.VERDICTS] for item in map(list, items)]).reshape(-1, 3)
    used = values[values.sum(axis=1) > 1]
    if np.count_nonzero(used.sum(axis=0)) < 2:
        return None
    return float(krippendorff.alpha(value_counts=used, level_of_measurement="nominal"))


def brute_raw(items: Sequence[Sequence[str]], score: dict[frozenset[str], float]) -> float | None:
    """The mean over items of the mean score over pairs of labels, by going through all of them."""
    means = []
    for item in items:
        scores = [score.get(frozenset(pair), 1.0 if len(set(pair)) == 1 else 0.0) for pair in itertools.combinations(item, 2)]
        if scores:
            means.append(statistics.fmean(scores))
    return statistics.fmean(means) if means else None


def observed_disagreement(items: Sequence[Sequence[str]]) -> float:
    n = sum(len(item) for item in items)
    return sum((x != y) / (len(item) - 1) for item in items for x, y in itertools.permutations(item, 2)) / n


def chance_disagreement(items: Sequence[Sequence[str]]) -> float:
    labels = [label for item in items for label in item]
    return sum(x != y for x, y in itertools.permutations(labels, 2)) / (len(labels) * (len(labels) - 1))


def near(value: float | None) -> object:
    return None if value is None else pytest.approx(value, abs=1e-12)


def test_it_works() -> None:
    figures = figures_of([("a", "a", "b"), ("b", "b", "b"), ("tie", "a", "a"), ("b", "tie", "a"), ("a", "a", "a")])
    assert list(figures) == ["raw_with_ties", "raw_without_ties", "raw_tie_as_half", "alpha_nominal", "alpha_nominal_exchangeable"]
    assert figures["raw_with_ties"].value == pytest.approx((1 / 3 + 1 + 1 / 3 + 0 + 1) / 5)
    assert figures["raw_without_ties"].value == pytest.approx((1 / 3 + 1 + 1 + 0 + 1) / 5)
    assert figures["raw_tie_as_half"].value == pytest.approx((1 / 3 + 1 + 2 / 3 + 1 / 3 + 1) / 5)
    assert (figures["raw_with_ties"].n_items, figures["raw_with_ties"].n_labels) == (5, 15)
    assert (figures["raw_without_ties"].n_items, figures["raw_without_ties"].n_labels) == (5, 13)
    for figure in figures.values():
        assert figure.value is not None
        assert figure.low is not None
        assert figure.high is not None
        assert figure.low <= figure.value <= figure.high
        assert figure.expected_low < figure.expected_high
        assert figure.source


def test_the_worked_examples_of_the_docstrings_hold() -> None:
    assert doctest.testmod(agreement).failed == 0


# Published tables


def test_alpha_is_krippendorffs_own_for_two_observers_and_two_values() -> None:
    meg, owen = "0100000010", "1110010000"
    assert agreement.krippendorff_alpha(list(zip(meg, owen, strict=True))) == pytest.approx(0.095, abs=5e-4)


def test_alpha_is_krippendorffs_own_for_two_observers_and_five_values() -> None:
    ben, gerry = "aabbdcccedda", "babbbccceddd"
    assert agreement.krippendorff_alpha(list(zip(ben, gerry, strict=True))) == pytest.approx(0.692, abs=5e-4)


def test_alpha_is_krippendorffs_own_for_four_observers_with_missing_cells() -> None:
    observers = "123321412...", "1233224125.3", ".3332342251.", "12332441251."
    items = [[value for value in item if value != "."] for item in zip(*observers, strict=True)]
    assert agreement.krippendorff_alpha(items) == pytest.approx(0.743, abs=5e-4)


def test_raw_agreement_is_that_of_the_well_known_table_for_fleiss_kappa() -> None:
    table = "0 0 0 0 14|0 2 6 4 2|0 0 3 5 6|0 3 9 2 0|2 2 8 1 1|7 7 0 0 0|3 2 6 3 0|2 5 3 2 2|6 5 2 1 0|0 2 2 3 7"
    counts = np.array([row.split() for row in table.split("|")], dtype=np.float64)
    assert agreement.mean(agreement.agreement_terms(counts).sum(axis=0)) == pytest.approx(0.378, abs=5e-4)


# Other ways to the same number


@given(some_items)
def test_alpha_is_that_of_the_reference_implementation(items: Items) -> None:
    assert agreement.krippendorff_alpha(items) == near(reference_alpha(items))
    assert figures_of(items)["alpha_nominal"].value == near(reference_alpha(items))


@given(some_items)
def test_raw_agreement_is_that_of_going_through_every_pair_of_labels(items: Items) -> None:
    choices = [tuple(verdict for verdict in item if verdict != "tie") for item in items]
    half = {frozenset({"a", "tie"}): 0.5, frozenset({"b", "tie"}): 0.5}
    assert agreement.raw_agreement(items) == near(brute_raw(items, {}))
    assert agreement.raw_agreement_without_ties(items) == near(brute_raw(choices, {}))
    assert agreement.raw_agreement_tie_as_half(items) == near(brute_raw(items, half))


@given(st.lists(st.lists(st.sampled_from(agreement.VERDICTS), min_size=2, max_size=4).map(tuple), min_size=1, max_size=6))
def test_exchangeable_chance_is_the_mean_over_every_way_of_turning_pairs_round(items: Items) -> None:
    ways = itertools.product(*[(item, tuple(turned_round[verdict] for verdict in item)) for item in items])
    by_chance = statistics.fmean(chance_disagreement(way) for way in ways)
    expected = 1 - observed_disagreement(items) / by_chance if by_chance > 1e-12 else None
    assert agreement.krippendorff_alpha_exchangeable(items) == near(expected)


def test_two_balanced_verdicts_of_two_labelers_make_alpha_twice_the_agreement_less_one() -> None:
    items = ([("a", "a"), ("b", "b")] * 3 + [("a", "b")] * 2) * 2000
    raw, alpha = agreement.raw_agreement(items), agreement.krippendorff_alpha(items)
    assert raw == 0.75
    assert alpha == pytest.approx(2 * raw - 1, abs=1e-4)


# Laws


@given(some_items, st.randoms(use_true_random=False))
def test_neither_the_order_of_items_nor_that_of_labels_changes_a_figure(items: Items, chance: random.Random) -> None:
    shuffled = [tuple(chance.sample(item, len(item))) for item in chance.sample(items, len(items))]
    assert agreement.agreement(shuffled, seed=3, resamples=50) == agreement.agreement(items, seed=3, resamples=50)


@given(some_items, st.permutations(agreement.VERDICTS))
def test_renaming_the_categories_does_not_change_alpha(items: Items, names: list[str]) -> None:
    renamed = [[names[agreement.VERDICTS.index(verdict)] for verdict in item] for item in items]
    assert agreement.krippendorff_alpha(renamed) == near(agreement.krippendorff_alpha(items))


@given(some_items, st.data())
def test_turning_pairs_round_moves_no_figure_but_alpha_as_stored(items: Items, data: st.DataObject) -> None:
    turned = [tuple(turned_round[verdict] for verdict in item) if data.draw(st.booleans()) else item for item in items]
    before, after = figures_of(items), figures_of(turned)
    for name in set(before) - {"alpha_nominal"}:
        assert after[name].value == near(before[name].value)


@given(some_items)
def test_items_with_fewer_than_two_labels_change_nothing(items: Items) -> None:
    assert figures_of([*items, (), ("a",), ("tie",)]) == figures_of(items)


@given(some_items)
def test_figures_stay_in_their_range(items: Items) -> None:
    for name, figure in figures_of(items).items():
        if figure.value is not None:
            assert (0 if name.startswith("raw") else -1) <= figure.value <= 1


# Edges


def test_total_agreement_is_one() -> None:
    items = [("a", "a", "a"), ("b", "b"), ("tie", "tie", "tie", "tie"), ("b", "b", "b")]
    assert {figure.value for figure in agreement.agreement(items, seed=1)} == {1.0}
    assert {(figure.low, figure.high) for figure in agreement.agreement(items, seed=1)} == {(1.0, 1.0)}


def test_total_disagreement_is_no_raw_agreement_and_less_than_chance() -> None:
    figures = figures_of([("a", "b")] * 50)
    assert figures["raw_with_ties"].value == 0
    assert figures["raw_without_ties"].value == 0
    assert figures["raw_tie_as_half"].value == 0
    assert figures["alpha_nominal"].value == pytest.approx(1 - 99 / 50)


def test_one_category_leaves_alpha_undefined() -> None:
    figures = figures_of([("tie", "tie"), ("tie", "tie", "tie")])
    assert figures["raw_with_ties"].value == 1
    assert figures["alpha_nominal"].value is None
    assert figures["alpha_nominal"].low is None
    assert figures["alpha_nominal_exchangeable"].value is None
    assert figures["raw_without_ties"].value is None
    assert figures["raw_without_ties"].n_items == 0


def test_agreement_on_one_side_throughout_is_seen_when_a_and_b_are_exchangeable() -> None:
    items = [("a", "a"), ("a", "a"), ("a", "a")]
    assert agreement.krippendorff_alpha(items) is None
    assert agreement.krippendorff_alpha_exchangeable(items) == 1
    assert agreement.krippendorff_alpha_exchangeable(items[:1]) is None


@pytest.mark.parametrize("items", [[], [()], [("a",), ("b",)]])
def test_nothing_to_compare_is_undefined_everywhere(items: Items) -> None:
    for figure in agreement.agreement(items, seed=1):
        assert (figure.value, figure.low, figure.high, figure.n_items, figure.n_labels) == (None, None, None, 0, 0)


def test_one_item_has_a_value_and_no_interval() -> None:
    figure = figures_of([("a", "a", "b")])["raw_with_ties"]
    assert figure.value == pytest.approx(1 / 3)
    assert (figure.low, figure.high) == (None, None)


def test_a_true_zero_is_a_zero_and_not_undefined() -> None:
    # 6 labels a and 10 labels b: of 240 ordered pairs 120 disagree, and so do 4 of the 8 items.
    assert agreement.krippendorff_alpha([("a", "b")] * 4 + [("a", "a")] + [("b", "b")] * 3) == 0
    # One item that holds every label is its own chance.
    assert agreement.krippendorff_alpha([("a",) * 4 + ("b",) * 4]) == pytest.approx(0, abs=1e-12)


def test_labelers_who_guess_have_zero_inside_the_interval() -> None:
    chance = random.Random(5)
    figures = figures_of([tuple(chance.choices(agreement.VERDICTS, k=3)) for _ in range(20_000)])
    for name in ("alpha_nominal", "alpha_nominal_exchangeable"):
        low, high = figures[name].low, figures[name].high
        assert figures[name].value == pytest.approx(0, abs=0.01)
        assert low is not None
        assert high is not None
        assert low < 0 < high


def test_a_word_that_is_no_verdict_is_refused() -> None:
    with pytest.raises(agreement.UnknownVerdict, match="'left' is not a verdict"):
        agreement.agreement([("a", "left")], seed=1)


# Intervals


def test_the_same_seed_gives_the_same_intervals_and_another_seed_others() -> None:
    items = [("a", "b"), ("a", "a"), ("b", "tie"), ("b", "b"), ("tie", "tie")] * 20
    assert agreement.agreement(items, seed=1) == agreement.agreement(items, seed=1)
    assert agreement.agreement(items, seed=1) != agreement.agreement(items, seed=2)


def width(figure: agreement.Figure) -> float:
    assert figure.low is not None
    assert figure.high is not None
    return figure.high - figure.low


def test_the_interval_narrows_with_the_root_of_the_number_of_items() -> None:
    items: Items = [("a", "b"), ("a", "a"), ("b", "tie"), ("b", "b")] * 25
    few, many = figures_of(items)["raw_with_ties"], figures_of(items * 100)["raw_with_ties"]
    assert width(few) / width(many) == pytest.approx(10, rel=0.25)


def drawn(chance: np.random.Generator, n: int) -> Items:
    """Items of three labels: each labeler is sure of the item's own verdict in 6 cases of 10, and guesses evenly in the rest."""
    own = chance.integers(3, size=(n, 1))
    labels = np.where(chance.random((n, 3)) < 0.6, own, chance.integers(3, size=(n, 3)))
    return [tuple(agreement.VERDICTS[label] for label in row) for row in labels]


def test_ninety_five_percent_intervals_hold_the_true_value_about_that_often() -> None:
    # Both labelers sure: 0.36; else an even guess is involved, which matches one time in three. Verdicts are balanced, so alpha is 0.36.
    truth = {"raw_with_ties": 0.36 + 0.64 / 3, "alpha_nominal": 0.36, "alpha_nominal_exchangeable": 0.36}
    chance, rounds = np.random.default_rng(11), 300
    held = dict.fromkeys(truth, 0)
    for _ in range(rounds):
        figures = figures_of(drawn(chance, 150))
        for name, value in truth.items():
            low, high = figures[name].low, figures[name].high
            held[name] += low is not None and high is not None and low <= value <= high
    for times in held.values():
        assert 0.90 <= times / rounds <= 0.99


def test_a_hundred_thousand_items_take_a_second_or_so() -> None:
    items = drawn(np.random.default_rng(2), 100_000)
    began = time.process_time()
    figures = agreement.agreement(items, seed=1)
    assert time.process_time() - began < 3
    assert figures[0].n_labels == 300_000
