"""Folders that become visible in one step and survive a power cut: written aside, synced, renamed into place. Of no version in particular."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection

log = logging.getLogger(__name__)

SWEEPING = 7_232_817_001
"""Key of the advisory lock that writers share, and that a sweep must have for itself."""

SCRATCH, ORPHAN = ".writing-", ".orphan-"
KEPT = timedelta(days=7)
"""How long a folder that no version claims is kept aside: a database restored from a backup may not know versions that it had."""


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


def set_aside(folder: Path) -> None:
    """Take a folder out of its place in one step; a later sweep removes it."""
    aside = Path(tempfile.mkdtemp(prefix=f"{ORPHAN}{folder.parent.name}-{folder.name}-", dir=settings.DATASETS_DIR))
    folder.rename(aside)
    os.utime(aside)
    log.warning("%s belongs to no version; it is kept for %s days as %s", folder, KEPT.days, aside)


def lying_aside(*, before: datetime) -> list[Path]:
    """Return the folders that no version claims and nobody has touched since: half-written ones, and those that were set aside."""
    aside = [path for begin in (SCRATCH, ORPHAN) for path in settings.DATASETS_DIR.glob(f"{begin}*") if path.is_dir()]
    return [path for path in aside if path.stat().st_mtime < before.timestamp()]


# Sweeps stand back


def hold_off_sweeps() -> None:
    """Until the transaction ends no sweep runs: files may stand in their place a moment before their version can be seen."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [SWEEPING])


@contextmanager
def sweeps_held_off() -> Iterator[None]:
    """No sweep runs meanwhile, over any number of transactions; should this process die, its end ends it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock_shared(%s)", [SWEEPING])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock_shared(%s)", [SWEEPING])


def nobody_publishes() -> bool:
    """Say whether nobody writes now; if so, nobody begins before the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [SWEEPING])
        return bool(cursor.fetchone()[0])
