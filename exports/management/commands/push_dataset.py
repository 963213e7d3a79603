"""`push_dataset NAME N --to OWNER/NAME`: send a released version to a dataset repository on a Hugging Face Hub."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from exports import pushing
from exports.management.commands.release_dataset import person_named, version_named
from exports.models import Push


class Command(BaseCommand):
    help = (
        "Send a released version to a dataset repository on a Hugging Face Hub: the files of its public splits, its manifest, and its card as README.md, "
        "in one commit with the tag vN. Never the private split. HF_TOKEN is the token to write with, HF_ENDPOINT the hub where it is another one than "
        "https://huggingface.co. The repository must be there. Run again it sends nothing twice. Every file is written into the ledger of downloads."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the dataset")
        parser.add_argument("number", type=int, help="of the version")
        parser.add_argument("--to", required=True, metavar="OWNER/NAME", help="the repository")
        parser.add_argument("--by", metavar="USER", help="in whose name; without, an operator's")

    def handle(self, *args: Any, **options: Any) -> None:
        version = version_named(options["name"], options["number"])
        by = person_named(options["by"]) if options["by"] else None
        try:
            asked = pushing.ask(version, options["to"], by=by, at=timezone.now())
        except pushing.NotPushed as refusal:
            raise CommandError(str(refusal)) from refusal
        pushing.push(asked.pk, at=timezone.now())
        asked.refresh_from_db()
        self.stdout.write(said(asked))


def said(push: Push) -> str:
    """Return what became of it, in a sentence. Raises CommandError where it is not there."""
    if push.state == Push.State.DONE:
        return f"{push.version.dataset} version {push.version.number} stands at {push.place} (commit {push.commit})."
    raise CommandError(push.error or f"Somebody else sends it just now: {push.percent} % is there.")
