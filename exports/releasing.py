"""From a frozen version to a released one, and to what becomes of it after: rolled back, reinstated, withdrawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from exports import gates, lives, stepping
from exports.models import Dataset, DatasetVersion, VersionEvent
from exports.stepping import NotPossible

Kind = VersionEvent.Kind


class Blocked(Exception):
    """Gates stand in the way of a release. `reasons` has a line for each."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = list(reasons)


@transaction.atomic
def release(version: DatasetVersion, *, actor: User | None, reason: str = "", at: datetime) -> VersionEvent:
    """Make the version the current one of its dataset, if every gate passes or is waived. Raises Blocked, and NotPossible.

    The event keeps what the gates found and which were waived, as they were at this moment.
    """
    Dataset.objects.select_for_update(no_key=True).get(pk=version.dataset_id)  # nobody changes a threshold meanwhile
    checked = gates.check(version)
    if version.state == DatasetVersion.State.FROZEN and (blocking := [gates.reason(gate) for gate in checked if gate.blocks]):
        raise Blocked(blocking)
    detail = {"gates": {gate.key: gate.state for gate in checked}, "waived": [gate.key for gate in checked if gate.state == "waived"]}
    return stepping.step(version, Kind.RELEASED, actor=actor, reason=reason, at=at, detail=detail)


def roll_back(version: DatasetVersion, *, actor: User | None, reason: str, at: datetime) -> VersionEvent:
    """Make the version that was current before this one the current one again. Nothing is deleted. Raises NotPossible."""
    return stepping.step(version, Kind.ROLLED_BACK, actor=actor, reason=reason, at=at)


def reinstate(version: DatasetVersion, *, actor: User | None, reason: str, at: datetime) -> VersionEvent:
    """Make a released version the current one again. Raises NotPossible."""
    return stepping.step(version, Kind.REINSTATED, actor=actor, reason=reason, at=at)


def withdraw(version: DatasetVersion, *, actor: User | None, reason: str, at: datetime, successor: DatasetVersion | None = None) -> VersionEvent:
    """Say that nobody is to use the version any more: its files are sent to nobody from now on. Raises NotPossible."""
    return stepping.step(version, Kind.WITHDRAWN, actor=actor, reason=reason, at=at, successor=successor)


def name_successor(version: DatasetVersion, *, successor: DatasetVersion, actor: User | None, reason: str, at: datetime) -> VersionEvent:
    """Say which version is to be used in place of a withdrawn one. Raises NotPossible."""
    return stepping.step(version, Kind.SUCCEEDED, actor=actor, reason=reason, at=at, successor=successor)


def current_after(version: DatasetVersion) -> str:
    """Return, in words, which version of the dataset is the current one now."""
    now = lives.current(version.dataset)
    return _("Version {number} is the current one.").format(number=now.number) if now else _("No version is the current one now.")


__all__ = ["Blocked", "NotPossible", "current_after", "name_successor", "reinstate", "release", "roll_back", "withdraw"]
