"""The proof that a version trains: what a researcher downloads goes through `datasets` and TRL, and nothing of the texts is lost on the way."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.http import StreamingHttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import User
from exports import publishing
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


def expected(row: DatasetRow) -> dict[str, list[int]]:
    """Return the tokens that must be trained on, from the texts as they are stored and were shown."""
    asked = [token for message in row.prompt.messages for token in turn(message["role"], message["content"])]
    return {
        "prompt_ids": [*asked, TURN, *tokens("assistant\n")],
        "chosen_ids": [*tokens(row.chosen.text), END],
        "rejected_ids": [*tokens(row.rejected.text), END],
    }


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


def train(file: Path, folder: Path) -> dict[str, Any]:
    quiet = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder), "TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": "2"}
    run = subprocess.run([sys.executable, str(PROGRAM), str(file), str(folder)], env=os.environ | quiet, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr[-4000:]
    said: dict[str, Any] = json.loads((folder / "result.json").read_text())
    return said


@pytest.mark.slow
def test_a_downloaded_file_trains_on_exactly_what_labelers_saw(trained_on: DatasetVersion, client: Client, rosa: User, tmp_path: Path) -> None:
    client.force_login(rosa)
    file = tmp_path / "train.jsonl"
    file.write_bytes(download(client, trained_on, "train.jsonl"))
    (tmp_path / "work").mkdir()
    said = train(file, tmp_path / "work")
    assert len(said["losses"]) == 2
    assert all(math.isfinite(loss) for loss in said["losses"])
    seen = {row["pair_id"]: row for row in said["rows"]}
    assert len(seen) == len(TEXTS) + 2
    for row in trained_on.rows.select_related("prompt", "chosen", "rejected"):
        got = seen[row.key]
        assert {name: got[name] for name in ("prompt_ids", "chosen_ids", "rejected_ids")} == expected(row)
        assert got["chosen"] == f"{row.chosen.text}<|end|>"
        assert got["rejected"] == f"{row.rejected.text}<|end|>"


def test_the_chosen_side_is_the_one_that_labelers_preferred(trained_on: DatasetVersion) -> None:
    better = {better: worse for _, better, worse in TEXTS} | {"Settled by ada.": "Not so.", "A bowline.": "A granny."}
    assert {row.chosen.text: row.rejected.text for row in trained_on.rows.select_related("chosen", "rejected")} == better
