"""The engine of the tests: text made from seed and prompt, and trouble on demand. No page or command offers it."""

import hashlib
import os
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from policies.engines.base import Answer, Ask, EngineError, Heartbeat, Refused, answered

WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath", "inlet", "jetty", "knoll", "larch", "marsh", "north", "ocean", "plain")
LEAST_WORDS = 5

# Written into a prompt, these make trouble.
CRASH = "[[crash]]"
"""The process is killed, as by the kernel."""

HANG = "[[hang]]"
"""Nothing moves any more, and the heart does not beat."""

SLOW = "[[slow]]"
"""Each step takes a second."""

REFUSE = "[[refuse]]"
"""Refused for good."""

FALTER = "[[falter]]"
"""Refused for now."""

BREAK = "[[break]]"
"""The whole engine fails."""

EMPTY = "[[empty]]"
"""An answer without a word."""


@dataclass(frozen=True)
class EchoEngine:
    """Answers one ask after the other, a word a step. `pace`: seconds a step takes."""

    pace: float = 0.0

    def facts(self) -> dict[str, Any]:
        return {"engine": "echo", "weights_sha256": "", "template_sha256": "", "device": "none", "dtype": ""}

    def answer(self, asks: Sequence[Ask], on_step: Heartbeat) -> Iterator[Answer | Refused]:
        for ask in asks:
            yield self._answer(ask, on_step)

    def _answer(self, ask: Ask, on_step: Heartbeat) -> Answer | Refused:
        prompt = "\n".join(message["content"] for message in ask.conversation())
        if trouble := _trouble(ask, prompt):
            return trouble
        words = [] if EMPTY in prompt else _words(ask, prompt)
        said = words[: ask.sampling.max_new_tokens]
        for _ in said:
            time.sleep(1.0 if SLOW in prompt else self.pace)
            on_step()
        return answered(
            key=ask.key,
            text=" ".join(said),
            token_ids=[WORDS.index(word) for word in said],
            finish_reason="stop" if said == words else "length",
            prompt_tokens=len(prompt.split()),
        )


def _trouble(ask: Ask, prompt: str) -> Refused | None:
    if CRASH in prompt:
        os.kill(os.getpid(), signal.SIGKILL)
    while HANG in prompt:
        time.sleep(1.0)
    if BREAK in prompt:
        raise EngineError("the prompt told the engine to break")
    if REFUSE in prompt or FALTER in prompt:
        return Refused(ask.key, "the prompt told the engine to refuse", final=REFUSE in prompt)
    return None


def _words(ask: Ask, prompt: str) -> list[str]:
    digest = hashlib.sha256(f"{ask.seed}\0{prompt}".encode()).digest()
    return [WORDS[byte % len(WORDS)] for byte in digest[: LEAST_WORDS + digest[-1] % 20]]
