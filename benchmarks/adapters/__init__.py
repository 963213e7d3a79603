"""Products under the driver, one module each, with a class `Adapter`.

For `cycle` with `--keep-project` only login, next_task and submit are needed; for all of `cycle`, for `race` and `io` also
create_project, import_tasks, export and user_id; for `browser` the members page_*. The shortest whole example is `null`.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
from playwright.async_api import Page

from benchmarks.material import Task

Row = tuple[str, object, str]
"""One stored label: the task's key, who made it, and `left` or `right`."""


@dataclass(frozen=True)
class Assigned:
    """A task on one labeler's screen, under the product's own name for it."""

    key: str
    id: str


class Refused(Exception):
    """The product did not do what was asked."""


class Base(ABC):
    """What the driver asks of a product."""

    name = "base"

    def __init__(self, base: str, options: Mapping[str, str]) -> None:
        self.base = base.rstrip("/")
        self.options = options
        self.server: Mapping[str, int] = {}
        """Roots of the process trees of a server that the adapter itself runs."""

    @abstractmethod
    async def start(self) -> None:
        """Make ready, once."""

    @abstractmethod
    async def close(self) -> None:
        """Stop what `start` started."""

    # ---- the cycle

    @abstractmethod
    async def login(self, user: int) -> Any:
        """Return the session of labeler number `user`: one kept-alive connection."""

    async def logout(self, session: Any) -> None:
        await session.close()

    @abstractmethod
    async def next_task(self, session: Any) -> Assigned | None:
        """Return the labeler's next task, or None when nothing is left for them."""

    @abstractmethod
    async def submit(self, session: Any, task: Assigned, choice: str) -> None:
        """Send `left` or `right`. Returns when the server has said that it is stored; raises otherwise."""

    # ---- set-up, import, export

    async def create_project(self, title: str, overlap: int) -> None:
        """Make an empty project, and make it the one that next_task serves."""
        raise NotImplementedError

    async def import_tasks(self, tasks: Sequence[Task], *, labels: int = 0) -> int:
        """Import the tasks, each with so many ready-made labels, and return how many the server says it has. Timed by the caller."""
        raise NotImplementedError

    async def export(self, *, parse: bool = True) -> tuple[int, list[Row]]:
        """Return the bytes received and, if they are to be parsed, a row for each label."""
        raise NotImplementedError

    def user_id(self, user: int) -> object:
        """Return how rows of `export` name labeler number `user`."""
        raise NotImplementedError

    # ---- in a browser

    page_ready_js = "() => null"
    """JavaScript: the key shown (T000017) if the pair is visible and can be answered, else null."""

    async def page_login(self, page: Page, user: int) -> None:
        raise NotImplementedError

    def page_url(self) -> str:
        raise NotImplementedError

    async def page_choose(self, page: Page) -> None:
        """Mark a preference. Not timed."""
        raise NotImplementedError

    async def page_submit(self, page: Page) -> None:
        """The click that sends it: timed from here to the next pair."""
        raise NotImplementedError


def load(name: str, base: str, options: Mapping[str, str]) -> Base:
    """Return the adapter of a product."""
    adapter: type[Base] = importlib.import_module(f"benchmarks.adapters.{name}").Adapter
    return adapter(base, options)


async def expect(answer: aiohttp.ClientResponse, *statuses: int) -> str:
    """Return the body of an answer that has one of these statuses. Raises Refused."""
    body = await answer.text()
    if answer.status not in statuses:
        raise Refused(f"{answer.method} {answer.url.path}: {answer.status} {body[:200]}")
    return body
