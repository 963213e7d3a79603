"""The proof that a version trains: what a researcher downloads goes through `datasets` and TRL, and nothing of the texts is lost on the way."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.http import StreamingHttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from exports import converting, publishing
from exports.models import DatasetRow, DatasetVersion
from tests.builders import make_campaign, make_prompt, make_user
from tests.exports.settled import adjudicate, order, settled_pair

PROGRAM = Path(__file__).with_name("train_two_steps.py")
TURN, END, FIRST_BYTE = 1, 2, 3
"""Tokens of the trainer's marks, and the token of byte 0."""

TEXTS = [
    ("Is my dough ruined?", "No: cold only slows yeast down.\n\n1. Wait.\n2. Bake.", "Yes."),
    ("هل أسقي النعناع كل يوم؟", "ليس بالضرورة.", "نعم، مرتين كل يوم."),
    ("Tabs\tand\r\nreturns", " spaces at both ends ", "line\u2028separator \x7f \u200b"),
    ("👩🏽\u200d🔬?", "e\u0301 is not é", '"quotes" \\ and \\u0041, </s>'),
    ("Was ist größer?", "漢字 𝔘", "ﬁ is a ligature"),
]


def tokens(text: str) -> list[int]:
    return [FIRST_BYTE + byte for byte in text.encode()]


def turn(role: str, content: str) -> list[int]:
    return [TURN, *tokens(f"{role}\n{content}"), END]


def conversation(row: DatasetRow) -> list[int]:
    return [token for message in row.prompt.messages for token in turn(message["role"], message["content"])]


# What must be trained on, from the texts as they are stored and were shown.


def as_messages(row: DatasetRow) -> dict[str, list[int]]:
    return {
        "prompt_ids": [*conversation(row), TURN, *tokens("assistant\n")],
        "chosen_ids": [*tokens(row.chosen.text), END],
        "rejected_ids": [*tokens(row.rejected.text), END],
    }


def as_whole(row: DatasetRow) -> dict[str, list[int]]:
    return {f"{side}_ids": [*conversation(row), *turn("assistant", getattr(row, side).text)] for side in ("chosen", "rejected")}


def as_transcript(row: DatasetRow) -> dict[str, list[int]]:
    speakers = {"system": "System", "user": "Human", "assistant": "Assistant"}
    asked = "".join(f"\n\n{speakers[message['role']]}: {message['content']}" for message in row.prompt.messages)
    sides = {f"{side}_ids": [*tokens(f" {getattr(row, side).text}"), END] for side in ("chosen", "rejected")}
    return {"prompt_ids": tokens(f"{asked}\n\nAssistant:"), **sides}


Tokens = Callable[[DatasetRow], dict[str, list[int]]]


@pytest.fixture
def trained_on(any_moment: None, rosa: User, ada: User) -> DatasetVersion:
    """A version of odd texts: A chosen and B chosen by turns, one adjudicated, one with earlier turns."""
    labelers = make_user(), make_user()
    campaign = make_campaign("odd", labelers=labelers)
    for number, (asked, better, worse) in enumerate(TEXTS):
        a, b, preference = (better, worse, -2) if number % 2 else (worse, better, 2)
        settled_pair(campaign, labelers, (preference, preference), prompt=make_prompt(asked), a=a, b=b)
    adjudicate(settled_pair(campaign, labelers, (-3, 3), a="Settled by ada.", b="Not so."), ada, "a", -1)
    conversation = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    settled_pair(campaign, labelers, prompt=make_prompt(messages=[*conversation, {"role": "user", "content": "A knot?"}]), a="A bowline.", b="A granny.")
    return publishing.publish(order(campaign, dataset="odd", by=rosa, shares={"train": 1.0}))


def download(client: Client, version: DatasetVersion, name: str) -> bytes:
    response = client.get(reverse("download-file", args=[version.dataset.name, version.number, name]))
    assert isinstance(response, StreamingHttpResponse)
    return b"".join(response)


def train(kind: str, file: Path, folder: Path) -> dict[str, Any]:
    quiet = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder), "TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": "2"}
    run = subprocess.run([sys.executable, str(PROGRAM), kind, str(file), str(folder)], env=os.environ | quiet, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr[-4000:]
    said: dict[str, Any] = json.loads((folder / "result.json").read_text())
    return said


def converted(version: DatasetVersion, layout: str, kind: str = "jsonl") -> str:
    """Have the version in a layout, and return what the file of its train split is called."""
    asked = converting.ask(version, layout, kind, by=None, at=timezone.now())
    assert converting.convert(asked.pk, at=timezone.now())
    return version.files.get(conversion=asked, split="train").name


@pytest.mark.slow
@pytest.mark.parametrize(
    ("layout", "kind", "trainer", "tokens_of"),
    [
        ("", "jsonl", "DPO", as_messages),
        ("canonical", "parquet", "DPO", as_messages),
        ("trl-text", "jsonl", "DPO", as_transcript),
        ("trl-implicit", "jsonl.gz", "DPO", as_messages),
        ("reward", "jsonl", "Reward", as_whole),
        ("kto", "jsonl", "KTO", as_messages),
    ],
)
def test_a_downloaded_file_trains_on_exactly_what_labelers_saw(
    layout: str, kind: str, trainer: str, tokens_of: Tokens, trained_on: DatasetVersion, client: Client, rosa: User, tmp_path: Path
) -> None:
    client.force_login(rosa)
    name = converted(trained_on, layout, kind) if layout else "train.jsonl"
    file = tmp_path / name
    file.write_bytes(download(client, trained_on, name))
    (tmp_path / "work").mkdir()
    said = train(trainer, file, tmp_path / "work")
    assert len(said["losses"]) == 2
    assert all(math.isfinite(loss) for loss in said["losses"])
    assert sorted(map(str, said["rows"])) == sorted(str(line) for row in trained_on.rows.all() for line in lines_of(row, tokens_of(row), trainer))


def lines_of(row: DatasetRow, tokens: dict[str, list[int]], trainer: str) -> list[dict[str, Any]]:
    """Return what the trainer must have made of a row: one line, for KTO two."""
    asked = {"pair_id": row.key} | {name: tokens[name] for name in ("prompt_ids",) if name in tokens}
    if trainer == "KTO":
        return [asked | {"completion_ids": tokens[f"{side}_ids"], "label": side == "chosen"} for side in ("chosen", "rejected")]
    margin = {"margin": max(row.margin, 0.0)} if trainer == "Reward" else {}
    return [asked | {side: tokens[side] for side in ("chosen_ids", "rejected_ids")} | margin]


def test_the_chosen_side_is_the_one_that_labelers_preferred(trained_on: DatasetVersion) -> None:
    better = {better: worse for _, better, worse in TEXTS} | {"Settled by ada.": "Not so.", "A bowline.": "A granny."}
    assert {row.chosen.text: row.rejected.text for row in trained_on.rows.select_related("chosen", "rejected")} == better
