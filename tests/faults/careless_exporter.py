"""An exporter that commits a version first and then writes its files in their place: what the product does not do."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.soak import exporter
from exports import freezing, manifest, publishing, writing
from exports.models import DatasetVersion


def attempt(order: publishing.Order) -> DatasetVersion:
    with tempfile.TemporaryDirectory() as name, freezing.one_moment():
        folder = Path(name)
        made = freezing.draft(order)
        described = writing.write(made, folder)
        version = freezing.store(made, order, manifest=described, identity=manifest.identity(described), files=publishing.files_of(described, folder))
    version.folder.mkdir(parents=True)
    writing.write(made, version.folder)
    return version


if __name__ == "__main__":
    publishing.attempt = attempt
    exporter.export(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
