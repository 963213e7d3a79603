"""A `Lining` in a process of its own: while it makes lines of some rows, the next ones are read.

It is begun as `python -m exports.aside DESCRIPTOR`, told where to write over a socket, and ends when nobody is at the other end of that, however they went.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Self

from exports.formats import FormatError
from exports.lining import Lined, Lining, Names, Part

ROOT = Path(__file__).resolve().parent.parent


class Aside:
    """Used as a `Lining` is. What goes wrong is raised by a later part, or by `done`."""

    def __init__(self, folder: Path, names: Names) -> None:
        self.pipe, theirs = Pipe()
        argv = [sys.executable, "-m", __name__, str(theirs.fileno())]
        with theirs:
            self.process = subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])  # noqa: S603 - from here
        self.send((folder.absolute(), names))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.pipe.close()  # which ends it
        self.process.wait()

    def take(self, part: Part) -> None:
        """Have the next rows written. Raises formats.FormatError and OSError."""
        self.send(part)

    def send(self, what: object) -> None:
        try:
            self.pipe.send(what)
        except ConnectionError:
            self.answer()

    def done(self) -> Lined:
        """Return what was written, once all of it is. Raises formats.FormatError and OSError."""
        self.send(None)
        return self.answer()

    def answer(self) -> Lined:
        try:
            said = self.pipe.recv()
        except (EOFError, ConnectionError):
            said = OSError(f"the process that writes lines ended with {self.process.wait()}")
        if isinstance(said, Exception):
            raise said
        return said  # type: ignore[no-any-return]


def line(pipe: Connection) -> Lined | Exception:
    """Write what comes over the pipe until None does. Raises EOFError where the other side goes away before."""
    folder, names = pipe.recv()
    try:
        with Lining(folder, names) as lining:
            while (part := pipe.recv()) is not None:
                lining.take(part)
            return lining.done()
    except EOFError:
        raise
    except (FormatError, OSError) as error:
        return error


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # meant for whoever began this, who then closes the pipe
    with Connection(int(sys.argv[1])) as pipe, contextlib.suppress(EOFError, BrokenPipeError):
        pipe.send(line(pipe))


if __name__ == "__main__":
    main()
