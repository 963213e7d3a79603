"""Label Studio: GET /api/projects/{id}/next/, then POST /api/tasks/{id}/annotations/.

--opt tokens=FILE is needed: {"owner": {"token"}, "labelers": [{"id", "email", "password", "token"}, ...]} of people who are set up on a running
server. --opt via=dm asks for the next task as the product's own page does (data manager, action next_task).
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
from playwright.async_api import Page

from benchmarks.adapters import Assigned, Base, Row, expect
from benchmarks.material import Task

CONFIG = """<View>
  <Header value="Prompt"/><Text name="prompt" value="$prompt"/>
  <Pairwise name="pref" toName="left,right"/>
  <View style="display:flex;gap:16px">
    <View style="flex:1"><Text name="left" value="$a"/></View>
    <View style="flex:1"><Text name="right" value="$b"/></View>
  </View>
</View>"""


def result(choice: str) -> list[dict[str, Any]]:
    return [{"from_name": "pref", "to_name": "pref", "type": "pairwise", "value": {"selected": choice}}]


class Adapter(Base):
    name = "labelstudio"

    async def start(self) -> None:
        self.who = json.loads(Path(self.options["tokens"]).read_text())
        self.project = self.options.get("project", "")
        self.by_page = self.options.get("via") == "dm"
        self.admin = self.session(self.who["owner"]["token"])

    async def close(self) -> None:
        await self.admin.close()

    def session(self, token: str) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            self.base,
            headers={"Authorization": f"Token {token}"},
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(limit=1),
            timeout=aiohttp.ClientTimeout(total=600),
        )

    async def login(self, user: int) -> aiohttp.ClientSession:
        return self.session(self.who["labelers"][user]["token"])

    def user_id(self, user: int) -> object:
        return self.who["labelers"][user]["id"]

    async def next_task(self, session: aiohttp.ClientSession) -> Assigned | None:
        async with self.ask_for_next(session) as answer:
            if answer.status == 404:
                await answer.read()
                return None
            task = json.loads(await expect(answer, 200))
            return Assigned(key=task["data"]["key"], id=str(task["id"]))

    def ask_for_next(self, session: aiohttp.ClientSession) -> Any:
        if not self.by_page:
            return session.get(f"/api/projects/{self.project}/next/")
        params = {"id": "next_task", "tabID": self.tab, "project": self.project}
        return session.post("/api/dm/actions", json={"selectedItems": {"all": True, "excluded": []}}, params=params)

    async def submit(self, session: aiohttp.ClientSession, task: Assigned, choice: str) -> None:
        body = {"result": result(choice), "lead_time": 1.5, "project": self.project}
        async with session.post(f"/api/tasks/{task.id}/annotations/", json=body) as answer:
            await expect(answer, 201)

    async def create_project(self, title: str, overlap: int) -> None:
        sampling = self.options.get("sampling", "Sequential sampling")
        body = {"title": title, "label_config": CONFIG, "maximum_annotations": overlap, "sampling": sampling, "is_published": True}
        async with self.admin.post("/api/projects", json=body) as answer:
            self.project = json.loads(await expect(answer, 201))["id"]
        if self.by_page:
            async with self.admin.post("/api/dm/views/", json={"project": self.project, "data": {"title": "bench"}}) as answer:
                self.tab = json.loads(await expect(answer, 201))["id"]

    async def import_tasks(self, tasks: Sequence[Task], *, labels: int = 0) -> int:
        rows = [{"data": task, "annotations": self.ready_made(labels)} if labels else {"data": task} for task in tasks]
        chunk, stored = int(self.options.get("chunk", 0)) or len(rows), 0
        for start in range(0, len(rows), chunk):
            async with self.admin.post(f"/api/projects/{self.project}/import", json=rows[start : start + chunk]) as answer:
                stored += int(json.loads(await expect(answer, 201))["task_count"])
        return stored

    def ready_made(self, labels: int) -> list[dict[str, Any]]:
        people = random.sample([person["id"] for person in self.who["labelers"]], labels)
        return [{"result": result(random.choice(("left", "right"))), "completed_by": person} for person in people]

    async def export(self, *, parse: bool = True) -> tuple[int, list[Row]]:
        async with self.admin.get(f"/api/projects/{self.project}/export", params={"exportType": "JSON"}) as answer:
            body = await expect(answer, 200)
        given = ((task, label) for task in json.loads(body) for label in task["annotations"]) if parse else ()
        rows = [(task["data"]["key"], label["completed_by"], label["result"][0]["value"]["selected"]) for task, label in given if not label["was_cancelled"]]
        return len(body), rows

    async def page_login(self, page: Page, user: int) -> None:
        person = self.who["labelers"][user]
        await page.goto(f"{self.base}/user/login/")
        await page.fill("#email", person["email"])
        await page.fill("#password", person["password"])
        await page.keyboard.press("Enter")
        await page.wait_for_url(lambda url: "/user/login" not in url, wait_until="commit")
        await page.wait_for_load_state("load")

    def page_url(self) -> str:
        return f"{self.base}/projects/{self.project}/data?labeling=1"

    page_ready_js = """() => {
      const submit = [...document.querySelectorAll("button")].find((button) => button.textContent.trim() === "Submit");
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

    async def page_choose(self, page: Page) -> None:
        await page.click(self.options.get("choose", "text=/T\\d{6}-A/"))  # a click on one of the two blocks selects it

    async def page_submit(self, page: Page) -> None:
        await page.click("button:has-text('Submit')", no_wait_after=True)
