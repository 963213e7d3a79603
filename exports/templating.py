"""A row as a trainer sees it: the chat template of a local tokenizer applied, tokens counted, the prompt's masked.

Loads no weights and runs no code of the model's.

What TRL does (1.16, `DPOTrainer`): the prompt is rendered with the marks that begin an answer, prompt and answer are rendered together, and
what follows the prompt's tokens is learned.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

from jinja2 import TemplateError
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer

from accounts.marking import Worded, marked

LARGEST_FILE = 64 * 2**20
TOKENIZER, CONFIG, TEMPLATE = "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"

Messages = Sequence[Mapping[str, str]]


class NotATokenizer(Worded):
    """Why a folder cannot be asked."""


class NotRendered(Worded):
    """Why the template refuses a row."""


@dataclass(frozen=True)
class Side:
    """Prompt and one answer in tokens. `is_prefix` is False where both rendered together begin otherwise than the prompt alone: TRL masks the wrong tokens."""

    prompt: tuple[int, ...]
    answer: tuple[int, ...]
    is_prefix: bool

    @property
    def length(self) -> int:
        return len(self.prompt) + len(self.answer)

    def lost(self, max_length: int) -> int:
        """Return how many tokens of the answer a trainer cuts off at that length, its end first."""
        return min(max(self.length - max_length, 0), len(self.answer))

    def drops(self, max_length: int) -> bool:
        """Say whether nothing of the answer is left at that length."""
        return len(self.prompt) >= max_length


@dataclass(frozen=True)
class ChatTokenizer:
    """A tokenizer and its chat template, from a folder that the operator named."""

    tokenizer: Tokenizer
    template: str
    marks: Mapping[str, str]

    @cached_property
    def compiled(self) -> Any:
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])  # noqa: S701 - no page is made of it
        environment.globals["raise_exception"] = refuse
        environment.filters["tojson"] = to_json
        return environment.from_string(self.template)

    def render(self, messages: Messages, *, begins_answer: bool = False) -> str:
        """Return the text that the tokenizer is given. Raises NotRendered."""
        try:
            return str(self.compiled.render(messages=messages, add_generation_prompt=begins_answer, **self.marks))
        except (TemplateError, NotRendered, TypeError, ValueError) as error:
            raise NotRendered(marked("the chat template refuses it: {error}"), error=error) from error

    def encode(self, text: str) -> tuple[int, ...]:
        return tuple(self.tokenizer.encode(text, add_special_tokens=False).ids)

    def side(self, prompt: Messages, answer: str) -> Side:
        """Return prompt and answer in tokens as a DPO trainer splits them. Raises NotRendered."""
        asked = self.encode(self.render(prompt, begins_answer=True))
        whole = self.encode(self.render([*prompt, {"role": "assistant", "content": answer}]))
        return Side(whole[: len(asked)], whole[len(asked) :], whole[: len(asked)] == asked)

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """Return tokens as people can read them, one by one."""
        return [self.tokenizer.decode([token], skip_special_tokens=False) for token in ids]


def refuse(message: str) -> NoReturn:
    """What templates call `raise_exception`."""
    raise NotRendered("{message}", message=message)


def to_json(value: object, indent: int | None = None) -> str:
    """The filter as transformers has it: no HTML escapes."""
    return json.dumps(value, ensure_ascii=False, indent=indent)


def load(folder: Path) -> ChatTokenizer:
    """Read a tokenizer and its chat template. Raises NotATokenizer."""
    config = read_config(folder)
    template = (folder / TEMPLATE).read_text(encoding="utf-8") if is_small_file(folder / TEMPLATE) else config.get("chat_template")
    if not isinstance(template, str) or not template:
        raise NotATokenizer(marked("{folder} has no chat template: {file}, or chat_template in {other}"), folder=folder.name, file=TEMPLATE, other=CONFIG)
    if not is_small_file(folder / TOKENIZER):
        raise NotATokenizer(marked("{folder} has no {file} that can be read"), folder=folder.name, file=TOKENIZER)
    try:
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    except Exception as error:  # the library raises bare Exception for whatever it cannot read
        raise NotATokenizer(marked("{file} cannot be read: {error}"), file=f"{folder.name}/{TOKENIZER}", error=error) from error
    return ChatTokenizer(tokenizer, template, marks_of(config))


def read_config(folder: Path) -> dict[str, Any]:
    if not is_small_file(folder / CONFIG):
        return {}
    try:
        config = json.loads((folder / CONFIG).read_bytes())
    except ValueError as error:
        raise NotATokenizer(marked("{file} is no JSON"), file=f"{folder.name}/{CONFIG}") from error
    return config if isinstance(config, dict) else {}


def marks_of(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the special tokens that templates name: bos_token, eos_token and the like."""
    named = {name: value.get("content") if isinstance(value, dict) else value for name, value in config.items() if name.endswith("_token")}
    return {name: value for name, value in named.items() if isinstance(value, str)}


def is_small_file(path: Path) -> bool:
    return path.is_file() and path.stat().st_size <= LARGEST_FILE
