"""What engines take and give: nonsense is refused, conversations are put together, and what cannot be stored is not answered."""

import json
import subprocess
import sys
from typing import Any

import pytest

from policies.engines import base
from policies.engines.base import Answer, Ask, Refused, Sampling, answered
from policies.engines.echo import BREAK, CRASH, EMPTY, FALTER, REFUSE, EchoEngine

USER = {"role": "user", "content": "Who are you?"}


def test_a_sampling_comes_back_from_json() -> None:
    sampling = Sampling(temperature=0.7, top_p=0.9, top_k=40, max_new_tokens=64, stop=("\n\n", "User:"), seed=5)
    assert Sampling.from_json(sampling.to_json()) == sampling
    assert Sampling.from_json({}) == Sampling()
    assert json.dumps(Sampling(temperature=1, top_p=1).to_json()) == json.dumps(Sampling(temperature=1.0, top_p=1.0).to_json())


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("temperature", -0.1, "from 0 to 5"),
        ("temperature", 1e-9, "it must be 0"),
        ("temperature", float("nan"), "must be a number"),
        ("temperature", float("inf"), "must be a number"),
        ("temperature", "hot", "must be a number"),
        ("temperature", True, "must be a number"),
        ("top_p", 0, "nothing could be drawn"),
        ("top_p", 1.01, "from 0 to 1"),
        ("top_k", -1, "from 0 to"),
        ("top_k", 1.5, "whole number"),
        ("max_new_tokens", 0, "from 1 to 16384"),
        ("max_new_tokens", 20_000, "from 1 to 16384"),
        ("max_new_tokens", None, "whole number"),
        ("seed", -1, "from 0 to"),
        ("seed", 2**63, "from 0 to"),
        ("stop", "User:", "must be texts"),
        ("stop", ("",), "0 characters"),
        ("stop", ("x" * 201,), "201 characters"),
        ("stop", tuple("abcdefghijklmnopq"), "17 texts"),
        ("stop", (1,), "must be texts"),
    ],
)
def test_nonsense_is_refused_by_name(field: str, value: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as refused:
        Sampling(**{field: value})
    assert str(refused.value).startswith(field)


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(ValueError, match="does not know temprature; it knows max_new_tokens"):
        Sampling.from_json({"temprature": 1})


def test_the_policys_system_prompt_goes_first() -> None:
    ask = Ask(1, [USER], Sampling(), seed=1, system_prompt="Be brief.")
    assert ask.conversation() == [{"role": "system", "content": "Be brief."}, USER]
    assert Ask(1, [USER], Sampling(), seed=1).conversation() == [USER]


def test_a_system_turn_of_the_prompts_own_stays_under_the_policys() -> None:
    messages = [{"role": "system", "content": "You sell shoes."}, USER]
    ask = Ask(1, messages, Sampling(), seed=1, system_prompt="Be brief.")
    assert ask.conversation() == [{"role": "system", "content": "Be brief.\n\nYou sell shoes."}, USER]
    assert messages[0]["content"] == "You sell shoes."


@pytest.mark.parametrize("seed", [-1, 2**63, 1.0])
def test_a_seed_that_the_noise_cannot_hold_is_refused(seed: Any) -> None:
    with pytest.raises(ValueError, match="seed is"):
        Ask(1, [USER], Sampling(), seed=seed)


@pytest.mark.parametrize(("text", "reason"), [("a\0b", "NUL"), ("a\ud800b", "lone surrogate")])
def test_a_text_that_cannot_be_stored_is_refused(text: str, reason: str) -> None:
    refused = answered(key=1, text=text, token_ids=[], finish_reason="stop", prompt_tokens=1)
    assert isinstance(refused, Refused)
    assert refused.final
    assert reason in refused.reason


def test_a_text_above_64_kib_is_cut_between_two_characters() -> None:
    answer = answered(key=1, text="ü" * 40_000, token_ids=[], finish_reason="stop", prompt_tokens=1)
    assert answer == Answer(1, "ü" * 32_768, [], "length", 1)
    odd = answered(key=1, text="x" + "ü" * 40_000, token_ids=[], finish_reason="stop", prompt_tokens=1)
    assert isinstance(odd, Answer)
    assert len(odd.text.encode()) == 65_535


def test_the_noise_streams_start_as_splitmix64_does() -> None:
    # The first outputs of splitmix64 for seed 1234567, as published with the reference implementation.
    outputs = [base.mix64((1234567 + step * base.GOLDEN) % 2**64) for step in (1, 2, 3)]
    assert outputs == [6457827717110365317, 3203168211198807973, 9817491932198370423]
    starts = {base.stream_start(seed, step) for seed in range(100) for step in range(100)}
    assert len(starts) == 10_000
    assert all(base.signed64(start) % 2**64 == start for start in starts)


@pytest.mark.parametrize("module", ["base", "safety", "openai", "echo"])
def test_an_engine_module_needs_neither_django_nor_torch(module: str) -> None:
    check = f"import policies.engines.{module}, sys; assert not {{'django', 'torch', 'transformers'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True)


def test_the_echo_engine_says_the_same_for_the_same_seed() -> None:
    steps: list[int] = []
    asks = [Ask(seed, [USER], Sampling(), seed=seed) for seed in (1, 1, 2)]
    first, again, other = (answer for answer in EchoEngine().answer(asks, lambda: steps.append(1)) if isinstance(answer, Answer))
    assert first == again
    assert first.text != other.text
    assert len(steps) == sum(len(answer.token_ids) for answer in (first, again, other))


def test_the_echo_engine_stops_at_its_length() -> None:
    (answer,) = EchoEngine().answer([Ask(1, [USER], Sampling(max_new_tokens=3), seed=1)], lambda: None)
    assert isinstance(answer, Answer)
    assert (len(answer.text.split()), answer.finish_reason) == (3, "length")


def test_the_echo_engine_makes_trouble_on_demand() -> None:
    asks = [Ask(marker, [{"role": "user", "content": f"Please {marker}"}], Sampling(), seed=1) for marker in (REFUSE, FALTER, EMPTY)]
    refused, faltered, empty = EchoEngine().answer(asks, lambda: None)
    assert (refused, faltered) == (
        Refused(REFUSE, "the prompt told the engine to refuse", final=True),
        Refused(FALTER, "the prompt told the engine to refuse", final=False),
    )
    assert isinstance(empty, Answer)
    assert empty.text == ""
    with pytest.raises(base.EngineError):
        list(EchoEngine().answer([Ask(1, [{"role": "user", "content": BREAK}], Sampling(), seed=1)], lambda: None))


def test_the_echo_engine_can_kill_its_process() -> None:
    ask = f"Ask(1, [{{'role': 'user', 'content': '{CRASH}'}}], Sampling(), seed=1)"
    code = f"from policies.engines.base import *; from policies.engines.echo import *; list(EchoEngine().answer([{ask}], lambda: None))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
