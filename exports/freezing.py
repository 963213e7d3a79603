"""From settled pairs to a DatasetVersion and its DatasetRows: numbered, in a stable order, seen at one moment."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.wording import grouped
from exports import flags, holding_out, rows, splits, splitting
from exports.choices import Choice
from exports.manifest import Removed
from exports.models import Dataset, DatasetFile, DatasetVersion, VersionCampaign
from exports.splits import DEFAULT_SHARES
from labeling.models import Campaign


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
    choice: Choice = field(default_factory=Choice)
    hold_out: Sequence[User] = ()
    """Labelers whose judgment only the test split may rest on, in this version and all later ones; beside those whom the dataset holds out already."""
    removed: Removed | None = None
    """What the version is to be without, where it replaces another because of that."""


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
    """Take the dataset's next number, and store the rows of the version that will have it. Raises NothingToFreeze and CannotHoldOut.

    Call it in `one_moment`. Of two who do so at once the second waits for the first, and then fails to serialize: it has to begin again, and gets the
    next number.
    """
    splits.check(order.shares)
    dataset = numbered(order)
    holding_out.hold(dataset, order.hold_out, order.campaigns, by=order.by, at=order.at)
    rows.lay_out(order.campaigns, order.choice)
    bar_flagged(dataset)
    splitting.assign(dataset)
    holding_out.bar(dataset, holding_out.held(dataset))
    version = next_key()
    if not draw_up(version, dataset):
        raise NothingToFreeze(missing(rows.left_out(), rows.unsettled(order.campaigns)))
    return rows.Draft(
        dataset=dataset,
        number=dataset.last_number,
        version=version,
        campaigns=order.campaigns,
        left_out=rows.left_out(),
        totals=rows.totals_of(version),
        choice=order.choice,
        removed=order.removed,
        held_out=holding_out.pseudonyms(dataset),
    )


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


def bar_flagged(dataset: Dataset) -> None:
    """Leave out the pairs of which somebody decided, in an earlier version, that their texts stay out."""
    with connection.cursor() as cursor:
        cursor.execute(BAR_FLAGGED, [dataset.pk])


def next_key() -> int:
    """Draw the primary key of the version: its rows are stored before it, since it carries the hash of what is written of them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('exports_datasetversion', 'id'))")
        return int(cursor.fetchone()[0])


DRAW_UP = f"""
INSERT INTO exports_datasetrow (version_id, position, key, pair_id, prompt_id, chosen_id, rejected_id, split, family, rubric_version_id,
                                margin, settled, rule, labels, adjudication)
SELECT %s, position, told.key, pair, prompt, chosen, rejected, placed.split, placed.family, rubric_version, margin, settled, rule, labels, adjudication
FROM ({rows.TOLD_APART}) AS told JOIN exports_familymember AS placed ON placed.dataset_id = %s AND placed.key = told.family ORDER BY position
"""  # noqa: S608 - from here
BAR_FLAGGED = f"UPDATE candidate SET left_out = 'flagged' WHERE left_out IS NULL AND pair IN ({flags.LEFT_OUT})"  # noqa: S608 - from here


def draw_up(version: int, dataset: Dataset) -> int:
    """Store the rows of a version, and return how many there are."""
    with connection.cursor() as cursor:
        cursor.execute(DRAW_UP, [version, dataset.pk])
        return int(cursor.rowcount)


def missing(left_out: Mapping[str, int], unsettled: Mapping[str, int]) -> str:
    """Return, for people, why there is nothing to freeze: what waits, what is contested, what was left out."""
    waits = [f"{grouped(n)} {_(standing)}" for standing, n in unsettled.items()]
    left = [_("{n} left out ({why})").format(n=grouped(n), why=_(rows.LeftOut(reason).label)) for reason, n in left_out.items()]
    if not waits + left:
        return _("There are no pairs in what was chosen, so there is nothing to freeze.")
    return _("No settled pair makes a row, so there is nothing to freeze. Of the pairs: {pairs}.").format(pairs=", ".join(waits + left))


def store(made: rows.Draft, order: Order, *, manifest: dict[str, object], identity: str, files: Sequence[DatasetFile]) -> DatasetVersion:
    """Store the version and its files; its rows are there. Every constraint is checked before it returns."""
    version = DatasetVersion.objects.create(
        pk=made.version,
        dataset=made.dataset,
        number=made.number,
        manifest=manifest,
        manifest_sha256=identity,
        rows_count=made.totals.rows,
        frozen_by=order.by,
        frozen_at=order.at,
    )
    VersionCampaign.objects.bulk_create(VersionCampaign(version=version, campaign=campaign) for campaign in made.campaigns)
    for file in files:
        file.version = version
    DatasetFile.objects.bulk_create(files)
    connection.check_constraints()  # else a foreign key could still fail at the commit
    return version
