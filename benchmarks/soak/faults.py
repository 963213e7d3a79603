"""What goes wrong in a soak: web workers killed, PostgreSQL stopped as by a power cut, people who vanish."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.instance import ROOT
from benchmarks.soak.labelers import Answer, Record
from config.embedded.folders import Patience, make_folder, plain_environment
from config.embedded.postgres import Postgres

CELERY = [sys.executable, "-m", "celery", "-A", "config"]


class OwnPostgres:
    """A PostgreSQL that nobody keeps running: it is up from `start` to `stop`. It ends with the thread that started it."""

    def __init__(self, folder: Path) -> None:
        self.server = Postgres(folder)
        make_folder(self.server.run.parent, mode=0o711)
        make_folder(self.server.log.parent)
        self.spec = self.server.prepare()
        self.settings: dict[str, str] = {}
        """Those in which it differs from the product's own server, from its next start on."""
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self.server.url()

    def start(self) -> None:
        """Start it, and wait for nothing."""
        argv = [*self.spec.argv, *(word for name, value in self.settings.items() for word in ("-c", f"{name}={value}"))]
        with self.server.log.open("ab") as log:
            self.process = subprocess.Popen(argv, cwd=self.spec.folder, env=plain_environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait(self) -> None:
        """Return once it serves. Raises EmbeddedError."""
        patience = Patience("Starting PostgreSQL", limit=60)
        while not self.server.serves():
            patience.wait()

    def stop(self, number: signal.Signals = signal.SIGQUIT) -> None:
        """Stop it: `immediate` by default, which is a crash to whoever was connected, and to its own next start. SIGINT: in order."""
        if self.process:
            self.process.send_signal(number)
            self.process.wait()
            self.process = None


@dataclass(frozen=True)
class Outage:
    """When PostgreSQL was stopped, and when it took connections again, by the monotonic clock."""

    stopped: float
    returned: float


async def kill_workers(web: int, record: Record, *, every: float) -> int:
    """SIGKILL one of the workers of the gunicorn with this process id, every so many seconds until the soak is over. Returns how many died."""
    killed = 0
    while not record.is_over():
        await asyncio.sleep(every)
        if workers := psutil.Process(web).children():
            os.kill(random.choice(workers).pid, signal.SIGKILL)
            killed += 1
    return killed


async def stop_postgres(postgres: OwnPostgres, record: Record, *, every: float, gap: float) -> list[Outage]:
    """Crash PostgreSQL every so many seconds, and start it `gap` seconds later, until the soak is over. Ends some seconds after the last start."""
    outages: list[Outage] = []
    while True:
        await asyncio.sleep(every - gap)
        if record.is_over():
            return outages
        stopped = time.monotonic()
        await asyncio.to_thread(postgres.stop)
        await asyncio.sleep(gap)
        postgres.start()
        await asyncio.to_thread(postgres.wait)
        outages.append(Outage(stopped, returned=time.monotonic()))


def seconds_away(outages: Sequence[Outage], answers: Sequence[Answer]) -> float:
    """Return how long after PostgreSQL took connections again it was, at worst, until the first answer had come and the last refusal had gone."""
    ends = [*(outage.stopped for outage in outages), float("inf")][1:]
    return max((back_after(outage, until, answers) for outage, until in zip(outages, ends, strict=False)), default=float("inf"))


def back_after(outage: Outage, until: float, answers: Sequence[Answer]) -> float:
    after = [answer for answer in answers if outage.returned <= answer.ended < until]
    first = min((answer.ended for answer in after if answer.status == 200), default=float("inf"))
    last = max((answer.ended for answer in after if answer.status != 200), default=outage.returned)
    return max(first, last) - outage.returned


@contextlib.contextmanager
def celery(environment: Mapping[str, str], folder: Path) -> Iterator[None]:
    """The default worker and beat, as the demo and a server run them."""
    worker = [*CELERY, "worker", "--without-gossip", "--without-mingle", "-Q", "default", "--concurrency", "1", "-n", "default@%h"]
    beat = [*CELERY, "beat", "--schedule", str(folder / "beat")]
    with (folder / "celery.log").open("wb") as log:
        running = [subprocess.Popen(argv, cwd=ROOT, env=dict(environment), stdout=log, stderr=log) for argv in (worker, beat)]
    try:
        yield
    finally:
        for process in reversed(running):
            process.terminate()
        for process in running:
            process.wait(60)
