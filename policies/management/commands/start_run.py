"""Start a generation run."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from policies import generating, tasks
from policies.forms import random_seed
from policies.generating import CannotStart
from policies.models import Policy, PromptSet


class Command(BaseCommand):
    help = "Ask two policies for every prompt of a set. A gpu worker answers; /runs/ shows how far it is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--prompt-set", required=True, metavar="NAME", help="The set whose prompts are asked.")
        parser.add_argument(
            "--policy", required=True, action="append", metavar="NAME", help="Give two; the first one's responses become A. One alone is asked twice."
        )
        parser.add_argument(
            "--seed", type=int, help="From 0 to 2^63 - 1; with the same seed a folder's policy draws from the same noise again (default: a random one)."
        )

    def handle(self, *, prompt_set: str, policy: list[str], seed: int | None, **options: Any) -> None:
        found = PromptSet.objects.filter(name=prompt_set).first()
        if found is None:
            raise CommandError(f"There is no prompt set {prompt_set!r}. Import one with manage.py import_prompts.")
        if len(policy) > 2:
            raise CommandError(f"{len(policy)} policies are too many: give two, or one that is asked twice.")
        a, b = self.policy(policy[0]), self.policy(policy[-1])
        try:
            run = generating.start_run(prompt_set=found, policy_a=a, policy_b=b, seed=random_seed() if seed is None else seed, by=None, at=timezone.now())
        except CannotStart as refusal:
            raise CommandError(f"{refusal}.") from refusal
        tasks.ring(run.pk)
        self.stdout.write(f"Run {run.pk} has {run.requests.count():,} requests queued, with seed {run.seed}.")

    def policy(self, name: str) -> Policy:
        found = Policy.objects.filter(name=name).first()
        if found is None:
            known = ", ".join(Policy.objects.askable().order_by("name").values_list("name", flat=True)) or "none"
            raise CommandError(f"There is no policy {name!r}. Registered and askable: {known}.")
        return found
