"""Lines into files of one kind: JSON Lines plain, gzip or zstd, or Parquet. The same lines give the same bytes, for Parquet and zstd with one pyarrow. Pure."""

from __future__ import annotations

import gzip
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import orjson
import pyarrow as pa
import pyarrow.json as arrow_json
import pyarrow.parquet as pq

from exports.behind import Behind
from exports.manifest import FileEntry

BUFFER = 2**20
KINDS = ("jsonl", "jsonl.gz", "jsonl.zst", "parquet")
GZIP_LEVEL, ZSTD_LEVEL = 6, 3
ROW_GROUP = 10_000
"""Lines in a group of a Parquet file at most: what a reader, and the writer, must hold at once."""


class Sealed(io.RawIOBase):
    """A new file, hashed as it is written."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path, self.file = path, path.open("xb", buffering=BUFFER)
        self.digest, self.size = hashlib.sha256(), 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        view = memoryview(data)
        self.digest.update(view)
        self.size += view.nbytes
        return self.file.write(view)

    def close(self) -> None:
        self.file.close()
        super().close()

    def entry(self, rows: int | None) -> FileEntry:
        return FileEntry(name=self.path.name, bytes=self.size, sha256=self.digest.hexdigest(), rows=rows)


class Packer(Protocol):
    """Takes lines, some at a time, each a JSON object with a line feed at its end."""

    def add(self, lines: Sequence[bytes]) -> None: ...

    def close(self) -> None: ...


class Plain:
    def __init__(self, file: Sealed) -> None:
        self.file: Any = file

    def add(self, lines: Sequence[bytes]) -> None:
        self.file.write(b"".join(lines))

    def close(self) -> None:
        self.file.close()


class Gzipped(Plain):
    """Without a name and a time in its header, which would differ."""

    def __init__(self, file: Sealed) -> None:
        super().__init__(file)
        self.file = gzip.GzipFile(filename="", mode="wb", compresslevel=GZIP_LEVEL, fileobj=file, mtime=0)


class Zstandard(Plain):
    def __init__(self, file: Sealed) -> None:
        super().__init__(file)
        self.file = pa.CompressedOutputStream(file, "zstd")


class Columns:
    """Parquet, in groups of rows. Types are those of the first line, which all lines share: none is guessed from what a text looks like.

    A group is written, behind whoever adds lines, while the next one is read: neither needs Python.
    """

    def __init__(self, file: Sealed) -> None:
        self.file = file
        self.writer: Any = None
        self.schema: Any = None
        self.waiting: list[bytes] = []
        self.behind = Behind(1)

    def add(self, lines: Sequence[bytes]) -> None:
        self.waiting += lines
        while len(self.waiting) >= ROW_GROUP:
            self.flush()

    def flush(self) -> None:
        group, self.waiting = self.waiting[:ROW_GROUP], self.waiting[ROW_GROUP:]
        if self.writer is None:
            self.schema = pa.schema(fields_of(orjson.loads(group[0])))
            self.writer = pq.ParquetWriter(self.file, self.schema, compression="zstd", compression_level=ZSTD_LEVEL)
        self.behind.do(self.writer.write_table, table_of(group, self.schema), row_group_size=ROW_GROUP)

    def close(self) -> None:
        with self.behind:
            if self.waiting:
                self.flush()
            self.behind.wait()
        if self.writer is not None:
            self.writer.close()


def table_of(lines: Sequence[bytes], schema: Any) -> Any:
    """Return lines as a table. The reader stops at a line that is longer than its block."""
    block = b"".join(lines)
    read = arrow_json.ReadOptions(use_threads=False, block_size=len(block) + 1)
    parse = arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error")
    return arrow_json.read_json(io.BytesIO(block), read_options=read, parse_options=parse)


def fields_of(line: dict[str, Any]) -> list[Any]:
    return [pa.field(name, type_of(value)) for name, value in line.items()]


def type_of(value: Any) -> Any:
    """Return the Arrow type of a value as JSON has it. Raises TypeError for null and for an empty list, which have none."""
    if isinstance(value, dict):
        return pa.struct(fields_of(value))
    if isinstance(value, list) and value:
        return pa.list_(type_of(value[0]))
    for kind, arrow in ((str, pa.string()), (bool, pa.bool_()), (int, pa.int64()), (float, pa.float64())):
        if isinstance(value, kind):
            return arrow
    raise TypeError(f"{value!r} has no type that a column could have")


PACKERS: dict[str, Any] = {"jsonl": Plain, "jsonl.gz": Gzipped, "jsonl.zst": Zstandard, "parquet": Columns}


class Packed:
    """One file of one kind."""

    def __init__(self, path: Path, kind: str) -> None:
        self.file = Sealed(path)
        self.packer: Packer = PACKERS[kind](self.file)
        self.rows = 0

    def add(self, lines: Sequence[bytes]) -> None:
        self.packer.add(lines)
        self.rows += len(lines)

    def close(self) -> FileEntry:
        self.packer.close()
        self.file.close()
        return self.file.entry(self.rows)


def versions() -> dict[str, str]:
    """Return what the bytes depend on beside the lines."""
    return {"pyarrow": pa.__version__}
