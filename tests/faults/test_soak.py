"""The soak at a tenth of its size, each row beside a product or a client that lacks what the row is about."""

from __future__ import annotations

import asyncio
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from pytest_django import DjangoDbBlocker

from benchmarks.soak import rows
from benchmarks.soak.faults import Outage, OwnPostgres, seconds_away
from benchmarks.soak.judging import Work, leave_the_database
from benchmarks.soak.labelers import Answer, Record
from benchmarks.soak.rig import Rig
from benchmarks.soak.rows import Soak
from config import env
from config.embedded.postgres import NAME
from tests.serving import serving

# One server for all of them, which one of them crashes: they run one after the other, in one process.
pytestmark = [pytest.mark.commits, pytest.mark.slow]


@pytest.fixture(scope="module")
def postgres() -> Iterator[OwnPostgres]:
    folder = Path(tempfile.mkdtemp(prefix="tb-soak-"))
    server = OwnPostgres(folder)
    try:
        server.start()
        server.wait()
        yield server
    finally:
        server.stop(signal.SIGINT)
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def rig(postgres: OwnPostgres, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Rig]:
    """The product over a server that may crash, with Django pointed at it. Each row makes a campaign of its own."""
    with pointed_at(postgres.url), django_db_blocker.unblock():
        call_command("migrate", verbosity=0)
        with serving(NAME) as (base, process):
            yield Rig(base=base, web=process.pid, postgres=postgres)


@contextmanager
def pointed_at(url: str) -> Iterator[None]:
    """Have Django use another server."""
    place = ("NAME", "USER", "PASSWORD", "HOST", "PORT")
    entries = (settings.DATABASES["default"], connections["default"].settings_dict)
    usual, there = dict(entries[0]), env.database(url, pool_size=0)
    leave_the_database()
    for entry in entries:
        entry.update({name: there[name] for name in place})
    try:
        yield
    finally:
        leave_the_database()
        for entry in entries:
            entry.update({name: usual[name] for name in place})


# ---- row 1

# What counting in code does: whoever asks gets a place while fewer than k labels are in, whatever is on the screens of others.
NAIVE = """
CREATE FUNCTION one_more_place() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF (SELECT count(*) FROM labeling_label WHERE pair_id = NEW.pair_id) < 3 THEN
        INSERT INTO labeling_slot SELECT (jsonb_populate_record(NEW, jsonb_build_object(
            'id', nextval(pg_get_serial_sequence('labeling_slot', 'id')), 'labeler_id', NULL, 'lease', NULL, 'lease_ends_at', NULL))).*;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER one_more_place AFTER UPDATE ON labeling_slot FOR EACH ROW WHEN (OLD.lease IS NULL AND NEW.lease IS NOT NULL) EXECUTE FUNCTION one_more_place();
"""


def test_killed_web_workers_cost_no_label_and_add_none(rig: Rig) -> None:
    outcome = rows.row_1(rig, tenth=True)
    assert outcome.is_met, str(outcome)


@pytest.fixture
def _naive(rig: Rig) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(NAIVE)
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION one_more_place CASCADE")


@pytest.mark.usefixtures("_naive")
def test_counted_in_code_the_labels_of_a_pair_are_too_many(rig: Rig) -> None:
    """The negative control."""
    outcome = rows.with_workers_killed(rig, Work(pairs=20, overlap=3, labelers=16))
    assert "over" in outcome.missed, str(outcome)


# ---- row 2


def test_crashes_of_postgresql_cost_no_label_and_are_soon_over(rig: Rig) -> None:
    outcome = rows.row_2(rig, tenth=True)
    assert outcome.is_met, str(outcome)


CARELESS = {"synchronous_commit": "off", "wal_writer_delay": "10s", "wal_writer_flush_after": "1GB"}


@pytest.mark.parametrize(("chosen", "is_lost"), [(CARELESS, True), ({}, False)])
def test_with_commits_that_do_not_wait_for_the_disk_a_crash_costs_labels(rig: Rig, postgres: OwnPostgres, chosen: dict[str, str], is_lost: bool) -> None:
    """The negative control, and beside it the same with the product's own settings."""
    soak = Soak(rig, Work(pairs=50, overlap=3, labelers=16))
    restart(postgres, **chosen)
    asyncio.run(label_until_a_crash(soak, postgres))
    outcome = soak.outcome(2, "one crash")
    restart(postgres)
    assert ("lost" in outcome.missed) == is_lost, str(outcome)


async def label_until_a_crash(soak: Soak, postgres: OwnPostgres) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(soak.label())
        while soak.record.counted < soak.work.labels / 3:
            await asyncio.sleep(0.01)
        postgres.stop()
        soak.record.patience = 0
        postgres.start()
    postgres.wait()


def restart(postgres: OwnPostgres, **settings: str) -> None:
    """Stop it in order, so that all is on the disk, and start it with these settings."""
    leave_the_database()
    postgres.stop(signal.SIGINT)
    postgres.settings = settings
    postgres.start()
    postgres.wait()


OUTAGES = [Outage(stopped=1, returned=2), Outage(stopped=6, returned=7)]


@pytest.mark.parametrize(
    ("answers", "away"),
    [
        ([Answer(2.1, 2.2, 200), Answer(7.1, 7.5, 200)], 0.5),
        ([Answer(1.1, 2.1, 503), Answer(2.2, 2.9, 200), Answer(7.1, 7.2, 200)], 0.9),
        ([Answer(2.1, 2.2, 200), Answer(3.0, 5.0, 503), Answer(7.1, 7.2, 200)], 3.0),
        ([Answer(2.1, 2.2, 200), Answer(1.5, 5.5, 0), Answer(7.1, 7.2, 200)], 3.5),
        ([Answer(2.1, 2.2, 200)], float("inf")),
        ([Answer(0.1, 0.2, 200), Answer(7.1, 7.2, 200)], float("inf")),
    ],
)
def test_it_serves_again_when_the_first_answer_has_come_and_the_last_refusal_has_gone(answers: list[Answer], away: float) -> None:
    assert seconds_away(OUTAGES, answers) == pytest.approx(away)


def test_where_postgresql_never_stopped_nothing_is_said_of_serving_again() -> None:
    assert seconds_away([], [Answer(0.1, 0.2, 200)]) == float("inf")


def test_a_refusal_that_does_not_say_when_to_come_back_is_a_mistake() -> None:
    statuses = [(200, ""), (204, ""), (0, ""), (503, "2"), (503, ""), (500, ""), (409, "")]
    record = Record(wanted=1, patience=1, answers=[Answer(0, 1, status, retry_after) for status, retry_after in statuses])
    assert (record.refusals, record.breaks, record.mistakes) == (1, 1, 3)


# ---- row 3


def test_a_submission_that_is_sent_three_times_is_one_label_and_three_equal_answers(rig: Rig) -> None:
    outcome = rows.row_3(rig, tenth=True)
    assert outcome.is_met, str(outcome)


def test_without_a_submission_key_it_is_three_labels(rig: Rig) -> None:
    """The negative control."""
    outcome = rows.with_submissions_sent_thrice(rig, Work(pairs=10, overlap=2, labelers=16), is_keyed=False)
    assert {"labels", "doubles", "surplus", "equal answers"} <= outcome.missed, str(outcome)


# ---- row 4


def test_what_people_who_vanish_hold_is_free_again_and_every_pair_gets_its_labels(rig: Rig) -> None:
    outcome = rows.row_4(rig, tenth=True)
    assert outcome.is_met, str(outcome)


def test_without_the_sweep_pairs_stay_short(rig: Rig) -> None:
    """The negative control."""
    outcome = rows.with_half_vanished(rig, Work(pairs=20, overlap=3, labelers=20), lease=rows.SHORT_LEASE, sweeping=rows.by_nobody, patience=1)
    assert outcome.missed == {"labels", "short", "open", "s from a lease's end until free"}, str(outcome)
