"""A product's page in Chromium: bytes of the first load, time to the pair, time from Submit to the next pair."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, CDPSession, Page, Playwright, Request

from benchmarks.adapters import Base
from benchmarks.figures import milliseconds, percentile

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
OURS = ("127.0.0.1", None, "")


async def open_browser(playwright: Playwright, *, profile: Path, chromium: str) -> BrowserContext:
    return await playwright.chromium.launch_persistent_context(
        profile, executable_path=chromium, headless=True, args=FLAGS, viewport={"width": 1366, "height": 900}
    )


class Traffic:
    """What a page loaded, over the wire, by kind; and what it asked of anybody else."""

    def __init__(self, page: Page, devtools: CDPSession) -> None:
        self.kinds: dict[str, str] = {}
        self.answers: dict[str, str] = {}
        self.sizes: dict[str, int] = {}
        self.failed: Counter[str] = Counter()
        self.outside: set[str] = set()
        devtools.on("Network.responseReceived", self.received)
        devtools.on("Network.loadingFinished", self.finished)
        devtools.on("Network.loadingFailed", self.missed)
        page.on("request", self.requested)

    def received(self, event: dict[str, Any]) -> None:
        self.kinds[event["requestId"]] = event["type"]
        if event["response"]["status"] >= 400:
            self.answers[event["requestId"]] = f"{event['response']['status']} {urlsplit(event['response']['url']).path}"

    def finished(self, event: dict[str, Any]) -> None:
        self.sizes[event["requestId"]] = event["encodedDataLength"]

    def missed(self, event: dict[str, Any]) -> None:
        self.failed[event.get("errorText", "")] += 1

    def requested(self, request: Request) -> None:
        host = urlsplit(request.url).hostname
        if host not in OURS:
            self.outside.add(str(host))

    def report(self) -> dict[str, Any]:
        sizes: Counter[str] = Counter()
        for request, size in self.sizes.items():
            sizes[self.kinds.get(request, "Other")] += size
        return {
            "bytes_total": sum(sizes.values()),
            "bytes_by_kind": dict(sizes),
            "requests": len(self.sizes),
            "requests_by_kind": dict(Counter(self.kinds.get(request, "Other") for request in self.sizes)),
            "http_errors": list(self.answers.values())[:8],
            "failed": dict(self.failed),
        }


class Visit:
    """One labeler at one page."""

    def __init__(self, adapter: Base, page: Page) -> None:
        self.adapter = adapter
        self.page = page
        self.shown = ""

    async def ready(self, *, seconds: float) -> None:
        """Wait for a pair other than the one that was shown."""
        script = f"old => {{ const key = ({self.adapter.page_ready_js})(); return key && key !== old ? key : false; }}"
        handle = await self.page.wait_for_function(script, arg=self.shown, polling="raf", timeout=seconds * 1000)
        self.shown = await handle.json_value()

    async def load(self) -> float:
        """Return the seconds from navigation to a pair that can be answered."""
        self.shown = ""
        began = time.perf_counter()
        await self.page.goto(self.adapter.page_url(), wait_until="commit")
        await self.ready(seconds=60)
        return time.perf_counter() - began

    async def answer(self) -> float:
        """Return the seconds from Submit to the next pair."""
        await self.adapter.page_choose(self.page)
        await asyncio.sleep(0.25)
        began = time.perf_counter()
        await self.adapter.page_submit(self.page)
        await self.ready(seconds=30)
        return time.perf_counter() - began


async def emptied_cache(page: Page) -> CDPSession:
    devtools = await page.context.new_cdp_session(page)
    await devtools.send("Network.enable")
    await devtools.send("Network.clearBrowserCache")
    return devtools


async def measure(adapter: Base, page: Page, *, warm_loads: int, clicks: int) -> dict[str, Any]:
    """Load the page with an empty cache, then with a full one, then label."""
    traffic, visit = Traffic(page, await emptied_cache(page)), Visit(adapter, page)
    cold = await visit.load()
    await asyncio.sleep(3)  # late resources
    loaded = traffic.report()
    warm = [await visit.load() for _ in range(warm_loads)]
    steps = [await visit.answer() for _ in range(clicks)]
    heap = await page.evaluate("() => performance.memory ? performance.memory.usedJSHeapSize : 0")
    return {
        "cold_ms": milliseconds(cold),
        "warm_ms": milliseconds(statistics.median(warm)) if warm else None,
        "clicks": clicks,
        **{f"submit_to_next_{name}": milliseconds(percentile(steps, at)) for name, at in {"min": 0, "p50": 50, "p95": 95, "max": 100}.items()},
        **loaded,
        "js_heap_mb": round(heap / 2**20, 1),
        "outside_requests": sorted(traffic.outside)[:8],
    }
