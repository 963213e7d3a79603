"""`sweep_datasets`: tidy up after publishers that died."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from exports import publishing


class Command(BaseCommand):
    help = (
        "Remove half-written folders that a dying process left, and set aside folders that no dataset version claims; those are kept for seven days. "
        "The default worker does the same when it starts and every few minutes. Does nothing while a version is being frozen."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        swept = publishing.sweep_orphans(at=timezone.now())
        for path in swept:
            self.stdout.write(str(path))
        self.stdout.write(f"{len(swept)} swept")
