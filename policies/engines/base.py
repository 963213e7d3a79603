"""What every engine takes and gives, in pure Python: sampling, asks, answers, refusals, and the numbers a draw starts from."""

import math
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Protocol, Self

MAX_NEW_TOKENS = 16_384
LEAST_TEMPERATURE = 0.01  # but for 0; the logits are divided by it
MAX_TEMPERATURE = 5.0
MAX_STOPS = 16
MAX_STOP_CHARACTERS = 200
SEEDS = 2**63  # a seed fits PostgreSQL's bigint and torch's int64
MAX_TEXT_BYTES = 64 * 1024

FinishReason = Literal["stop", "length"]
Message = dict[str, str]


class EngineError(Exception):
    """The engine cannot work at all: its model, its endpoint or its settings are at fault, not one prompt."""


class UnsafeModel(EngineError):
    """The model folder could run code, or leads out of where models may lie."""


@dataclass(frozen=True)
class Sampling:
    """How the next token is drawn. Nonsense is refused with a `ValueError` that names the value.

    The logits are divided by the temperature, cut to the `top_k` likeliest (0: all), then to the smallest set that holds
    at least `top_p` of what is left. Tokens that tie with the last one admitted are admitted too, so that no sort order
    matters. A temperature of 0 takes the likeliest token. `seed` is the policy's own: a run makes the seeds of its requests from it.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    max_new_tokens: int = 256
    stop: tuple[str, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        for name, most in (("temperature", MAX_TEMPERATURE), ("top_p", 1.0)):
            _number_within(name, getattr(self, name), 0.0, most)
            object.__setattr__(self, name, float(getattr(self, name)))  # 1 and 1.0 are one sampling, also as JSON
        if 0 < self.temperature < LEAST_TEMPERATURE:
            raise ValueError(f"temperature is {self.temperature}: below {LEAST_TEMPERATURE} it must be 0, which takes the likeliest token")
        if self.top_p == 0:
            raise ValueError("top_p is 0: nothing could be drawn")
        _whole_within("top_k", self.top_k, 0, 2**31 - 1)
        _whole_within("max_new_tokens", self.max_new_tokens, 1, MAX_NEW_TOKENS)
        _whole_within("seed", self.seed, 0, SEEDS - 1)
        _check_stops(self.stop)

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"stop": list(self.stop)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the sampling that `to_json` wrote; what is left out takes its default. Raises `ValueError` for a name that is not known."""
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(data) - known):
            raise ValueError(f"sampling does not know {', '.join(unknown)}; it knows {', '.join(sorted(known))}")
        given = dict(data)
        if isinstance(given.get("stop"), list):
            given["stop"] = tuple(given["stop"])
        return cls(**given)


def _number_within(name: str, value: object, least: float, most: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name} is {value!r}: it must be a number")
    if not least <= value <= most:
        raise ValueError(f"{name} is {value}: it must be from {least:g} to {most:g}")


def _whole_within(name: str, value: object, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{name} is {value!r}: it must be a whole number")
    if not least <= value <= most:
        raise ValueError(f"{name} is {value}: it must be from {least} to {most}")


def _check_stops(stop: object) -> None:
    if not isinstance(stop, tuple) or not all(isinstance(text, str) for text in stop):
        raise ValueError(f"stop is {stop!r}: it must be texts")
    if len(stop) > MAX_STOPS:
        raise ValueError(f"stop holds {len(stop)} texts: at most {MAX_STOPS}")
    for text in stop:
        if not 0 < len(text) <= MAX_STOP_CHARACTERS:
            raise ValueError(f"stop holds a text of {len(text)} characters: it must be from 1 to {MAX_STOP_CHARACTERS}")


@dataclass(frozen=True)
class Ask:
    """One prompt to be answered once. `key` comes back with the answer; `seed`, the request's own, decides its noise."""

    key: Hashable
    messages: Sequence[Message]
    sampling: Sampling
    seed: int
    system_prompt: str = ""

    def __post_init__(self) -> None:
        _whole_within("seed", self.seed, 0, SEEDS - 1)
        if not self.messages:
            raise ValueError("an ask needs at least one message")

    def conversation(self) -> list[Message]:
        """Return the messages as the model is to see them: x as it is, under the policy's system prompt if there is one.

        Where x begins with a system turn of its own, the two become one turn, the policy's words first and a blank line
        between: chat templates take one system turn at the most, and neither text may be lost. x itself is not touched.
        """
        messages = [dict(message) for message in self.messages]
        if not self.system_prompt:
            return messages
        if messages[0]["role"] == "system":
            own = messages.pop(0)["content"]
            return [{"role": "system", "content": f"{self.system_prompt}\n\n{own}"}, *messages]
        return [{"role": "system", "content": self.system_prompt}, *messages]


@dataclass(frozen=True)
class Answer:
    """What came back. `text` holds neither special tokens nor the stop text; `token_ids` is everything that was drawn,
    the end token and the stop text included, and is empty where an endpoint does not say."""

    key: Hashable
    text: str
    token_ids: list[int]
    finish_reason: FinishReason
    prompt_tokens: int


@dataclass(frozen=True)
class Refused:
    """Why there is no answer. `final`: asking again would end the same way."""

    key: Hashable
    reason: str
    final: bool


Heartbeat = Callable[[], None]


class Engine(Protocol):
    """Answers asks with one model."""

    def facts(self) -> dict[str, Any]:
        """Return what a response's lineage must hold: hashes of weights and chat template, versions, device, number format."""
        ...

    def answer(self, asks: Sequence[Ask], on_step: Heartbeat) -> Iterator[Answer | Refused]:
        """Yield one answer or refusal for each ask, each as soon as it is there, in any order.

        `on_step` is called whenever the model has moved on; when it is silent, nothing moves. Raises `EngineError`.
        """
        ...


def answered(*, key: Hashable, text: str, token_ids: list[int], finish_reason: FinishReason, prompt_tokens: int) -> Answer | Refused:
    """Return the answer, or why it cannot be kept: a response is stored byte for byte or not at all.

    A text above 64 KiB is cut at a character's end and counts as cut (`length`).
    """
    if "\0" in text:
        return Refused(key, "the response holds a NUL character, which no text column can hold", final=True)
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        return Refused(key, "the response holds half a character (a lone surrogate)", final=True)
    if len(encoded) > MAX_TEXT_BYTES:
        text, finish_reason = encoded[:MAX_TEXT_BYTES].decode(errors="ignore"), "length"
    return Answer(key, text, token_ids, finish_reason, prompt_tokens)


# Noise. Token t of step s of the request with seed r gets u = splitmix64's output t of a stream that starts at stream_start(r, s),
# as a number within (0, 1), and the token with the largest logit - ln(-ln u) is drawn: a draw from the softmax (Gumbel's trick). It
# needs no state and no other row of the batch, and integer arithmetic is the same on every device.
# splitmix64: Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014), with Vigna's constants.
GOLDEN = 0x9E3779B97F4A7C15
MIX_1 = 0xBF58476D1CE4E5B9
MIX_2 = 0x94D049BB133111EB
_64_BITS = 2**64 - 1


def mix64(value: int) -> int:
    """Return splitmix64's finaliser of a 64-bit number: each bit of it depends on each bit of `value`."""
    value = ((value ^ (value >> 30)) * MIX_1) & _64_BITS
    value = ((value ^ (value >> 27)) * MIX_2) & _64_BITS
    return value ^ (value >> 31)


def stream_start(seed: int, step: int) -> int:
    """Return where the noise of one step of one request starts, as an unsigned 64-bit number; `step` counts its tokens from 0."""
    return mix64(mix64((seed + GOLDEN) & _64_BITS) + step * GOLDEN & _64_BITS)


def signed64(value: int) -> int:
    """Return the same 64 bits read as a signed number, which is what torch's int64 holds."""
    return value - 2**64 if value >= 2**63 else value
