"""What a dataset version is made of, as a file whose own hash is the version's id."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from exports.contents import Summed
from exports.formats import canonical_line
from exports.splits import SPLITS

SCHEMA = "tiebreak.manifest/2"
FIRST_SCHEMA = "tiebreak.manifest/1"
"""Versions frozen before there was a second one. They hold no hashes of contents, and all votes in one file."""
NAME = "manifest.json"
SUMS = "SHA256SUMS"
ALL_VOTES = "votes.jsonl"
REMOVED = "removed.jsonl"
MIB = 2**20

Manifest = dict[str, Any]
"""A manifest as JSON has it, made by `build` or found by `parse`."""


class BadManifest(ValueError):
    """Bytes that are not a manifest of ours."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule by which pairs were settled, and its version."""

    name: str
    version: int

    @classmethod
    def named(cls, rule: str) -> Self:
        """Return the rule that `strict-majority/1` names. Raises ValueError where no version is given."""
        name, _, version = rule.rpartition("/")
        return cls(name=name, version=int(version))


@dataclass(frozen=True, kw_only=True)
class Rubric:
    """A rubric version whose labels are in the rows: its id, its number, and the SHA-256 of its wording."""

    id: str
    number: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class PolicyUsed:
    """A policy that wrote a side, pinned by hashes (64 hex digits; empty where nothing is known, as for imported texts)."""

    name: str
    revision: str
    weights_sha256: str
    template_sha256: str
    system_prompt_sha256: str
    sampling: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class SplitPlan:
    """How families were put into splits; with these anybody can work it out again."""

    salt: str
    shares: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Rows of each split, lines of the votes file, and settled pairs that are no row, by reason."""

    rows: Mapping[str, int]
    votes: int
    left_out: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class FileEntry:
    """A file of the version: its size in bytes, its SHA-256, and its lines (None where a line is not a row)."""

    name: str
    bytes: int
    sha256: str
    rows: int | None


@dataclass(frozen=True, kw_only=True)
class Predecessor:
    """The version that this one replaces because something was taken out of it: its id, its number, the trees over its labels, how many rows and labels
    are gone, and why, by reason. Each label that is gone is a line of `removed.jsonl`, which proves that it was there and says nothing of it."""

    id: str
    number: int
    splits: Mapping[str, Mapping[str, object]]
    rows: int
    labels: int
    reasons: Mapping[str, int]


@dataclass(frozen=True)
class Removed:
    """What a version is without: from which predecessor, and the lines of `removed.jsonl`."""

    predecessor: Predecessor
    lines: bytes


MASKS: Mapping[str, str] = MappingProxyType({"prompt": "no loss: what is trained on is the tokens of chosen and rejected"})
"""By name, what of a row trainers must not learn to write."""


def build(
    *,
    dataset: str,
    number: int,
    campaigns: Sequence[str],
    rules: Sequence[Rule],
    rubrics: Sequence[Rubric],
    policies: Sequence[PolicyUsed],
    filters: Mapping[str, object],
    split: SplitPlan,
    counts: Counts,
    contents: Summed,
    files: Sequence[FileEntry],
    thresholds: Mapping[str, object] = MappingProxyType({}),
    masks: Mapping[str, str] = MASKS,
    predecessor: Predecessor | None = None,
    held_out: Sequence[str] = (),
) -> Manifest:
    """Return the manifest of a version. The order in which parts are given does not matter; no clock and no machine is in it.

    `thresholds` are what gates asked for, by name. Without a `predecessor` nothing was taken out. `held_out` are pseudonyms of labelers
    whose votes stand in the test split alone; without any the manifest has no such key, and the bytes that it had before there was one.
    """
    return {
        "schema": SCHEMA,
        "dataset": dataset,
        "number": number,
        "campaigns": sorted(campaigns),
        "rules": sorted(map(asdict, rules), key=lambda rule: (rule["name"], rule["version"])),
        "rubrics": sorted(map(asdict, rubrics), key=lambda rubric: (rubric["id"], rubric["number"])),
        "policies": sorted(map(asdict, policies), key=lambda policy: (policy["name"], policy["revision"])),
        "filters": dict(filters),
        "thresholds": dict(thresholds),
        "masks": dict(masks),
        "split": asdict(split),
        "counts": asdict(counts),
        "content": contents.content,
        "labels": contents.labels,
        "removed": asdict(predecessor) if predecessor else None,
        "files": sorted(map(asdict, files), key=lambda file: str(file["name"])),
        **({"held_out": sorted(held_out)} if held_out else {}),
    }


def dumps(manifest: Manifest) -> bytes:
    """Return the manifest's canonical bytes: those of `manifest.json`, and those that are hashed. Raises FormatError."""
    return canonical_line(manifest)


def identity(manifest: Manifest) -> str:
    """Return the version's id: the SHA-256 of the manifest's canonical bytes, which hold the SHA-256 of every other file."""
    return hashlib.sha256(dumps(manifest)).hexdigest()


def sums(manifest: Manifest) -> bytes:
    """Return what `SHA256SUMS` holds, so that `sha256sum -c SHA256SUMS` checks a version where there is no Tiebreak."""
    hashes = {NAME: identity(manifest)} | {file["name"]: file["sha256"] for file in manifest["files"]}
    return "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(hashes.items())).encode()


def file_entry(path: Path) -> FileEntry:
    """Return the entry of a file that is there. Lines are counted in .jsonl files; a file that does not end with a line feed has one more."""
    digest, size, rows, last = hashlib.sha256(), 0, 0, b"\n"
    with path.open("rb") as file:
        while block := file.read(MIB):
            digest.update(block)
            size, rows, last = size + len(block), rows + block.count(b"\n"), block[-1:]
    lines = rows + (last != b"\n") if path.suffix == ".jsonl" else None
    return FileEntry(name=path.name, bytes=size, sha256=digest.hexdigest(), rows=lines)


# Reading one


def parse(data: bytes) -> Manifest:
    """Return the manifest that canonical bytes hold. Raises BadManifest, with the reason, for anything else."""
    try:
        manifest = json.loads(data)
        canonical = dumps(manifest)
    except (ValueError, RecursionError) as error:
        raise BadManifest(f"{NAME}: not JSON that can be read ({type(error).__name__})") from None
    if not isinstance(manifest, dict) or manifest.get("schema") not in (SCHEMA, FIRST_SCHEMA):
        raise BadManifest(f"{NAME}: not a manifest of the schema {SCHEMA}, nor of one before it")
    if fault := next(shape_faults(manifest), None):
        raise BadManifest(f"{NAME}: {fault}")
    if canonical != data:
        raise BadManifest(f"{NAME}: not in its canonical form, so somebody else has written it")
    return manifest


def shape_faults(manifest: Manifest) -> Iterator[str]:
    """Yield why the parts that are read here cannot be; the other parts are only hashed."""
    counts, files = manifest.get("counts"), manifest.get("files")
    if not isinstance(counts, dict) or not is_count(counts.get("votes")) or not are_counts(counts.get("rows")) or not are_counts(counts.get("left_out")):
        yield "its counts are not numbers of rows, votes and pairs left out"
    if not isinstance(files, list) or not all(map(is_file_entry, files)):
        yield "its files are not names with bytes, hash and rows"
    elif len({file["name"] for file in files}) < len(files):
        yield "it names a file twice"
    if manifest["schema"] == SCHEMA:
        yield from content_faults(manifest)


def content_faults(manifest: Manifest) -> Iterator[str]:
    content, labels, split = manifest.get("content"), manifest.get("labels"), manifest.get("split")
    if not isinstance(content, dict) or not all(are_hashes(content.get(name)) for name in ("rows", "votes", "order")):
        yield "its contents are not hashes of rows, votes and order for each split"
    if not isinstance(labels, dict) or not is_hash(labels.get("root")) or not are_trees(labels.get("splits")):
        yield "its labels are not a size and a root for each split"
    if not isinstance(split, dict) or not isinstance(split.get("salt"), str) or not isinstance(split.get("shares"), dict):
        yield "its split is not a salt and shares"
    removed = manifest.get("removed")
    if removed is not None and not (isinstance(removed, dict) and are_trees(removed.get("splits")) and is_count(removed.get("labels"))):
        yield "what was removed is not a count and the trees that it was removed from"
    if not are_names(manifest.get("held_out", [])):
        yield "those who are held out are not a list of names"


def are_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) and name for name in value)


def is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def are_counts(value: object) -> bool:
    return isinstance(value, dict) and all(map(is_count, value.values()))


def is_hash(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None


def are_hashes(value: object) -> bool:
    return isinstance(value, dict) and set(value) == set(SPLITS) and all(map(is_hash, value.values()))


def are_trees(value: object) -> bool:
    return isinstance(value, dict) and set(value) == set(SPLITS) and all(map(is_tree, value.values()))


def is_tree(value: object) -> bool:
    return isinstance(value, dict) and is_count(value.get("size")) and is_hash(value.get("root"))


def is_file_entry(value: object) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {"name", "bytes", "sha256", "rows"}
        and is_plain_name(value["name"])
        and is_count(value["bytes"])
        and isinstance(value["sha256"], str)
        and (value["rows"] is None or is_count(value["rows"]))
    )


def is_plain_name(value: object) -> bool:
    """A name that stays in its folder and on its line, and is none of the two that describe the others."""
    return isinstance(value, str) and value.isprintable() and value not in {"", ".", "..", NAME, SUMS} and not {"/", "\\"} & set(value)
