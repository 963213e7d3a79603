"""A real Chromium, where there is one. `chromium` on PATH or CHROMIUM= names it; BROWSER_TESTS=required makes its absence a failure."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.demo import Demo, running

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
FLAGS += ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]  # nothing but this machine can be asked for anything


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Closed with its module: while it is open an event loop runs in this thread, in which Django asks the database nothing."""
    if not CHROMIUM:
        if os.environ.get("BROWSER_TESTS") == "required":
            pytest.fail("no Chromium: put chromium on PATH or set CHROMIUM=")
        pytest.skip("NO BROWSER TESTS: no Chromium on PATH, and CHROMIUM= is not set")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One demo for all tests that walk through it."""
    with running(tmp_path_factory.mktemp("demo")) as demo:
        yield demo


@pytest.fixture
def shots() -> Path | None:
    """Where screenshots go, if somebody wants to look: SHOTS=folder."""
    folder = os.environ.get("SHOTS")
    return Path(folder) if folder else None
