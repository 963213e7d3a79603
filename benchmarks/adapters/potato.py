"""Potato, by its page's own calls: submit is POST /updateinstance; next is POST /annotate (move on) and GET /annotate.

It keeps its pool and state in one process and reads its tasks from a file at the start, so this adapter runs the server: create_project stops
the running one, import_tasks writes the file and starts it, and the time until it answers is its import. --opt venv=PATH is needed (with
potato-annotation and gunicorn); work=PATH, threads=N (8, as its own deploy command has it) and format=NAME may be given.
"""

from __future__ import annotations

import asyncio
import html
import json
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from playwright.async_api import Page

from benchmarks.adapters import Assigned, Base, Refused, Row, expect
from benchmarks.material import Task

KEY = re.compile(r"\b(T\d{6})-P\b")
LABELERS = 16


@dataclass
class Window:
    """One labeler's connection, and the key of the pair on the screen."""

    http: aiohttp.ClientSession
    shown: str = ""

    async def close(self) -> None:
        await self.http.close()


class Adapter(Base):
    name = "potato"

    async def start(self) -> None:
        self.work = Path(self.options.get("work") or tempfile.mkdtemp())
        self.bin = Path(self.options["venv"]) / "bin"
        self.process: subprocess.Popen[bytes] | None = None
        self.projects = 0

    async def close(self) -> None:
        if self.process is None:
            return
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None

    async def create_project(self, title: str, overlap: int) -> None:
        await self.close()
        self.projects += 1
        self.overlap = overlap
        self.folder = self.work / f"potato-{os.getpid()}-{self.projects}"
        (self.folder / "data").mkdir(parents=True)

    async def import_tasks(self, tasks: Sequence[Task], *, labels: int = 0) -> int:
        rows = [{"id": task["key"], "prompt": task["prompt"], "responses": [task["a"], task["b"]]} for task in tasks]
        (self.folder / "data" / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        (self.folder / "config.yaml").write_text(json.dumps(self.configuration(len(tasks)), indent=1))  # JSON is YAML
        if labels:
            self.write_labels(tasks, labels)
        log = self.folder / "server.log"
        with log.open("wb") as file:
            argv = ["-w", "1", "--threads", self.options.get("threads", "8"), "-b", self.base.removeprefix("http://"), "--timeout", "600"]
            self.process = subprocess.Popen(
                [self.bin / "gunicorn", *argv, "--log-level", "warning", "potato.flask_server:create_app('config.yaml')"],
                cwd=self.folder,
                stdout=file,
                stderr=file,
                start_new_session=True,
                env={**os.environ, "POTATO_NO_TELEMETRY": "1"},
            )
        self.server = {"app": self.process.pid}
        await self.wait_until_up(log)
        return len(tasks)

    async def wait_until_up(self, log: Path) -> None:
        async with aiohttp.ClientSession() as http:
            for _ in range(3000):
                if self.process is None or self.process.poll() is not None:
                    raise Refused(f"the server ended: {log.read_text()[-600:]}")
                try:
                    async with http.get(f"{self.base}/health") as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.1)

    def configuration(self, tasks: int) -> dict[str, Any]:
        shown = [{"key": "prompt", "type": "text", "label": "Prompt"}, {"key": "responses", "type": "pairwise", "label": "Responses"}]
        scheme = {"annotation_type": "pairwise", "name": "pref", "items_key": "responses", "description": "Which response is better?", "mode": "binary"}
        return {
            "annotation_task_name": "bench",
            "task_dir": str(self.folder),
            "site_dir": "default",
            "output_annotation_dir": str(self.folder / "out"),
            "data_files": ["data/pairs.jsonl"],
            "item_properties": {"id_key": "id", "text_key": "prompt"},
            "user_config": {"allow_all_users": True, "users": []},
            "require_password": False,
            "assignment_strategy": "random",
            "num_annotators_per_item": self.overlap,
            "max_annotations_per_user": tasks,
            "alert_time_each_instance": 10000000,
            "secret_key": "bench",
            "debug": False,
            "verbose": False,
            "very_verbose": False,
            "host": "127.0.0.1",
            "port": int(self.base.rpartition(":")[2]),
            "persist_sessions": False,
            "instance_display": {"fields": shown},
            "annotation_schemes": [scheme | {"labels": ["A", "B"]}],
        }

    def write_labels(self, tasks: Sequence[Task], labels: int) -> None:
        """Write ready-made labels as the product's own state files, one a labeler."""
        for user in range(LABELERS):
            mine = [task["key"] for number, task in enumerate(tasks) if (user - number * labels) % LABELERS < labels]
            said = {key: [[{"schema": "pref", "name": "selection"}, "A"]] for key in mine}
            state = {
                "user_id": self.user_id(user),
                "instance_id_ordering": mine,
                "current_instance_index": 0,
                "current_phase_and_page": ["annotation", None],
                "completed_phase_and_pages": [],
                "max_assignments": len(tasks),
                "instance_id_to_behavioral_data": {},
                "instance_id_to_label_to_value": said,
                "instance_id_to_span_to_value": {},
                "phase_to_page_to_label_to_value": {},
                "phase_to_page_to_span_to_value": {},
            }
            folder = self.folder / "out" / self.user_id(user)
            folder.mkdir(parents=True)
            (folder / "user_state.json").write_text(json.dumps(state))

    def user_id(self, user: int) -> str:
        return f"labeler{user:02d}"

    async def login(self, user: int) -> Window:
        timeout, jar = aiohttp.ClientTimeout(total=300), aiohttp.CookieJar(unsafe=True)
        http = aiohttp.ClientSession(self.base, connector=aiohttp.TCPConnector(limit=1), cookie_jar=jar, timeout=timeout)
        async with http.post("/auth", data={"email": self.user_id(user), "pass": ""}) as answer:
            await expect(answer, 200)
        return Window(http)

    async def next_task(self, session: Window) -> Assigned | None:
        if session.shown:  # what the page's Next button sends
            body = {"action": "next_instance", "instance_id": session.shown}
            async with session.http.post("/annotate", headers={"X-Potato-Navigation": "1"}, json=body) as answer:
                await expect(answer, 200)
        async with session.http.get("/annotate") as answer:
            found = KEY.search(html.unescape(await expect(answer, 200)))
        return Assigned(key=found[1], id=found[1]) if found and found[1] != session.shown else None

    async def submit(self, session: Window, task: Assigned, choice: str) -> None:
        said = {"pref:selection": "A" if choice == "left" else "B"}
        body = {"instance_id": task.id, "annotations": said, "cleared_schemas": [], "span_annotations": [], "response_time_seconds": 1.5}
        async with session.http.post("/updateinstance", json=body) as answer:
            text = await expect(answer, 200)
        if '"error"' in text:
            raise Refused(f"submit: {text[:200]}")
        session.shown = task.key

    async def export(self, *, parse: bool = True) -> tuple[int, list[Row]]:
        """Timed (parse=False): the product's own export command. Checked: what is on disk, one state file a labeler."""
        if parse:
            files = sorted((self.folder / "out").glob("*/user_state.json"))
            return sum(file.stat().st_size for file in files), [row for file in files for row in rows_of(json.loads(file.read_text()))]
        out = self.folder / "exported"
        argv = ["-m", "potato.export", "-c", "config.yaml", "-f", self.options.get("format", "jsonl"), "-o", str(out)]
        made = await asyncio.create_subprocess_exec(self.bin / "python", *argv, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said, _ = await made.communicate()
        if made.returncode:
            raise Refused(f"export: {said[-300:]!r}")
        return sum(file.stat().st_size for file in out.rglob("*") if file.is_file()), []

    async def page_login(self, page: Page, user: int) -> None:
        await page.goto(f"{self.base}/")
        await page.fill("input[name=email]", self.user_id(user))
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/annotate*", wait_until="commit")
        await page.wait_for_load_state("load")

    def page_url(self) -> str:
        return f"{self.base}/annotate"

    page_ready_js = """() => {
      const tile = document.querySelector(".pairwise-tile"), next = document.querySelector("#next-btn");
      if (!tile || !tile.offsetParent || !next || !next.offsetParent) return null;
      const current = typeof currentInstance !== "undefined" && currentInstance ? currentInstance.id : null;  // the page's own state
      const sides = {}, texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      while (texts.nextNode()) {
        const found = /^\\s*(T\\d{6})-([PAB])\\b/.exec(texts.currentNode.nodeValue || "");
        if (!found || !texts.currentNode.parentElement) continue;
        const box = texts.currentNode.parentElement.getBoundingClientRect();
        if (box.width > 0 && box.height > 0) (sides[found[1]] = sides[found[1]] || new Set()).add(found[2]);
      }
      for (const key in sides) if (sides[key].size === 3 && key === current) return key;
      return null; }"""

    async def page_choose(self, page: Page) -> None:
        await page.click(".pairwise-tile[data-value=A]")

    async def page_submit(self, page: Page) -> None:
        await page.click(self.options.get("next", "#next-btn"), no_wait_after=True)


def rows_of(state: dict[str, Any]) -> list[Row]:
    """Return what one labeler said, from their state file: under each task a list or a mapping of labels to values, in this version or that."""
    rows: list[Row] = []
    for key, said in (state.get("instance_id_to_label_to_value") or {}).items():
        for label, value in said if isinstance(said, list) else said.items():
            name = label.get("name") if isinstance(label, dict) else str(label)
            if "selection" in str(name):
                rows.append((key, state.get("user_id"), "left" if value == "A" else "right"))
    return rows
