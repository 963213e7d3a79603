"""How far the labelers of a campaign agree."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from labeling import progress
from labeling.agreement import Figure
from labeling.models import Campaign


class Command(BaseCommand):
    help = (
        "Print how far labelers agree on the verdicts of the same pairs: raw agreement with ties, without, and with a tie as half, "
        "and Krippendorff's alpha, each with its 95 % bootstrap interval over pairs. The campaign's page and the API give the same figures."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="The campaign.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object; shares are fractions, and what is not defined is null.")

    def handle(self, *, slug: str, json: bool, **options: Any) -> None:
        campaign = Campaign.objects.filter(slug=slug).first()
        if campaign is None:
            raise CommandError(f"There is no campaign {slug!r}.")
        found = progress.agreement_of(campaign)
        self.stdout.write(as_json(found) if json else in_lines(found))


def as_json(found: progress.Agreement) -> str:
    return json.dumps(asdict(found), indent=2, ensure_ascii=False)


def in_lines(found: progress.Agreement) -> str:
    lines = [f"{found.campaign}: {found.labels:,} labels that count, {found.pairs:,} pairs with at least two"]
    return "\n".join([*lines, *map(in_words, found.figures)])


def in_words(figure: Figure) -> str:
    value = "not defined" if figure.value is None else f"{figure.value:6.3f}"
    interval = "" if figure.low is None else f", 95 % interval {figure.low:.3f} to {figure.high:.3f}"
    return f"  {figure.coefficient}: {value}{interval}; expected {figure.expected_low:.2f} to {figure.expected_high:.2f}; {figure.n_items:,} pairs"
