"""From a version's own files to a trainer's layout: written aside when somebody asks, then kept, each with a manifest that names version and converter."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from exports import folders, formats, packing
from exports.layouts import LAYOUTS, Layout, Line, NotTaken
from exports.layouts.layout import same
from exports.manifest import FileEntry
from exports.models import Conversion, DatasetFile, DatasetVersion
from exports.splits import SPLITS

log = logging.getLogger(__name__)

SCHEMA = "tiebreak.layout/1"
LEASE = timedelta(seconds=120)
MOST_ATTEMPTS = 3
AT_ONCE = 2000
"""Rows in memory at once."""
ROWS_A_SHARD = 250_000


class NotConverted(Exception):
    """Why there are no such files, for people."""


class Lost(Exception):
    """Somebody else works on it by now."""


def silent(rows: int) -> None:
    """Tell nobody how far it has come."""


# ---- asking


def ask(version: DatasetVersion, layout: str, kind: str = Conversion.Kind.JSONL, *, by: User | None, at: datetime) -> Conversion:
    """Return the version in a layout: as it was asked for before, or asked for now. What failed is begun anew. Raises NotConverted.

    A caller rings for a worker once the transaction is over (`tasks.ring_for`); a forgotten one is found by the sweep.
    """
    no_such = _("There is no layout {layout} in {kind} files.").format(layout=repr(layout), kind=repr(kind))
    refuse_unless(layout in LAYOUTS and kind in LAYOUTS[layout].kinds, no_such)
    refuse_unless(version.state != DatasetVersion.State.WITHDRAWN, _("The version was withdrawn."))
    asked, is_new = Conversion.objects.get_or_create(version=version, layout=layout, kind=kind, defaults={"asked_by": by, "asked_at": at})
    if not is_new and asked.state == Conversion.State.FAILED:
        Conversion.objects.filter(pk=asked.pk, state=Conversion.State.FAILED).update(
            state=Conversion.State.ASKED, error="", asked_by=by, asked_at=at, attempt=0
        )
        asked.refresh_from_db()
    return asked


def block_of(conversion: Conversion) -> str:
    """Return a configuration, ready to be copied, for the trainer that reads the layout."""
    layout = LAYOUTS[conversion.layout]
    return layout.block(names_of(conversion, {split: shards_of(rows, layout) for split, rows in rows_of(conversion.version).items()}))


def shards_of(rows: int, layout: Layout) -> int:
    """Return into how many files a split is cut."""
    return 1 if layout.one_file else 1 + (rows - 1) // ROWS_A_SHARD


def rows_of(version: DatasetVersion) -> dict[str, int]:
    """Return the rows of each split that has some."""
    counts = version.manifest["counts"]["rows"]
    return {split: counts[split] for split in SPLITS if counts.get(split)}


def names_of(conversion: Conversion, shards: Mapping[str, int]) -> dict[str, str]:
    """Return what each split's files are called, for a trainer: one name, or a pattern of several."""
    begin = conversion.layout
    return {split: f"{begin}.{split}{'-*' if number > 1 else ''}.{conversion.kind}" for split, number in shards.items()}


# ---- writing


def convert(pk: int, *, at: datetime) -> bool:
    """Claim what was asked for, write it, and make it visible. Returns whether it is done by us; not where another worker has it. Not in a transaction."""
    if (
        not Conversion.objects.waiting(at=at)
        .filter(pk=pk)
        .update(state=Conversion.State.WRITING, attempt=F("attempt") + 1, lease_ends_at=at + LEASE, rows_done=0)
    ):
        return False
    mine = Conversion.objects.select_related("version__dataset").get(pk=pk)
    try:
        attempt(mine)
    except Lost:
        return False
    except (NotConverted, OSError, formats.FormatError) as error:
        log.warning("%s: %s", mine, error)
        end(mine, state=Conversion.State.FAILED, error=str(error)[:500] or type(error).__name__)
        return False
    return True


def attempt(mine: Conversion) -> None:
    with folders.sweeps_held_off(), folders.scratch_folder() as folder:
        entries = write(mine, folder, tell=progress_of(mine))
        with transaction.atomic():
            version = DatasetVersion.objects.select_for_update(no_key=True).get(pk=mine.version_id)
            refuse_unless(version.state != DatasetVersion.State.WITHDRAWN, "The version was withdrawn.")
            end(mine, state=Conversion.State.DONE, finished_at=timezone.now())
            DatasetFile.objects.bulk_create(stored(mine, split, entry) for split, entry in entries)
            folders.put_in_place(folder, mine.folder)


def end(mine: Conversion, **changes: Any) -> None:
    """Change what only who holds the attempt may change. Raises Lost."""
    if not Conversion.objects.filter(mine.is_mine()).update(lease_ends_at=None, **changes):
        raise Lost


def progress_of(mine: Conversion) -> Callable[[int], None]:
    def tell(rows: int) -> None:
        if not Conversion.objects.filter(mine.is_mine()).update(rows_done=rows, lease_ends_at=timezone.now() + LEASE):
            raise Lost

    return tell


def stored(mine: Conversion, split: str, entry: FileEntry) -> DatasetFile:
    return DatasetFile(version_id=mine.version_id, conversion=mine, name=entry.name, split=split, sha256=entry.sha256, size=entry.bytes, rows_count=entry.rows)


def give_up_on(*, at: datetime) -> int:
    """Fail what was tried too often by workers that died over it, and return how many those are."""
    lapsed = Conversion.objects.waiting(at=at).filter(attempt__gte=MOST_ATTEMPTS)
    return lapsed.update(state=Conversion.State.FAILED, error=f"{MOST_ATTEMPTS} workers ended while they wrote it.", lease_ends_at=None)


# ---- files


Entries = list[tuple[str, FileEntry]]
"""Files as they were written, each with the split that it holds rows of, if any."""


@dataclass
class Written:
    """What was written, and the rows left out by reason."""

    entries: Entries = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    rows: int = 0


def write(conversion: Conversion, folder: Path, *, tell: Callable[[int], None] = silent) -> Entries:
    """Write a layout's files into an empty folder and return them. Raises NotConverted where the version's own are not what they were."""
    layout, written = LAYOUTS[conversion.layout], Written()
    for split in rows_of(conversion.version):
        write_split(conversion, layout, split, folder, written, tell)
    begin = f"{conversion.layout}.{conversion.kind}"
    for name, content in (layout.beside(names_in(written)) if layout.beside else {}).items():
        written.entries.append(("", kept(folder / name, formats.canonical_line(content))))
    described = formats.canonical_line(describe(conversion, layout, written))
    sums = "".join(f"{entry.sha256}  {entry.name}\n" for _, entry in written.entries).encode()
    written.entries.append(("", kept(folder / f"{begin}.manifest.json", described)))
    written.entries.append(("", kept(folder / f"{begin}.SHA256SUMS", sums)))
    return written.entries


def names_in(written: Written) -> dict[str, str]:
    return {split: entry.name for split, entry in written.entries if split}


def kept(path: Path, content: bytes) -> FileEntry:
    path.write_bytes(content)
    return FileEntry(name=path.name, bytes=len(content), sha256=hashlib.sha256(content).hexdigest(), rows=None)


def describe(conversion: Conversion, layout: Layout, written: Written) -> dict[str, Any]:
    """Return the layout's manifest: of which version, by which converter."""
    version = conversion.version
    return {
        "schema": SCHEMA,
        "version": version.manifest_sha256,
        "dataset": version.dataset.name,
        "number": version.number,
        "layout": layout.name,
        "kind": conversion.kind,
        "converter": {"name": f"tiebreak.layouts.{layout.name}", "version": layout.version, **packing.versions()},
        "objective": layout.objective,
        "checked": layout.checked,
        "rows": written.rows,
        "left_out": dict(written.left_out),
        "files": [asdict(entry) for _, entry in written.entries],
    }


def write_split(conversion: Conversion, layout: Layout, split: str, folder: Path, written: Written, tell: Callable[[int], None]) -> None:
    rows = rows_of(conversion.version)[split]
    shards = shards_of(rows, layout)
    with opened(conversion.version, f"{split}.jsonl") as source, votes_of(conversion.version, split, layout) as votes:
        for number in range(shards):
            place = f"-{number + 1:05}-of-{shards:05}" if shards > 1 else ""
            packed = packing.Packed(folder / f"{conversion.layout}.{split}{place}.{conversion.kind}", conversion.kind)
            for part in parts(source, ROWS_A_SHARD if shards > 1 else rows):
                packed.add(converted(part, votes, layout, written.left_out))
                written.rows += len(part)
                tell(written.rows)
            close(packed, split, written)


def close(packed: packing.Packed, split: str, written: Written) -> None:
    """End a file. One without lines is none, since readers stop at it."""
    entry = packed.close()
    if entry.rows:
        written.entries.append((split, entry))
    else:
        packed.file.path.unlink()


def converted(part: Sequence[bytes], votes: Votes, layout: Layout, left_out: Counter[str]) -> list[bytes]:
    if layout.convert is same:
        return list(part)
    lines: list[bytes] = []
    for row in map(orjson.loads, part):
        try:
            lines += map(formats.line, layout.convert(row, votes.of(row["pair_id"])))
        except NotTaken as reason:
            left_out[str(reason)] += 1
    return lines


# ---- a version's own files, as they were written


class Source:
    """The lines of a file of the version, hashed as they are read."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.digest = file, hashlib.sha256()

    def take(self, lines: int) -> list[bytes]:
        found = list(islice(self.file, lines))
        self.digest.update(b"".join(found))
        return found

    def rest(self) -> str:
        """Read to the end, and return the hash of it all."""
        while self.take(AT_ONCE):
            pass
        return str(self.digest.hexdigest())


class Votes:
    """The votes of a split, in step with its rows."""

    def __init__(self, source: Source | None) -> None:
        self.lines = self.read(source) if source else iter(())
        self.ahead: Line | None = next(self.lines, None)

    @staticmethod
    def read(source: Source) -> Iterator[Line]:
        while part := source.take(AT_ONCE):
            yield from map(orjson.loads, part)

    def of(self, pair_id: str) -> list[Line]:
        found = []
        while self.ahead and self.ahead["pair_id"] == pair_id:
            found.append(self.ahead)
            self.ahead = next(self.lines, None)
        return found


@contextmanager
def opened(version: DatasetVersion, name: str) -> Iterator[Source]:
    """Lend a file of the version. Raises NotConverted, also at the end, where it is not the one that was written."""
    known = DatasetFile.objects.filter(version=version, name=name).values_list("sha256", flat=True).first()
    refuse_unless(known is not None, f"The version has no {name}.")
    with (version.folder / name).open("rb") as file:
        source = Source(file)
        try:
            yield source
        finally:  # whatever was made of it: other bytes are the better reason
            refuse_unless(source.rest() == known, f"{name} on the disk is not the one that was written. Restore it from a backup.")


@contextmanager
def votes_of(version: DatasetVersion, split: str, layout: Layout) -> Iterator[Votes]:
    name = f"{split}.votes.jsonl"
    if not layout.needs_votes or not version.files.filter(Q(name=name)).exists():
        yield Votes(None)
        return
    with opened(version, name) as source:
        yield Votes(source)


def parts(source: Source, most: int) -> Iterator[list[bytes]]:
    """Yield the next lines, so many in all."""
    for first in range(0, most, AT_ONCE):
        part = source.take(min(AT_ONCE, most - first))
        if not part:
            return
        yield part


def refuse_unless(fine: bool, why: str) -> None:
    if not fine:
        raise NotConverted(why)
