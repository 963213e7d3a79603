"""From a file of JSON Lines to the prompts of a set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.wording import grouped
from policies import jsonl
from policies.conversations import read_messages, read_slices, read_word
from policies.families import content_hash, family_key
from policies.jsonl import BadLine, ByteLines, Refused
from policies.models import Prompt, PromptSet

KNOWN_KEYS = ("id", "prompt", "messages", "slices", "source", "licence")
BATCH = 500
MOST_BAD_LINES = 10_000
"""A file with more is not a file of prompts; reading on would only fill the memory with reasons."""
MOST_REPEATS_NAMED = 1_000


@dataclass(frozen=True)
class Repeat:
    """A line that says what was said before: in line `earlier` of the same file, or (None) by a prompt that the set held already."""

    number: int
    earlier: int | None


@dataclass
class Repeats:
    """How many there were, and the first of them by line."""

    count: int = 0
    first: list[Repeat] = field(default_factory=list)

    def note(self, number: int, earlier: int | None) -> None:
        self.count += 1
        if len(self.first) < MOST_REPEATS_NAMED:
            self.first.append(Repeat(number, earlier))


@dataclass
class Report:
    """What became of a file's lines."""

    prompt_set: PromptSet
    stored: int = 0
    repeats: Repeats = field(default_factory=Repeats)
    """The same bytes as before: not stored again."""
    kin: Repeats = field(default_factory=Repeats)
    """The same normalised text in other bytes: stored, in the family of the earlier one."""
    skipped: list[BadLine] = field(default_factory=list)


class NothingStored(Exception):
    """The file holds bad lines, or nothing at all. `bad` are the lines with their reasons."""

    def __init__(self, bad: list[BadLine], *, lines: int, gave_up: bool = False) -> None:
        self.bad, self.lines, self.gave_up = bad, lines, gave_up
        super().__init__(_("{bad}{others}; nothing of the file was stored").format(bad=bad[0], others=self.others()))

    def others(self) -> str:
        more = grouped(len(self.bad) - 1)
        if self.gave_up:
            return _(" (and {more} more bad lines after which reading stopped)").format(more=more)
        return _(" (and {more} more of {lines} lines)").format(more=more, lines=grouped(self.lines)) if len(self.bad) > 1 else ""


class BadName(Exception):
    """A prompt set's name stands in addresses: letters, digits, hyphens and underscores."""


@dataclass(frozen=True)
class Line:
    """A good line, with both keys of its prompt."""

    number: int
    prompt: Prompt


@transaction.atomic
def import_prompts(*, file: ByteLines, prompt_set: str, by: User | None, at: datetime, skip_bad: bool = False) -> Report:
    """Add a file's prompts to the set of that name, which is made if need be, and report what became of each line.

    Nothing of the file is stored if any line is bad, unless `skip_bad`, which leaves bad lines out and lists them. Read line by line: memory
    grows with the hashes of the prompts alone. Raises NothingStored and BadName.
    """
    report = Report(set_named(prompt_set, by=by, at=at))
    seen = Seen(report)
    lines, good = good_lines(file, report, at=at), 0
    while batch := list(islice(lines, BATCH)):
        kept = without_erased(batch, report)
        report.stored += len(Prompt.objects.bulk_create(seen.fresh(kept)))
        good += len(kept)
    if report.skipped and not (skip_bad and good):
        raise NothingStored(sorted(report.skipped, key=lambda bad: bad.number), lines=good + len(report.skipped))
    return report


def set_named(name: str, *, by: User | None, at: datetime) -> PromptSet:
    """Return the set, locked: of two files for one set the second waits, and then sees what the first stored."""
    try:
        validate_slug(name)
    except ValidationError:
        raise BadName(_("{name} cannot name a prompt set: use letters, digits, hyphens and underscores").format(name=repr(name))) from None
    if len(name) > 80:
        raise BadName(_("the name of a prompt set is at most 80 characters long"))
    PromptSet.objects.get_or_create(name=name, defaults={"created_by": by, "created_at": at})
    return PromptSet.objects.select_for_update(no_key=True).get(name=name)


def good_lines(file: ByteLines, report: Report, *, at: datetime) -> Iterator[Line]:
    """Yield the good lines; note the bad ones. Raises NothingStored where there are too many of those."""
    for number, read in jsonl.read_objects(file):
        line = read if isinstance(read, BadLine) else line_of(number, read, report.prompt_set, at=at)
        if isinstance(line, Line):
            yield line
        else:
            note_bad(line, report)


def note_bad(line: BadLine, report: Report) -> None:
    report.skipped.append(line)
    if len(report.skipped) >= MOST_BAD_LINES:
        raise NothingStored(report.skipped, lines=line.number, gave_up=True)


def without_erased(batch: Sequence[Line], report: Report) -> list[Line]:
    """Return the lines whose prompt nobody has had erased; note the others as bad."""
    erased = erased_among(line.prompt.content_sha256 for line in batch)
    for line in batch:
        if line.prompt.content_sha256 in erased:
            note_bad(BadLine(line.number, why_refused(erased[line.prompt.content_sha256])), report)
    return [line for line in batch if line.prompt.content_sha256 not in erased]


def erased_among(contents: Iterable[str]) -> dict[str, date]:
    """Return which of these contents were erased here, in whatever set, each with the day on which it last was."""
    erased = Prompt.objects.filter(content_sha256__in=set(contents), erased_at__isnull=False).order_by("erased_at")
    return {content: at.date() for content, at in erased.values_list("content_sha256", "erased_at") if at}


def why_refused(erased_on: date) -> str:
    return _("its prompt was erased here on {date}: it is not taken again").format(date=date_format(erased_on, _("j F Y")))


def line_of(number: int, read: dict[str, Any], prompt_set: PromptSet, *, at: datetime) -> Line | BadLine:
    """Return the prompt that a line stands for, not yet stored, or what is wrong with the line."""
    try:
        return Line(number, prompt_of(read, prompt_set, at=at))
    except Refused as error:
        return BadLine(number, str(error))


def prompt_of(read: dict[str, Any], prompt_set: PromptSet, *, at: datetime) -> Prompt:
    """Return the prompt that an object stands for, not yet stored. Raises Refused."""
    jsonl.check_keys(read, known=KNOWN_KEYS)
    if ("prompt" in read) == ("messages" in read):
        raise Refused(_("both prompt and messages are given: one of them") if "prompt" in read else _("{what} is missing").format(what="prompt"))
    messages = read_messages(read["prompt"]) if "prompt" in read else read_messages(read["messages"], what="messages")
    return Prompt(
        prompt_set=prompt_set,
        external_id=read_word(read, "id", at_most=200),
        messages=messages,
        content_sha256=content_hash(messages),
        family=family_key(messages),
        slices=read_slices(read.get("slices") or {}),
        source=read_word(read, "source", at_most=200),
        licence=read_word(read, "licence", at_most=80),
        created_at=at,
    )


class Seen:
    """The prompts of the set and of the file so far, by content and by family."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.contents: dict[str, int | None] = {}
        self.families: dict[str, int | None] = {}

    def fresh(self, batch: list[Line]) -> list[Prompt]:
        """Return what is to be stored of a batch; note repeats, and kin by the line they resemble."""
        self.look_up([line.prompt for line in batch])
        return [line.prompt for line in batch if self.admits(line)]

    def look_up(self, prompts: Sequence[Prompt]) -> None:
        """Learn which of these the set holds already."""
        contents, families = [prompt.content_sha256 for prompt in prompts], [prompt.family for prompt in prompts]
        held = Prompt.objects.filter(prompt_set=self.report.prompt_set)
        for content in held.filter(content_sha256__in=contents).values_list("content_sha256", flat=True):
            self.contents.setdefault(content, None)
        for family in held.filter(family__in=families).values_list("family", flat=True):
            self.families.setdefault(family, None)

    def admits(self, line: Line) -> bool:
        content, family = line.prompt.content_sha256, line.prompt.family
        if content in self.contents:
            self.report.repeats.note(line.number, self.contents[content])
            return False
        if family in self.families:
            self.report.kin.note(line.number, self.families[family])
        self.contents[content] = line.number
        self.families.setdefault(family, line.number)
        return True
