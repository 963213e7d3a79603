"""JSON Lines as people bring them, one object a line, and the rules that every imported text must keep.

How an import reads:

    for number, read in jsonl.read_objects(file):          # file: opened for reading bytes
        if isinstance(read, BadLine):
            bad.append(read)                                # read.number, read.reason
            continue
        jsonl.check_keys(read, known={"prompt", "id"})      # raises Refused, whose message is the reason
        jsonl.check_text(read["prompt"], what="prompt")     # raises BadText, a Refused
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

MAX_LINE_BYTES = 16 * 2**20
MAX_TEXT_BYTES = 2**20
MAX_DEPTH = 16
BOM = b"\xef\xbb\xbf"
SURROGATE = re.compile("[\ud800-\udfff]")


class ByteLines(Protocol):
    """A file opened for reading bytes; an uploaded file is one too."""

    def readline(self, size: int, /) -> bytes: ...


@dataclass(frozen=True)
class BadLine:
    """A line that cannot be taken, and why. Lines count from 1."""

    number: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.number}: {self.reason}"


class Refused(ValueError):
    """What a line says cannot be taken. The message is the reason, and holds nothing that cannot be printed."""


class BadText(Refused):
    """A text that cannot be stored byte for byte, is too long, or says nothing."""


def read_objects(file: ByteLines) -> Iterator[tuple[int, dict[str, Any] | BadLine]]:
    """Yield (line number, object or BadLine) for each line that is not blank, one line in memory at a time.

    A byte order mark at the start is passed over. A file without any line of content is one BadLine, number 1.
    """
    number = offset = found = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        start, offset = offset, offset + len(line)
        if len(line) > MAX_LINE_BYTES:
            offset += skip_line(file, line)
        content = line.removeprefix(BOM) if number == 1 else line
        if not content.strip():
            continue
        found += 1
        yield number, read_line(content, number=number, start=start + len(line) - len(content))
    if not found:
        yield 1, BadLine(1, "the file is empty: it needs one JSON object a line")


def skip_line(file: ByteLines, line: bytes) -> int:
    """Read on to the end of an overlong line without keeping it; return the bytes passed over."""
    passed = 0
    while line and not line.endswith(b"\n"):
        line = file.readline(MAX_LINE_BYTES)
        passed += len(line)
    return passed


def read_line(line: bytes, *, number: int, start: int) -> dict[str, Any] | BadLine:
    """Return one line's object, or what is wrong with it. `start` is the line's offset in its file, in bytes."""
    try:
        return parse_object(line, start=start)
    except Refused as error:
        return BadLine(number, str(error))


def parse_object(line: bytes, *, start: int) -> dict[str, Any]:
    """Return the object that a line's bytes stand for. Raises Refused."""
    if len(line) > MAX_LINE_BYTES:
        raise Refused(f"the line is longer than {MAX_LINE_BYTES // 2**20} MiB")
    try:
        value = json.loads(line.decode().rstrip("\r\n"), object_pairs_hook=without_repeats, parse_constant=refuse_constant)
    except UnicodeDecodeError as error:
        raise Refused(f"not UTF-8: byte 0x{line[error.start]:02x} at byte {error.start} of the line, {start + error.start} of the file") from None
    except json.JSONDecodeError as error:
        raise Refused(f"not JSON, at column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise Refused(f"nested deeper than {MAX_DEPTH} levels") from None
    except Refused:
        raise
    except ValueError:  # Python's own limit on the digits of a whole number
        raise Refused("it holds a number with too many digits") from None
    if not isinstance(value, dict):
        raise Refused(f"{kind_of(value)}, not an object: each line is one {{…}}")
    if depth_beyond(value, MAX_DEPTH):
        raise Refused(f"nested deeper than {MAX_DEPTH} levels")
    return value


def without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON would let the last of two equal keys win in silence."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise Refused(f"the key {shown(next(key for key in keys if keys.count(key) > 1))} is given twice")
    return found


def refuse_constant(name: str) -> NoReturn:
    raise Refused(f"{name} is not JSON")


def depth_beyond(value: object, limit: int) -> bool:
    """Whether lists and objects are nested deeper than `limit`; level by level, so that no depth can exhaust the stack."""
    level = [value]
    for _ in range(limit + 1):
        level = [child for parent in level for child in children(parent)]
        if not level:
            return False
    return True


def children(value: object) -> Collection[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def check_keys(value: Mapping[str, object], *, known: Collection[str], needed: Collection[str] = (), what: str = "") -> None:
    """Raise Refused for a key that nobody would read, naming the known ones, and for one that is missing."""
    of = f" of {what}" if what else ""
    if unknown := [key for key in value if key not in known]:
        raise Refused(f"unknown key {shown(unknown[0])}{of}: known are {', '.join(sorted(known))}")
    if missing := [key for key in needed if key not in value]:
        raise Refused(f"{missing[0]}{of} is missing")


def check_text(value: object, *, what: str, at_most: int = MAX_TEXT_BYTES, may_be_empty: bool = False) -> None:
    """Raise BadText unless `value` is a text that can be kept byte for byte: not empty, no NUL, no lone surrogate, `at_most` bytes of UTF-8.

    `what` names the text in the reason. Text that is nothing but white space counts as empty.
    """
    if not isinstance(value, str):
        raise BadText(f"{what} is {kind_of(value)}, not text")
    if not (may_be_empty or value.strip()):
        raise BadText(f"{what} is empty")
    if "\0" in value:
        raise BadText(f"{what} holds a NUL character, at character {value.index(chr(0)) + 1}: it cannot be stored")
    if lone := SURROGATE.search(value):
        raise BadText(f"{what} holds half of a surrogate pair, \\u{ord(lone[0]):04x}, at character {lone.start() + 1}: it is no text in any encoding")
    if (size := len(value.encode())) > at_most:
        raise BadText(f"{what} is {in_units(size)} long; at most {in_units(at_most)} are taken")


def in_units(size: int) -> str:
    """A number of bytes as people say it, rounded up, so that what is over a limit never looks equal to it."""
    if size < 2**10:
        return f"{size} bytes"
    unit, name = (2**10, "KiB") if size < 2**20 else (2**20, "MiB")
    return f"{math.ceil(10 * size / unit) / 10:g} {name}"


def shown(value: object) -> str:
    """A value in a reason: quoted, with what cannot be printed escaped, and cut."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def kind_of(value: object) -> str:
    """What JSON calls a value's kind, with its article."""
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
