"""Rows with all that is odd, and the files that each layout makes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from exports import formats, packing
from exports.layouts import LAYOUTS, NotTaken
from exports.layouts.layout import Line

PROMPTS: list[Sequence[tuple[str, str]]] = [
    [("user", "Which knot holds?")],
    [("system", "Be brief."), ("user", "A knot?"), ("assistant", "For what?"), ("user", "A boat.")],
    [("user", " Spaces at both ends, and lines after \n\n")],
    [("user", "Tabs\tand\r\nreturns, line\u2028separator, \x7f \u200b \ufeff")],
    [("user", "👩🏽\u200d🔬 e\u0301 is not é, هل أسقي النعناع؟ 漢字 𝔘 ﬁ")],
    [("user", "{{content}} {0} {% raw %} %s \\u0041 </s> <image> <video> <think>no</think>")],
    [("user", "One."), ("user", "Two.")],
    [("assistant", "May I help?"), ("user", "Yes.")],
    [("system", " "), ("user", "null")],
]
SIDES: list[tuple[str, str]] = [
    ("A bowline, tied twice.", "A granny knot will do."),
    (" A space before it.", "A space after it. "),
    ("A line feed after it.\n", "\n\nLine feeds before it."),
    ("\tA tab, a\r\nreturn, a\u2028separator", "A word joiner at its end\u2060"),
    ("No-break spaces at both ends\u00a0", "\u3000An ideographic one at its beginning"),
    ("4", "5"),
    ("No", "Yes"),
    ("user", "assistant"),
    ("# Heading\n\n- one\n- two\n\n```py\nprint('{x}')\n```", "{{content}} {0} %s <image> <audio>"),
    ("<think>I ponder.</think>\n\nA bowline.", "<think></think>A granny."),
    ("漢字 𝔘 ﬁ e\u0301 👩🏽\u200d🔬", "ليس بالضرورة، جرّب غدًا."),
    ("null", "2025-05-25"),
]
VERDICTS = ("a", "b", "tie", "bad")


def rows() -> list[Line]:
    """Every prompt with the first sides, and the first prompt, and one of several turns, with every pair of sides: canonical lines."""
    pairs = [(prompt, SIDES[0]) for prompt in PROMPTS] + [(prompt, sides) for prompt in PROMPTS[:2] for sides in SIDES[1:]]
    return [row(number, prompt, *sides) for number, (prompt, sides) in enumerate(pairs)]


def row(number: int, prompt: Sequence[tuple[str, str]], chosen: str, rejected: str) -> Line:
    made = formats.Row(
        pair_id=f"{number:032x}",
        prompt_id="4",
        family="f" * 64,
        campaign="everyday",
        split="train",
        messages=[formats.message(role, text) for role, text in prompt],
        chosen=chosen,
        rejected=rejected,
        margin=1.5,
        strengths_counted=2,
        p_chosen=0.75,
        verdict="ab"[number % 2],
        standing="agreed",
        rule="strict-majority/1",
        labels_counted=2,
        chosen_policy=f"warm-{number % 3}@0123abcd",
        rejected_policy="cold@0123abcd",
        rubric_version="helpfulness@3",
        slices='{"language":"en","topic":"knots"}',
        source="tiebreak-demo",
        licence="CC0-1.0",
    )
    line: Line = orjson.loads(formats.line(formats.trl_row(made)))
    return line


def votes(line: Line) -> list[Line]:
    """Four votes of each kind for every fourth row, else two for what was chosen."""
    number = int(line["pair_id"], 16)
    said = VERDICTS if number % 4 == 0 else (line["verdict"], line["verdict"])
    return [vote(line, who, verdict) for who, verdict in enumerate(said)]


def vote(line: Line, who: int, verdict: str) -> Line:
    is_tie = verdict in ("tie", "bad")
    return {
        "pair_id": line["pair_id"],
        "labeler": f"labeler-{who}",
        "verdict": "tie" if is_tie else verdict,
        "preference": 0 if is_tie else -1 if verdict == "a" else 1,
        "strength_given": True,
        "both_bad": verdict == "bad",
        "labeled_at": f"2025-05-25T14:02:0{who}.000000Z",
    }


def taken(layout: str) -> tuple[list[Line], Counter[str]]:
    """Return the canonical rows that a layout takes, and those it leaves out by reason."""
    kept, left_out = [], Counter[str]()
    for line in rows():
        try:
            list(LAYOUTS[layout].convert(line, votes(line)))
        except NotTaken as reason:
            left_out[str(reason)] += 1
        else:
            kept.append(line)
    return kept, left_out


def write(layout: str, kind: str, folder: Path) -> Path:
    """Write the layout's file of the rows, as the product packs it, with what stands beside it; return the file."""
    converted = LAYOUTS[layout]
    lines = [formats.line(made) for line in taken(layout)[0] for made in converted.convert(line, votes(line))]
    packed = packing.Packed(folder / f"{layout}.train.{kind}", kind)
    packed.add(lines)
    packed.close()
    names = {"train": f"{layout}.train.{kind}"}
    for name, content in (converted.beside(names) if converted.beside else {}).items():
        (folder / name).write_bytes(formats.canonical_line(content))
    return folder / names["train"]


def texts(line: Line) -> dict[str, Any]:
    """Return what a trainer must find of a row."""
    return {"prompt": line["prompt"], "chosen": line["chosen"][0]["content"], "rejected": line["rejected"][0]["content"]}
