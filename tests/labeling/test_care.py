"""Care flags: what each rule names and what it leaves alone, and labelers with a planted habit."""

from __future__ import annotations

import doctest
import json
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling import care
from labeling.bias import clopper_pearson
from labeling.care import Answer, Flag, Tally, Usual
from tests.labeling import planted
from tests.labeling.planted import HABITS, World

PLENTY = Usual(longer=Tally(550, 1000), gold=Tally(90, 100), agreement=Tally(750, 1000))
SILENT = Usual()

some_answers = st.lists(
    st.builds(
        Answer,
        verdict=st.sampled_from(["a", "b", "tie"]),
        preference=st.none(),
        left_was_a=st.sampled_from([True, False, None]),
        characters_a=st.integers(0, 5),
        characters_b=st.integers(0, 5),
        words=st.integers(0, 400),
        active_seconds=st.none() | st.floats(0, 200),
        others=st.lists(st.sampled_from(["a", "b", "tie"]), max_size=3).map(tuple),
        gold=st.sampled_from([None, None, None, "a", "b", "tie"]),
    ),
    max_size=8,
).map(lambda few: few * 25)
"""Up to eight different answers, many times over: enough for the rules to speak."""


def answer(verdict: str = "a", *, left_was_a: bool | None = True, **fields: object) -> Answer:
    preference = {"a": -1, "b": 1, "tie": 0}[verdict]
    return Answer(verdict=verdict, preference=preference, left_was_a=left_was_a, **fields)  # type: ignore[arg-type]


def alternating(n: int, **fields: object) -> list[Answer]:
    """Choices that lean to no side and form no line."""
    return [answer("a", left_was_a=number % 2 == 0, **fields) for number in range(n)]


def one(found: list[Flag]) -> Flag:
    assert len(found) == 1
    return found[0]


def test_the_worked_examples_of_the_docstrings_hold() -> None:
    assert doctest.testmod(care).failed == 0


def test_who_said_nothing_is_not_named() -> None:
    assert care.flags([], PLENTY) == []


# Too fast


def test_less_than_half_the_reading_time_is_named() -> None:
    flag = one(care.flags(alternating(60, words=238, active_seconds=20.0), SILENT))
    assert flag.kind == "too_fast"
    assert flag.says == "In 60 of 60 answers the time was less than half of what reading takes."
    assert flag.evidence["median_pace"] == pytest.approx(0.333, abs=0.001)
    assert "Brysbaert" in flag.evidence["source"]


@pytest.mark.parametrize("seconds", [31.0, 60.0, 600.0, 100_000.0])
def test_who_takes_half_the_time_or_more_is_not(seconds: float) -> None:
    assert care.flags(alternating(200, words=238, active_seconds=seconds), SILENT) == []


def test_the_time_that_reading_takes_grows_with_the_words() -> None:
    assert care.flags(alternating(60, words=100, active_seconds=20.0), SILENT) == []
    assert one(care.flags(alternating(60, words=500, active_seconds=20.0), SILENT)).kind == "too_fast"


def test_unknown_times_and_short_texts_say_nothing_of_speed() -> None:
    assert care.flags(alternating(200, words=400, active_seconds=None), SILENT) == []
    assert care.flags(alternating(200, words=care.FEWEST_WORDS - 1, active_seconds=0.1), SILENT) == []


def test_a_few_quick_decisions_among_many_are_nothing() -> None:
    quick = alternating(80, words=238, active_seconds=5.0)
    assert care.flags(quick + alternating(120, words=238, active_seconds=60.0), SILENT) == []


# Straight lines


def test_one_side_many_times_in_a_row_is_named() -> None:
    drawn = [left for number in range(25) for left in [number % 3 == 0]]
    run = [answer("a" if left else "b", left_was_a=left) for left in drawn]
    flag = one(care.flags([*alternating(10), *run, *alternating(10)], PLENTY))
    assert (flag.kind, flag.says) == ("straight_lining", "Chose the left side at strength 1 26 times in a row.")


def test_the_same_response_again_and_again_is_no_line_where_its_sides_change() -> None:
    assert care.flags(alternating(200), SILENT) == []


def test_a_line_of_ties_is_named_where_the_others_see_a_difference() -> None:
    flag = one(care.flags([answer("tie", others=("a", "b"))] * 45, SILENT))
    assert (flag.kind, flag.evidence["choice"], flag.evidence["n"]) == ("straight_lining", "tie", 45)


def test_a_line_of_ties_is_nothing_where_the_others_tie_too_or_are_not_known() -> None:
    assert care.flags([answer("tie", others=("tie",))] * 200, PLENTY) == []
    assert care.flags([answer("tie", both_bad=True)] * 200, PLENTY) == []
    assert care.flags([answer("tie", others=("a",) if number % 2 else ("tie",)) for number in range(200)], PLENTY) == []


def test_imported_labels_form_no_line_and_lean_to_no_side() -> None:
    assert care.flags([answer("a", left_was_a=None)] * 200, SILENT) == []


# One side


@pytest.mark.parametrize(("side", "verdict"), [("left", "a"), ("right", "b")])
def test_leaning_to_a_side_is_named_with_its_exact_interval(side: str, verdict: str) -> None:
    given = [answer(verdict, left_was_a=number % 4 != 0) for number in range(160)]
    flag = one(care.flags(given, SILENT))
    low, high = clopper_pearson(120, 160, level=care.SIDE_LEVEL)
    assert (flag.kind, flag.says, flag.evidence["side"]) == ("left_leaning", f"Chose the {side} side 120 of 160 times.", side)
    assert (flag.evidence["low"], flag.evidence["high"]) == (round(low, 4), round(high, 4))
    assert flag.evidence["threshold"] == 0.5


def test_a_mild_lean_is_not_beyond_doubt() -> None:
    assert care.flags([answer("a", left_was_a=number % 10 < 6) for number in range(200)], SILENT) == []


# Length


def longer(n: int, of: int, **fields: object) -> list[Answer]:
    return [
        answer("a", left_was_a=number % 2 == 0, characters_a=200 if number % of < n else 100, characters_b=100 if number % of < n else 200, **fields)
        for number in range(200)
    ]


def test_following_length_is_named() -> None:
    flag = one(care.flags(longer(8, 10), PLENTY))
    assert (flag.kind, flag.evidence["hits"], flag.evidence["n"], flag.evidence["threshold"]) == ("length_following", 160, 200, care.USUAL_LONGER)
    assert flag.says == "Chose the longer response 160 of 200 times; the others here do 55\u00a0% of the time."


def test_what_the_others_do_as_well_is_not_named() -> None:
    assert care.flags(longer(8, 10), replace(PLENTY, longer=Tally(800, 1000))) == []
    assert care.flags(longer(8, 10), replace(PLENTY, longer=Tally(35, 50))) == []


def test_nobody_knows_what_is_usual_where_there_is_nobody_else() -> None:
    assert care.flags(longer(10, 10), replace(PLENTY, longer=Tally(0, care.LEAST - 1))) == []


def test_responses_of_one_length_follow_nothing() -> None:
    assert care.flags(alternating(200, characters_a=100, characters_b=100), PLENTY) == []


# Chance


def mixed(n: int, hits: int, **fields: object) -> list[Answer]:
    """`n` choices of which `hits` meet `others` or `gold`, both `a`; sides and order lean nowhere."""
    return [answer("a" if number < hits else "b", left_was_a=number % 2 == 0, **fields) for number in range(n)]


def test_no_better_than_chance_is_named() -> None:
    flag = one(care.flags(mixed(140, 70, others=("a", "a")) + mixed(20, 10, gold="a"), PLENTY))
    assert (flag.kind, flag.evidence["hits"], flag.evidence["n"]) == ("random", 80, 160)
    assert flag.evidence["gold"] == {"hits": 10, "n": 20}
    assert flag.evidence["agreement"] == {"hits": 70, "n": 140}


def test_another_taste_that_is_right_on_gold_is_not() -> None:
    assert care.flags(mixed(140, 70, others=("a", "a")) + mixed(20, 18, gold="a"), PLENTY) == []


def test_better_than_chance_is_not_named_however_good_the_others_are() -> None:
    assert care.flags(mixed(140, 90, others=("a", "a")), replace(PLENTY, agreement=Tally(990, 1000))) == []


@pytest.mark.parametrize("agreement", [Tally(), Tally(40, 45), Tally(500, 1000), Tally(610, 1000)])
def test_agreement_says_nothing_where_the_others_hardly_agree_or_are_few(agreement: Tally) -> None:
    assert care.flags(mixed(140, 70, others=("a", "a")), replace(PLENTY, agreement=agreement)) == []


def test_others_who_are_split_and_ties_are_not_compared() -> None:
    assert care.flags(mixed(200, 100, others=("a", "b")), PLENTY) == []
    assert care.flags([answer("tie", others=("a", "a"))] * (care.STRAIGHT_TIE - 1), PLENTY) == []
    assert care.flags(mixed(200, 100, gold="tie"), PLENTY) == []


def test_gold_alone_is_enough_where_there_is_much_of_it() -> None:
    flag = one(care.flags(mixed(120, 60, gold="a"), replace(SILENT, gold=Tally(95, 100))))
    assert (flag.kind, flag.evidence["threshold"]) == ("random", 0.95)


# Every rule


@given(some_answers)
def test_nobody_is_named_on_a_handful(given: list[Answer]) -> None:
    few = given[: care.LEAST - 1]
    assert {flag.kind for flag in care.flags(few, PLENTY)} <= {"straight_lining"}
    assert care.flags(given[: care.STRAIGHT_SIDE - 1], PLENTY) == []


@given(some_answers)
def test_naming_the_responses_the_other_way_round_changes_nothing(given: list[Answer]) -> None:
    assert care.flags([turned(answer) for answer in given], PLENTY) == care.flags(given, PLENTY)


def turned(answer: Answer) -> Answer:
    other = {"a": "b", "b": "a", "tie": "tie", None: None}
    return replace(
        answer,
        verdict=other[answer.verdict] or "",
        left_was_a=None if answer.left_was_a is None else not answer.left_was_a,
        characters_a=answer.characters_b,
        characters_b=answer.characters_a,
        others=tuple(other[verdict] or "" for verdict in answer.others),
        gold=other[answer.gold],
    )


@given(some_answers, st.floats(1, 1000))
def test_taking_longer_never_adds_a_flag(given: list[Answer], slower: float) -> None:
    later = [replace(answer, active_seconds=answer.active_seconds and answer.active_seconds * slower) for answer in given]
    assert {flag.kind for flag in care.flags(later, PLENTY)} <= {flag.kind for flag in care.flags(given, PLENTY)}


@given(some_answers)
def test_each_kind_is_found_once_with_evidence_that_can_be_stored(given: list[Answer]) -> None:
    found = care.flags(given, PLENTY)
    assert len({flag.kind for flag in found}) == len(found)
    for flag in found:
        assert len(flag.says) <= 300
        assert json.loads(json.dumps(flag.evidence)) == flag.evidence
        assert flag.evidence["n"] >= care.STRAIGHT_SIDE
        if flag.kind != "straight_lining":
            assert flag.evidence["low"] <= flag.evidence["share"] <= flag.evidence["high"]


@given(st.integers(care.LEAST, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.01, 0.99), st.sampled_from([0.9, 0.99, 0.9999]))
def test_being_above_is_having_a_lower_limit_above(count: tuple[int, int], threshold: float, level: float) -> None:
    low, _ = clopper_pearson(*count, level=level)
    if abs(low - threshold) > 1e-9:
        assert care.is_above(Tally(*count), threshold, level=level) == (low > threshold)


# Planted labelers: 200 answers each, 100 runs, looked at again after every twentieth answer

RUNS = 100


def runs_named(habit: str, world: World, *, runs: int = RUNS) -> Counter[str]:
    """Return in how many runs each flag came up, and under `any` in how many at least one did."""
    known = planted.usual(world, seed=0)
    found: Counter[str] = Counter()
    for seed in range(runs):
        kinds = planted.named(planted.answers(HABITS[habit][0], world, seed=seed), known)
        found.update(kinds | ({"any"} if kinds else set()))
    return found


@pytest.mark.parametrize("habit", [habit for habit, (_, kind) in HABITS.items() if kind])
def test_a_planted_habit_is_named_by_its_flag(habit: str) -> None:
    assert runs_named(habit, World())[HABITS[habit][1] or ""] >= 90


@pytest.mark.parametrize("habit", [habit for habit, (_, kind) in HABITS.items() if not kind])
def test_a_slow_expert_and_an_honest_labeler_are_left_alone(habit: str) -> None:
    assert runs_named(habit, World())["any"] <= 5


WORLDS = {
    "taste alone": World(gap=0),
    "nearly taste alone": World(gap=0.4),
    "the longer is mostly better": World(longer_is_better=2.5),
    "the shorter is mostly better": World(longer_is_better=-2.5),
    "mostly ties": World(tie=1.5),
    "long texts": World(words=2000),
    "everybody clicks": World(gap=0, length=0, gold_every=10**9),
}


@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
@pytest.mark.parametrize("habit", ["honest", "slow-expert"])
def test_no_kind_of_campaign_makes_an_honest_labeler_look_careless(habit: str, world: World) -> None:
    assert runs_named(habit, world, runs=40)["any"] <= 2


@pytest.mark.parametrize("habit", ["left-leaner", "speeder"])
def test_side_and_speed_are_found_in_every_kind_of_campaign(habit: str) -> None:
    worlds = [World(gap=0), World(longer_is_better=2.5), World(others=0, gold_every=10**9)]
    assert [runs_named(habit, world, runs=20)[HABITS[habit][1] or ""] >= 18 for world in worlds] == [True] * 3
