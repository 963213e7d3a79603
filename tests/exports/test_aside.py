"""Lines that a process of its own writes: the same bytes, and nothing that goes wrong there is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from exports import aside, lines, publishing, rows, writing
from exports.aside import Aside
from exports.formats import FormatError
from exports.lining import Names, Part
from exports.models import DatasetVersion
from tests.exports.settled import order, settled_campaign


@pytest.fixture
def version(any_moment: None) -> DatasetVersion:
    return publishing.publish(order(settled_campaign(pairs=5)))


@pytest.fixture
def names(version: DatasetVersion) -> Names:
    return lines.known_to(rows.draft_of(version)).names(bytes(32))


@pytest.fixture
def part(version: DatasetVersion) -> Part:
    (found,) = lines.parts(rows.draft_of(version))
    return found


def test_the_bytes_are_the_same(version: DatasetVersion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "ASIDE_FROM", 1)
    monkeypatch.setattr(lines, "AT_ONCE", 2)
    again = tmp_path / "again"
    again.mkdir()
    assert writing.write(rows.draft_of(version), again) == version.manifest
    written = {path.name: path.read_bytes() for path in again.iterdir()}
    assert written == {path.name: path.read_bytes() for path in version.folder.iterdir()}
    assert not children()


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if aside.__name__ in child.cmdline()]


def empty_sided(part: Part) -> Part:
    texts, votes = part
    return [(*text[:6], "", *text[7:]) for text in texts], votes


def write(folder: Path, names: Names, *parts: Part) -> None:
    with Aside(folder, names) as lining:
        for part in parts:
            lining.take(part)
        lining.done()


def test_what_must_not_be_written_is_refused_in_the_same_words(part: Part, names: Names, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="cannot be written: one of its sides is empty") as refused:
        write(tmp_path, names, part, empty_sided(part))
    assert refused.value.words == "pair {pair} cannot be written: {why}"
    assert not children()


def test_a_refusal_reaches_whoever_goes_on_giving_rows(part: Part, names: Names, tmp_path: Path) -> None:
    with pytest.raises(FormatError):
        write(tmp_path, names, *[empty_sided(part)] * 1000)


def test_a_disk_that_refuses_is_told_as_such(part: Part, names: Names, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "away", names, part)


def test_no_version_is_made_where_the_process_is_killed(version: DatasetVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = Aside.take

    def killed(lining: Aside, part: Part) -> None:
        lining.process.kill()
        lining.process.wait()
        taken(lining, part)

    monkeypatch.setattr(writing, "ASIDE_FROM", 1)
    monkeypatch.setattr(Aside, "take", killed)
    with pytest.raises(publishing.NotPublished, match=f"the process that writes lines ended with {-signal.SIGKILL}"):
        publishing.publish(order(version.campaigns.get()))
    assert DatasetVersion.objects.count() == 1


ABANDONED = """
import time
from pathlib import Path
from exports.aside import Aside
from exports.lining import Names
print(Aside(Path("."), Names({}, {}, {}, b"")).process.pid, flush=True)
time.sleep(600)
"""


def test_it_ends_with_whoever_began_it_however_that_ended(tmp_path: Path) -> None:
    began = subprocess.Popen([sys.executable, "-c", ABANDONED], cwd=aside.ROOT, stdout=subprocess.PIPE, text=True)
    assert began.stdout
    pid = int(began.stdout.readline())
    assert psutil.pid_exists(pid)
    os.kill(began.pid, signal.SIGKILL)
    began.wait()
    began.stdout.close()
    ends = time.monotonic() + 30
    while psutil.pid_exists(pid) and time.monotonic() < ends:
        time.sleep(0.05)
    assert not psutil.pid_exists(pid)
