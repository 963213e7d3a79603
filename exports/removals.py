"""What a person's labels or a prompt are in which versions, and the proofs that they were. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from django.db import connection

from accounts.models import User
from exports.formats import canonical_line, pseudonym
from exports.manifest import FIRST_SCHEMA, Predecessor, Removed
from exports.merkle import Levels, leaf_hash
from exports.models import DatasetVersion, Download, Removal, RemovedFrom
from exports.splits import SPLITS
from policies.models import Prompt, Response

IN_VERSIONS = """
SELECT row.version_id, count(DISTINCT row.id), count(label.id)
  FROM exports_datasetrow AS row
  LEFT JOIN LATERAL unnest(row.labels) AS counted (label) ON true
  LEFT JOIN labeling_label AS label ON label.id = counted.label AND (label.labeler_id = %(person)s OR row.prompt_id = ANY (%(prompts)s))
 WHERE label.id IS NOT NULL OR row.prompt_id = ANY (%(prompts)s)
 GROUP BY row.version_id ORDER BY row.version_id
"""

MOST_WORDS, SHORTEST = 5, 12
"""Lines of a prompt, and of the answers to it, that are looked for: the longest, of so many characters at least."""

IsGone = Callable[[Mapping[str, Any]], bool]


@dataclass(frozen=True)
class Subject:
    """What is to be taken out: a person's labels, or every prompt with the same content."""

    person: User | None = None
    prompts: Sequence[Prompt] = ()

    @property
    def prompt_pks(self) -> list[int]:
        return [prompt.pk for prompt in self.prompts]

    def words(self) -> list[str]:
        """Return what tells of it wherever it stands: names, or the longest lines of the prompt and of the answers to it."""
        if self.person:
            return [name for name in (self.person.username, self.person.email, self.person.get_full_name()) if name]
        asked = [turn["content"] for prompt in self.prompts for turn in prompt.messages or []]
        answered = Response.objects.filter(prompt__in=self.prompt_pks, erased_at=None).values_list("text", flat=True)
        return [*longest_lines(asked), *longest_lines(answered)]


def longest_lines(texts: Iterable[str]) -> list[str]:
    """Return lines that hold neither a quotation mark nor a backslash, which would stand otherwise within JSON."""
    lines = (line.strip() for text in texts for line in text.replace('"', "\n").replace("\\", "\n").splitlines())
    return sorted({line for line in lines if len(line) >= SHORTEST}, key=lambda line: (-len(line), line))[:MOST_WORDS]


def affected(subject: Subject) -> list[tuple[DatasetVersion, int, int]]:
    """Return the versions that hold something of it and were not withdrawn, each with how many rows and how many labels it has of it."""
    with connection.cursor() as cursor:
        cursor.execute(IN_VERSIONS, {"person": subject.person.pk if subject.person else None, "prompts": subject.prompt_pks})
        found = {pk: (rows, labels) for pk, rows, labels in cursor.fetchall()}
    versions = DatasetVersion.objects.filter(pk__in=found).exclude(state=DatasetVersion.State.WITHDRAWN).select_related("dataset").order_by("dataset", "number")
    return [(version, *found[version.pk]) for version in versions]


def is_gone(version: DatasetVersion, subject: Subject) -> IsGone:
    """Return what tells a line of votes that goes from one that stays."""
    name = pseudonym(str(subject.person.pk), secret=bytes.fromhex(version.dataset.secret)) if subject.person else ""
    keys = set(version.rows.filter(prompt__in=subject.prompt_pks).values_list("key", flat=True))
    return lambda vote: vote.get("labeler") == name or vote.get("pair_id") in keys


def proofs(folder: Path, gone: IsGone) -> bytes:
    """Return the lines of `removed.jsonl`: for each label that goes its split, its place, its hash and its path to the root of the split's tree."""
    return b"".join(canonical_line(line) for split in SPLITS for line in proofs_of(folder / f"{split}.votes.jsonl", split, gone))


def proofs_of(votes: Path, split: str, gone: IsGone) -> Iterator[dict[str, object]]:
    if not votes.is_file():
        return
    hashes, places = [], []
    with votes.open("rb") as file:
        for place, line in enumerate(file):
            hashes.append(leaf_hash(line))
            if gone(orjson.loads(line)):
                places.append(place)
    tree = Levels(hashes)
    for place in places:
        yield {"split": split, "index": place, "leaf": hashes[place].hex(), "path": [beside.hex() for beside in tree.path(place)]}


def removed_from(version: DatasetVersion) -> Removed | None:
    """Return what a successor of the version is without, by all removals; None where the version's manifest has no tree to prove it by."""
    parts = list(RemovedFrom.objects.filter(version=version).select_related("removal").order_by("pk"))
    if not parts or version.manifest["schema"] == FIRST_SCHEMA:
        return None
    lines = sorted({line for part in parts for line in part.proofs.encode().splitlines(keepends=True)}, key=place_of)
    predecessor = Predecessor(
        id=version.manifest_sha256,
        number=version.number,
        splits=version.manifest["labels"]["splits"],
        rows=sum(part.rows for part in parts),
        labels=len(lines),
        reasons=reasons(part.removal for part in parts),
    )
    return Removed(predecessor, b"".join(lines))


def place_of(line: bytes) -> tuple[str, int]:
    said = orjson.loads(line)
    return said["split"], said["index"]


def reasons(removals: Iterable[Removal]) -> dict[str, int]:
    """Count removals by what was done to what: `a prompt erased`, `a person's labels withdrawn`."""
    counts: dict[str, int] = {}
    for removal in removals:
        counts[str(removal)] = counts.get(str(removal), 0) + 1
    return counts


def downloaded_by(user: User) -> list[DatasetVersion]:
    """Return the withdrawn versions that somebody has downloaded from: they are to be told."""
    mine = Download.objects.filter(person=user).values("version")
    withdrawn = DatasetVersion.objects.filter(pk__in=mine, state=DatasetVersion.State.WITHDRAWN)
    return list(withdrawn.select_related("dataset").defer("manifest").order_by("dataset__name", "number"))
