"""Prompts from a file: what is stored, what is refused, and that nothing is half stored."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from policies import importing
from policies.importing import BadName, NothingStored, Repeat, Report
from policies.models import Prompt, PromptSet
from tests.builders import NOW

DEMO = Path(importing.__file__).parent / "data" / "demo_prompts.jsonl"
TURNS = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": " Hi\r\n\u200b "}, {"role": "user", "content": "…"}]

pytestmark = pytest.mark.django_db


def lines(*objects: object) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in objects)


def take(data: bytes, *, skip_bad: bool = False, name: str = "everyday", by: User | None = None) -> Report:
    return importing.import_prompts(file=io.BytesIO(data), prompt_set=name, by=by, at=NOW, skip_bad=skip_bad)


def reason(one: object) -> str:
    with pytest.raises(NothingStored) as caught:
        take(lines(one))
    return caught.value.bad[0].reason


def test_it_works(rosa: User) -> None:
    line = {"id": "one", "prompt": "What is it?", "slices": {"language": "en"}, "source": "survey", "licence": "CC0-1.0"}
    report = take(lines(line), by=rosa)
    prompt = Prompt.objects.get()
    assert report.stored == 1
    assert report.prompt_set.created_by == rosa
    assert prompt.messages == [{"role": "user", "content": "What is it?"}]
    assert (prompt.external_id, prompt.slices, prompt.source, prompt.licence, prompt.created_at) == ("one", {"language": "en"}, "survey", "CC0-1.0", NOW)


@pytest.mark.parametrize("key", ["prompt", "messages"])
def test_messages_are_kept_byte_for_byte(key: str) -> None:
    take(lines({key: TURNS, "id": 17}))
    prompt = Prompt.objects.get()
    assert prompt.messages == TURNS
    assert prompt.external_id == "17"


def test_the_bundled_prompts_are_taken_whole() -> None:
    with DEMO.open("rb") as file:
        report = importing.import_prompts(file=file, prompt_set="demo", by=None, at=NOW)
    assert report.stored == len(DEMO.read_text().splitlines())
    assert (report.repeats.count, report.kin.count, report.skipped) == (0, 0, [])


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ({"promt": "x"}, "unknown key 'promt': known are id, licence, messages, prompt, slices, source"),
        ({"id": "1"}, "prompt is missing"),
        ({"prompt": "x", "messages": TURNS}, "both prompt and messages are given: one of them"),
        ({"prompt": ""}, "prompt is empty"),
        ({"prompt": " \n"}, "prompt is empty"),
        ({"prompt": 5}, "prompt is a number: give text, or a list of turns with role and content"),
        ({"messages": []}, "messages is an empty list: give text, or a list of turns with role and content"),
        ({"prompt": "a\0b"}, "prompt holds a NUL character, at character 2: it cannot be stored"),
        ({"prompt": "\ud800"}, "prompt holds half of a surrogate pair, \\ud800, at character 1: it is no text in any encoding"),
        ({"prompt": "x" * 5_000_000}, "prompt is 4.8 MiB long; at most 1 MiB are taken"),
        ({"messages": [{"role": "user", "content": "x" * 600_000}] * 2}, "messages is 1.2 MiB long; at most 1 MiB are taken"),
        ({"messages": [{"role": "user", "content": "x"}] * 1001}, "messages has 1001 turns; at most 1000 are taken"),
        (
            {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]},
            "messages ends with the turn of assistant: the last turn must be the user's",
        ),
        ({"messages": [{"role": "user", "content": "x"}, {"role": "system", "content": "y"}]}, "turn 2 of messages is a system turn: only the first may be"),
        ({"messages": [{"role": "human", "content": "x"}]}, "turn 1 of messages has the role 'human': it must be system, user or assistant"),
        ({"messages": [{"role": "user"}]}, "content of turn 1 of messages is missing"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "the content of turn 1 of messages is a list, not text"),
        ({"messages": [{"role": "user", "content": "x", "name": "y"}]}, "unknown key 'name' of turn 1 of messages: known are content, role"),
        ({"messages": ["x"]}, "turn 1 of messages is text, not an object with role and content"),
        ({"prompt": "x", "slices": ["en"]}, "slices is a list, not an object of texts"),
        ({"prompt": "x", "slices": {"language": 1}}, "slice 'language' is a number, not text"),
        ({"prompt": "x", "slices": {"": "en"}}, "a slice's name is empty"),
        ({"prompt": "x", "slices": {str(n): "x" for n in range(33)}}, "slices holds 33 names; at most 32 are taken"),
        ({"prompt": "x", "id": "i" * 201}, "id is 201 bytes long; at most 200 bytes are taken"),
        ({"prompt": "x", "id": True}, "id is true or false, not text"),
        ({"prompt": "x", "licence": "é" * 41}, "licence is 82 bytes long; at most 80 bytes are taken"),
        ({"prompt": [[[[]]]]}, "turn 1 of prompt is a list, not an object with role and content"),
        (["prompt"], "a list, not an object: each line is one {…}"),
    ],
)
def test_a_bad_line_is_refused_with_its_reason(line: object, told: str) -> None:
    assert reason(line) == told


def test_nothing_of_a_file_with_a_bad_line_is_stored() -> None:
    good = [{"prompt": f"Question {n}?"} for n in range(1200)]
    with pytest.raises(
        NothingStored, match=r"^line 1201: not JSON, at column 1: Expecting value \(and 1 more of 1,202 lines\); nothing of the file was stored$"
    ) as caught:
        take(lines(*good) + b"oops\n\xff\n")
    assert [bad.number for bad in caught.value.bad] == [1201, 1202]
    assert not Prompt.objects.exists()
    assert not PromptSet.objects.exists()


def test_bad_lines_may_be_left_out_and_are_listed() -> None:
    report = take(lines({"prompt": "One?"}, {"prompt": ""}, {"prompt": "Two?"}), skip_bad=True)
    assert report.stored == 2
    assert [str(bad) for bad in report.skipped] == ["line 2: prompt is empty"]


@pytest.mark.parametrize("data", [b"", b"\n \n", b"oops\n"])
def test_a_file_of_which_nothing_is_left_stores_nothing_even_then(data: bytes) -> None:
    with pytest.raises(NothingStored):
        take(data, skip_bad=True)
    assert not PromptSet.objects.exists()


def test_a_file_that_is_no_file_of_prompts_is_not_read_to_its_end() -> None:
    with pytest.raises(NothingStored, match="after which reading stopped") as caught:
        take(b"x\n" * 50_000, skip_bad=True)
    assert len(caught.value.bad) == importing.MOST_BAD_LINES


def test_the_same_bytes_are_stored_once_and_counted() -> None:
    take(lines({"prompt": "One?"}))
    report = take(lines({"prompt": "One?"}, {"prompt": "Two?"}, {"prompt": "Two?", "id": "other"}))
    assert (report.stored, report.repeats.count) == (1, 2)
    assert report.repeats.first == [Repeat(1, None), Repeat(3, 2)]
    assert Prompt.objects.count() == 2


def test_the_same_text_in_other_bytes_is_stored_in_one_family_and_said() -> None:
    take(lines({"prompt": "One?"}))
    report = take(lines({"prompt": "one"}, {"prompt": "Two"}, {"prompt": "TWO!"}))
    assert (report.stored, report.repeats.count) == (3, 0)
    assert report.kin.first == [Repeat(1, None), Repeat(3, 2)]
    assert Prompt.objects.values("family").distinct().count() == 2


def test_another_set_may_hold_the_same_prompt() -> None:
    take(lines({"prompt": "One?"}))
    assert take(lines({"prompt": "One?"}), name="other").stored == 1


@pytest.mark.parametrize("name", ["", "two words", "ä", "a/b", "x" * 81])
def test_a_set_needs_a_name_that_fits_an_address(name: str) -> None:
    with pytest.raises(BadName):
        take(lines({"prompt": "One?"}), name=name)


def test_a_larger_file_costs_queries_by_the_batch() -> None:
    def queries(count: int, name: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            take(lines(*({"prompt": f"{name} {n}?"} for n in range(count))), name=name)
        return len(captured)

    assert queries(400, "large") == queries(10, "small")
