"""What a version must pass, or be waived by name, before it is released: worked out from its rows, stored nowhere."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count

from exports.models import DatasetVersion
from labeling.models import Label


@dataclass(frozen=True)
class Gate:
    """A check, whether the version passes it, and in a sentence what was found."""

    name: str
    passed: bool
    found: str


def check(version: DatasetVersion) -> list[Gate]:
    """Return every gate there is, in the order in which pages and commands show them."""
    return [rubric_versions(version), system_prompts(version), repeats(version), made_by_people(version), splits_filled(version)]


def rubric_versions(version: DatasetVersion) -> Gate:
    used = [f"{rubric['id']} version {rubric['number']}" for rubric in version.manifest["rubrics"]]
    found = f"All rows were labeled under {used[0]}." if len(used) == 1 else f"Rows were labeled under {', '.join(used)}: what good means differs between them."
    return Gate("Rubric versions", len(used) == 1, found)


def system_prompts(version: DatasetVersion) -> Gate:
    """A side that was asked under another system prompt answers another question; the exported prompt does not show it."""
    rows = version.rows.filter(pair__asked_differently=True).count()
    found = f"In {counted(rows)} the two sides were asked under different system prompts." if rows else "Both sides of every row were asked alike."
    return Gate("System prompts", not rows, found)


def repeats(version: DatasetVersion) -> Gate:
    """The same two texts as chosen and rejected, more than once. Turned round they contradict each other, and count as well."""
    texts = version.rows.values_list("prompt__content_sha256", "chosen__sha256", "rejected__sha256").annotate(n=Count("pk")).order_by()
    seen: dict[tuple[str, frozenset[str]], int] = {}
    for prompt, chosen, rejected, n in texts:
        sides = (prompt, frozenset((chosen, rejected)))
        seen[sides] = seen.get(sides, 0) + n
    rows = sum(n - 1 for n in seen.values())
    return Gate("Repeats", not rows, f"In {counted(rows)} are texts that another row has too." if rows else "No two rows have the same texts.")


def made_by_people(version: DatasetVersion) -> Gate:
    synthetic = set(Label.objects.filter(pair__in=version.rows.values("pair"), source=Label.Source.SYNTHETIC).values_list("pk", flat=True))
    rows = sum(not synthetic.isdisjoint(labels) for labels in version.rows.values_list("labels", flat=True)) if synthetic else 0
    found = f"In {counted(rows)} a simulated labeler was counted." if rows else "No simulated labeler was counted."
    return Gate("Made by people", not rows, found)


def splits_filled(version: DatasetVersion) -> Gate:
    """A split that has a share and no row: too few prompt families yet."""
    shares, rows = version.manifest["split"]["shares"], version.manifest["counts"]["rows"]
    empty = [split for split, share in shares.items() if share and not rows.get(split)]
    return Gate("Splits", not empty, f"No row fell into {' or '.join(sorted(empty))}." if empty else "Every split that has a share has rows.")


def counted(rows: int) -> str:
    return f"{rows:,} row{'s' if rows != 1 else ''}"
