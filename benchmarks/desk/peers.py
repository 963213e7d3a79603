"""Products beside which the desk is measured: each in a virtual environment of its own, and left out where there is none."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import httpx

from benchmarks.adapters import Base, labelstudio, potato

PATIENCE = 180
"""Seconds for a peer's first start, with its migrations."""
WHO = {"email": "owner@bench.local", "password": "loud-pencil-orbit-seven"}


class LabelStudio(labelstudio.Adapter):
    """Label Studio as its own command serves it: SQLite, one process, nothing in front. One person owns and labels."""

    async def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="bench-labelstudio-"))
        token, port = secrets.token_hex(20), self.base.rpartition(":")[2]
        program = str(Path(self.options["venv"]) / "bin" / "label-studio")
        argv = [program, "start", "--no-browser", "--port", port, "--username", WHO["email"], "--password", WHO["password"], "--user-token", token]
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(argv, env=environment(self.folder, self.base), stdout=log, stderr=log, start_new_session=True)
        person = WHO | {"token": token, "id": await asyncio.to_thread(self.wait_until_up, token)}
        (self.folder / "people.json").write_text(json.dumps({"owner": person, "labelers": [person]}))
        self.options = {**self.options, "tokens": str(self.folder / "people.json")}
        self.server = {"app": self.process.pid}
        await super().start()

    def wait_until_up(self, token: str) -> int:
        """Return the id of its only person."""
        for _ in range(PATIENCE):
            if self.process.poll() is not None:
                break
            try:
                answer = httpx.get(f"{self.base}/api/current-user/whoami", headers={"Authorization": f"Token {token}"}, timeout=30)
                if answer.status_code == 200:
                    return int(answer.json()["id"])
            except httpx.TransportError:
                pass
            self.process_wait(1)
        raise RuntimeError(f"Label Studio did not start: {(self.folder / 'log').read_text()[-600:]}")

    def process_wait(self, seconds: float) -> None:
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return

    async def close(self) -> None:
        if hasattr(self, "admin"):
            await super().close()
        self.process.terminate()
        self.process_wait(20)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def environment(folder: Path, base: str) -> Mapping[str, str]:
    """Nothing leaves the machine, and nothing is read from where the tests are."""
    ours = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "VAR_DIR", "PORT", "SECRET_KEY")
    off = ("COLLECT_ANALYTICS", "collect_analytics", "LATEST_VERSION_CHECK")
    quiet = {"SENTRY_DSN": "", "FRONTEND_SENTRY_DSN": "", "FEATURE_FLAGS_OFFLINE": "true", "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true", "LOG_LEVEL": "ERROR"}
    chosen = {"LABEL_STUDIO_BASE_DATA_DIR": str(folder / "data"), "LABEL_STUDIO_HOST": base, "DJANGO_DB": "sqlite", **quiet, **dict.fromkeys(off, "false")}
    return {name: value for name, value in os.environ.items() if name not in ours} | chosen


NAMES = {"labelstudio": ("Label Studio", "label-studio"), "potato": ("Potato", "potato-annotation")}
"""Folder of its virtual environment: its name, and that of its package."""


def adapter_of(folder: Path, port: int) -> Base:
    """Return the peer whose virtual environment this is."""
    kind = LabelStudio if folder.name == "labelstudio" else potato.Adapter
    return kind(f"http://127.0.0.1:{port}", {"venv": str(folder)})


def version_of(folder: Path) -> str:
    """Return the version installed in a peer's virtual environment; empty: it is not installed."""
    python = folder / "bin" / "python"
    if not python.exists():
        return ""
    ask = f"import importlib.metadata; print(importlib.metadata.version({NAMES[folder.name][1]!r}))"
    done = subprocess.run([python, "-c", ask], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""
