"""A publisher that dies at any moment leaves nothing that can be seen, and what it leaves lying is swept away.

It dies for real here: a forked process ends itself, without any clean-up, in place of its n-th call that changes names or waits for the disk.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.utils import timezone
from pytest_django import Settings

from exports import folders, freezing, inspection, lining, manifest, publishing, writing
from exports.freezing import Order
from exports.models import Dataset, DatasetVersion
from labeling.models import Campaign
from tests.exports.settled import order, settled_campaign

pytestmark = pytest.mark.commits

CALLS = ("mkdir", "open", "fsync", "rename")
"""The functions of `os` at which a publisher is killed, beside each part of a file that it writes. (Path.mkdir and Path.rename end there too.)"""


@pytest.fixture
def datasets_dir(settings: Settings, tmp_path: Path) -> Path:
    settings.DATASETS_DIR = tmp_path / "datasets"
    return tmp_path / "datasets"


@pytest.fixture
def campaign(committed_db: str, datasets_dir: Path) -> Campaign:
    """A campaign with a version 1 that must stay as it is, whatever happens."""
    made = settled_campaign(pairs=3)
    publishing.publish(order(made))
    return made


class Fuse:
    """Counts calls, from whichever thread, and at the n-th does something else."""

    def __init__(self, at: int, then: Callable[[], None]) -> None:
        self.at, self.then, self.calls = at, then, 0
        self.lock = threading.Lock()

    def watch(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any, **kwargs: Any) -> Any:
            with self.lock:
                self.calls += 1
                if self.calls == self.at:
                    self.then()
            return function(*args, **kwargs)

        return watched

    def lay(self) -> None:
        """For the rest of this process."""
        lining.LineFile.add = self.watch(lining.LineFile.add)  # type: ignore[method-assign]
        for name in CALLS:
            setattr(os, name, self.watch(getattr(os, name)))


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def publish_in_a_fork(campaign: Campaign, *, die_at: int) -> tuple[bool, int]:
    """Publish in a process that is killed at its n-th call. Return whether it died, and how many calls there were if not."""
    leave_the_database()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        fuse = Fuse(die_at, die)
        fuse.lay()
        try:
            publishing.publish(order(campaign))
        finally:
            os.write(write, str(fuse.calls).encode())
            os._exit(0)  # without pytest's own end
    os.close(write)
    _, status = os.waitpid(child, 0)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read()
    wait_for_the_server()
    return os.WIFSIGNALED(status), int(said or 0)


def leave_the_database() -> None:
    """Close what a forked process must not share with us."""
    ours = connections["default"]
    ours.close()
    if ours.settings_dict["OPTIONS"].get("pool"):
        ours.close_pool()  # type: ignore[attr-defined]


def wait_for_the_server() -> None:
    """Wait until PostgreSQL has noticed that the dead process is gone, and has given its locks back."""
    for _ in range(100):
        with transaction.atomic():
            if folders.nobody_publishes():
                return
        time.sleep(0.05)
    raise AssertionError("the dead publisher's lock is still held")


def visible() -> list[int]:
    """Return the numbers of the versions that can be seen, each checked byte for byte."""
    numbers = []
    for version in DatasetVersion.objects.order_by("number"):
        assert inspection.verify(version.folder, expected_id=version.manifest_sha256) == []
        numbers.append(version.number)
    return numbers


def left_lying(datasets_dir: Path) -> list[str]:
    """Return what is under the versions' folder and in no version that can be seen."""
    claimed = {version.folder for version in DatasetVersion.objects.all()}
    return sorted(
        path.relative_to(datasets_dir).as_posix() for path in [*datasets_dir.glob("*/*"), *datasets_dir.glob(".*")] if path not in claimed and path.is_dir()
    )


@pytest.mark.slow
def test_killed_at_every_call_it_leaves_the_old_versions_or_the_whole_new_one(campaign: Campaign, datasets_dir: Path) -> None:
    left = set()
    for call in range(1, 100):
        died, calls = publish_in_a_fork(campaign, die_at=call)
        if not died:
            assert calls == call - 1  # every one of them has been tried
            break
        assert visible() == [1]
        left |= {name.rpartition("-")[0] or name for name in left_lying(datasets_dir)}
        publishing.sweep_orphans(at=timezone.now() + timedelta(days=8))
        publishing.sweep_orphans(at=timezone.now() + timedelta(days=8))
        assert left_lying(datasets_dir) == []
    assert visible() == [1, 2]
    assert {".writing", "helpfulness/2"} <= left  # both kinds of remains did occur


def test_killed_at_the_commit_it_leaves_a_folder_that_the_next_version_takes_over(campaign: Campaign, datasets_dir: Path) -> None:
    abandon(campaign, datasets_dir)
    assert left_lying(datasets_dir) == ["helpfulness/2"]
    assert visible() == [1]
    assert publishing.publish(order(campaign)).number == 2
    assert visible() == [1, 2]
    assert [name[:22] for name in left_lying(datasets_dir)] == [".orphan-helpfulness-2-"]


def abandon(campaign: Campaign, datasets_dir: Path) -> None:
    """Do all but the commit."""
    with contextlib.suppress(KeyboardInterrupt), freezing.one_moment(), folders.scratch_folder() as folder:
        writing.write(freezing.draft(order(campaign)), folder)
        folders.put_in_place(folder, datasets_dir / "helpfulness" / "2")
        raise KeyboardInterrupt


# The sweep


def test_the_sweep_sets_unclaimed_folders_aside_and_removes_them_after_a_week(campaign: Campaign, datasets_dir: Path) -> None:
    abandon(campaign, datasets_dir)
    publishing.sweep_orphans(at=timezone.now())
    (aside,) = left_lying(datasets_dir)
    assert aside.startswith(".orphan-helpfulness-2-")
    assert publishing.sweep_orphans(at=timezone.now() + timedelta(days=6)) == []
    publishing.sweep_orphans(at=timezone.now() + timedelta(days=8))
    assert left_lying(datasets_dir) == []


def test_without_the_sweep_the_remains_stay(campaign: Campaign, datasets_dir: Path) -> None:
    """The negative control."""
    died, _ = publish_in_a_fork(campaign, die_at=6)
    assert died
    assert left_lying(datasets_dir)


def test_the_sweep_leaves_alone_what_is_being_published(campaign: Campaign, datasets_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    swept: list[list[Path]] = []

    def sweep_meanwhile(*args: Any) -> None:
        with ThreadPoolExecutor(1) as pool:
            swept.append(pool.submit(sweep).result(timeout=30))
        put_in_place(*args)

    def sweep() -> list[Path]:
        try:
            return publishing.sweep_orphans(at=timezone.now())
        finally:
            connection.close()

    put_in_place = folders.put_in_place
    monkeypatch.setattr(publishing, "put_in_place", sweep_meanwhile)
    assert publishing.publish(order(campaign)).number == 2
    assert swept == [[]]
    assert visible() == [1, 2]


def test_the_sweep_leaves_alone_what_is_no_version(campaign: Campaign, datasets_dir: Path) -> None:
    (datasets_dir / "photos" / "2020").mkdir(parents=True)
    (datasets_dir / "photos" / "2020" / "knot.jpg").write_bytes(b"jpg")
    assert publishing.sweep_orphans(at=timezone.now()) == []
    assert (datasets_dir / "photos" / "2020" / "knot.jpg").exists()


def test_the_sweep_does_nothing_where_nothing_was_ever_published(committed_db: str, datasets_dir: Path) -> None:
    call_command("sweep_datasets")
    assert not datasets_dir.exists()


# Errors that are no deaths


def fail_at(monkeypatch: pytest.MonkeyPatch, name: str, at: int, error: OSError) -> None:
    """Make the n-th call of a function of `os` fail."""

    def fail() -> None:
        raise error

    monkeypatch.setattr(os, name, Fuse(at, fail).watch(getattr(os, name)))


@pytest.mark.parametrize(("name", "at"), [("mkdir", 2), ("fsync", 1), ("fsync", 5), ("rename", 1)])
def test_a_full_disk_is_said_and_leaves_nothing(name: str, at: int, campaign: Campaign, datasets_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_at(monkeypatch, name, at, OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(publishing.NotPublished, match="the disk under .* is full"):
        publishing.publish(order(campaign))
    assert left_lying(datasets_dir) == []
    assert visible() == [1]
    assert Dataset.objects.get().last_number == 1


def test_a_folder_that_may_not_be_written_is_named(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_at(monkeypatch, "mkdir", 2, PermissionError(errno.EACCES, "Permission denied"))
    with pytest.raises(publishing.NotPublished, match=r"cannot be written to .*datasets \(Permission denied\)"):
        publishing.publish(order(campaign))


# What the order of things is for


def publish_naively(wanted: Order) -> DatasetVersion:
    """Commit first, then write every file in its place: what `publishing` does not do."""
    with freezing.one_moment(), folders.scratch_folder() as folder:
        made = freezing.draft(wanted)
        described = writing.write(made, folder)
        version = freezing.store(made, wanted, manifest=described, identity=manifest.identity(described), files=publishing.files_of(described, folder))
    version.folder.mkdir()
    writing.write(made, version.folder)
    return version


def test_committed_first_a_reader_meets_half_a_version(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control of the first test: it does see half versions where there are any."""
    monkeypatch.setattr(publishing, "attempt", publish_naively)
    died, call = True, 1
    while died and is_sound():
        died, _ = publish_in_a_fork(campaign, die_at=call)
        call += 3
    assert died
    assert not is_sound()


def is_sound() -> bool:
    return all(inspection.verify(version.folder) == [] for version in DatasetVersion.objects.all())
