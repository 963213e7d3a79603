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

from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.wording import figure, marked

MAX_LINE_BYTES = 16 * 2**20
MAX_TEXT_BYTES = 2**20
MAX_DEPTH = 16
BOM = b"\xef\xbb\xbf"
SURROGATE = re.compile("[\ud800-\udfff]")

JSON_FAULTS = (
    marked("Expecting value"),
    marked("Expecting property name enclosed in double quotes"),
    marked("Expecting ':' delimiter"),
    marked("Expecting ',' delimiter"),
    marked("Extra data"),
    marked("Unterminated string starting at"),
    marked("Invalid control character at"),
    marked("Invalid \\escape"),
    marked("Invalid \\uXXXX escape"),
    marked("Illegal trailing comma before end of object"),
    marked("Illegal trailing comma before end of array"),
    marked("Unexpected UTF-8 BOM (decode using utf-8-sig)"),
)
"""What Python's parser says of a line; looked up where a line is refused."""


class ByteLines(Protocol):
    """A file opened for reading bytes; an uploaded file is one too."""

    def readline(self, size: int, /) -> bytes: ...


@dataclass(frozen=True)
class BadLine:
    """A line that cannot be taken, and why. Lines count from 1."""

    number: int
    reason: str

    def __str__(self) -> str:
        return _("line {number}: {reason}").format(number=self.number, reason=self.reason)


class Refused(ValueError):
    """What a line says cannot be taken. The message is the reason, in the reader's language, and holds nothing that cannot be printed."""


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
        yield 1, BadLine(1, _("the file is empty: it needs one JSON object a line"))


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
        raise Refused(_("the line is longer than {size}").format(size=in_units(MAX_LINE_BYTES)))
    try:
        value = json.loads(line.decode().rstrip("\r\n"), object_pairs_hook=without_repeats, parse_constant=refuse_constant)
    except UnicodeDecodeError as error:
        raise Refused(not_utf8(line[error.start], at=error.start, start=start)) from None
    except json.JSONDecodeError as error:
        raise Refused(_("not JSON, at column {column}: {fault}").format(column=error.colno, fault=_(error.msg))) from None
    except RecursionError:
        raise Refused(too_deep()) from None
    except Refused:
        raise
    except ValueError:  # Python's own limit on the digits of a whole number
        raise Refused(_("it holds a number with too many digits")) from None
    if not isinstance(value, dict):
        raise Refused(_("{kind}, not an object: each line is one {{…}}").format(kind=kind_of(value)))
    if depth_beyond(value, MAX_DEPTH):
        raise Refused(too_deep())
    return value


def not_utf8(byte: int, *, at: int, start: int) -> str:
    said = _("not UTF-8: byte {byte} at byte {at} of the line, {place} of the file")
    return said.format(byte=f"0x{byte:02x}", at=at, place=start + at)


def too_deep() -> str:
    return _("nested deeper than {most} levels").format(most=MAX_DEPTH)


def without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON would let the last of two equal keys win in silence."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [pair[0] for pair in pairs]
        raise Refused(_("the key {key} is given twice").format(key=shown(next(key for key in keys if keys.count(key) > 1))))
    return found


def refuse_constant(name: str) -> NoReturn:
    raise Refused(_("{name} is not JSON").format(name=name))


def depth_beyond(value: object, limit: int) -> bool:
    """Whether lists and objects are nested deeper than `limit`; level by level, so that no depth can exhaust the stack."""
    level = [value]
    for _depth in range(limit + 1):
        level = [child for parent in level for child in children(parent)]
        if not level:
            return False
    return True


def children(value: object) -> Collection[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def check_keys(value: Mapping[str, object], *, known: Collection[str], needed: Collection[str] = (), what: object = "") -> None:
    """Raise Refused for a key that nobody would read, naming the known ones, and for one that is missing. `what`: whose keys they are."""
    if unknown := [key for key in value if key not in known]:
        key = shown(unknown[0])
        said = _("unknown key {what}: known are {known}")
        raise Refused(said.format(what=key_of(key, what) if what else key, known=", ".join(sorted(known))))
    if missing := [key for key in needed if key not in value]:
        raise Refused(_("{what} is missing").format(what=key_of(missing[0], what) if what else missing[0]))


KEY, THE_KEY = gettext_lazy("{key} of {what}"), gettext_lazy("the {key} of {what}")
"""Formed when somebody is refused, and not before: most lines are good, and to look words up takes longer than to read a line."""


def key_of(key: str, what: object) -> object:
    """Name a key of an object within a line."""
    return format_lazy(KEY, key=key, what=what)


def the_key_of(key: str, what: object) -> object:
    """The same, for a key that reads as a word: `the content of turn 2`."""
    return format_lazy(THE_KEY, key=key, what=what)


def check_text(value: object, *, what: object, at_most: int = MAX_TEXT_BYTES, may_be_empty: bool = False) -> None:
    """Raise BadText unless `value` is a text that can be kept byte for byte: not empty, no NUL, no lone surrogate, `at_most` bytes of UTF-8.

    `what` names the text in the reason. Text that is nothing but white space counts as empty.
    """
    if not isinstance(value, str):
        raise BadText(_("{what} is {kind}, not text").format(what=what, kind=kind_of(value)))
    if not (may_be_empty or value.strip()):
        raise BadText(_("{what} is empty").format(what=what))
    if "\0" in value:
        said = _("{what} holds a NUL character, at character {place}: it cannot be stored")
        raise BadText(said.format(what=what, place=value.index("\0") + 1))
    if lone := SURROGATE.search(value):
        said = _("{what} holds half of a surrogate pair, {half}, at character {place}: it is no text in any encoding")
        raise BadText(said.format(what=what, half=f"\\u{ord(lone[0]):04x}", place=lone.start() + 1))
    if (size := len(value.encode())) > at_most:
        raise BadText(too_long(what, size, at_most=at_most))


def too_long(what: object, size: int, *, at_most: int) -> str:
    return _("{what} is {size} long; at most {most} are taken").format(what=what, size=in_units(size), most=in_units(at_most))


def in_units(size: int) -> str:
    """A number of bytes as people say it, rounded up, so that what is over a limit never looks equal to it."""
    if size < 2**10:
        return ngettext("{n} byte", "{n} bytes", size).format(n=size)
    unit, name = (2**10, "KiB") if size < 2**20 else (2**20, "MiB")
    return f"{figure(math.ceil(10 * size / unit) / 10)} {name}"


def shown(value: object) -> str:
    """A value in a reason: quoted, with what cannot be printed escaped, and cut."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


KINDS: dict[type, str] = {dict: marked("an object"), list: marked("a list"), str: marked("text"), bool: marked("true or false"), type(None): "null"}


def kind_of(value: object) -> str:
    """What JSON calls a value's kind, with its article."""
    return _(KINDS.get(type(value), marked("a number")))
