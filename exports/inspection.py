"""Whether a folder still is the version that was frozen: everything that its manifest says is worked out again, from the files alone.

Asks no database. Memory does not grow with the files.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from exports import manifest as manifests
from exports import merkle
from exports.contents import Contents, root_over
from exports.manifest import ALL_VOTES, FIRST_SCHEMA, NAME, REMOVED, SUMS, BadManifest, Manifest
from exports.splits import SPLITS, BadShares, split_of

HELD_FOR = "test"
"""The split in which votes of people stand who are held out of the others."""
NAMED = 5
"""Lines of one fault that are named; the others are counted."""


def verify(folder: Path, *, expected_id: str | None = None, without: Collection[str] = ()) -> list[str]:
    """Return what is wrong with a version's folder, a sentence each; an empty list: every byte is as it was frozen.

    Found are files that are missing, too many or changed, counts, hashes, splits and trees that come out differently, and a manifest that is not the one
    it was. Files of the splits in `without` need not be there. Somebody who writes all of it anew is only found out by `expected_id`, the id from a source
    that they do not hold.
    """
    try:
        manifest = manifests.parse(read_plain(folder / NAME))
    except BadManifest as error:
        return [str(error)]
    problems = [*identity_problems(folder, manifest, expected_id), *extra_problems(folder, manifest)]
    changed = {file["name"]: found for file in manifest["files"] if not is_of(file["name"], without) and (found := list(file_problems(folder, file)))}
    problems += [problem for found in changed.values() for problem in found]
    if manifest["schema"] == FIRST_SCHEMA:
        return [*problems, *counts_of_the_first_schema(manifest)]
    # Lines that were changed need not be read to be known as such.
    sound = [split for split in SPLITS if split not in without and not any(is_of(name, [split]) for name in changed)]
    return [*problems, *count_problems(manifest), *content_problems(folder, manifest, sound)]


def read_plain(path: Path) -> bytes:
    if path.is_symlink() or not path.is_file():
        raise BadManifest(f"{path.name}: there is no such file")
    return path.read_bytes()


def is_of(name: str, splits: Collection[str]) -> bool:
    return name.partition(".")[0] in splits


def identity_problems(folder: Path, manifest: Manifest, expected_id: str | None) -> Iterator[str]:
    try:
        if read_plain(folder / SUMS) != manifests.sums(manifest):
            yield f"{SUMS}: does not say what {NAME} says; one of them is not the one that was written"
    except BadManifest as error:
        yield str(error)
    if expected_id is not None and (own := manifests.identity(manifest)) != expected_id:
        yield f"{NAME}: this is version {own}, not {expected_id}"


def extra_problems(folder: Path, manifest: Manifest) -> list[str]:
    known = {NAME, SUMS} | {file["name"] for file in manifest["files"]}
    return [f"{name}: is in the folder and not in the manifest" for name in sorted(path.name for path in folder.iterdir()) if name not in known]


def file_problems(folder: Path, file: Mapping[str, Any]) -> Iterator[str]:
    path, name = folder / file["name"], file["name"]
    if path.is_symlink() or not path.is_file():
        yield f"{name}: is in the manifest and not in the folder"
        return
    entry = manifests.file_entry(path)
    if entry.bytes != file["bytes"]:
        yield f"{name}: {entry.bytes:,} bytes, where the manifest has {file['bytes']:,}"
    elif entry.sha256 != file["sha256"]:
        yield f"{name}: its bytes have changed; SHA-256 {entry.sha256}, where the manifest has {file['sha256']}"
    if entry.rows != file["rows"]:
        yield f"{name}: {counted(entry.rows)}, where the manifest has {counted(file['rows'])}"


def counted(rows: int | None) -> str:
    return "no rows" if rows is None else f"{rows:,} row{'s' if rows != 1 else ''}"


# Counts


def counts_of_the_first_schema(manifest: Manifest) -> Iterator[str]:
    rows = {f"{split}.jsonl": n for split, n in manifest["counts"]["rows"].items()}
    yield from miscounted(manifest, rows | {ALL_VOTES: manifest["counts"]["votes"]})


def count_problems(manifest: Manifest) -> Iterator[str]:
    """Yield where the counts, the trees and the files' rows differ. A split without rows has no file."""
    counts, trees = manifest["counts"], manifest["labels"]["splits"]
    rows = {f"{split}.jsonl": n for split, n in counts["rows"].items()}
    yield from miscounted(manifest, rows | {f"{split}.votes.jsonl": tree["size"] for split, tree in trees.items()})
    if (votes := sum(tree["size"] for tree in trees.values())) != counts["votes"]:
        yield f"{NAME}: counts {counts['votes']:,} votes, and {votes:,} in its trees"
    if root_over(trees) != manifest["labels"]["root"]:
        yield f"{NAME}: the root over its labels does not follow from those of the splits"


def miscounted(manifest: Manifest, expected: Mapping[str, int]) -> Iterator[str]:
    held = {file["name"]: file["rows"] for file in manifest["files"] if file["name"] in {*expected, *(f"{split}.jsonl" for split in SPLITS)}}
    for name in sorted({*expected, *held}):
        if expected.get(name, 0) != held.get(name, 0):
            yield f"{NAME}: counts {expected.get(name, 0):,} rows for {name}, whose entry has {counted(held.get(name, 0))}"


# Contents


@dataclass
class Faults:
    """What was found in the lines of one file: how often, and where first."""

    name: str
    lines: dict[str, list[int]] = field(default_factory=dict)

    def note(self, fault: str, line: int) -> None:
        self.lines.setdefault(fault, []).append(line)

    def in_words(self) -> Iterator[str]:
        for fault, places in self.lines.items():
            more = f" and {len(places) - NAMED:,} more" if len(places) > NAMED else ""
            yield f"{self.name}: {fault} (line {', '.join(map(str, places[:NAMED]))}{more})"


def content_problems(folder: Path, manifest: Manifest, splits: Sequence[str]) -> list[str]:
    """Return what does not come out when the lines are read again: hashes, order, trees, splits, votes of no row, removed labels."""
    contents, problems = Contents(), []
    gone, removed_problems = removals(folder, manifest)
    for split in splits:
        problems += lines_problems(folder, manifest, split, contents, gone)
        problems += hash_problems(manifest, split, contents)
    return [*removed_problems, *problems]


def lines_problems(folder: Path, manifest: Manifest, split: str, contents: Contents, gone: Collection[bytes]) -> list[str]:
    """Read the rows of a split beside their votes, which stand in the same order, and hash both."""
    of_rows, of_votes = Faults(f"{split}.jsonl"), Faults(f"{split}.votes.jsonl")
    held_out: set[str] = set() if split == HELD_FOR else set(manifest.get("held_out", []))
    with ExitStack() as stack:
        rows, votes = (lines_of(folder / faults.name, stack) for faults in (of_rows, of_votes))
        voted = 0
        for number, line in enumerate(rows, start=1):
            row = read(line)
            contents[split].add_rows([line], [str(row.get("pair_id"))])
            for fault in row_faults(row, split, manifest["split"]):
                of_rows.note(fault, number)
            said = list(islice(votes, max(int_of(row, "labels_counted"), 0)))
            voted += len(said)
            if len(said) != row.get("labels_counted") or any(read(vote).get("pair_id") != row.get("pair_id") for vote in said):
                of_votes.note("not the votes of its rows, one row's after another's", voted)
            contents[split].add_votes(said)
            note_removed(said, gone, of_votes, voted)
            note_held_out(said, held_out, of_votes, voted)
        if rest := list(votes):
            of_votes.note("votes of no row", voted + 1)
            contents[split].add_votes(rest)
    return [*of_rows.in_words(), *of_votes.in_words()]


def lines_of(path: Path, stack: ExitStack) -> Iterator[bytes]:
    """Return a file's lines with their line feeds; a file that is not there has none."""
    return iter(stack.enter_context(path.open("rb"))) if path.is_file() and not path.is_symlink() else iter(())


def read(line: bytes) -> dict[str, Any]:
    """Return a line's object; an empty one for a line that is none."""
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def int_of(row: Mapping[str, Any], key: str) -> int:
    value = row.get(key)
    return value if isinstance(value, int) else 0


def row_faults(row: Mapping[str, Any], split: str, plan: Mapping[str, Any]) -> Iterator[str]:
    if row.get("split") != split:
        yield "a row of another split"
    elif drawn(str(row.get("family")), plan) != split:
        yield "a row whose family belongs to another split, by the manifest's salt and shares"


def drawn(family: str, plan: Mapping[str, Any]) -> str:
    """Draw a family's split again; nothing where the shares are none."""
    try:
        return split_of(family, salt=plan["salt"], shares=plan["shares"])
    except (BadShares, TypeError):
        return ""


def note_removed(votes: Sequence[bytes], gone: Collection[bytes], faults: Faults, number: int) -> None:
    if gone and not all(merkle.leaf_hash(vote) not in gone for vote in votes):
        faults.note("a label that was removed", number)


def note_held_out(votes: Sequence[bytes], held_out: Collection[str], faults: Faults, number: int) -> None:
    if held_out and any(read(vote).get("labeler") in held_out for vote in votes):
        faults.note("a vote of somebody who is held out", number)


def hash_problems(manifest: Manifest, split: str, contents: Contents) -> Iterator[str]:
    """Yield where a hash over what was read is not the manifest's."""
    own, said = contents.content(), manifest["content"]
    for name, words in (("rows", "rows"), ("votes", "votes"), ("order", "order of the rows")):
        if own[name][split] != said[name][split]:
            yield f"{NAME}: the {words} of {split} have the SHA-256 {own[name][split]}, where it says {said[name][split]}"
    tree = contents.labels()["splits"][split]
    if tree != manifest["labels"]["splits"][split]:
        yield f"{NAME}: the tree over the labels of {split} has the root {tree['root']}, where it says {manifest['labels']['splits'][split]['root']}"


# Removals


def removals(folder: Path, manifest: Manifest) -> tuple[set[bytes], list[str]]:
    """Return the leaves that were removed, and what is wrong with the proofs that they were in the predecessor's trees."""
    before = manifest["removed"]
    if before is None:
        return set(), []
    faults, gone = Faults(REMOVED), set[bytes]()
    with ExitStack() as stack:
        for number, line in enumerate(lines_of(folder / REMOVED, stack), start=1):
            leaf = proven(read(line), before["splits"])
            if leaf is None:
                faults.note("a label that is not proven to have been in the predecessor", number)
            else:
                gone.add(leaf)
    problems = list(faults.in_words())
    if len(gone) != before["labels"]:
        problems.append(f"{REMOVED}: proves that {len(gone):,} labels were removed, where the manifest says {before['labels']:,}")
    return gone, problems


def proven(said: Mapping[str, Any], trees: Mapping[str, Mapping[str, Any]]) -> bytes | None:
    """Return the hash of a removed label if it is proven to have been a leaf of the predecessor's tree."""
    try:
        tree, leaf = trees[said["split"]], bytes.fromhex(said["leaf"])
        path = [bytes.fromhex(beside) for beside in said["path"]]
        fine = merkle.proves(leaf, said["index"], tree["size"], path, bytes.fromhex(tree["root"]))
    except (KeyError, TypeError, ValueError):
        return None
    return leaf if fine else None
