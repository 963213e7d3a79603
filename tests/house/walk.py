"""Every page of the world as each of its people gets it, and a Chromium that can reach nothing: it is told what each address holds."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import environ
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.db import transaction
from django.test import Client
from playwright.sync_api import Browser, Playwright, sync_playwright

from accounts.models import User
from benchmarks.browsing import FLAGS
from tests.house.world import World, routes

ORIGIN = "http://127.0.0.1:9"
NO_PAGES = ("datasets/<slug:name>/<int:number>/", "fetch/")
"""How addresses begin that may fail here: the files of the world's version are not on the disk."""


@dataclass(frozen=True)
class Seen:
    """An address as one of the people gets it."""

    who: str
    address: str
    html: str


def pages(world: World, people: Iterable[tuple[str, User | None]] | None = None) -> Iterator[Seen]:
    """Yield every page as each person gets it; None stands for somebody who is not signed in."""
    known = set[str]()
    asking = list(world.people.items() if people is None else people)
    for route in routes():
        for name, user in asking if not route.is_api else ():
            html = ask(user, world.address(route), may_fail=route.pattern.startswith(NO_PAGES))
            if html and html not in known:
                known.add(html)
                yield Seen(name, world.address(route), html)


def ask(user: User | None, address: str, *, may_fail: bool = False) -> str | None:
    """Return a page as somebody gets it, and undo what that did. None where there is none, or it is not for them."""
    client = Client(SERVER_NAME="127.0.0.1", raise_request_exception=False)
    if user:
        client.force_login(user)
    with undone():
        answer = client.get(address, secure=True)
        if answer.status_code >= 500 and not may_fail:
            raise AssertionError(f"{address} answers {answer.status_code} to {user.pk if user else 'nobody'}")
        return answer.content.decode() if answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html") else None


def answers(world: World, said: dict[str, str]) -> Iterator[Seen]:
    """Yield what each address answers to a form with these words, and the page that it leads to, for the first of the people who may send one."""
    for route in routes():
        for name in ("rosa", "olga", "lena", "ada") if not route.is_api else ():
            if (html := send(world.people[name], world.address(route), said)) is not None:
                yield Seen(name, f"{world.address(route)} (sent)", html)
                break


def send(user: User, address: str, said: dict[str, str]) -> str | None:
    """Return what somebody is answered to a form, and undo what that did. None where it is not for them."""
    client = Client(SERVER_NAME="127.0.0.1", raise_request_exception=False)
    client.force_login(user)
    with undone():
        answer = client.post(address, said, follow=True, secure=True)
        if answer.status_code in (403, 404, 405):
            return None
        assert answer.status_code < 500, f"{address} answers {answer.status_code} to {said}"
        return b"".join(answer).decode() if answer.headers.get("Content-Type", "").startswith("text/") else ""


@contextmanager
def undone() -> Iterator[None]:
    """Run a block as one transaction, and undo it. What asks to be the outermost may be within it, as in Django's own tests."""
    block: Any = transaction.atomic()
    block._from_testcase = True
    with block:
        yield
        transaction.set_rollback(True)


def open_browser() -> tuple[Playwright, Browser]:
    playwright = sync_playwright().start()
    chromium = environ.get("CHROMIUM") or shutil.which("chromium")
    return playwright, playwright.chromium.launch(executable_path=chromium, args=FLAGS)


def close_browser(playwright: Playwright, browser: Browser) -> None:
    browser.close()
    playwright.stop()


def static(url: str) -> Path | None:
    """Return the file behind an address of a static file."""
    if not url.startswith(f"{ORIGIN}/static/"):
        return None
    name = url.removeprefix(f"{ORIGIN}/static/").partition("?")[0]
    for place in (finders.find(name), staticfiles_storage.path(name)):
        if place and Path(str(place)).is_file():
            return Path(str(place))
    return None
