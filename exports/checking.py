"""From a version's texts to flags for people to decide about, and to what its rows come to in tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.wording import told
from exports import templating, traps
from exports.models import DatasetRow, DatasetVersion, FlagDecision, RowFlag, TextCheck
from exports.templating import ChatTokenizer, NotRendered
from policies.models import Policy, Response
from policies.sources import BadSource, folder_of

CHUNK = 200
"""Rows whose texts are in memory at once, and that one transaction looks at."""
MAX_LENGTH = 1024
"""What TRL 1.16 takes where nothing else is said."""
EXAMPLES = 20
LINES_AT_ONCE = 2000


class CannotCheck(Exception):
    """Why the texts cannot be checked so, for people."""


class NotDecided(Exception):
    """Why a decision does not stand, for people."""


def check(version: DatasetVersion, *, at: datetime, tokenizer: str = "", max_length: int = MAX_LENGTH) -> TextCheck:
    """Read all texts of a version: flag what people have to look at and, where a tokenizer is named (root/folder), count tokens.

    One that died is gone on with. Twice is once. Raises CannotCheck.
    """
    words = tokenizer_at(tokenizer) if tokenizer else None
    made, _ = TextCheck.objects.get_or_create(version=version, tokenizer=tokenizer, max_length=max_length, defaults={"begun_at": at})
    own_prompts = list(Policy.objects.exclude(system_prompt="").values_list("system_prompt", flat=True))
    while made.ended_at is None:
        check_some(made, words, own_prompts, at=at)
    return made


def tokenizer_at(source: str) -> ChatTokenizer:
    """Raises CannotCheck."""
    try:
        folder, _ = folder_of(source)
        return templating.load(folder)
    except BadSource as refusal:
        raise CannotCheck(f"{refusal}.") from refusal
    except templating.NotATokenizer as refusal:
        raise CannotCheck(f"{told(refusal)}.") from refusal


@transaction.atomic
def check_some(made: TextCheck, words: ChatTokenizer | None, own_prompts: Sequence[str], *, at: datetime) -> None:
    rows = made.version.rows.filter(position__gt=made.reached).order_by("position").select_related("prompt", "chosen", "rejected")
    part = list(rows.defer("chosen__token_ids", "rejected__token_ids")[:CHUNK])
    found = [flag for row in part for flag in flags_of(row, own_prompts)]
    RowFlag.objects.bulk_create([*found, *([] if len(part) == CHUNK else odd_rows(made.version))], ignore_conflicts=True)
    if words:
        made.lengths = added_up(made.lengths, [lengths_of(row, words, made.max_length) for row in part])
    made.reached = part[-1].position if part else made.reached
    made.ended_at = None if len(part) == CHUNK else at
    made.save(update_fields=["lengths", "reached", "ended_at"])


def flags_of(row: DatasetRow, own_prompts: Sequence[str]) -> list[RowFlag]:
    sides = traps.Sides(
        messages=[(turn["role"], turn["content"]) for turn in row.prompt.messages],
        chosen=row.chosen.text,
        rejected=row.rejected.text,
        chosen_cut=row.chosen.finish_reason == Response.FinishReason.LENGTH,
        rejected_cut=row.rejected.finish_reason == Response.FinishReason.LENGTH,
    )
    found = traps.flags(sides, system_prompts=own_prompts)
    return [RowFlag(version_id=row.version_id, row=row, kind=flag.kind, where=flag.where, start=flag.start, end=flag.end) for flag in found]


# The schema


def odd_rows(version: DatasetVersion) -> Iterator[RowFlag]:
    """Yield a flag for each row of which a line of a file has other columns or types than the first line of that file. Files that are gone have none."""
    for file in version.files.filter(conversion=None, name__endswith=".jsonl").exclude(split="").order_by("name"):
        if file.path.is_file():
            odd = set(odd_keys(file.path))
            yield from (
                RowFlag(version=version, row=row, kind="schema", where=file.name.removesuffix(".jsonl"), start=0, end=0)
                for row in version.rows.filter(key__in=odd)
            )


def odd_keys(path: Path) -> Iterator[str]:
    """Yield the pairs of odd lines. Memory does not grow with the file."""
    with path.open("rb") as file:
        first = None
        while lines := [orjson.loads(line) for line in islice(file, LINES_AT_ONCE)]:
            first = first or traps.shape_of(lines[0])
            yield from (str(lines[place].get("pair_id")) for place in traps.odd_lines(lines, first))


# Tokens


def lengths_of(row: DatasetRow, words: ChatTokenizer, max_length: int) -> dict[str, Any]:
    """Return what a row comes to: its longer side in tokens, what a trainer would lose of it, and what is odd about it."""
    try:
        sides = [words.side(row.prompt.messages, text) for text in (row.chosen.text, row.rejected.text)]
    except NotRendered:
        return {"rows": 1, "refused": 1, "examples": [row.key]}
    longest = max(side.length for side in sides)
    odd = {
        "cut": int(any(side.lost(max_length) for side in sides)),
        "dropped": int(any(side.drops(max_length) for side in sides)),
        "not_a_prefix": int(not all(side.is_prefix for side in sides)),
    }
    tokens = {"prompt_tokens": len(sides[0].prompt), "learned_tokens": sum(len(side.answer) for side in sides)}
    return {"rows": 1, **odd, **tokens, "longest": longest, "histogram": {str(bucket(longest)): 1}, "examples": [row.key] if any(odd.values()) else []}


def bucket(length: int) -> int:
    """Return the least power of two that holds it."""
    return 1 << max(length - 1, 0).bit_length()


def added_up(before: Mapping[str, Any], parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the sum of what rows come to: numbers are added, of the longest the longest is kept, and the first examples."""
    said = dict(before)
    for part in parts:
        for name, value in part.items():
            held = said.get(name)
            if isinstance(value, list):
                said[name] = [*(held or []), *value][:EXAMPLES]
            elif isinstance(value, dict):
                said[name] = added_up(held or {}, [value])
            else:
                said[name] = max(held or 0, value) if name == "longest" else (held or 0) + value
    return said


# Decisions


@transaction.atomic
def decide(*, version: DatasetVersion, kind: str, row: DatasetRow | None, leave_out: bool, reason: str, actor: User, at: datetime) -> FlagDecision:
    """Say of the flags of a kind, in one row or in all, whether such rows are fine or stay out of later versions. Raises NotDecided."""
    if not reason.strip():
        raise NotDecided(_("Say why: the data card prints it."))
    flagged = RowFlag.objects.filter(version=version, kind=kind)
    if not (flagged.filter(row=row) if row else flagged).exists():
        raise NotDecided(_("There is no such flag in this version."))
    return FlagDecision.objects.create(version=version, kind=kind, row=row, leave_out=leave_out, reason=reason.strip(), actor=actor, at=at)
