"""Row 12: what strangers write stands in every text that is stored, and every page is opened in Chromium.

It is opened without the Content-Security-Policy: that wall is another one. The pages are those of the house's own world
(tests/house), in which every free text is written by somebody who means harm. They are asked for by each of its people, inside
a transaction that is undone, and opened by a Chromium that can reach nothing: it is told what each address holds.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models.signals import pre_save
from playwright.sync_api import Browser, Error, Page
from playwright.sync_api import Route as Asked

from benchmarks.soak.outcomes import Figure, Outcome, at_least, exactly
from benchmarks.soak.payloads import PAYLOADS
from benchmarks.soak.rig import Rig
from tests.house import walk
from tests.house.walk import ORIGIN, Seen, close_browser, open_browser, static
from tests.house.world import make_world

A_ROUND = 5
"""Payloads a round: so many stand in one text, and in a field of 300 characters. A shorter one holds those of them that fit."""
OURS = ("accounts", "exports", "labeling", "policies")

FREE = {
    "body", "change_note", "description", "detail", "error", "external_id", "first_name", "for_whom", "found", "last_name", "licence", "name", "note",
    "rationale", "reason", "says", "source", "system_prompt", "text", "title", "username", "why", "worker", "answer", "question", "content", "erased_why",
}  # fmt: skip
"""Names of fields in which people or models write what they like. Slugs and codes are no text."""
FILE_NAMES = {"DatasetFile", "Download"}
"""Models whose `name` is an address."""

LISTENING = "window.heard = 0; window.ran = window.alert = window.confirm = window.prompt = () => { window.heard += 1; };"
LOOKING = """() => {
    const acts = [];
    for (const element of document.querySelectorAll("*")) for (const { name, value } of element.attributes) {
        const leads = /^(href|src|srcset|action|formaction|srcdoc|data|poster|background|xlink:href|ping|style|content|data-draft|data-address)$/i.test(name);
        const asks = /^(data-)?hx-/i.test(name);
        const isTheirs = (leads || asks) && /evil|ran\\(|javascript:|data:text/i.test(value);
        if (/^on/i.test(name) || isTheirs) acts.push(`${element.localName} ${name}=${value}`.slice(0, 200));
    }
    const inside = ":is(.prose, .cooked, .letters, pre.raw)";
    const takes = ":is(a[href], button, input, select, textarea, iframe, object, embed, summary, details, [tabindex], [contenteditable], audio, video, area)";
    const focusable = [...document.querySelectorAll(`${inside} ${takes}`)].map(element => element.outerHTML.slice(0, 200));
    const scripts = [...document.scripts].filter(script => !script.src && script.type !== "application/json").map(script => script.outerHTML.slice(0, 200));
    return { heard: window.heard, acts, focusable, scripts };
}"""

NEXT = """html => {
    if (!document.querySelector("#desk")?.dataset.controls) return false;
    const card = new DOMParser().parseFromString(html, "text/html").querySelector("#desk");
    const controls = card.querySelector(":scope > #controls");
    controls.id = "for-controls";
    Object.assign(controls.dataset, { at: "/c/slug/work/key/", label: "", words: "" });
    card.dataset.bare = "";
    Desk.changeTo(card);
    return true;
}"""
"""Has a desk change to a card of the same texts, as the answer to a decision brings it; says whether there is one that keeps its controls."""


@dataclass
class Found:
    """What went wrong, with the page on which it did."""

    pages: int = 0
    changed: int = 0
    """Desks among them that went on to a next card."""
    scripts: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    focusable: list[str] = field(default_factory=list)

    def figures(self) -> list[Figure]:
        return [exactly("scripts", len(self.scripts)), exactly("requests", len(self.requests)), exactly("focusable nodes", len(self.focusable))]

    def __str__(self) -> str:
        return "\n".join([*self.scripts[:9], *self.requests[:9], *self.focusable[:9]])


def row_12(rig: Rig, *, tenth: bool) -> Outcome:
    payloads = PAYLOADS[::10] if tenth else PAYLOADS
    logging.disable(logging.CRITICAL)  # most pages are not for most people, and each time it is said
    try:
        found = look_through(payloads, a_round=25 if tenth else A_ROUND)
    finally:
        logging.disable(logging.NOTSET)
    what = f"{len(payloads)} payloads in {len(fields())} stored fields, {found.pages:,} pages in Chromium without a Content-Security-Policy"
    reached = [at_least("pages", found.pages, len(payloads)), at_least("desks that went on", found.changed, 1)]
    return Outcome(12, what, [*reached, *found.figures()])


def look_through(payloads: Sequence[str], *, a_round: int) -> Found:
    """Open every page with these payloads in every field, so many at a time."""
    found = Found()
    with watching() as watch:
        for begin in range(0, len(payloads), a_round):
            watch(list(pages(payloads[begin : begin + a_round])), found)
            print(f"{min(begin + a_round, len(payloads))} of {len(payloads)} payloads, {found.pages:,} pages", file=sys.stderr, flush=True)
    return found


# ---- the world, filled


def fields() -> list[models.Field[Any, Any]]:
    """Return the fields that hold free text."""
    return [field for label in OURS for model in apps.get_app_config(label).get_models() for field in model._meta.fields if is_free(field)]


def is_free(field: models.Field[Any, Any]) -> bool:
    is_text = isinstance(field, models.CharField | models.TextField) and not isinstance(field, models.SlugField) and not field.choices
    return is_text and field.name in FREE and not (field.name == "name" and field.model.__name__ in FILE_NAMES)


@contextmanager
def filled(payloads: Sequence[str]) -> Iterator[None]:
    """Have every row that is made meanwhile hold these payloads in its free texts."""
    count = iter(range(1, 1_000_000))

    def fill(sender: type[models.Model], instance: models.Model, **_: Any) -> None:
        if sender._meta.app_label not in OURS or not instance._state.adding:
            return
        for each in sender._meta.fields:
            if is_free(each) and getattr(instance, each.name):
                setattr(instance, each.name, fitting(payloads, each, next(count)))
        if sender.__name__ == "Prompt":
            for message in getattr(instance, "messages", ()):
                message["content"] = "\n\n".join(payloads)

    pre_save.connect(fill)
    try:
        yield
    finally:
        pre_save.disconnect(fill)


def fitting(payloads: Sequence[str], each: models.Field[Any, Any], number: int) -> str:
    """Return a text of payloads: of each that fits where a field is short, and told apart by a number where it must be."""
    if each.max_length is None:
        return f"{number}: " + "\n\n".join(payloads)
    text, first = str(number) if each.unique else "", number % len(payloads)
    for payload in [*payloads[first:], *payloads[:first]]:
        text += f" {payload}" if len(text) + len(payload) < each.max_length else ""
    return text.strip() or payloads[0][: each.max_length]


def pages(payloads: Sequence[str]) -> Iterator[Seen]:
    """Yield every page as each person gets it, with these payloads everywhere. Nothing of it stays."""
    with walk.undone():
        with filled(payloads):
            world = make_world()
        yield from walk.pages(world)


# ---- Chromium

Watch = Callable[[Sequence[Seen], Found], None]


@contextmanager
def watching() -> Iterator[Watch]:
    """Open Chromium in a thread of its own: an event loop runs in it, in which Django would ask the database nothing."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        playwright, browser = thread.submit(open_browser).result()
        try:
            yield lambda seen, found: thread.submit(open_all, browser, seen, found).result()
        finally:
            thread.submit(close_browser, playwright, browser).result()


def open_all(browser: Browser, seen: Sequence[Seen], found: Found) -> None:
    eye = Eye(browser.new_page(), found)
    for each in seen:
        eye.look_at(each)
    eye.page.close()


class Eye:
    """Opens pages, and writes down what acts on them, what they ask for, and what in a text takes focus."""

    def __init__(self, page: Page, found: Found) -> None:
        self.page, self.found, self.seen = page, found, Seen("", "", "")
        page.add_init_script(LISTENING)
        page.set_default_timeout(20_000)
        page.route("**/*", self.serve)

    def serve(self, asked: Asked) -> None:
        url = asked.request.url
        if url == ORIGIN + self.seen.address:
            return asked.fulfill(content_type="text/html; charset=utf-8", body=self.seen.html)
        if path := static(url):
            return asked.fulfill(path=path)
        if "evil" in url or not url.startswith(ORIGIN):
            self.found.requests.append(f"{self.where}: {url}")
        return asked.abort()

    @property
    def where(self) -> str:
        return f"{self.seen.address} as {self.seen.who}"

    def look_at(self, seen: Seen) -> None:
        self.seen = seen
        told = self.told()
        self.found.pages += 1
        self.found.scripts += [f"{self.where}: {what}" for what in [*["a script ran"] * min(told["heard"], 1), *told["acts"], *told["scripts"]]]
        self.found.focusable += [f"{self.where}: {what}" for what in told["focusable"]]

    def told(self) -> dict[str, Any]:
        try:
            self.page.goto(ORIGIN + self.seen.address)
            self.found.changed += self.page.evaluate(NEXT, self.seen.html)
            self.page.wait_for_timeout(10)
            return dict(self.page.evaluate(LOOKING))
        except Error:
            return {"heard": 0, "acts": ["the page went elsewhere, or never came to rest"], "scripts": [], "focusable": []}
