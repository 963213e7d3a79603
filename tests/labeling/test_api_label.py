"""A program asks for pairs and answers them for its person."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import User
from labeling.models import Campaign, Label, Skip, Slot
from tests.builders import make_campaign, make_pair, make_token


class Api:
    """A client with a token; answers are read as JSON."""

    def __init__(self, user: User, *scopes: str) -> None:
        self.client = Client(headers={"Authorization": f"Bearer {make_token(user, *scopes)}"})

    def post(self, name: str, *args: object, **body: object) -> Any:
        return self.client.post(reverse(name, args=args), json.dumps(body), content_type="application/json")


@pytest.fixture
def api(lena: User) -> Api:
    return Api(lena, "label")


def leased(api: Api, campaign: Campaign) -> dict[str, Any]:
    answer: HttpResponse = api.post("api-next", campaign.slug)
    assert answer.status_code == 200
    found: dict[str, Any] = json.loads(answer.content)
    return found


def test_it_works(campaign: Campaign, api: Api) -> None:
    make_pair(campaign, a="text of A", b="text of B")
    found = leased(api, campaign)
    assert {found["left"], found["right"]} == {"text of A", "text of B"}
    key = str(uuid.uuid4())
    answer = api.post("api-label", found["key"], choice=-2, rationale="because", submission_key=key).json()
    assert (answer["choice"], answer["rationale"], answer["submission_key"], answer["surplus"]) == (-2, "because", key, False)
    label = Label.objects.get()
    assert (label.source, label.verdict == "a") == ("api", found["left"] == "text of A")


def test_a_rationale_is_asked_for_where_the_campaign_requires_one(campaign: Campaign, api: Api) -> None:
    make_pair(campaign)
    Campaign.objects.update(rationale_required=True)
    key = leased(api, campaign)["key"]
    refused = api.post("api-label", key, choice=1)
    assert (refused.status_code, list(refused.json())) == (400, ["rationale"])
    assert api.post("api-label", key, choice=1, rationale="because").status_code == 200


def test_the_next_pair_can_come_with_the_answer(campaign: Campaign, api: Api) -> None:
    make_pair(campaign)
    make_pair(campaign, a="the second A", b="the second B")
    answer = api.post("api-label", leased(api, campaign)["key"], choice=1, next=True).json()
    assert {answer["next"]["left"], answer["next"]["right"]} == {"the second A", "the second B"}
    last = api.post("api-label", answer["next"]["key"], choice=0, both_bad=True, next=True).json()
    assert (last["next"], last["both_bad"]) == (None, True)


def test_the_same_submission_key_gets_the_first_answer_again(campaign: Campaign, api: Api) -> None:
    make_pair(campaign)
    key, found = str(uuid.uuid4()), leased(api, campaign)
    first = api.post("api-label", found["key"], choice=3, submission_key=key).json()
    assert api.post("api-label", found["key"], choice=-3, submission_key=key).json() == first
    assert Label.objects.count() == 1


def test_nothing_left_is_204(campaign: Campaign, api: Api) -> None:
    assert api.post("api-next", campaign.slug).status_code == 204


def test_a_pair_is_given_back(campaign: Campaign, api: Api) -> None:
    make_pair(campaign)
    assert api.post("api-skip", leased(api, campaign)["key"], reason="broken", note="empty table").status_code == 204
    assert Skip.objects.get().note == "empty table"


@pytest.mark.parametrize("body", [{}, {"choice": 4}, {"choice": "left"}, {"choice": 1, "both_bad": True}, {"choice": 1, "rationale": "a\x00"}, {"choice": 0.5}])
def test_a_judgment_of_the_wrong_shape_is_refused(campaign: Campaign, api: Api, body: dict[str, Any]) -> None:
    make_pair(campaign)
    answer = api.post("api-label", leased(api, campaign)["key"], **body)
    assert answer.status_code == 400
    assert answer.json()
    assert not Label.objects.exists()


def test_what_a_labeler_reads_names_no_policy_and_no_kind(campaign: Campaign, api: Api) -> None:
    make_pair(campaign)
    assert set(leased(api, campaign)) == {"key", "prompt", "left", "right", "rubric_version", "rubric", "reasons", "criteria", "flagged"}


def test_somebody_elses_assignment_is_not_found(campaign: Campaign, api: Api, otto: User) -> None:
    make_pair(campaign)
    assert Api(otto).post("api-label", leased(api, campaign)["key"], choice=1).status_code == 404


def test_another_campaign_is_not_found(campaign: Campaign, api: Api) -> None:
    assert api.post("api-next", make_campaign().slug).status_code == 404


def test_without_the_scope_it_is_refused(campaign: Campaign, lena: User) -> None:
    make_pair(campaign)
    assert Api(lena, "read").post("api-next", campaign.slug).status_code == 403
    assert not Slot.objects.held().exists()


def test_without_a_token_it_is_refused(campaign: Campaign, client: Client) -> None:
    answer = client.post(reverse("api-next", args=[campaign.slug]))
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_a_session_is_no_token(campaign: Campaign, lena: User) -> None:
    client = Client()
    client.force_login(lena)
    assert client.post(reverse("api-next", args=[campaign.slug])).status_code == 401


def test_a_body_that_is_too_large_or_nested_without_end_is_refused(campaign: Campaign, api: Api) -> None:
    make_pair(campaign)
    address = reverse("api-label", args=[leased(api, campaign)["key"]])
    large = api.client.post(address, json.dumps({"choice": 1, "rationale": "x" * 3_000_000}), content_type="application/json")
    nested = api.client.post(address, '{"choice": ' + "[" * 100_000, content_type="application/json")
    assert (large.status_code, nested.status_code) == (400, 400)
    assert not Label.objects.exists()
