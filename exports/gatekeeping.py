"""From what people decide about gates to its ledgers: a threshold, a waiver, a pair whose verdict must stay."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from exports import gates
from exports.gate_kinds import KINDS, Threshold
from exports.models import Dataset, DatasetRow, DatasetVersion, GateThreshold, GoldenPair, Waiver


class NotPossible(Exception):
    """It cannot be decided so. The text says why."""


@transaction.atomic
def waive(version: DatasetVersion, gate: str, *, actor: User, reason: str, at: datetime) -> Waiver:
    """Let the version pass a gate that it failed. An owner does it by name, with a reason that the card prints. Raises NotPossible."""
    if not actor.is_owner:
        raise NotPossible(_("{username} is no owner: only an owner may waive a gate.").format(username=actor.username))
    if not reason.strip():
        raise NotPossible(_("Say why the gate is waived. The card prints the reason."))
    Dataset.objects.select_for_update(no_key=True).get(pk=version.dataset_id)
    version.refresh_from_db(fields=["state"])
    if version.state != DatasetVersion.State.FROZEN:
        raise NotPossible(_("Version {number} is {state}: there is nothing to waive.").format(number=version.number, state=_(version.state)))
    found = standing_in_the_way(version, gate)
    return Waiver.objects.create(version=version, gate=gate, found=found.found, actor=actor, reason=reason.strip(), at=at)


def standing_in_the_way(version: DatasetVersion, gate: str) -> gates.Gate:
    """Return the gate, which blocks. Raises NotPossible."""
    if gate not in KINDS:
        raise NotPossible(_("There is no gate {gate}. There are: {join}.").format(gate=repr(gate), join=", ".join(KINDS)))
    found = next(one for one in gates.check(version) if one.key == gate)
    if found.waiver:
        raise NotPossible(_("{name} was waived by {username} before.").format(name=found.name, username=found.waiver.actor.username))
    if not found.blocks:
        raise NotPossible(_("{name} is passed: there is nothing to waive.").format(name=found.name))
    return found


@transaction.atomic
def set_threshold(dataset: Dataset, gate: str, asks: Threshold, *, actor: User | None, reason: str, at: datetime) -> GateThreshold:
    """Change what a gate asks for in the dataset from now on. Versions that were released keep what was found then. Raises NotPossible."""
    if gate not in KINDS:
        raise NotPossible(_("There is no gate {gate}. There are: {join}.").format(gate=repr(gate), join=", ".join(KINDS)))
    if asks.low is None and asks.high is None:
        raise NotPossible(_("Say the least or the most that passes."))
    if asks.low is not None and asks.high is not None and asks.low > asks.high:
        raise NotPossible(_("The least that passes cannot be more than the most."))
    if not reason.strip():
        raise NotPossible(_("Say why the threshold changes."))
    Dataset.objects.select_for_update(no_key=True).get(pk=dataset.pk)
    return GateThreshold.objects.create(dataset=dataset, gate=gate, low=asks.low, high=asks.high, actor=actor, reason=reason.strip(), at=at)


def mark_golden(row: DatasetRow, *, actor: User | None, why: str, at: datetime) -> GoldenPair:
    """Say that a row's verdict must stay in every later version of its dataset. Raises NotPossible."""
    if not why.strip():
        raise NotPossible(_("Say why the verdict of this pair must stay."))
    verdict = "a" if row.chosen_id == row.pair.response_a_id else "b"
    return GoldenPair.objects.create(dataset=row.version.dataset, pair=row.pair, verdict=verdict, actor=actor, why=why.strip(), at=at)


def let_go(mark: GoldenPair, *, actor: User | None, why: str, at: datetime) -> GoldenPair:
    """Say that a golden pair's verdict may change again. Raises NotPossible."""
    if not why.strip():
        raise NotPossible(_("Say why the verdict of this pair may change again."))
    return GoldenPair.objects.create(dataset=mark.dataset, pair=mark.pair, verdict=None, actor=actor, why=why.strip(), at=at)
