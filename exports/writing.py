"""From a version's rows to its files: for every split canonical lines, the votes behind them and their lineage; a data card, the manifest and its sums.

A split without rows has no file, since readers stop at an empty one. The same rows give the same bytes, whenever and wherever they are written.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exports import cards, formats, lines, manifest
from exports.contents import Contents
from exports.lines import Names, Told
from exports.manifest import FileEntry, Manifest
from exports.rows import Draft, LeftOut
from exports.splits import SPLITS
from exports.thresholds import thresholds_of
from policies.models import Policy

BUFFER = 2**20


@dataclass
class Seen:
    """What was met while writing; the card and the manifest tell of it. Rows by licence of the prompt, votes by source, policies that wrote a side."""

    licences: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    policies: set[str] = field(default_factory=set)
    contents: Contents = field(default_factory=Contents)


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
    """Files of lines in one folder. Each comes into being with its first line.

    Lines are hashed and written in the order in which they are added, behind the one who adds them: neither takes Python's lock for long. Up to
    LAGGING additions wait; what goes wrong with one is raised by a later one, or by `wait`.
    """

    LAGGING = 4

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self.stack = folder, stack
        self.files: dict[str, LineFile] = {}
        self.behind = stack.enter_context(ThreadPoolExecutor(1))
        self.waiting: deque[Future[None]] = deque()

    def add(self, name: str, written: Sequence[bytes], digest: Any = None) -> None:
        if written and name not in self.files:
            self.files[name] = LineFile(self.folder / name, digest or hashlib.sha256())
            self.stack.enter_context(self.files[name].file)
        if written:
            self.waiting.append(self.behind.submit(self.files[name].add, written))
            self.wait(self.LAGGING)

    def wait(self, most: int) -> None:
        """Wait until at most so many additions are not written yet. Raises what went wrong."""
        while len(self.waiting) > most:
            self.waiting.popleft().result()

    def entries(self) -> list[FileEntry]:
        """Return what was written, once all of it is."""
        return [file.entry() for file in self.files.values()]


def write(made: Draft, folder: Path) -> Manifest:
    """Write every file of the version into an empty folder, and return its manifest. Raises formats.FormatError and OSError."""
    names, seen = lines.names_of(made), Seen()
    with ExitStack() as stack:
        files = LineFiles(folder, stack)
        for part in lines.told(made, names):
            for split in sorted({told.row.split for told in part}):
                write_part([told for told in part if told.row.split == split], split, files, seen)
        files.wait(0)
    (folder / cards.NAME).write_bytes(cards.card(facts_of(made, names, seen)))
    if made.removed:
        (folder / manifest.REMOVED).write_bytes(made.removed.lines)
    others = [manifest.file_entry(path) for path in (folder / cards.NAME, folder / manifest.REMOVED) if path.exists()]
    described = describe(made, [*files.entries(), *others], names, seen)
    (folder / manifest.NAME).write_bytes(manifest.dumps(described))
    (folder / manifest.SUMS).write_bytes(manifest.sums(described))
    return described


def write_part(part: Sequence[Told], split: str, files: LineFiles, seen: Seen) -> None:
    rows = [formats.line(formats.trl_row(told.row)) for told in part]
    votes = [formats.line(formats.vote_row(vote)) for told in part for vote in told.votes]
    content = seen.contents[split]  # its hashes are those of the files
    files.add(f"{split}.jsonl", rows, content.rows)
    files.add(f"{split}.votes.jsonl", votes, content.votes)
    files.add(f"{split}.lineage.jsonl", [formats.line(formats.lineage_row(told.row.pair_id, told.chosen, told.rejected)) for told in part])
    content.add_order([told.row.pair_id for told in part])
    content.labels.add(votes)
    note(part, seen)


def note(part: Sequence[Told], seen: Seen) -> None:
    seen.licences.update(told.row.licence for told in part)
    seen.sources.update(vote.source for told in part for vote in told.votes)
    seen.policies.update(side.policy for told in part for side in (told.chosen, told.rejected))


# What a version is made of


def facts_of(made: Draft, names: Names, seen: Seen) -> cards.Facts:
    return cards.Facts(
        dataset=made.dataset.name,
        number=made.number,
        description=made.dataset.description,
        campaigns=sorted(campaign.slug for campaign in made.campaigns),
        rows=made.totals.splits,
        votes=seen.sources,
        voted=[split for split in SPLITS if seen.contents[split].labels.size],
        settled=made.totals.settled,
        rules=sorted(made.totals.rules),
        rubrics=sorted(names.rubric.values()),
        policies=sorted(seen.policies),
        licences=seen.licences,
        left_out={LeftOut(reason).label: n for reason, n in made.left_out.items()},
        held_out=len(made.held_out),
    )


def describe(made: Draft, files: Sequence[FileEntry], names: Names, seen: Seen) -> Manifest:
    """Return the manifest of what was written."""
    return manifest.build(
        dataset=made.dataset.name,
        number=made.number,
        campaigns=[campaign.slug for campaign in made.campaigns],
        rules=[manifest.Rule.named(rule) for rule in made.totals.rules],
        rubrics=[manifest.Rubric(id=version.rubric.name, number=version.number, sha256=version.sha256) for version in names.rubrics.values()],
        policies=[pinned(policy) for pk, policy in names.policies.items() if names.policy[pk] in seen.policies],
        filters=made.choice.as_filters(),
        split=manifest.SplitPlan(salt=made.dataset.salt, shares=made.dataset.shares),
        counts=manifest.Counts(rows=made.totals.splits, votes=seen.sources.total(), left_out=dict(made.left_out)),
        files=files,
        contents=seen.contents,
        predecessor=made.removed.predecessor if made.removed else None,
        held_out=made.held_out,
        thresholds={gate: {"low": asks.low, "high": asks.high} for gate, asks in thresholds_of(made.dataset).items()},
    )


def pinned(policy: Policy) -> manifest.PolicyUsed:
    return manifest.PolicyUsed(
        name=policy.name,
        revision=policy.revision,
        weights_sha256=policy.weights_sha256,
        template_sha256=policy.template_sha256,
        system_prompt_sha256=hashlib.sha256(policy.system_prompt.encode()).hexdigest() if policy.system_prompt else "",
        sampling=policy.sampling,
    )
