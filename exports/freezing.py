"""From settled pairs to a DatasetVersion and its DatasetRows: numbered, in a stable order, seen at one moment."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F

from accounts.models import User
from exports import rows, splits
from exports.models import Dataset, DatasetFile, DatasetRow, DatasetVersion, VersionCampaign
from exports.splits import DEFAULT_SHARES
from labeling.models import Campaign

CHUNK = 1000


class NothingToFreeze(Exception):
    """No pair of these campaigns makes a row. The text says what is missing."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be frozen, by whom (None: an operator), when. `description` and `shares` count for a new dataset only."""

    dataset: str
    campaigns: Sequence[Campaign]
    by: User | None
    at: datetime
    description: str = ""
    shares: Mapping[str, float] = field(default_factory=lambda: DEFAULT_SHARES)


@contextmanager
def one_moment() -> Iterator[None]:
    """One transaction in which every query sees the database as it was at the first.

    Raises RuntimeError inside another transaction, whose moment has long begun.
    """
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


def draft(order: Order) -> rows.Draft:
    """Take the dataset's next number, and draw up its rows. Raises NothingToFreeze; call it in `one_moment`.

    Of two who do so at once the second waits for the first, and then fails to serialize: it has to begin again, and gets the next number.
    """
    splits.check(order.shares)
    dataset = numbered(order)
    found = rows.candidates(order.campaigns)
    if not found.rows:
        raise NothingToFreeze(missing(found))
    return rows.Draft(dataset, dataset.last_number, order.campaigns, list(drawn_up(found.rows, dataset)), found.left_out)


def numbered(order: Order) -> Dataset:
    """Return the dataset, made if need be, with its number raised: the row lock under which a version is made."""
    new = Dataset(
        name=order.dataset,
        description=order.description,
        salt=secrets.token_hex(16),
        secret=secrets.token_hex(32),
        shares=dict(order.shares),
        created_by=order.by,
        created_at=order.at,
    )
    Dataset.objects.bulk_create([new], ignore_conflicts=True)
    Dataset.objects.filter(name=order.dataset).update(last_number=F("last_number") + 1)
    return Dataset.objects.get(name=order.dataset)


def drawn_up(found: Sequence[rows.Candidate], dataset: Dataset) -> Iterator[DatasetRow]:
    for position, row in enumerate(found, start=1):
        yield DatasetRow(
            position=position,
            key=row.key,
            pair_id=row.pair,
            prompt_id=row.prompt,
            chosen_id=row.chosen,
            rejected_id=row.rejected,
            split=splits.split_of(row.family, salt=dataset.salt, shares=dataset.shares),
            family=row.family,
            rubric_version_id=row.rubric_version,
            margin=row.margin,
            settled=row.settled,
            rule=row.rule,
            labels=list(row.labels),
            adjudication=row.adjudication,
        )


def missing(found: rows.Candidates) -> str:
    """Return, for people, why there is nothing to freeze: what waits, what is contested, what was left out."""
    waits = [f"{n:,} {standing}" for standing, n in found.unsettled.items()]
    left = [f"{n:,} left out ({rows.LeftOut(reason).label})" for reason, n in found.left_out.items()]
    if not waits + left:
        return "There are no pairs in what was chosen, so there is nothing to freeze."
    return f"No settled pair makes a row, so there is nothing to freeze. Of the pairs: {', '.join(waits + left)}."


def store(made: rows.Draft, order: Order, *, manifest: dict[str, object], identity: str, files: Sequence[DatasetFile]) -> DatasetVersion:
    """Store the version, its rows and its files, whole. Every constraint is checked before it returns."""
    version = DatasetVersion.objects.create(
        dataset=made.dataset,
        number=made.number,
        manifest=manifest,
        manifest_sha256=identity,
        rows_count=len(made.rows),
        frozen_by=order.by,
        frozen_at=order.at,
    )
    VersionCampaign.objects.bulk_create(VersionCampaign(version=version, campaign=campaign) for campaign in made.campaigns)
    for part in (made.rows, files):
        for row in part:
            row.version = version
    DatasetRow.objects.bulk_create(made.rows, batch_size=CHUNK)
    DatasetFile.objects.bulk_create(files)
    connection.check_constraints()  # else a foreign key could still fail at the commit
    return version
