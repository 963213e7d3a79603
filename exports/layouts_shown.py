"""The layouts in which a version can be had: which were asked for, how far they are, and a configuration for each trainer. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from exports import converting
from exports.layouts import LAYOUTS, Layout
from exports.layouts.readers import READERS, Reader
from exports.models import Conversion, DatasetFile, DatasetVersion
from exports.splits import SPLITS

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
    title: str
    checked: str
    """How it is known that the trainer reads it so, and what it leaves out."""
    offers: Sequence[Offer]
    block: str
    """A configuration that its trainer takes as it stands."""


def layouts_of(version: DatasetVersion) -> list[ShownLayout]:
    """Return every layout, in the order in which pages show them, in two queries."""
    asked = {(one.layout, one.kind): one for one in version.conversions.all()}
    files: dict[int, list[DatasetFile]] = {}
    for file in sorted(version.files.exclude(conversion=None), key=place_of):
        files.setdefault(file.conversion_id or 0, []).append(file)
    return [shown(layout, version, asked, files) for layout in LAYOUTS.values()]


def place_of(file: DatasetFile) -> tuple[int, str]:
    """Return where a file stands among those of its layout: what trains comes first, what describes comes last."""
    return (SPLITS.index(file.split) if file.split in SPLITS else len(SPLITS), file.name)


def shown(layout: Layout, version: DatasetVersion, asked: dict[tuple[str, str], Conversion], files: dict[int, list[DatasetFile]]) -> ShownLayout:
    offers = [offer(kind, asked.get((layout.name, kind)), files) for kind in layout.kinds]
    first = next((one.kind for one in offers if one.conversion), layout.kinds[0])
    block = converting.block_of(Conversion(version=version, layout=layout.name, kind=first))
    return ShownLayout(layout=layout, title=_(layout.title), checked=in_words(READERS[layout.name]), offers=offers, block=block)


def in_words(reader: Reader) -> str:
    """Say what `Reader.said` does, in the language of who reads the page, and what the trainer leaves out."""
    said = _("Run: {package}, {ran}; {compared}.") if reader.was_run else _("Not run: {compared}.")
    words = said.format(package=reader.package.replace("==", " "), ran=_(reader.ran), compared=_(reader.compared))
    return f"{words} {_(reader.loses)}".rstrip()


def readers() -> list[tuple[str, str, str]]:
    """Return each layout, who reads it, and how that is known."""
    return [(layout, _(reader.name), in_words(reader)) for layout, reader in READERS.items()]


def offer(kind: str, conversion: Conversion | None, files: dict[int, list[DatasetFile]]) -> Offer:
    return Offer(kind=kind, label=Conversion.Kind(kind).label, conversion=conversion, files=files.get(conversion.pk, []) if conversion else [])
