"""A dataset's versions as a line in time, with their gates at a glance, and all that became of them. Writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.wording import grouped
from exports import gates, lives
from exports.gates import Gate
from exports.models import Dataset, DatasetVersion, VersionEvent
from exports.retelling import FOUND


@dataclass(frozen=True, kw_only=True)
class Line:
    """A version with its gates."""

    version: DatasetVersion
    gates: list[Gate]
    is_current: bool
    instead: int | None
    """The number of the version to use in place of a withdrawn one."""

    @property
    def blocking(self) -> int:
        return sum(gate.blocks for gate in self.gates)

    @property
    def waived(self) -> int:
        return sum(gate.state == "waived" for gate in self.gates)


@dataclass(frozen=True, kw_only=True)
class Happening:
    """Something that became of a version; `who` is empty for an operator."""

    at: datetime
    version: DatasetVersion
    what: str
    who: str
    why: str


def lines_of(dataset: Dataset) -> list[Line]:
    """Return the versions, the newest first."""
    versions = list(dataset.versions.select_related("frozen_by", "dataset").order_by("-number"))
    checked, current, instead = gates.check_all(versions), lives.current(dataset), lives.successors(dataset)
    return [Line(version=version, gates=checked[version.pk], is_current=version == current, instead=instead.get(version.number)) for version in versions]


def opening(lines: list[Line]) -> str:
    """Return what a person would say first of the dataset: which version to use, and what is being prepared."""
    current = next((line.version for line in lines if line.is_current), None)
    said = [
        _("Version {number} is the one to train on.").format(number=current.number)
        if current
        else _("No version has been released yet, or none that was is still in use.")
    ]
    newest = lines[0] if lines else None
    if newest and newest.version.state == DatasetVersion.State.FROZEN:
        said.append(way_of(newest.version.number, newest.blocking))
    return " ".join(said)


def way_of(number: int, blocking: int) -> str:
    """Say what keeps a frozen version from its release."""
    if not blocking:
        return _("Version {number} is frozen and not released: nothing stands in its way.").format(number=number)
    words = ngettext(
        "Version {number} is frozen and not released: {n} gate stands in its way.",
        "Version {number} is frozen and not released: {n} gates stand in its way.",
        blocking,
    )
    return words.format(number=number, n=grouped(blocking))


def history_of(dataset: Dataset, version: DatasetVersion | None = None) -> list[Happening]:
    """Return what became of the dataset's versions, or of one of them, the latest first; their freezing too."""
    of = dataset.versions.filter(pk=version.pk) if version else dataset.versions.all()
    versions = {found.pk: found for found in of.select_related("frozen_by", "dataset").defer("manifest")}
    events = VersionEvent.objects.filter(version__in=versions).select_related("actor", "successor")
    frozen = [
        Happening(at=one.frozen_at, version=one, what=_("frozen"), who=one.frozen_by.username if one.frozen_by else "", why="") for one in versions.values()
    ]
    return sorted([*frozen, *(happening(event, versions[event.version_id]) for event in events)], key=lambda happened: happened.at, reverse=True)


def happening(event: VersionEvent, version: DatasetVersion) -> Happening:
    instead = " " + _("Use version {number} instead.").format(number=event.successor.number) if event.successor else ""
    waived = event.detail.get("waived", [])
    also = " " + ngettext("{n} gate waived.", "{n} gates waived.", len(waived)).format(n=len(waived)) if waived else ""
    who = event.actor.username if event.actor else ""
    why = _("erased") if event.reason is None else FOUND.tell(event.reason)
    return Happening(
        at=event.at,
        version=version,
        what=_(event.get_kind_display()),
        who=who,
        why=f"{why.rstrip('.')}.{instead}{also}" if why and (instead or also) else f"{why}{instead}{also}".strip(),
    )
