"""Versions whose gates do not stand in the way, for tests of what comes after."""

from __future__ import annotations

from accounts.models import User
from exports import gates, measuring, publishing, releasing
from exports.models import DatasetVersion, Waiver
from labeling.models import Campaign
from tests.builders import NOW
from tests.exports.settled import order


def frozen(campaign: Campaign, *, by: User | None = None, dataset: str = "helpfulness") -> DatasetVersion:
    """The next version, measured."""
    version = publishing.publish(order(campaign, dataset=dataset, by=by))
    measuring.measure(version, at=NOW)
    return version


def waive_all(version: DatasetVersion, owner: User) -> None:
    measuring.measure(version, at=NOW)
    for gate in gates.blocking(version):
        Waiver.objects.create(version=version, gate=gate.key, found=gate.found, actor=owner, reason="For tests.", at=NOW)


def released(version: DatasetVersion, owner: User) -> DatasetVersion:
    """The version, released with every gate waived that would stand in the way."""
    waive_all(version, owner)
    releasing.release(version, actor=None, at=NOW)
    return version
