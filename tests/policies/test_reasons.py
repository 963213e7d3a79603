"""What engines and workers say is stored in English, and read in Spanish by who reads Spanish."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import translation

from accounts.models import User
from policies import generating, reasons, registering, worker
from policies.engines.base import EngineError, Sampling
from policies.models import Policy
from policies.registering import BadPolicy
from tests.builders import NOW, make_policy
from tests.policies.pages import cells, elements, text_of
from tests.policies.rows import make_run

As = Callable[[User], Client]


@pytest.fixture
def rosa_in_spanish(rosa: User) -> User:
    User.objects.filter(pk=rosa.pk).update(language="es")
    return User.objects.get(pk=rosa.pk)


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        ("the prompt is longer than the context: 12,345 tokens, 4,095 fit", "el prompt es más largo que el contexto: 12\u00a0345 tokens, caben 4\u00a0095"),
        (
            "the endpoint did not answer in 4 tries: its answer is longer than 16 MiB",
            "el punto de acceso no respondió en 4 intentos: su respuesta mide más de 16 MiB",
        ),
        ("the endpoint refuses this prompt: HTTP 400", "el punto de acceso rechaza este prompt: HTTP 400"),
        (
            "the weights in lab/x changed since tiny was registered: 000000000000 instead of 111111111111",
            "hay cambios en los pesos de lab/x desde que se registró tiny: 000000000000 en lugar de 111111111111",
        ),
        ("the model failed: two\nlines", "el modelo falló: two\nlines"),
        (generating.LOST, "su worker murió o no avanzó"),
        (generating.cut(""), "no se dio ningún motivo"),
        (worker.reason_of(RuntimeError("x")), "el motor se rompió: RuntimeError: x"),
        (worker.reason_of(EngineError("there is no CUDA device here")), "aquí no hay ningún dispositivo CUDA"),
        ("arrived with pairs of everyday", "llegó con pares de everyday"),
        ("draft", "draft"),
        ("Something that somebody wrote.", "Something that somebody wrote."),
        ("", ""),
    ],
)
def test_it_works(stored: str, told: str) -> None:
    assert reasons.told(stored) == stored
    with translation.override("es"):
        assert reasons.told(stored) == told


@pytest.mark.parametrize(
    "said",
    [
        {"temperature": 0.001},
        {"temperature": 9},
        {"temperature": "warm"},
        {"top_p": 0},
        {"top_k": -1},
        {"top_k": 1.5},
        {"max_new_tokens": 99_999},
        {"stop": [7]},
        {"stop": [""]},
        {"stop": ["a"] * 17},
        {"heat": 1},
    ],
)
def test_every_sampling_that_makes_no_sense_is_refused_in_spanish(said: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError)) as refused:
        Sampling.from_json(said)
    with translation.override("es"), pytest.raises(BadPolicy) as told:
        registering.checked_sampling(said)
    assert str(told.value) != str(refused.value)


def test_failures_of_a_run_are_read_in_the_reader_s_language(as_: As, rosa_in_spanish: User) -> None:
    run = make_run(1)
    generating.fail_policies(run=run, policies=[run.policy_a], reason="the chat template refuses this conversation: no system turns", at=NOW)
    [row] = cells(as_(rosa_in_spanish).get(f"/runs/{run.pk}/"), "Peticiones fallidas, por motivo")
    assert row[0] == "La plantilla de chat rechaza esta conversación no system turns"
    assert row[4].startswith("Deje fuera estos prompts")


def test_a_folder_that_is_not_safe_is_refused_in_spanish(as_: As, rosa_in_spanish: User, settings: LazySettings, tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "config.json").write_text("{}")
    settings.MODEL_ROOTS = {"lab": str(tmp_path)}
    said = {"name": "tiny", "source": "hf:lab/tiny", "temperature": 1, "top_p": 1, "top_k": 0, "max_new_tokens": 9}
    page = as_(rosa_in_spanish).post("/policies/register", said)
    assert page.status_code == 422
    assert text_of(elements(page, "div", id="id_source_error")[0]).endswith("no contiene ningún archivo safetensors.")


@pytest.mark.django_db
def test_how_a_policy_is_asked_is_said_in_spanish() -> None:
    policy = make_policy(engine=Policy.Engine.ECHO, sampling={"temperature": 0.3, "top_p": 0.9, "top_k": 40, "max_new_tokens": 1256})
    assert policy.sampling_in_words == "temperature 0.3, top-p 0.9, top-k 40, at most 1,256 tokens"
    with translation.override("es"):
        assert policy.sampling_in_words == "temperatura 0,3, top-p 0,9, top-k 40, 1\u00a0256 tokens como mucho"
