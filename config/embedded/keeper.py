"""Keep one embedded server running for as long as anybody uses it. A program of its own, run by path.

Three lock files tell who is there; the kernel lets go of a lock however its holder ends, so no death goes unnoticed:

- KEY.users: every user holds it shared. The keeper that gets it exclusively knows that nobody is left, and stops.
- KEY.keeper: held by the keeper. Free means that the server must be started.
- KEY.server: held by the server's own processes, which inherit it. Free means that nothing of an earlier start is left.

The keeper is detached from whoever started it, since it serves the others too. A server that dies is started again.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import psutil

POLL = 0.05
LONGEST_PAUSE = 5.0


@dataclass(frozen=True)
class Spec:
    """What to keep. A starter writes this as JSON into the first argument."""

    argv: list[str]
    program: str
    folder: str
    """Of its data; the server works in it, which tells its processes from others."""
    locks: str
    """The path of the three lock files, without their endings."""
    pid_files: list[str]
    """In which the server notes its process's number; the first one while it lives."""
    stops: list[tuple[int, float]]
    """Signals that end the server, the kindest first, and the seconds that each is given."""


def try_lock(descriptor: int) -> bool:
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def lock_within(descriptor: int, seconds: float) -> bool:
    """Lock exclusively. False: somebody else held it all the time."""
    deadline = time.monotonic() + seconds
    while not try_lock(descriptor):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL)
    return True


def process_named_in(pid_file: Path) -> psutil.Process | None:
    """Return the process that has the number in the file, whatever it is."""
    with contextlib.suppress(OSError, ValueError, IndexError, psutil.Error):
        return psutil.Process(int(pid_file.read_text().split()[0]))
    return None


class Keeper:
    """One server and its locks. `ready` is told by the starter, who reports for as long as it waits: until then no second try is made."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.ready = False
        self.told_to_stop = False
        # In this order: at the end the kernel closes them in the same one, and who waits for `users` must find `keeper` free.
        self.keeper = self.open_lock("keeper")
        self.users = self.open_lock("users")

    def open_lock(self, ending: str) -> int:
        return os.open(f"{self.spec.locks}.{ending}", os.O_RDWR | os.O_CREAT, 0o600)

    def run(self) -> None:
        """Keep the server until nobody uses it."""
        if not lock_within(self.keeper, 5):  # who asks whether it is free holds it for a moment
            self.fail("another keeper is at work")
        pause = POLL
        while True:
            started = time.monotonic()
            server = self.start()
            if self.unneeded_before_end_of(server):
                return self.stop(server)
            if not self.is_ready():
                self.fail("")  # its own words are in the log
            pause = POLL if time.monotonic() - started > LONGEST_PAUSE / 2 else min(2 * pause, LONGEST_PAUSE)
            print(f"keeper: {self.spec.program} ended ({server.returncode}); starting it again in {pause:.2g} s", file=sys.stderr, flush=True)
            time.sleep(pause)

    def start(self) -> subprocess.Popen[bytes]:
        """Start the server once nothing of an earlier one is left."""
        lock = self.lock_server()
        self.forget_stale_pids()
        try:
            return subprocess.Popen(self.spec.argv, cwd=self.spec.folder, stdin=subprocess.DEVNULL, stdout=sys.stderr, pass_fds=[lock])  # noqa: S603 - our own
        finally:
            os.close(lock)

    def lock_server(self) -> int:
        """Wait until every process of an earlier start has ended. The kernel told them to, when their keeper died; not on every system."""
        lock = self.open_lock("server")
        if lock_within(lock, 2):
            return lock
        stray = process_named_in(Path(self.spec.pid_files[0]))
        if stray and self.works_here(stray):
            stray.send_signal(self.spec.stops[0][0])
        if not lock_within(lock, 30):
            self.fail(f"processes of an earlier start still use {self.spec.folder}")
        return lock

    def works_here(self, process: psutil.Process) -> bool | None:
        """Tell whether it is a living server of this data. None: it is not ours to know."""
        try:
            return process.status() != psutil.STATUS_ZOMBIE and process.name() == self.spec.program and process.cwd() == self.spec.folder
        except psutil.Error:
            return None

    def forget_stale_pids(self) -> None:
        """Remove a pid file whose number belongs to a stranger now, or to a dead process that nobody buried: PostgreSQL would not start.

        One that names no process stays: PostgreSQL reads in it where to look for survivors.
        """
        for path in map(Path, self.spec.pid_files):
            process = process_named_in(path)
            if process and self.works_here(process) is False:
                path.unlink()

    def unneeded_before_end_of(self, server: subprocess.Popen[bytes]) -> bool:
        """Wait for the first of two: nobody uses the server (True), or it has ended."""
        while server.poll() is None:
            self.is_ready()
            if self.told_to_stop or try_lock(self.users):
                return True
            time.sleep(POLL)
        return False

    def is_ready(self) -> bool:
        """Tell whether the starter has seen it serve, or is gone and the others decide. Asked once more when the server has ended: the word may be fresh."""
        self.ready = self.ready or bool(select.select([0], [], [], 0)[0])
        return self.ready

    def stop(self, server: subprocess.Popen[bytes]) -> None:
        for number, seconds in self.spec.stops:
            server.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(seconds)
                return

    def tell_to_stop(self, *_: object) -> None:
        self.told_to_stop = True

    def fail(self, reason: str) -> NoReturn:
        """End, with the reason on the pipe that the starter reads."""
        os.write(1, reason.encode())
        os._exit(1)


def main() -> None:
    if os.fork():
        os._exit(0)
    os.umask(0o077)
    keeper = Keeper(Spec(**json.loads(sys.argv[1])))
    signal.signal(signal.SIGTERM, keeper.tell_to_stop)
    keeper.run()
    os._exit(0)  # locks are let go of by the kernel, when nothing of the keeper is left


if __name__ == "__main__":
    main()
