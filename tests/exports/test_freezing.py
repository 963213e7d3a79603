"""A version is numbered, whole, seen at one moment, and never changes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts.models import User
from exports import freezing, publishing, rows
from exports.freezing import NothingToFreeze
from exports.models import Dataset, DatasetFile, DatasetRow, DatasetVersion, VersionCampaign
from labeling.models import Campaign
from tests.builders import make_campaign, make_pair, make_user
from tests.exports.settled import order, settled_campaign, settled_pair
from tests.waiting import wait_until


def test_it_works(version: DatasetVersion, everyday: Campaign, rosa: User) -> None:
    assert (version.number, version.rows_count, version.state) == (1, 12, "frozen")
    assert version.frozen_by == rosa
    assert list(version.campaigns.all()) == [everyday]
    assert [row.position for row in version.rows.order_by("position")] == list(range(1, 13))
    assert version.rows.filter(split="train").count() == version.manifest["counts"]["rows"]["train"]


def test_the_next_version_gets_the_next_number_and_keeps_the_splits(version: DatasetVersion, everyday: Campaign) -> None:
    labelers = [membership.user for membership in everyday.memberships.filter(role="labeler")]
    settled_pair(everyday, labelers)
    after = publishing.publish(order(everyday, shares={"train": 0.1, "test": 0.9}))
    assert (after.number, after.rows_count) == (2, 13)
    before = dict(version.rows.values_list("family", "split"))
    assert before.items() <= dict(after.rows.values_list("family", "split")).items()


def test_a_family_is_in_one_split(any_moment: None, everyday: Campaign) -> None:
    version = publishing.publish(order(everyday, shares={"train": 0.5, "validation": 0.3, "test": 0.2}))
    split_of = dict(version.rows.values_list("family", "split"))
    assert all(split_of[row.family] == row.split for row in version.rows.all())


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda campaign, people: None, "There are no pairs"),
        (lambda campaign, people: make_pair(campaign), "1 waiting"),
        (lambda campaign, people: settled_pair(campaign, people, (-3, 3)), "1 contested"),
        (lambda campaign, people: settled_pair(campaign, people, (0, 0)), "1 left out (a tie)"),
    ],
)
def test_an_empty_version_is_refused_with_what_is_missing(any_moment: None, make: Callable[[Campaign, Any], object], said: str) -> None:
    campaign = make_campaign()
    make(campaign, [make_user(), make_user()])
    with pytest.raises(NothingToFreeze) as refusal, transaction.atomic():
        publishing.publish(order(campaign))
    assert said in str(refusal.value)
    assert not Dataset.objects.exists()


# One moment


@pytest.mark.commits
def test_freezing_refuses_to_run_inside_a_transaction(committed_db: str) -> None:
    campaign = settled_campaign()
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        publishing.publish(order(campaign))


def in_another_thread(work: Callable[[], object]) -> None:
    """Do something on a connection of its own, and wait for it."""

    def done() -> None:
        work()
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(done).result(timeout=30)


@pytest.mark.commits
def test_what_is_settled_meanwhile_is_in_the_next_version(committed_db: str) -> None:
    campaign = settled_campaign(pairs=3)
    labelers = [make_user(), make_user()]
    with freezing.one_moment():
        before = rows.candidates([campaign])
        in_another_thread(lambda: settled_pair(campaign, labelers))
        assert rows.candidates([campaign]) == before
    assert len(rows.candidates([campaign]).rows) == 4


@pytest.mark.commits
def test_without_the_one_moment_two_looks_differ(committed_db: str) -> None:
    """The negative control of the test above."""
    campaign = settled_campaign(pairs=3)
    labelers = [make_user(), make_user()]
    with transaction.atomic():
        before = rows.candidates([campaign])
        in_another_thread(lambda: settled_pair(campaign, labelers))
        assert rows.candidates([campaign]) != before


def planned(version: DatasetVersion) -> int:
    """How many rows of the version PostgreSQL expects."""
    (line,) = json.loads(version.rows.order_by().explain(format="json"))
    return int(line["Plan"]["Plan Rows"])


@pytest.mark.parametrize(("many", "least", "most"), [(40, 30, 50), (41, 1, 10)], ids=["counted", "negative control"])
def test_a_large_version_is_known_to_the_planner(
    many: int, least: int, most: int, any_moment: None, everyday: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    publishing.publish(order(everyday))
    publishing.count_rows()
    large = settled_campaign("large", pairs=40)
    monkeypatch.setattr(publishing, "MANY", many)
    assert least <= planned(publishing.publish(order(large, dataset="large"))) <= most


@pytest.mark.commits
@pytest.mark.parametrize("exists", [False, True])
def test_two_people_who_freeze_at_once_get_two_numbers(committed_db: str, exists: bool) -> None:
    campaign = settled_campaign(pairs=5)
    if exists:
        publishing.publish(order(campaign))
    gate = threading.Barrier(2)

    def freeze() -> int:
        gate.wait(timeout=30)
        try:
            return publishing.publish(order(campaign)).number
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        numbers = [future.result(timeout=60) for future in [pool.submit(freeze) for _ in range(2)]]
    first = 2 if exists else 1
    assert sorted(numbers) == [first, first + 1]
    assert len(set(DatasetVersion.objects.values_list("dataset_id", flat=True))) == 1


@pytest.mark.commits
def test_without_a_second_try_one_of_two_is_turned_away(committed_db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control of the test above: the first holds the number until the second waits for it."""
    monkeypatch.setattr(publishing, "TRIES", 1)
    campaign = settled_campaign(pairs=3)
    publishing.publish(order(campaign))
    gate = threading.Barrier(2)
    drawn = freezing.draw_up

    def slow(*args: Any) -> Any:
        gate.wait(timeout=30)
        return drawn(*args)

    def freeze() -> str:
        try:
            return f"version {publishing.publish(order(campaign)).number}"
        except publishing.NotPublished as refusal:
            return str(refusal)
        finally:
            connection.close()

    monkeypatch.setattr(freezing, "draw_up", slow)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(freeze)
        second = pool.submit(freeze)
        wait_until(somebody_waits_for_a_row, seconds=30)  # one of them has the number; the other looked before it is given
        gate.wait(timeout=30)
        answers = {first.result(timeout=60), second.result(timeout=60)}
    assert "version 2" in answers
    assert any("others were freezing" in answer for answer in answers)


def somebody_waits_for_a_row() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')")
        return bool(cursor.fetchone()[0])


# Never to change


def changes(version: DatasetVersion) -> list[tuple[str, Callable[[], object]]]:
    row, file = version.rows.first(), version.files.first()
    assert row
    assert file
    return [
        ("version number", lambda: DatasetVersion.objects.update(number=7)),
        ("version manifest", lambda: DatasetVersion.objects.filter(pk=version.pk).update(manifest={})),
        ("version id", lambda: DatasetVersion.objects.filter(pk=version.pk).update(manifest_sha256="0" * 64)),
        ("version by save", lambda: resaved(version)),
        ("version gone", lambda: raw("DELETE FROM exports_datasetversion")),
        ("versions emptied", lambda: raw("TRUNCATE exports_datasetversion CASCADE")),
        ("row side", lambda: DatasetRow.objects.filter(pk=row.pk).update(chosen=row.rejected_id, rejected=row.chosen_id)),
        ("rows in bulk", lambda: DatasetRow.objects.bulk_update([bent(row)], ["margin"])),
        ("row gone", lambda: raw("DELETE FROM exports_datasetrow")),
        ("rows emptied", lambda: raw("TRUNCATE exports_datasetrow CASCADE")),
        ("file hash", lambda: DatasetFile.objects.filter(pk=file.pk).update(sha256="0" * 64)),
        ("file gone", lambda: DatasetFile.objects.filter(pk=file.pk).delete()),
        ("campaign gone", lambda: VersionCampaign.objects.all().delete()),
        ("salt", lambda: Dataset.objects.update(salt="sugar")),
        ("shares", lambda: Dataset.objects.update(shares={"train": 1.0})),
        ("dataset gone", lambda: raw("DELETE FROM exports_dataset")),
    ]


def raw(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def resaved(version: DatasetVersion) -> None:
    version.rows_count += 1
    version.save()


def bent(row: DatasetRow) -> DatasetRow:
    row.margin = -row.margin
    return row


def test_nothing_of_a_version_can_be_changed_or_taken_away(version: DatasetVersion) -> None:
    went_through = [what for what, change in changes(version) if not is_refused(change)]
    assert went_through == []


def is_refused(change: Callable[[], object]) -> bool:
    try:
        with transaction.atomic():
            change()
    except IntegrityError as error:
        return "is only ever added to" in str(error)
    return False


@pytest.mark.commits
def test_without_its_trigger_a_version_could_be_changed(committed_db: str) -> None:
    """The negative control of the test above."""
    version = publishing.publish(order(settled_campaign()))
    raw("ALTER TABLE exports_datasetversion DISABLE TRIGGER USER")
    assert DatasetVersion.objects.filter(pk=version.pk).update(number=7) == 1


def test_only_the_state_of_a_version_moves(version: DatasetVersion) -> None:
    version.state = DatasetVersion.State.WITHDRAWN
    version.save(update_fields=["state"])
    version.refresh_from_db()
    assert version.state == "withdrawn"


def test_a_dataset_may_be_described_anew(version: DatasetVersion) -> None:
    assert Dataset.objects.update(description="For the assistant of the help desk.") == 1


def test_a_row_may_not_choose_what_it_rejects(version: DatasetVersion) -> None:
    row = version.rows.first()
    assert row
    twin = DatasetRow(**{field.attname: getattr(row, field.attname) for field in DatasetRow._meta.concrete_fields if field.attname != "id"})
    twin.position, twin.key, twin.rejected_id = 99, "another", twin.chosen_id
    with pytest.raises(DatabaseError, match="row_chosen_is_not_rejected|pair_is_in_a_version_once"), transaction.atomic():
        twin.save()
