"""The product served for a test: gunicorn as in production, on a port of its own, over a database of the test's own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
from django.conf import settings
from django.test import Client

from accounts.models import User

ROOT = Path(__file__).resolve().parent.parent
CSRF = "c" * 32


def database_url(name: str) -> str:
    """The address of a database on the tests' server."""
    entry = settings.DATABASES["default"]
    user = f"{quote(entry['USER'])}:{quote(entry['PASSWORD'])}@" if entry["PASSWORD"] else f"{quote(entry['USER'])}@"
    host = f"{entry['HOST']}:{entry['PORT']}" if entry["PORT"] else entry["HOST"]
    return f"postgresql://{user}/{name}?host={quote(entry['HOST'])}" if entry["HOST"].startswith("/") else f"postgresql://{user}{host}/{name}"


def environment(name: str, **more: str) -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": database_url(name), "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONUNBUFFERED": "1", **more}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(name: str, **more: str) -> Iterator[str]:
    """Serve the database `name`, and yield the address once it answers."""
    with serving(name, **more) as (base, _):
        yield base


@contextmanager
def serving(name: str, **more: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The same, with the process whose children are the web workers."""
    port = free_port()
    argv = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "--log-level", "warning", "config.wsgi"]
    process = subprocess.Popen(argv, cwd=ROOT, env=environment(name, PORT=str(port), **more), start_new_session=True)
    base = f"http://127.0.0.1:{port}"
    try:
        wait_until_up(base, process)
        yield base, process
    finally:
        stop(process)


def wait_until_up(base: str, process: subprocess.Popen[bytes], *, seconds: float = 30) -> None:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            if httpx.get(f"{base}/healthz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError("the server did not answer in time")


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the whole group: gunicorn and its workers."""
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(15)
    except ProcessLookupError:
        return
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def signed_in(base: str, user: User) -> httpx.Client:
    """A browser's worth of cookies for somebody who has signed in, over one kept-alive connection."""
    client = Client()
    client.force_login(user)
    cookies = {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value, settings.CSRF_COOKIE_NAME: CSRF}
    return httpx.Client(base_url=base, cookies=cookies, headers={"X-CSRFToken": CSRF, "HX-Request": "true", "Origin": base}, timeout=60)
