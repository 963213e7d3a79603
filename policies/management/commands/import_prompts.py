"""Bring prompts into a set."""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from policies import importing
from policies.importing import BadName, NothingStored, Repeats, Report

FORMAT = """
One JSON object a line:

  {"id": "q17", "prompt": "text", or [{"role": "user", "content": "text"}, ...],
   "slices": {"language": "en", "topic": "letters"}, "source": "survey", "licence": "CC0-1.0"}

Only the prompt must be there; its last turn is the user's, and "messages" is another name for it. Texts are kept byte for byte. A prompt that the set
holds already is reported as a repeat and not stored again; the same text in other case, spacing or punctuation is stored, in the family of
the earlier one. If any line is bad, nothing of the file is stored.
"""

SHOWN = 20
SECONDS = 2.0


class Command(BaseCommand):
    help = "Import prompts from JSON Lines into a prompt set, which is made if it is new."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, epilog=FORMAT, formatter_class=argparse.RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="The file; - reads standard input.")
        parser.add_argument("--prompt-set", required=True, metavar="NAME", help="The set that gets the prompts: letters, digits, hyphens, underscores.")
        parser.add_argument("--skip-bad", action="store_true", help="Leave bad lines out, list them, and store the rest.")

    def handle(self, *, file: str, prompt_set: str, skip_bad: bool, **options: Any) -> None:
        try:
            with opened(file) as lines:
                told = Told(lines, self)
                report = importing.import_prompts(file=told, prompt_set=prompt_set, by=None, at=timezone.now(), skip_bad=skip_bad)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}") from error
        except BadName as refusal:
            raise CommandError(f"{refusal}.") from refusal
        except NothingStored as refusal:
            raise CommandError("\n".join([f"{refusal}.", *map(str, refusal.bad[1:SHOWN])])) from refusal
        self.say(report)

    def say(self, report: Report) -> None:
        self.stdout.write(f"{report.stored:,} prompts stored in {report.prompt_set.name}.")
        self.say_repeats(report.repeats, "repeat what was said before, byte for byte, and were not stored again")
        self.say_repeats(report.kin, "have the text of an earlier prompt in other bytes: stored, in the family of that one")
        if report.skipped:
            self.stdout.write(f"{len(report.skipped):,} bad lines were left out:")
            for bad in report.skipped:
                self.stdout.write(f"  {bad}")

    def say_repeats(self, repeats: Repeats, what: str) -> None:
        if repeats.count:
            lines = ", ".join(f"{repeat.number:,}" for repeat in repeats.first[:SHOWN])
            self.stdout.write(f"{repeats.count:,} lines {what}: {lines}{', …' if repeats.count > SHOWN else ''}.")


def opened(file: str) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb")


class Told:
    """The file, which says every other second how far it was read."""

    def __init__(self, file: BinaryIO, command: BaseCommand) -> None:
        self.file, self.command, self.lines, self.said = file, command, 0, time.monotonic()

    def readline(self, size: int, /) -> bytes:
        self.lines += 1
        if time.monotonic() - self.said > SECONDS:
            self.said = time.monotonic()
            self.command.stderr.write(f"line {self.lines:,} …")
        return self.file.readline(size)
