"""From a draft to files that everybody may read: written aside, synced, renamed into place, and only then made visible by the commit.

Whatever dies at whatever moment, readers see the old versions or the whole new one; what is left lying is found by the sweep.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import OperationalError, connection, transaction
from psycopg import errors

from exports import freezing, manifest, writing
from exports.formats import FormatError
from exports.freezing import NothingToFreeze, Order
from exports.models import DatasetFile, DatasetVersion
from exports.splits import SPLITS

log = logging.getLogger(__name__)

TRIES = 5
CONFLICTS = (errors.SerializationFailure, errors.DeadlockDetected)

SWEEPING = 7_232_817_001
"""Key of the advisory lock that publishers share, and that a sweep must have for itself."""

SCRATCH, ORPHAN = ".writing-", ".orphan-"
KEPT = timedelta(days=7)
"""How long a folder that no version claims is kept aside: a database restored from a backup may not know versions that it had."""


class NotPublished(Exception):
    """Why there is no new version, for people. Nothing of it can be seen."""


def publish(order: Order) -> DatasetVersion:
    """Freeze the settled pairs, write the files, and make both visible at once. Not for use inside a transaction.

    Raises NothingToFreeze, and NotPublished where the files cannot be written or others freeze the same dataset without end.
    """
    for _ in range(TRIES):
        try:
            return attempt(order)
        except OperationalError as error:
            if not isinstance(error.__cause__, CONFLICTS):
                raise
            log.info("%s: somebody else was first; beginning again", order.dataset)
        except FormatError as error:
            raise NotPublished(f"No version was made: {error}.") from error
        except OSError as error:
            raise NotPublished(why_not_written(error)) from error
    raise NotPublished(f"No version was made: others were freezing {order.dataset} at the same time, {TRIES} times over. Try again.")


def attempt(order: Order) -> DatasetVersion:
    with freezing.one_moment():
        hold_off_sweeps()
        draft = freezing.draft(order)
        with scratch_folder() as folder:
            described = writing.write(draft, folder)
            version = freezing.store(draft, order, manifest=described, identity=manifest.identity(described), files=files_in(folder))
            put_in_place(folder, version.folder)
    log.info("%s, version %s: %s rows", order.dataset, version.number, version.rows_count)
    return version


def files_in(folder: Path) -> list[DatasetFile]:
    entries = [manifest.file_entry(path) for path in sorted(folder.iterdir())]
    return [DatasetFile(name=entry.name, split=split_named(entry.name), sha256=entry.sha256, size=entry.bytes, rows_count=entry.rows) for entry in entries]


def split_named(name: str) -> str:
    return next((split for split in SPLITS if name == f"{split}.jsonl"), "")


# The file system


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Lend a folder on the file system of the versions. What is still there afterwards is removed."""
    settings.DATASETS_DIR.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=SCRATCH, dir=settings.DATASETS_DIR))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def put_in_place(folder: Path, place: Path) -> None:
    """Rename a folder to its place so that it survives a power cut. What lies there is nobody's, since the number is ours."""
    for path in [*sorted(folder.iterdir()), folder]:
        sync(path)
    place.parent.mkdir(exist_ok=True)
    sync(place.parent.parent)
    if place.exists():
        set_aside(place)
    folder.rename(place)
    sync(place.parent)


def sync(path: Path) -> None:
    """Wait until the disk has a file, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def why_not_written(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"No version was made: the disk under {settings.DATASETS_DIR} is full. Make room and freeze again."
    return f"No version was made: its files cannot be written to {settings.DATASETS_DIR} ({error.strerror or error})."


# What was left lying


def hold_off_sweeps() -> None:
    """Until the transaction ends no sweep runs: files may stand in their place a moment before their version can be seen."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [SWEEPING])


def nobody_publishes() -> bool:
    """Say whether nobody publishes now; if so, nobody begins before the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [SWEEPING])
        return bool(cursor.fetchone()[0])


@transaction.atomic
def sweep_orphans(*, at: datetime) -> list[Path]:
    """Remove what dead publishers left, set aside the folders that no version claims, and return both. Nothing while somebody publishes."""
    if not settings.DATASETS_DIR.is_dir() or not nobody_publishes():
        return []
    scratch = [path for path in settings.DATASETS_DIR.glob(f"{SCRATCH}*") if path.is_dir()]
    old = [path for path in settings.DATASETS_DIR.glob(f"{ORPHAN}*") if path.stat().st_mtime < (at - KEPT).timestamp()]
    for path in scratch + old:
        shutil.rmtree(path)
    unclaimed = list(orphans())
    for path in unclaimed:
        set_aside(path)
        with suppress(OSError):
            path.parent.rmdir()  # where it was the only one
    return scratch + old + unclaimed


def orphans() -> Iterator[Path]:
    """Yield folders that are a version's by their look, and are in their place, while the database knows no such version."""
    known = {(name, str(number)) for name, number in DatasetVersion.objects.values_list("dataset__name", "number")}
    for described in sorted(settings.DATASETS_DIR.glob(f"[!.]*/*/{manifest.NAME}")):
        folder = described.parent
        if (folder.parent.name, folder.name) not in known:
            yield folder


def set_aside(folder: Path) -> None:
    """Take a folder out of its place in one step; a later sweep removes it."""
    aside = Path(tempfile.mkdtemp(prefix=f"{ORPHAN}{folder.parent.name}-{folder.name}-", dir=settings.DATASETS_DIR))
    folder.rename(aside)
    os.utime(aside)
    log.warning("%s belongs to no version; it is kept for %s days as %s", folder, KEPT.days, aside)


__all__ = ["NotPublished", "NothingToFreeze", "Order", "publish", "sweep_orphans"]
