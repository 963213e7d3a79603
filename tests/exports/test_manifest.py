"""The manifest pins a version to the byte, and a folder that is no longer that version is found out."""

from __future__ import annotations

import copy
import hashlib
import json
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exports import inspection, manifest, merkle
from exports.contents import Contents, Summed
from exports.formats import FormatError, canonical_line
from exports.splits import split_of

SALT = "everyday"
SHARES = {"train": 0.9, "validation": 0.05, "test": 0.05}


def row(split: str, number: int) -> bytes:
    """A line of a family that the salt puts into that split."""
    family = next(family for family in map(str, range(1000 * number, 1000 * number + 1000)) if split_of(family, salt=SALT, shares=SHARES) == split)
    return canonical_line({"pair_id": f"{split}-{number}", "family": family, "split": split, "labels_counted": 1, "text": "Füße\u2028"})


def vote(split: str, number: int) -> bytes:
    return canonical_line({"pair_id": f"{split}-{number}", "labeler": "labeler-0123", "verdict": "a"})


LINES = {split: [row(split, number) for number in range(n)] for split, n in (("train", 3), ("validation", 1))}
VOTES = {split: [vote(split, number) for number in range(len(lines))] for split, lines in LINES.items()}
TRAIN = b"".join(LINES["train"])


def contents_of(lines: dict[str, list[bytes]], votes: dict[str, list[bytes]]) -> Summed:
    contents = Contents()
    for split, written in lines.items():
        contents[split].add_rows(written, [json.loads(line)["pair_id"] for line in written])
        contents[split].add_votes(votes[split])
    return contents.summed()


def make_manifest(folder: Path, **changes: Any) -> manifest.Manifest:
    parts: dict[str, Any] = {
        "dataset": "everyday",
        "number": 1,
        "campaigns": ["spring", "autumn"],
        "rules": [manifest.Rule.named("majority/2"), manifest.Rule.named("majority/1")],
        "rubrics": [manifest.Rubric(id="helpfulness", number=4, sha256="4" * 64), manifest.Rubric(id="helpfulness", number=3, sha256="3" * 64)],
        "policies": [make_policy("warm"), make_policy("cold")],
        "filters": {"least_margin": 0.0},
        "split": manifest.SplitPlan(salt=SALT, shares=SHARES),
        "counts": manifest.Counts(rows={"train": 3, "validation": 1, "test": 0}, votes=4, left_out={"tie": 5, "no right answer": 1}),
        "contents": contents_of(LINES, VOTES),
        "files": [manifest.file_entry(folder / name) for name in NAMES],
    }
    return manifest.build(**{**parts, **changes})


NAMES = ("train.votes.jsonl", "train.jsonl", "validation.votes.jsonl", "validation.jsonl", "card.md")


def make_policy(name: str) -> manifest.PolicyUsed:
    return manifest.PolicyUsed(
        name=name, revision="0123abcd", weights_sha256="a" * 64, template_sha256="b" * 64, system_prompt_sha256="", sampling={"temperature": 0.7, "top_p": 0.9}
    )


def seal(folder: Path, made: manifest.Manifest) -> None:
    (folder / manifest.NAME).write_bytes(manifest.dumps(made))
    (folder / manifest.SUMS).write_bytes(manifest.sums(made))


@pytest.fixture
def version(tmp_path: Path) -> Path:
    folder = tmp_path / "everyday-1"
    folder.mkdir()
    for split in LINES:
        (folder / f"{split}.jsonl").write_bytes(b"".join(LINES[split]))
        (folder / f"{split}.votes.jsonl").write_bytes(b"".join(VOTES[split]))
    (folder / "card.md").write_text("# Everyday\n\nWhat it is.\n")
    seal(folder, make_manifest(folder))
    return folder


def test_it_works(version: Path) -> None:
    assert inspection.verify(version) == []
    made = json.loads((version / "manifest.json").read_bytes())
    assert made["schema"] == "tiebreak.manifest/2"
    assert made["counts"] == {"rows": {"train": 3, "validation": 1, "test": 0}, "votes": 4, "left_out": {"tie": 5, "no right answer": 1}}
    assert [file["name"] for file in made["files"]] == ["card.md", "train.jsonl", "train.votes.jsonl", "validation.jsonl", "validation.votes.jsonl"]
    assert made["files"][1] == {"name": "train.jsonl", "bytes": len(TRAIN), "sha256": hashlib.sha256(TRAIN).hexdigest(), "rows": 3}


def test_the_id_is_the_hash_of_the_manifest_file(version: Path) -> None:
    data = (version / "manifest.json").read_bytes()
    assert manifest.identity(manifest.parse(data)) == hashlib.sha256(data).hexdigest()
    assert inspection.verify(version, expected_id=hashlib.sha256(data).hexdigest()) == []


def test_the_order_in_which_parts_are_given_does_not_matter(version: Path) -> None:
    made = make_manifest(version)
    turned = make_manifest(
        version,
        campaigns=["autumn", "spring"],
        rules=[manifest.Rule(name="majority", version=1), manifest.Rule(name="majority", version=2)],
        policies=[make_policy("cold"), make_policy("warm")],
        split=manifest.SplitPlan(salt=SALT, shares={"test": 0.05, "validation": 0.05, "train": 0.9}),
        counts=manifest.Counts(rows={"test": 0, "train": 3, "validation": 1}, votes=4, left_out={"no right answer": 1, "tie": 5}),
    )
    assert manifest.dumps(turned) == manifest.dumps(made)


@pytest.mark.parametrize(
    "change",
    [
        {"number": 2},
        {"campaigns": ["spring"]},
        {"rules": [manifest.Rule.named("majority/2")]},
        {"rubrics": [manifest.Rubric(id="helpfulness", number=4, sha256="5" * 64)]},
        {"policies": [make_policy("warm")]},
        {"filters": {"least_margin": 1.0}},
        {"split": manifest.SplitPlan(salt="other", shares={"train": 1.0})},
    ],
)
def test_any_other_part_is_another_id(version: Path, change: dict[str, Any]) -> None:
    assert manifest.identity(make_manifest(version, **change)) != manifest.identity(make_manifest(version))


def test_a_manifest_cannot_hold_what_cannot_be_written(version: Path) -> None:
    for filters in ({"least_margin": float("nan")}, {"name": "\ud800"}):
        with pytest.raises(FormatError):
            manifest.dumps(make_manifest(version, filters=filters))


@pytest.mark.parametrize(("data", "rows"), [(b"", 0), (b"{}\n", 1), (b"{}\n{}", 2), (b"x\xe2\x80\xa8y\n" * 700_000, 700_000)])
def test_rows_are_lines_that_end_in_a_line_feed_and_nothing_else(tmp_path: Path, data: bytes, rows: int) -> None:
    (tmp_path / "a.jsonl").write_bytes(data)
    (tmp_path / "a.md").write_bytes(data)
    entry = manifest.file_entry(tmp_path / "a.jsonl")
    assert (entry.rows, entry.bytes, entry.sha256) == (rows, len(data), hashlib.sha256(data).hexdigest())
    assert manifest.file_entry(tmp_path / "a.md").rows is None


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs sha256sum of coreutils")
def test_sha256sum_can_check_a_version_without_us(version: Path) -> None:
    check = ["sha256sum", "--check", "--strict", "--quiet", manifest.SUMS]
    assert subprocess.run(check, cwd=version, check=False, capture_output=True).returncode == 0
    (version / "train.votes.jsonl").write_bytes(b"{}\n[]\n")
    assert subprocess.run(check, cwd=version, check=False, capture_output=True).returncode == 1


# What verify finds


def remove(folder: Path) -> None:
    (folder / "train.jsonl").unlink()


def add(folder: Path) -> None:
    (folder / "notes.txt").write_text("mine")


def add_folder(folder: Path) -> None:
    (folder / "more").mkdir()
    (folder / "more" / "train.jsonl").write_bytes(TRAIN)


def change_a_byte(folder: Path) -> None:
    (folder / "train.jsonl").write_bytes(TRAIN.replace(b"F", b"f", 1))


def cut(folder: Path) -> None:
    (folder / "train.jsonl").write_bytes(TRAIN[: TRAIN.rindex(b"{")])


def link(folder: Path) -> None:
    (folder / "train.jsonl").rename(folder.parent / "elsewhere.jsonl")
    (folder / "train.jsonl").symlink_to(folder.parent / "elsewhere.jsonl")


def drop_the_sums(folder: Path) -> None:
    (folder / manifest.SUMS).unlink()


def edit_the_manifest(folder: Path) -> None:
    (folder / manifest.NAME).write_bytes((folder / manifest.NAME).read_bytes().replace(b'"number":1', b'"number":7'))


def reformat_the_manifest(folder: Path) -> None:
    (folder / manifest.NAME).write_text(json.dumps(json.loads((folder / manifest.NAME).read_bytes()), indent=2))


def drop_the_manifest(folder: Path) -> None:
    (folder / manifest.NAME).unlink()


def miscount(folder: Path) -> None:
    seal(folder, make_manifest(folder, counts=manifest.Counts(rows={"train": 2, "validation": 1}, votes=4, left_out={})))


def hide_a_split(folder: Path) -> None:
    seal(folder, make_manifest(folder, counts=manifest.Counts(rows={"train": 3}, votes=4, left_out={})))


def misstate_rows(folder: Path) -> None:
    made = make_manifest(folder)
    made["files"][1]["rows"] = made["counts"]["rows"]["train"] = 4
    seal(folder, made)


@pytest.mark.parametrize(
    ("spoil", "problems"),
    [
        (remove, ["train.jsonl: is in the manifest and not in the folder"]),
        (add, ["notes.txt: is in the folder and not in the manifest"]),
        (add_folder, ["more: is in the folder and not in the manifest"]),
        (change_a_byte, ["train.jsonl: its bytes have changed"]),
        (
            cut,
            [
                f"train.jsonl: {len(TRAIN) - len(LINES['train'][2])} bytes, where the manifest has {len(TRAIN)}",
                "train.jsonl: 2 rows, where the manifest has 3 rows",
            ],
        ),
        (link, ["train.jsonl: is in the manifest and not in the folder"]),
        (drop_the_sums, ["SHA256SUMS: there is no such file"]),
        (edit_the_manifest, ["SHA256SUMS: does not say what manifest.json says"]),
        (reformat_the_manifest, ["manifest.json: not in its canonical form"]),
        (drop_the_manifest, ["manifest.json: there is no such file"]),
        (miscount, ["manifest.json: counts 2 rows for train.jsonl, whose entry has 3 rows"]),
        (hide_a_split, ["manifest.json: counts 0 rows for validation.jsonl, whose entry has 1 row"]),
        (misstate_rows, ["train.jsonl: 3 rows, where the manifest has 4 rows"]),
    ],
)
def test_a_folder_that_is_no_longer_the_version_is_found_out(version: Path, spoil: Callable[[Path], None], problems: list[str]) -> None:
    spoil(version)
    reported = inspection.verify(version)
    assert len(reported) == len(problems)
    for said, expected in zip(reported, problems, strict=True):
        assert said.startswith(expected)


def changed(line: bytes, **changes: object) -> bytes:
    return canonical_line(json.loads(line) | changes)


def swapped(lines: dict[str, list[bytes]], votes: dict[str, list[bytes]]) -> None:
    lines["train"].reverse()
    votes["train"].reverse()


def moved(lines: dict[str, list[bytes]], votes: dict[str, list[bytes]]) -> None:
    """As somebody might who wants a row of the test split in train."""
    lines["train"][1] = changed(lines["validation"][0], split="train")
    votes["train"][1] = votes["validation"][0]


def lifted(lines: dict[str, list[bytes]], votes: dict[str, list[bytes]]) -> None:
    votes["train"][0], votes["train"][1] = votes["train"][1], votes["train"][0]


def voted_again(lines: dict[str, list[bytes]], votes: dict[str, list[bytes]]) -> None:
    votes["train"].append(votes["train"][2])


def forge(folder: Path, spoil: Callable[[dict[str, list[bytes]], dict[str, list[bytes]]], None], *, all_of_it: bool) -> None:
    """Write lines anew and seal them: what the manifest says of its files fits, and of its contents only if all of it was written anew."""
    lines, votes = copy.deepcopy(LINES), copy.deepcopy(VOTES)
    spoil(lines, votes)
    for split in LINES:
        (folder / f"{split}.jsonl").write_bytes(b"".join(lines[split]))
        (folder / f"{split}.votes.jsonl").write_bytes(b"".join(votes[split]))
    counts = manifest.Counts(rows={"train": 3, "validation": 1, "test": 0}, votes=sum(map(len, votes.values())), left_out={})
    seal(folder, make_manifest(folder, counts=counts, contents=contents_of(lines if all_of_it else LINES, votes if all_of_it else VOTES)))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (swapped, "manifest.json: the order of the rows of train have the SHA-256"),
        (moved, "train.jsonl: a row whose family belongs to another split, by the manifest's salt and shares (line 2)"),
        (lifted, "train.votes.jsonl: not the votes of its rows, one row's after another's (line 1, 2)"),
        (voted_again, "train.votes.jsonl: votes of no row (line 4)"),
    ],
)
def test_contents_are_worked_out_again(version: Path, spoil: Callable[..., None], said: str) -> None:
    forge(version, spoil, all_of_it=False)
    assert any(problem.startswith(said) for problem in inspection.verify(version))


def test_what_contradicts_itself_is_found_out_however_it_was_sealed(version: Path) -> None:
    forge(version, moved, all_of_it=True)
    assert [problem.partition(" (")[0] for problem in inspection.verify(version)] == [
        "train.jsonl: a row whose family belongs to another split, by the manifest's salt and shares"
    ]


def test_a_forged_version_is_found_out_by_the_id_from_elsewhere(version: Path) -> None:
    frozen = manifest.identity(make_manifest(version))
    forge(version, swapped, all_of_it=True)
    assert inspection.verify(version) == []
    assert inspection.verify(version, expected_id=frozen)[0].startswith("manifest.json: this is version ")


def test_a_split_that_somebody_may_not_read_may_be_missing(version: Path) -> None:
    for name in ("validation.jsonl", "validation.votes.jsonl"):
        (version / name).unlink()
    assert len(inspection.verify(version)) == 2
    assert inspection.verify(version, without=["validation"]) == []


def test_a_label_can_be_proven_to_be_in_a_version_without_the_others(version: Path) -> None:
    tree = json.loads((version / manifest.NAME).read_bytes())["labels"]["splits"]["train"]
    path = merkle.Levels([merkle.leaf_hash(line) for line in VOTES["train"]]).path(1)
    root = bytes.fromhex(tree["root"])
    assert merkle.proves(merkle.leaf_hash(VOTES["train"][1]), 1, tree["size"], path, root)
    assert not merkle.proves(merkle.leaf_hash(VOTES["train"][0]), 1, tree["size"], path, root)


def first_schema(folder: Path) -> dict[str, Any]:
    """A folder and a manifest as they were before there was a second schema."""
    for name in NAMES:
        (folder / name).unlink(missing_ok=True)
    (folder / "train.jsonl").write_bytes(TRAIN)
    (folder / "votes.jsonl").write_bytes(b"{}\n{}\n")
    files = [{"name": name, **file_of(folder / name)} for name in ("train.jsonl", "votes.jsonl")]
    counts = {"rows": {"train": 3}, "votes": 2, "left_out": {}}
    return {"schema": "tiebreak.manifest/1", "dataset": "everyday", "number": 1, "counts": counts, "files": files}


def file_of(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), "rows": data.count(b"\n")}


def test_a_version_of_the_first_schema_can_still_be_checked(version: Path) -> None:
    made = first_schema(version)
    seal(version, made)
    assert inspection.verify(version) == []
    made["counts"]["votes"] = 3
    seal(version, made)
    assert inspection.verify(version) == ["manifest.json: counts 3 rows for votes.jsonl, whose entry has 2 rows"]


# What was removed


def removed_from(folder: Path, leaf: bytes = VOTES["train"][1]) -> None:
    """Seal the folder as the successor of a version that held one more label."""
    before = [*VOTES["train"], vote("train", 7)]
    levels = merkle.Levels([merkle.leaf_hash(line) for line in before])
    trees = {split: {"size": 0, "root": merkle.EMPTY.hex()} for split in SHARES} | {"train": {"size": 4, "root": merkle.root(before).hex()}}
    said = {"split": "train", "index": 3, "leaf": merkle.leaf_hash(leaf).hex(), "path": [beside.hex() for beside in levels.path(3)]}
    (folder / manifest.REMOVED).write_bytes(canonical_line(said))
    predecessor = manifest.Predecessor(id="0" * 64, number=1, splits=trees, rows=1, labels=1, reasons={"erased": 1})
    files = [manifest.file_entry(folder / name) for name in (*NAMES, manifest.REMOVED)]
    seal(folder, make_manifest(folder, number=2, predecessor=predecessor, files=files))


def test_a_successor_proves_what_was_removed_without_holding_it(version: Path) -> None:
    removed_from(version, vote("train", 7))
    assert inspection.verify(version) == []
    assert b"train-7" not in b"".join(path.read_bytes() for path in version.iterdir())


def test_a_removal_that_is_not_proven_is_found_out(version: Path) -> None:
    removed_from(version, vote("train", 8))
    assert [problem.partition(" (")[0] for problem in inspection.verify(version)] == [
        "removed.jsonl: a label that is not proven to have been in the predecessor",
        "removed.jsonl: proves that 0 labels were removed, where the manifest says 1",
    ]


def test_a_label_that_was_removed_and_is_still_there_is_found_out(version: Path) -> None:
    before = VOTES["train"]
    levels = merkle.Levels([merkle.leaf_hash(line) for line in before])
    trees = {split: {"size": 0, "root": merkle.EMPTY.hex()} for split in SHARES} | {"train": {"size": 3, "root": merkle.root(before).hex()}}
    said = {"split": "train", "index": 2, "leaf": merkle.leaf_hash(before[2]).hex(), "path": [beside.hex() for beside in levels.path(2)]}
    (version / manifest.REMOVED).write_bytes(canonical_line(said))
    predecessor = manifest.Predecessor(id="0" * 64, number=1, splits=trees, rows=1, labels=1, reasons={"withdrawn": 1})
    seal(version, make_manifest(version, predecessor=predecessor, files=[manifest.file_entry(version / name) for name in (*NAMES, manifest.REMOVED)]))
    assert inspection.verify(version) == ["train.votes.jsonl: a label that was removed (line 3)"]


# A thousand flipped bytes, at a tenth; all of them in make soak


def test_every_flipped_byte_is_found(version: Path) -> None:
    removed_from(version, vote("train", 7))
    chance = random.Random(11)
    files = sorted(version.iterdir())
    for number in range(100):
        file = files[number % len(files)]
        data = file.read_bytes()
        place = chance.randrange(len(data))
        file.write_bytes(data[:place] + bytes([data[place] ^ (1 << chance.randrange(8))]) + data[place + 1 :])
        assert inspection.verify(version), f"byte {place} of {file.name}"
        file.write_bytes(data)
    assert inspection.verify(version) == []


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not JSON that can be read"),
        (b"\xff\xfe", "not JSON that can be read"),
        (b"[" * 100_000, "not JSON that can be read"),
        (b'{"a":NaN}\n', "not JSON that can be read"),
        (b"[]\n", "not a manifest of the schema"),
        (b'{"schema":"other/1"}\n', "not a manifest of the schema"),
        (b'{"counts":[],"files":[],"schema":"tiebreak.manifest/1"}\n', "its counts are not numbers"),
        (b'{"counts":{"left_out":{},"rows":{"train":-1},"votes":0},"files":[],"schema":"tiebreak.manifest/1"}\n', "its counts are not numbers"),
    ],
)
def test_what_is_no_manifest_is_refused_with_the_reason(tmp_path: Path, data: bytes, why: str) -> None:
    (tmp_path / manifest.NAME).write_bytes(data)
    (problem,) = inspection.verify(tmp_path)
    assert why in problem


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/b", "a\\b", "..", "", "two\nlines", "manifest.json", "SHA256SUMS", 7, None])
def test_a_manifest_that_names_a_file_elsewhere_is_refused(version: Path, name: object) -> None:
    made = make_manifest(version)
    made["files"][0]["name"] = name
    with pytest.raises(manifest.BadManifest, match="its files are not names"):
        manifest.parse(manifest.dumps(made))


def test_a_manifest_that_names_a_file_twice_is_refused(version: Path) -> None:
    made = make_manifest(version)
    made["files"].append(made["files"][0])
    with pytest.raises(manifest.BadManifest, match="names a file twice"):
        manifest.parse(manifest.dumps(made))
