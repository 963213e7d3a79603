"""Which version of a dataset is the current one, worked out from the ledger of what became of its versions. Writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from django.db.models import QuerySet

from exports.models import Dataset, DatasetVersion, VersionEvent

RISES = {VersionEvent.Kind.RELEASED, VersionEvent.Kind.REINSTATED}
FALLS = {VersionEvent.Kind.ROLLED_BACK, VersionEvent.Kind.WITHDRAWN}


def current(dataset: Dataset) -> DatasetVersion | None:
    """Return the version to use now: the one that was released or reinstated last and has not been rolled back or withdrawn since."""
    return next(iter(in_use(dataset)), None)


def in_use(dataset: Dataset) -> list[DatasetVersion]:
    """Return the current version, then those that would be current, each if the ones before it were rolled back."""
    order = replay(events_of(dataset).values_list("kind", "version_id"))
    versions = dataset.versions.in_bulk(order)
    return [versions[pk] for pk in order]


def replay(events: Iterable[tuple[str, int]]) -> list[int]:
    """Return the versions in use, the current one first, from (kind of event, version) in the order in which they happened.

    >>> replay([("released", 1), ("released", 2), ("released", 3), ("rolled_back", 3), ("withdrawn", 1)])
    [2]
    """
    order: list[int] = []
    for kind, version in events:
        if kind in RISES or kind in FALLS:
            order = [other for other in order if other != version]
        if kind in RISES:
            order.insert(0, version)
    return order


def events_of(dataset: Dataset) -> QuerySet[VersionEvent]:
    """Return what became of the dataset's versions, first to last."""
    return VersionEvent.objects.filter(version__dataset=dataset).order_by("pk")


def successor(version: DatasetVersion) -> DatasetVersion | None:
    """Return the version that is to be used in place of a withdrawn one: the last one named, followed on where that is withdrawn too."""
    seen = {version.pk}
    found = named_after(version)
    while found and found.state == DatasetVersion.State.WITHDRAWN and found.pk not in seen:
        seen.add(found.pk)
        found = named_after(found) or found
    return found


def successors(dataset: Dataset) -> dict[int, int]:
    """Return for each withdrawn version, by number, the one to use in its place, as `successor` finds it; in two queries."""
    withdrawn = set(dataset.versions.filter(state=DatasetVersion.State.WITHDRAWN).values_list("number", flat=True))
    named = dict(events_of(dataset).filter(successor__isnull=False).values_list("version__number", "successor__number"))
    return {number: last_of(number, named, withdrawn) for number in withdrawn & named.keys()}


def last_of(number: int, named: Mapping[int, int], withdrawn: Collection[int]) -> int:
    """Return where the names of successors lead to: past those that are withdrawn too, and round no circle.

    >>> last_of(1, {1: 2, 2: 3}, {1, 2})
    3
    """
    seen, found = {number}, named[number]
    while found in withdrawn and found in named and found not in seen:
        seen.add(found)
        found = named[found]
    return found


def named_after(version: DatasetVersion) -> DatasetVersion | None:
    event = version.events.filter(successor__isnull=False).select_related("successor__dataset").order_by("-pk").first()
    return event.successor if event else None


def withdrawal(version: DatasetVersion) -> VersionEvent | None:
    return version.events.filter(kind=VersionEvent.Kind.WITHDRAWN).select_related("actor").first()


def reason_in_words(reason: str | None) -> str:
    """Return a reason as it stands within a sentence; that it was erased, where it was."""
    return "erased" if reason is None else reason.rstrip(".")
