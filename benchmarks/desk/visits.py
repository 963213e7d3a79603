"""A labeler at one page: bytes and requests of the first load, then Submit, again and again, to the next pair."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Page, async_playwright

from benchmarks.adapters import Base
from benchmarks.browsing import Traffic, Visit, emptied_cache, open_browser

AT_CLICK = """() => addEventListener("click", (event) => sessionStorage.setItem("clicked", performance.timeOrigin + event.timeStamp), true)"""
SINCE_CLICK = """(old) => {
    const key = (READY)();
    const asked = performance.getEntriesByType("resource").findLast((each) => each.initiatorType === "fetch");
    const since = performance.timeOrigin + performance.now() - Number(sessionStorage.getItem("clicked"));
    return key && key !== old ? [key, since, asked?.duration ?? 0] : false; }"""
"""Asked in each frame, before it is drawn: the pair shown, if it can be answered, the milliseconds since the click by the page's own clock, and how many of
them the last request took."""


@dataclass
class Seen:
    """What one product showed. Milliseconds."""

    cold: float = 0.0
    bytes: int = 0
    requests: int = 0
    by_kind: dict[str, int] = field(default_factory=dict)
    icons: int = 0
    """Requests that are neither page, style nor script: the tab's icon."""
    by_page: list[float] = field(default_factory=list)
    """From the click's own time to the frame in which the next pair can be answered."""
    of_request: list[float] = field(default_factory=list)
    """What of that was the request: on its way, in the server, and back."""
    by_driver: list[float] = field(default_factory=list)
    """The same by the clock of who drives the browser, with what it takes to move a pointer and to be told."""

    @property
    def median(self) -> float:
        return statistics.median(self.by_page)


async def visit(adapter: Base, *, clicks: int, chromium: str, user: int = 0) -> Seen:
    """Sign in, load the page with an empty cache, and label so many pairs."""
    with tempfile.TemporaryDirectory() as profile:
        async with async_playwright() as playwright:
            context = await open_browser(playwright, profile=Path(profile), chromium=chromium)
            page = context.pages[0]
            await adapter.page_login(page, user)
            await page.goto("about:blank")
            seen = await first_load(adapter, page)
            await label(adapter, page, seen, clicks=clicks)
            await context.close()
    return seen


async def first_load(adapter: Base, page: Page) -> Seen:
    devtools = await emptied_cache(page)
    traffic = Traffic(page, devtools)
    seconds = await Visit(adapter, page).load()
    await asyncio.sleep(3)  # late resources
    loaded: dict[str, Any] = traffic.report()
    await devtools.detach()  # else whatever is asked from now on takes some milliseconds longer
    return Seen(
        cold=seconds * 1000,
        bytes=loaded["bytes_total"],
        requests=loaded["requests"],
        by_kind=loaded["bytes_by_kind"],
        icons=loaded["requests_by_kind"].get("Other", 0),
    )


async def label(adapter: Base, page: Page, seen: Seen, *, clicks: int) -> None:
    """Label one pair that is not counted, then the others."""
    timed = Visit(adapter, page)
    await timed.ready(seconds=30)
    for number in range(clicks + 1):
        await page.evaluate(AT_CLICK)
        await adapter.page_choose(page)
        await asyncio.sleep(0.25)
        began = time.perf_counter()
        await adapter.page_submit(page)
        handle = await page.wait_for_function(SINCE_CLICK.replace("READY", adapter.page_ready_js), arg=timed.shown, polling="raf", timeout=30_000)
        driver = (time.perf_counter() - began) * 1000
        timed.shown, milliseconds, request = await handle.json_value()
        if number:
            seen.by_page.append(milliseconds)
            seen.of_request.append(request)
            seen.by_driver.append(driver)
