"""Derive every pair's standing from the ledgers and report where it is stored otherwise."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from labeling import settling


class Command(BaseCommand):
    help = "Derive the standing of every pair again from its labels and adjudications. Exits 1 and names the pairs if any is stored otherwise."

    def handle(self, *args: Any, **options: Any) -> None:
        found = 0
        for difference in settling.differences():
            found += 1
            self.stdout.write(f"pair {difference.pair_id}: stored {difference.stored}, derived {difference.derived}")
        if found:
            raise CommandError(f"{found} standings are not what their ledgers say.")
        self.stdout.write("Every standing is what its ledgers say.")
