"""A preference corpus goes in by `import_pairs` and comes out by `freeze_dataset`, text for text; what was left out is named."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.core.management import call_command

from exports.models import DatasetVersion
from exports.splits import SPLITS

PAIRS = 2000
SPACES = [" ", "  ", "\n", "\r\n", "\t", "\u00a0", "\u2028", "\u200b", "\n\n\n", " \n ", "\ufeff", "\x0b", "\x85"]
WORDS = [
    *("the", "river,", "ließ", "größer", "漢字", "नमस्ते", "שלום", "👩🏽\u200d🔬", "e\u0301", "<b>x</b>", "</s>", "[INST]", "\\n", '"quoted"'),
    *("`code`", "$x^2$", "&amp;", "{{x}}", "-", "1.", "I'm", "sorry", "\\u0041", "null", "2025-01-01", "''", "=1+1"),
]
ROLES = [
    ("user",),
    ("system", "user"),
    ("user", "assistant", "user"),
    ("user", "user"),
    ("user", "assistant", "assistant", "user"),
    ("system", "user", "user", "assistant", "user"),
    ("assistant", "user"),
]
LABELS = [(-3, -1), (-2, -2), (1, 3), (2, 2), (0, 0), (-2, 2)]


def text(rng: random.Random) -> str:
    """A text with odd white space everywhere, also at its ends."""
    words = [word for _ in range(rng.randrange(3, 30)) for word in (rng.choice(WORDS), rng.choice(SPACES))]
    return "".join([rng.choice(SPACES), *words] if rng.random() < 0.3 else words)


def corpus() -> Iterator[dict[str, Any]]:
    """Yield lines as `import_pairs` takes them: some with equal sides, some with an empty one, some tied, some contested."""
    rng = random.Random(1)
    for number in range(PAIRS):
        prompt = [{"role": role, "content": f"{text(rng)}{number}"} for role in rng.choice(ROLES)]
        a, b = text(rng) + f" {number}", text(rng)
        if number % 50 == 7:
            b = a
        if number % 50 == 9:
            b = rng.choice(["", " ", "\n\t", "\u3000"])
        labels = [{"labeler": labeler, "preference": preference} for labeler, preference in zip(("lena", "otto"), rng.choice(LABELS), strict=True)]
        responses = [{"policy": "warm", "text": a}, {"policy": "cold", "text": b}]
        yield {"id": f"pair-{number}", "prompt": prompt, "responses": responses, "slices": {"turns": str(len(prompt))}, "labels": labels}


def fate(line: dict[str, Any]) -> str:
    """Return what must become of a pair, from the file alone."""
    first, second = (label["preference"] for label in line["labels"])
    a, b = (side["text"] for side in line["responses"])
    if first * second < 0:
        return "contested"
    if first == 0:
        return "tie"
    return "empty" if not b.strip() else "equal" if a == b else "a" if first < 0 else "b"


def rows_in(folder: Path) -> Iterator[dict[str, Any]]:
    for split in SPLITS:
        path = folder / f"{split}.jsonl"
        for line in path.read_bytes().split(b"\n")[:-1] if path.exists() else []:
            yield orjson.loads(line)


@pytest.mark.slow
def test_a_corpus_comes_back_text_for_text(any_moment: None, tmp_path: Path) -> None:
    lines = list(corpus())
    file = tmp_path / "corpus.jsonl"
    file.write_text("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines), encoding="utf-8", newline="")
    call_command("import_pairs", str(file), "--campaign", "corpus", "--create", "--overlap", "2", verbosity=0)
    call_command("freeze_dataset", "corpus", "--name", "corpus", "--out", str(tmp_path / "out"), verbosity=0)
    fates = {line["id"]: fate(line) for line in lines}
    expected = Counter((json.dumps(line["prompt"]), *sides(line, fates[line["id"]])) for line in lines if fates[line["id"]] in ("a", "b"))
    found = Counter((json.dumps(by_role(row["prompt"])), row["chosen"][0]["content"], row["rejected"][0]["content"]) for row in rows_in(tmp_path / "out"))
    assert found == expected
    counts = Counter(fates.values())
    version = DatasetVersion.objects.get()
    assert version.manifest["counts"]["left_out"] == {reason: counts[reason] for reason in ("empty", "equal", "tie")}
    assert version.rows_count == counts["a"] + counts["b"] == PAIRS - counts["contested"] - sum(counts[reason] for reason in ("empty", "equal", "tie"))
    assert min(counts.values()) >= 10


def sides(line: dict[str, Any], verdict: str) -> tuple[str, str]:
    a, b = (side["text"] for side in line["responses"])
    return (a, b) if verdict == "a" else (b, a)


def by_role(prompt: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{"role": turn["role"], "content": turn["content"]} for turn in prompt]
