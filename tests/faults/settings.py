"""The tests' settings, with leases that end while one waits."""

from __future__ import annotations

from tests.settings import *  # noqa: F403

LEASE_SECONDS, BEAT_SECONDS, STALL_SECONDS = 3, 1, 2
GENERATION_BATCH = 4
