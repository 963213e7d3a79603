"""`freeze_dataset SLUG --name NAME`: seal the settled pairs of a campaign into the dataset's next version."""

from __future__ import annotations

import shutil
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_slug
from django.utils import timezone

from exports import checking, gates, holding_out, measuring, offered, publishing, splits
from exports.choices import STANDINGS, BadChoice, Choice, slices_named
from exports.models import DatasetVersion
from labeling.models import Campaign

NARROWING: Mapping[str, dict[str, Any]] = {
    "--rubric-version": {"action": "append", "default": [], "metavar": "RUBRIC@N", "help": "only pairs judged under it; as often as needed"},
    "--standing": {"action": "append", "default": [], "choices": STANDINGS, "help": "only pairs settled so"},
    "--least-agreement": {"type": float, "metavar": "SHARE", "help": "0 to 1: of the labels that count, so many at least say the verdict"},
    "--least-strength": {"type": float, "metavar": "MARGIN", "help": "0 to 3: the least margin of a row"},
    "--policy": {"action": "append", "default": [], "metavar": "NAME", "help": "name@revision, or the name: both sides are by one of those named"},
    "--slice": {"action": "append", "default": [], "metavar": "NAME=VALUE", "help": "only prompts with one of the values named for each name"},
    "--cap-per-person": {"type": int, "metavar": "N", "help": "at most so many labels of one person count"},
}


class Command(BaseCommand):
    help = (
        "Freeze the settled pairs of a campaign into the next version of a dataset: rows (prompt, chosen, rejected), votes, manifest and data card, "
        "never to change. Prints the version's id, its files and its gates. Exits 0 even if gates fail: they count when a version is released."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the campaign, as in its address")
        parser.add_argument("--name", required=True, help="the dataset: a new name, or one that has versions already")
        parser.add_argument("--description", default="", help="what a new dataset is, in a sentence; it stands on the data card")
        for flag, words in NARROWING.items():
            parser.add_argument(flag, **words)
        parser.add_argument(
            "--shares", type=float, nargs=3, metavar=("TRAIN", "VALIDATION", "TEST"), help="of the splits of a new dataset, adding up to 1; else 0.9 0.1 0"
        )
        parser.add_argument(
            "--hold-out",
            action="append",
            default=[],
            metavar="USERNAME",
            help="a labeler whose judgment makes rows in the test split alone, in this version and all later ones; as often as needed",
        )
        parser.add_argument("--out", type=Path, metavar="DIR", help="also copy every file of the version into DIR, which must be empty or not exist")

    def handle(self, *args: Any, **options: Any) -> None:
        out = checked_out(options["out"])
        version = frozen(ordered(options))
        measuring.measure(version, at=timezone.now())
        checking.check(version, at=timezone.now())
        if out:
            copied(version, out)
        for line in report(version):
            self.stdout.write(line)


def checked_out(out: Path | None) -> Path | None:
    """Return the folder for copies. Raises CommandError before anything is frozen where it cannot take them."""
    if out and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise CommandError(f"{out} is no empty folder; nothing was frozen.")
    return out


def chosen(options: Mapping[str, Any]) -> Choice:
    """Return which of the settled pairs are wanted. Raises CommandError."""
    try:
        choice = Choice(
            rubric_versions=tuple(options["rubric_version"]),
            standings=tuple(options["standing"]),
            least_agreement=options["least_agreement"],
            least_strength=options["least_strength"],
            policies=tuple(options["policy"]),
            slices=slices_named(options["slice"]),
            cap_per_person=options["cap_per_person"],
        )
        offered.refuse_unknown(choice)
    except BadChoice as error:
        raise CommandError(f"{error} Nothing was frozen.") from error
    return choice


def ordered(options: Mapping[str, Any]) -> publishing.Order:
    """Return what is asked for. Raises CommandError."""
    campaign, choice, shares = named(options["slug"]), chosen(options), options["shares"]
    try:
        validate_slug(options["name"])
        return publishing.Order(
            dataset=options["name"],
            campaigns=[campaign],
            by=None,
            at=timezone.now(),
            description=options["description"],
            shares=checked_shares(shares) if shares else splits.DEFAULT_SHARES,
            choice=choice,
            hold_out=holding_out.named(options["hold_out"], [campaign]),
        )
    except ValidationError as error:
        raise CommandError(f"{options['name']!r} cannot be the name of a dataset: letters, digits, hyphens and underscores.") from error
    except (splits.BadShares, holding_out.CannotHoldOut) as error:
        raise CommandError(f"{error} Nothing was frozen.") from error


def named(slug: str) -> Campaign:
    campaign = Campaign.objects.filter(slug=slug).first()
    if campaign is None:
        known = ", ".join(Campaign.objects.order_by("slug").values_list("slug", flat=True)[:20])
        raise CommandError(f"There is no campaign {slug!r}. There {'are: ' + known if known else 'is none yet'}.")
    return campaign


def checked_shares(shares: Sequence[float]) -> Mapping[str, float]:
    """Return the shares by the name of their split. Raises BadShares."""
    named = dict(zip(splits.SPLITS, shares, strict=True))
    splits.check(named)
    return named


def frozen(order: publishing.Order) -> DatasetVersion:
    try:
        return publishing.publish(order)
    except (publishing.NothingToFreeze, publishing.NotPublished) as refusal:
        raise CommandError(str(refusal)) from refusal


def copied(version: DatasetVersion, out: Path) -> None:
    try:
        shutil.copytree(version.folder, out, dirs_exist_ok=True)
    except OSError as error:
        raise CommandError(f"{version.dataset} version {version.number} was frozen, but could not be copied to {out}: {error}") from error


def report(version: DatasetVersion) -> list[str]:
    counts = version.manifest["counts"]
    split = ", ".join(f"{n:,} {name}" for name, n in sorted(counts["rows"].items(), key=lambda item: -item[1]) if n)
    left = ", ".join(f"{n:,} {reason}" for reason, n in sorted(counts["left_out"].items())) or "none"
    return [
        f"{version.dataset} version {version.number}",
        f"id {version.manifest_sha256}",
        f"rows {version.rows_count:,} ({split}), votes {counts['votes']:,}, settled pairs left out: {left}",
        f"in {version.folder}",
        *(f"  {file.sha256}  {file.name}  {file.size:,} bytes" for file in version.files.order_by("name")),
        "gates",
        *(f"  {gate.state}  {gate.name}: {gate.found}" for gate in gates.check(version)),
    ]
