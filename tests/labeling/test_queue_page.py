"""Who runs a campaign looks at its queue: the places, who labels and how fast, what comes next, and what checks say."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from labeling import assigning, goldkeeping, places, submitting
from labeling.models import Assignment, Campaign, Finding, Label, Role, Slot
from tests.builders import NOW, join, make_campaign, make_label, make_pair, make_slot, make_user
from tests.labeling.answers import answer, checked, enrol
from tests.policies.pages import elements, heading, text_of, walk

As = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


def look(client: Client, campaign: Campaign, *, live: bool = False, **params: Any) -> HttpResponse:
    return client.get(reverse("queue", args=[campaign.slug]), params, headers=HTMX if live else {})  # type: ignore[return-value]


def rows(response: HttpResponse, table: str) -> list[list[str]]:
    """Return the body of the table with that id, as text."""
    [found] = elements(response, "table", id=table)
    [body] = [element for element in walk(found) if element.name == "tbody"]
    return [[text_of(cell) for cell in row.children if not isinstance(cell, str)] for row in body.children if not isinstance(row, str)]


def standfirst(response: HttpResponse) -> str:
    [found] = elements(response, "p", id="standfirst")
    return text_of(found)


def needs(response: HttpResponse) -> list[str]:
    return [text_of(item) for listed in elements(response, "ol", class_="needs") for item in listed.children if not isinstance(item, str)]


def lease(campaign: Campaign, labeler: User, *, at: datetime | None = None) -> Assignment:
    assignment = assigning.next_for(campaign, labeler, at=at or timezone.now())
    assert assignment
    return assignment


def work(campaign: Campaign, labeler: User, *, seconds: float = 30, ago: timedelta = timedelta()) -> Label:
    """Lease and answer the next pair, some time ago."""
    at = timezone.now() - ago
    assignment = lease(campaign, labeler, at=at - timedelta(seconds=seconds))
    return submitting.submit_label(assignment=assignment, preference=-1, submission_key=uuid.uuid4(), active_seconds=seconds, at=at)


# ---- who, and what is there before anything happened ---------------------------------------------------------------


def test_it_works(campaign: Campaign, rosa: User, lena: User, as_: As) -> None:
    for _ in range(4):
        make_pair(campaign)
    for _ in range(3):
        work(campaign, lena, seconds=60)
    page = look(as_(rosa), campaign)
    assert heading(page) == "The queue"
    assert standfirst(page) == "5 places wait for a label. 1 person is labeling. If they go on as they do, it takes 5 min (2 to 25 min)."
    assert rows(page, "places-table") == [
        ["free", "waits for anybody", "5", "5"],
        ["held", "on a screen", "0", "0"],
        ["reserved", "waits for its labeler", "0", "0"],
        ["filled", "has its label", "3", "3"],
        ["unused", "taken away, or given back for good", "0", "0"],
    ]
    [active] = rows(page, "active-table")
    assert (active[0], active[2:]) == ("lena", ["3", "60", "60 s"])


@pytest.mark.parametrize("name", ["lena", "ada", "olga", "eve"])
def test_it_is_closed_to_who_does_not_run_the_campaign(campaign: Campaign, olga: User, eve: User, as_: As, name: str) -> None:
    assert look(as_(User.objects.get(username=name)), campaign).status_code == 404


def test_an_empty_campaign_says_so(campaign: Campaign, rosa: User, as_: As) -> None:
    page = look(as_(rosa), campaign)
    assert standfirst(page) == "There are no places yet: they come with the first pairs."
    assert rows(page, "places-table") == [["none", "Places come with pairs.", "0"]]
    assert rows(page, "active-table") == [["Nobody: no label in the last 15 minutes, and no pair on a screen."]]
    assert rows(page, "next-table") == [["Nothing waits."]]


def test_a_campaign_without_labelers_says_where_they_come_from(rosa: User, as_: As) -> None:
    campaign = make_campaign()
    join(campaign, rosa, Role.RESEARCHER)
    assert "Nobody labels here yet" in [text_of(found) for found in elements(look(as_(rosa), campaign), "h3")]


def test_it_is_linked_from_the_campaign(campaign: Campaign, rosa: User, as_: As) -> None:
    page = as_(rosa).get(reverse("campaign", args=[campaign.slug]))
    assert elements(page, "a", href=reverse("queue", args=[campaign.slug]))


# ---- places --------------------------------------------------------------------------------------------------------


def test_every_state_and_kind_has_its_place(campaign: Campaign, lena: User, otto: User) -> None:
    pair = make_pair(campaign, slots=1)
    make_slot(pair, ordinal=1, labeler=lena, closed_at=NOW)
    make_slot(pair, ordinal=2, closed_at=NOW)
    make_slot(pair, ordinal=3, kind=Slot.Kind.ESCALATION, labeler=otto, lease=uuid.uuid4(), lease_ends_at=NOW)
    make_slot(pair, ordinal=4, kind=Slot.Kind.REPEAT, reserved_for=lena)
    counts = places.counts_of(campaign)
    assert counts.by_state == {
        "free": {"work": 1},
        "held": {"escalation": 1},
        "reserved": {"repeat": 1},
        "filled": {"work": 1},
        "unused": {"work": 1},
    }
    assert (counts.wanting, counts.is_exact) == (2, True)


def test_places_of_other_campaigns_are_not_counted(campaign: Campaign) -> None:
    make_pair(make_campaign())
    assert places.counts_of(campaign).of("free") == 0


def test_of_very_many_a_sample_is_counted(campaign: Campaign, lena: User, otto: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Held, reserved and (if they are few) free ones exactly; the rest to within the sample."""
    for number in range(60):
        make_pair(campaign, slots=3 if number == 0 else 0)
        make_slot(make_pair(campaign, slots=0), labeler=lena, closed_at=NOW)
    lease(campaign, otto)
    monkeypatch.setattr(places, "SAMPLE", 30)
    counts = places.counts_of(campaign)
    assert (counts.is_exact, counts.of("free"), counts.of("held")) == (False, 2, 1)
    assert 24 <= counts.of("filled") <= 96
    monkeypatch.setattr(places, "COUNTED", 1)
    assert places.counts_of(campaign).of("free") % 4 == 0


# ---- who is active, and the pace -----------------------------------------------------------------------------------


def test_who_holds_a_pair_is_active(campaign: Campaign, rosa: User, lena: User, as_: As) -> None:
    make_pair(campaign)
    lease(campaign, lena)
    page = look(as_(rosa), campaign)
    assert [row[0] for row in rows(page, "active-table")] == ["lena"]
    assert standfirst(page) == (
        "2 places wait for a label. 1 person is labeling. None of them has filled a place in the last hour, so how long that takes is not known."
    )


def test_who_vanished_is_not(campaign: Campaign, rosa: User, lena: User, as_: As) -> None:
    make_pair(campaign)
    make_pair(campaign)
    work(campaign, lena, ago=timedelta(minutes=16))
    lease(campaign, lena, at=timezone.now() - timedelta(minutes=45))
    page = look(as_(rosa), campaign)
    assert rows(page, "active-table") == [["Nobody: no label in the last 15 minutes, and no pair on a screen."]]
    assert standfirst(page).endswith("Nobody is labeling now, so how long that takes is not known.")


def test_checks_take_time_and_fill_no_place(campaign: Campaign, lena: User, rosa: User, as_: As) -> None:
    enrol(campaign, lena)
    now = timezone.now()
    answer(make_pair(campaign), lena, active_seconds=60, at=now)
    answer(make_pair(campaign), lena, kind="repeat", active_seconds=60, at=now)
    [row] = rows(look(as_(rosa), campaign), "active-table")
    assert row[2:] == ["2", "30", "60 s"]


def test_labels_elsewhere_imported_and_long_ago_say_nothing_of_the_pace(campaign: Campaign, lena: User, rosa: User, as_: As) -> None:
    enrol(campaign, lena)
    now = timezone.now()
    answer(make_pair(campaign), lena, active_seconds=90, at=now - timedelta(minutes=1))
    answer(make_pair(make_campaign()), lena, active_seconds=5, at=now)
    answer(make_pair(campaign), lena, active_seconds=5, at=now - timedelta(minutes=61))
    make_label(make_pair(campaign), lena, at=now)
    [row] = rows(look(as_(rosa), campaign), "active-table")
    assert row[2:] == ["1", "40", "90 s"]


def test_where_no_page_counted_the_time_since_the_lease_is_taken(campaign: Campaign, lena: User, rosa: User, as_: As) -> None:
    enrol(campaign, lena)
    answer(make_pair(campaign), lena, active_seconds=None, at=timezone.now())
    [row] = rows(look(as_(rosa), campaign), "active-table")
    assert row[2:] == ["1", "6", "not known"]


# ---- what comes next -----------------------------------------------------------------------------------------------


def test_the_next_places_come_in_the_order_in_which_they_are_served(campaign: Campaign, rosa: User, lena: User, otto: User, as_: As) -> None:
    first, second, third = (make_pair(campaign, slots=1, external_id=name) for name in ("one", "two", "three"))
    assignment = lease(campaign, otto)
    assigning.park(assignment=assignment, at=timezone.now())
    shown = rows(look(as_(rosa), campaign), "next-table")
    assert [row[0] for row in shown] == ["one", "two", "three"]
    assert [row[-1] for row in shown] == ["at the head: freed, or made late", "by rank", "by rank"]
    assert [lease(campaign, lena).pair, first] == [first, first]
    assert (second.pk, third.pk) > (first.pk, second.pk)


def test_the_strategy_is_named_where_it_gave_the_rank(campaign: Campaign, rosa: User, as_: As) -> None:
    make_slot(make_pair(campaign, slots=0), ranked_by="spread")
    [row] = rows(look(as_(rosa), campaign), "next-table")
    assert row[-1] == "by rank: spread"


def test_for_a_labeler_it_is_what_they_get(campaign: Campaign, rosa: User, lena: User, as_: As) -> None:
    """The list is made beforehand, and then the labeler works through it."""
    for number in range(12):
        make_pair(campaign, external_id=f"pair {number}")
    Campaign.objects.filter(pk=campaign.pk).update(repeat_percent=0)
    for _ in range(3):
        work(campaign, lena)
    item = goldkeeping.make_gold(pair=make_pair(campaign, slots=0, external_id="gold"), verdict="a", why="It is clear.", actor=None, at=NOW)
    make_slot(item.pair, kind=Slot.Kind.GOLD, gold_item=item, reserved_for=lena, rank=6)
    make_slot(make_pair(campaign, slots=0, external_id="named"), reserved_for=lena, rank=3)
    shown = rows(look(as_(rosa), campaign, labeler=lena.pk), "next-table")
    assert [row[0] for row in shown] == [str(position) for position in range(4, 4 + len(shown))]
    served = [work(campaign, lena).pair.external_id for _ in shown]
    assert [row[1] for row in shown] == served
    assert [(row[1], row[2], row[-1]) for row in shown if row[1] in ("gold", "named")] == [
        ("named", "work", "kept for them by name"),
        ("gold", "gold", "due at a position that was drawn"),
    ]


def test_a_labeler_is_served_by_skill(campaign: Campaign, rosa: User, lena: User, as_: As) -> None:
    Campaign.objects.update(eligible_by="language")
    make_slot(make_pair(campaign, slots=0, external_id="german"), pool="de")
    make_slot(make_pair(campaign, slots=0, external_id="any"))
    assert [row[0] for row in rows(look(as_(rosa), campaign), "next-table")] == ["german", "any"]
    assert [row[1] for row in rows(look(as_(rosa), campaign, labeler=lena.pk), "next-table")] == ["any"]


@pytest.mark.parametrize(("state", "says"), [("paused", "Paused: gets nothing new"), ("practising", "In a practice round")])
def test_what_bars_a_labeler_is_said(campaign: Campaign, rosa: User, lena: User, as_: As, state: str, says: str) -> None:
    make_pair(campaign)
    enrol(campaign, lena, state=state)
    [[said]] = rows(look(as_(rosa), campaign, labeler=lena.pk), "next-table")
    assert said.startswith(says)


def test_a_limit_bars_too(campaign: Campaign, rosa: User, lena: User, as_: As) -> None:
    make_pair(campaign)
    make_pair(campaign)
    Campaign.objects.update(quota=1)
    campaign.refresh_from_db()
    work(campaign, lena)
    assert rows(look(as_(rosa), campaign, labeler=lena.pk), "next-table") == [["Has reached the quota of this campaign: gets nothing more."]]


def test_nobody_is_told_what_comes_to_themselves(campaign: Campaign, rosa: User, as_: As) -> None:
    join(campaign, rosa)
    make_slot(make_pair(campaign, slots=0), kind=Slot.Kind.REPEAT, reserved_for=rosa)
    page = look(as_(rosa), campaign, labeler=rosa.pk)
    assert rows(page, "next-table") == [["What comes to you is not shown: you label here, too."]]


@pytest.mark.parametrize("sent", ["eve", "-1", "0", "9" * 30, "²"])
def test_who_does_not_label_there_cannot_be_chosen(campaign: Campaign, rosa: User, as_: As, sent: str) -> None:
    assert look(as_(rosa), campaign, labeler=sent).status_code == 404


# ---- what needs attention, checks and findings ---------------------------------------------------------------------


def test_what_needs_attention_is_said(campaign: Campaign, rosa: User, lena: User, otto: User, as_: As) -> None:
    Campaign.objects.update(strategy="informative", state="paused", overlap=3)
    enrol(campaign, lena, state="paused")
    Finding.objects.create(campaign=campaign, labeler=otto, kind="left_leaning", says="Chose the left side 60 of 60 times.", at=NOW)
    said = needs(look(as_(rosa), campaign))
    assert said[0].startswith("Act 1 finding waits for somebody to look and decide.")
    assert said[1].startswith("Soon 1 labeler is paused and gets nothing new.")
    assert said[2].startswith("Soon A pair asks 3 labelers, and 1 can label here")
    assert said[3].startswith("Soon The campaign is paused")
    assert said[4].startswith("Know The places are being ranked anew, from “finish what is begun” to “most informative”.")
    assert "agreement comes out lower" in said[5]


def test_gold_is_shown_with_its_interval_and_by_side(campaign: Campaign, rosa: User, lena: User, otto: User, as_: As) -> None:
    enrol(campaign, lena)
    enrol(campaign, otto)
    checked(campaign, lena, "0" * 20)
    checked(campaign, otto, "11")
    page = look(as_(rosa), campaign)
    [table, _] = [table for table in elements(page, "table") if not dict(table.attributes).get("id")]
    shown = [[text_of(cell) for cell in row.children if not isinstance(cell, str)] for row in walk(table) if row.name == "tr"][1:]
    assert [[row[0], *row[2:8]] for row in shown] == [
        ["lena", "0 %", "0 to 16.1 %", "20", "0 of 10", "0 of 10", "below the bar"],
        ["otto", "100 %", "34.2 to 100 %", "2", "1 of 1", "1 of 1", "too few to say"],
    ]


def test_who_says_the_same_again_is_shown(campaign: Campaign, rosa: User, lena: User, as_: As) -> None:
    enrol(campaign, lena)
    for first, again in ((-1, -2), (1, -1)):
        pair = make_pair(campaign, slots=0)
        answer(pair, lena, first)
        answer(pair, lena, again, kind="repeat")
    page = look(as_(rosa), campaign).content.decode()
    assert "<b>50\u00a0%</b>" in page
    assert "9.5 to 90.5\u00a0%, n 2" in page


# ---- the live part -------------------------------------------------------------------------------------------------


def test_the_live_part_alone_is_asked_for_again(campaign: Campaign, rosa: User, lena: User, as_: As) -> None:
    make_pair(campaign)
    page, part = look(as_(rosa), campaign, labeler=lena.pk), look(as_(rosa), campaign, live=True, labeler=lena.pk)
    [poll] = elements(page, "div", hx_trigger="every 10s")
    asked = dict(poll.attributes)
    assert asked["hx-get"] == f"{reverse('queue', args=[campaign.slug])}?labeler={lena.pk}"
    assert asked["hx-swap"] == "none"
    for name in str(asked["hx-select-oob"]).split(","):
        for answered in (page, part):
            assert sum(dict(found.attributes).get("id") == name[1:] for found in elements_with_id(answered)) == 1, name
    assert elements(page, "h2", id="checks")
    assert not elements(part, "h2", id="checks")


def elements_with_id(response: HttpResponse) -> list[Any]:
    names = ("p", "span", "dl", "table", "svg")
    return [found for name in names for found in elements(response, name)]


@pytest.mark.parametrize("live", [False, True])
def test_the_number_of_queries_does_not_grow(campaign: Campaign, rosa: User, lena: User, as_: As, live: bool) -> None:
    client = as_(rosa)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert look(client, campaign, live=live).status_code == 200
        return len(captured)

    make_pair(campaign)
    work(campaign, lena)
    queries()
    before = queries()
    for number in range(5):
        someone = make_user(f"someone{number}")
        join(campaign, someone)
        make_pair(campaign)
        make_pair(campaign)
        work(campaign, someone)
        Finding.objects.create(campaign=campaign, labeler=someone, kind="too_fast", says="Fast.", at=NOW)
    assert queries() == before
