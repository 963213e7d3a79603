"""Every page in both themes and at both widths under axe-core (WCAG 2.0 to 2.2, A and AA, and best practice), and what axe does not see."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest
from pytest_django import Settings

from config import accessibility
from exports import freezing
from tests.browser.axe import Eye, State, different, eye
from tests.browser.conftest import CHROMIUM
from tests.house import lived_in, walk
from tests.house.walk import Seen

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.skipif(not CHROMIUM, reason="NO BROWSER TESTS: no Chromium on PATH, and CHROMIUM= is not set")]

OPEN = """(() => { for (const other of document.querySelectorAll(":popover-open")) other.hidePopover();
    document.getElementById("NAME")?.showPopover(); return Boolean(document.querySelector("#NAME:popover-open")); })()"""


def overlays(*names: str) -> list[State]:
    return [State(f"with #{name} open,", OPEN.replace("NAME", name)) for name in names]


HAVE_OVERLAYS = {
    "/state/desk/": overlays("skip", "report", "ask", "criteria", "help", "rubric", "me"),
    "/c/evening/adjudicate/": overlays("help", "rubric", "me"),
}
PLANTED = """<!doctype html><html lang="en"><head><title>Planted</title><meta name="viewport" content="width=device-width"><style>
    p { color: #222; background: #fff; } :focus-visible { outline: none; }
    @media (prefers-color-scheme: dark) and (max-width: 400px) { .only { color: #bbb; } }
    .small { inline-size: 12px; block-size: 12px; padding: 0; border: 0; } .wide { inline-size: 500px; }
</style></head><body><main><h1>Planted</h1><p class="only">Pale, on a phone, in the dark.</p><input>
<button class="small">a</button><button class="small">b</button><p class="wide">Wide</p></main></body></html>"""


@dataclass
class Found:
    faults: list[str]
    looks: int
    version: str


def looked(pages: Sequence[Seen]) -> Found:
    """Look at pages in two windows at once, in threads of their own: an event loop runs in them, in which Django would ask the database nothing."""
    with ThreadPoolExecutor(max_workers=2) as threads:
        eyes = list(threads.map(look, (pages[::2], pages[1::2])))
    return Found([fault for eye in eyes for fault in eye.faults], sum(eye.looks for eye in eyes), eyes[0].version)


def look(pages: Sequence[Seen]) -> Eye:
    playwright, browser = walk.open_browser()
    try:
        found = eye(browser)
        for seen in pages:
            found.look_at(seen, HAVE_OVERLAYS.get(seen.address, []))
        return found
    finally:
        walk.close_browser(playwright, browser)


@pytest.fixture
def _any_moment(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Versions may be frozen inside a test's own transaction, and lie in a folder of the test's."""
    settings.DATASETS_DIR = tmp_path / "datasets"
    monkeypatch.setattr(freezing, "one_moment", nullcontext)


@pytest.mark.django_db
@pytest.mark.usefixtures("_any_moment")
def test_it_works() -> None:
    world = lived_in.make_lived_in()
    people = [("nobody", None), *world.people.items()]
    seen = [*walk.pages(world, people), *lived_in.states(world)]
    found = looked([page for page in different(seen) if page.html.lstrip().startswith("<!doctype html>")])
    assert found.looks > 300
    assert found.version == accessibility.AXE, "The page on accessibility names another version of axe-core."
    assert not found.faults, "\n".join(["", *found.faults])


def test_what_is_wrong_is_found() -> None:
    """The negative control: each fault is found where it is, and there alone."""
    faults = looked([Seen("anybody", "/planted", PLANTED)] * 2).faults
    pale = [fault for fault in faults if "color-contrast" in fault]
    assert [fault.partition(":")[0] for fault in pale] == ["/planted as anybody, dark 390 px"] * 2
    for rule in ("label", "target-size", "focus is not shown", "scrolls sideways"):
        assert any(f": {rule}:" in fault or f": {rule}" in fault for fault in faults), rule
