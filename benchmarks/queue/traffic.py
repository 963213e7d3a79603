"""Labelers at the API of one campaign: each asks for the next pair, answers it or has it taken back, and goes on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import psycopg

from benchmarks.adapters import expect


@dataclass
class Traffic:
    """What the requests of one level took, in milliseconds; `seconds` is how long all of it took."""

    leases: list[float] = field(default_factory=list)
    cycles: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, other: Traffic) -> None:
        self.leases += other.leases
        self.cycles += other.cycles
        self.seconds += other.seconds


@dataclass(frozen=True)
class Desk:
    """A campaign as the API serves it. `free` is the statement by which the product takes a lease back; empty where pairs are labeled."""

    base: str
    slug: str
    database: str
    free: str = ""


async def work(desk: Desk, tokens: Sequence[str], *, cycles: int) -> Traffic:
    """Have these labelers do so many cycles each, all at once."""
    found, timeout = Traffic(), aiohttp.ClientTimeout(total=60)
    async with await psycopg.AsyncConnection.connect(desk.database, autocommit=True) as connection:
        began = time.perf_counter()
        await asyncio.gather(*(label(desk, token, cycles, connection, found, timeout) for token in tokens))
        found.seconds = time.perf_counter() - began
    return found


async def label(desk: Desk, token: str, cycles: int, connection: psycopg.AsyncConnection[Any], found: Traffic, timeout: aiohttp.ClientTimeout) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(desk.base, headers=headers, connector=aiohttp.TCPConnector(limit=1), timeout=timeout) as http:
        for _ in range(cycles):
            began = time.perf_counter()
            async with http.post(f"/api/v1/campaigns/{desk.slug}/next") as answer:
                await expect(answer, 200)
                key = (await answer.json())["key"]
            found.leases.append((time.perf_counter() - began) * 1000)
            if desk.free:
                await connection.execute(desk.free, {"leases": [key], "lapsed_at": None})
                continue
            async with http.post(f"/api/v1/assignments/{key}/label", json={"choice": -2}) as answer:
                await expect(answer, 200)
            found.cycles.append((time.perf_counter() - began) * 1000)
