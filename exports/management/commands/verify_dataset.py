"""`verify_dataset DIR`: is this folder, byte for byte, the version that was frozen? Asks no server and no database."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from exports import inspection, manifest
from exports.splits import SPLITS


class Command(BaseCommand):
    help = (
        "Check the files of a dataset version against its manifest, offline: every byte and every count, nothing missing, nothing added; the hashes of rows, "
        "votes and order, the split of every family and the tree over the labels are worked out again. Exits 0 when all is as it was frozen. "
        "Whoever may have written all of it anew is only found out by --id, from a source of your own."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR", help="the folder with manifest.json")
        parser.add_argument(
            "--without", action="append", default=[], choices=SPLITS, metavar="SPLIT", help="a split that you may not read: its files may be missing"
        )
        parser.add_argument("--id", dest="expected", help="the version's id, as its page or freeze_dataset printed it")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = options["folder"]
        if not folder.is_dir():
            raise CommandError(f"{folder} is no folder.")
        if problems := inspection.verify(folder, expected_id=options["expected"], without=options["without"]):
            raise CommandError("\n".join(problems))
        found = manifest.parse((folder / manifest.NAME).read_bytes())
        self.stdout.write(f"{found['dataset']} version {found['number']}: every byte is as it was frozen.")
        if removed := found.get("removed"):
            said = f"{removed['labels']:,} labels and {removed['rows']:,} rows of version {removed['number']} are gone; each label is proven to have been there"
            self.stdout.write(f"{said}.")
        self.stdout.write(f"id {manifest.identity(found)}")
