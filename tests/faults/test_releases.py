"""Rows 8 to 10 at a tenth of their size, each beside a product that lacks what the row is about."""

from __future__ import annotations

import shutil
from urllib.parse import quote

import pytest
from django.conf import settings

from benchmarks.soak import releases
from benchmarks.soak.rig import Rig

pytestmark = [pytest.mark.commits, pytest.mark.slow]

needs_strace = pytest.mark.skipif(not shutil.which("strace"), reason="kills at system calls by strace")


@pytest.fixture
def rig(committed_db: str) -> Rig:
    return Rig(base="", web=0, environment={"DATABASE_URL": database_url(committed_db)})


def database_url(name: str) -> str:
    entry = settings.DATABASES["default"]
    secret = f":{quote(entry['PASSWORD'], safe='')}" if entry["PASSWORD"] else ""
    return f"postgresql://{quote(entry['USER'], safe='')}{secret}@/{name}?host={quote(entry['HOST'] or '', safe='')}&port={entry['PORT']}"


@needs_strace
def test_an_exporter_killed_at_a_system_call_leaves_nothing_half(rig: Rig) -> None:
    outcome = releases.row_8(rig, tenth=True)
    assert outcome.is_met, str(outcome)


@needs_strace
def test_one_that_commits_before_it_writes_leaves_half_versions(rig: Rig) -> None:
    """The negative control."""
    outcome = releases.with_exporter_killed(rig, step=4, program="tests.faults.careless_exporter")
    assert "half visible" in outcome.missed, str(outcome)


def test_a_version_has_the_same_bytes_however_it_is_written(rig: Rig) -> None:
    outcome = releases.row_9(rig, tenth=True)
    assert outcome.is_met, str(outcome)


def test_what_is_only_added_to_refuses_every_change(rig: Rig) -> None:
    """Its negative control is among its figures: without the trigger every change goes through."""
    outcome = releases.row_10(rig, tenth=True)
    assert outcome.is_met, str(outcome)
