"""What a lease reads grows neither with the campaign, nor with what its labeler has done, nor with what came and went at the head of the queue."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from accounts import statements
from accounts.models import User
from labeling import assigning, queue, slotting
from labeling.models import Campaign, Enrolment, Pair, Slot
from labeling.models.assignment import opaque_key
from labeling.models.enrolment import BEFORE_EVERY_RANK
from labeling.queue import STRETCH
from tests.builders import NOW, make_campaign, make_pair, make_prompt, make_response, make_user

RESPONSES = 50
PAIRS = RESPONSES * (RESPONSES - 1) // 2
MOST_ROWS, MOST_BLOCKS = 25, 200
"""Of places looked at, and of anything read. Some 10 and 90 are usual."""
MINUTE = timedelta(minutes=1)


@pytest.fixture
def large(lena: User, otto: User) -> Campaign:
    """A campaign of 1,225 pairs, k=3."""
    campaign, prompt = make_campaign(overlap=3, labelers=(lena, otto)), make_prompt()
    responses = [make_response(prompt=prompt) for _ in range(RESPONSES)]
    fields = {"campaign": campaign, "prompt": prompt, "rubric_version": campaign.rubric_version, "created_at": NOW}
    pairs = Pair.objects.bulk_create([Pair(response_a=a, response_b=b, **fields) for a, b in itertools.combinations(responses, 2)])
    slotting.make_slots(pairs, campaign)
    for labeler in (lena, otto):
        assigning.enrol(campaign, labeler, at=NOW)
    return campaign


def close_places(campaign: Campaign, labeler: User, pairs: int, *, ordinal: int = 0) -> None:
    """Fill a place of each of the first so many pairs, as if the labeler had labeled them, and leave their cursor there."""
    places = Slot.objects.filter(campaign=campaign).extra(where=["rank %% 64 = %s"], params=[ordinal]).order_by("rank")
    filled = list(places.values_list("pk", flat=True)[:pairs])
    Slot.objects.filter(pk__in=filled).update(labeler=labeler, closed_at=NOW)
    last = Slot.objects.filter(pk__in=filled).order_by("rank").last()
    Enrolment.objects.filter(campaign=campaign, labeler=labeler).update(rank=last.rank if last else BEFORE_EVERY_RANK)


def free_behind(campaign: Campaign, places: int) -> None:
    """Have a free place of the first so many pairs leased by somebody who is gone, and returned: they come at the head."""
    free = list(Slot.objects.free().filter(campaign=campaign).order_by("pair", "rank").distinct("pair").values_list("pk", flat=True)[:places])
    gone = User.objects.create(username="gone")
    for pk in free:
        Slot.objects.filter(pk=pk).update(labeler=gone, lease=opaque_key(), lease_ends_at=NOW - MINUTE)
    assert assigning.return_expired(at=NOW) == places


# ---- what is read --------------------------------------------------------------------------------------------------


def plan_of(statement: str, campaign: Campaign, labeler: User) -> dict[str, Any]:
    """Run a statement of the queue, take it back, and return its plan with what was read."""
    given = {"campaign": campaign.pk, "open": True, "labeler": labeler.pk, "pools": [""], "epoch": campaign.rank_epoch, "start": BEFORE_EVERY_RANK}
    given |= {"key": opaque_key(), "at": NOW, "ends": NOW + MINUTE, "rubric_version": campaign.rubric_version_id}
    with transaction.atomic():
        row = statements.one(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", **given)
        transaction.set_rollback(True)
    assert row is not None
    plan: dict[str, Any] = row[0][0]["Plan"]
    return plan


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


def places_read(plan: dict[str, Any]) -> float:
    """Return how many places were looked at, over all of the statement."""
    scans = [node for node in nodes(plan) if node.get("Relation Name") == "labeling_slot" and "Scan" in node["Node Type"]]
    return float(sum((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"] for node in scans))


def blocks_read(plan: dict[str, Any]) -> int:
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def assert_little_is_read(statement: str, campaign: Campaign, labeler: User) -> None:
    plan = plan_of(statement, campaign, labeler)
    assert places_read(plan) <= MOST_ROWS
    assert blocks_read(plan) <= MOST_BLOCKS


@pytest.fixture(params=["new tables", "analysed tables", "tables counted when they were empty"])
def _statistics(request: pytest.FixtureRequest, large: Campaign) -> None:
    """What PostgreSQL knows of its tables must not matter."""
    if request.param == "analysed tables":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE labeling_slot, labeling_pair, labeling_enrolment, labeling_assignment")
    if request.param == "tables counted when they were empty":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_restore_relation_stats('schemaname', 'public', 'relname', 'labeling_slot', 'relpages', 200, 'reltuples', 0::real)")


@pytest.mark.usefixtures("_statistics")
def test_a_lease_reads_little_whatever_its_labeler_has_done(large: Campaign, lena: User) -> None:
    assert_little_is_read(queue.SEARCH, large, lena)
    for labeled in (100, PAIRS - 10):
        close_places(large, lena, labeled)
        assert_little_is_read(queue.SEARCH, large, lena)


@pytest.mark.usefixtures("_statistics")
def test_a_lease_reads_little_where_all_is_done_but_what_was_freed_behind_every_cursor(large: Campaign, lena: User, otto: User) -> None:
    for ordinal, labeler in enumerate((lena, otto)):
        close_places(large, labeler, PAIRS - 300 * ordinal, ordinal=ordinal)
    close_places(large, User.objects.create(username="third"), PAIRS, ordinal=2)
    free_behind(large, 300)
    assert_little_is_read(queue.SEARCH, large, otto)


@pytest.mark.usefixtures("_statistics")
def test_what_was_put_aside_is_looked_up_by_its_pair(large: Campaign, lena: User) -> None:
    for _ in range(3):
        found = assigning.next_for(large, lena, at=NOW)
        assert found is not None
        assigning.park(assignment=found, at=NOW)
    assert_little_is_read(queue.PARKED, large, lena)


def test_without_the_index_of_free_places_a_lease_reads_all_of_them(large: Campaign, lena: User) -> None:
    """The negative control."""
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX slot_free")
    assert places_read(plan_of(queue.SEARCH, large, lena)) > PAIRS


# ---- how far a search goes -----------------------------------------------------------------------------------------


def search(campaign: Campaign, labeler: User, *, at: datetime = NOW) -> Slot | None:
    """Lease the next place, close it, and return it."""
    found = queue.search(campaign, labeler, ends=at + MINUTE, at=at, pools=[""])
    if found is None:
        return None
    Slot.objects.filter(pk=found.assignment.slot_id).update(closed_at=at, lease=None, lease_ends_at=None)
    return Slot.objects.get(pk=found.assignment.slot_id)


def test_a_search_ends_after_a_stretch_of_places_that_the_labeler_may_not_take(large: Campaign, lena: User) -> None:
    close_places(large, lena, PAIRS)
    queue.begin_again(large, lena, at=NOW)
    assert search(large, lena) is None
    ahead = queue.move_on(large, lena, pools=[""])
    assert (ahead.goes_on, ahead.is_locked) == (True, False)
    passed = Enrolment.objects.get(campaign=large, labeler=lena).rank
    assert Slot.objects.free().filter(campaign=large, rank__lte=passed).count() == STRETCH
    for _ in range(-(-2 * PAIRS // STRETCH)):
        ahead = queue.move_on(large, lena, pools=[""])
    assert not ahead.goes_on


def test_one_request_walks_past_all_that_the_labeler_may_not_take(large: Campaign, lena: User) -> None:
    close_places(large, lena, PAIRS - 1)
    Enrolment.objects.update(rank=BEFORE_EVERY_RANK)
    assert Slot.objects.free().filter(campaign=large).count() > 2 * STRETCH
    found = assigning.next_for(large, lena, at=NOW)
    assert found is not None
    assert found.pair == Pair.objects.filter(campaign=large).order_by("pk").last()


def test_who_was_told_that_nothing_is_left_gets_what_lay_behind_a_minute_later(campaign: Campaign, lena: User) -> None:
    pair = make_pair(campaign, slots=1)
    Enrolment.objects.create(campaign=campaign, labeler=lena, rank=pair.pk * 64 + 63, searched_at=NOW, entered_at=NOW)
    assert assigning.next_for(campaign, lena, at=NOW + MINUTE / 2) is None
    found = assigning.next_for(campaign, lena, at=NOW + MINUTE)
    assert found is not None
    assert found.pair == pair


@pytest.mark.commits
def test_a_place_that_somebody_has_locked_is_not_passed(committed_db: str) -> None:
    lena = make_user("lena")
    campaign = make_campaign(labelers=(lena,))
    place = make_pair(campaign, slots=1).slots.get()
    assigning.enrol(campaign, lena, at=NOW)
    other = connection.copy()
    with transaction.atomic(), other.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT FROM labeling_slot WHERE id = %s FOR UPDATE", [place.pk])
        assert search(campaign, lena) is None
        assert queue.move_on(campaign, lena, pools=[""]).is_locked
    other.close()
    assert search(campaign, lena) == place


# ---- the head ------------------------------------------------------------------------------------------------------


def test_who_works_behind_the_head_passes_what_was_there_a_minute_ago(large: Campaign, lena: User, otto: User) -> None:
    """Though nothing is left of it: else its dead entries in the index are walked at each lease."""
    free_behind(large, 30)
    last = Slot.objects.filter(campaign=large, rank__lt=0).order_by("rank").last()
    assert last is not None
    for _ in range(30):
        search(large, otto)
    for number in range(3):
        search(large, lena, at=NOW + number * MINUTE)
    assert Enrolment.objects.get(campaign=large, labeler=lena).head_rank >= last.rank


def test_a_rank_given_a_moment_ago_is_not_passed_before_it_is_stored(large: Campaign, lena: User) -> None:
    """Its transaction takes a while to commit; meanwhile others, whose ranks are higher, come and go."""
    assert search(large, lena) is not None
    (rank,) = slotting.head_ranks(1)
    for seconds in range(10, 60, 10):
        assert search(large, lena, at=NOW + timedelta(seconds=seconds)) is not None
    late = Slot.objects.free().filter(campaign=large).order_by("rank").last()
    assert late is not None
    Slot.objects.filter(pk=late.pk).update(rank=rank)
    assert search(large, lena, at=NOW + 1.5 * MINUTE) == late
