"""What synthetic labelers think of a pair: the same for the same arguments, and true to their habit."""

from __future__ import annotations

import pytest

from labeling.tastes import PLANTS, Judgment, Sight, Taste, judge, judge_by_content, seconds_of, taste_of


def sight(number: int = 1, *, left_is_a: bool = True, known: str | None = None, a: str = "", b: str = "") -> Sight:
    return Sight(a or f"a{number}", b or f"b{number}", left_is_a, known)


def many(taste: Taste | None = None, *, runs: int = 2000, known: str | None = None) -> list[tuple[Sight, Judgment]]:
    """What one labeler says of so many pairs, or what twenty say in turn; A is the longer one on half of them."""
    sights = [sight(n, left_is_a=n % 2 == 0, known=known, a=f"a{n}" + " more" * (n // 2 % 2), b=f"b{n}" + " more" * (1 - n // 2 % 2)) for n in range(runs)]
    return [(each, judge(taste or taste_of(1, n % 20), each, seed=1, labeler=0 if taste else n % 20)) for n, each in enumerate(sights)]


def share(found: list[bool]) -> float:
    return sum(found) / len(found)


def chosen(taste: Taste) -> list[tuple[Sight, bool]]:
    """Choices of a side: was it A?"""
    return [(each, said.preference < 0) for each, said in many(taste) if said.preference]


def test_a_taste_is_drawn_from_the_seed() -> None:
    assert taste_of(4, 1) == taste_of(4, 1)
    assert len({taste_of(seed, number) for seed in (4, 5) for number in range(20)}) == 40


def test_a_judgment_depends_on_seed_labeler_texts_and_sides_alone() -> None:
    first, again = (judge(taste_of(4, 1), sight(), seed=4, labeler=1) for _ in range(2))
    assert first == again
    assert len({judge(taste_of(4, number), sight(), seed=4, labeler=number) for number in range(30)}) > 2


def test_judgments_use_the_whole_scale_and_favour_neither_response() -> None:
    said = [judgment.preference for _, judgment in many()]
    assert set(said) == set(range(-3, 4))
    assert abs(sum(preference > 0 for preference in said) - sum(preference < 0 for preference in said)) < 200


def test_both_bad_is_a_tie() -> None:
    both_bad = [judgment for _, judgment in many() if judgment.both_bad]
    assert both_bad
    assert {judgment.preference for judgment in both_bad} == {0}


def test_a_left_leaner_chooses_left_75_times_in_100() -> None:
    assert 0.72 < share([a == each.left_is_a for each, a in chosen(PLANTS["left-leaner"])]) < 0.78


def test_a_length_lover_chooses_the_longer_response_80_times_in_100() -> None:
    assert 0.77 < share([a == (len(each.a) > len(each.b)) for each, a in chosen(PLANTS["length-lover"])]) < 0.83


def test_a_length_lover_goes_by_content_where_both_are_as_long() -> None:
    taste = PLANTS["length-lover"]
    assert {judge(taste, sight(n), seed=1, labeler=1) == judge_by_content(taste, sight(n), seed=1, labeler=1) for n in range(10, 100)} == {True}


def test_a_clicker_says_anything() -> None:
    said = [judgment.preference for _, judgment in many(PLANTS["clicker"])]
    assert all(200 < said.count(choice) < 380 for choice in range(-3, 4))


@pytest.mark.parametrize("plant", ["honest", "slow-expert", "speeder"])
def test_who_goes_by_content_leans_to_no_side(plant: str) -> None:
    assert 0.46 < share([a == each.left_is_a for each, a in chosen(PLANTS[plant])]) < 0.54


@pytest.mark.parametrize(("known", "plant", "least"), [("a", "honest", 0.97), ("b", "honest", 0.97), ("tie", "honest", 0.97), ("a", "slow-expert", 0.99)])
def test_gold_is_clear_to_who_reads(known: str, plant: str, least: float) -> None:
    verdicts = {-1: "a", 0: "tie", 1: "b"}
    said = [judgment.preference for _, judgment in many(PLANTS[plant], runs=500, known=known)]
    assert share([verdicts[(preference > 0) - (preference < 0)] == known for preference in said]) >= least


def test_most_pairs_are_judged_alike_when_seen_again_with_their_sides_swapped() -> None:
    def verdict(number: int, *, left_is_a: bool) -> int:
        said = judge(PLANTS["honest"], sight(number, left_is_a=left_is_a), seed=1, labeler=1).preference
        return (said > 0) - (said < 0)

    alike = share([verdict(number, left_is_a=True) == verdict(number, left_is_a=False) for number in range(1000)])
    assert 0.7 < alike < 0.95


@pytest.mark.parametrize(("plant", "low", "high"), [("speeder", 0.3, 0.4), ("honest", 1.0, 1.3), ("slow-expert", 2.8, 3.4)])
def test_times_are_by_the_words_and_the_pace(plant: str, low: float, high: float) -> None:
    for words in (238, 952):
        times = sorted(seconds_of(PLANTS[plant], sight(number), words=words, seed=1, labeler=1) for number in range(500))
        assert low < times[250] / (60 * words / 238) < high
