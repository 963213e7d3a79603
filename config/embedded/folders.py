"""Folders, programs and steps of the embedded servers: private, found, and never silent."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

POLL_SECONDS = 0.02
LONGEST_STEP_SECONDS = 600.0
NEARLY_FULL_MB = 64
LONGEST_SOCKET = 103
"""Bytes in the path of a unix socket: 107 on Linux, 103 on macOS."""


class EmbeddedError(Exception):
    """An embedded server cannot serve. The text says why and what to do, for people."""


class Patience:
    """Says on stderr, after a second and then every five, that a step is still going on."""

    def __init__(self, step: str, *, limit: float = LONGEST_STEP_SECONDS) -> None:
        self.step = step
        self.limit = limit
        self.started = time.monotonic()
        self.next_word = 1.0
        self.pause = POLL_SECONDS

    def wait(self) -> None:
        """Sleep a little, and a little more each time. Raises EmbeddedError when the limit in seconds is over."""
        time.sleep(self.pause)
        self.pause = min(1.2 * self.pause, 0.25)
        elapsed = time.monotonic() - self.started
        if elapsed > self.limit:
            raise EmbeddedError(f"{self.step}: given up after {elapsed:.0f} s.")
        if elapsed > self.next_word:
            print(f"{self.step} ({elapsed:.0f} s)", file=sys.stderr, flush=True)
            self.next_word += 5


@contextlib.contextmanager
def plainly(step: str) -> Iterator[None]:
    """Turn what the operating system refuses into one sentence."""
    try:
        yield
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        raise EmbeddedError(f"{step}: {error.strerror or error}{where}. Nothing was lost. VAR_DIR= chooses another folder for the data.") from error


def room(place: Path) -> str:
    """Return a sentence about the disk if hardly anything fits on it, else nothing."""
    free = shutil.disk_usage(place).free / 2**20
    return f"The disk is full: {free:.0f} MB are left at {place}. " if free < NEARLY_FULL_MB else ""


def make_folder(path: Path, *, mode: int = 0o700, owner: tuple[int, int] | None = None) -> Path:
    """Make a folder unless it is there, with exactly this mode, and this user and group if any."""
    path.mkdir(parents=True, exist_ok=True)
    if owner:
        os.chown(path, *owner)
    if stat.S_IMODE(path.stat().st_mode) != mode:
        path.chmod(mode)
    return path


def socket_folder(near: Path, socket: str) -> Path:
    """Return where a server's socket lies: in `near`, or, if that makes its path too long, in a short folder whose name is kept beside it."""
    return near if fits(near, socket) else Path(record_of(near).read_text())


def make_socket_folder(near: Path, socket: str, *, owner: tuple[int, int] | None = None) -> Path:
    """Make that folder, which only its owner may enter."""
    if fits(near, socket):
        return make_folder(near, owner=owner)
    record = record_of(near)
    if record.exists() and is_private(Path(record.read_text()), owner):
        return Path(record.read_text())
    short = Path(tempfile.mkdtemp(prefix="tiebreak-", dir=short_place()))  # 0700, and its name cannot be guessed
    if owner:
        os.chown(short, *owner)
    record.write_text(str(short))
    return short


def fits(path: Path, socket: str) -> bool:
    return len(os.fsencode(path / socket)) <= LONGEST_SOCKET


def record_of(near: Path) -> Path:
    return near.with_name(f"{near.name}.elsewhere")


def is_private(path: Path, owner: tuple[int, int] | None) -> bool:
    """Tell whether this is a real folder that nobody but its owner may enter. It may be gone, or be somebody else's by now."""
    with contextlib.suppress(OSError):
        found = path.lstat()
        return stat.S_ISDIR(found.st_mode) and found.st_uid == (owner[0] if owner else os.getuid()) and not found.st_mode & 0o077
    return False


def short_place() -> str:
    """Return a folder with a short path for folders of a session."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.geteuid() and Path(runtime).is_absolute() and os.access(runtime, os.W_OK) and len(runtime) < 50:
        return runtime
    temporary = tempfile.gettempdir()
    return temporary if len(temporary) < 60 else "/tmp"  # noqa: S108 - a folder of a random name is made in it


def program(package: str, *path: str) -> Path:
    """Return a program that an installed package carries, without importing that package."""
    spec = find_spec(package)
    found = Path(spec.submodule_search_locations[0], *path) if spec and spec.submodule_search_locations else None
    if found is None or not found.is_file():
        raise EmbeddedError(f"{path[-1]} is not installed here. `make setup` brings it; or set DATABASE_URL and REDIS_URL to servers of your own.")
    return found


def plain_environment() -> dict[str, str]:
    """Return this process's environment for a server: none of PostgreSQL's own variables, and messages in English, since they are read here."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}
