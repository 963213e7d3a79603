"""`set_consent_text FILE`: what labelers are asked to agree to from now on."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts import consenting


class Command(BaseCommand):
    help = (
        "Make a text the one that people are asked to agree to, on the page of their account. It is numbered and kept; whoever agreed to an earlier "
        "version is asked again, and stays on record with the version that they agreed to."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="plain text, in UTF-8")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            text = consenting.publish(body=options["file"].read_text(encoding="utf-8"), by=None, at=timezone.now())
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{options['file']} cannot be read: {error}") from error
        except consenting.NothingToSay as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"Consent text, version {text.number}; SHA-256 {text.sha256}")
