"""The manifest pins a version to the byte, and a folder that is no longer that version is found out."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exports import manifest
from exports.formats import FormatError, canonical_line

TRAIN = b"".join(canonical_line({"pair_id": str(number), "text": "Füße\u2028"}) for number in range(3))


def make_manifest(folder: Path, **changes: Any) -> manifest.Manifest:
    parts: dict[str, Any] = {
        "dataset": "everyday",
        "number": 1,
        "campaigns": ["spring", "autumn"],
        "rules": [manifest.Rule.named("majority/2"), manifest.Rule.named("majority/1")],
        "rubrics": [manifest.Rubric(id="helpfulness", number=4, sha256="4" * 64), manifest.Rubric(id="helpfulness", number=3, sha256="3" * 64)],
        "policies": [make_policy("warm"), make_policy("cold")],
        "filters": {"least_margin": 0.0},
        "split": manifest.SplitPlan(salt="everyday", shares={"train": 0.9, "validation": 0.05, "test": 0.05}),
        "counts": manifest.Counts(rows={"train": 3, "validation": 1, "test": 0}, votes=2, left_out={"tie": 5, "no right answer": 1}),
        "files": [manifest.file_entry(folder / name) for name in ("votes.jsonl", "train.jsonl", "validation.jsonl", "card.md")],
    }
    return manifest.build(**{**parts, **changes})


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
    (folder / "train.jsonl").write_bytes(TRAIN)
    (folder / "validation.jsonl").write_bytes(TRAIN[: TRAIN.index(b"\n") + 1])
    (folder / "votes.jsonl").write_bytes(b"{}\n{}\n")
    (folder / "card.md").write_text("# Everyday\n\nWhat it is.\n")
    seal(folder, make_manifest(folder))
    return folder


def test_it_works(version: Path) -> None:
    assert manifest.verify(version) == []
    made = json.loads((version / "manifest.json").read_bytes())
    assert made["schema"] == "tiebreak.manifest/1"
    assert made["counts"] == {"rows": {"train": 3, "validation": 1, "test": 0}, "votes": 2, "left_out": {"tie": 5, "no right answer": 1}}
    assert [file["name"] for file in made["files"]] == ["card.md", "train.jsonl", "validation.jsonl", "votes.jsonl"]
    assert made["files"][1] == {"name": "train.jsonl", "bytes": len(TRAIN), "sha256": hashlib.sha256(TRAIN).hexdigest(), "rows": 3}


def test_the_id_is_the_hash_of_the_manifest_file(version: Path) -> None:
    data = (version / "manifest.json").read_bytes()
    assert manifest.identity(manifest.parse(data)) == hashlib.sha256(data).hexdigest()
    assert manifest.verify(version, expected_id=hashlib.sha256(data).hexdigest()) == []


def test_the_order_in_which_parts_are_given_does_not_matter(version: Path) -> None:
    made = make_manifest(version)
    turned = make_manifest(
        version,
        campaigns=["autumn", "spring"],
        rules=[manifest.Rule(name="majority", version=1), manifest.Rule(name="majority", version=2)],
        policies=[make_policy("cold"), make_policy("warm")],
        split=manifest.SplitPlan(salt="everyday", shares={"test": 0.05, "validation": 0.05, "train": 0.9}),
        counts=manifest.Counts(rows={"test": 0, "train": 3, "validation": 1}, votes=2, left_out={"no right answer": 1, "tie": 5}),
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
    (version / "votes.jsonl").write_bytes(b"{}\n[]\n")
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
    seal(folder, make_manifest(folder, counts=manifest.Counts(rows={"train": 2, "validation": 1}, votes=2, left_out={})))


def hide_a_split(folder: Path) -> None:
    seal(folder, make_manifest(folder, counts=manifest.Counts(rows={"train": 3}, votes=2, left_out={})))


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
        (cut, ["train.jsonl: 70 bytes, where the manifest has 105", "train.jsonl: 2 rows, where the manifest has 3 rows"]),
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
    reported = manifest.verify(version)
    assert len(reported) == len(problems)
    for said, expected in zip(reported, problems, strict=True):
        assert said.startswith(expected)


def test_a_forged_manifest_is_found_out_by_the_id_from_elsewhere(version: Path) -> None:
    frozen = manifest.identity(make_manifest(version))
    (version / "train.jsonl").write_bytes(TRAIN.replace(b"F", b"f"))
    seal(version, make_manifest(version))
    assert manifest.verify(version) == []
    assert manifest.verify(version, expected_id=frozen)[0].startswith("manifest.json: this is version ")


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
    (problem,) = manifest.verify(tmp_path)
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
