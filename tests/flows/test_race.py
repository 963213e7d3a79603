"""Sixteen labelers at once, half of their submissions sent twice: every pair gets its k labels, once each."""

from __future__ import annotations

import random
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from io import StringIO

import httpx
import pytest
from django.core.management import call_command
from django.db import connection

from accounts.models import User
from labeling.models import Campaign, Label, Pair, Slot
from tests.builders import make_campaign, make_pair, make_prompt_set, make_user
from tests.serving import served, signed_in

KEY = re.compile(r'action="/c/race/work/([0-9a-f-]{36})/label"')
SUBMISSION = re.compile(r'name="submission_key" value="([0-9a-f-]{36})"')

PAIRS, OVERLAP, LABELERS = 200, 3, 16

Windows = tuple[httpx.Client, httpx.Client]
"""Two windows of one labeler: a submission that is sent twice goes out of both."""


def make_race(pairs: int) -> tuple[Campaign, list[User]]:
    labelers = [make_user(f"racer{number:02d}") for number in range(LABELERS)]
    campaign = make_campaign("race", overlap=OVERLAP, labelers=tuple(labelers))
    make_prompt_set()
    for _ in range(pairs):
        make_pair(campaign)
    return campaign, labelers


def label_until_nothing_is_left(windows: Windows) -> int:
    """Label by the desk's own requests, every second submission doubled. Returns how many were acknowledged."""
    browser, _ = windows
    choose = random.Random(browser.cookies["tiebreak-session"])
    acknowledged = 0
    with ThreadPoolExecutor(2) as hands:
        page = browser.get("/c/race/work/")
        while found := KEY.search(page.text):
            form = {"choice": choose.choice(["-2", "2"]), "rationale": "", "submission_key": SUBMISSION.search(page.text)[1]}  # type: ignore[index]
            sends = windows[: choose.choice([1, 2])]
            answers = list(hands.map(lambda window, form=form, key=found[1]: post(window, key, form), sends))
            assert {answer.status_code for answer in answers} == {200}
            acknowledged += 1
            page = answers[0]
    return acknowledged


def post(window: httpx.Client, key: str, form: dict[str, str]) -> httpx.Response:
    return window.post(f"/c/race/work/{key}/label", data=form)


def run_race(name: str, labelers: list[User]) -> int:
    """Have everybody label at once. They are signed in here: each thread that asks the database holds a connection of its own."""
    with served(name) as base, ThreadPoolExecutor(LABELERS) as crowd:
        return sum(crowd.map(label_until_nothing_is_left, [(signed_in(base, labeler), signed_in(base, labeler)) for labeler in labelers]))


@pytest.mark.commits
@pytest.mark.slow
def test_every_pair_gets_k_labels_and_nobody_twice(committed_db: str) -> None:
    _, labelers = make_race(PAIRS)
    acknowledged = run_race(committed_db, labelers)
    per_pair = Counter(Label.objects.values_list("pair_id", flat=True))
    assert acknowledged == Label.objects.count() == PAIRS * OVERLAP
    assert set(per_pair.values()) == {OVERLAP}
    assert max(Counter(Label.objects.values_list("pair_id", "labeler_id")).values()) == 1
    assert not Slot.objects.open().exists()
    assert set(Pair.objects.values_list("standing", flat=True)) <= {"agreed", "contested"}
    call_command("check_standings", stdout=StringIO())


# A lease takes a moment, so that two windows of one labeler surely reach for the same pair.
SLOWLY = """
CREATE FUNCTION lease_slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.05); RETURN NEW; END $$;
CREATE TRIGGER lease_slowly BEFORE UPDATE ON labeling_slot FOR EACH ROW WHEN (OLD.lease IS NULL AND NEW.lease IS NOT NULL) EXECUTE FUNCTION lease_slowly();
"""


@pytest.mark.commits
@pytest.mark.slow
@pytest.mark.parametrize("constraint_is_dropped", [False, True])
def test_without_the_slots_constraint_the_same_race_goes_wrong(committed_db: str, constraint_is_dropped: bool) -> None:
    """The negative control, and beside it the same race with the constraint in its place: somebody gets two places at one pair, or nobody does."""
    _, labelers = make_race(30)
    with connection.cursor() as cursor:
        cursor.execute(SLOWLY)
        if constraint_is_dropped:
            cursor.execute("DROP INDEX labeler_has_one_place_at_a_pair")
    run_race(committed_db, labelers)
    most = max(Counter(Slot.objects.filter(labeler__isnull=False).values_list("pair_id", "labeler_id")).values())
    assert (most > 1) == constraint_is_dropped
