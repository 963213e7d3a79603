"""Datasets by program."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from exports.models import DatasetVersion
from labeling.models import Campaign
from tests.builders import make_token
from tests.exports.settled import settled_campaign


class Caller:
    def __init__(self, user: User, *scopes: str) -> None:
        self.client, self.headers = Client(), {"Authorization": f"Bearer {make_token(user, *scopes)}"}

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/v1/{path}", headers=self.headers)

    def post(self, path: str, sent: dict[str, Any]) -> Any:
        return self.client.post(f"/api/v1/{path}", sent, content_type="application/json", headers=self.headers)


@pytest.fixture
def rosas(rosa: User) -> Caller:
    return Caller(rosa, "read", "write")


def test_it_works(rosas: Caller, any_moment: None, everyday: Campaign) -> None:
    made = rosas.post("datasets", {"name": "helpfulness", "campaigns": ["everyday"], "shares": {"train": 0.5, "test": 0.5}})
    assert made.status_code == 201
    version = DatasetVersion.objects.get()
    assert made.json()["id"] == version.manifest_sha256
    assert version.frozen_by and version.frozen_by.username == "rosa"  # noqa: PT018 - the first is for the type
    assert version.dataset.shares == {"train": 0.5, "test": 0.5}
    assert rosas.get("datasets").json()[0]["name"] == "helpfulness"
    assert rosas.get("datasets/helpfulness").json()["versions"][0]["number"] == 1
    whole = rosas.get("datasets/helpfulness/versions/1").json()
    assert whole["manifest"] == version.manifest
    assert {file["name"] for file in whole["files"]} >= {"manifest.json", "SHA256SUMS", "README.md"}
    first = whole["gates"][0]
    assert (first["key"], first["state"], first["passed"], first["blocks"]) == ("agreement", "passed", True, False)
    assert first["figure"] == {"value": 1.0, "low": 1.0, "high": 1.0, "n": 12}
    assert first["threshold"] == {"low": 0.6, "high": None}
    assert (whole["is_current"], whole["successor"]) == (False, None)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "two words"}, "name"),
        ({"campaigns": []}, "campaigns"),
        ({"campaigns": ["elsewhere"]}, "campaigns"),
        ({"campaigns": ["nowhere"]}, "campaigns"),
        ({"shares": {"train": 0.5}}, "shares"),
        ({"shares": {"train": 0.5, "dev": 0.5}}, "shares"),
        ({"shares": {"train": "much"}}, "shares"),
    ],
)
def test_a_wrong_order_is_refused_by_field(change: dict[str, Any], field: str, rosas: Caller, everyday: Campaign) -> None:
    settled_campaign("elsewhere")
    refused = rosas.post("datasets", {"name": "helpfulness", "campaigns": ["everyday"]} | change)
    assert refused.status_code == 400
    assert field in refused.json()
    assert not DatasetVersion.objects.exists()


def test_nothing_to_freeze_is_a_conflict_with_its_reason(rosas: Caller, any_moment: None, rosa: User) -> None:
    settled_campaign("empty", pairs=0, researcher=rosa)
    refused = rosas.post("datasets", {"name": "helpfulness", "campaigns": ["empty"]})
    assert refused.status_code == 409
    assert "nothing to freeze" in refused.json()["detail"]


def test_scopes_and_marks_are_asked_for(version: DatasetVersion, rosa: User, lena: User, olga: User) -> None:
    for path in ("datasets", "datasets/helpfulness", "datasets/helpfulness/versions/1"):
        assert Caller(rosa, "read").get(path).status_code == 200
        assert Caller(rosa, "label").get(path).status_code == 403
        assert Caller(lena).get(path).status_code == 403
        assert Caller(olga).get(path).status_code == 403
        assert Client().get(f"/api/v1/{path}").status_code == 401
    assert Caller(rosa, "write").get("datasets").status_code == 403
    assert Caller(rosa, "read").post("datasets", {"name": "x", "campaigns": ["everyday"]}).status_code == 403


def test_what_is_not_there_is_not_found(rosas: Caller, version: DatasetVersion) -> None:
    for path in ("datasets/nothing", "datasets/helpfulness/versions/7", "datasets/helpfulness/versions/99999999999999999999"):
        assert rosas.get(path).status_code == 404
