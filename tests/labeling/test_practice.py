"""A new labeler practises before real work, in the open: told what is right and why, and let in by a pass mark."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import User
from labeling import assigning, practising, revising, submitting
from labeling.models import Assignment, Campaign, Enrolment, EnrolmentEvent, GoldItem, Label, Slot
from labeling.practising import Feedback
from tests.builders import NOW, make_campaign, make_pair, make_token
from tests.labeling.test_planning import make_gold
from tests.policies.pages import Page, elements, text_of

As = Callable[[User], Client]

RIGHT, WRONG = -2, 2
"""The verdict of all items here is A."""


@pytest.fixture
def schooling(lena: User, otto: User) -> Campaign:
    """Four items, two a round, half of which must be right; and work."""
    campaign = make_campaign("schooling", labelers=(lena, otto), practice_items=2, pass_mark=50)
    for _ in range(4):
        make_gold(campaign, use="both")
    for _ in range(5):
        make_pair(campaign)
    return campaign


def ask(campaign: Campaign, labeler: User) -> Assignment:
    assignment = assigning.next_for(campaign, labeler, at=NOW)
    assert assignment is not None
    return assignment


def answer(campaign: Campaign, labeler: User, *preferences: int) -> list[Slot]:
    """Answer the next pairs, and return their places."""
    places = []
    for preference in preferences:
        assignment = ask(campaign, labeler)
        submitting.submit_label(assignment=assignment, preference=preference, submission_key=uuid.uuid4(), at=NOW)
        places.append(Slot.objects.get(pk=assignment.slot_id))
    return places


def state(labeler: User) -> str:
    return Enrolment.objects.get(labeler=labeler).state


def why() -> str:
    event = EnrolmentEvent.objects.order_by("pk").last()
    assert event is not None
    return event.why or ""


def test_it_works(schooling: Campaign, lena: User) -> None:
    places = answer(schooling, lena, RIGHT, RIGHT, RIGHT)
    assert [place.kind for place in places] == ["practice", "practice", "work"]
    assert state(lena) == "working"
    assert why() == "passed practice: 2 of 2 items right in round 1"


def test_practice_comes_before_the_campaign_s_own_checks(schooling: Campaign, lena: User) -> None:
    Campaign.objects.update(gold_percent=50)
    schooling.refresh_from_db()
    kinds = [place.kind for place in answer(schooling, lena, *[RIGHT] * 6)]
    assert kinds[:2] == ["practice"] * 2
    assert kinds[2:].count("gold") == 2


def test_a_round_that_is_not_passed_is_followed_by_one_with_other_items(schooling: Campaign, lena: User) -> None:
    first = answer(schooling, lena, WRONG, WRONG)
    second = answer(schooling, lena, WRONG, RIGHT)
    assert len({place.gold_item_id for place in first + second}) == 4
    assert state(lena) == "practising"
    assert answer(schooling, lena, RIGHT)[0].kind == "work"
    assert why() == "passed practice: 1 of 2 items right in round 2"


def test_items_come_again_where_there_are_no_others(schooling: Campaign, lena: User) -> None:
    answer(schooling, lena, *[WRONG] * 4)
    third = answer(schooling, lena, RIGHT, RIGHT)
    assert {place.kind for place in third} == {"practice"}
    assert answer(schooling, lena, RIGHT)[0].kind == "work"


def test_after_three_rounds_a_researcher_looks(schooling: Campaign, lena: User, rosa: User) -> None:
    answer(schooling, lena, *[WRONG] * 6)
    assert assigning.next_for(schooling, lena, at=NOW) is None
    assert state(lena) == "paused"
    assert why() == "did not pass practice: 0 of 2 items right in round 3, and 50 % are asked for"
    practising.let_in(campaign=schooling, labeler=lena, why="we talked", actor=rosa, at=NOW)
    assert answer(schooling, lena, RIGHT)[0].kind == "work"
    event = EnrolmentEvent.objects.latest("pk")
    assert (event.before, event.after, event.why, event.actor) == ("paused", "working", "we talked", rosa)


def test_who_is_let_in_practises_no_more(schooling: Campaign, lena: User, rosa: User) -> None:
    answer(schooling, lena, WRONG)
    held = ask(schooling, lena)
    practising.let_in(campaign=schooling, labeler=lena, why="we talked", actor=rosa, at=NOW)
    assert answer(schooling, lena, RIGHT)[0].kind == "work"
    late = submitting.submit_label(assignment=held, preference=RIGHT, submission_key=uuid.uuid4(), at=NOW)
    assert late.is_surplus


def test_only_who_waits_is_let_in(schooling: Campaign, lena: User, otto: User, rosa: User) -> None:
    answer(schooling, lena, RIGHT, RIGHT, RIGHT)
    for labeler, reason in ((lena, "works here already"), (otto, "has not asked")):
        with pytest.raises(practising.CannotLetIn, match=reason):
            practising.let_in(campaign=schooling, labeler=labeler, why="", actor=rosa, at=NOW)


def test_what_is_skipped_counts_as_not_right(schooling: Campaign, lena: User) -> None:
    Campaign.objects.update(pass_mark=51)
    schooling.refresh_from_db()
    answer(schooling, lena, RIGHT)
    assigning.skip(assignment=ask(schooling, lena), reason="rather_not", note="", at=NOW)
    assert answer(schooling, lena, RIGHT)[0].kind == "practice"
    assert Enrolment.objects.get().practice_rounds == 2


def test_what_is_put_aside_comes_back_before_the_round_ends(schooling: Campaign, lena: User) -> None:
    aside = ask(schooling, lena)
    assigning.park(assignment=aside, at=NOW)
    answer(schooling, lena, RIGHT)
    back = ask(schooling, lena)
    assert back.slot_id == aside.slot_id


def test_a_place_that_was_taken_away_counts_for_nothing(schooling: Campaign, lena: User) -> None:
    answer(schooling, lena, RIGHT)
    Slot.objects.open().filter(kind="practice").update(closed_at=NOW)
    assert answer(schooling, lena, RIGHT)[0].kind == "work"
    assert why() == "passed practice: 1 of 1 item right in round 1"


def test_a_campaign_with_fewer_items_has_shorter_rounds(schooling: Campaign, lena: User) -> None:
    GoldItem.objects.filter(pk__gt=GoldItem.objects.earliest("pk").pk).update(retired_at=NOW)
    assert [place.kind for place in answer(schooling, lena, RIGHT, RIGHT)] == ["practice", "work"]


def test_a_campaign_without_items_lets_people_in_and_says_why(schooling: Campaign, lena: User) -> None:
    GoldItem.objects.update(retired_at=NOW)
    assert answer(schooling, lena, RIGHT)[0].kind == "work"
    assert "no gold item may be used for it" in why()


def test_when_all_items_are_retired_meanwhile_people_are_let_in(schooling: Campaign, lena: User) -> None:
    ask(schooling, lena)
    GoldItem.objects.update(retired_at=NOW)
    Slot.objects.open().filter(kind="practice").update(closed_at=NOW, labeler=None, lease=None, lease_ends_at=None)
    assert answer(schooling, lena, RIGHT)[0].kind == "work"
    assert why() == "no practice item is left"


def test_items_for_practice_alone_come_before_those_that_check_work(schooling: Campaign, lena: User) -> None:
    only = {make_gold(schooling, use="practice").pk for _ in range(2)}
    assert {place.gold_item_id for place in answer(schooling, lena, RIGHT, RIGHT)} == only


def test_an_answer_that_is_changed_after_the_feedback_changes_no_result(schooling: Campaign, lena: User) -> None:
    for place in answer(schooling, lena, WRONG, WRONG):
        revising.supersede(label=Label.objects.get(slot=place), preference=RIGHT, submission_key=uuid.uuid4(), at=NOW)
    assert answer(schooling, lena, RIGHT)[0].kind == "practice"


def test_a_lapsed_lease_of_practice_comes_back_to_its_labeler(schooling: Campaign, lena: User) -> None:
    first = ask(schooling, lena)
    assigning.return_expired(at=NOW + timedelta(days=1))
    again = ask(schooling, lena)
    assert (again.slot_id, again.key == first.key) == (first.slot_id, False)
    answer(schooling, lena, RIGHT, RIGHT, RIGHT)
    assert why() == "passed practice: 2 of 2 items right in round 1"


# ---- feedback ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "left_is_a", "preference", "right", "better"),
    [
        ("a", True, -1, True, "left"),
        ("a", False, -3, True, "right"),
        ("b", True, -1, False, "right"),
        ("b", False, 2, True, "left"),
        ("tie", True, 0, True, "tie"),
    ],
)
def test_feedback_is_in_the_labeler_s_own_left_and_right(
    schooling: Campaign, lena: User, verdict: str, left_is_a: bool, preference: int, right: bool, better: str
) -> None:
    items = GoldItem.objects.all()
    items.update(retired_at=NOW)
    GoldItem.objects.create(pair=make_pair(schooling, slots=0), verdict=verdict, why="For a reason.", added_at=NOW)
    make_gold(schooling, use="practice")
    assigning.enrol(schooling, lena, at=NOW)
    Slot.objects.filter(gold_item__why="For a reason.").update(left_is_a=left_is_a)
    while True:
        assignment = ask(schooling, lena)
        label = submitting.submit_label(assignment=assignment, preference=preference, submission_key=uuid.uuid4(), at=NOW)
        if assignment.pair.gold_items.get().why == "For a reason.":
            break
    found = practising.feedback_on(label)
    assert found is not None
    assert (found.right, found.better, found.why, found.of) == (right, better, "For a reason.", 2)


@pytest.mark.parametrize("kind", ["work", "gold", "repeat", "surplus"])
def test_nothing_is_said_of_any_other_answer(schooling: Campaign, lena: User, kind: str) -> None:
    answer(schooling, lena, RIGHT, RIGHT)
    [place] = answer(schooling, lena, RIGHT)
    label = Label.objects.get(slot=place)
    if kind in ("gold", "repeat"):
        item = GoldItem.objects.earliest("pk") if kind == "gold" else None
        Slot.objects.filter(pk=place.pk).update(kind=kind, reserved_for=lena, gold_item=item)
    if kind == "surplus":
        label.slot = None
    assert practising.feedback_on(label) is None


def test_the_number_of_a_practice_pair_starts_over_with_each_round(schooling: Campaign, lena: User) -> None:
    seen = []
    for preference in (WRONG, WRONG, WRONG):
        [place] = answer(schooling, lena, preference)
        found = practising.feedback_on(Label.objects.get(slot=place))
        assert isinstance(found, Feedback)
        seen.append((found.number, found.of))
    assert seen == [(1, 2), (2, 2), (1, 2)]


# ---- on the desk, and by program -----------------------------------------------------------------------------------


def send(client: Client, key: object, choice: int, **headers: Any) -> HttpResponse:
    said = {"choice": choice, "rationale": "", "submission_key": uuid.uuid4()}
    return client.post(reverse("submit-label", args=["schooling", key]), said, **headers)  # type: ignore[return-value]


def strip_of(page: Page) -> str:
    """What the practice strip says; nothing, where there is none."""
    return " ".join(text_of(found) for found in elements(page, "section", aria_label="Practice"))


def wrong_choice(assignment: Assignment) -> int:
    return assignment.preference_from(WRONG)


def test_the_desk_says_that_it_is_practice_and_what_was_right(schooling: Campaign, lena: User, as_: As) -> None:
    client = as_(lena)
    assert "Practice 1 of 2" in strip_of(client.get(reverse("work", args=["schooling"])))
    first = Assignment.objects.get()
    said = strip_of(send(client, first.key, wrong_choice(first), headers={"HX-Request": "true"}))
    side = "left" if first.left_is_a else "right"
    assert said == f"Practice 2 of 2 Not right in the pair before: the {side} response is better. Only A answers."
    second = Assignment.objects.exclude(pk=first.pk).get()
    over = strip_of(send(client, second.key, -wrong_choice(second), headers={"HX-Request": "true"}))
    assert over.startswith("Practice 2 of 2 Right in the pair before")
    assert over.endswith("Practice is over. What comes from now on is real work.")
    assert strip_of(client.get(reverse("work", args=["schooling"]))) == ""


def test_without_scripts_the_feedback_comes_with_the_next_page(schooling: Campaign, lena: User, as_: As) -> None:
    client = as_(lena)
    client.get(reverse("work", args=["schooling"]))
    first = Assignment.objects.get()
    assert send(client, first.key, wrong_choice(first)).status_code == 302
    [news] = elements(client.get(reverse("work", args=["schooling"])), "span", id="news")
    side = "left" if first.left_is_a else "right"
    assert text_of(news) == f"Practice 1 of 2: not right, the {side} response is better. Only A answers."


def test_a_reason_is_shown_as_text(schooling: Campaign, lena: User, as_: As) -> None:
    GoldItem.objects.update(retired_at=NOW)
    GoldItem.objects.create(pair=make_pair(schooling, slots=0), verdict="a", why="<b id=evil>because</b>", allowed_use="practice", added_at=NOW)
    client = as_(lena)
    client.get(reverse("work", args=["schooling"]))
    page = send(client, Assignment.objects.get().key, 0, headers={"HX-Request": "true"})
    assert "<b id=evil>because</b>" in strip_of(page)
    assert elements(page, "b", id="evil") == []


def test_who_is_paused_reads_a_kind_word(schooling: Campaign, lena: User, as_: As) -> None:
    answer(schooling, lena, *[WRONG] * 6)
    page = as_(lena).get(reverse("work", args=["schooling"]))
    assert [text_of(found) for found in elements(page, "h2")][:1] == ["A researcher looks at something first"]
    assert "nothing wrong by being slow" in text_of(elements(page, "div", id="decide")[0])
    assert assigning.next_for(schooling, lena, at=NOW) is None


def test_a_program_is_told_the_same(schooling: Campaign, lena: User) -> None:
    client = Client()
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {make_token(lena)}"

    def label(card: dict[str, Any], choice: int) -> dict[str, Any]:
        sent = client.post(f"/api/v1/assignments/{card['key']}/label", {"choice": choice, "next": True}, content_type="application/json")
        assert sent.status_code == 200
        return sent.json()  # type: ignore[no-any-return]

    card = client.post("/api/v1/campaigns/schooling/next").json()
    assert card["practice"] == {"number": 1, "of": 2}
    first = Assignment.objects.get()
    told = label(card, -wrong_choice(first))
    assert told["feedback"] == {"right": True, "better": "left" if first.left_is_a else "right", "why": "Only A answers."}
    assert told["next"]["practice"] == {"number": 2, "of": 2}
    work = label(told["next"], 0)["next"]
    assert "practice" not in work
    assert set(card) - set(work) == {"practice"}
    assert "feedback" not in label(work, 0)


@pytest.mark.parametrize("kind", ["gold", "repeat"])
def test_a_check_looks_like_work_to_the_letter(campaign: Campaign, lena: User, as_: As, kind: str) -> None:
    """The same pair on the same sides, as work and as a check: the pages are equal but for their keys."""
    make_pair(campaign, slots=1)
    client = as_(lena)
    as_work = client.get(reverse("work", args=[campaign.slug]))
    Slot.objects.update(kind=kind, reserved_for=lena, rank=0, labeler=None, lease=None, lease_ends_at=None)
    as_check = client.get(reverse("work", args=[campaign.slug]))
    assert Assignment.objects.count() == 2
    assert without_keys(as_check.content.decode()) == without_keys(as_work.content.decode())


def without_keys(page: str) -> str:
    return re.sub(r'[0-9a-f]{8}-[0-9a-f-]{27}|csrfmiddlewaretoken" value="\w+"', "", page)
