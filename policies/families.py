"""Keys of prompts: one that is equal for prompts with the same normalised text, and one that is equal for the same bytes only."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence

Messages = Sequence[Mapping[str, str]]
"""A prompt's turns, each with at least `role` and `content`."""

TURN_ENDS = "\x1e"
ROLE_ENDS = "\x1f"
"""Both count as white space, so no normalised text holds them and two different prompts cannot run into one."""


def family_key(messages: Messages) -> str:
    """Return the key of the family: 64 hex digits, equal for prompts whose normalised text is equal.

    Raises ValueError (UnicodeEncodeError) for a lone surrogate.
    """
    return hashlib.sha256(normalised(messages).encode()).hexdigest()


def normalised(messages: Messages) -> str:
    """Return the prompt's text as families see it: every turn normalised and kept in its place, with its role.

    It makes keys for finding repeats and nothing else; what is shown, asked and exported is the text as imported. Joining too much is
    cheap (two prompts share a split that need not), joining too little leaks from train to test: hence no case, no
    accents' spelling, no width, no invisible characters, and no punctuation at a turn's ends.
    """
    return TURN_ENDS.join(f"{plain(message['role'])}{ROLE_ENDS}{plain(message['content'])}" for message in messages)


def content_hash(messages: Messages) -> str:
    """Return the SHA-256 of the messages as they are, in 64 hex digits: one other byte in any of them gives another hash.

    Hashed is their JSON with sorted keys, no spaces and no escapes beyond what JSON demands. Raises ValueError for a lone surrogate.
    """
    canonical = json.dumps(list(map(dict, messages)), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def plain(text: str) -> str:
    """Return one text without case, compatibility forms, invisible characters, runs of white space, and punctuation at its ends."""
    folded = " ".join(caseless("".join(filter(is_visible, text))).split())
    start, end = 0, len(folded)
    while start < end and is_trimmed(folded[start]):
        start += 1
    while end > start and is_trimmed(folded[end - 1]):
        end -= 1
    return folded[start:end] or folded  # a text of nothing but punctuation is kept


def caseless(text: str) -> str:
    """Return the text's NFKC case folding (Unicode standard, 3.13, D146: folding undoes normal forms, so each is taken twice)."""
    once = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", text).casefold())
    return unicodedata.normalize("NFKC", once.casefold())


def is_visible(character: str) -> bool:
    """Format characters (zero width, direction marks, soft hyphen) are not."""
    return unicodedata.category(character) != "Cf"


def is_trimmed(character: str) -> bool:
    return character == " " or unicodedata.category(character).startswith("P")
