"""Every trap that trainers fall into in silence is flagged where it is, and an honest row is not."""

from __future__ import annotations

from typing import Any

import pytest

from exports.traps import KINDS, Flag, Sides, flags, odd_lines

ASKED = "How do I tie a bowline so that it holds under load?"
LONG = "Make a small loop, bring the end up through it."


def sides(chosen: str = "Make a loop first.", rejected: str = "Just pull.", *, prompt: str = ASKED, **more: Any) -> Sides:
    messages = more.pop("messages", [("user", prompt)])
    return Sides(messages=messages, chosen=chosen, rejected=rejected, **more)


def test_an_honest_row_has_no_flag() -> None:
    assert flags(sides(), system_prompts=["Be brief."]) == []


@pytest.mark.parametrize(
    ("row", "flag"),
    [
        (sides("Pull  it. ", "pull it"), Flag("equal", "chosen")),
        (sides(" \n\u3000"), Flag("empty", "chosen")),
        (sides(rejected_cut=True), Flag("cut", "rejected")),
        (sides(chosen_cut=True), Flag("cut", "chosen")),
        (sides(f"{LONG}\n{LONG}"), Flag("doubled", "chosen")),
        (sides(f"{ASKED} Make a loop."), Flag("repeats_prompt", "chosen")),
        (sides(messages=[("system", "You are Bo. be  BRIEF."), ("user", "Hi")]), Flag("system_prompt", "prompt.0")),
        (sides("Loop.<|im_end|>"), Flag("template", "chosen", 5, 15)),
        (sides("As a language model, I cannot tie."), Flag("identity", "chosen")),
        (sides(prompt="I am at jo@firma.de, how do I tie?"), Flag("email", "prompt.0", 8, 19)),
    ],
)
def test_a_trap_is_flagged_where_it_is(row: Sides, flag: Flag) -> None:
    assert flags(row, system_prompts=["Be brief."]) == [flag]
    assert flag.kind in KINDS


def test_a_short_answer_may_begin_like_the_prompt() -> None:
    assert flags(sides("yes or no", "no", prompt="Yes")) == []


@pytest.mark.parametrize(
    ("lines", "odd"),
    [
        ([{"a": 1, "b": ["x"]}, {"b": ["y"], "a": 2}], []),
        ([{"a": 1}, {"a": 1.5}], [1]),
        ([{"a": 1}, {"a": 1, "b": 2}, {}], [1, 2]),
        ([{"a": None}, {"a": None}], [0, 1]),
        ([{"a": [{"role": "user"}]}, {"a": [{"role": "user", "name": "x"}]}], [1]),
        ([{"a": True}, {"a": 1}], [1]),
        ([], []),
    ],
)
def test_one_schema_without_nulls(lines: list[dict[str, object]], odd: list[int]) -> None:
    assert odd_lines(lines) == odd
