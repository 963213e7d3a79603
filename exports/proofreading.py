"""From a person who reads a sampled row to what they found of it."""

from __future__ import annotations

from datetime import datetime

from accounts.models import User
from exports.models import RowReading, SampleRow


def read(sampled: SampleRow, *, verdict: RowReading.Verdict, note: str = "", reader: User, at: datetime) -> RowReading:
    """Store what was found. The latest reading of a row holds; earlier ones stay."""
    return RowReading.objects.create(sampled=sampled, verdict=verdict, note=note.strip(), reader=reader, at=at)


def next_unread(version_pk: int, sample: str, *, after: int = 0) -> SampleRow | None:
    """Return the first row of a sample that nobody has read, behind a place; or from the beginning, where there is none behind it."""
    unread = SampleRow.objects.filter(version=version_pk, sample=sample, readings=None).order_by("place")
    return unread.filter(place__gt=after).first() or unread.first()
