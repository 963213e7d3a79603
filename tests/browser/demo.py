"""The demo as `make demo` runs it, in a folder and on a port of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.serving import ROOT, free_port

UP = re.compile(r"Tiebreak is up:\s+(\S+)")
PASSWORD = re.compile(r"everybody's password: (\S+)")
PROMPTS = 40
"""Of the bundled ones: enough to kill twice in their midst."""
PATIENCE = 300
"""Seconds for what the model has a part in: it is converted and loaded, and two cores write the answers."""


@dataclass(frozen=True)
class Demo:
    address: str
    password: str
    var: Path

    def manage(self, *words: str) -> str:
        """Run a command of manage.py beside the demo, as an operator would, and return what it printed."""
        done = subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env=environment(self.var), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def processes(self, *words: str) -> list[int]:
        """Return the demo's processes whose command line has all these words."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                line, around = (entry / "cmdline").read_bytes().decode(errors="replace"), (entry / "environ").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if str(self.var) in line + around and all(word in line.split("\0") or word in line.split("\0")[0] for word in words):
                found.append(int(entry.name))
        return sorted(found)


def environment(var: Path, **more: str) -> dict[str, str]:
    """What the demo is given: nothing of the tests' own servers."""
    ours = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "VAR_DIR", "DB_POOL")
    return {key: value for key, value in os.environ.items() if key not in ours} | {"VAR_DIR": str(var), "PYTHONUNBUFFERED": "1", **more}


@contextmanager
def running(folder: Path) -> Iterator[Demo]:
    """Start it, wait until it answers, and press Ctrl-C at the end, which must leave no process."""
    var, log = folder / "var", folder / "output"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--prompts", str(PROMPTS)],
            cwd=ROOT,
            env=environment(var, PORT=str(free_port()), UNDO_SECONDS="0"),  # what was labeled a moment ago is frozen
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield wait_for(process, log, var)
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0, log.read_text()
    assert left_behind(var) == []


def wait_for(process: subprocess.Popen[bytes], log: Path, var: Path) -> Demo:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends and process.poll() is None:
        said = log.read_text()
        if (up := UP.search(said)) and (password := PASSWORD.search(said)):
            return Demo(up[1], password[1], var)
        time.sleep(0.5)
    raise AssertionError(f"the demo did not come up:\n{log.read_text()}")


def left_behind(var: Path) -> list[int]:
    """Processes that still have to do with this demo, after a moment for the last to go."""
    time.sleep(2)
    return Demo("", "", var).processes()
