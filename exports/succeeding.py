"""From versions that were withdrawn because something was taken out of them to the versions that take their place."""

from __future__ import annotations

from datetime import datetime

from accounts.models import User
from exports import erasing, measuring, publishing, removals
from exports.choices import Choice
from exports.models import DatasetVersion
from exports.publishing import NothingToFreeze, NotPublished, Order


def cut(version: DatasetVersion, *, by: User | None, at: datetime) -> DatasetVersion:
    """Freeze what the version was frozen from once more, as it stands now: without what was removed. Its manifest proves what that was.

    Raises NothingToFreeze and NotPublished. Not for use inside a transaction.
    """
    order = Order(
        dataset=version.dataset.name,
        campaigns=list(version.campaigns.all()),
        by=by,
        at=at,
        choice=Choice.from_filters(version.manifest["filters"]),
        removed=removals.removed_from(version),
    )
    successor = publishing.publish(order)
    erasing.name_successor(successor, actor=by, at=at)
    measuring.measure(successor, at=at)
    return successor


def cut_all(*, by: User | None, at: datetime) -> tuple[list[DatasetVersion], list[str]]:
    """Cut a successor wherever one is missing. Returns them, and why there is none of others."""
    made, missing = [], []
    for version in erasing.without_successor():
        try:
            made.append(cut(version, by=by, at=at))
        except (NothingToFreeze, NotPublished) as refusal:
            missing.append(f"{version.dataset} version {version.number}: {refusal}")
    return made, missing
