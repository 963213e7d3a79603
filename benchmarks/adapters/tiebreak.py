"""Tiebreak, by the desk's own requests: one a cycle, a POST of the label whose answer is the next card.

So `submit` is the whole cycle, and `next` reads what it brought; only a labeler's first pair is asked for by itself.
--opt via=api goes by /api/v1 instead; --opt labelers=N makes so many (16); --opt var=FOLDER keeps the data there.
"""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from playwright.async_api import Page

from benchmarks.adapters import Assigned, Base, Refused, Row, expect
from benchmarks.instance import Instance
from benchmarks.material import Task

KEY = re.compile(r"\b(T\d{6})-P\b")
ACTION = re.compile(r'action="([^"]+/)label"|data-at="([^"]+/)"')
SUBMISSION = re.compile(r'(?:name="submission_key" value|data-label)="([0-9a-f-]{36})"')
CONTROLS = re.compile(r'data-controls="([0-9a-f]+)"')
CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
CHOICES = {"left": -2, "right": 2}
LABELS = ["-2", "2", "1"]


@dataclass
class Window:
    """One labeler's browser: cookies, one kept-alive connection, and what is on the screen."""

    http: aiohttp.ClientSession
    shown: str = ""

    async def close(self) -> None:
        await self.http.close()


class Adapter(Base):
    name = "tiebreak"

    async def start(self) -> None:
        folder = self.options.get("var")
        self.instance = Instance(port=urlsplit(self.base).port or 8000, folder=Path(folder) if folder else None)
        self.by_api = self.options.get("via") == "api"
        self.cookies: dict[str, dict[str, str]] = {}
        await asyncio.to_thread(self.instance.start)
        self.server = self.instance.roots()

    async def close(self) -> None:
        await asyncio.to_thread(self.instance.stop)

    # ---- set-up, import, export

    async def create_project(self, title: str, overlap: int) -> None:
        self.overlap = overlap
        self.slug = f"{title}-{uuid.uuid4().hex[:6]}"

    async def import_tasks(self, tasks: Sequence[Task], *, labels: int = 0) -> int:
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            file.writelines(json.dumps(line(task, labels)) + "\n" for task in tasks)
            file.flush()
            argv = ["import_pairs", file.name, "--campaign", self.slug, "--create", "--overlap", str(self.overlap)]
            said = await asyncio.to_thread(self.instance.manage, *argv)
        found = re.search(r"([\d,]+) pairs stored", said)
        if not found:
            raise Refused(f"import: {said[-200:]}")
        await asyncio.to_thread(self.instance.inside, "prepare", self.slug)
        await self.bring_people()
        return int(found[1].replace(",", ""))

    async def bring_people(self) -> None:
        """Have the labelers in the campaign, each signed in once for all that follows."""
        self.people = await asyncio.to_thread(self.instance.inside, "labelers", self.slug, self.options.get("labelers", "16"))
        for person in self.people:
            if person["username"] not in self.cookies and not self.by_api:
                self.cookies[person["username"]] = await self.sign_in(person)

    async def sign_in(self, person: Mapping[str, str]) -> dict[str, str]:
        """Sign in as a person does, and return the cookies of it."""
        async with aiohttp.ClientSession(self.base, cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
            async with http.get("/login/") as answer:
                token = found_in(CSRF, await expect(answer, 200))
            form = {"username": person["username"], "password": person["password"], "csrfmiddlewaretoken": token}
            async with http.post("/login/", data=form, headers={"Origin": self.base}, allow_redirects=False) as answer:
                await expect(answer, 302)
            return {cookie.key: cookie.value for cookie in http.cookie_jar}

    async def export(self, *, parse: bool = True) -> tuple[int, list[Row]]:
        """Checked: the ledger. Timed (parse=False): the operator's command, which writes every file of a version."""
        if parse:
            rows = await asyncio.to_thread(self.instance.inside, "labels", self.slug)
            return 0, [(key, labeler, choice) for key, labeler, choice in rows]
        with tempfile.TemporaryDirectory() as folder:
            await asyncio.to_thread(self.instance.manage, "freeze_dataset", self.slug, "--name", self.slug, "--out", folder)
            return sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file()), []

    def user_id(self, user: int) -> object:
        return self.people[user]["username"]

    # ---- the cycle

    async def login(self, user: int) -> Window:
        person = self.people[user]
        connector, timeout = aiohttp.TCPConnector(limit=1), aiohttp.ClientTimeout(total=60)
        if self.by_api:
            headers = {"Authorization": f"Bearer {person['token']}"}
            return Window(aiohttp.ClientSession(self.base, headers=headers, connector=connector, timeout=timeout))
        cookies = self.cookies[person["username"]]
        headers = {"HX-Request": "true", "Origin": self.base, "X-CSRFToken": cookies["tiebreak-csrf"], "Accept-Encoding": "gzip, deflate"}
        return Window(aiohttp.ClientSession(self.base, headers=headers, cookies=cookies, connector=connector, timeout=timeout))

    async def next_task(self, session: Window) -> Assigned | None:
        if not session.shown:
            session.shown = await (self.first_card(session) if self.by_api else self.desk(session))
        found = KEY.search(session.shown)
        if not found:
            session.shown = ""
            return None
        return Assigned(key=found[1], id=json.loads(session.shown)["key"] if self.by_api else found_in(ACTION, session.shown) + "label")

    async def desk(self, session: Window) -> str:
        async with session.http.get(f"/c/{self.slug}/work/") as answer:
            return await expect(answer, 200)

    async def first_card(self, session: Window) -> str:
        async with session.http.post(f"/api/v1/campaigns/{self.slug}/next") as answer:
            return await expect(answer, 200, 204)

    async def submit(self, session: Window, task: Assigned, choice: str) -> None:
        await (self.submit_by_api if self.by_api else self.submit_by_desk)(session, task, CHOICES[choice])

    async def submit_by_desk(self, session: Window, task: Assigned, choice: int) -> None:
        form = {"choice": str(choice), "rationale": "", "submission_key": found_in(SUBMISSION, session.shown)}
        controls = CONTROLS.search(session.shown)  # which the desk says that it has
        async with session.http.post(task.id, data=form, headers={"Desk-Controls": controls[1]} if controls else {}) as answer:
            session.shown = await expect(answer, 200)

    async def submit_by_api(self, session: Window, task: Assigned, choice: int) -> None:
        async with session.http.post(f"/api/v1/assignments/{task.id}/label", json={"choice": choice, "next": True}) as answer:
            session.shown = json.dumps(json.loads(await expect(answer, 200))["next"] or {})

    # ---- in a browser

    page_ready_js = """() => {
      const submit = document.querySelector("form.decide button[type=submit]");
      if (!submit || submit.disabled || !submit.offsetParent) return null;
      const sides = {};
      const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      while (texts.nextNode()) {
        const found = /^\\s*(T\\d{6})-([PAB])\\b/.exec(texts.currentNode.nodeValue || "");
        if (!found || !texts.currentNode.parentElement) continue;
        const box = texts.currentNode.parentElement.getBoundingClientRect();
        if (box.width > 0 && box.height > 0) (sides[found[1]] = sides[found[1]] || new Set()).add(found[2]);
      }
      for (const key in sides) if (sides[key].size === 3) return key;
      return null; }"""

    async def page_login(self, page: Page, user: int) -> None:
        person = self.people[user]
        await page.goto(f"{self.base}/login/")
        await page.fill("[name=username]", person["username"])
        await page.fill("[name=password]", person["password"])
        await page.keyboard.press("Enter")
        await page.wait_for_url(lambda url: "/login" not in url, wait_until="load")

    def page_url(self) -> str:
        return f"{self.base}/c/{self.slug}/work/"

    async def page_choose(self, page: Page) -> None:
        await page.keyboard.press("2")

    async def page_submit(self, page: Page) -> None:
        await page.click("form.decide button[type=submit]", no_wait_after=True)


def line(task: Task, labels: int) -> dict[str, Any]:
    """Write a task as a line of `import_pairs`."""
    given = [{"labeler": f"outsider{number:02d}", "preference": int(LABELS[number % 3])} for number in range(labels)]
    responses = [{"policy": f"bench-{side}", "text": text} for side, text in (("a", task["a"]), ("b", task["b"]))]
    return {"id": task["key"], "prompt": task["prompt"], "responses": responses, "labels": given}


def found_in(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    if not found:
        raise Refused(f"nothing like {pattern.pattern} in {text[:200]!r}")
    return str(found[found.lastindex or 0])
