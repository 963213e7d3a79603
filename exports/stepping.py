"""The one writer of a version's state: it adds to the ledger what became of the version, and the state follows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from exports import lives
from exports.models import Dataset, DatasetVersion, VersionEvent

Kind = VersionEvent.Kind

BECOMES: Mapping[str, str] = {Kind.RELEASED: DatasetVersion.State.RELEASED, Kind.WITHDRAWN: DatasetVersion.State.WITHDRAWN}
FROM: Mapping[str, tuple[str, ...]] = {
    Kind.RELEASED: (DatasetVersion.State.FROZEN,),
    Kind.WITHDRAWN: (DatasetVersion.State.FROZEN, DatasetVersion.State.RELEASED),
    Kind.ROLLED_BACK: (DatasetVersion.State.RELEASED,),
    Kind.REINSTATED: (DatasetVersion.State.RELEASED,),
    Kind.SUCCEEDED: (DatasetVersion.State.WITHDRAWN,),
}
DONE = {
    Kind.RELEASED: gettext_lazy("released"),
    Kind.WITHDRAWN: gettext_lazy("withdrawn"),
    Kind.ROLLED_BACK: gettext_lazy("rolled back"),
    Kind.REINSTATED: gettext_lazy("reinstated"),
    Kind.SUCCEEDED: gettext_lazy("succeeded"),
}


class NotPossible(Exception):
    """The version cannot take this step from where it is. The text says why."""


@transaction.atomic
def step(
    version: DatasetVersion,
    kind: VersionEvent.Kind,
    *,
    actor: User | None,
    reason: str,
    at: datetime,
    successor: DatasetVersion | None = None,
    detail: Mapping[str, Any] | None = None,
) -> VersionEvent:
    """Add an event to the version's ledger, and set its state. Raises NotPossible; `actor` None is an operator.

    Steps of one dataset's versions are taken one after the other, under the dataset's row lock. The instance given has the new state afterwards.
    """
    Dataset.objects.select_for_update(no_key=True).get(pk=version.dataset_id)
    version.refresh_from_db(fields=["state"])
    refuse_unless_possible(version, kind, reason=reason, successor=successor)
    event = VersionEvent.objects.create(version=version, kind=kind, actor=actor, reason=reason.strip(), successor=successor, detail=dict(detail or {}), at=at)
    if kind in BECOMES:
        version.state = BECOMES[kind]
        version.save(update_fields=["state"])
    return event


def refuse_unless_possible(version: DatasetVersion, kind: VersionEvent.Kind, *, reason: str, successor: DatasetVersion | None) -> None:
    """Raise NotPossible where the step cannot be taken."""
    if version.state not in FROM[kind]:
        raise NotPossible(_("Version {number} is {state}, so it cannot be {done}.").format(number=version.number, state=_(version.state), done=DONE[kind]))
    if kind != Kind.RELEASED and not reason.strip():
        raise NotPossible(_("Say why version {number} is {done}.").format(number=version.number, done=DONE[kind]))
    if successor and (successor.pk == version.pk or successor.dataset_id != version.dataset_id):
        raise NotPossible(_("A successor is another version of the same dataset."))
    if kind in (Kind.ROLLED_BACK, Kind.REINSTATED):
        refuse_unless_in_turn(version, kind)


def refuse_unless_in_turn(version: DatasetVersion, kind: VersionEvent.Kind) -> None:
    """Only the current version is rolled back, and only to one that was current before it; only another one is reinstated."""
    in_use = lives.in_use(version.dataset)
    is_current = bool(in_use) and in_use[0] == version
    if kind == Kind.REINSTATED and is_current:
        raise NotPossible(_("Version {number} is the current one.").format(number=version.number))
    if kind == Kind.ROLLED_BACK and not is_current:
        raise NotPossible(_("Version {number} is not the current one, so there is nothing to roll back.").format(number=version.number))
    if kind == Kind.ROLLED_BACK and len(in_use) < 2:
        raise NotPossible(_("No version was current before version {number}. Withdraw it instead.").format(number=version.number))
