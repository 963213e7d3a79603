"""Fill a campaign with labels that nobody gave, for demonstrations and benchmarks."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from labeling import simulation, tastes
from labeling.models import Campaign


class Command(BaseCommand):
    help = (
        "Let synthetic labelers label a campaign, for demonstrations and benchmarks only. Each has a taste drawn from the seed and goes the way people go: "
        "lease, judge, submit. Their accounts (synthetic-SEED-1, ...) cannot sign in and are marked wherever they are shown; "
        "their labels are marked as synthetic and count."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="The campaign. It must be open.")
        parser.add_argument("--labelers", type=int, required=True, metavar="N", help=f"How many, 1 to {simulation.MOST_LABELERS}.")
        parser.add_argument("--seed", type=int, required=True, metavar="S", help="The same seed makes the same people with the same tastes.")
        parser.add_argument(
            "--plant",
            default="",
            metavar="KINDS",
            help=f"What the first labelers are, with commas between, to try what finds careless ones: {', '.join(tastes.PLANTS)}.",
        )
        parser.add_argument("--labels", type=int, metavar="MOST", help="Stop after so many labels (default: when nothing is left for anybody).")

    def handle(self, *, slug: str, labelers: int, seed: int, plant: str, labels: int | None, **options: Any) -> None:
        campaign = Campaign.objects.filter(slug=slug).first()
        if campaign is None:
            raise CommandError(f"There is no campaign {slug!r}.")
        try:
            stored = simulation.simulate(campaign, labelers=labelers, seed=seed, plants=listed(plant), most=labels, clock=timezone.now, tell=self.telling())
        except simulation.CannotSimulate as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{labelers} synthetic labelers stored {stored:,} labels in {slug}.")

    def telling(self) -> Callable[[int], None]:
        """Return what says once a second how far it is."""
        last = time.monotonic()

        def tell(stored: int) -> None:
            nonlocal last
            if time.monotonic() - last >= 1:
                last = time.monotonic()
                self.stdout.write(f"{stored:,} labels")

        return tell


def listed(plants: str) -> list[str]:
    return [plant.strip() for plant in plants.split(",") if plant.strip()]
