"""Policies: what is pinned, and what is refused with which reason. By stage, page and command."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import User
from policies import registering, sources
from policies.engines.base import EngineError
from policies.engines_for import load
from policies.models import Policy
from policies.registering import BadPolicy, Registered
from policies.sources import BadSource
from tests.builders import NOW, make_policy
from tests.policies.pages import cells, elements, heading, text_of

As = Callable[[User], Client]
pytestmark = pytest.mark.django_db


@pytest.fixture
def root(tmp_path: Path, settings: LazySettings) -> Path:
    """The only model root, with one folder `tiny` that looks like a model."""
    settings.MODEL_ROOTS = {"lab": tmp_path / "models"}
    settings.OPENAI_ENDPOINTS = {"box": "http://127.0.0.1:9/v1"}
    make_folder(tmp_path / "models" / "tiny")
    return tmp_path / "models"


def make_folder(folder: Path, weights: bytes = b"weights") -> Path:
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(weights)
    (folder / "config.json").write_text(json.dumps({"model_type": "llama"}))
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    return folder


def register(name: str = "tiny", **fields: Any) -> Registered:
    said: dict[str, Any] = {"engine": "hf", "source": "lab/tiny", "sampling": {}, "by": None, "at": NOW} | fields
    return registering.register_policy(name=name, **said)


def refused(**fields: Any) -> tuple[str, str]:
    with pytest.raises(BadPolicy) as caught:
        register(**fields)
    assert not Policy.objects.filter(name=fields.get("name", "tiny")).exists()
    return caught.value.field, str(caught.value)


def test_it_works(root: Path, rosa: User) -> None:
    policy = register(sampling={"temperature": 0.3}, system_prompt=" Be\nkind. ", by=rosa).policy
    assert (policy.created_by, policy.system_prompt, len(policy.weights_sha256), len(policy.template_sha256)) == (rosa, " Be\nkind. ", 64, 64)
    assert policy.sampling == {"temperature": 0.3, "top_p": 1.0, "top_k": 0, "max_new_tokens": 256, "stop": [], "seed": 0}
    assert policy.revision == policy.weights_sha256[:12]


def test_other_weights_are_another_revision(root: Path) -> None:
    make_folder(root / "other", weights=b"other weights")
    assert register().policy.weights_sha256 != register("other", source="lab/other").policy.weights_sha256


def test_a_policy_at_an_endpoint_is_not_pinned(root: Path) -> None:
    policy = register(engine="openai", source="box/meta-llama/Llama-3.1-8B-Instruct").policy
    assert (policy.source, policy.revision) == ("box/meta-llama/Llama-3.1-8B-Instruct", "")


def test_the_same_under_another_name_is_allowed_and_said(root: Path) -> None:
    assert register().twins == []
    assert register("again").twins == ["tiny"]
    assert register("warmer", sampling={"temperature": 2}).twins == []


def test_a_name_is_given_once(root: Path) -> None:
    register()
    with pytest.raises(BadPolicy, match="there is a policy 'tiny' already; a policy never changes"):
        register()


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("", "'' is not a model root; the settings name lab"),
        ("tiny", "'tiny' is not a model root; the settings name lab"),
        ("etc/passwd", "'etc' is not a model root; the settings name lab"),
        ("lab", "'' is not a folder within the model root lab: write root/folder, without .."),
        ("lab/", "'' is not a folder within the model root lab: write root/folder, without .."),
        ("lab/../models/tiny", "'../models/tiny' is not a folder within the model root lab: write root/folder, without .."),
        ("lab/tiny/../../..", "'tiny/../../..' is not a folder within the model root lab: write root/folder, without .."),
        ("lab//etc", "'/etc' is not a folder within the model root lab: write root/folder, without .."),
        ("lab/missing", "there is no folder missing in the model root lab"),
        ("lab/tiny/config.json", "there is no folder tiny/config.json in the model root lab"),
        ("lab/ti\0ny", "'ti\\x00ny' is not a folder within the model root lab: write root/folder, without .."),
    ],
)
def test_a_source_outside_the_model_roots_is_refused(root: Path, source: str, told: str) -> None:
    assert refused(source=source) == ("source", told)


def test_a_link_out_of_the_model_root_is_refused(root: Path, tmp_path: Path) -> None:
    make_folder(tmp_path / "secret")
    (root / "escape").symlink_to(tmp_path / "secret")
    assert refused(source="lab/escape") == ("source", "lab/escape leads out of the model root lab through a link")


def test_a_link_within_a_folder_that_leads_out_is_refused(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text("{}")
    (root / "tiny" / "extra.json").symlink_to(tmp_path / "secret.json")
    field, told = refused()
    assert field == "source"
    assert "leads out of" in told


@pytest.mark.parametrize("name", ["modeling.py", "pytorch_model.bin", "weights.pt", "data.pkl"])
def test_a_folder_that_could_run_code_is_refused(root: Path, name: str) -> None:
    (root / "tiny" / name).write_bytes(b"")
    assert refused() == ("source", f"{name} can run code when it is loaded: only safetensors and plain settings are read")


def test_a_folder_whose_config_names_code_is_refused(root: Path) -> None:
    (root / "tiny" / "config.json").write_text('{"auto_map": {"AutoModel": "x.Y"}}')
    assert refused() == ("source", "config.json names auto_map: code that comes with a model is not run")


def test_a_folder_without_a_chat_template_is_refused(root: Path) -> None:
    (root / "tiny" / "chat_template.jinja").unlink()
    field, told = refused()
    assert field == "source"
    assert "has no chat template" in told


def test_a_folder_without_weights_is_refused(root: Path) -> None:
    (root / "tiny" / "model.safetensors").unlink()
    assert refused()[1].endswith("holds no safetensors file")


def test_a_folder_too_large_to_hash_while_a_page_waits_is_refused(root: Path) -> None:
    field, told = refused(most_bytes=10)
    assert (field, told.endswith("use manage.py register_policy")) == ("source", True)


@pytest.mark.parametrize(
    ("fields", "field", "told"),
    [
        ({"engine": "openai", "source": "nowhere/m"}, "source", "'nowhere' is not an endpoint; the settings name box"),
        ({"engine": "openai", "source": "box"}, "source", "the model at box is missing: write box/model"),
        ({"engine": "openai", "source": "http://evil/m"}, "source", "'http:' is not an endpoint; the settings name box"),
        ({"engine": "imported"}, "engine", "'imported' is not an engine: it must be hf or openai"),
        ({"engine": "vllm"}, "engine", "'vllm' is not an engine: it must be hf or openai"),
        ({"sampling": {"temperature": -1}}, "sampling", "temperature is -1: it must be from 0 to 5"),
        ({"sampling": {"temprature": 1}}, "sampling", "sampling does not know temprature"),
        ({"sampling": {"stop": "x"}}, "sampling", "stop is 'x': it must be texts"),
        ({"name": " "}, "name", "name is empty"),
        ({"name": "a\u202eb"}, "name", "the name holds characters that cannot be seen, or begins or ends with a space"),
        ({"name": "x" * 121}, "name", "name is 121 bytes long; at most 120 bytes are taken"),
        ({"system_prompt": "a\0"}, "system_prompt", "system prompt holds a NUL character, at character 2: it cannot be stored"),
        ({"system_prompt": "\ud800"}, "system_prompt", "system prompt holds half of a surrogate pair"),
        ({"note": "x" * 301}, "note", "note is 301 bytes long; at most 300 bytes are taken"),
    ],
)
def test_nonsense_is_refused_with_its_reason(root: Path, fields: dict[str, Any], field: str, told: str) -> None:
    with pytest.raises(BadPolicy) as caught:
        register(**fields)
    assert caught.value.field == field
    assert str(caught.value).startswith(told)


def test_the_echo_engine_is_for_tests(root: Path, settings: LazySettings) -> None:
    settings.ECHO_ENGINE = False
    assert refused(engine="echo", source="x") == ("engine", "'echo' is not an engine: it must be hf or openai")
    with pytest.raises(EngineError, match="exists for tests only"):
        load(make_policy("echo", engine="echo"))


# ---- what there is to choose from -------------------------------------------------------------------------------


def test_folders_under_the_roots_are_found_and_hidden_ones_and_links_are_not(root: Path, tmp_path: Path) -> None:
    make_folder(root / "org" / "model")
    make_folder(root / ".cache" / "hidden")
    make_folder(root / "a" / "b" / "c" / "deep")
    make_folder(tmp_path / "elsewhere")
    (root / "linked").symlink_to(tmp_path / "elsewhere")
    (root / "empty").mkdir()
    assert sources.model_folders() == ["lab/org/model", "lab/tiny"]


def test_a_root_that_is_not_there_holds_nothing(settings: LazySettings) -> None:
    settings.MODEL_ROOTS = {"gone": Path("/nonexistent")}
    assert sources.model_folders() == []


def test_every_folder_that_is_offered_can_be_found_again(root: Path) -> None:
    folder, found_root = sources.folder_of("lab/tiny")
    assert (folder, found_root) == (root / "tiny", root)
    with pytest.raises(BadSource):
        sources.endpoint_of("lab/tiny")


# ---- the pages --------------------------------------------------------------------------------------------------

FORM = {
    "name": "tiny",
    "source": "hf:lab/tiny",
    "temperature": "0.7",
    "top_p": "0.9",
    "top_k": "0",
    "max_new_tokens": "64",
    "stop": "END\r\n\r\nSTOP",
    "note": "n",
}


def test_a_researcher_registers_a_policy(as_: As, root: Path, rosa: User) -> None:
    response = as_(rosa).post("/policies/register", FORM | {"system_prompt": "Be kind."})
    policy = Policy.objects.get()
    assert response["Location"] == f"/policies/{policy.pk}/"
    assert policy.sampling["stop"] == ["END", "STOP"]
    assert (policy.source, policy.created_by) == ("lab/tiny", rosa)
    page = as_(rosa).get(response["Location"])
    assert heading(page) == "tiny"
    assert [text_of(found) for found in elements(page, "span", class_="hash")] == [policy.weights_sha256, policy.template_sha256]


def test_the_form_offers_what_the_settings_name_and_nothing_else(as_: As, root: Path, rosa: User) -> None:
    page = as_(rosa).get("/policies/register")
    assert [dict(found.attributes)["value"] for found in elements(page, "option")] == ["hf:lab/tiny", "openai:box"]


@pytest.mark.parametrize("source", ["hf:lab/other", "hf:../etc", "openai:nowhere", "echo:x", "imported:x"])
def test_a_source_that_was_not_offered_is_refused(as_: As, root: Path, rosa: User, source: str) -> None:
    page = as_(rosa).post("/policies/register", FORM | {"source": source})
    assert page.status_code == 422
    assert len(elements(page, "div", id="id_source_error")) == 1
    assert not Policy.objects.exists()


def test_an_endpoint_needs_a_model(as_: As, root: Path, rosa: User) -> None:
    page = as_(rosa).post("/policies/register", FORM | {"source": "openai:box"})
    assert page.status_code == 422
    assert text_of(elements(page, "div", id="id_endpoint_model_error")[0]) == "The model at box is missing: write box/model."
    as_(rosa).post("/policies/register", FORM | {"source": "openai:box", "endpoint_model": "org/m"})
    assert Policy.objects.get().source == "box/org/m"


def test_an_unsafe_folder_is_refused_on_the_page(as_: As, root: Path, rosa: User) -> None:
    (root / "tiny" / "modeling.py").write_text("")
    page = as_(rosa).post("/policies/register", FORM)
    assert page.status_code == 422
    assert "modeling.py can run code" in text_of(elements(page, "div", id="id_source_error")[0])


def test_a_name_that_is_taken_is_refused_on_the_page(as_: As, root: Path, rosa: User) -> None:
    make_policy("tiny")
    page = as_(rosa).post("/policies/register", FORM)
    assert "already" in text_of(elements(page, "div", id="id_name_error")[0])


def test_settings_that_name_nothing_say_what_to_do(as_: As, rosa: User, settings: LazySettings) -> None:
    settings.MODEL_ROOTS, settings.OPENAI_ENDPOINTS = {}, {}
    page = as_(rosa).get("/policies/register")
    assert [text_of(found) for found in elements(page, "h2")] == ["The settings name nothing to ask"]
    assert elements(page, "form", class_="form") == []


def test_the_list_shows_revision_and_sampling(as_: As, root: Path, rosa: User) -> None:
    policy = register(sampling={"temperature": 0.3, "top_p": 0.9, "top_k": 40}).policy
    make_policy("from-elsewhere")
    rows = cells(as_(rosa).get("/policies/"), "Each policy with what pins it")
    assert rows[0][:4] == ["from-elsewhere", "made elsewhere", "not pinned", "not said"]
    assert rows[1][:4] == ["tiny", "lab/tiny", policy.revision, "temperature 0.3, top-p 0.9, top-k 40, at most 256 tokens"]


@pytest.mark.parametrize("address", ["/policies/", "/policies/register", "/policies/1/"])
def test_only_researchers_see_policies(as_: As, lena: User, olga: User, address: str) -> None:
    assert {as_(lena).get(address).status_code, as_(olga).get(address).status_code} == {403}


def test_only_researchers_register(as_: As, root: Path, lena: User) -> None:
    assert as_(lena).post("/policies/register", FORM).status_code == 403
    assert not Policy.objects.exists()


def test_an_empty_list_says_what_to_do_next(as_: As, rosa: User) -> None:
    assert [text_of(found) for found in elements(as_(rosa).get("/policies/"), "h3")] == ["No policy is registered yet"]


# ---- the command ------------------------------------------------------------------------------------------------


def test_the_command_registers_and_says_the_revision(root: Path) -> None:
    said = io.StringIO()
    call_command("register_policy", "tiny", "--source", "lab/tiny", "--temperature", "0.5", "--stop", "END", "--stop", "STOP", stdout=said)
    policy = Policy.objects.get()
    assert policy.sampling["stop"] == ["END", "STOP"]
    assert said.getvalue() == f"tiny is registered at revision {policy.revision}.\n"


def test_the_command_refuses_with_one_reason_and_what_there_is(root: Path) -> None:
    with pytest.raises(CommandError, match=r"^there is no folder x in the model root lab\. To choose from: lab/tiny, box/…\.$"):
        call_command("register_policy", "tiny", "--source", "lab/x")
