"""A version's life and who may fetch it, by program."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from exports import access, gates, lives, measuring
from exports.models import DatasetVersion, RowReading, VersionEvent
from labeling.models import Campaign
from tests.builders import NOW, make_token, make_user
from tests.exports.released import frozen, waive_all

OF_VERSION = "datasets/helpfulness/versions/1"


class Caller:
    def __init__(self, user: User, *scopes: str) -> None:
        self.client, self.headers = Client(), {"Authorization": f"Bearer {make_token(user, *scopes)}"}

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/v1/{path}", headers=self.headers)

    def post(self, path: str, **sent: Any) -> Any:
        return self.client.post(f"/api/v1/{path}", sent, content_type="application/json", headers=self.headers)


@pytest.fixture
def rosas(rosa: User) -> Caller:
    return Caller(rosa, "read", "write")


@pytest.fixture
def olgas(olga: User) -> Caller:
    return Caller(olga, "read", "write")


def test_it_works(rosas: Caller, olgas: Caller, version: DatasetVersion) -> None:
    refused = rosas.post(f"{OF_VERSION}/release")
    assert refused.status_code == 409
    blocking = gates.blocking(version)
    assert len(refused.json()["reasons"]) == len(blocking)
    for gate in blocking:
        assert olgas.post(f"{OF_VERSION}/waivers", gate=gate.key, reason="Known.").status_code == 201
    made = rosas.post(f"{OF_VERSION}/release", reason="The first one.")
    assert (made.status_code, made.json()["state"], made.json()["is_current"]) == (200, "released", True)
    assert rosas.get("datasets/helpfulness").json()["current"] == 1
    (event,) = rosas.get(f"{OF_VERSION}/events").json()
    assert (event["kind"], event["who"], event["reason"]) == ("released", "rosa", "The first one.")
    assert {waiver["owner"] for waiver in rosas.get(f"{OF_VERSION}/waivers").json()} == {"olga"}
    record = rosas.get(f"{OF_VERSION}/record").json()
    assert record["approved_by"] == "rosa"
    assert len(record["waivers"]) == len(blocking)
    again = rosas.post(f"{OF_VERSION}/release")
    assert (again.status_code, again.json()["reasons"]) == (409, [])


def test_a_waiver_without_a_reason_or_by_no_owner_is_refused(rosas: Caller, olgas: Caller, version: DatasetVersion) -> None:
    assert olgas.post(f"{OF_VERSION}/waivers", gate="licence", reason=" ").status_code == 400
    assert olgas.post(f"{OF_VERSION}/waivers", gate="licence").status_code == 400
    assert olgas.post(f"{OF_VERSION}/waivers", gate="unheard-of", reason="x").status_code == 400
    assert olgas.post(f"{OF_VERSION}/waivers", gate="rubrics", reason="x").status_code == 409
    assert rosas.post(f"{OF_VERSION}/waivers", gate="licence", reason="x").status_code == 403
    assert not version.waivers.exists()


def test_back_and_forth_and_out(rosas: Caller, version: DatasetVersion, everyday: Campaign, olga: User) -> None:
    second = frozen(everyday)
    for one in (version, second):
        waive_all(one, olga)
        assert rosas.post(f"datasets/helpfulness/versions/{one.number}/release").status_code == 200
    there = "datasets/helpfulness/versions/2"
    assert rosas.post(f"{there}/roll-back").status_code == 400
    assert rosas.post(f"{there}/roll-back", reason="Worse.").json()["kind"] == "rolled_back"
    assert lives.current(version.dataset) == version
    assert rosas.post(f"{there}/roll-back", reason="Worse.").status_code == 409
    assert rosas.post(f"{there}/reinstate", reason="It was not that.").status_code == 200
    assert lives.current(version.dataset) == second
    assert rosas.post(f"{there}/withdraw", reason="Bad.", successor=9).status_code == 404
    assert rosas.post(f"{there}/withdraw", reason="Bad.").json()["successor"] is None
    assert rosas.post(f"{there}/withdraw", reason="Use the first.", successor=1).json() | {"at": ""} == {
        "kind": "succeeded",
        "who": "rosa",
        "reason": "Use the first.",
        "successor": 1,
        "detail": {},
        "at": "",
    }


def test_thresholds_are_changed_by_an_owner_or_the_maker(rosas: Caller, version: DatasetVersion) -> None:
    ravi = Caller(make_user("ravi", is_researcher=True), "read", "write")
    asked = {row["gate"]: row for row in ravi.get("datasets/helpfulness/thresholds").json()}
    assert asked["agreement"] == {"gate": "agreement", "low": 0.6, "high": None}
    sent = {"gate": "licence", "low": None, "high": 12, "reason": "All ours."}
    assert ravi.post("datasets/helpfulness/thresholds", **sent).status_code == 403
    assert rosas.post("datasets/helpfulness/thresholds", **sent | {"reason": ""}).status_code == 400
    assert rosas.post("datasets/helpfulness/thresholds", **sent | {"high": None}).status_code == 409
    assert rosas.post("datasets/helpfulness/thresholds", **sent).status_code == 201
    (found,) = [gate for gate in rosas.get(OF_VERSION).json()["gates"] if gate["key"] == "licence"]
    assert (found["state"], found["threshold"]["high"]) == ("passed", 12)


def test_golden_pairs_are_marked_and_let_go(rosas: Caller, version: DatasetVersion) -> None:
    assert rosas.post("datasets/helpfulness/golden-pairs", number=1, position=99, why="x").status_code == 404
    made = rosas.post("datasets/helpfulness/golden-pairs", number=1, position=1, why="The model case.")
    assert made.status_code == 201
    assert [mark["id"] for mark in rosas.get("datasets/helpfulness/golden-pairs").json()] == [made.json()["id"]]
    assert rosas.post(f"datasets/helpfulness/golden-pairs/{made.json()['id']}/let-go", reason="The rubric changed.").status_code == 200
    assert rosas.get("datasets/helpfulness/golden-pairs").json() == []


def test_rows_are_read(rosas: Caller, version: DatasetVersion, rosa: User) -> None:
    measuring.measure(version, at=NOW)
    assert [found["drawn"] for found in rosas.get(f"{OF_VERSION}/readings").json()][0] == 12
    said = rosas.post(f"{OF_VERSION}/readings", sample="random", place=1, verdict="wrong", note="Off the subject.")
    assert (said.status_code, said.json()["wrong"]) == (201, 1)
    assert RowReading.objects.get().reader == rosa
    assert rosas.post(f"{OF_VERSION}/readings", sample="random", place=99, verdict="fine").status_code == 404
    assert rosas.post(f"{OF_VERSION}/readings", sample="random", place=1, verdict="great").status_code == 400


def test_the_private_split_is_asked_for_and_decided(rosas: Caller, olgas: Caller, version: DatasetVersion, rosa: User) -> None:
    there = "datasets/helpfulness/access"
    assert rosas.post(there).status_code == 400
    assert rosas.post(there, reason="For the paper.").status_code == 201
    assert rosas.post(there, reason="For the paper.").status_code == 409
    (standing,) = olgas.get(there).json()
    assert (standing["person"], standing["waits"], standing["named"]) == ("rosa", True, False)
    assert rosas.post(f"{there}/decide", person="rosa", kind="approved", reason="Me.").status_code == 409
    assert olgas.post(f"{there}/decide", person="nobody", kind="approved", reason="x").status_code == 404
    assert olgas.post(f"{there}/decide", person="rosa", kind="approved", reason="For the paper.").status_code == 201
    assert access.is_named(rosa, version.dataset)


def test_links_are_made_and_revoked_and_downloads_listed(rosas: Caller, version: DatasetVersion, client: Client) -> None:
    assert rosas.post(f"{OF_VERSION}/links", file="nothing", for_whom="a reviewer").status_code == 404
    assert rosas.post(f"{OF_VERSION}/links", file="train.jsonl", for_whom="a reviewer", days=31).status_code == 400
    made = rosas.post(f"{OF_VERSION}/links", file="train.jsonl", for_whom="a reviewer").json()
    path = made["url"].partition("testserver")[2]
    assert client.get(path).status_code == 200
    (one,) = rosas.get("datasets/helpfulness/downloads").json()["results"]
    assert (one["how"], one["link"], one["person"], one["name"], one["first_byte"]) == ("link", "a reviewer", "", "train.jsonl", 0)
    assert "url" not in rosas.get(f"{OF_VERSION}/links").json()[0]
    assert rosas.post(f"datasets/helpfulness/links/{made['id']}/revoke").json()["revoked_at"]
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["release", "roll-back", "reinstate", "withdraw", "waivers", "readings", "links"])
def test_without_the_scope_write_nothing_is_done(path: str, version: DatasetVersion, rosa: User, olga: User) -> None:
    sent = {"reason": "x", "gate": "licence", "sample": "random", "place": 1, "verdict": "fine", "file": "train.jsonl", "for_whom": "x"}
    for user in (rosa, olga):
        for scopes in (["read"], ["label"], ["download"]):
            assert Caller(user, *scopes).post(f"{OF_VERSION}/{path}", **sent).status_code == 403
    assert not VersionEvent.objects.exists()
    assert not version.links.exists()
