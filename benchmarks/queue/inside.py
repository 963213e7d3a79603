"""The product's own code on one database, for the driver: a command in JSON a line on standard input, an answer a line on standard output."""

from __future__ import annotations

import json
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import django

django.setup()

from django.db import connection, transaction  # noqa: E402 - after the settings
from django.utils import timezone  # noqa: E402

from accounts import statements  # noqa: E402
from accounts.models import User  # noqa: E402
from benchmarks import inside  # noqa: E402
from labeling import assigning, queue, slotting, submitting  # noqa: E402
from labeling.models import Campaign, Membership, Role, Rubric, RubricVersion  # noqa: E402
from labeling.models.assignment import opaque_key  # noqa: E402
from labeling.models.enrolment import BEFORE_EVERY_RANK  # noqa: E402
from policies.models import Policy, PromptSet  # noqa: E402

CROWD = [f"crowd{number:02d}" for number in range(30)]
SERVED = [f"bench{number:02d}" for number in range(4)]
FLOOR = [f"floor{number:02d}" for number in range(4)]
"""Those who label by the API, four at once; and those who do the same over bare psycopg."""
HISTORIES = ["none", "some", "many", "all"]
"""How much of the open campaign they have labeled: nothing, 1,000 pairs, 100,000, one place of every pair."""


def prepare() -> dict[str, Any]:
    """Make the people, an open campaign and one that is to be nearly done, without pairs. Returns the ids and secrets that the driver needs."""
    at = timezone.now()
    rubric = Rubric.objects.create(name="bench", title="Bench", created_at=at)
    version = RubricVersion.objects.create(rubric=rubric, number=1, body="The better response answers the prompt.", sha256="0" * 64, created_at=at)
    policies = [Policy.objects.create(name=f"bench-{number}", engine=Policy.Engine.IMPORTED, created_at=at).pk for number in range(5)]
    campaigns = {slug: make_campaign(slug, version, at=at).pk for slug in ("open", "done")}
    people = make_people([*HISTORIES, *SERVED, *FLOOR, *CROWD])
    return {
        "campaigns": campaigns,
        "rubric_version": version.pk,
        "prompt_set": PromptSet.objects.create(name="bench", created_at=at).pk,
        "policies": policies,
        "people": {name: person.pk for name, person in people.items()},
        "tokens": {name: inside.make_token(person, "bench") for name, person in people.items()},
        "free": slotting.FREE,
        "start": BEFORE_EVERY_RANK,
    }


def make_campaign(slug: str, version: RubricVersion, *, at: datetime) -> Campaign:
    return Campaign.objects.create(slug=slug, name=slug.title(), state=Campaign.State.OPEN, overlap=3, rubric_version=version, created_at=at)


def make_people(names: Iterable[str]) -> dict[str, User]:
    User.objects.bulk_create([User(username=name, password="!") for name in names])
    people: dict[str, User] = User.objects.in_bulk(list(names), field_name="username")
    for campaign in Campaign.objects.all():
        Membership.objects.bulk_create([Membership(campaign=campaign, user=person, role=Role.LABELER) for person in people.values()])
    return people


@cache
def who(slug: str, name: str) -> tuple[Campaign, User]:
    """Return a campaign and a labeler, enrolled there."""
    campaign, labeler = Campaign.objects.get(slug=slug), User.objects.get(username=name)
    assigning.enrol(campaign, labeler, at=timezone.now())
    return campaign, labeler


def cpu() -> float:
    """Return the milliseconds of CPU that this connection's server process has used: what other programs do meanwhile changes them little."""
    connection.ensure_connection()
    return int(Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").read_text().split()[0]) / 1e6


def lease(slug: str, name: str, count: int) -> list[tuple[float, float]]:
    """Take the next place so many times, and label it, or in the campaign that is nearly done give it back. Returns milliseconds and those of server CPU."""
    return [lease_one(*who(slug, name), is_kept=slug == "open") for _ in range(count)]


def lease_one(campaign: Campaign, labeler: User, *, is_kept: bool) -> tuple[float, float]:
    at, used, began = timezone.now(), cpu(), time.perf_counter()
    found = queue.search(campaign, labeler, ends=at + timedelta(minutes=30), at=at, pools=[""])
    took = (time.perf_counter() - began) * 1000, cpu() - used
    if found is None:
        raise RuntimeError(f"nothing is left for {labeler} in {campaign}")
    if is_kept:
        submitting.submit_label(assignment=found.assignment, preference=-1, submission_key=uuid.uuid4(), at=at)
    else:
        slotting.free([found.assignment.key])
    return took


def find_nothing(slug: str, name: str, count: int) -> list[float]:
    """Ask as somebody for whom nothing is left. Returns the milliseconds of each whole search."""
    campaign, labeler = who(slug, name)
    times = []
    for _ in range(count):
        began = time.perf_counter()
        if assigning.next_for(campaign, labeler, at=timezone.now()) is not None:
            raise RuntimeError(f"something is left for {labeler} in {campaign}")
        times.append((time.perf_counter() - began) * 1000)
    return times


def free() -> dict[str, float]:
    """Return what ran out, as the sweep does."""
    began = time.perf_counter()
    return {"freed": assigning.return_expired(at=timezone.now()), "seconds": time.perf_counter() - began}


def explain(slug: str, name: str) -> str:
    """Return the plan of the lease statement, run and rolled back."""
    campaign, labeler = who(slug, name)
    at = timezone.now()
    given = {"campaign": campaign.pk, "labeler": labeler.pk, "epoch": campaign.rank_epoch, "start": BEFORE_EVERY_RANK, "open": True, "pools": [""]}
    given |= {"rubric_version": campaign.rubric_version_id}
    with transaction.atomic():
        rows = statements.every(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) {queue.SEARCH}", **given, key=opaque_key(), at=at, ends=at)
        transaction.set_rollback(True)
    return "\n".join(line for (line,) in rows)


def floor(slug: str) -> dict[str, Any]:
    return inside.floor(slug, *FLOOR)


def close() -> None:
    """End the connection: the next command plans anew, as a new web process would."""
    who.cache_clear()
    connection.close()


COMMANDS: dict[str, Callable[..., Any]] = {
    "prepare": prepare,
    "lease": lease,
    "find_nothing": find_nothing,
    "free": free,
    "explain": explain,
    "close": close,
    "versions": inside.versions,
    "floor": floor,
}

if __name__ == "__main__":
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        print(json.dumps(COMMANDS[name](*arguments)), flush=True)
