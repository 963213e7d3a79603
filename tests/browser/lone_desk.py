"""A desk without a server: the real template and scripts, and a clock that the test moves."""

from __future__ import annotations

import uuid
from pathlib import Path
from urllib.parse import parse_qs

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe
from playwright.sync_api import Page, Route

from labeling.cards import Card

ORIGIN = "http://127.0.0.1:9"
SCRIPTS = "".join(f'<script src="/static/{name}" defer></script>' for name in ("django_htmx/htmx-2.min.js", "reading.js", "desk.js"))
VISIBILITY = """state => {
    Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


class Desk:
    """One card in one window; what it sends is kept in `sent`: the last part of the address, and the fields."""

    def __init__(self, page: Page, *, words: int) -> None:
        self.page, self.words, self.sent = page, words, list[tuple[str, dict[str, list[str]]]]()
        page.clock.install(time=0)
        page.route("**/*", self.serve)
        page.goto(f"{ORIGIN}/c/slug/work/")

    def serve(self, route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN).partition("?")[0]
        if route.request.method == "POST":
            self.sent.append((path.rpartition("/")[2], parse_qs(route.request.post_data or "", keep_blank_values=True)))
            route.fulfill(status=409, body="seen")
        elif path.startswith("/static/"):
            route.fulfill(path=Path(str(finders.find(path.removeprefix("/static/")))))
        else:
            route.fulfill(content_type="text/html", body=f"<!doctype html>{SCRIPTS}<body>{render_to_string('labeling/work.html#card', {'card': self.card()})}")

    def card(self) -> Card:
        text, nothing = mark_safe("<p>" + "word " * (self.words // 3) + "</p>"), mark_safe("")  # noqa: S308
        return Card(
            key=str(uuid.UUID(int=1)),
            submission_key=str(uuid.UUID(int=2)),
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
            done_today=0,
        )

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

    def next_sent(self) -> tuple[str, dict[str, list[str]]]:
        """Wait for what goes out next, and return the last part of its address and its fields."""
        while not self.sent:
            self.page.wait_for_timeout(20)
        return self.sent.pop(0)
