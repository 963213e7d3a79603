"""The shape of x in a file: a conversation that ends with a user's turn, and the slices it is cut by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from policies.jsonl import MAX_TEXT_BYTES, BadText, Refused, check_keys, check_text, kind_of, shown, the_key_of, too_long

ROLES = ("system", "user", "assistant")
MAX_TURNS = 1000
MAX_SLICES = 32
MAX_SLICE_BYTES = 200

TURN, NAME_OF_SLICE, SLICE = gettext_lazy("turn {place} of {what}"), gettext_lazy("a slice's name"), gettext_lazy("slice {name}")


def read_messages(value: object, *, what: str = "prompt") -> list[dict[str, str]]:
    """Return a prompt's messages, byte for byte: text becomes one user's turn, a list is checked turn by turn.

    Turns need not alternate. A system turn may stand first; the last is a user's; all texts together are at most 1 MiB. Raises Refused.
    """
    if isinstance(value, str):
        check_text(value, what=what)
        return [{"role": "user", "content": value}]
    if not isinstance(value, list) or not value:
        said = _("{what} is {kind}: give text, or a list of turns with role and content")
        raise Refused(said.format(what=what, kind=_("an empty list") if value == [] else kind_of(value)))
    if len(value) > MAX_TURNS:
        raise Refused(_("{what} has {n} turns; at most {most} are taken").format(what=what, n=len(value), most=MAX_TURNS))
    turns = [read_turn(turn, what=format_lazy(TURN, place=place, what=what), first=place == 1) for place, turn in enumerate(value, start=1)]
    check_turns(turns, what=what)
    return turns


def check_turns(turns: list[dict[str, str]], *, what: str) -> None:
    """Raise Refused for what is wrong with the turns together."""
    if turns[-1]["role"] != "user":
        raise Refused(_("{what} ends with the turn of {role}: the last turn must be the user's").format(what=what, role=turns[-1]["role"]))
    if (size := sum(len(turn["content"].encode()) for turn in turns)) > MAX_TEXT_BYTES:
        raise BadText(too_long(what, size, at_most=MAX_TEXT_BYTES))


def read_turn(value: object, *, what: object, first: bool) -> dict[str, str]:
    """Return one turn. Raises Refused."""
    if not isinstance(value, dict):
        raise Refused(_("{what} is {kind}, not an object with role and content").format(what=what, kind=kind_of(value)))
    check_keys(value, known=("role", "content"), needed=("role", "content"), what=what)
    if value["role"] not in ROLES:
        raise Refused(_("{what} has the role {role}: it must be system, user or assistant").format(what=what, role=shown(value["role"])))
    if value["role"] == "system" and not first:
        raise Refused(_("{what} is a system turn: only the first may be").format(what=what))
    check_text(value["content"], what=the_key_of("content", what))
    return {"role": value["role"], "content": value["content"]}


def read_slices(value: object) -> dict[str, str]:
    """Return a prompt's slices, a name and a value each. Raises Refused."""
    if not isinstance(value, dict):
        raise Refused(_("slices is {kind}, not an object of texts").format(kind=kind_of(value)))
    if len(value) > MAX_SLICES:
        raise Refused(_("slices holds {n} names; at most {most} are taken").format(n=len(value), most=MAX_SLICES))
    for name, text in value.items():
        check_text(name, what=NAME_OF_SLICE, at_most=MAX_SLICE_BYTES)
        check_text(text, what=format_lazy(SLICE, name=shown(name)), at_most=MAX_SLICE_BYTES)
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
