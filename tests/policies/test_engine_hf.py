"""The hf engine: a batch says what its rows would say alone, and every way an answer can end or fail."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from policies.engines.base import Answer, Ask, EngineError, Refused, Sampling, UnsafeModel
from policies.engines.hf import HFEngine
from tests.policies.tiny_model import CONTEXT, END, NUL, TEMPLATE, build_tokenizer, make_babbler, make_reciter

GREETING = "Hi Zürch🙂!"


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """These models are so small that threads would spend their time on waiting for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def babbler(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_babbler(tmp_path_factory.mktemp("babbler"))


@pytest.fixture(scope="module")
def reciter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Says GREETING and ends."""
    return make_reciter(tmp_path_factory.mktemp("reciter"), GREETING)


def load(folder: Path, **settings: Any) -> HFEngine:
    return HFEngine(folder, dtype="float32", device="cpu", **settings)


def ask(key: int = 1, text: str = "Hello", **sampling: Any) -> Ask:
    return Ask(key, [{"role": "user", "content": text}], Sampling(**{"temperature": 0, **sampling}), seed=key)


def answer_all(engine: HFEngine, asks: list[Ask], on_step: Callable[[], None] = lambda: None) -> dict[Any, Answer]:
    outcomes = list(engine.answer(asks, on_step))
    answers = {outcome.key: outcome for outcome in outcomes if isinstance(outcome, Answer)}
    assert len(answers) == len(outcomes) == len(asks)
    return answers


def only(engine: HFEngine, asked: Ask) -> Answer | Refused:
    (outcome,) = engine.answer([asked], lambda: None)
    return outcome


def mixed_asks(count: int) -> list[Ask]:
    """Prompts of 1 to 140 characters, five samplings, lengths of 3 to 42 tokens: rows come, go and stand beside all kinds of others."""
    samplings: list[dict[str, Any]] = [
        {"temperature": 1.0},
        {"temperature": 0.7, "top_p": 0.9},
        {"temperature": 1.2, "top_k": 20},
        {"temperature": 0.0},
        {"stop": ("e", "ab")},
    ]
    return [ask(key, "Tell me. " * (key * 7 % 16) + "x" * (key % 5 + 1), max_new_tokens=3 + key * 11 % 40, **samplings[key % 5]) for key in range(count)]


def test_it_works(reciter: Path) -> None:
    answer = only(load(reciter), ask())
    said = build_tokenizer().encode(GREETING).ids
    prompt = "<|start|>user\nHello<|end|><|start|>assistant\n"
    assert answer == Answer(1, GREETING, [*said, END], "stop", len(build_tokenizer().encode(prompt).ids))


def test_a_response_does_not_hang_on_its_batch(babbler: Path) -> None:
    asks = mixed_asks(60)
    told = [answer_all(load(babbler, rows=rows), asks) for rows in (48, 7, 1)]
    assert told[0] == told[1] == told[2]
    assert len({answer.text for answer in told[0].values()}) > 50


def test_a_response_does_not_hang_on_the_order_or_the_memory(babbler: Path) -> None:
    asks = mixed_asks(24)
    engine = load(babbler)
    assert answer_all(engine, asks) == answer_all(engine, asks[::-1]) == answer_all(load(babbler, cache_bytes=400_000), asks)


def test_another_seed_says_something_else(babbler: Path) -> None:
    engine, sampling = load(babbler), Sampling(max_new_tokens=20)
    asks = [Ask(key, [{"role": "user", "content": "Hello"}], sampling, seed=seed) for key, seed in enumerate([5, 5, 6])]
    answers = answer_all(engine, asks)
    assert answers[0].text == answers[1].text != answers[2].text


@pytest.mark.parametrize(
    ("family", "settings"),
    [("llama", {}), ("mistral", {"sliding_window": 8}), ("qwen2", {}), ("gpt2", {}), ("gemma2", {"head_dim": 16, "sliding_window": 8})],
)
def test_it_says_what_transformers_says(tmp_path: Path, family: str, settings: dict[str, Any]) -> None:
    folder = make_babbler(tmp_path / "model", family=family, **settings)
    asks = [ask(key, "Tell me. " * (key % 4) + "x" * (key % 3 + 1), max_new_tokens=20) for key in range(6)]
    answers = answer_all(load(folder, rows=4), asks)
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), build_tokenizer()
    for one in asks:
        prompt = tokenizer.encode(f"<|start|>user\n{one.messages[0]['content']}<|end|><|start|>assistant\n").ids
        said = model.generate(torch.tensor([prompt]), max_new_tokens=20, do_sample=False)[0, len(prompt) :].tolist()
        assert answers[one.key].token_ids == said


def test_a_long_prompt_is_read_in_pieces(babbler: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asks = [ask(key, "Tell me. " * (key * 9), max_new_tokens=10) for key in (1, 2, 3, 4)]
    whole, steps = answer_all(load(babbler), asks), []
    monkeypatch.setattr("policies.engines.hf.engine.TOKENS_AT_A_TIME", 100)
    assert answer_all(load(babbler), asks, lambda: steps.append(1)) == whole
    assert len(steps) > 4 + 10 + 10


def test_an_answer_is_cut_at_its_length(reciter: Path) -> None:
    answer = only(load(reciter), ask(max_new_tokens=2))
    assert isinstance(answer, Answer)
    assert (answer.text, answer.finish_reason, len(answer.token_ids)) == ("Hi", "length", 2)


@pytest.mark.parametrize(
    ("stop", "text"),
    [(("Z",), "Hi "), (("ürch",), "Hi Z"), (("🙂", "h"), "Hi Zürc"), (("H",), ""), (("never",), GREETING), (("i Zürch🙂!",), "H")],
)
def test_an_answer_ends_before_a_stop_text(reciter: Path, stop: tuple[str, ...], text: str) -> None:
    answer = only(load(reciter), ask(stop=stop))
    assert isinstance(answer, Answer)
    assert (answer.text, answer.finish_reason) == (text, "stop")
    assert build_tokenizer().decode(answer.token_ids).startswith(text)


def test_a_special_token_can_be_a_stop_text(babbler: Path) -> None:
    engine = load(babbler)
    engine.ends = frozenset()
    free = only(engine, ask(3, temperature=5.0, max_new_tokens=400))
    stopped = only(engine, ask(3, temperature=5.0, max_new_tokens=400, stop=("<|end|>",)))
    assert isinstance(free, Answer)
    assert isinstance(stopped, Answer)
    assert END in free.token_ids
    assert stopped.token_ids == free.token_ids[: free.token_ids.index(END) + 1]
    assert stopped.finish_reason == "stop"


def test_the_end_of_a_turn_is_learnt_from_the_template(tmp_path: Path) -> None:
    folder = make_reciter(tmp_path / "model", GREETING)
    for name in ("config.json", "generation_config.json", "tokenizer_config.json"):
        settings = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps({key: None if key.startswith("eos_token") else value for key, value in settings.items()}))
    engine = load(folder)
    assert engine.ends == {END}
    assert isinstance(answer := only(engine, ask()), Answer)
    assert answer.text == GREETING


def test_a_prompt_longer_than_the_context_is_refused_and_the_others_are_answered(reciter: Path) -> None:
    outcomes = {outcome.key: outcome for outcome in load(reciter).answer([ask(1, "x" * 600), ask(2)], lambda: None)}
    assert isinstance(refused := outcomes[1], Refused)
    assert refused.final
    assert refused.reason == "the prompt is longer than the context: 618 tokens, 511 fit"
    assert isinstance(outcomes[2], Answer)


def test_an_answer_ends_where_the_context_does(tmp_path: Path) -> None:
    engine = load(make_reciter(tmp_path / "model", "ab", ends=False))
    answer = only(engine, ask(1, "x" * 480, max_new_tokens=400))
    assert isinstance(answer, Answer)
    assert (answer.prompt_tokens + len(answer.token_ids), answer.finish_reason) == (CONTEXT, "length")


def test_a_conversation_that_the_template_refuses_is_refused(tmp_path: Path) -> None:
    template = "{% if messages[0].role == 'system' %}{{ raise_exception('no system turns here') }}{% endif %}" + TEMPLATE
    engine = load(make_reciter(tmp_path / "model", GREETING, template=template))
    with_system = Ask(1, [{"role": "user", "content": "Hello"}], Sampling(), seed=1, system_prompt="Be brief.")
    assert isinstance(refused := only(engine, with_system), Refused)
    assert refused == Refused(1, "the chat template refuses this conversation: no system turns here", final=True)
    assert isinstance(only(engine, ask()), Answer)


def test_the_system_prompt_reaches_the_model(babbler: Path) -> None:
    engine = load(babbler)
    plain = ask(max_new_tokens=20)
    told = Ask(1, plain.messages, plain.sampling, seed=1, system_prompt="Be brief.")
    one, other = only(engine, plain), only(engine, told)
    assert isinstance(one, Answer)
    assert isinstance(other, Answer)
    assert other.prompt_tokens - one.prompt_tokens == len("system\nBe brief.") + 2
    assert one.text != other.text


def test_an_answer_with_a_nul_is_refused(tmp_path: Path) -> None:
    folder = make_reciter(tmp_path / "model", "aQb")
    (folder / "tokenizer.json").write_text((folder / "tokenizer.json").read_text().replace('"Q"', f'"{NUL}"'))
    refused = only(load(folder), ask())
    assert isinstance(refused, Refused)
    assert "NUL" in refused.reason


def test_answers_come_when_they_end_and_the_heart_beats_at_each_step(babbler: Path) -> None:
    beats: list[int] = []
    asks = [ask(1, max_new_tokens=2, temperature=1.0), ask(2, max_new_tokens=30, temperature=1.0)]
    seen = {outcome.key: len(beats) for outcome in load(babbler).answer(asks, lambda: beats.append(1))}
    assert seen[1] < seen[2] - 20
    assert len(beats) >= 2 + 30


def test_an_exception_of_the_callers_comes_through(babbler: Path) -> None:
    def stop() -> None:
        raise RuntimeError("told to end")

    with pytest.raises(RuntimeError, match="told to end"):
        list(load(babbler).answer([ask()], stop))


class Small:
    """A device that takes so many tokens at a time, and then runs out of memory as torch does."""

    def __init__(self, model: Any, tokens: int) -> None:
        self.model, self.tokens, self.failed = model, tokens, 0

    def __call__(self, **inputs: Any) -> Any:
        if inputs["attention_mask"].numel() > self.tokens:
            self.failed += 1
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return self.model(**inputs)


def test_out_of_memory_halves_the_batch_and_loses_nothing(babbler: Path) -> None:
    asks = mixed_asks(24)
    expected = answer_all(load(babbler), asks)
    engine = load(babbler)
    small = engine.model = Small(engine.model, tokens=1000)
    assert answer_all(engine, asks) == expected
    assert 1 <= small.failed <= 5


def test_what_does_not_fit_alone_is_refused_and_the_others_are_answered(babbler: Path) -> None:
    asks = [ask(1, "x" * 300, max_new_tokens=5), *(ask(key, max_new_tokens=5) for key in range(2, 12))]
    engine = load(babbler)
    engine.model = Small(engine.model, tokens=200)
    outcomes = {outcome.key: outcome for outcome in engine.answer(asks, lambda: None)}
    assert outcomes[1] == Refused(1, "out of memory: a prompt of 318 tokens does not fit, even alone", final=True)
    assert all(isinstance(outcomes[key], Answer) for key in range(2, 12))


def test_a_model_that_fails_is_not_taken_for_a_bad_prompt(babbler: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = load(babbler)

    def fail(**_: Any) -> None:
        raise RuntimeError("CUDA error: device-side assert triggered")

    monkeypatch.setattr(engine, "model", fail)
    with pytest.raises(EngineError, match="the model failed: CUDA error"):
        only(engine, ask())


def test_numbers_that_overflow_are_noticed(babbler: Path) -> None:
    engine = load(babbler)
    with torch.no_grad():
        engine.model.lm_head.weight.fill_(float("nan"))
    with pytest.raises(EngineError, match="overflow in float32"):
        only(engine, ask())


def test_an_unsafe_folder_is_not_loaded(babbler: Path, tmp_path: Path) -> None:
    with pytest.raises(UnsafeModel, match="outside the model root"):
        load(babbler, root=tmp_path)


def test_weights_that_lack_something_are_refused(tmp_path: Path) -> None:
    folder = make_babbler(tmp_path / "model")
    settings = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(settings | {"num_hidden_layers": 3}))
    with pytest.raises(EngineError, match=r"lacks 9 of the model's weights, model\.layers\.2"):
        load(folder)


@pytest.mark.parametrize(("name", "size"), [("model.safetensors", 5000), ("config.json", 2), ("tokenizer.json", 10)])
def test_a_broken_file_is_refused_with_the_folders_name(tmp_path: Path, name: str, size: int) -> None:
    folder = make_babbler(tmp_path / "model")
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(b"{}" if name == "config.json" else content[:size])
    with pytest.raises(EngineError, match=str(folder)):
        load(folder)


def test_a_model_without_keys_and_values_is_refused(tmp_path: Path) -> None:
    shape = {"layer_types": ["linear_attention", "full_attention"], "linear_num_key_heads": 2, "linear_num_value_heads": 2}
    shape |= {"linear_key_head_dim": 8, "linear_value_head_dim": 8, "head_dim": 16, "num_experts": 2, "num_experts_per_tok": 1}
    folder = make_babbler(tmp_path / "model", family="qwen3_next", **shape)
    with pytest.raises(EngineError, match="serve it behind an endpoint"):
        load(folder)


@pytest.mark.parametrize(("settings", "reason"), [({"dtype": "int4"}, "dtype 'int4' is not known"), ({"device": "tpu"}, "device 'tpu' is not known")])
def test_unknown_settings_are_refused(babbler: Path, settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(EngineError, match=reason):
        HFEngine(babbler, **settings)


def test_the_facts_say_what_answered(babbler: Path) -> None:
    facts = load(babbler).facts()
    assert (facts["engine"], facts["dtype"], facts["context"], facts["end_tokens"]) == ("hf", "float32", CONTEXT, [END])
    assert facts["torch"] == torch.__version__
    assert len(facts["weights_sha256"]) == len(facts["template_sha256"]) == 64
    json.dumps(facts)


def test_no_asks_no_answers(babbler: Path) -> None:
    assert list(load(babbler).answer([], lambda: None)) == []
