"""A worker's shift: what it claims is ended in one way or another, whatever the engine does."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.db import OperationalError, transaction

from policies import generating, worker
from policies.engines.base import Answer, Ask, EngineError, Heartbeat, Refused
from policies.engines.echo import BREAK, FALTER, REFUSE, EchoEngine
from policies.engines_for import Engines, check_pins
from policies.models import GenerationRequest, GenerationRun, Policy, Response
from policies.worker import Heart, Pulse, Shift
from tests.builders import NOW, make_policy, make_prompt, make_prompt_set
from tests.policies.rows import claim, counts, make_echo, make_run
from tests.serving import ROOT

pytestmark = pytest.mark.django_db


def shift(run: GenerationRun, engines: Engines | None = None, **fields: object) -> Shift:
    return Shift(run, engines or Engines(), "me:1", **fields)  # type: ignore[arg-type]


def run_with(*texts: str) -> GenerationRun:
    """A run over prompts with these texts, one policy asked twice."""
    prompt_set, policy = make_prompt_set(), make_echo()
    for text in texts:
        make_prompt(text, prompt_set=prompt_set)
    return make_run(0, prompt_set=prompt_set, a=policy, b=policy)


@dataclass
class Scripted:
    """An engine that says what it is told to, in this order, then nothing."""

    outcomes: Sequence[Answer | Refused | Exception]

    def facts(self) -> dict[str, object]:
        return {"engine": "scripted"}

    def answer(self, asks: Sequence[Ask], on_step: Heartbeat) -> Iterator[Answer | Refused]:
        for ask, outcome in zip(asks, self.outcomes, strict=False):
            if isinstance(outcome, Exception):
                raise outcome
            yield type(outcome)(**{**outcome.__dict__, "key": ask.key})


class Held(Engines):
    """Engines of which one is there for everybody."""

    def __init__(self, engine: Scripted) -> None:
        super().__init__()
        self.engine, self.loads, self.drops = engine, 0, 0

    def of(self, policy: Policy) -> Scripted:
        self.loads += 1
        return self.engine

    def drop(self) -> None:
        self.drops += 1


def says(text: str, finish_reason: str = "stop") -> Answer:
    return Answer(key=0, text=text, token_ids=[1], finish_reason=finish_reason, prompt_tokens=1)  # type: ignore[arg-type]


def test_it_works() -> None:
    run = make_run(3)
    assert shift(run).work() == 6
    assert counts(run) == {"done": 6}
    response = Response.objects.filter(policy=run.policy_a).order_by("pk").first()
    assert response is not None
    assert response.lineage["engine"] == "echo"
    assert response.lineage["worker"] == "me:1"


def test_a_seed_gives_the_same_response_again() -> None:
    prompt_set, policy = make_prompt_set(), make_echo()
    make_prompt("What is it?", prompt_set=prompt_set)
    runs = [make_run(0, prompt_set=prompt_set, a=policy, b=policy, seed=seed) for seed in (7, 7, 8)]
    for run in runs:
        shift(run).work()
    first, again, other = (list(Response.objects.filter(request__run=run).order_by("request__sample_index").values_list("text", flat=True)) for run in runs)
    assert first == again != other
    assert first[0] != first[1]


def test_the_policys_words_reach_the_engine_and_x_stays_as_it_is() -> None:
    engine = Asked()
    policy = make_echo(system_prompt="Be kind.", sampling={"temperature": 0.0, "max_new_tokens": 7})
    run = make_run(1, a=policy, b=policy)
    Shift(run, Held(engine), "me:1").work()
    ask = engine.asks[0]
    assert (ask.system_prompt, ask.sampling.max_new_tokens, ask.sampling.temperature) == ("Be kind.", 7, 0.0)
    assert list(ask.messages) == run.requests.earliest("pk").prompt.messages


class Asked(Scripted):
    """Keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__([])
        self.asks: list[Ask] = []

    def answer(self, asks: Sequence[Ask], on_step: Heartbeat) -> Iterator[Answer | Refused]:
        self.asks += asks
        return EchoEngine().answer(asks, on_step)


def test_two_samplings_of_one_model_share_its_engine_and_its_batches() -> None:
    run = make_run(3, a=make_echo("warm"), b=make_echo("cool", sampling={"temperature": 0.1}))
    engine = Asked()
    engines = Held(engine)
    assert Shift(run, engines, "me:1").work() == 6
    assert engines.loads == 1
    assert len({ask.sampling for ask in engine.asks[:2]}) == 2


def test_a_refusal_for_good_fails_at_once_and_one_for_now_is_asked_three_times() -> None:
    run = run_with("fine", f"a {REFUSE}", f"b {FALTER}")
    assert shift(run).work() == 2
    failed = run.requests.filter(status="failed").order_by("pk").values_list("attempt", "error")
    reason = "the prompt told the engine to refuse"
    assert sorted(failed) == [(1, reason), (1, reason), (3, f"{reason}; that was the third attempt"), (3, f"{reason}; that was the third attempt")]


def test_an_engine_that_breaks_takes_nobody_elses_answers_with_it() -> None:
    run = run_with(*(f"fine {n}" for n in range(5)), f"bad {BREAK}")
    broke = 0
    for _ in range(20):
        try:
            shift(run).work()
            break
        except EngineError:
            broke += 1
    assert counts(run) == {"done": 10, "failed": 2}
    assert broke == 1 + 1 + 2  # all together, both with few others, then each alone
    assert {error for (error,) in run.requests.filter(status="failed").values_list("error")} == {
        "the prompt told the engine to break; that was the third attempt"
    }


def test_a_bug_in_an_engine_is_a_reason_too_and_the_engine_is_let_go() -> None:
    run = make_run(1)
    engines = Held(Scripted([says("One."), ZeroDivisionError("division by zero")]))
    with pytest.raises(ZeroDivisionError):
        shift(run, engines).work()
    assert engines.drops == 1
    assert counts(run) == {"done": 1, "queued": 1}
    assert run.requests.get(status="queued").error == "the engine broke: ZeroDivisionError: division by zero"


def test_an_ask_without_an_outcome_is_queued_again_and_fails_in_the_end() -> None:
    run = make_run(1)
    assert shift(run, Held(Scripted([]))).work() == 0
    assert set(run.requests.values_list("status", "error")) == {("failed", "the engine gave no answer; that was the third attempt")}


def test_an_endpoint_that_refuses_us_fails_the_policy_with_its_reason_and_the_other_goes_on(settings: LazySettings) -> None:
    settings.OPENAI_ENDPOINTS = {"box": "http://127.0.0.1:9"}
    remote = make_policy("remote", engine=Policy.Engine.OPENAI, source="box/m", sampling={})
    run = make_run(20, a=remote)
    settings.GENERATION_BATCH = 4
    assert Shift(run, Endpoint(), "me:1").work() == 20
    assert counts(run) == {"done": 20, "failed": 20}
    failed = list(run.requests.filter(policy=remote).order_by("pk").values_list("error", "attempt"))
    assert failed == [("HTTP 401", 1)] * 8 + [("HTTP 401", 0)] * 12


class Endpoint(Engines):
    """The openai engine refuses; the others are as they are."""

    def of(self, policy: Policy) -> Scripted:
        return Scripted([EngineError("HTTP 401")]) if policy.engine == Policy.Engine.OPENAI else super().of(policy)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        (says("a\0b"), "failed", "the response holds a NUL character, which no text column can hold"),
        (says("a\udc00b"), "failed", "the response holds half a character (a lone surrogate)"),
        (says("x" * 70_000), "done", ""),
    ],
)
def test_what_cannot_be_stored_byte_for_byte_is_not_stored(answer: Answer, status: str, error: str) -> None:
    run = make_run(1)
    shift(run, Held(Scripted([answer, says("Fine.")]))).work()
    stored = run.requests.earliest("pk")
    assert (stored.status, stored.error) == (status, error)
    if status == "done":
        assert (len(stored.response.text), stored.response.finish_reason) == (65_536, "length")


def test_a_policy_whose_folder_is_gone_fails_whole_and_the_other_goes_on() -> None:
    gone = make_policy("gone", engine=Policy.Engine.HF, source="tests/gone", weights_sha256="1" * 64, template_sha256="2" * 64, sampling={})
    run = make_run(3, a=gone)
    assert shift(run).work() == 3
    assert set(run.requests.values_list("policy__name", "status", "error")) == {
        ("gone", "failed", "there is no folder gone in the model root tests"),
        (run.policy_b.name, "done", ""),
    }


def test_weights_that_changed_since_they_were_registered_are_not_asked() -> None:
    policy = make_policy("pinned", engine=Policy.Engine.HF, source="tests/x", weights_sha256="a" * 64, template_sha256="b" * 64)
    check_pins(policy, {"weights_sha256": "a" * 64, "template_sha256": "b" * 64})
    with pytest.raises(EngineError, match="the weights in tests/x changed since pinned was registered: cccccccccccc instead of aaaaaaaaaaaa"):
        check_pins(policy, {"weights_sha256": "c" * 64, "template_sha256": "b" * 64})
    with pytest.raises(EngineError, match="the chat template in tests/x changed"):
        check_pins(policy, {"weights_sha256": "a" * 64, "template_sha256": "c" * 64})


def test_a_worker_that_is_told_to_end_stores_what_it_has_and_gives_back_the_rest() -> None:
    run = make_run(5)
    stored = []

    def should_end() -> bool:
        stored.append(1)
        return len(stored) > 40

    done = shift(run, should_end=should_end).work()
    assert 0 < done < 10
    assert counts(run) == {"done": done, "queued": 10 - done}
    assert set(run.requests.filter(status="queued").values_list("failed_attempts", flat=True)) == {0}


def test_a_worker_that_is_told_to_end_claims_nothing() -> None:
    run = make_run(1)
    assert shift(run, should_end=lambda: True).work() == 0
    assert set(run.requests.values_list("attempt", flat=True)) == {0}


def test_the_engine_in_memory_is_preferred_then_one_that_nobody_else_is_at() -> None:
    first, second = make_echo("first", source="tests/1"), make_echo("second", source="tests/2")
    run = make_run(3, a=first, b=second)
    engines = Engines()
    assert shift(run, engines).choices() == [[first], [second]]
    assert len(claim(run, limit=1, policies=[first], worker="other")) == 1
    assert shift(run, engines).choices() == [[second], [first]]
    engines.of(first)
    assert shift(run, engines).choices() == [[first], [second]]


# ---- the heart --------------------------------------------------------------------------------------------------


def test_a_pulse_is_there_as_long_as_there_are_steps(settings: LazySettings) -> None:
    settings.STALL_SECONDS = 60
    now = [1000.0]
    pulse = Pulse(lambda: now[0])
    now[0] += 59
    assert pulse.is_there()
    now[0] += 2
    assert not pulse.is_there()
    pulse.step()
    assert pulse.is_there()


def test_loading_may_take_longer_than_a_step(settings: LazySettings) -> None:
    now = [1000.0]
    pulse = Pulse(lambda: now[0])
    pulse.loading()
    now[0] += 800
    assert pulse.is_there()
    pulse.step()
    now[0] += 61
    assert not pulse.is_there()


def test_a_heart_beats_while_there_is_a_pulse_and_leaves_the_leases_when_there_is_none(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> None:
    beats: list[str] = []
    monkeypatch.setattr(generating, "beat", lambda *, worker, at: beats.append(worker))
    settings.BEAT_SECONDS, settings.STALL_SECONDS = 0.01, 0.1
    pulse = Pulse()
    with Heart(worker="me:1", pulse=pulse):
        time.sleep(0.6)
        silent = len(beats)
        time.sleep(0.2)
        assert len(beats) == silent
        pulse.step()
        time.sleep(0.05)
        assert len(beats) > silent > 0


def test_a_heart_survives_a_database_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> None:
    calls: list[int] = []

    def beat(**_: object) -> None:
        calls.append(1)
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(generating, "beat", beat)
    settings.BEAT_SECONDS = 0.01
    with Heart(worker="me:1", pulse=Pulse()):
        time.sleep(0.2)
    assert len(calls) > 2


def test_what_was_generated_waits_for_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    failures = [OperationalError("restarting"), OperationalError("restarting")]

    def act() -> int:
        if failures:
            raise failures.pop()
        return 7

    monkeypatch.setattr(time, "sleep", lambda _: None)
    monkeypatch.setattr(worker, "close_old_connections", lambda: None)
    assert worker.patiently(act) == 7


def test_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    def act() -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(worker, "PATIENCE_SECONDS", -1)
    with pytest.raises(OperationalError):
        worker.patiently(act)


def test_a_beat_reaches_only_what_is_still_running() -> None:
    run = make_run(1)
    held, _ = claim(run, worker="me:1")
    generating.fail(request=held, reason="no", final=True, at=NOW)
    assert generating.beat(worker="me:1", at=NOW + timedelta(seconds=10)) == 1
    with transaction.atomic():
        assert GenerationRequest.objects.filter(pk=held.pk, lease_ends_at=None).exists()


# ---- what the web process loads ---------------------------------------------------------------------------------

WITHOUT_TORCH = """
import django, sys
django.setup()
import policies.tasks, policies.worker, policies.engines_for, policies.registering, policies.urls, policies.api_urls, config.urls
loaded = {"torch", "transformers", "safetensors"} & set(sys.modules)
sys.exit(f"loaded: {loaded}" if loaded else 0)
"""


def test_neither_the_web_process_nor_the_default_worker_loads_torch() -> None:
    ended = subprocess.run([sys.executable, "-c", WITHOUT_TORCH], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
