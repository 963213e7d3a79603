"""What a training job does: `datasets` loads a version over HTTP with a token that does nothing else."""

from __future__ import annotations

from pathlib import Path

import datasets
import pytest

from accounts.models import User
from exports import publishing
from exports.models import Download
from tests.builders import make_token
from tests.exports.settled import order, settled_campaign
from tests.serving import served


@pytest.mark.commits
def test_datasets_loads_a_split_with_a_token(committed_db: str, datasets_dir: Path, tmp_path: Path) -> None:
    rosa = User.objects.create_user("rosa", is_researcher=True)
    version = publishing.publish(order(settled_campaign("everyday", pairs=12, researcher=rosa), by=rosa))
    headers = {"Authorization": f"Bearer {make_token(rosa, 'download')}"}
    with served(committed_db, VAR_DIR=str(datasets_dir.parent)) as base:
        url = f"{base}/api/v1/datasets/helpfulness/versions/1/files/train.jsonl"
        rows = datasets.load_dataset("json", data_files=url, storage_options={"headers": headers}, split="train", cache_dir=str(tmp_path / "cache"))
    stored = version.rows.filter(split="train").order_by("position")
    assert [row["pair_id"] for row in rows] == [row.key for row in stored]
    assert [row["chosen"][0]["content"] for row in rows] == [row.chosen.text for row in stored.select_related("chosen")]
    sent = Download.objects.filter(name="train.jsonl", how="token", person=rosa)
    assert sent.exists()
    assert max(one.last_byte for one in sent) == version.files.get(name="train.jsonl").size - 1
