"""From a draft to files that everybody may read: written aside, synced, renamed into place, and only then made visible by the commit.

Whatever dies at whatever moment, readers see the old versions or the whole new one; what is left lying is found by the sweep.
"""

from __future__ import annotations

import errno
import logging
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _
from psycopg import errors

from accounts.wording import told
from exports import freezing, manifest, sketching, writing
from exports.folders import KEPT, ORPHAN, SCRATCH, hold_off_sweeps, nobody_publishes, put_in_place, scratch_folder, set_aside
from exports.formats import FormatError
from exports.freezing import NothingToFreeze, Order
from exports.holding_out import CannotHoldOut
from exports.models import DatasetFile, DatasetVersion
from exports.splits import SPLITS

log = logging.getLogger(__name__)

TRIES = 5
MANY = 1000
"""Rows of a version from which on it matters whether PostgreSQL knows of them."""

CONFLICTS = (errors.SerializationFailure, errors.DeadlockDetected)


class NotPublished(Exception):
    """Why there is no new version, for people. Nothing of it can be seen."""


def publish(order: Order) -> DatasetVersion:
    """Freeze the settled pairs, write the files, and make both visible at once. Not for use inside a transaction.

    Raises NothingToFreeze, and NotPublished where the files cannot be written, somebody cannot be held out, or others freeze the same dataset without end.
    """
    sketching.catch_up()
    version = attempts(order)
    if version.rows_count >= MANY:
        count_rows()
    return version


def attempts(order: Order) -> DatasetVersion:
    """Attempt it until nobody else was first, TRIES times at most."""
    for _attempt in range(TRIES):
        try:
            return attempt(order)
        except OperationalError as error:
            if not isinstance(error.__cause__, CONFLICTS):
                raise
            log.info("%s: somebody else was first; beginning again", order.dataset)
        except CannotHoldOut as error:
            raise NotPublished(str(error)) from error
        except FormatError as error:
            raise NotPublished(_("No version was made: {why}.").format(why=told(error))) from error
        except OSError as error:
            raise NotPublished(why_not_written(error)) from error
    words = _("No version was made: others were freezing {name} at the same time, {n} times over. Try again.")
    raise NotPublished(words.format(name=order.dataset, n=TRIES))


def attempt(order: Order) -> DatasetVersion:
    with freezing.one_moment():
        hold_off_sweeps()
        draft = freezing.draft(order)
        with scratch_folder() as folder:
            described = writing.write(draft, folder)
            version = freezing.store(draft, order, manifest=described, identity=manifest.identity(described), files=files_of(described, folder))
            put_in_place(folder, version.folder)
    log.info("%s, version %s: %s rows", order.dataset, version.number, version.rows_count)
    return version


def count_rows() -> None:
    """Have PostgreSQL see how many rows the versions have. Until it looks by itself, a minute later, it plans for a single row of one that it does not know."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE exports_datasetrow")
    except OperationalError:
        log.warning("PostgreSQL was kept from counting the rows of the versions; queries are slow until it has", exc_info=True)


def files_of(described: manifest.Manifest, folder: Path) -> list[DatasetFile]:
    """Return every file of a version as it is to be stored: those that the manifest names, and the two that describe it."""
    entries = [manifest.FileEntry(**file) for file in described["files"]] + [manifest.file_entry(folder / name) for name in (manifest.NAME, manifest.SUMS)]
    return [DatasetFile(name=entry.name, split=split_named(entry.name), sha256=entry.sha256, size=entry.bytes, rows_count=entry.rows) for entry in entries]


def split_named(name: str) -> str:
    """Return the split that a file holds rows or votes of: what its name begins with."""
    first = name.partition(".")[0]
    return first if first in SPLITS else ""


def why_not_written(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _("No version was made: the disk under {folder} is full. Make room and freeze again.").format(folder=settings.DATASETS_DIR)
    words = _("No version was made: its files cannot be written to {folder} ({error}).")
    return words.format(folder=settings.DATASETS_DIR, error=error.strerror or error)


# What was left lying


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


__all__ = ["NotPublished", "NothingToFreeze", "Order", "publish", "sweep_orphans"]
