"""Pages under axe-core: each in both themes and at both widths, on one load; and what axe does not see: sideways scrolling, and focus that is not shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import Browser, Page
from playwright.sync_api import Route as Asked

from tests.house.walk import ORIGIN, Seen, static

SCRIPT = Path(axe_playwright_python.__file__).parent / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
EVERYTHING = {"runOnly": {"type": "tag", "values": TAGS}, "rules": {"target-size": {"enabled": True}}}
OF_COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""The rules whose answer a theme can change: the other theme is the same page in other colours."""
WIDE, NARROW, ZOOMED = (1440, 900), (390, 844), (320, 640)
"""A desk, a phone, and 1,280 pixels at 400 %."""

RUN = """async (options) => {
    const found = await axe.run(document, { ...options, resultTypes: ["violations"], preload: false });
    return found.violations.flatMap(({ id, nodes }) => nodes.map(({ target, any, all, none }) =>
        `${id}: ${target.join(" ")}: ${[...any, ...all, ...none].map((check) => check.message).join("; ")}`));
}"""
SIDEWAYS = """() => document.scrollingElement.scrollWidth > innerWidth
    ? [`scrolls sideways: ${document.scrollingElement.scrollWidth} px of page in ${innerWidth}`] : []"""
UNSHOWN = """() => {
    const takes = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
    const isThere = (each) => each.checkVisibility({ visibilityProperty: true }) && !each.disabled && !each.closest("[inert]");
    const ring = (each) => each && (each.matches("body") ? false
        : getComputedStyle(each).outlineStyle !== "none" && parseFloat(getComputedStyle(each).outlineWidth) >= 2 || ring(each.parentElement));
    const bare = [...document.querySelectorAll(takes)].filter(isThere).filter((each) => {
        each.focus({ focusVisible: true, preventScroll: true });
        return document.activeElement === each && !ring(each);
    });
    document.activeElement?.blur();
    return bare.map((each) => `focus is not shown: ${each.outerHTML.slice(0, 120)}`);
}"""
VARIES = re.compile(
    r'name="csrfmiddlewaretoken" value="[^"]+"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?<=>)(?:lena|otto|ada|rosa|olga)(?=<)'
)
BAR = re.compile(r'<header class="bar">.*?</header>', re.DOTALL)


@dataclass(frozen=True)
class State:
    """What is done on a page before it is looked at again. The script says whether it could."""

    name: str
    script: str


@dataclass
class Eye:
    """One window, into which pages are put one after the other; what is wrong with them is in `faults`."""

    page: Page
    faults: list[str] = field(default_factory=list)
    looks: int = 0
    """Times that axe went over a page."""
    version: str = ""
    """Of axe-core."""

    def __post_init__(self) -> None:
        self.seen = Seen("", "", "")
        self.page.add_init_script(path=SCRIPT)
        self.page.emulate_media(reduced_motion="reduce")
        self.page.route("**/*", self.serve)

    def serve(self, asked: Asked) -> None:
        if asked.request.url == ORIGIN + self.seen.address:
            return asked.fulfill(content_type="text/html; charset=utf-8", body=self.seen.html)
        if path := static(asked.request.url):
            return asked.fulfill(path=path)
        return asked.abort()

    def look_at(self, seen: Seen, states: Sequence[State] = ()) -> None:
        self.seen = seen
        self.page.emulate_media(color_scheme="light")
        self.size(WIDE)
        self.page.goto(ORIGIN + seen.address)
        self.version = self.page.evaluate("axe.version")
        self.note("320 px", [*self.at(ZOOMED, SIDEWAYS), *self.at(NARROW, UNSHOWN)])
        for state in [State("", ""), *states]:
            if state.script and not self.page.evaluate(state.script):
                self.note(state.name, ["it does not open"])
            self.examine(state.name)

    def examine(self, state: str) -> None:
        for size in (WIDE, NARROW):
            self.size(size)
            for theme, options in (("light", EVERYTHING), ("dark", OF_COLOURS)):
                self.page.emulate_media(color_scheme="light" if theme == "light" else "dark")
                self.note(f"{state} {theme} {size[0]} px", self.page.evaluate(RUN, options))
                self.looks += 1

    def at(self, size: tuple[int, int], script: str) -> list[str]:
        self.size(size)
        return list(self.page.evaluate(script))

    def size(self, size: tuple[int, int]) -> None:
        self.page.set_viewport_size({"width": size[0], "height": size[1]})

    def note(self, how: str, found: Sequence[str]) -> None:
        self.faults += [f"{self.seen.address} as {self.seen.who}, {how.strip()}: {what}" for what in found]


def eye(browser: Browser) -> Eye:
    return Eye(browser.new_page())


def different(pages: Sequence[Seen]) -> Iterator[Seen]:
    """Yield the pages that are not, but for tokens and names, made of a bar and a body that were there before."""
    known = set[Any]()
    for seen in pages:
        plain = VARIES.sub("", seen.html)
        parts = {BAR.sub("", plain), *BAR.findall(plain)}
        if parts - known:
            known |= parts
            yield seen
