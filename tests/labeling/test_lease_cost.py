"""What a lease reads does not grow with what its labeler has done."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection, transaction

from accounts import statements
from accounts.models import User
from labeling import assigning, submitting
from labeling.models import Campaign
from tests.builders import NOW, make_campaign, make_pair, make_user

pytestmark = pytest.mark.commits


def make_work(labeler: User) -> Campaign:
    campaign = make_campaign(labelers=(labeler,))
    for _ in range(130):
        make_pair(campaign)
    return campaign


def label(campaign: Campaign, labeler: User, pairs: int) -> None:
    for _ in range(pairs):
        assignment = assigning.next_for(campaign, labeler, at=NOW)
        assert assignment is not None
        submitting.submit_label(assignment=assignment, preference=-1, submission_key=uuid.uuid4(), at=NOW)


def blocks_read(campaign: Campaign, labeler: User) -> int:
    """Lease, count the blocks of tables and indexes that were looked at, and give the place back."""
    values = {"campaign": campaign.pk, "open": True, "labeler": labeler.pk, "epoch": 0, "start": assigning.BEFORE_EVERY_RANK, "key": uuid.uuid4()}
    with transaction.atomic():
        row = statements.one(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {assigning.AFTER_CURSOR}", **values, at=NOW, ends=NOW)
        transaction.set_rollback(True)
    assert row is not None
    plan: dict[str, Any] = row[0][0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def growth(campaign: Campaign, labeler: User) -> int:
    """Return how many blocks more a lease reads after 120 labels than after 20."""
    label(campaign, labeler, 20)
    few = blocks_read(campaign, labeler)
    label(campaign, labeler, 100)
    return blocks_read(campaign, labeler) - few


def test_it_works(committed_db: str) -> None:
    lena = make_user("lena")
    assert growth(make_work(lena), lena) <= 5


def test_when_all_that_was_had_is_read_it_grows(committed_db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: asked of all slots at once, what the labeler had is read from its beginning."""
    lena = make_user("lena")
    campaign = make_work(lena)
    monkeypatch.setattr(assigning, "AFTER_CURSOR", assigning.AFTER_CURSOR.replace("OFFSET 0", ""))
    assert growth(campaign, lena) > 50


@pytest.mark.parametrize("is_indexed", [False, True])
def test_no_index_on_the_campaign_alone_leads_astray(committed_db: str, is_indexed: bool) -> None:
    """A campaign that PostgreSQL has no statistics of is walked in the order of the queue. With such an index, the negative control, it is sorted."""
    lena = make_user("lena")
    make_work(lena)
    with connection.cursor() as cursor:
        if is_indexed:
            cursor.execute("CREATE INDEX slot_of_campaign ON labeling_slot (campaign_id)")
        cursor.execute("ANALYZE")
    assert (blocks_read(make_work(lena), lena) > 100) == is_indexed
