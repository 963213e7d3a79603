"""The rolling gold score: its interval against a published table and its own laws, and the bar."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling import gold
from labeling.bias import clopper_pearson
from labeling.gold import GoldAnswer, hits_of, is_below, score, wilson

counts = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
answers = st.lists(
    st.builds(GoldAnswer, said=st.sampled_from(["a", "b", "tie"]), known=st.sampled_from(["a", "b", "tie"]), left_was_a=st.booleans()), max_size=40
)


def right(hits: int, n: int) -> gold.Hits:
    return hits_of([True] * hits + [False] * (n - hits))


def test_it_works() -> None:
    given = [GoldAnswer(said="a", known="a", left_was_a=True)] * 3 + [GoldAnswer(said="b", known="a", left_was_a=False)] * 2
    found = score([*given, GoldAnswer(said="tie", known="tie", left_was_a=True)], last=5)
    assert (found.all.hits, found.all.n) == (3, 5)
    assert (found.left.hits, found.left.n) == (2, 2)
    assert (found.right.hits, found.right.n) == (0, 2)
    assert (found.neither.hits, found.neither.n) == (1, 1)
    assert found.all.share == 0.6


def test_the_worked_examples_of_the_docstrings_hold() -> None:
    assert doctest.testmod(gold).failed == 0


@pytest.mark.parametrize(("hits", "n", "low", "high"), [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0000, 0.1611), (1, 29, 0.0061, 0.1718)])
def test_the_interval_is_that_of_the_table_in_newcombe_1998(hits: int, n: int, low: float, high: float) -> None:
    assert list(wilson(hits, n)) == pytest.approx([low, high], abs=5e-5)


@given(counts)
def test_the_interval_lies_in_0_to_1_and_holds_the_share(count: tuple[int, int]) -> None:
    low, high = wilson(*count)
    assert 0 <= low <= count[0] / count[1] <= high <= 1
    assert low < high


@given(counts)
def test_one_more_hit_raises_both_limits(count: tuple[int, int]) -> None:
    hits, n = count
    if hits < n:
        assert all(less < more for less, more in zip(wilson(hits, n), wilson(hits + 1, n), strict=True))


@given(counts)
def test_misses_are_hits_seen_from_the_other_side(count: tuple[int, int]) -> None:
    hits, n = count
    low, high = wilson(hits, n)
    assert list(wilson(n - hits, n)) == pytest.approx([1 - high, 1 - low])


@given(counts, st.floats(0.5, 0.98), st.floats(0.001, 0.019))
def test_a_higher_level_is_wider(count: tuple[int, int], level: float, more: float) -> None:
    low, high = wilson(*count, level=level)
    wider_low, wider_high = wilson(*count, level=level + more)
    assert wider_low <= low < high <= wider_high


@given(counts)
def test_more_of_the_same_is_narrower(count: tuple[int, int]) -> None:
    hits, n = count
    widths = [high - low for low, high in (wilson(hits * times, n * times) for times in (1, 4))]
    assert widths[1] < widths[0]


def test_the_interval_covers_about_as_often_as_it_says_and_the_exact_one_more_often() -> None:
    """At n = 20, over true shares between 10 and 90 %."""

    def coverage(limits: list[tuple[float, float]], share: float) -> float:
        chances = [binomial(hits, 20, share) for hits in range(21)]
        return sum(chance for chance, (low, high) in zip(chances, limits, strict=True) if low <= share <= high)

    shares = [number / 100 for number in range(10, 91)]
    mean = [sum(coverage([interval(hits, 20) for hits in range(21)], share) for share in shares) / len(shares) for interval in (wilson, clopper_pearson)]
    assert mean[0] == pytest.approx(0.95, abs=0.01)
    assert mean[1] > 0.965


def binomial(hits: int, n: int, share: float) -> float:
    from_above = 1.0
    for number in range(hits):
        from_above *= (n - number) / (number + 1)
    return from_above * share**hits * (1 - share) ** (n - hits)


@pytest.mark.parametrize(("hits", "n"), [(-1, 3), (4, 3), (0, 0)])
def test_what_is_no_share_is_refused(hits: int, n: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        wilson(hits, n)


@given(answers, st.integers(0, 50))
def test_the_sides_add_up_to_the_last_answers(given: list[GoldAnswer], last: int) -> None:
    found = score(given, last=last)
    parts = (found.left, found.right, found.neither)
    assert found.all.n == min(last, len(given)) == sum(part.n for part in parts)
    assert found.all.hits == sum(part.hits for part in parts)


@given(answers)
def test_naming_the_responses_the_other_way_round_changes_nothing(given: list[GoldAnswer]) -> None:
    turned = {"a": "b", "b": "a", "tie": "tie"}
    other = [GoldAnswer(said=turned[answer.said], known=turned[answer.known], left_was_a=not answer.left_was_a) for answer in given]
    assert score(other, last=20) == score(given, last=20)


def test_answers_before_the_last_ones_are_forgotten() -> None:
    wrong, good = (GoldAnswer(said=said, known="a", left_was_a=True) for said in ("b", "a"))
    assert score([wrong] * 30 + [good] * 20, last=20).all.share == 1.0
    assert score([good] * 30 + [wrong] * 20, last=20).all.share == 0.0


def test_no_answer_has_no_share() -> None:
    assert score([], last=20).all == gold.Hits(hits=0, n=0, share=None, low=None, high=None)


def test_a_score_is_below_the_bar_only_when_its_upper_limit_is() -> None:
    assert [hits for hits in range(21) if is_below(right(hits, 20), 0.7)] == list(range(10))
    assert is_below(right(9, 20), 0.7)
    assert not is_below(right(10, 20), 0.7)  # half right: its upper limit is 70.07 %


def test_a_handful_is_never_below() -> None:
    assert not any(is_below(right(0, n), 0.7) for n in range(8))
    assert is_below(right(0, 8), 0.7)
    assert is_below(right(0, 5), 0.7, least=5)


@given(counts, st.floats(0, 1), st.floats(0, 1))
def test_who_is_below_a_bar_is_below_every_higher_one(count: tuple[int, int], bar: float, other: float) -> None:
    found = right(*count)
    if is_below(found, min(bar, other)):
        assert is_below(found, max(bar, other))


@given(counts)
def test_nobody_who_is_right_as_often_as_the_bar_asks_is_below(count: tuple[int, int]) -> None:
    assert not is_below(right(*count), count[0] / count[1])
