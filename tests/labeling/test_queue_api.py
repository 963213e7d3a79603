"""A program reads the queue, the labelers and the findings of a campaign, and decides."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from labeling import assigning, watching
from labeling.models import Campaign, Finding, FindingDecision, Role
from tests.builders import NOW, join, make_campaign, make_pair, make_slot, make_token
from tests.labeling.answers import answer, checked, enrol


class Api:
    """A client with a token; answers are read as JSON."""

    def __init__(self, user: User, *scopes: str) -> None:
        self.client = Client(headers={"Authorization": f"Bearer {make_token(user, *scopes)}"})

    def get(self, name: str, *args: object, **params: str) -> Any:
        answered = self.client.get(reverse(name, args=args), params)
        assert answered.status_code == 200, answered.content
        return answered.json()

    def post(self, name: str, *args: object, **body: object) -> Any:
        return self.client.post(reverse(name, args=args), json.dumps(body), content_type="application/json")


@pytest.fixture
def api(rosa: User) -> Api:
    return Api(rosa, "read", "write")


@pytest.fixture
def finding(campaign: Campaign, lena: User) -> Finding:
    """lena is below the bar, and gave two labels since she was last above."""
    enrol(campaign, lena)
    start = NOW - timedelta(days=1)
    checked(campaign, lena, "1" * 20 + "0" * 20, at=start)
    for minute in (50, 51):
        answer(make_pair(campaign, slots=1), lena, at=start + timedelta(minutes=minute))
    [found] = watching.watch(campaign, at=NOW)
    return found


def test_it_works(campaign: Campaign, api: Api, lena: User) -> None:
    pair = make_pair(campaign, external_id="first")
    enrol(campaign, lena)
    answer(make_pair(campaign, slots=1), lena, active_seconds=60, at=timezone.now())
    found = api.get("api-campaign-queue", campaign.slug)
    assert (found["campaign"], found["state"], found["strategy"], found["ranking_pending"], found["bends_agreement"]) == (
        "everyday",
        "open",
        "finish",
        False,
        False,
    )
    assert found["places"] == [{"state": "free", "kind": "work", "places": 3}, {"state": "filled", "kind": "work", "places": 1}]
    assert (found["is_exact"], found["without_label"], found["pace_per_hour"], found["time_left"]["hours"]) == (True, 3, 60, 0.05)
    [active] = found["active"]
    assert (active["labeler"], active["labels_last_hour"], active["pace_per_hour"], active["median_active_seconds"]) == ("lena", 1, 60, 60)
    assert found["next"][0] == {
        "pair": pair.pk,
        "name": "first",
        "kind": "work",
        "pool": "",
        "priority": 50,
        "why": "rank",
        "ranked_by": "",
        "position": None,
    }


def test_when_nobody_labels_the_time_left_is_not_known(campaign: Campaign, api: Api) -> None:
    make_pair(campaign)
    found = api.get("api-campaign-queue", campaign.slug)
    assert (found["active"], found["pace_per_hour"], found["time_left"]) == ([], None, None)


def test_a_strategy_that_bends_agreement_says_so(campaign: Campaign, api: Api) -> None:
    Campaign.objects.update(strategy="informative")
    found = api.get("api-campaign-queue", campaign.slug)
    assert (found["ranked_as"], found["ranking_pending"], found["bends_agreement"]) == ("finish", True, True)


def test_what_comes_next_can_be_asked_for_one_labeler(campaign: Campaign, api: Api, lena: User) -> None:
    make_pair(campaign)
    assigned = make_slot(make_pair(campaign, slots=0), reserved_for=lena, rank=0)
    found = api.get("api-campaign-queue", campaign.slug, labeler="lena")
    assert [(place["position"], place["why"]) for place in found["next"]] == [(0, "name"), (1, "rank")]
    first = assigning.next_for(campaign, lena, at=timezone.now())
    assert first
    assert first.pair_id == assigned.pair_id == found["next"][0]["pair"]


def test_who_labels_too_is_not_told_what_comes_to_them(campaign: Campaign, api: Api, rosa: User) -> None:
    join(campaign, rosa)
    make_slot(make_pair(campaign, slots=0), kind="repeat", reserved_for=rosa)
    found = api.get("api-campaign-queue", campaign.slug, labeler="rosa")
    assert (found["next"], found["barred"]) == ([], "own")


@pytest.mark.parametrize("name", ["eve", "a\x00b"])
def test_a_labeler_who_is_not_there_is_refused(campaign: Campaign, api: Api, eve: User, name: str) -> None:
    answered = api.client.get(reverse("api-campaign-queue", args=[campaign.slug]), {"labeler": name})
    assert (answered.status_code, list(answered.json())) == (400, ["labeler"])


def test_labelers_come_with_how_they_stand_and_work(campaign: Campaign, api: Api, finding: Finding, lena: User) -> None:
    answer(make_pair(campaign), lena, active_seconds=30, at=timezone.now())
    first, second = api.get("api-campaign-labelers", campaign.slug)
    assert (first["name"], first["state"], first["served"], first["holds_role"]) == ("lena", "paused", 1, True)
    assert (first["lately"]["is_active"], first["lately"]["labels_last_hour"], first["lately"]["median_active_seconds"]) == (True, 1, 30)
    assert (first["gold"]["all"]["hits"], first["gold"]["all"]["n"], first["gold"]["left"]["n"]) == (0, 20, 10)
    assert first["gold"]["all"]["high"] == pytest.approx(0.1611, abs=1e-4)
    assert (first["open_findings"], first["findings"]) == (["gold_below_bar"], 1)
    assert (second["name"], second["state"], second["gold"]["all"]["share"], second["self_consistency"]["n"]) == ("otto", "not begun", None, 0)


# ---- findings ------------------------------------------------------------------------------------------------------


def test_findings_come_with_their_evidence(campaign: Campaign, api: Api, finding: Finding) -> None:
    [found] = api.get("api-campaign-findings", campaign.slug)
    assert (found["id"], found["labeler"], found["kind"], found["decision"]) == (finding.pk, "lena", "gold_below_bar", None)
    assert (found["evidence"]["hits"], found["evidence"]["n"], found["evidence"]["threshold"], found["good_to"]) == (0, 20, 0.7, finding.good_to)


def test_a_finding_is_decided(campaign: Campaign, api: Api, finding: Finding) -> None:
    answered = api.post("api-decide-finding", finding.pk, decision="retract", note="She was ill.", resume=True)
    assert answered.status_code == 200
    decision = answered.json()["decision"]
    assert (decision["decision"], decision["note"], decision["retracted"], decision["actor"]) == ("retract", "She was ill.", 2, "rosa")
    assert api.get("api-campaign-findings", campaign.slug)[0]["decision"] == decision
    assert api.get("api-campaign-labelers", campaign.slug)[0]["state"] == "working"


def test_the_first_decision_stands(api: Api, finding: Finding) -> None:
    api.post("api-decide-finding", finding.pk, decision="keep")
    refused = api.post("api-decide-finding", finding.pk, decision="dismiss")
    assert (refused.status_code, refused.json()["detail"]) == (409, "rosa has decided this before: keep the labels.")


@pytest.mark.parametrize("sent", [{}, {"decision": "ignore"}, {"decision": "keep", "note": "a\x00b"}, {"decision": "keep", "note": "x" * 4001}])
def test_what_is_no_decision_is_refused(api: Api, finding: Finding, sent: dict[str, str]) -> None:
    assert api.post("api-decide-finding", finding.pk, **sent).status_code == 400
    assert not FindingDecision.objects.exists()


def test_nobody_decides_about_their_own_labels(campaign: Campaign, finding: Finding, lena: User) -> None:
    join(campaign, lena, Role.RESEARCHER)
    refused = Api(lena, "write").post("api-decide-finding", finding.pk, decision="dismiss")
    assert (refused.status_code, refused.json()["detail"]) == (409, "Somebody else decides about your own labels.")


def test_reading_and_deciding_need_their_scopes(campaign: Campaign, rosa: User, finding: Finding) -> None:
    assert Api(rosa, "read").post("api-decide-finding", finding.pk, decision="keep").status_code == 403
    for name in ("api-campaign-queue", "api-campaign-labelers", "api-campaign-findings"):
        assert Api(rosa, "label").client.get(reverse(name, args=[campaign.slug])).status_code == 403


@pytest.mark.parametrize("name", ["lena", "ada", "stranger"])
def test_it_is_closed_to_who_does_not_run_the_campaign(campaign: Campaign, finding: Finding, eve: User, name: str) -> None:
    if name == "stranger":
        join(make_campaign("elsewhere"), eve, Role.RESEARCHER)
    api = Api(eve if name == "stranger" else User.objects.get(username=name))
    for route in ("api-campaign-queue", "api-campaign-labelers", "api-campaign-findings"):
        assert api.client.get(reverse(route, args=[campaign.slug])).status_code == 404
    assert api.post("api-decide-finding", finding.pk, decision="keep").status_code == 404
