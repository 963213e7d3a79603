"""`release_dataset NAME N`: make a frozen version the current one, if its gates let it pass."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from exports import checking, flags, gatekeeping, measuring, releasing
from exports.models import DatasetVersion


class Command(BaseCommand):
    help = (
        "Release a frozen version of a dataset: it becomes the current one. Every gate must pass, or be waived by an owner with a reason, here or on "
        "the version's page. Exits non-zero where a gate stands in the way, and prints a line for each; nothing is changed then, waivers included."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the dataset")
        parser.add_argument("number", type=int, help="of the version")
        parser.add_argument("--waive", action="append", default=[], metavar="GATE", help="let it pass this gate; as often as needed, each with its --reason")
        parser.add_argument("--reason", action="append", default=[], help="why, once for each --waive, in the same order; the data card prints it")
        parser.add_argument("--by", metavar="USER", help="the owner in whose name gates are waived, and who releases it; without, an operator does")

    def handle(self, *args: Any, **options: Any) -> None:
        version = version_named(options["name"], options["number"])
        by = person_named(options["by"]) if options["by"] else None
        waivers = paired(options["waive"], options["reason"], by)
        measuring.measure(version, at=timezone.now())
        if not flags.was_checked(version):
            checking.check(version, at=timezone.now())
        try:
            with transaction.atomic():
                self.release(version, waivers, by)
        except releasing.Blocked as blocked:
            raise CommandError("\n".join([f"{version.dataset} version {version.number} was not released.", *blocked.reasons])) from blocked
        except (releasing.NotPossible, gatekeeping.NotPossible) as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{version.dataset} version {version.number} is released. {releasing.current_after(version)}")

    def release(self, version: DatasetVersion, waivers: list[tuple[str, str]], by: User | None) -> None:
        for gate, reason in waivers:
            assert by  # noqa: S101 - `paired` has seen to it
            gatekeeping.waive(version, gate, actor=by, reason=reason, at=timezone.now())
        releasing.release(version, actor=by, at=timezone.now())


def version_named(name: str, number: int) -> DatasetVersion:
    version = DatasetVersion.objects.filter(dataset__name=name, number=number).select_related("dataset").first()
    if version is None:
        raise CommandError(f"There is no version {number} of a dataset {name!r}.")
    return version


def person_named(name: str) -> User:
    person = User.objects.filter(username=name, kind=User.Kind.PERSON, is_active=True).first()
    if person is None:
        raise CommandError(f"Nobody here is called {name!r}.")
    return person


def paired(gates: list[str], reasons: list[str], by: User | None) -> list[tuple[str, str]]:
    """Return each gate that is to be waived with its reason. Raises CommandError where one is missing, or in whose name."""
    if gates and by is None:
        raise CommandError("A gate is waived by an owner, by name: say who with --by.")
    if len(gates) != len(reasons):
        raise CommandError("Each --waive has its --reason.")
    return list(zip(gates, reasons, strict=True))
