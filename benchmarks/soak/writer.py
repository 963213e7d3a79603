"""Imports settled pairs in an order, writes a version of them, prints the SHA-256 of its canonical lines, and takes it all back. Run with the order."""

from __future__ import annotations

import hashlib
import json
import locale
import sys
import tempfile
from pathlib import Path

import django

django.setup()

from django.db import transaction  # noqa: E402 - after the settings
from django.utils import timezone  # noqa: E402

from benchmarks.soak.releases import import_settled  # noqa: E402
from exports import freezing, sketching, writing  # noqa: E402
from exports.models import Dataset  # noqa: E402
from labeling.models import Campaign  # noqa: E402

SLUG = "written-again"
SHARES = {"train": 0.5, "validation": 0.3, "test": 0.2}


def written(order: list[int], folder: Path) -> str:
    """Return the hash over the rows of every split. The salt is given: it decides the splits."""
    import_settled(SLUG, folder, order)
    at = timezone.now()
    Dataset.objects.create(name=SLUG, salt="a" * 32, secret="b" * 64, shares=SHARES, created_at=at)
    sketching.catch_up()
    draft = freezing.draft(freezing.Order(dataset=SLUG, campaigns=[Campaign.objects.get(slug=SLUG)], by=None, at=at))
    writing.write(draft, folder)
    return hashlib.sha256(b"".join((folder / f"{split}.jsonl").read_bytes() for split in SHARES if (folder / f"{split}.jsonl").exists())).hexdigest()


if __name__ == "__main__":
    locale.setlocale(locale.LC_ALL, "")
    with tempfile.TemporaryDirectory() as scratch, transaction.atomic():
        print(written(json.loads(sys.argv[1]), Path(scratch)))
        transaction.set_rollback(True)
