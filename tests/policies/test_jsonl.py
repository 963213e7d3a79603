"""Lines of JSON as people bring them: what is taken, and the reason for each that is not."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies import jsonl
from policies.jsonl import BadLine, BadText, Refused

objects = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), st.none() | st.integers() | st.text(max_size=20), max_size=4)


def read(data: bytes) -> list[tuple[int, dict[str, object] | BadLine]]:
    return list(jsonl.read_objects(io.BytesIO(data)))


def reason(data: bytes) -> str:
    """The one bad line's reason."""
    [(_, bad)] = read(data)
    assert isinstance(bad, BadLine)
    return bad.reason


def test_it_works() -> None:
    assert read(b'{"a": 1}\n\n{"b": "\xc3\xa9"}') == [(1, {"a": 1}), (3, {"b": "é"})]


@given(st.lists(objects, min_size=1, max_size=6))
def test_what_was_written_is_what_is_read(written: list[dict[str, object]]) -> None:
    data = "\n".join(json.dumps(line) for line in written).encode()
    assert [line for _, line in read(data)] == written


@given(st.binary(max_size=200))
def test_no_bytes_whatever_break_the_reader(data: bytes) -> None:
    for number, line in read(data):
        assert number >= 1
        assert isinstance(line, dict) or line.reason


def test_windows_line_ends_and_a_byte_order_mark_are_accepted() -> None:
    assert read(b'\xef\xbb\xbf{"a": 1}\r\n{"b": 2}\r\n') == [(1, {"a": 1}), (2, {"b": 2})]


@pytest.mark.parametrize("data", [b"", b"\n\n  \n", b"\xef\xbb\xbf"])
def test_a_file_without_content_is_one_bad_line(data: bytes) -> None:
    assert reason(data) == "the file is empty: it needs one JSON object a line"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b'{"a": 1', "not JSON, at column 8: Expecting ',' delimiter"),
        (b'{"a": 1\r\n', "not JSON, at column 8: Expecting ',' delimiter"),
        (b"[1, 2]", "a list, not an object: each line is one {…}"),
        (b'"text"', "text, not an object: each line is one {…}"),
        (b"true", "true or false, not an object: each line is one {…}"),
        (b"7", "a number, not an object: each line is one {…}"),
        (b"null", "null, not an object: each line is one {…}"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b'{"a": -Infinity}', "-Infinity is not JSON"),
        (b'{"a": 1, "b": 2, "a": 3}', "the key 'a' is given twice"),
        (b'{"a": "\xff"}', "not UTF-8: byte 0xff at byte 7 of the line, 7 of the file"),
        (b'{"a": ' + b"9" * 5000 + b"}", "it holds a number with too many digits"),
        (b'{"a": ' + b"[" * 17 + b"]" * 17 + b"}", "nested deeper than 16 levels"),
        (b"[" * 200_000 + b"]" * 200_000, "nested deeper than 16 levels"),
        (b"\x1f\x8b\x08 a gzip file", "not UTF-8: byte 0x8b at byte 1 of the line, 1 of the file"),
    ],
)
def test_a_bad_line_says_why(line: bytes, told: str) -> None:
    assert reason(line) == told


def test_a_byte_that_is_not_utf_8_is_found_in_line_and_file() -> None:
    _, (number, bad) = read(b'\xef\xbb\xbf{"a": 1}\n{"b": "\xe9"}\n')
    assert number == 2
    assert str(bad) == "line 2: not UTF-8: byte 0xe9 at byte 7 of the line, 19 of the file"


def test_an_overlong_line_is_passed_over_and_the_next_is_read() -> None:
    (first, bad), (second, good) = read(b'{"a": "' + b"x" * (2 * jsonl.MAX_LINE_BYTES) + b'"}\n{"b": 2}\n')
    assert (first, second, good) == (1, 2, {"b": 2})
    assert isinstance(bad, BadLine)
    assert bad.reason == "the line is longer than 16 MiB"


def test_the_offset_in_the_file_is_right_after_an_overlong_line() -> None:
    long = b"x" * (jsonl.MAX_LINE_BYTES + 100) + b"\n"
    _, (_, bad) = read(long + b"\xff\n")
    assert isinstance(bad, BadLine)
    assert bad.reason.endswith(f"{len(long)} of the file")


def test_an_unknown_key_is_named_with_the_known_ones() -> None:
    with pytest.raises(Refused, match=r"^unknown key 'promt': known are id, prompt$"):
        jsonl.check_keys({"promt": 1}, known={"prompt", "id"})
    with pytest.raises(Refused, match=r"^unknown key '\\ud800' of slices: known are a$"):
        jsonl.check_keys({"\ud800": 1}, known={"a"}, what="slices")
    with pytest.raises(Refused, match="^prompt is missing$"):
        jsonl.check_keys({"id": "1"}, known={"prompt", "id"}, needed=["prompt"])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "prompt is empty"),
        (" \n\u3000", "prompt is empty"),
        ("ab\0c", "prompt holds a NUL character, at character 3: it cannot be stored"),
        ("x\ud83d", "prompt holds half of a surrogate pair, \\ud83d, at character 2: it is no text in any encoding"),
        ("\udc00", "prompt holds half of a surrogate pair, \\udc00, at character 1: it is no text in any encoding"),
        (3, "prompt is a number, not text"),
        (None, "prompt is null, not text"),
        ("é" * 2**19 + "x", "prompt is 1.1 MiB long; at most 1 MiB are taken"),
        ("x" * 5_000_000, "prompt is 4.8 MiB long; at most 1 MiB are taken"),
    ],
)
def test_a_bad_text_says_why(text: object, told: str) -> None:
    with pytest.raises(BadText) as caught:
        jsonl.check_text(text, what="prompt")
    assert str(caught.value) == told


@pytest.mark.parametrize("text", ["é" * 2**19, "a\u202eb\u200b", "\U0001f600", " x ", "\x01\x7f\ufffe"])
def test_every_other_text_is_taken_as_it_is(text: str) -> None:
    jsonl.check_text(text, what="prompt")


def test_a_pair_of_surrogates_written_as_escapes_is_one_character() -> None:
    [(_, line)] = read(b'{"a": "\\ud83d\\ude00"}')
    assert line == {"a": "\U0001f600"}


def test_an_empty_text_may_be_allowed() -> None:
    jsonl.check_text("", what="response", may_be_empty=True)
    with pytest.raises(BadText, match="at most 10 bytes"):
        jsonl.check_text("x" * 11, what="response", may_be_empty=True, at_most=10)
