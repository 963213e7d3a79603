"""A tokenizer that anybody can work out by hand, byte b is token 3 + b, with one chat template that keeps white space and one that trims it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tokenizers import Tokenizer, decoders, models
from transformers import PreTrainedTokenizerFast

MARKS = ["<pad>", "<|im_start|>", "<|im_end|>"]
CHAT = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ CONTENT }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
TEMPLATES = {"keeps": CHAT.replace("CONTENT", "message['content']"), "trims": CHAT.replace("CONTENT", "message['content'] | trim")}


def tokenizer(template: str) -> PreTrainedTokenizerFast:
    """Return the tokenizer with the template of that name."""
    vocabulary = {mark: number for number, mark in enumerate(MARKS)} | {f"<0x{byte:02X}>": len(MARKS) + byte for byte in range(256)}
    words = Tokenizer(models.BPE(vocab=vocabulary, merges=[], byte_fallback=True))
    words.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    words.add_special_tokens(MARKS)
    return PreTrainedTokenizerFast(tokenizer_object=words, pad_token=MARKS[0], eos_token=MARKS[2], chat_template=TEMPLATES[template])


# What must come of a row, worked out without any of it


def turn(role: str, content: str, template: str) -> str:
    return f"<|im_start|>{role}\n{content.strip() if template == 'trims' else content}<|im_end|>\n"


def conversation(messages: Sequence[dict[str, Any]], template: str) -> str:
    return "".join(turn(message["role"], message["content"], template) for message in messages)


def asked(messages: Sequence[dict[str, Any]], template: str) -> str:
    return conversation(messages, template) + "<|im_start|>assistant\n"


def answer(content: str, template: str) -> str:
    return turn("assistant", content, template).removeprefix("<|im_start|>assistant\n")


def ids(text: str) -> list[int]:
    """Return the tokens of a text with marks in it."""
    found: list[int] = []
    while text:
        mark = next((mark for mark in MARKS if text.startswith(mark)), "")
        found += [MARKS.index(mark)] if mark else [len(MARKS) + byte for byte in text[0].encode()]
        text = text[len(mark) or 1 :]
    return found
