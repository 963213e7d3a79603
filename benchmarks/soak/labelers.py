"""Labelers by the API, who send again what was not answered, with the same submission key, until it is."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import aiohttp

BROKEN = 0
"""What stands for the status of a request whose connection broke."""
ANSWERED = (200, 204)
AGAIN_SECONDS = 0.1
"""Pause before a request is sent again where the server names none."""
IDLE_SECONDS = 0.5
"""Pause before a labeler for whom nothing was left asks again: places of people who vanished come back."""

Card = dict[str, Any]


@dataclass(frozen=True)
class Person:
    """Somebody who labels: a name and a working token."""

    username: str
    token: str


@dataclass(frozen=True)
class Answer:
    """How one request went. Times in seconds of the monotonic clock."""

    began: float
    ended: float
    status: int
    retry_after: str = ""


@dataclass(frozen=True)
class Told:
    """What a labeler was told is stored."""

    username: str
    choice: int
    rationale: str


@dataclass(frozen=True)
class Manner:
    """How labelers send what they decided."""

    sends: int = 1
    """Connections over which each submission goes out at once."""
    is_keyed: bool = True
    """With a submission key. Without one the server cannot know that two requests are one submission."""


class Refused(Exception):
    """An answer that is no answer: neither done nor to be sent again."""


class GivenUp(Exception):
    """The soak was over before this was answered."""


@dataclass
class Record:
    """What the labelers of one campaign saw. It is over with the last label that there is a place for, or after `patience` seconds without any."""

    wanted: int
    patience: float
    answers: list[Answer] = field(default_factory=list)
    told: dict[str, Told] = field(default_factory=dict)
    """By submission key."""
    counted: int = 0
    """Of these, the ones that are no surplus."""
    equal: int = 0
    """Answers that are the first to their submission, or say the same as the first."""
    held: list[str] = field(default_factory=list)
    """Keys of the assignments that people who vanished hold."""
    last: float = field(default_factory=time.monotonic)

    def is_over(self) -> bool:
        return self.counted >= self.wanted or time.monotonic() > self.last + self.patience

    def note(self, username: str, said: Card) -> None:
        """Note what the server says it has stored."""
        key = said["submission_key"]
        self.counted += key not in self.told and not said["surplus"]
        self.told[key] = Told(username, said["choice"], said["rationale"])
        self.last = time.monotonic()

    @property
    def refusals(self) -> int:
        """Answers that say when to come back."""
        return sum(answer.status == 503 and answer.retry_after != "" for answer in self.answers)

    @property
    def breaks(self) -> int:
        return sum(answer.status == BROKEN for answer in self.answers)

    @property
    def mistakes(self) -> int:
        """Answers of which no client can make sense: a 500, a 503 that does not say when to come back, a refusal of what was leased."""
        return sum(answer.status not in (*ANSWERED, BROKEN) for answer in self.answers) - self.refusals


@dataclass
class Labeler:
    """One person at one campaign."""

    http: aiohttp.ClientSession
    person: Person
    slug: str
    record: Record
    manner: Manner

    async def work(self, *, most: int | None = None) -> None:
        """Label until the soak is over; or label `most` pairs, lease another one, and vanish."""
        done, card = 0, None
        with contextlib.suppress(GivenUp):
            while not self.record.is_over():
                card = card or await self.next_card()
                if done == most:
                    self.record.held.append(card["key"])
                    return
                done, card = done + 1, await self.label(card)

    async def next_card(self) -> Card:
        """Lease the next pair, waiting while nothing is left. Raises GivenUp."""
        while not self.record.is_over():
            with contextlib.suppress(Refused):
                if card := await self.post(f"/api/v1/campaigns/{self.slug}/next", {}):
                    return card
            await asyncio.sleep(IDLE_SECONDS)
        raise GivenUp

    async def label(self, card: Card) -> Card | None:
        """Send one judgment as often as the manner says, and return the next card if it came with the answer. Raises GivenUp."""
        path, body = f"/api/v1/assignments/{card['key']}/label", self.judgment()
        came = await asyncio.gather(*(self.post(path, body) for _ in range(self.manner.sends)), return_exceptions=True)
        said = [answer for answer in came if isinstance(answer, dict)]
        for answer in said:
            self.record.note(self.person.username, answer)
            self.record.equal += answer == said[0]
        if any(isinstance(answer, GivenUp) for answer in came):
            raise GivenUp
        return said[0].get("next") if said else None

    def judgment(self) -> Card:
        """Return what is sent: each one its own. The next card comes with the answer to a submission that is sent once."""
        key = {"submission_key": str(uuid.uuid4())} if self.manner.is_keyed else {}
        return {"choice": random.choice([-2, 2]), "rationale": f"{self.person.username} {time.monotonic_ns()}", "next": self.manner.sends == 1, **key}

    async def post(self, path: str, body: Card) -> Card | None:
        """Send a request until it is answered. Raises Refused or GivenUp."""
        while True:
            answer, said = await attempt(self.http, path, body)
            self.record.answers.append(answer)
            if answer.status in ANSWERED:
                return said
            if answer.status not in (BROKEN, 503):
                raise Refused(f"{path}: {answer.status}")
            await asyncio.sleep(float(answer.retry_after or AGAIN_SECONDS))
            if self.record.is_over():
                raise GivenUp


async def attempt(http: aiohttp.ClientSession, path: str, body: Card) -> tuple[Answer, Card | None]:
    """Send a request once."""
    began, status, retry_after, said = time.monotonic(), BROKEN, "", None
    with contextlib.suppress(aiohttp.ClientError, TimeoutError):
        async with http.post(path, json=body) as reply:
            said = await reply.json() if reply.status == 200 else None
            status, retry_after = reply.status, reply.headers.get("Retry-After", "")
    return Answer(began, time.monotonic(), status, retry_after), said


def session(base: str, person: Person, *, connections: int = 1, keep: bool = True) -> aiohttp.ClientSession:
    """Return one person's connections: kept alive, or a new one for each request."""
    connector = aiohttp.TCPConnector(limit=connections, force_close=not keep)
    return aiohttp.ClientSession(
        base,
        headers={"Authorization": f"Bearer {person.token}"},
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=60),
        cookie_jar=aiohttp.DummyCookieJar(),
    )
