"""An exporter in a process of its own, to be killed: freezes a campaign, and has the version as Parquet and for KTO. Run with slug, dataset, folder."""

from __future__ import annotations

import sys
from pathlib import Path

import django

django.setup()

from django.conf import settings  # noqa: E402 - after the settings
from django.utils import timezone  # noqa: E402

from exports import converting, publishing  # noqa: E402
from labeling.models import Campaign  # noqa: E402

LAYOUTS = (("canonical", "parquet"), ("kto", "jsonl.gz"))


def export(slug: str, dataset: str, folder: Path) -> None:
    settings.DATASETS_DIR = folder
    order = publishing.Order(dataset=dataset, campaigns=[Campaign.objects.get(slug=slug)], by=None, at=timezone.now(), shares={"train": 1.0})
    version = publishing.publish(order)
    for layout, kind in LAYOUTS:
        converting.convert(converting.ask(version, layout, kind, by=None, at=timezone.now()).pk, at=timezone.now())


if __name__ == "__main__":
    export(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
