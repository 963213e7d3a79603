"""What a line of a version's files looks like: canonical JSON, one schema a file, in the layout that trainers read."""

from __future__ import annotations

import hmac
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

STANDINGS = ("agreed", "adjudicated")
SIDES = ("a", "b")
SIGNS = {"a": -1, "tie": 0, "b": 1}
"""Each verdict, with the sign that a preference for it has."""

STRONGEST = 3


class FormatError(ValueError):
    """Something that must not be written: trainers would stop at it, or learn something wrong from it in silence."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """(x, y_w, y_l) and where it came from. Raises FormatError when it could not be trained on.

    `messages` is x, as (role, content). `margin` is the mean preference of the labels that count, or the adjudicator's, turned so
    that positive is towards `chosen`: -3 to 3, below 0 where a majority leaned one way and a strong minority the other. A bare verdict
    counts as one step, as in the votes file; `strengths_counted` says of how many of these judgments a strength was given: with 0 the
    margin tells no more than the verdicts do.
    `verdict` is `a` where chosen is the pair's A, else `b`, so that the votes can be held against the row. `labels_counted` are
    the labels that the standing rests on; policies read name@revision.
    """

    pair_id: str
    prompt_id: str
    family: str
    campaign: str
    split: str
    messages: tuple[tuple[str, str], ...]
    chosen: str
    rejected: str
    margin: float
    strengths_counted: int
    verdict: str
    standing: str
    labels_counted: int
    chosen_policy: str
    rejected_policy: str
    rubric_version: str
    slices: Mapping[str, str]
    source: str
    licence: str

    def __post_init__(self) -> None:
        refuse_unless(bool(self.messages) and self.messages[-1][0] == "user", self.pair_id, "its prompt does not end with a user's turn")
        refuse_unless(bool(self.chosen.strip() and self.rejected.strip()), self.pair_id, "one of its sides is empty")
        refuse_unless(self.chosen != self.rejected, self.pair_id, "its sides are equal")
        refuse_unless(math.isfinite(self.margin) and abs(self.margin) <= STRONGEST, self.pair_id, f"its margin is {self.margin}, not within -3 and 3")
        refuse_unless(self.verdict in SIDES, self.pair_id, f"its verdict is {self.verdict!r}, which chooses no side")
        refuse_unless(self.standing in STANDINGS, self.pair_id, f"its standing is {self.standing!r}, not {' or '.join(STANDINGS)}")


@dataclass(frozen=True, kw_only=True)
class Vote:
    """One counted label. `labeler` is a pseudonym, `preference` is None where only a verdict was given, `labeled_at` knows its time zone.

    Raises FormatError where preference and verdict, or both bad and verdict, contradict each other.
    """

    pair_id: str
    labeler: str
    verdict: str
    preference: int | None
    both_bad: bool
    rubric_version: str
    kind: str
    source: str
    labeled_at: datetime

    def __post_init__(self) -> None:
        refuse_unless(self.verdict in SIGNS, self.pair_id, f"a label of it says {self.verdict!r}, which is no verdict")
        if self.preference is not None:
            agree = sign(self.preference) == SIGNS[self.verdict] and abs(self.preference) <= STRONGEST
            refuse_unless(agree, self.pair_id, f"a label of it says {self.verdict!r} and {self.preference:+}")
        refuse_unless(self.verdict == "tie" or not self.both_bad, self.pair_id, "a label of it says both bad and no tie")
        refuse_unless(self.labeled_at.utcoffset() is not None, self.pair_id, "a label of it has a time without a time zone")


def canonical_line(row: Mapping[str, object]) -> bytes:
    r"""Return the row as one line of canonical JSON in UTF-8: sorted keys, no spaces, no escapes beyond what JSON demands, `\n` at the end.

    Equal rows give equal bytes, whatever the hash seed, time zone, locale or order of insertion. Control characters are escaped by JSON, so
    the only line feed is the last byte; U+2028 and its like stand as they are, so a reader must cut at `\n` alone.
    Raises FormatError for a lone surrogate, and for a number that JSON does not know (NaN, infinity).

    >>> canonical_line({"b": "ß\n", "a": [1.0, True]})
    b'{"a":[1.0,true],"b":"\xc3\x9f\\n"}\n'
    """
    return f"{canonical(row)}\n".encode()


def canonical(value: object) -> str:
    """Return the value as canonical JSON; whatever it returns can be written as UTF-8. Raises FormatError."""
    try:
        text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
        text.encode()
    except UnicodeEncodeError as error:
        raise FormatError(f"a lone surrogate, U+{ord(error.object[error.start]):04X}, cannot be written") from None
    except ValueError as error:
        raise FormatError(f"not a number that JSON knows: {error}") from None
    return text


def trl_row(row: Row) -> dict[str, object]:
    """Return the row in TRL's conversational layout with an explicit prompt, and its lineage beside it.

    TRL trains on `prompt`, `chosen` and `rejected` and passes over the rest (its reward trainer reads `margin`). Columns and their types are the same in
    every row, without nulls. `slices` is a JSON object inside a string: as an object its keys would differ from row to row, and a list
    that is empty throughout a file has no type for a reader to find.
    """
    return {
        "prompt": [message(role, content) for role, content in row.messages],
        "chosen": [message("assistant", row.chosen)],
        "rejected": [message("assistant", row.rejected)],
        "pair_id": row.pair_id,
        "prompt_id": row.prompt_id,
        "family": row.family,
        "campaign": row.campaign,
        "split": row.split,
        "margin": float(row.margin) + 0.0,  # -0.0 becomes 0.0
        "strengths_counted": row.strengths_counted,
        "verdict": row.verdict,
        "standing": row.standing,
        "labels_counted": row.labels_counted,
        "chosen_policy": row.chosen_policy,
        "rejected_policy": row.rejected_policy,
        "rubric_version": row.rubric_version,
        "slices": canonical(dict(row.slices)),
        "source": row.source,
        "licence": row.licence,
    }


def vote_row(vote: Vote) -> dict[str, object]:
    """Return the label as a line of the votes file: columns and types the same in every row, without nulls.

    Where only a verdict was given, `preference` is its sign and `strength_given` is false. A zero there would read as a tie.
    Sides are A and B as the pair has them; which of them was chosen in the end is the `verdict` of the row with that `pair_id`.
    """
    return {
        "pair_id": vote.pair_id,
        "labeler": vote.labeler,
        "verdict": vote.verdict,
        "preference": SIGNS[vote.verdict] if vote.preference is None else vote.preference,
        "strength_given": vote.preference is not None,
        "both_bad": vote.both_bad,
        "rubric_version": vote.rubric_version,
        "kind": vote.kind,
        "source": vote.source,
        "labeled_at": timestamp(vote.labeled_at),
    }


def timestamp(moment: datetime) -> str:
    """Return a moment as ISO 8601 in UTC, always with six decimals: without any, `datasets` reads a column of them as another type."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def pseudonym(person: str, *, secret: bytes) -> str:
    """Return a name for a person that is the same in all files written under one secret, and leads nobody without it back to them."""
    return f"labeler-{hmac.digest(secret, person.encode(), 'sha256').hex()[:12]}"


def message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def sign(preference: int) -> int:
    return (preference > 0) - (preference < 0)


def refuse_unless(fine: bool, pair_id: str, why: str) -> None:
    if not fine:
        raise FormatError(f"pair {pair_id} cannot be written: {why}")
