"""Start, join and leave an embedded server: what PostgreSQL and Redis have in common."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import json
import os
import select
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, ClassVar, cast

from config.embedded.folders import EmbeddedError, Patience, make_folder, plain_environment, plainly, room
from config.embedded.keeper import Spec

LARGEST_LOG_BYTES = 10 * 2**20
KEEPER = Path(__file__).with_name("keeper.py")


@dataclass(frozen=True)
class Server(ABC):
    """One embedded server, with its data and its files under `var`."""

    var: Path
    name: ClassVar[str]
    key: ClassVar[str]

    @abstractmethod
    def prepare(self) -> Spec:
        """Make ready to start: data, folders, command line. Nobody else is at it meanwhile."""

    @abstractmethod
    def serves(self) -> bool:
        """Tell whether it answers. Raises EmbeddedError where waiting is no use."""

    @abstractmethod
    def url(self) -> str:
        """Return its address, which holds for as long as this process uses it."""

    @property
    def run(self) -> Path:
        """The folder of its socket, where the path is short enough, and with an ending its lock files."""
        return self.var / "run" / self.key

    @property
    def log(self) -> Path:
        return self.var / "log" / f"{self.key}.log"

    def open_lock(self, ending: str) -> int:
        return os.open(f"{self.run}.{ending}", os.O_RDWR | os.O_CREAT, 0o600)


@dataclass(frozen=True)
class Use:
    """This process is a user of a server: it holds the shared lock. A forked child shares it, and outlives it."""

    server: Server
    descriptor: int
    pid: int


uses: dict[Path, Use] = {}


def use(server: Server) -> str:
    """Use the server until this process ends, starting it if nobody else does, and return its address. Raises EmbeddedError."""
    with plainly(f"{server.name} cannot be used"):
        make_folder(server.run.parent, mode=0o711)  # its server may run as another user: to search, not to list
        make_folder(server.log.parent)
        is_new = become_user(server)
        try:
            with alone(server, "starting", f"Waiting for another process that is starting {server.name}"):
                start_or_join(server)
                return server.url()
        except BaseException:
            if is_new:
                leave(server)
            raise


def become_user(server: Server) -> bool:
    """Take the shared lock, which a keeper that is stopping denies. False: this process had it already."""
    if server.run in uses:
        return False
    descriptor = server.open_lock("users")
    wait_for_lock(descriptor, fcntl.LOCK_SH, Patience(f"Waiting for {server.name} to stop before starting it again"))
    uses[server.run] = Use(server, descriptor, os.getpid())
    return True


@contextlib.contextmanager
def alone(server: Server, ending: str, step: str) -> Iterator[int]:
    """Hold one of the server's locks exclusively. A child that is given the descriptor goes on holding it, however this process ends."""
    descriptor = server.open_lock(ending)
    try:
        wait_for_lock(descriptor, fcntl.LOCK_EX, Patience(step))
        yield descriptor
    finally:
        os.close(descriptor)


def wait_for_lock(descriptor: int, kind: int, patience: Patience) -> None:
    while not try_lock(descriptor, kind):
        patience.wait()


def try_lock(descriptor: int, kind: int) -> bool:
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        return True
    return False


def could_lock(server: Server, ending: str, kind: int) -> bool:
    """Tell whether nobody's lock was in the way just now."""
    descriptor = server.open_lock(ending)
    try:
        return try_lock(descriptor, kind)
    finally:
        os.close(descriptor)


def is_kept(server: Server) -> bool:
    return not could_lock(server, "keeper", fcntl.LOCK_SH)


def start_or_join(server: Server) -> None:
    while True:
        if not is_kept(server):
            return start(server)
        if joined(server):
            return None


def joined(server: Server) -> bool:
    """Wait until the running server answers. False: its keeper ended instead."""
    patience = Patience(f"Waiting for {server.name}")
    while not server.serves():
        if not is_kept(server):
            return False
        patience.wait()
    return True


def start(server: Server) -> None:
    """Start the server with a keeper of its own, and wait until it answers."""
    spec = server.prepare()
    with open_log(server.log) as log:
        end_of_log = log.tell()
        keeper = subprocess.Popen(  # noqa: S603 - our own command line
            [sys.executable, "-I", str(KEEPER), json.dumps(asdict(spec))],
            cwd="/",
            env=plain_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for the users
        )
    with cast("BinaryIO", keeper.stdin) as ready, cast("BinaryIO", keeper.stdout) as reason:
        keeper.wait()  # it has forked
        patience = Patience(f"Starting {server.name}")
        while not server.serves():
            if select.select([reason], [], [], 0)[0]:
                raise EmbeddedError(f"{server.name} did not start. {reason.read().decode() or last_words(server.log, since=end_of_log)}")
            patience.wait()
        with contextlib.suppress(BrokenPipeError):
            ready.write(b"serves")


def open_log(path: Path) -> BinaryIO:
    """Open the log to add to it; a large one is put aside, in the place of the one before."""
    if path.exists() and path.stat().st_size > LARGEST_LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return open(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")


def last_words(log: Path, *, since: int) -> str:
    """Return the end of what the server wrote, without what it answered to our asking, and where the rest can be read."""
    with log.open("rb") as file:
        file.seek(since)
        lines = [line for line in file.read().decode(errors="replace").splitlines() if "the database system is" not in line]
    return "".join(f"\n  {line}" for line in lines[-5:]) + f"\n{room(log)}The whole log: {log}"


def leave(server: Server) -> None:
    """Stop being a user; as the last one, wait until the server has stopped."""
    own = uses.pop(server.run, None)
    if own is None:
        return
    os.close(own.descriptor)
    if own.pid == os.getpid():
        with contextlib.suppress(EmbeddedError, OSError):
            wait_for_end(server)


def wait_for_end(server: Server) -> None:
    """Return when the keeper has ended, or as soon as other users are seen. It goes on stopping after the ten seconds given here.

    A lock that nobody can take exclusively, but that can be shared, is shared with users; one that cannot is held by a stopping keeper.
    """
    patience = Patience(f"Stopping {server.name}", limit=10)
    while is_kept(server):
        if not could_lock(server, "users", fcntl.LOCK_EX) and could_lock(server, "users", fcntl.LOCK_SH):
            return
        patience.wait()


@atexit.register
def leave_all() -> None:
    """Let go of all servers first, so that they stop at the same time."""
    mine = [own for own in uses.values() if own.pid == os.getpid()]
    for own in mine:
        os.close(own.descriptor)
    for own in mine:
        with contextlib.suppress(EmbeddedError, OSError):
            wait_for_end(own.server)
    uses.clear()


def tend() -> None:
    """Start again every server that this process uses and whose keeper was killed. Cheap when all is well. Raises EmbeddedError."""
    for own in list(uses.values()):
        if not is_kept(own.server):
            use(own.server)
