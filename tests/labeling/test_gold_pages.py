"""Whoever runs a campaign sees its gold, and says what becomes gold, in the browser and by program."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from labeling import api_gold, goldkeeping
from labeling.models import Campaign, GoldItem, Label, Pair, Slot
from tests.builders import NOW, join, make_campaign, make_pair, make_prompt, make_slot, make_token, make_user
from tests.exports.settled import settled_pair
from tests.labeling.test_gold_items import SAID, promote
from tests.policies.pages import cells, elements, heading, text_of

As = Callable[[User], Client]
ITEMS = (
    "Table 1. How often labelers were right, with 95 % intervals (Wilson, 1927), from first answers to checks among work. "
    "Apart: with A on the left, and swapped."
)


def page_of(client: Client, campaign: Campaign, **query: str) -> HttpResponse:
    page = client.get(reverse("gold", args=[campaign.slug]), query)
    assert page.status_code == 200
    return page  # type: ignore[return-value]


def standfirst(page: HttpResponse) -> str:
    [found] = elements(page, "p", class_="standfirst")
    return text_of(found)


def messages_of(client: Client, campaign: Campaign) -> list[str]:
    return [text_of(found) for found in elements(page_of(client, campaign), "div") if "banner" in str(dict(found.attributes).get("class"))]


def checked(item: GoldItem, *, right: int, wrong: int, left_is_a: bool = True) -> None:
    """Answers to checks by as many labelers."""
    for number in range(right + wrong):
        labeler = make_user()
        slot = make_slot(item.pair, kind="gold", gold_item=item, reserved_for=labeler, labeler=labeler, closed_at=NOW, rank=0, left_is_a=left_is_a)
        answer(slot, "a" if number < right else "b")


def answer(slot: Slot, verdict: str) -> Label:
    assert slot.labeler
    assignment = slot.assignments.create(pair=slot.pair, labeler=slot.labeler, rubric_version=slot.rubric_version, left_is_a=slot.left_is_a, leased_at=NOW)
    return Label.objects.create(
        pair=slot.pair,
        slot=slot,
        assignment=assignment,
        labeler=slot.labeler,
        rubric_version=slot.rubric_version,
        verdict=verdict,
        preference=-1 if verdict == "a" else 1,
        rationale="",
        left_was_a=slot.left_is_a,
        source="desk",
        submission_key=uuid.uuid4(),
        submitted_at=NOW,
    )


def test_it_works(campaign: Campaign, lena: User, otto: User, rosa: User, as_: As) -> None:
    item = promote(settled_pair(campaign, (lena, otto), external_id="t-1"), allowed_use="check", difficulty="hard")
    checked(item, right=8, wrong=1)
    checked(item, right=1, wrong=2, left_is_a=False)
    page = page_of(as_(rosa), campaign)
    assert cells(page, ITEMS) == [["t-1", "A is better", "Only A answers.", "checks", "hard", "1", "", "75 %", "46.8 to 91.1 %", "12", "8 of 9", "1 of 3"]]
    assert standfirst(page) == "One pair with a known verdict is in use. Labelers are right in 75 % of 12 answers (46.8 to 91.1 %)."


def test_a_campaign_without_gold_says_what_it_is_for(campaign: Campaign, rosa: User, as_: As) -> None:
    page = page_of(as_(rosa), campaign)
    assert standfirst(page).startswith("A gold item is a pair whose verdict is known")
    assert "No gold here yet" in [text_of(found) for found in elements(page, "h3")]


def test_what_is_due_to_be_looked_at_comes_first_and_is_marked(campaign: Campaign, lena: User, otto: User, rosa: User, as_: As) -> None:
    today = timezone.localdate()
    for name, refresh_on in (("never", None), ("later", today + timedelta(days=9)), ("due", today)):
        promote(settled_pair(campaign, (lena, otto), external_id=name), refresh_on=refresh_on)
    page = page_of(as_(rosa), campaign)
    assert [row[0] for row in cells(page, ITEMS)] == ["due", "later", "never"]
    assert len([found for found in elements(page, "span", class_="state warn") if ", due" in text_of(found)]) == 1
    assert "One is to be looked at again." in standfirst(page)


def test_a_settled_pair_becomes_gold_by_one_button(campaign: Campaign, lena: User, otto: User, rosa: User, as_: As) -> None:
    settled_pair(campaign, (lena, otto), (-1, -1), external_id="weak")
    clear = settled_pair(campaign, (lena, otto), (-3, -3), external_id="clear", prompt=make_prompt("What is a knot?"))
    make_pair(campaign, external_id="waits")
    client = as_(rosa)
    assert cells(page_of(client, campaign), "Settled pairs that may become gold") == [
        ["clear", "What is a knot?", "A is better", "by 2 labels", "-3.0", "Make gold of clear"],
        ["weak", text_of_prompt("weak"), "A is better", "by 2 labels", "-1.0", "Make gold of weak"],
    ]
    made = client.post(reverse("promote-to-gold", args=[campaign.slug]), {"pair": clear.pk})
    item = GoldItem.objects.get()
    assert (made.status_code, made.headers["Location"]) == (302, reverse("gold-item", args=[campaign.slug, item.pk]))
    assert (item.pair, item.verdict, item.why, item.added_by) == (clear, "a", "Labelers agreed on it.", rosa)
    assert [row[0] for row in cells(page_of(client, campaign), "Settled pairs that may become gold")] == ["weak"]


def text_of_prompt(name: str) -> str:
    return str(Pair.objects.get(external_id=name).prompt.messages[-1]["content"])


def test_settled_pairs_are_searched_by_their_id(campaign: Campaign, lena: User, otto: User, rosa: User, as_: As) -> None:
    for name in ("t-1", "t-2", "u-1"):
        settled_pair(campaign, (lena, otto), external_id=name)
    client = as_(rosa)
    found = cells(page_of(client, campaign, q="t-"), "Settled pairs that may become gold")
    assert sorted(row[0] for row in found) == ["t-1", "t-2"]
    none = page_of(client, campaign, q="%\x00")
    assert "has an id that begins so" in " ".join(text_of(note) for note in elements(none, "p", class_="gap note"))


def test_what_cannot_be_gold_is_refused_in_words(campaign: Campaign, rosa: User, as_: As) -> None:
    client = as_(rosa)
    for pair, says in ((make_pair(campaign).pk, "only a settled pair"), (make_pair().pk, "no such pair"), ("x", "no such pair")):
        client.post(reverse("promote-to-gold", args=[campaign.slug]), {"pair": pair})
        assert says in messages_of(client, campaign)[0]
    assert not GoldItem.objects.exists()


def test_a_pair_whose_verdict_is_known_is_looked_at_and_made_gold(campaign: Campaign, rosa: User, as_: As) -> None:
    pair = make_pair(campaign, external_id="k-7", a="**Green** it is.", b="It is red.", prompt=make_prompt("Which colour?"))
    client = as_(rosa)
    page = client.get(reverse("new-gold", args=[campaign.slug]), {"pair": "k-7"})
    assert "Which colour?" in page.content.decode()
    assert [text_of(found) for found in elements(page, "strong")] == ["Green"]
    said = {"pair": pair.pk, "verdict": "b", "why": "", "allowed_use": "practice", "difficulty": "medium", "refresh_on": "2027-05-25"}
    refused = client.post(reverse("make-gold", args=[campaign.slug]), said)
    assert refused.status_code == 422
    assert dict(elements(refused, "textarea")[0].attributes)["aria-invalid"] == "true"
    assert client.post(reverse("make-gold", args=[campaign.slug]), said | {"why": "It is red."}).status_code == 302
    item = GoldItem.objects.get()
    assert (item.verdict, item.why, item.allowed_use, item.difficulty, item.refresh_on) == ("b", "It is red.", "practice", "medium", date(2027, 5, 25))


@pytest.mark.parametrize("name", ["", "nowhere", "0", "\x00"])
def test_a_pair_that_is_not_there_leads_back(campaign: Campaign, rosa: User, as_: As, name: str) -> None:
    client = as_(rosa)
    assert client.get(reverse("new-gold", args=[campaign.slug]), {"pair": name}).status_code == 302
    assert messages_of(client, campaign) == ["There is no such pair here."]


def test_what_the_stage_refuses_comes_back_with_the_form(campaign: Campaign, lena: User, otto: User, rosa: User, as_: As) -> None:
    pair = settled_pair(campaign, (lena, otto), (-1, 1))
    said = {"pair": pair.pk, "verdict": "b", "why": "Known.", "allowed_use": "both", "difficulty": "easy"}
    refused = as_(rosa).post(reverse("make-gold", args=[campaign.slug]), said)
    assert refused.status_code == 422
    assert "no clear case" in " ".join(text_of(found) for found in elements(refused, "div", class_="bad banner"))
    assert "Known." in [text_of(found) for found in elements(refused, "textarea")]


def test_an_item_is_revised_on_its_page(campaign: Campaign, lena: User, otto: User, rosa: User, as_: As) -> None:
    item = promote(settled_pair(campaign, (lena, otto), external_id="t-1"))
    checked(item, right=3, wrong=0)
    client = as_(rosa)
    page = client.get(reverse("gold-item", args=[campaign.slug, item.pk]))
    assert heading(page) == "Gold: t-1"
    said = {"verdict": "tie", "why": "Both do.", "allowed_use": "both", "difficulty": "hard", "refresh_on": ""}
    assert client.post(reverse("revise-gold", args=[campaign.slug, item.pk]), said).status_code == 302
    later = GoldItem.objects.in_use().get()
    page = client.get(reverse("gold-item", args=[campaign.slug, later.pk]))
    assert cells(page, "Versions of this item, the newest first, and how often labelers were right") == [
        ["2", "tie", "checks and practice", "hard", "", "", "", "0", "", ""],
        ["1", "A is better", "retired", "easy", "", "100 %", "43.9 to 100 %", "3", "3 of 3", ""],
    ]
    again = client.post(reverse("revise-gold", args=[campaign.slug, later.pk]), said)
    assert again.status_code == 422
    assert elements(client.get(reverse("gold-item", args=[campaign.slug, item.pk])), "form", action=reverse("revise-gold", args=[campaign.slug, item.pk])) == []


def test_an_item_is_retired_on_its_page(campaign: Campaign, lena: User, otto: User, rosa: User, as_: As) -> None:
    item = promote(settled_pair(campaign, (lena, otto)))
    client = as_(rosa)
    client.post(reverse("retire-gold", args=[campaign.slug, item.pk]))
    assert not GoldItem.objects.in_use().exists()
    assert "checks nobody any longer" in messages_of(client, campaign)[0]
    client.post(reverse("retire-gold", args=[campaign.slug, item.pk]))
    assert "not in use" in messages_of(client, campaign)[0]


def test_labelers_and_adjudicators_see_nothing_of_it(campaign: Campaign, lena: User, ada: User, as_: As) -> None:
    item = goldkeeping.make_gold(pair=make_pair(campaign), verdict="a", **SAID)
    for user in (lena, ada):
        for address in (reverse("gold", args=[campaign.slug]), reverse("gold-item", args=[campaign.slug, item.pk])):
            assert as_(user).get(address).status_code == 404


def test_an_item_of_another_campaign_is_not_found(campaign: Campaign, rosa: User, as_: As) -> None:
    item = goldkeeping.make_gold(pair=make_pair(), verdict="a", **SAID)
    assert as_(rosa).get(reverse("gold-item", args=[campaign.slug, item.pk])).status_code == 404
    assert as_(rosa).post(reverse("retire-gold", args=[campaign.slug, item.pk])).status_code == 404


def test_ten_items_more_cost_no_query_more(campaign: Campaign, lena: User, otto: User, rosa: User, as_: As) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page_of(client, campaign)
        return len(captured)

    client = as_(rosa)
    checked(promote(settled_pair(campaign, (lena, otto))), right=1, wrong=1)
    settled_pair(campaign, (lena, otto))
    page_of(client, campaign)
    before = queries()
    for _ in range(10):
        checked(promote(settled_pair(campaign, (lena, otto))), right=1, wrong=1)
        settled_pair(campaign, (lena, otto))
    assert queries() == before


# ---- by program ----------------------------------------------------------------------------------------------------


class Api:
    """A program of somebody's, in one campaign's gold."""

    def __init__(self, user: User, campaign: Campaign, *scopes: str) -> None:
        self.client = Client(headers={"Authorization": f"Bearer {make_token(user, *scopes)}"})
        self.base = f"/api/v1/campaigns/{campaign.slug}/gold"

    def __call__(self, method: str, path: str = "", body: Any = None) -> tuple[int, Any]:
        answer = self.client.generic(method, self.base + path, json.dumps(body) if body is not None else "", content_type="application/json")
        return answer.status_code, json.loads(answer.content) if answer.content else None


def test_a_program_promotes_reads_revises_and_retires(campaign: Campaign, lena: User, otto: User, rosa: User) -> None:
    settled_pair(campaign, (lena, otto), external_id="t-1")
    api = Api(rosa, campaign)
    status, made = api("POST", body={"pair": "t-1", "use": "check", "refresh_on": "2020-01-01"})
    assert status == 201
    assert (made["name"], made["verdict"], made["use"], made["is_due"], made["why"]) == ("t-1", "a", "check", True, "Labelers agreed on it.")
    assert api("GET") == (200, [made])
    status, later = api("PATCH", f"/{made['id']}", {"why": "B is wrong by a factor of ten.", "refresh_on": None})
    assert (status, later["version"], later["use"], later["refresh_on"]) == (200, 2, "check", None)
    assert api("GET", f"/{made['id']}")[1]["is_retired"] is True
    assert api("DELETE", f"/{later['id']}") == (204, None)
    assert api("GET") == (200, [])
    assert api("DELETE", f"/{later['id']}")[0] == 409


def test_a_program_reads_a_page_at_a_time(campaign: Campaign, lena: User, otto: User, rosa: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_gold, "A_PAGE", 2)
    made = [goldkeeping.make_gold(pair=make_pair(campaign), verdict="a", why="It is clear.", actor=rosa, at=NOW).pk for _ in range(3)]
    api = Api(rosa, campaign)
    pages = [[item["id"] for item in api("GET", f"?page={page}")[1]] for page in (1, 2, 3)]
    assert pages == [made[:2], made[2:], []]
    assert [api("GET", f"?page={page}")[0] for page in ("0", "-1", "x", "", "²", "9" * 5000)] == [400] * 6


def test_a_program_makes_gold_of_a_pair_by_its_number(campaign: Campaign, rosa: User) -> None:
    pair = make_pair(campaign)
    status, made = Api(rosa, campaign)("POST", body={"pair": pair.pk, "verdict": "tie", "why": "Both are the same."})
    assert (status, made["pair"], made["verdict"]) == (201, pair.pk, "tie")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"pair": "nowhere"}, 400),
        ({}, 400),
        ({"pair": "waits"}, 409),
        ({"pair": "waits", "verdict": "a"}, 400),
        ({"pair": "waits", "verdict": "left", "why": "x"}, 400),
        ({"pair": "waits", "verdict": "a", "why": "nul\x00"}, 400),
        ({"pair": "nul\x00"}, 400),
        ({"pair": "waits", "verdict": "a", "why": "x", "use": "sport"}, 400),
        ({"pair": "waits", "verdict": "a", "why": "x", "refresh_on": "soon"}, 400),
    ],
)
def test_what_makes_no_sense_is_refused(campaign: Campaign, rosa: User, sent: dict[str, str], status: int) -> None:
    make_pair(campaign, external_id="waits")
    assert Api(rosa, campaign)("POST", body=sent)[0] == status
    assert not GoldItem.objects.exists()


def test_scopes_and_roles_hold(campaign: Campaign, lena: User, rosa: User) -> None:
    item = goldkeeping.make_gold(pair=make_pair(campaign), verdict="a", **SAID)
    elsewhere = make_campaign()
    join(elsewhere, rosa, "researcher")
    assert Api(rosa, campaign, "read")("GET")[0] == 200
    assert Api(rosa, campaign, "read")("DELETE", f"/{item.pk}")[0] == 403
    assert Api(rosa, campaign, "write")("GET")[0] == 403
    assert Api(lena, campaign)("GET")[0] == 404
    assert Api(rosa, elsewhere)("PATCH", f"/{item.pk}", {"verdict": "b"})[0] == 404
