"""Prompt sets, policies and generation runs by program."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from policies import generating, tasks
from policies.models import GenerationRun, Policy, Prompt
from tests.builders import NOW, make_policy, make_prompt, make_prompt_set, make_token
from tests.policies.rows import claim, finish, make_echo, make_run
from tests.policies.test_registering import root

__all__ = ["root"]  # the fixture of a model root
pytestmark = pytest.mark.django_db
ADDRESSES = ["prompt-sets", "prompt-sets/everyday", "policies", "policies/{policy}", "generation-runs", "generation-runs/{run}"]


class Caller:
    """Somebody's program."""

    def __init__(self, user: User, *scopes: str) -> None:
        self.client, self.headers = Client(), {"Authorization": f"Bearer {make_token(user, *scopes)}"}

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/v1/{path}", headers=self.headers)

    def post(self, path: str, data: Any, content_type: str = "application/json") -> Any:
        return self.client.post(f"/api/v1/{path}", data, content_type=content_type, headers=self.headers)

    def upload(self, data: bytes, **fields: str) -> Any:
        file = SimpleUploadedFile("prompts.jsonl", data)
        return self.client.post("/api/v1/prompt-sets", {"file": file, **fields}, headers=self.headers)


@pytest.fixture
def caller(rosa: User) -> Caller:
    return Caller(rosa)


def lines(*objects: object) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in objects)


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    heard: list[int] = []
    monkeypatch.setattr(tasks, "ring", heard.append)
    return heard


# ---- who may ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_token_of_a_researcher_who_may_read_is_asked_for(rosa: User, lena: User, address: str) -> None:
    make_prompt(prompt_set=make_prompt_set("everyday"))
    run = make_run(1)
    path = address.format(run=run.pk, policy=run.policy_a.pk)
    assert Caller(rosa, "read").get(path).status_code == 200
    assert Caller(rosa, "label").get(path).status_code == 403
    assert Caller(rosa, "write").get(path).status_code == 403
    assert Caller(lena).get(path).status_code == 403
    assert Client().get(f"/api/v1/{path}").status_code == 401


@pytest.mark.parametrize("address", ["prompt-sets", "policies", "generation-runs"])
def test_writing_needs_the_scope_write(rosa: User, lena: User, address: str) -> None:
    assert Caller(rosa, "read").post(address, "{}").status_code in (403, 415)
    assert Caller(lena).post(address, "{}").status_code == 403


# ---- prompt sets ------------------------------------------------------------------------------------------------


def test_a_file_is_imported(caller: Caller, rosa: User) -> None:
    response = caller.upload(lines({"prompt": "One?"}, {"prompt": "one"}, {"prompt": "One?"}), name="everyday")
    assert response.status_code == 201
    assert response.json() == {
        "prompt_set": "everyday",
        "stored": 2,
        "repeats": {"count": 1, "first": [{"number": 3, "earlier": 1}]},
        "kin": {"count": 1, "first": [{"number": 2, "earlier": 1}]},
        "skipped": [],
    }
    assert {prompt.prompt_set.created_by for prompt in Prompt.objects.all()} == {rosa}


def test_json_lines_are_imported_as_they_are(caller: Caller) -> None:
    response = caller.post("prompt-sets?name=everyday", lines({"prompt": "One?", "slices": {"language": "en"}}), "application/x-ndjson")
    assert (response.status_code, response.json()["stored"]) == (201, 1)
    [found] = caller.get("prompt-sets").json()
    assert found | {"created_at": ""} == {
        "name": "everyday",
        "created_at": "",
        "prompts": 1,
        "families": 1,
        "slices": [{"name": "language", "values": {"en": 1}}],
    }
    assert caller.get("prompt-sets/everyday").json() == found


def test_bad_lines_are_told_and_nothing_is_stored(caller: Caller) -> None:
    data = lines({"prompt": "One?"}) + b"oops\n"
    for response in (caller.upload(data, name="everyday"), caller.post("prompt-sets?name=everyday", data, "application/x-ndjson")):
        assert response.status_code == 422
        assert response.json() == {
            "detail": "line 2: not JSON, at column 1: Expecting value; nothing of the file was stored",
            "lines": 2,
            "bad_lines": 1,
            "first": [{"number": 2, "reason": "not JSON, at column 1: Expecting value"}],
        }
    assert not Prompt.objects.exists()


def test_bad_lines_may_be_left_out(caller: Caller) -> None:
    response = caller.post("prompt-sets?name=everyday&skip_bad=true", lines({"prompt": "One?"}) + b"oops\n", "application/x-ndjson")
    assert response.json()["skipped"] == [{"number": 2, "reason": "not JSON, at column 1: Expecting value"}]


@pytest.mark.parametrize("name", ["", "two%20words", "x" * 81])
def test_a_set_needs_a_name_that_fits_an_address(caller: Caller, name: str) -> None:
    response = caller.post(f"prompt-sets?name={name}", lines({"prompt": "One?"}), "application/x-ndjson")
    assert response.status_code == 400
    assert "name" in response.json()


def test_an_upload_without_a_file_is_refused(caller: Caller) -> None:
    response = caller.client.post("/api/v1/prompt-sets", {"name": "everyday"}, headers=caller.headers)
    assert response.status_code == 400
    assert "file" in response.json()


def test_a_body_over_the_bound_is_not_read(caller: Caller, settings: LazySettings) -> None:
    settings.IMPORT_MAX_BYTES = 100
    assert caller.post("prompt-sets?name=x", lines({"prompt": "x" * 200}), "application/x-ndjson").status_code == 413


def test_a_file_as_plain_json_is_not_supported(caller: Caller) -> None:
    assert caller.post("prompt-sets", {"name": "x"}).status_code == 415


# ---- policies ---------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("root")
def test_a_policy_is_registered(caller: Caller, rosa: User) -> None:
    said = {"name": "tiny", "engine": "hf", "source": "lab/tiny", "system_prompt": " Be kind. ", "sampling": {"temperature": 0.5, "stop": ["END"]}}
    response = caller.post("policies", said)
    assert response.status_code == 201
    policy = Policy.objects.get()
    assert (policy.created_by, policy.system_prompt, policy.sampling["stop"]) == (rosa, " Be kind. ", ["END"])
    found = response.json()
    assert found["weights_sha256"] == policy.weights_sha256
    assert found.pop("twins") == []
    assert caller.get("policies").json() == [found]
    assert caller.get(f"policies/{policy.pk}").json() == found


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize(
    ("fields", "field", "told"),
    [
        ({"source": "lab/../x"}, "source", "is not a folder within the model root"),
        ({"source": "\ud800"}, "source", "Surrogate characters are not allowed"),
        ({"engine": "imported"}, "engine", "is not an engine"),
        ({"engine": "vllm"}, "engine", "is not a valid choice"),
        ({"sampling": {"temperature": 99}}, "sampling", "temperature is 99"),
        ({"sampling": {"temperature": [1]}}, "sampling", "must be a number"),
        ({"sampling": [1]}, "sampling", "Expected a dictionary"),
        ({"name": "\ud800"}, "name", "Surrogate characters are not allowed"),
        ({"name": " tiny"}, "name", "begins or ends with a space"),
        ({"system_prompt": "\ud800"}, "system_prompt", "Surrogate characters are not allowed"),
        ({"note": "\ud800"}, "note", "Surrogate characters are not allowed"),
    ],
)
def test_a_policy_that_cannot_be_is_refused_by_field(caller: Caller, fields: dict[str, Any], field: str, told: str) -> None:
    response = caller.post("policies", {"name": "tiny", "engine": "hf", "source": "lab/tiny"} | fields)
    assert response.status_code == 400
    assert told in json.dumps(response.json()[field])
    assert not Policy.objects.exists()


# ---- generation runs --------------------------------------------------------------------------------------------


def test_a_run_is_started_and_watched(caller: Caller, rosa: User, rung: list[int]) -> None:
    make_prompt(prompt_set=make_prompt_set("everyday"))
    make_echo("warm")
    make_echo("cool")
    response = caller.post("generation-runs", {"prompt_set": "everyday", "policies": ["warm", "cool"], "seed": 7})
    run = GenerationRun.objects.get()
    assert response.status_code == 201
    assert (run.policy_a.name, run.policy_b.name, run.seed, run.requested_by) == ("warm", "cool", 7, rosa)
    assert rung == [run.pk]
    finish(claim(run, limit=1))
    generating.fail(request=claim(run)[0], reason="busy: later", final=True, at=NOW)
    found = caller.get(f"generation-runs/{run.pk}").json()
    assert (found["state"], found["is_over"], found["stored"], found["failed"], found["total"]) == ("failed", True, 1, 1, 2)
    assert [(policy["policy"], policy["stored"], policy["failed"]) for policy in found["by_policy"]] == [("warm", 1, 0), ("cool", 0, 1)]
    assert (found["failures"][0]["reason"], found["failures"][0]["detail"], found["failures"][0]["is_final"]) == ("busy", "later", True)


def test_one_policy_is_asked_twice_and_a_seed_may_be_left_out(caller: Caller, rung: list[int]) -> None:
    make_prompt(prompt_set=make_prompt_set("everyday"))
    make_echo("warm")
    assert caller.post("generation-runs", {"prompt_set": "everyday", "policies": ["warm"]}).status_code == 201
    assert [request.sample_index for request in GenerationRun.objects.get().requests.order_by("pk")] == [0, 1]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"prompt_set": "nowhere"}, "prompt_set"),
        ({"prompt_set": "\ud800"}, "prompt_set"),
        ({"prompt_set": "empty"}, "non_field_errors"),
        ({"policies": ["nobody"]}, "policies"),
        ({"policies": ["\ud800"]}, "policies"),
        ({"policies": []}, "policies"),
        ({"policies": ["warm"] * 3}, "policies"),
        ({"policies": ["old"]}, "non_field_errors"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**63}, "seed"),
    ],
)
def test_a_run_that_makes_no_sense_is_refused_by_field(caller: Caller, fields: dict[str, Any], field: str, rung: list[int]) -> None:
    make_prompt(prompt_set=make_prompt_set("everyday"))
    make_prompt_set("empty")
    make_echo("warm")
    make_policy("old")
    response = caller.post("generation-runs", {"prompt_set": "everyday", "policies": ["warm"]} | fields)
    assert response.status_code == 400
    assert field in response.json()
    assert (GenerationRun.objects.count(), rung) == (0, [])


def test_runs_are_listed_newest_first_and_by_the_page(caller: Caller) -> None:
    policy = make_echo()
    first, second = make_run(1, a=policy, b=policy), make_run(2, a=policy, b=policy)
    found = caller.get("generation-runs").json()
    assert [(run["id"], run["total"], run["open"]) for run in found] == [(second.pk, 4, 4), (first.pk, 2, 2)]
    assert [run["id"] for run in caller.get(f"generation-runs?before={second.pk}").json()] == [first.pk]
    assert caller.get(f"generation-runs?before={10**30}").status_code == 200
    assert caller.get("generation-runs?before=x").status_code == 400
    assert caller.get("generation-runs/999999").status_code == 404
