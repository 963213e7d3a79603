"""The product's own code on the database of the run, one command a process, so that each has a memory of its own: an answer in JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402 - after the settings
from django.utils import timezone  # noqa: E402

from accounts.models import User  # noqa: E402
from benchmarks.export.floor import Bare  # noqa: E402
from benchmarks.export.stock import Given  # noqa: E402
from benchmarks.inside import versions  # noqa: E402
from exports import converting, publishing, sketching  # noqa: E402
from exports.models import DatasetVersion  # noqa: E402
from labeling.models import Campaign, Rubric, RubricVersion  # noqa: E402
from policies.models import Policy, PromptSet  # noqa: E402

NAME = "bench"
PEOPLE = 30


def prepare() -> dict[str, Any]:
    """Make what the pairs point at."""
    at = timezone.now()
    rubric = Rubric.objects.create(name=NAME, title="Bench", created_at=at)
    version = RubricVersion.objects.create(rubric=rubric, number=1, body="The better response answers the prompt.", sha256="0" * 64, created_at=at)
    campaign = Campaign.objects.create(slug=NAME, name="Bench", overlap=2, rubric_version=version, created_at=at)
    users = User.objects.bulk_create(User(username=f"person{number:02d}", password="!") for number in range(PEOPLE))
    policies = [Policy.objects.create(name=f"bench-{number}", engine=Policy.Engine.IMPORTED, created_at=at).pk for number in range(5)]
    prompts = PromptSet.objects.create(name=NAME, created_at=at).pk
    return asdict(Given(campaign.pk, version.pk, prompts, policies, [user.pk for user in users]))


def sketch() -> dict[str, Any]:
    """Look what the prompts are like, as the sweep does ahead of every freezing."""
    began = time.perf_counter()
    made = sketching.catch_up()
    return measured(time.perf_counter() - began) | {"prompts": made}


def freeze() -> dict[str, Any]:
    """Freeze the campaign, and have it as Parquet too."""
    began = time.perf_counter()
    version = publishing.publish(publishing.Order(dataset=NAME, campaigns=[Campaign.objects.get(slug=NAME)], by=None, at=timezone.now()))
    frozen = time.perf_counter()
    asked = converting.ask(version, "canonical", "parquet", by=None, at=timezone.now())
    assert converting.convert(asked.pk, at=timezone.now()), asked.error
    ended = time.perf_counter()
    sizes = [file.size for file in version.files.all()]
    return measured(ended - began) | {"frozen": frozen - began, "parquet": ended - frozen, "rows": version.rows_count, "bytes": sum(sizes), "files": len(sizes)}


def floor() -> dict[str, Any]:
    """Write the same bytes without the product."""
    version = DatasetVersion.objects.get(dataset__name=NAME)
    bare = Bare(version=version.pk, secret=bytes.fromhex(version.dataset.secret), folder=settings.DATASETS_DIR / ".floor", url=settings.DATABASES["default"])
    began = time.perf_counter()
    bare.write()
    took = measured(time.perf_counter() - began)
    written = {file.name: file.sha256 for file in version.files.all() if file.name.endswith(".jsonl")}
    assert bare.sums == written, {name for name in written if bare.sums.get(name) != written[name]} | bare.sums.keys() ^ written.keys()
    return took | {part: round(seconds, 1) for part, seconds in bare.seconds.items()}


def measured(seconds: float) -> dict[str, Any]:
    """Return what was measured: the most memory that was ever resident in this process, and in the largest that it began, in MiB."""
    kib = sum(resource.getrusage(whose).ru_maxrss for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {"seconds": seconds, "peak": kib / 1024}


COMMANDS: dict[str, Callable[..., Any]] = {"prepare": prepare, "sketch": sketch, "freeze": freeze, "floor": floor, "versions": versions}

if __name__ == "__main__":
    json.dump(COMMANDS[sys.argv[1]](*sys.argv[2:]), sys.stdout)
