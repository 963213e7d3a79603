"""What a dataset version is made of, as a file whose own hash is the version's id, and whether a folder still is that version."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from exports.formats import canonical_line
from exports.splits import SPLITS

SCHEMA = "tiebreak.manifest/1"
NAME = "manifest.json"
SUMS = "SHA256SUMS"
VOTES = "votes.jsonl"
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
    files: Sequence[FileEntry],
) -> Manifest:
    """Return the manifest of a version. The order in which parts are given does not matter; no clock and no machine is in it."""
    return {
        "schema": SCHEMA,
        "dataset": dataset,
        "number": number,
        "campaigns": sorted(campaigns),
        "rules": sorted(map(asdict, rules), key=lambda rule: (rule["name"], rule["version"])),
        "rubrics": sorted(map(asdict, rubrics), key=lambda rubric: (rubric["id"], rubric["number"])),
        "policies": sorted(map(asdict, policies), key=lambda policy: (policy["name"], policy["revision"])),
        "filters": dict(filters),
        "split": asdict(split),
        "counts": asdict(counts),
        "files": sorted(map(asdict, files), key=lambda file: str(file["name"])),
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


# Checking a folder


def verify(folder: Path, *, expected_id: str | None = None) -> list[str]:
    """Return what is wrong with a version's folder, a sentence each; an empty list: every byte is as it was frozen.

    Found are files that are missing, too many or changed, counts that do not add up, and a manifest that is not the one it was.
    Somebody who rewrites the manifest and its sum as well is only found out by `expected_id`, the id from a source that they do not hold.
    """
    try:
        manifest = parse(found(folder / NAME))
    except BadManifest as error:
        return [str(error)]
    problems = [*identity_problems(folder, manifest, expected_id), *extra_problems(folder, manifest), *count_problems(manifest)]
    for file in manifest["files"]:
        problems += file_problems(folder, file)
    return problems


def found(path: Path) -> bytes:
    if path.is_symlink() or not path.is_file():
        raise BadManifest(f"{path.name}: there is no such file")
    return path.read_bytes()


def parse(data: bytes) -> Manifest:
    """Return the manifest that canonical bytes hold. Raises BadManifest, with the reason, for anything else."""
    try:
        manifest = json.loads(data)
        canonical = dumps(manifest)
    except (ValueError, RecursionError) as error:
        raise BadManifest(f"{NAME}: not JSON that can be read ({type(error).__name__})") from None
    if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA:
        raise BadManifest(f"{NAME}: not a manifest of the schema {SCHEMA}")
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


def is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def are_counts(value: object) -> bool:
    return isinstance(value, dict) and all(map(is_count, value.values()))


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


def identity_problems(folder: Path, manifest: Manifest, expected_id: str | None) -> Iterator[str]:
    try:
        if found(folder / SUMS) != sums(manifest):
            yield f"{SUMS}: does not say what {NAME} says; one of them is not the one that was written"
    except BadManifest as error:
        yield str(error)
    if expected_id is not None and (own := identity(manifest)) != expected_id:
        yield f"{NAME}: this is version {own}, not {expected_id}"


def extra_problems(folder: Path, manifest: Manifest) -> list[str]:
    known = {NAME, SUMS} | {file["name"] for file in manifest["files"]}
    return [f"{name}: is in the folder and not in the manifest" for name in sorted(path.name for path in folder.iterdir()) if name not in known]


def file_problems(folder: Path, file: Mapping[str, Any]) -> Iterator[str]:
    path, name = folder / file["name"], file["name"]
    if path.is_symlink() or not path.is_file():
        yield f"{name}: is in the manifest and not in the folder"
        return
    entry = file_entry(path)
    if entry.bytes != file["bytes"]:
        yield f"{name}: {entry.bytes:,} bytes, where the manifest has {file['bytes']:,}"
    elif entry.sha256 != file["sha256"]:
        yield f"{name}: its bytes have changed; SHA-256 {entry.sha256}, where the manifest has {file['sha256']}"
    if entry.rows != file["rows"]:
        yield f"{name}: {counted(entry.rows)}, where the manifest has {counted(file['rows'])}"


def counted(rows: int | None) -> str:
    return "no rows" if rows is None else f"{rows:,} row{'s' if rows != 1 else ''}"


def count_problems(manifest: Manifest) -> Iterator[str]:
    """Yield where the counts and the files' rows differ. A split without rows may have no file."""
    counts = manifest["counts"]
    expected = {f"{split}.jsonl": rows for split, rows in counts["rows"].items()} | {VOTES: counts["votes"]}
    held = {file["name"]: file["rows"] for file in manifest["files"] if file["name"] in {*expected, *(f"{split}.jsonl" for split in SPLITS)}}
    for name in sorted(expected | held):
        if expected.get(name, 0) != held.get(name, 0):
            yield f"{NAME}: counts {expected.get(name, 0):,} rows for {name}, whose entry has {counted(held.get(name, 0))}"
