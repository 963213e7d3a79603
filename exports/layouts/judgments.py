"""The votes in shapes that others publish them in: HelpSteer3's rows with individual preferences, and the battles of an arena."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from accounts.marking import marked
from exports.layouts.layout import Layout, Line

OTHER = {"chosen": "rejected", "rejected": "chosen"}


def side_a(row: Line) -> str:
    return "chosen" if row["verdict"] == "a" else "rejected"


def helpsteer3(row: Line, votes: Sequence[Line]) -> Iterator[Line]:
    """One line a row. -3: the first response is much better; 3: the second. The overall one is to the verdict's side, by the rounded margin, at least 1."""
    first, slices = side_a(row), json.loads(row["slices"])
    strength = max(1, int(max(row["margin"], 0) + 0.5))
    yield {
        "domain": slices.get("topic", ""),
        "language": slices.get("language", ""),
        "context": row["prompt"],
        "response1": row[first][0]["content"],
        "response2": row[OTHER[first]][0]["content"],
        "overall_preference": -strength if row["verdict"] == "a" else strength,
        "individual_preference": [{"score": vote["preference"], "strength_given": vote["strength_given"], "labeler": vote["labeler"]} for vote in votes],
        "pair_id": row["pair_id"],
    }


def arena(row: Line, votes: Sequence[Line]) -> Iterator[Line]:
    """One battle a vote, as Chatbot Arena published its conversations; `judge` is a pseudonym, `tstamp` seconds since 1970."""
    first = side_a(row)
    for vote in votes:
        yield {
            "question_id": row["pair_id"],
            "model_a": row[f"{first}_policy"],
            "model_b": row[f"{OTHER[first]}_policy"],
            "winner": winner(vote),
            "judge": vote["labeler"],
            "conversation_a": [*row["prompt"], *row[first]],
            "conversation_b": [*row["prompt"], *row[OTHER[first]]],
            "turn": sum(turn["role"] == "user" for turn in row["prompt"]),
            "anony": True,
            "language": json.loads(row["slices"]).get("language", ""),
            "tstamp": datetime.fromisoformat(vote["labeled_at"]).timestamp(),
        }


def winner(vote: Line) -> str:
    if vote["verdict"] == "tie":
        return "tie (bothbad)" if vote["both_bad"] else "tie"
    return f"model_{vote['verdict']}"


def helpsteer3_block(names: Mapping[str, str]) -> str:
    return f"""\
from datasets import load_dataset

rows = load_dataset("{kind(names)}", data_files={dict(names)})
strong = rows.filter(lambda row: abs(row["overall_preference"]) >= 2)
"""


def arena_block(names: Mapping[str, str]) -> str:
    return f"""\
from datasets import load_dataset

battles = load_dataset("{kind(names)}", data_files={dict(names)}, split="{next(iter(names), "train")}")
wins = battles.to_pandas().groupby(["model_a", "model_b", "winner"]).size()
"""


def kind(names: Mapping[str, str]) -> str:
    return "parquet" if any(name.endswith(".parquet") for name in names.values()) else "json"


LAYOUTS = [
    Layout(
        name="helpsteer3",
        title=marked("Votes in the shape of HelpSteer3"),
        objective=marked("reward model"),
        version=1,
        convert=helpsteer3,
        block=helpsteer3_block,
        language="python",
        needs_votes=True,
    ),
    Layout(
        name="arena",
        title=marked("Battles, as an arena publishes them"),
        objective=marked("ratings"),
        version=1,
        convert=arena,
        block=arena_block,
        language="python",
        needs_votes=True,
    ),
]
