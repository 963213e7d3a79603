"""The harness's own control: a server of a few lines, in memory, that does it right.

It shows the most cycles a second that the driver itself can ask for, and that `race` reports zeros for a right server and
not for a wrong one: --opt bug=cap (no overlap limit), bug=twice (a repeated submit is stored again) or bug=lose (one answer
in 50 is dropped after it was accepted).
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

from benchmarks.adapters import Assigned, Base, Refused, Row, expect
from benchmarks.material import Task


class Adapter(Base):
    name = "null"

    async def start(self) -> None:
        port = self.base.rsplit(":", 1)[1]
        self.process = subprocess.Popen([sys.executable, "-m", "benchmarks.adapters.null", port, self.options.get("bug", "")])
        self.server = {"app": self.process.pid}
        self.admin = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))
        for _ in range(100):
            try:
                async with self.admin.get(f"{self.base}/export"):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.1)
        raise Refused("the control server did not start")

    async def close(self) -> None:
        await self.admin.close()
        self.process.terminate()
        self.process.wait()

    async def login(self, user: int) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(headers={"X-User": str(user)}, connector=aiohttp.TCPConnector(limit=1))

    def user_id(self, user: int) -> str:
        return str(user)

    async def next_task(self, session: aiohttp.ClientSession) -> Assigned | None:
        async with session.get(f"{self.base}/next") as answer:
            if answer.status != 200:
                return None
            key = (await answer.json())["key"]
            return Assigned(key=key, id=key)

    async def submit(self, session: aiohttp.ClientSession, task: Assigned, choice: str) -> None:
        async with session.post(f"{self.base}/submit", json={"key": task.key, "choice": choice}) as answer:
            await expect(answer, 201)

    async def create_project(self, title: str, overlap: int) -> None:
        self.overlap = overlap

    async def import_tasks(self, tasks: Sequence[Task], *, labels: int = 0) -> int:
        async with self.admin.post(f"{self.base}/import", json={"k": self.overlap, "tasks": tasks}) as answer:
            return int((await answer.json())["n"])

    async def export(self, *, parse: bool = True) -> tuple[int, list[Row]]:
        async with self.admin.get(f"{self.base}/export") as answer:
            received = await answer.read()
            return len(received), [(key, user, choice) for key, user, choice in await answer.json()]


@dataclass
class Store:
    """Everything that the control server knows, and the bug it was asked to have."""

    bug: str
    overlap: int = 3
    tasks: dict[str, Task] = field(default_factory=dict)
    rows: list[tuple[str, str, str]] = field(default_factory=list)
    held: dict[str, set[str]] = field(default_factory=dict)
    """Who holds or has answered each task."""
    on_screen: dict[str, str] = field(default_factory=dict)
    seen: int = 0

    async def fill(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.overlap, self.rows, self.on_screen = body["k"], [], {}
        self.tasks = {task["key"]: task for task in body["tasks"]}
        self.held = {key: set() for key in self.tasks}
        return web.json_response({"n": len(self.tasks)})

    async def next(self, request: web.Request) -> web.Response:
        user = request.headers["X-User"]
        if user not in self.on_screen:
            free = (key for key, who in self.held.items() if (self.bug == "cap" or len(who) < self.overlap) and user not in who)
            key = next(free, None)
            if key is None:
                return web.Response(status=404)
            self.held[key].add(user)
            self.on_screen[user] = key
        return web.json_response(self.tasks[self.on_screen[user]])

    async def submit(self, request: web.Request) -> web.Response:
        user, body = request.headers["X-User"], await request.json()
        self.seen += 1
        if self.on_screen.get(user) != body["key"] and self.bug != "twice":
            return web.Response(status=409)
        self.on_screen.pop(user, None)
        if not (self.bug == "lose" and self.seen % 50 == 0):
            self.rows.append((body["key"], user, body["choice"]))
        return web.Response(status=201)

    async def export(self, request: web.Request) -> web.Response:
        return web.json_response(self.rows)


def serve(port: int, bug: str) -> None:
    store, app = Store(bug), web.Application(client_max_size=2**30)
    app.add_routes([web.post("/import", store.fill), web.get("/next", store.next), web.post("/submit", store.submit), web.get("/export", store.export)])
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2])
