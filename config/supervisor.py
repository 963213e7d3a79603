"""Run the programs of the demo: start each, start again what dies, and stop all, leaving no process behind."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import BinaryIO, cast

from config import embedded

TICK_SECONDS = 0.5
SHORTEST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
STEADY_SECONDS = 60.0
"""A program that lived this long is forgiven its earlier deaths."""
STOP_SECONDS = 7.0
"""All programs together have this long to stop, so that Ctrl-C takes less than ten seconds."""
WORD_SECONDS = 5.0
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LIFELINE = Path(__file__).with_name("lifeline.py")


class PortBusy(Exception):
    """Somebody else listens there. The text names the port and how to choose another."""


def check_port(port: int, *, host: str = "127.0.0.1") -> None:
    """Raise PortBusy unless a server can listen on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortBusy(f"Port {port} of {host} cannot be used: {error.strerror}. Choose another, as in: make demo PORT={free_port(host)}") from error


def free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, kw_only=True)
class Program:
    """What to run, and how to tell that it is up."""

    name: str
    """Of its log, too."""
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    """Added to the supervisor's own."""
    ready: Callable[[], bool] | None = None
    """Asked twice a second until it is true, so it must not take long. None: ready as soon as started."""
    grace: float = 0.5
    """Seconds it is waited for before the next program is asked to stop; all of them have until STOP_SECONDS."""


class Running:
    """One program, in a process group of its own, so that its children end with it."""

    def __init__(self, program: Program, log: Path) -> None:
        self.program = program
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None
        self.is_ready = program.ready is None
        self.started = 0.0
        self.pause = SHORTEST_PAUSE
        self.due = 0.0

    def start(self) -> int:
        """Start it; return its process group."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - the caller's own command line
                self.program.argv, env={**os.environ, **self.program.env}, stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0
            )
        self.started = time.monotonic()
        return self.process.pid

    def ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def ask_to_stop(self) -> None:
        """Tell the program, not its children: a pool's processes are for it to end."""
        if self.process:
            self.process.terminate()

    def kill(self) -> None:
        """End the program and whatever it left running."""
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def bury(self) -> str:
        """See the rest of an ended program ended, set the time of its next start, and say what happened."""
        lived, status = time.monotonic() - self.started, self.process.returncode if self.process else None
        self.kill()
        pause = SHORTEST_PAUSE if lived > STEADY_SECONDS else self.pause
        self.due, self.pause = time.monotonic() + pause, min(2 * pause, LONGEST_PAUSE)
        return f"{self.program.name} ended ({status}) after {lived:.0f} s; starting it again in {pause:.0f} s. Its log: {self.log}"


class Lifeline:
    """A process that ends the programs if the supervisor cannot any more. It is started again if it is killed itself."""

    def __init__(self) -> None:
        self.groups: set[int] = set()
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-I", "-S", str(LIFELINE)], stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603 - our own

    def add(self, group: int) -> None:
        self.groups.add(group)
        self.write(f"+{group}\n")

    def remove(self, group: int) -> None:
        self.groups.discard(group)
        self.write(f"-{group}\n")

    def write(self, lines: str) -> None:
        with contextlib.suppress(BrokenPipeError):  # killed: `look_after` writes it all again
            pipe = cast("BinaryIO", self.process.stdin)
            pipe.write(lines.encode())
            pipe.flush()

    def look_after(self) -> None:
        if self.process.poll() is not None:
            self.process = self.start()
            self.write("".join(f"+{group}\n" for group in self.groups))

    def let_go(self) -> None:
        """Let it end: what it knows of has ended already."""
        for group in list(self.groups):
            self.remove(group)
        with contextlib.suppress(BrokenPipeError):
            cast("BinaryIO", self.process.stdin).close()
        self.process.wait()


class Supervisor:
    def __init__(self, programs: Sequence[Program], logs: Path, on_ready: Callable[[], None] | None) -> None:
        self.running = [Running(program, rotated(logs / f"{program.name}.log")) for program in programs]
        self.on_ready = on_ready
        self.lifeline = Lifeline()
        self.stops = 0
        """How often we were asked to stop. The second time nothing is waited for."""
        self.last_stop = -1.0
        self.next_word = time.monotonic() + WORD_SECONDS

    def run(self) -> None:
        """Run the programs until asked to stop."""
        with self.told_by_signals() as bell:
            try:
                while not self.stops:
                    self.look_after_programs()
                    self.look_after_servers()
                    self.announce()
                    wait(bell, TICK_SECONDS)
            finally:
                self.stop(bell)

    def look_after_programs(self) -> None:
        self.lifeline.look_after()
        for running in self.running:
            if running.process and running.ended():
                group = running.process.pid
                say(running.bury())
                self.lifeline.remove(group)
            if running.process is None and running.due <= time.monotonic() and not self.stops:
                self.lifeline.add(running.start())

    def look_after_servers(self) -> None:
        """The embedded servers have keepers; here they are only seen to have one."""
        try:
            embedded.tend()
        except embedded.EmbeddedError as error:
            say(str(error))

    def announce(self) -> None:
        """Call `on_ready` once, when all programs are; until then say now and then what is waited for."""
        if self.on_ready is None:
            return
        for running in self.running:
            running.is_ready = running.is_ready or (not running.ended() and running.program.ready is not None and running.program.ready())
        missing = [running.program.name for running in self.running if not running.is_ready]
        if not missing:
            self.on_ready()
            self.on_ready = None
        elif time.monotonic() > self.next_word:
            say(f"Waiting for {', '.join(missing)}")
            self.next_word = time.monotonic() + WORD_SECONDS

    def stop(self, bell: socket.socket) -> None:
        """Stop the programs, the last one first; at the end kill what is left of any."""
        say("Stopping. (Ctrl-C again stops at once.)")
        deadline = time.monotonic() + STOP_SECONDS
        for running in reversed(self.running):
            running.ask_to_stop()
            turn = min(deadline, time.monotonic() + running.program.grace)
            while not running.ended() and time.monotonic() < turn and self.stops < 2:
                wait(bell, 0.05)
        while not all(running.ended() for running in self.running) and time.monotonic() < deadline and self.stops < 2:
            wait(bell, 0.05)
        for running in reversed(self.running):
            running.kill()
        self.lifeline.let_go()

    @contextlib.contextmanager
    def told_by_signals(self) -> Iterator[socket.socket]:
        """Count requests to stop, and ring a bell at every signal, a child's end too."""
        bell, ringer = socket.socketpair()
        bell.setblocking(False)
        ringer.setblocking(False)
        kept = {signal.SIGHUP} if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN else set()  # nohup
        before = {number: signal.signal(number, self.on_signal) for number in {*STOPPING, signal.SIGCHLD} - kept}
        ringer_before = signal.set_wakeup_fd(ringer.fileno(), warn_on_full_buffer=False)
        try:
            yield bell
        finally:
            signal.set_wakeup_fd(ringer_before)
            for number, handler in before.items():
                signal.signal(number, handler)
            bell.close()
            ringer.close()

    def on_signal(self, number: int, _: FrameType | None) -> None:
        if number in STOPPING and time.monotonic() - self.last_stop > 1:  # one Ctrl-C may come twice, through make and from the terminal
            self.stops += 1
            self.last_stop = time.monotonic()


def wait(bell: socket.socket, seconds: float) -> None:
    """Sleep that long, or until a signal."""
    if select.select([bell], [], [], seconds)[0]:
        bell.recv(4096)


def rotated(log: Path) -> Path:
    """Put the log of the run before aside, in the place of the one before that."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists():
        log.replace(log.with_name(f"{log.name}.1"))
    return log


def say(word: str) -> None:
    with contextlib.suppress(OSError):  # the terminal may be gone, and there is work to do
        print(word, file=sys.stderr, flush=True)


def supervise(programs: Sequence[Program], *, logs: Path, on_ready: Callable[[], None] | None = None) -> None:
    """Run the programs, each with its log in `logs`, until Ctrl-C, TERM or HUP; then stop them, the last one first.

    Returns when no process of theirs is left. `on_ready` is called once, when all programs are ready. The embedded servers that
    this process uses are kept up as well. If this process is killed, its programs end all the same.
    """
    Supervisor(programs, logs, on_ready).run()
