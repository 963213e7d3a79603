"""What a row of the soak is run against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.soak.faults import OwnPostgres


@dataclass(frozen=True)
class Rig:
    """The product being served, and what it takes to break it."""

    base: str
    web: int
    """Process id of gunicorn's master."""
    postgres: OwnPostgres | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = Path()
