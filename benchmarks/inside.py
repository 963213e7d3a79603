"""What the driver asks of the product's own code, in a process of its own: `python -m benchmarks.inside COMMAND`. Answers in JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import django

django.setup()

from django.contrib.auth.hashers import make_password  # noqa: E402 - after the settings
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import ApiToken, User, digest, new_secret  # noqa: E402
from config import gunicorn  # noqa: E402
from labeling import assigning, preparing, queue, settling, submitting  # noqa: E402
from labeling.models import Campaign, Label, Membership, Role, pair  # noqa: E402
from labeling.models.enrolment import BEFORE_EVERY_RANK  # noqa: E402

PASSWORD = "loud-pencil-orbit-seven"


def labelers(slug: str, count: str) -> list[dict[str, str]]:
    """Have so many labelers in the campaign, and return how each signs in: by password, or by token."""
    names = [f"bench{number:02d}" for number in range(int(count))]
    password = make_password(PASSWORD)
    User.objects.bulk_create([User(username=name, password=password) for name in names], ignore_conflicts=True)
    people, campaign = User.objects.in_bulk(names, field_name="username"), Campaign.objects.get(slug=slug)
    Membership.objects.bulk_create([Membership(campaign=campaign, user=people[name], role=Role.LABELER) for name in names])
    return [{"username": name, "password": PASSWORD, "token": make_token(people[name], slug)} for name in names]


def make_token(user: User, name: str) -> str:
    secret, at = new_secret("tb"), timezone.now()
    scopes: list[str] = [ApiToken.Scope.LABEL]
    ApiToken.objects.create(user=user, name=name, digest=digest(secret), shown=secret[:12], scopes=scopes, created_at=at, expires_at=at + timedelta(days=1))
    return secret


def prepare(slug: str) -> int:
    """Lay the texts of every pair out, as the sweep does within seconds of their being stored. Returns how many."""
    return preparing.prepare(Campaign.objects.get(slug=slug), until=float("inf"))


def labels(slug: str) -> list[tuple[str, str, str]]:
    """Return every label of the campaign: the pair's id, the labeler, and the side they chose."""
    said = Label.objects.filter(pair__campaign__slug=slug).values_list("pair__external_id", "labeler__username", "preference", "left_was_a")
    return [(key, labeler, "left" if ((preference or 0) < 0) == left_was_a else "right") for key, labeler, preference, left_was_a in said]


def floor(slug: str, *names: str) -> dict[str, Any]:
    """Return what `benchmarks.floor` needs to do what the desk does: the product's own statements, the campaign and its labelers, or those of these names."""
    campaign = Campaign.objects.get(slug=slug)
    labelers = campaign.memberships.filter(role=Role.LABELER, **({"user__username__in": names} if names else {}))
    people = [membership.user for membership in labelers.select_related("user").order_by("user")]
    for person in people:
        assigning.enrol(campaign, person, at=timezone.now())
    return {
        "next": queue.SEARCH,
        "lock": pair.LOCK,
        "store": submitting.IN_OWN_PLACE,
        "said": settling.SAID,
        "campaign": campaign.pk,
        "rubric_version": campaign.rubric_version_id,
        "epoch": campaign.rank_epoch,
        "start": BEFORE_EVERY_RANK,
        "labelers": [person.pk for person in people],
    }


def versions() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), current_setting('synchronous_commit'), current_setting('fsync')")
        server, commits, fsync = cursor.fetchone()
    served = {"workers": gunicorn.workers, "threads": gunicorn.threads}
    return served | {"Django": django.get_version(), "PostgreSQL": server, "synchronous_commit": commits, "fsync": fsync}


COMMANDS: dict[str, Callable[..., Any]] = {"labelers": labelers, "prepare": prepare, "labels": labels, "floor": floor, "versions": versions}

if __name__ == "__main__":
    json.dump(COMMANDS[sys.argv[1]](*sys.argv[2:]), sys.stdout)
