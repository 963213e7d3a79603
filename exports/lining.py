"""From what the database has of a version's rows to the lines of its files, hashed as they are written. Knows no database, so that a process of its own may.

A split without rows has no file, since readers stop at an empty one. The same rows give the same bytes, whenever and wherever they are written.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import orjson

from exports import formats
from exports.behind import Behind
from exports.contents import Contents, Summed
from exports.formats import Origin, Row, Vote
from exports.manifest import FileEntry

BUFFER = 2**20
Found = tuple[Any, ...]
Part = tuple[Sequence[Found], Sequence[Found]]
"""What the database has of some rows, in their order, and of the votes behind them: as `exports.lines` asks for it."""


@dataclass
class Names:
    """How rubric versions and policies are called, by primary key, and people, by a name of this dataset's own.

    `pinned` is what every response of a policy has in common: the first fields of an Origin.
    """

    rubric: Mapping[int, str]
    policy: Mapping[int, str]
    pinned: Mapping[int, tuple[str, str, str, str, str]]
    secret: bytes
    people: dict[int, str] = field(default_factory=dict)

    def person(self, pk: int) -> str:
        if pk not in self.people:
            self.people[pk] = formats.pseudonym(str(pk), secret=self.secret)
        return self.people[pk]


@dataclass(frozen=True)
class Lined:
    """What was written. Rows by licence of the prompt, votes by source, policies that wrote a side; the card and the manifest tell of it."""

    files: Sequence[FileEntry]
    sums: Summed
    licences: Counter[str]
    sources: Counter[str]
    policies: frozenset[str]


# ---- from rows to lines


class Told(NamedTuple):
    """All that the files tell of one row."""

    row: Row
    votes: Sequence[Vote]
    chosen: Origin
    rejected: Origin


def told(part: Part, names: Names) -> list[Told]:
    texts, votes = part
    by_row = votes_by_row(votes, names)
    return [told_of(row, by_row[row[0]], names) for row in texts]


def votes_by_row(found: Sequence[Found], names: Names) -> Mapping[str, list[Vote]]:
    """Return the labels that counted, by the key of their row. No rationale: it may be erased one day, and a version's bytes may not change."""
    votes: dict[str, list[Vote]] = defaultdict(list)
    for key, labeler, verdict, preference, both_bad, rubric, kind, source, at, strategy, share in found:
        votes[key].append(Vote(key, names.person(labeler), verdict, preference, both_bad, names.rubric[rubric], kind, source, at, strategy, share))
    for said in votes.values():
        said.sort(key=by_person)
    return votes


def by_person(vote: Vote) -> tuple[Any, ...]:
    return vote.labeler, vote.labeled_at


def told_of(found: Found, votes: Sequence[Vote], names: Names) -> Told:
    key, prompt, family, campaign, split, messages, chosen, rejected, margin, settled, rule, labels, is_agreed, ruled_with_strength, verdict = found[:15]
    rubric, slices, source, licence, *sides = found[15:]
    agreed = [vote.verdict for vote in votes]
    row = Row(
        pair_id=key,
        prompt_id=prompt,
        family=family,
        campaign=campaign,
        split=split,
        messages=turns(messages),
        chosen=chosen,
        rejected=rejected,
        margin=margin,
        strengths_counted=sum(vote.preference is not None for vote in votes) if is_agreed else int(ruled_with_strength),
        p_chosen=formats.p_chosen(chosen=agreed.count(verdict) + (not is_agreed), ties=agreed.count("tie"), judgments=len(agreed) + (not is_agreed)),
        verdict=verdict,
        standing=settled,
        rule=rule,
        labels_counted=labels,
        chosen_policy=names.policy[sides[0]],
        rejected_policy=names.policy[sides[5]],
        rubric_version=names.rubric[rubric],
        slices=canonical_text(slices),
        source=source,
        licence=licence,
    )
    return Told(row, votes, origin(sides[:5], names), origin(sides[5:], names))


def origin(side: Sequence[Any], names: Names) -> Origin:
    policy, facts, seed, finish_reason, token_ids = side
    return Origin(*names.pinned[policy], canonical_text(facts), seed or "", finish_reason, token_ids)


@lru_cache(maxsize=1024)
def turns(messages: str) -> list[dict[str, str]]:
    """Return a prompt's messages; rows of one prompt stand together."""
    return [formats.message(turn["role"], turn["content"]) for turn in orjson.loads(messages)]


@lru_cache(maxsize=4096)
def canonical_text(value: str) -> str:
    """Return the JSON that PostgreSQL has as we write it."""
    return formats.canonical(orjson.loads(value))


# ---- from lines to files


class LineFile:
    """A file of lines, hashed (into `digest`) and counted as it is written."""

    def __init__(self, path: Path, digest: Any) -> None:
        self.path, self.file = path, path.open("xb", buffering=BUFFER)
        self.digest, self.size, self.rows = digest, 0, 0

    def add(self, written: Sequence[bytes]) -> None:
        block = b"".join(written)
        self.file.write(block)
        self.digest.update(block)
        self.size, self.rows = self.size + len(block), self.rows + len(written)

    def entry(self) -> FileEntry:
        return FileEntry(name=self.path.name, bytes=self.size, sha256=self.digest.hexdigest(), rows=self.rows)


class LineFiles:
    """Files of lines in one folder. Each comes into being with its first line. Lines are hashed and written behind whoever adds them."""

    LAGGING = 4
    """Additions that may wait."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self.stack = folder, stack
        self.files: dict[str, LineFile] = {}
        self.behind = stack.enter_context(Behind(self.LAGGING))

    def add(self, name: str, written: Sequence[bytes], digest: Any = None) -> None:
        if written and name not in self.files:
            self.files[name] = LineFile(self.folder / name, digest or hashlib.sha256())
            self.stack.enter_context(self.files[name].file)
        if written:
            self.behind.do(self.files[name].add, written)

    def entries(self) -> list[FileEntry]:
        """Wait until all is written, and return what was. Raises what went wrong."""
        self.behind.wait()
        return [file.entry() for file in self.files.values()]


class Lining:
    """The files of a version's lines, for every split rows, the votes behind them and their lineage. Use it as a context: at its end they are closed."""

    def __init__(self, folder: Path, names: Names) -> None:
        self.stack, self.names = ExitStack(), names
        self.files, self.contents = LineFiles(folder, self.stack), Contents()
        self.licences, self.sources, self.policies = Counter[str](), Counter[str](), set[str]()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stack.__exit__(kind, error, trace)

    def take(self, part: Part) -> None:
        """Write the next rows. Raises formats.FormatError and OSError."""
        rows = told(part, self.names)
        for split in sorted({told.row.split for told in rows}):
            self.add([told for told in rows if told.row.split == split], split)

    def add(self, part: Sequence[Told], split: str) -> None:
        rows = [formats.line(formats.trl_row(told.row)) for told in part]
        votes = [formats.line(formats.vote_row(vote)) for told in part for vote in told.votes]
        content = self.contents[split]  # its hashes are those of the files
        self.files.add(f"{split}.jsonl", rows, content.rows)
        self.files.add(f"{split}.votes.jsonl", votes, content.votes)
        self.files.add(f"{split}.lineage.jsonl", [formats.line(formats.lineage_row(told.row.pair_id, told.chosen, told.rejected)) for told in part])
        content.add_order([told.row.pair_id for told in part])
        content.labels.add(votes)
        self.note(part)

    def note(self, part: Sequence[Told]) -> None:
        self.licences.update(told.row.licence for told in part)
        self.sources.update(vote.source for told in part for vote in told.votes)
        self.policies.update(side.policy for told in part for side in (told.chosen, told.rejected))

    def done(self) -> Lined:
        """Return what was written, once all of it is. Raises OSError."""
        return Lined(self.files.entries(), self.contents.summed(), self.licences, self.sources, frozenset(self.policies))
