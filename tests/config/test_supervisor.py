"""The supervisor of the demo: real programs that die, hang and leave children behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from config import supervisor
from tests.config.test_embedded import ROOT, kill_all, processes_of
from tests.waiting import eventually

# Argument 1 is a folder. `stubborn` ignores the request to stop, and has a child; `brief` writes down that it ran, and dies.
DEMO = """
import sys
from pathlib import Path
from config import supervisor

folder, *names = sys.argv[1:]
willing = "trap 'echo {name} >> {folder}/stopped; exit' TERM; touch {folder}/{name}; while :; do sleep 0.05; done"
scripts = {
    "patient": willing,
    "second": willing,
    "stubborn": "trap '' TERM; echo deaf; sh -c 'sleep 77 # {folder}' & touch {folder}/stubborn; wait",
    "brief": "echo ran >> {folder}/brief; sh -c 'exec sleep 88' {folder} & exit 3",
    "slow": "sleep 1; touch {folder}/slow; exec sleep 99",
}
ready = {"slow": lambda: Path(folder, "slow").exists()}
programs = [
    supervisor.Program(name=name, argv=["sh", "-c", scripts[name].format(name=name, folder=folder)], ready=ready.get(name))
    for name in names
]
supervisor.STOP_SECONDS = 2
supervisor.supervise(programs, logs=Path(folder, "log"), on_ready=lambda: print("ready", flush=True))
"""


@pytest.fixture
def place() -> Iterator[Path]:
    place = Path(tempfile.mkdtemp(prefix="tb-"))
    yield place
    kill_all(place)
    shutil.rmtree(place)


def supervised(place: Path, *names: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", DEMO, str(place), *names],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def stop(process: subprocess.Popen[str]) -> str:
    """Press Ctrl-C; return what was said on stderr."""
    process.send_signal(signal.SIGINT)
    return process.communicate(timeout=15)[1]


def all_there(place: Path, *names: str) -> bool:
    return all((place / name).exists() for name in names)


def test_ctrl_c_stops_all_in_reverse_order_and_leaves_no_process(place: Path) -> None:
    process = supervised(place, "patient", "second", "stubborn")
    assert eventually(lambda: all_there(place, "patient", "second", "stubborn"))
    pressed = time.monotonic()
    assert "Stopping" in stop(process)
    assert time.monotonic() - pressed < 10
    assert process.returncode == 0
    assert (place / "stopped").read_text().split() == ["second", "patient"]
    assert (place / "log" / "stubborn.log").read_text() == "deaf\n"
    assert processes_of(place) == []


def test_what_dies_is_started_again_after_a_pause_and_its_children_end(place: Path) -> None:
    process = supervised(place, "brief", "patient")
    assert eventually(lambda: (place / "brief").exists() and len((place / "brief").read_text().split()) == 3)
    words = stop(process)
    assert "brief ended (3) after 0 s; starting it again in 1 s. Its log:" in words
    assert "starting it again in 2 s" in words
    assert processes_of(place) == []


def test_ready_is_said_once_when_every_program_is(place: Path) -> None:
    process = supervised(place, "slow", "patient")
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    assert all_there(place, "slow", "patient")
    stop(process)
    assert process.returncode == 0


def test_when_the_supervisor_is_killed_its_programs_end(place: Path) -> None:
    process = supervised(place, "patient", "stubborn")
    assert eventually(lambda: all_there(place, "patient", "stubborn"))
    process.kill()
    assert eventually(lambda: processes_of(place) == [])
    process.communicate()


def test_a_killed_lifeline_is_replaced_and_told_again(place: Path) -> None:
    process = supervised(place, "patient")
    assert eventually(lambda: all_there(place, "patient"))
    (lifeline,) = lifelines(process.pid)
    lifeline.kill()
    assert eventually(lambda: any(found != lifeline for found in lifelines(process.pid)))
    time.sleep(0.3)  # for it to be told of the program
    process.kill()
    assert eventually(lambda: processes_of(place) == [])
    process.communicate()


def lifelines(pid: int) -> list[psutil.Process]:
    return [child for child in psutil.Process(pid).children() if any("lifeline" in word for word in words_of(child))]


def words_of(process: psutil.Process) -> list[str]:
    """Return how a process was called; nothing of one that ends meanwhile."""
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return []


def test_the_log_of_the_run_before_is_put_aside(place: Path) -> None:
    for line in ("one", "two", "three"):
        supervisor.rotated(place / "web.log").write_text(line)
    assert sorted((path.name, path.read_text()) for path in place.glob("web.log*")) == [("web.log", "three"), ("web.log.1", "two")]


def test_a_busy_port_is_named_with_another_to_choose() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(supervisor.PortBusy, match=rf"Port {port} of 127.0.0.1 cannot be used: Address already in use. .*make demo PORT=\d+"):
            supervisor.check_port(port)
    supervisor.check_port(port)


def test_a_request_that_comes_twice_at_once_is_one(place: Path) -> None:
    process = supervised(place, "patient", "second")
    assert eventually(lambda: all_there(place, "patient", "second"))
    os.kill(process.pid, signal.SIGTERM)
    stop(process)
    assert (place / "stopped").read_text().split() == ["second", "patient"]
