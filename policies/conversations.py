"""The shape of x in a file: a conversation that ends with a user's turn, and the slices it is cut by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.jsonl import MAX_TEXT_BYTES, BadText, Refused, check_keys, check_text, in_units, kind_of, shown

ROLES = ("system", "user", "assistant")
MAX_TURNS = 1000
MAX_SLICES = 32
MAX_SLICE_BYTES = 200


def read_messages(value: object, *, what: str = "prompt") -> list[dict[str, str]]:
    """Return a prompt's messages, byte for byte: text becomes one user's turn, a list is checked turn by turn.

    Turns need not alternate. A system turn may stand first; the last is a user's; all texts together are at most 1 MiB. Raises Refused.
    """
    if isinstance(value, str):
        check_text(value, what=what)
        return [{"role": "user", "content": value}]
    if not isinstance(value, list) or not value:
        raise Refused(f"{what} is {'an empty list' if value == [] else kind_of(value)}: give text, or a list of turns with role and content")
    if len(value) > MAX_TURNS:
        raise Refused(f"{what} has {len(value)} turns; at most {MAX_TURNS} are taken")
    turns = [read_turn(turn, what=f"turn {place} of {what}", first=place == 1) for place, turn in enumerate(value, start=1)]
    if turns[-1]["role"] != "user":
        raise Refused(f"{what} ends with the turn of {turns[-1]['role']}: the last turn must be the user's")
    if (size := sum(len(turn["content"].encode()) for turn in turns)) > MAX_TEXT_BYTES:
        raise BadText(f"{what} is {in_units(size)} long; at most {in_units(MAX_TEXT_BYTES)} are taken")
    return turns


def read_turn(value: object, *, what: str, first: bool) -> dict[str, str]:
    """Return one turn. Raises Refused."""
    if not isinstance(value, dict):
        raise Refused(f"{what} is {kind_of(value)}, not an object with role and content")
    check_keys(value, known=("role", "content"), needed=("role", "content"), what=what)
    if value["role"] not in ROLES:
        raise Refused(f"{what} has the role {shown(value['role'])}: it must be system, user or assistant")
    if value["role"] == "system" and not first:
        raise Refused(f"{what} is a system turn: only the first may be")
    check_text(value["content"], what=f"the content of {what}")
    return {"role": value["role"], "content": value["content"]}


def read_slices(value: object) -> dict[str, str]:
    """Return a prompt's slices, a name and a value each. Raises Refused."""
    if not isinstance(value, dict):
        raise Refused(f"slices is {kind_of(value)}, not an object of texts")
    if len(value) > MAX_SLICES:
        raise Refused(f"slices holds {len(value)} names; at most {MAX_SLICES} are taken")
    for name, text in value.items():
        check_text(name, what="a slice's name", at_most=MAX_SLICE_BYTES)
        check_text(text, what=f"slice {shown(name)}", at_most=MAX_SLICE_BYTES)
    return dict(value)


def read_word(line: Mapping[str, Any], key: str, *, at_most: int) -> str:
    """Return a short text of a line, empty where it is not given; a whole number counts as its digits. Raises Refused."""
    value = line.get(key)
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    check_text(value, what=key, at_most=at_most)
    return str(value)
