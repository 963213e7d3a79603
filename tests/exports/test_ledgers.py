"""What became of versions is only ever added to: the database itself refuses to change it."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, models, transaction
from django.utils import timezone

from accounts.models import User
from exports import gatekeeping, granting, linking, measuring, proofreading, recording
from exports.gate_kinds import Threshold
from exports.models import (
    DatasetVersion,
    Download,
    DownloadLink,
    GateFigure,
    GateThreshold,
    GoldenPair,
    RowReading,
    SampleRow,
    SplitAccess,
    VersionEvent,
    Waiver,
)
from exports.recording import Right
from tests.builders import NOW
from tests.exports.released import released

COLUMNS: dict[type[models.Model], str] = {
    Download: "sha256",
    DownloadLink: "for_whom",
    GateFigure: "found",
    GateThreshold: "reason",
    GoldenPair: "why",
    RowReading: "note",
    SampleRow: "shortcut",
    SplitAccess: "reason",
    VersionEvent: "reason",
    Waiver: "reason",
}
"""Each ledger, with a text of its rows that somebody might want to change."""


@pytest.fixture
def lived(version: DatasetVersion, rosa: User, olga: User, rf: object) -> DatasetVersion:
    """A version of which every ledger has a row."""
    measuring.measure(version, at=NOW)
    row = version.rows.select_related("pair", "version__dataset").order_by("position")[0]
    gatekeeping.set_threshold(version.dataset, "read", Threshold(low=1), actor=olga, reason="Small.", at=NOW)
    gatekeeping.mark_golden(row, actor=rosa, why="The model case.", at=NOW)
    proofreading.read(version.sample_rows.all()[0], verdict=RowReading.Verdict.FINE, reader=rosa, at=NOW)
    granting.ask(version.dataset, person=rosa, reason="To judge.", at=NOW)
    file = version.files.get(name="train.jsonl")
    linking.make_link(file, for_whom="a reviewer", days=1, made_by=rosa, at=timezone.now())
    request = rf.get("/")  # type: ignore[attr-defined]
    recording.record(file, range(file.size), right=Right.of_session(rosa), request=request, at=NOW)
    released(version, olga)
    connection.check_constraints()  # what waits for the end of the transaction would hold a TRUNCATE off, too
    return version


def refused(statement: str) -> None:
    with pytest.raises(DatabaseError, match="only ever added to"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("ledger", COLUMNS, ids=lambda model: model.__name__)
def test_a_row_stays_as_it_was_written(ledger: type[models.Model], lived: DatasetVersion) -> None:
    table, column = ledger._meta.db_table, COLUMNS[ledger]
    assert ledger._default_manager.exists()
    refused(f"UPDATE {table} SET {column} = reverse({column})")  # noqa: S608 - our own tables
    refused(f"DELETE FROM {table}")  # noqa: S608 - our own tables
    refused(f"TRUNCATE {table} CASCADE")


def test_a_link_can_be_revoked_and_nothing_else_of_it(lived: DatasetVersion, rosa: User) -> None:
    """The control: what may change does."""
    link = lived.links.get()
    assert linking.revoke_link(link, actor=rosa, at=timezone.now())
    refused("UPDATE exports_downloadlink SET expires_at = now()")
