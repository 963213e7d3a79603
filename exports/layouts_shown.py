"""The layouts in which a version can be had: which were asked for, how far they are, and a configuration for each trainer. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from exports import converting
from exports.layouts import LAYOUTS, Layout
from exports.models import Conversion, DatasetFile, DatasetVersion

State = Conversion.State


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A layout in one kind of file; `conversion` None: nobody has asked for it."""

    kind: str
    label: str
    conversion: Conversion | None
    files: Sequence[DatasetFile]

    @property
    def waits(self) -> bool:
        return self.conversion is not None and self.conversion.state in (State.ASKED, State.WRITING)


@dataclass(frozen=True, kw_only=True)
class ShownLayout:
    layout: Layout
    offers: Sequence[Offer]
    block: str
    """A configuration that its trainer takes as it stands."""


def layouts_of(version: DatasetVersion) -> list[ShownLayout]:
    """Return every layout, in the order in which pages show them, in two queries."""
    asked = {(one.layout, one.kind): one for one in version.conversions.all()}
    files: dict[int, list[DatasetFile]] = {}
    for file in version.files.exclude(conversion=None).order_by("name"):
        files.setdefault(file.conversion_id or 0, []).append(file)
    return [shown(layout, version, asked, files) for layout in LAYOUTS.values()]


def shown(layout: Layout, version: DatasetVersion, asked: dict[tuple[str, str], Conversion], files: dict[int, list[DatasetFile]]) -> ShownLayout:
    offers = [offer(kind, asked.get((layout.name, kind)), files) for kind in layout.kinds]
    first = next((one.kind for one in offers if one.conversion), layout.kinds[0])
    return ShownLayout(layout=layout, offers=offers, block=converting.block_of(Conversion(version=version, layout=layout.name, kind=first)))


def offer(kind: str, conversion: Conversion | None, files: dict[int, list[DatasetFile]]) -> Offer:
    return Offer(kind=kind, label=Conversion.Kind(kind).label, conversion=conversion, files=files.get(conversion.pk, []) if conversion else [])
