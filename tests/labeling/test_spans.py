"""A passage that was marked on the screen is found in the text as it is stored."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling import spans
from labeling.spans import BadMark, Mark, NotFound, Span

TEXT = "It **only** works while `w > Br`; below 540 the [money](https://x.example/money) never runs out.\n\nIt only works once."


def passage(quote: str, *, before: str = "", text: str = TEXT) -> str:
    start, end = spans.locate(text, quote, before=before)
    return text[start:end]


def test_it_works() -> None:
    marks = [Mark("left", "below 540"), Mark("right", "yes")]
    assert spans.placed(marks, {"left": TEXT, "right": "Oh yes."}, left_is_a=False) == [Span("a", 3, 6), Span("b", 34, 43)]


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("only works while w > Br", "only** works while `w > Br"),
        ("Br; below", "Br`; below"),
        ("runs out.", "runs out."),
        ("  never  runs ", "never runs"),
    ],
    ids=["markup within", "markup between", "its own sign", "white space"],
)
def test_markup_is_passed_over(quote: str, found: str) -> None:
    assert passage(quote) == found


def test_what_stands_before_tells_one_place_from_another() -> None:
    assert spans.locate(TEXT, "only works")[0] == TEXT.index("only")
    assert spans.locate(TEXT, "only works", before="never runs out. It ")[0] == TEXT.rindex("only")


def test_signs_alone_are_found_as_they_are() -> None:
    assert passage("!!", text="Oh!! no") == "!!"


@pytest.mark.parametrize("quote", ["never said", "¿?"])
def test_what_stands_nowhere_is_refused(quote: str) -> None:
    with pytest.raises(NotFound):
        spans.locate(TEXT, quote)


@given(st.text(min_size=1, max_size=60), st.data())
def test_any_passage_of_a_plain_text_is_found_where_it_was(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    quote = text[start:end]
    if not any(map(str.isalnum, quote)):
        return
    found = spans.locate(text, quote, before=text[:start])
    assert text[slice(*found)].strip() == quote.strip()
    assert [*filter(str.isalnum, text[: found[0]])] == [*filter(str.isalnum, text[:start])]


def test_marks_are_read_from_json() -> None:
    assert spans.marks_of("") == []
    assert spans.marks_of(json.dumps([{"side": "left", "quote": "so", "before": "x" * 300, "at": [1, 2]}])) == [Mark("left", "so", "x" * 200)]


@pytest.mark.parametrize(
    "sent",
    [
        "[",
        "{}",
        "[1]",
        '[{"side": "a", "quote": "x"}]',
        '[{"side": "left", "quote": " "}]',
        '[{"side": "left", "quote": 7}]',
        '[{"side": "left", "quote": "x", "before": 1}]',
        json.dumps([{"side": "left", "quote": "x"}] * 21),
        json.dumps([{"side": "left", "quote": "x" * 5001}]),
        "[" * 100_000,
    ],
    ids=["no JSON", "no list", "no mark", "no such side", "no words", "no text", "no text before", "too many", "too long", "too deep"],
)
def test_anything_else_is_refused(sent: str) -> None:
    with pytest.raises(BadMark):
        spans.marks_of(sent)
