"""The bundled prompts are what the demo promises: enough of them, varied, each its own family, and free to use."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from policies import families

FILE = Path(families.__file__).parent / "data" / "demo_prompts.jsonl"
Prompt = dict[str, Any]


def bundled() -> list[Prompt]:
    return [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


def roles(prompt: Prompt) -> list[str]:
    return [message["role"] for message in prompt["messages"]]


def spread(name: str) -> Counter[str]:
    return Counter(prompt["slices"][name] for prompt in bundled())


def test_there_are_enough_of_every_kind() -> None:
    assert len(bundled()) >= 72
    assert min(spread("topic").values()) >= 5
    assert len(spread("topic")) >= 6
    assert set(spread("language")) == {"en", "de", "es"}
    assert set(spread("risk")) == {"none", "sensitive"}
    assert min(spread("risk").values()) >= 15
    assert sum(roles(prompt).count("user") > 1 for prompt in bundled()) >= 12
    assert sum(roles(prompt)[0] == "system" for prompt in bundled()) >= 2


def test_every_line_has_one_shape() -> None:
    for prompt in bundled():
        assert list(prompt) == ["id", "messages", "slices", "source", "licence"]
        assert set(prompt["slices"]) == {"language", "topic", "risk"}
        assert (prompt["source"], prompt["licence"]) == ("tiebreak-demo", "CC0-1.0")
        assert all(list(message) == ["role", "content"] and message["content"].strip() for message in prompt["messages"])


def test_turns_alternate_and_end_with_the_user() -> None:
    for prompt in bundled():
        turns = [role for role in roles(prompt) if role != "system"]
        assert turns == ["user", "assistant"] * (len(turns) // 2) + ["user"]
        assert "system" not in roles(prompt)[1:]


def test_no_prompt_and_no_name_comes_twice() -> None:
    assert len({families.family_key(prompt["messages"]) for prompt in bundled()}) == len(bundled())
    assert len({prompt["id"] for prompt in bundled()}) == len(bundled())
