"""The shape of a pair in a file: one JSON object a line, with what was said of it elsewhere."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from labeling.models import GoldItem, Verdict
from labeling.models.label import verdict_of
from labeling.ranks import HIGHEST_PRIORITY, USUAL_PRIORITY
from policies.conversations import read_messages, read_slices, read_word
from policies.families import content_hash
from policies.jsonl import Refused, check_keys, check_text, key_of, kind_of, shown, the_key_of

MOST_LABELS = 1000
MAX_RATIONALE_BYTES = 2**16

RESPONSE, LABEL = gettext_lazy("response {place}"), gettext_lazy("label {place}")


PairKey = tuple[str, frozenset[tuple[str, str]]]
"""Hash of the prompt's content; policy and hash of the text on either side. A pair and its mirror image have one key."""


@dataclass(frozen=True)
class Side:
    policy: str
    text: str

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True)
class GivenGold:
    """A verdict that is known, why the item exists, what it may be used for, and when somebody should look again."""

    verdict: str
    why: str
    use: str
    difficulty: str
    refresh_on: date | None


@dataclass(frozen=True)
class GivenLabel:
    """A judgment made elsewhere. `labeled_at` None: nobody knows when."""

    labeler: str
    verdict: str
    preference: int | None
    both_bad: bool
    rationale: str
    labeled_at: datetime | None


@dataclass(frozen=True)
class PairLine:
    """A good line. The first response is A."""

    number: int
    external_id: str
    messages: list[dict[str, str]]
    a: Side
    b: Side
    slices: dict[str, str]
    priority: int
    gold: GivenGold | None
    labels: list[GivenLabel]

    @cached_property
    def content_sha256(self) -> str:
        return content_hash(self.messages)

    @cached_property
    def key(self) -> PairKey:
        return self.content_sha256, frozenset({(self.a.policy, self.a.sha256), (self.b.policy, self.b.sha256)})

    @property
    def size(self) -> int:
        """Characters of its texts, more or less: what a batch is bounded by."""
        return len(self.a.text) + len(self.b.text) + sum(len(turn["content"]) for turn in self.messages)


def read_pair(number: int, read: dict[str, Any]) -> PairLine:
    """Return the pair that a line's object stands for. Raises Refused."""
    check_keys(read, known=("id", "prompt", "responses", "slices", "priority", "gold", "labels"), needed=("id", "prompt", "responses"))
    a, b = read_responses(read["responses"])
    external_id = read_word(read, "id", at_most=200)
    if not external_id:
        raise Refused(_("id is null: each pair needs one"))
    return PairLine(
        number=number,
        external_id=external_id,
        messages=read_messages(read["prompt"]),
        a=a,
        b=b,
        slices=read_slices(read.get("slices") or {}),
        priority=read_priority(read.get("priority")),
        gold=read_gold(read["gold"]) if read.get("gold") is not None else None,
        labels=read_labels(read.get("labels") or []),
    )


def read_responses(value: object) -> tuple[Side, Side]:
    if not isinstance(value, list):
        raise Refused(_("responses is {kind}, not a list of two").format(kind=kind_of(value)))
    if len(value) != 2:
        raise Refused(_("responses holds {n}: a pair has two").format(n=len(value)))
    a, b = (read_side(side, what=format_lazy(RESPONSE, place=place)) for place, side in enumerate(value, start=1))
    return a, b


def read_side(value: object, *, what: object) -> Side:
    if not isinstance(value, dict):
        raise Refused(_("{what} is {kind}, not an object with policy and text").format(what=what, kind=kind_of(value)))
    check_keys(value, known=("policy", "text"), needed=("policy", "text"), what=what)
    check_text(value["policy"], what=the_key_of("policy", what), at_most=120)
    check_text(value["text"], what=the_key_of("text", what), may_be_empty=True)
    return Side(value["policy"], value["text"])


def read_priority(value: object) -> int:
    if value is None:
        return USUAL_PRIORITY
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= HIGHEST_PRIORITY:
        said = _("priority is {value}: it must be a whole number from 0 to {most}")
        raise Refused(said.format(value=shown(value), most=HIGHEST_PRIORITY))
    return value


def read_gold(value: object) -> GivenGold:
    if not isinstance(value, dict):
        raise Refused(_("gold is {kind}, not an object with verdict and why").format(kind=kind_of(value)))
    check_keys(value, known=("verdict", "why", "use", "difficulty", "refresh_on"), needed=("verdict", "why"), what="gold")
    check_text(value["why"], what=key_of("why", "gold"), at_most=MAX_RATIONALE_BYTES)
    return GivenGold(
        verdict=read_verdict(value["verdict"], what=the_key_of("verdict", "gold")),
        why=value["why"],
        use=read_one_of(value.get("use"), GoldItem.Use.values, usual=GoldItem.Use.BOTH, what=key_of("use", "gold")),
        difficulty=read_one_of(value.get("difficulty"), GoldItem.Difficulty.values, usual=GoldItem.Difficulty.EASY, what=key_of("difficulty", "gold")),
        refresh_on=read_date(value.get("refresh_on"), what=key_of("refresh_on", "gold")),
    )


def read_one_of(value: object, known: list[str], *, usual: str, what: object) -> str:
    if value is None:
        return usual
    if value not in known:
        said = _("{what} is {value}: it must be {known} or {last}")
        raise Refused(said.format(what=what, value=shown(value), known=", ".join(known[:-1]), last=known[-1]))
    return str(value)


def read_date(value: object, *, what: object) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value)  # type: ignore[arg-type]  # other kinds raise TypeError
    except (TypeError, ValueError):
        raise Refused(_("{what} is {value}: write it as {example}").format(what=what, value=shown(value), example="2027-05-25")) from None


def read_labels(value: object) -> list[GivenLabel]:
    if not isinstance(value, list):
        raise Refused(_("labels is {kind}, not a list").format(kind=kind_of(value)))
    if len(value) > MOST_LABELS:
        raise Refused(_("labels holds {n}; at most {most} are taken").format(n=len(value), most=MOST_LABELS))
    labels = [read_label(label, what=format_lazy(LABEL, place=place)) for place, label in enumerate(value, start=1)]
    names = [label.labeler for label in labels]
    if twice := [name for name in names if names.count(name) > 1]:
        raise Refused(_("labeler {name} labels the pair twice: one label each").format(name=shown(twice[0])))
    return labels


def read_label(value: object, *, what: object) -> GivenLabel:
    if not isinstance(value, dict):
        raise Refused(_("{what} is {kind}, not an object").format(what=what, kind=kind_of(value)))
    check_keys(value, known=("labeler", "preference", "verdict", "both_bad", "rationale", "labeled_at"), needed=("labeler",), what=what)
    preference = read_preference(value.get("preference"), what=key_of("preference", what))
    verdict = read_verdict_of(value, preference, what=what)
    both_bad = value.get("both_bad") or False
    if not isinstance(both_bad, bool):
        raise Refused(_("{what} is {kind}, not true or false").format(what=key_of("both_bad", what), kind=kind_of(both_bad)))
    if both_bad and verdict != Verdict.TIE:
        raise Refused(_("{what} says both bad and prefers one: both bad is a tie").format(what=what))
    rationale = value.get("rationale") or ""
    check_text(rationale, what=key_of("rationale", what), at_most=MAX_RATIONALE_BYTES, may_be_empty=True)
    labeler = read_labeler(value["labeler"], what=the_key_of("labeler", what))
    return GivenLabel(labeler, verdict, preference, both_bad, rationale, read_time(value.get("labeled_at"), what=key_of("labeled_at", what)))


def read_verdict_of(label: dict[str, Any], preference: int | None, *, what: object) -> str:
    """Return a label's verdict: the one it names, the sign of its preference, or both where they agree."""
    named = None if label.get("verdict") is None else read_verdict(label["verdict"], what=the_key_of("verdict", what))
    if preference is None:
        if named is None:
            raise Refused(_("{what} says nothing: give preference (-3 to 3) or verdict (a, b or tie)").format(what=what))
        return named
    if named not in (None, verdict_of(preference)):
        said = _("{what} contradicts itself: preference {preference} is verdict {verdict}, not {named}")
        raise Refused(said.format(what=what, preference=preference, verdict=verdict_of(preference), named=named))
    return verdict_of(preference)


def read_verdict(value: object, *, what: object) -> str:
    if value not in Verdict.values:
        raise Refused(_("{what} is {value}: it must be a, b or tie").format(what=what, value=shown(value)))
    return str(value)


def read_preference(value: object, *, what: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not -3 <= value <= 3:
        said = _("{what} is {value}: it must be a whole number from -3 (A much better) to 3 (B much better)")
        raise Refused(said.format(what=what, value=shown(value)))
    return value


def read_labeler(value: object, *, what: object) -> str:
    """Return the name under which the labels are kept. It is a name among people's here, so it is normalised as theirs are."""
    check_text(value, what=what, at_most=150)
    name = User.normalize_username(str(value)).strip()
    if not name.isprintable() or len(name) > 150:
        said = _("{what} is {value}: a name is at most 150 characters, without line breaks or characters that cannot be seen")
        raise Refused(said.format(what=what, value=shown(value)))
    return name


def read_time(value: object, *, what: object) -> datetime | None:
    """Return a time. One without an offset is UTC."""
    if value is None:
        return None
    try:
        time = datetime.fromisoformat(value)  # type: ignore[arg-type]  # other kinds raise TypeError
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise Refused(_("{what} is {value}: write it as {example}").format(what=what, value=shown(value), example="2026-05-25T14:02:00Z")) from None
