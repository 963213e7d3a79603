"""Write a stored version once more, in a process of its own. Run with a dataset's name, a number and an empty folder."""

from __future__ import annotations

import locale
import sys
from pathlib import Path

import django

django.setup()

from exports import rows, writing  # noqa: E402 - Django comes first
from exports.models import DatasetVersion  # noqa: E402

if __name__ == "__main__":
    locale.setlocale(locale.LC_ALL, "")
    name, number, folder = sys.argv[1:]
    writing.write(rows.draft_of(DatasetVersion.objects.get(dataset__name=name, number=number)), Path(folder))
