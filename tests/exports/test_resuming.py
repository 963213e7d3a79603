"""What the version's page gives to be copied fetches a file, goes on where a broken line left it, and checks it: with the real curl over a live server."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.template.loader import render_to_string

from accounts.models import User
from exports import publishing
from exports.models import Download
from tests.builders import make_token
from tests.exports.settled import order, settled_campaign
from tests.serving import served


class Line:
    """A way to a server that breaks after so many bytes of the first answer, and holds from then on."""

    def __init__(self, to: str, *, breaks_after: int) -> None:
        parts = urlsplit(to)
        self.to, self.left = (parts.hostname or "", parts.port or 0), breaks_after
        self.door = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.door.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                near, _ = self.door.accept()
            except OSError:
                return
            far = socket.create_connection(self.to)
            threading.Thread(target=self.pump, args=(near, far, False), daemon=True).start()
            threading.Thread(target=self.pump, args=(far, near, True), daemon=True).start()

    def pump(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        with suppress(OSError), source, target:
            while block := source.recv(512):
                if is_answer and self.breaks(len(block)):
                    source.shutdown(socket.SHUT_RDWR)
                    break
                target.sendall(block)
            target.shutdown(socket.SHUT_RDWR)

    def breaks(self, more: int) -> bool:
        before, self.left = self.left, self.left - more
        return before > 0 >= self.left


@contextmanager
def broken_line(to: str, *, breaks_after: int) -> Iterator[str]:
    line = Line(to, breaks_after=breaks_after)
    try:
        yield line.address
    finally:
        line.door.close()


@pytest.mark.commits
def test_a_download_that_broke_in_the_middle_goes_on_there(committed_db: str, datasets_dir: Path, tmp_path: Path) -> None:
    rosa = User.objects.create_user("rosa", is_researcher=True)
    version = publishing.publish(order(settled_campaign("everyday", pairs=12, researcher=rosa), by=rosa))
    file = version.files.get(name="train.jsonl")
    environment = {"TIEBREAK_TOKEN": make_token(rosa, "download"), "PATH": "/usr/bin:/bin", "NO_PROXY": "*"}
    with served(committed_db, VAR_DIR=str(datasets_dir.parent)) as base, broken_line(base, breaks_after=file.size // 2) as address:
        command = render_to_string("exports/_fetch.sh.txt", {"base_url": address, "dataset": version.dataset, "version": version, "first": file})
        first = subprocess.run(["bash", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True)
        there = (tmp_path / "train.jsonl").stat().st_size
        assert first.returncode != 0
        assert 0 < there < file.size
        second = subprocess.run(["bash", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert second.returncode == 0, second.stderr
    assert second.stdout == "train.jsonl: OK\n"
    assert (tmp_path / "train.jsonl").read_bytes() == file.path.read_bytes()
    last = Download.objects.order_by("-pk")[0]
    assert (last.first_byte, last.last_byte) == (there, file.size - 1)  # nothing was sent twice
