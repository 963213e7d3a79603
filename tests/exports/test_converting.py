"""A version in a trainer's layout: asked for once, written from the version's own bytes, kept, and private where the version is."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from benchmarks.soak.judging import leave_the_database
from exports import converting, packing, publishing, tasks
from exports.converting import NotConverted
from exports.layouts import LAYOUTS
from exports.models import Conversion, DatasetFile, DatasetVersion
from labeling.models import Campaign, Role
from tests.builders import make_prompt
from tests.exports.settled import order, settled_campaign, settled_pair, spread


@pytest.fixture
def version(any_moment: None, everyday: Campaign, rosa: User) -> DatasetVersion:
    """A version with rows in every split, one of them of two user's turns in a row."""
    labelers = [membership.user for membership in everyday.memberships.filter(role=Role.LABELER)]
    twice = [{"role": "user", "content": "Well?"}, {"role": "user", "content": "A knot?"}]
    settled_pair(everyday, labelers, prompt=make_prompt(messages=twice))
    return publishing.publish(spread(order(everyday, by=rosa, shares={"train": 0.5, "validation": 0.25, "test": 0.25})))


def asked(version: DatasetVersion, layout: str = "kto", kind: str = "jsonl") -> Conversion:
    return converting.ask(version, layout, kind, by=None, at=timezone.now())


def done(version: DatasetVersion, layout: str = "kto", kind: str = "jsonl") -> Conversion:
    conversion = asked(version, layout, kind)
    assert converting.convert(conversion.pk, at=timezone.now())
    conversion.refresh_from_db()
    return conversion


def lines(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


EVERY = [(name, kind) for name, layout in LAYOUTS.items() for kind in layout.kinds]


def test_it_works(version: DatasetVersion) -> None:
    conversion = done(version)
    counts = version.manifest["counts"]["rows"]
    for split, rows in ((split, rows) for split, rows in counts.items() if rows):
        file = conversion.files.get(split=split)
        assert (file.name, file.rows_count) == (f"kto.{split}.jsonl", 2 * rows)
        own = lines(version.folder / f"{split}.jsonl")
        assert [line["completion"] for line in lines(file.path)] == [row[side] for row in own for side in ("chosen", "rejected")]
    assert (conversion.state, conversion.rows_done, conversion.percent, conversion.error) == ("done", version.rows_count, 100, "")


def test_every_layout_names_its_version_its_converter_and_its_files(version: DatasetVersion, tmp_path: Path) -> None:
    for layout, kind in EVERY:
        conversion = done(version, layout, kind)
        check_manifest(conversion, version, layout, kind)
        check_block(conversion, layout, kind)
        (tmp_path / f"{layout}.{kind}").mkdir()
        converting.write(conversion, tmp_path / f"{layout}.{kind}")
        assert contents(tmp_path / f"{layout}.{kind}") == contents(conversion.folder)  # the same bytes again
        for file in conversion.files.exclude(split=""):
            assert file.split == file.name.split(".")[1].split("-")[0]
            assert file.is_private == (file.split == "test")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def check_manifest(conversion: Conversion, version: DatasetVersion, layout: str, kind: str) -> None:
    found = {file.name: file for file in conversion.files.all()}
    described = json.loads(found[f"{layout}.{kind}.manifest.json"].path.read_bytes())
    assert (described["version"], described["converter"]["name"]) == (version.manifest_sha256, f"tiebreak.layouts.{layout}")
    assert (described["converter"]["version"], described["rows"]) == (LAYOUTS[layout].version, version.rows_count)
    for file in found.values():
        data = file.path.read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file.size, file.sha256)
    assert {path.name for path in conversion.folder.iterdir()} == set(found)
    assert {file["name"] for file in described["files"]} <= set(found)


def test_rows_that_a_trainer_would_drop_are_left_out_and_counted(version: DatasetVersion) -> None:
    conversion = done(version, "llama-factory")
    described = json.loads((conversion.folder / "llama-factory.jsonl.manifest.json").read_bytes())
    assert described["left_out"] == {"turns that do not alternate": 1}
    assert sum(file.rows_count or 0 for file in conversion.files.exclude(split="")) == version.rows_count - 1
    entries = json.loads((conversion.folder / "dataset_info.json").read_bytes())
    assert {entry["file_name"] for entry in entries.values()} == {file.name for file in conversion.files.exclude(split="")}


def test_votes_stay_with_their_rows(version: DatasetVersion) -> None:
    battles = [line for file in done(version, "arena").files.exclude(split="") for line in lines(file.path)]
    votes = [vote for path in version.folder.glob("*.votes.jsonl") for vote in lines(path)]
    assert sorted((line["question_id"], line["judge"]) for line in battles) == sorted((vote["pair_id"], vote["labeler"]) for vote in votes)


def test_large_ones_are_cut_into_shards(version: DatasetVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(converting, "ROWS_A_SHARD", 3)
    conversion = done(version, "trl-implicit", "parquet")
    rows = version.manifest["counts"]["rows"]["train"]
    assert rows > 3
    shards = list(conversion.files.filter(split="train").order_by("name"))
    number = -(-rows // 3)
    assert [shard.name for shard in shards] == [f"trl-implicit.train-{place:05}-of-{number:05}.parquet" for place in range(1, number + 1)]
    assert [shard.rows_count for shard in shards] == [3] * (number - 1) + [rows - 3 * (number - 1)]
    assert "'trl-implicit.train-*.parquet'" in converting.block_of(conversion)
    (whole,) = done(version, "llama-factory").files.filter(split="train")
    assert whole.name == "llama-factory.train.jsonl"


def check_block(conversion: Conversion, layout: str, kind: str) -> None:
    block = converting.block_of(conversion)
    if layout not in ("arena", "helpsteer3"):
        assert "test" not in block
    assert f"{layout}.train.{kind}" in block or "preferences_train" in block
    if LAYOUTS[layout].language == "python":
        compile(block, layout, "exec")


# Asked once, kept


def test_what_was_asked_for_before_is_kept(version: DatasetVersion, rosa: User) -> None:
    first = done(version)
    again = converting.ask(version, "kto", by=rosa, at=timezone.now())
    assert (again.pk, again.state) == (first.pk, "done")
    assert not converting.convert(again.pk, at=timezone.now())
    assert Conversion.objects.count() == 1


@pytest.mark.parametrize(("layout", "kind"), [("nothing", "jsonl"), ("kto", "csv"), ("canonical", "jsonl"), ("openai", "parquet")])
def test_what_there_is_not_is_refused(layout: str, kind: str, version: DatasetVersion) -> None:
    with pytest.raises(NotConverted, match="There is no layout"):
        asked(version, layout, kind)


def test_of_a_withdrawn_version_nothing_is_written(version: DatasetVersion) -> None:
    conversion = asked(version)
    DatasetVersion.objects.filter(pk=version.pk).update(state=DatasetVersion.State.WITHDRAWN)
    with pytest.raises(NotConverted, match="withdrawn"):
        asked(DatasetVersion.objects.get(), "reward")
    assert not converting.convert(conversion.pk, at=timezone.now())
    conversion.refresh_from_db()
    assert (conversion.state, conversion.error) == ("failed", "The version was withdrawn.")
    assert not conversion.folder.exists()
    assert not DatasetFile.objects.exclude(conversion=None).exists()


@pytest.mark.parametrize("change", [lambda data: data.replace(b"Answer", b"answer", 1), lambda data: data + b"{}\n", lambda data: data[: len(data) // 2]])
def test_a_version_that_is_no_longer_what_was_frozen_is_not_converted(change: Any, version: DatasetVersion) -> None:
    file = version.folder / "train.jsonl"
    file.write_bytes(change(file.read_bytes()))
    conversion = asked(version, "reward", "parquet")
    assert not converting.convert(conversion.pk, at=timezone.now())
    conversion.refresh_from_db()
    assert conversion.state == "failed"
    assert not conversion.folder.exists()


def test_a_full_disk_is_said_and_asking_again_begins_anew(version: DatasetVersion, datasets_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(packing.Packed, "add", full)
        conversion = asked(version)
        assert not converting.convert(conversion.pk, at=timezone.now())
    conversion.refresh_from_db()
    assert "No space left" in conversion.error
    assert not list(datasets_dir.glob(".writing-*"))
    assert done(version).state == "done"


def test_a_worker_that_died_is_followed_by_another_and_the_third_is_the_last(version: DatasetVersion) -> None:
    conversion, now = asked(version), timezone.now()
    for attempt in range(1, 4):
        Conversion.objects.filter(pk=conversion.pk).update(state="writing", attempt=attempt, lease_ends_at=now - timedelta(seconds=1))
        assert converting.give_up_on(at=now) == (attempt == 3)
    conversion.refresh_from_db()
    assert (conversion.state, conversion.error) == ("failed", "3 workers ended while they wrote it.")
    assert asked(version).state == "asked"


def test_who_lost_the_work_to_another_changes_nothing(version: DatasetVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    conversion = asked(version)

    def meanwhile(*args: Any, **kwargs: Any) -> Any:
        Conversion.objects.filter(pk=conversion.pk).update(attempt=7)
        return write(*args, **kwargs)

    write = converting.write
    monkeypatch.setattr(converting, "write", meanwhile)
    assert not converting.convert(conversion.pk, at=timezone.now())
    conversion.refresh_from_db()
    assert (conversion.state, conversion.attempt) == ("writing", 7)
    assert not conversion.folder.exists()


def test_the_sweep_rings_for_what_was_forgotten(version: DatasetVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[int] = []
    monkeypatch.setattr(tasks.convert, "delay", rung.append)
    conversion = asked(version)
    tasks.sweep()
    assert rung == [conversion.pk]
    tasks.convert(conversion.pk)
    tasks.sweep()
    assert rung == [conversion.pk]


def test_a_broker_that_is_away_keeps_nobody_from_asking(
    version: DatasetVersion, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    def away(pk: int) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr(tasks.convert, "delay", away)
    with django_capture_on_commit_callbacks(execute=True):
        tasks.ring_for(asked(version))
    assert Conversion.objects.waiting(at=timezone.now()).count() == 1


# Who may have them


def test_a_layout_is_downloaded_as_any_file_of_the_version(version: DatasetVersion, client: Client, rosa: User) -> None:
    file = done(version, "reward", "parquet").files.get(split="train")
    client.force_login(rosa)
    response = client.get(reverse("download-file", args=["helpfulness", 1, file.name]))
    assert hashlib.sha256(b"".join(response)).hexdigest() == file.sha256


def test_its_files_are_never_changed(version: DatasetVersion) -> None:
    done(version)
    with pytest.raises(IntegrityError, match="only ever added to"), transaction.atomic():
        DatasetFile.objects.exclude(conversion=None).update(sha256="0" * 64)


# Killed


@pytest.mark.commits
@pytest.mark.parametrize("at", ["write", "fsync", "rename"])
def test_killed_while_it_writes_it_leaves_nothing_to_be_seen(committed_db: str, at: str, datasets_dir: Path) -> None:
    made = publishing.publish(order(settled_campaign(pairs=3)))
    conversion = asked(made)
    leave_the_database()
    child = os.fork()
    if child == 0:
        die_at(at)
        converting.convert(conversion.pk, at=timezone.now())
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    conversion.refresh_from_db()
    assert conversion.state == "writing"
    assert not DatasetFile.objects.exclude(conversion=None).exists()
    assert converting.convert(conversion.pk, at=timezone.now() + timedelta(minutes=5))
    assert sorted(path.name for path in conversion.folder.iterdir()) == sorted(conversion.files.values_list("name", flat=True))


def die_at(call: str) -> None:
    def die(*args: Any, **kwargs: Any) -> Any:
        os.kill(os.getpid(), signal.SIGKILL)

    if call == "write":
        packing.Sealed.write = die  # type: ignore[method-assign]
    else:
        setattr(os, call, die)
