"""Tiebreak itself, served for a measurement: as in production, on servers and in a folder of its own."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config import embedded
from config.embedded.server import leave_all

ROOT = Path(__file__).resolve().parent.parent


class Broken(Exception):
    """A part of the product ended, or did not start."""


class Instance:
    """PostgreSQL, Redis and gunicorn, with the product's own settings; the servers end with this process. `log` takes what gunicorn says."""

    def __init__(self, *, port: int, folder: Path | None = None, log: Path | None = None) -> None:
        self.port = port
        self.log = log
        self.folder = folder or Path(tempfile.mkdtemp(prefix="tiebreak-bench-"))
        self.is_borrowed = folder is not None
        self.web: subprocess.Popen[bytes] | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start everything. Raises EmbeddedError or Broken, whose texts are for people."""
        os.environ["VAR_DIR"] = str(self.folder)
        embedded.provide(self.folder)
        self.manage("migrate", "--verbosity=0")
        self.manage("collectstatic", "--noinput", "--verbosity=0")
        self.serve()

    def environment(self) -> dict[str, str]:
        chosen = {"PORT": str(self.port), "DJANGO_SETTINGS_MODULE": "config.settings", "DEBUG": "off", "LOG_LEVEL": "WARNING"}
        return {**{name: value for name, value in os.environ.items() if name not in ("BASE_URL", "BIND", "ALLOWED_HOSTS")}, **chosen}

    def manage(self, *argv: str) -> str:
        return self.run("manage.py", *argv)

    def inside(self, *argv: str) -> Any:
        """Run a command of `benchmarks.inside` and return what it printed."""
        return json.loads(self.run("-m", "benchmarks.inside", *argv))

    def run(self, *argv: str) -> str:
        """Run a program of the product to its end and return what it printed. Raises Broken with its last words."""
        done = subprocess.run([sys.executable, *argv], cwd=ROOT, env=self.environment(), capture_output=True, text=True)
        if done.returncode:
            raise Broken(f"{' '.join(argv[:2])} ended with {done.returncode}: {done.stderr.strip()[-600:]}")
        return done.stdout

    def serve(self) -> None:
        argv = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "--log-level", "warning", "config.wsgi"]
        with self.log.open("wb") if self.log else contextlib.nullcontext() as log:
            self.web = subprocess.Popen(argv, cwd=ROOT, env=self.environment(), start_new_session=True, stdout=log, stderr=log)
        ends = time.monotonic() + 60
        while not self.answers():
            if self.web.poll() is not None or time.monotonic() > ends:
                raise Broken(f"the web process did not start on port {self.port}")
            time.sleep(0.1)

    def answers(self) -> bool:
        with contextlib.suppress(OSError), contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)) as connection:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        return False

    def roots(self) -> Mapping[str, int]:
        """Return the process ids of the servers. One that was chosen by DATABASE_URL or REDIS_URL is not among them."""
        files = {"postgres": self.folder / "postgres" / "data" / "postmaster.pid", "redis": self.folder / "run" / "redis.pid"}
        found = {name: int(file.read_text().split()[0]) for name, file in files.items() if file.exists()}
        return found | ({"web": self.web.pid} if self.web else {})

    def stop(self) -> None:
        """Stop the web process, then the servers, and remove the folder if it was made here."""
        if self.web:
            self.web.terminate()
            self.web.wait()
        leave_all()
        if not self.is_borrowed:
            shutil.rmtree(self.folder, ignore_errors=True)
