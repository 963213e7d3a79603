"""A desk without a server: the real template and scripts, a clock that the test moves, and a line that it cuts."""

from __future__ import annotations

import uuid
from collections.abc import Sized
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe
from playwright.sync_api import Page, Route

from labeling.cards import Card
from labeling.controls import controls_of

ORIGIN = "http://127.0.0.1:9"
HEAD = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
HEAD += '<link rel="stylesheet" href="/static/app.css"><script src="/static/desk.js" defer></script>'
START = f'<!doctype html><html lang="en">{HEAD}<body class="full">'
VISIBILITY = """state => {
    Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
MOST_LOOKS = 3000
Sent = tuple[str, dict[str, list[str]]]
"""The last part of the address that something was sent to, and its fields."""


class Desk:
    """Cards in one window, numbered as they are answered; what was sent is kept in `sent`, drafts in `drafts`.

    `refuses` has every decision answered by 409, so that the window stays with its first pair; while `is_slow`, what is sent waits for `let_go`.
    """

    def __init__(self, page: Page, *, words: int = 60, refuses: bool = True, **of_card: Any) -> None:
        self.page, self.words, self.refuses, self.of_card = page, words, refuses, of_card
        self.sent, self.drafts = list[Sent](), list[dict[str, list[str]]]()
        self.stored, self.is_down, self.loses_drafts = list[Sent](), False, False
        self.is_slow, self.waiting, self.says = False, list[tuple[Route, str]](), "Stored."
        page.clock.install(time=0)
        page.route("**/*", self.serve)
        page.goto(f"{ORIGIN}/c/slug/work/")

    def serve(self, route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN).partition("?")[0]
        if self.is_down:
            route.abort("internetdisconnected")
        elif route.request.method == "POST" and self.is_slow:
            self.waiting.append((route, path))
        elif route.request.method == "POST":
            self.take(route, path)
        elif path.startswith("/static/"):
            route.fulfill(path=Path(str(finders.find(path.removeprefix("/static/")))))
        else:
            route.fulfill(content_type="text/html", body=START + self.bar() + self.html() + '<p class="vh" id="live"></p>')

    def take(self, route: Route, path: str) -> None:
        what, said = path.rpartition("/")[2], parse_qs(route.request.post_data or "", keep_blank_values=True)
        if what == "draft" and self.loses_drafts:
            return route.abort("internetdisconnected")
        if what == "draft":
            self.drafts.append(said)
            return route.fulfill(status=204)
        self.sent.append((what, said))
        if self.refuses:
            return route.fulfill(status=409, body="seen")
        if said.get("submission_key") not in [earlier.get("submission_key") for _, earlier in self.stored]:
            self.stored.append((what, said))
        return route.fulfill(content_type="text/html", body=self.html(self.says, has=route.request.headers.get("desk-controls", "")))

    def let_go(self) -> None:
        """Answer what waits, and whatever comes from now on."""
        self.wait_for(self.waiting)
        self.is_slow = False
        for route, path in self.waiting:
            self.take(route, path)
        self.waiting.clear()

    def bar(self) -> str:
        return render_to_string("_shared_desk_bar.html", {"here": self.card(), "heading": "Name"})

    def html(self, stored: str = "", *, has: str = "") -> str:
        card = self.card()
        controls = controls_of(card)
        return render_to_string("labeling/work.html#card", {"card": card, "stored": stored, "controls": controls, "is_bare": bool(has) and has == controls})

    def card(self) -> Card:
        text, nothing = mark_safe("<p>" + "word " * (self.words // 3) + "</p>"), mark_safe("")  # noqa: S308
        number = len(self.stored)
        card = Card(
            key=str(uuid.UUID(int=1000 + number)),
            submission_key=str(uuid.UUID(int=2000 + number)),
            campaign_slug="slug",
            campaign_name="Name",
            turns=(),
            prompt_html=text,
            prompt_raw=nothing,
            left_html=text,
            left_raw=nothing,
            right_html=text,
            right_raw=nothing,
            rubric_number=1,
            rubric_html=nothing,
            done_today=number,
        )
        return replace(card, **self.of_card)

    def wait(self, seconds: int) -> None:
        self.page.clock.fast_forward(seconds * 1000)

    def move(self) -> None:
        self.page.mouse.move(5, self.page.evaluate("performance.now() / 1000 % 500"))

    def show(self, state: str) -> None:
        self.page.evaluate(VISIBILITY, state)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def submit(self) -> dict[str, list[str]]:
        """Decide by keys, and return what was sent."""
        self.press("2", "Enter")
        return self.next_sent()[1]

    def next_sent(self) -> Sent:
        """Wait for what goes out next, and return it."""
        self.wait_for(self.sent)
        return self.sent.pop(0)

    def wait_for(self, received: Sized) -> None:
        for _ in range(MOST_LOOKS):
            if received:
                return
            self.page.wait_for_timeout(20)
        raise AssertionError("nothing was sent")

    def next_draft(self) -> dict[str, list[str]]:
        """Let the pause pass after which what was typed is saved, and return it."""
        self.wait(1)
        self.wait_for(self.drafts)
        return self.drafts.pop(0)

    def news(self) -> str:
        return self.page.locator("#news").inner_text()
