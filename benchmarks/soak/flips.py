"""Row 15: bytes of a version's files are flipped, one at a time, and `verify_dataset` is asked each time. It asks no database."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

from benchmarks.soak.outcomes import Outcome, exactly
from benchmarks.soak.releases import EXPORTER, exporting
from benchmarks.soak.rig import Rig
from exports import inspection
from exports.models import DatasetVersion

FLIPPED = 1000


def row_15(rig: Rig, *, tenth: bool) -> Outcome:
    flips = FLIPPED // 10 if tenth else FLIPPED
    with exporting(rig) as run:
        run(program=EXPORTER)
        version = DatasetVersion.objects.filter(dataset__name=run.dataset).latest("number")
        folder = Path(shutil.copytree(version.folder, rig.folder / "flipped"))
    try:
        sound = len(inspection.verify(folder))
        missed = sum(not found for found in flipped(folder, flips, random.Random(15)))
    finally:
        shutil.rmtree(folder)
    figures = [exactly("flips missed", missed), exactly("faults in the version as it was written", sound)]
    return Outcome(15, f"{flips:,} bytes flipped, one at a time, in {version}'s files", figures)


def flipped(folder: Path, times: int, chance: random.Random) -> Iterator[list[str]]:
    """Flip one bit of one byte, in each file by turns, and yield what is found. Each time the byte is put back."""
    files = sorted(folder.iterdir())
    for number in range(times):
        file = files[number % len(files)]
        written = file.read_bytes()
        place = chance.randrange(len(written))
        file.write_bytes(written[:place] + bytes([written[place] ^ (1 << chance.randrange(8))]) + written[place + 1 :])
        yield inspection.verify(folder)
        file.write_bytes(written)
