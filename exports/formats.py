"""What a line of a version's files looks like: canonical JSON, one schema a file, in the layout that trainers read."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import orjson

from accounts.marking import Worded, marked

STANDINGS = ("agreed", "adjudicated")
SIDES = ("a", "b")
SIGNS = {"a": -1, "tie": 0, "b": 1}
"""Each verdict, with the sign that a preference for it has."""

STRONGEST = 3

MOMENT = "2026-05-25T14:02:00.000000Z"
"""How a moment is written: ISO 8601 in UTC, always with six decimals. Without any, `datasets` reads a column of them as another type."""


class FormatError(Worded):
    """Something that must not be written: trainers would stop at it, or learn something wrong from it in silence."""


class Row(NamedTuple):
    """(x, y_w, y_l) and where it came from.

    `messages` is x. `margin` is the mean preference of the labels that count, or the adjudicator's, turned so
    that positive is towards `chosen`: -3 to 3, below 0 where a majority leaned one way and a strong minority the other. A bare verdict
    counts as one step, as in the votes file; `strengths_counted` says of how many of these judgments a strength was given: with 0 the
    margin tells no more than the verdicts do. `p_chosen` is the chance that one more judge would choose `chosen` too.
    `verdict` is `a` where chosen is the pair's A, else `b`, so that the votes can be held against the row. `labels_counted` are
    the labels that the standing rests on; `rule` is what settled it; policies read name@revision; `slices` is canonical JSON.
    """

    pair_id: str
    prompt_id: str
    family: str
    campaign: str
    split: str
    messages: Sequence[Mapping[str, str]]
    chosen: str
    rejected: str
    margin: float
    strengths_counted: int
    p_chosen: float
    verdict: str
    standing: str
    rule: str
    labels_counted: int
    chosen_policy: str
    rejected_policy: str
    rubric_version: str
    slices: str
    source: str
    licence: str


class Vote(NamedTuple):
    """One counted label. `labeler` is a pseudonym, `preference` is None where only a verdict was given, `labeled_at` is a moment in UTC as `MOMENT` has it.

    `strategy` and `planned_share` are of the place that served the label: the order in which its campaign handed places out ("" where it
    was handed out at once, or not here), and the percent of pairs that were to get such a place.
    """

    pair_id: str
    labeler: str
    verdict: str
    preference: int | None
    both_bad: bool
    rubric_version: str
    kind: str
    source: str
    labeled_at: str
    strategy: str
    planned_share: int


class Origin(NamedTuple):
    """How one response came about: who was asked, how, on what machine. `sampling` and `facts` (what the engine said of itself) are canonical JSON.

    `seed` is empty and `token_ids` None where they are not known, as of imported texts.
    """

    policy: str
    weights_sha256: str
    template_sha256: str
    system_prompt_sha256: str
    sampling: str
    facts: str
    seed: str
    finish_reason: str
    token_ids: Sequence[int] | None


def refuse_row(row: Row) -> None:
    """Raise FormatError where a row could not be trained on."""
    if why := fault_of_row(row):
        raise FormatError(marked("pair {pair} cannot be written: {why}"), pair=row.pair_id, why=why)


def fault_of_row(row: Row) -> str:
    if not row.messages or row.messages[-1]["role"] != "user":
        return marked("its prompt does not end with a user's turn")
    if is_blank(row.chosen) or is_blank(row.rejected):
        return marked("one of its sides is empty")
    if row.chosen == row.rejected:
        return marked("its sides are equal")
    if not -STRONGEST <= row.margin <= STRONGEST:
        return marked("its margin is not within -3 and 3")
    if row.verdict not in SIDES:
        return marked("its verdict chooses no side")
    return "" if row.standing in STANDINGS else marked("its standing is not agreed or adjudicated")


def is_blank(text: str) -> bool:
    """Say what `not text.strip()` does, without a copy of the text."""
    return not text or text.isspace()


def refuse_vote(vote: Vote) -> None:
    """Raise FormatError where preference and verdict, or both bad and verdict, contradict each other."""
    if why := fault_of_vote(vote):
        raise FormatError(marked("pair {pair} cannot be written: a label of it {why}"), pair=vote.pair_id, why=why)


def fault_of_vote(vote: Vote) -> str:
    if vote.verdict not in SIGNS:
        return marked("says no verdict")
    preference = vote.preference
    if preference is not None and not (-STRONGEST <= preference <= STRONGEST and sign(preference) == SIGNS[vote.verdict]):
        return marked("says a verdict and the preference of another")
    if vote.both_bad and vote.verdict != "tie":
        return marked("says both bad and no tie")
    is_moment = len(vote.labeled_at) == len(MOMENT) and vote.labeled_at[-1] == "Z"
    return "" if is_moment else marked("has a time that does not read as 2026-05-25T14:02:00.000000Z")


def p_chosen(*, chosen: int, ties: int, judgments: int) -> float:
    """Return the chance that one more judge, of the same people, would choose `chosen` too; a tie is half a vote.

    (chosen + ties / 2 + 1) / (judgments + 2): Laplace's rule of succession, the mean of a Beta distribution that began as even (Laplace 1774;
    Jaynes, Probability Theory, chapter 18). It needs nothing to be fitted, stays within 0 and 1 with few votes, and its complement is what
    conservative DPO takes as label smoothing (Mitchell 2023). A logistic of the margin would need a scale on which steps of
    strength are log-odds, which k = 2 or 3 labels a pair cannot give. An adjudication is one judgment more.

    >>> p_chosen(chosen=2, ties=0, judgments=2), p_chosen(chosen=1, ties=1, judgments=2)
    (0.75, 0.625)
    """
    return (chosen + ties / 2 + 1) / (judgments + 2)


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
        raise FormatError(marked("a lone surrogate, {code}, cannot be written"), code=f"U+{ord(error.object[error.start]):04X}") from None
    except ValueError as error:
        raise FormatError(marked("not a number that JSON knows: {error}"), error=error) from None
    return text


def line(row: Mapping[str, object]) -> bytes:
    """Return what `canonical_line` does, ten times as fast, for texts, whole numbers, truths, and the fractions that a version holds.

    (The two write a number beyond 1e16, or nearer to zero than 1e-4, differently; margins and chances are neither.) Raises FormatError.
    """
    try:
        return orjson.dumps(row, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        return canonical_line(row)  # which says why


def trl_row(row: Row) -> dict[str, object]:
    """Return the row in TRL's conversational layout with an explicit prompt, and its lineage beside it. Raises FormatError.

    TRL trains on `prompt`, `chosen` and `rejected` and passes over the rest (its reward trainer reads `margin`). Columns and their types are the same in
    every row, without nulls. `slices` is a JSON object inside a string: as an object its keys would differ from row to row, and a list
    that is empty throughout a file has no type for a reader to find.
    """
    refuse_row(row)
    return {
        "prompt": row.messages,
        "chosen": [message("assistant", row.chosen)],
        "rejected": [message("assistant", row.rejected)],
        "pair_id": row.pair_id,
        "prompt_id": row.prompt_id,
        "family": row.family,
        "campaign": row.campaign,
        "split": row.split,
        "margin": row.margin + 0.0,  # -0.0 becomes 0.0
        "strengths_counted": row.strengths_counted,
        "p_chosen": row.p_chosen,
        "verdict": row.verdict,
        "standing": row.standing,
        "rule": row.rule,
        "labels_counted": row.labels_counted,
        "chosen_policy": row.chosen_policy,
        "rejected_policy": row.rejected_policy,
        "rubric_version": row.rubric_version,
        "slices": row.slices,
        "source": row.source,
        "licence": row.licence,
    }


def vote_row(vote: Vote) -> dict[str, object]:
    """Return the label as a line of the votes file: columns and types the same in every row, without nulls. Raises FormatError.

    Where only a verdict was given, `preference` is its sign and `strength_given` is false. A zero there would read as a tie.
    Sides are A and B as the pair has them; which of them was chosen in the end is the `verdict` of the row with that `pair_id`.
    """
    refuse_vote(vote)
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
        "labeled_at": vote.labeled_at,
        "strategy": vote.strategy,
        "planned_share": vote.planned_share,
    }


def lineage_row(pair_id: str, chosen: Origin, rejected: Origin) -> dict[str, object]:
    """Return how both responses of a row came about: columns and types the same in every row, without nulls.

    What is not known is an empty text. `sampling` and `token_ids` are JSON inside a string, for the reason that `slices` is.
    """
    return {"pair_id": pair_id, "chosen": origin(chosen), "rejected": origin(rejected)}


def origin(of: Origin) -> dict[str, str]:
    return {
        "policy": of.policy,
        "weights_sha256": of.weights_sha256,
        "template_sha256": of.template_sha256,
        "system_prompt_sha256": of.system_prompt_sha256,
        "sampling": of.sampling,
        "facts": of.facts,
        "seed": of.seed,
        "finish_reason": of.finish_reason,
        "token_ids": "" if of.token_ids is None else canonical(of.token_ids),
    }


def pseudonym(person: str, *, secret: bytes) -> str:
    """Return a name for a person that is the same in all files written under one secret, and leads nobody without it back to them."""
    return f"labeler-{hmac.digest(secret, person.encode(), 'sha256').hex()[:12]}"


def message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def sign(preference: int) -> int:
    return (preference > 0) - (preference < 0)
