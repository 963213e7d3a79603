"""Bring pairs that were made elsewhere, with their labels if they have some."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any, BinaryIO

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_slug
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from labeling import campaigning, importing, wording
from labeling.models import Campaign
from policies.importing import NothingStored

FORMAT = """
One JSON object a line:

  {"id": "q17", "prompt": "text", or [{"role": "user", "content": "text"}, ...],
   "responses": [{"policy": "name", "text": "..."}, {"policy": "name", "text": "..."}],
   "slices": {"topic": "letters"}, "priority": 0 to 100,
   "gold": {"verdict": "a", "why": "B is wrong by a factor of ten.", "use": "check", "practice" or "both",
            "difficulty": "easy", "medium" or "hard", "refresh_on": "2027-05-25"},
   "labels": [{"labeler": "name", "preference": -3 to 3, or "verdict": "a", "b" or "tie",
               "both_bad": false, "rationale": "...", "labeled_at": "2026-05-25T14:02:00Z"}]}

slices, priority, gold and labels may be left out, and of gold all but verdict and why. The first response is A; a preference of -3 says
that A is much better. Where the campaign goes by priority, pairs of a higher one are labeled first; 50 is usual. A pair that the
campaign holds already, either way round, is reported as a repeat and not stored again; an id stands for one pair. A line whose two
responses are the same, or of which one is empty, is refused unless it brings labels. If any line is bad, nothing of the file is stored.
"""

SHOWN = 20


class Command(BaseCommand):
    help = "Import pairs from JSON Lines into a campaign."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, epilog=FORMAT, formatter_class=argparse.RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="The file; - reads standard input.")
        parser.add_argument("--campaign", required=True, metavar="SLUG", help="The campaign that gets the pairs.")
        parser.add_argument(
            "--create",
            action="store_true",
            help="Make the campaign, open and with the default rubric, if there is none (every researcher of the installation becomes its researcher), "
            "and register the policies and external labelers that the file names.",
        )
        parser.add_argument("--overlap", type=int, metavar="K", help="With --create: labels a pair gets, 1 to 25 (default 3).")
        parser.add_argument("--skip-bad", action="store_true", help="Leave bad lines out, list them, and store the rest.")

    def handle(self, *, file: str, campaign: str, create: bool, overlap: int | None, skip_bad: bool, **options: Any) -> None:
        try:
            with opened(file) as lines, transaction.atomic():
                found = self.campaign(campaign, create=create, overlap=overlap)
                report = importing.import_pairs(file=lines, campaign=found, by=None, at=timezone.now(), register=create, skip_bad=skip_bad, tell=self.telling())
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}") from error
        except NothingStored as refusal:
            raise CommandError("\n".join([f"{refusal}:", *listed(refusal)])) from refusal
        except campaigning.NotPossible as refusal:
            raise CommandError(str(refusal)) from refusal
        self.say(report)

    def campaign(self, slug: str, *, create: bool, overlap: int | None) -> Campaign:
        """Return the campaign, made if that was asked for. Raises CommandError."""
        campaign = Campaign.objects.filter(slug=slug).first()
        if campaign is None and create:
            return self.made(slug, overlap=overlap or campaigning.USUAL_OVERLAP)
        if campaign is None:
            raise CommandError(f"There is no campaign {slug!r}. Give --create to make it.")
        if overlap not in (None, campaign.overlap):
            raise CommandError(f"The campaign {slug!r} has k = {campaign.overlap}. Change it on its page; --overlap is for a new one.")
        return campaign

    def made(self, slug: str, *, overlap: int) -> Campaign:
        check_slug(slug)
        at = timezone.now()
        campaign = campaigning.make_campaign(
            slug=slug,
            name=slug.replace("-", " ").replace("_", " ").capitalize(),
            rubric_version=wording.default_rubric_version(at=at),
            overlap=overlap,
            actor=None,
            researchers=User.objects.filter(is_researcher=True, is_active=True),
            state=Campaign.State.OPEN,
            at=at,
        )
        self.stdout.write(f"Made the campaign {slug!r}: open, k = {overlap}, with the default rubric.")
        return campaign

    def telling(self) -> Any:
        """Return what says once a second how far the import has come."""
        last = time.monotonic()

        def tell(report: importing.Report) -> None:
            nonlocal last
            if time.monotonic() - last >= 1:
                last = time.monotonic()
                self.stdout.write(f"{report.lines:,} lines read, {report.pairs:,} pairs taken")

        return tell

    def say(self, report: importing.Report) -> None:
        for bad in report.skipped:
            self.stderr.write(f"skipped {bad}")
        for repeat in report.repeats.first[:SHOWN]:
            self.stdout.write(f"line {repeat.number}: a repeat of {f'line {repeat.earlier}' if repeat.earlier else 'a pair of the campaign'}, not stored again")
        if report.policies_made:
            self.stdout.write(f"Registered as imported: {', '.join(sorted(report.policies_made))}.")
        if report.labelers_made:
            self.stdout.write(f"Made external labelers: {', '.join(sorted(report.labelers_made)[:SHOWN])}{' …' if len(report.labelers_made) > SHOWN else ''}.")
        self.stdout.write(importing.in_words(report))


def opened(file: str) -> BinaryIO:
    return open(0, "rb", closefd=False) if file == "-" else Path(file).open("rb")


def check_slug(slug: str) -> None:
    """Raise CommandError for what cannot stand in an address."""
    try:
        validate_slug(slug)
    except ValidationError as error:
        raise CommandError(f"{slug!r} cannot name a campaign: use letters, digits, hyphens and underscores.") from error
    if len(slug) > 80:
        raise CommandError("The slug of a campaign is at most 80 characters long.")


def listed(refusal: NothingStored) -> list[str]:
    """Return the first bad lines, each with its number and reason."""
    shown = [str(bad) for bad in refusal.bad[:SHOWN]]
    return shown if len(refusal.bad) <= SHOWN else [*shown, f"and {len(refusal.bad) - SHOWN:,} more"]
