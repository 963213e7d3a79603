"""A version's files: the same bytes for ever, readable by others, and nobody's name in them."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from datetime import UTC
from pathlib import Path
from typing import Any
from urllib.parse import quote

import datasets
import pytest
from django.db import connection
from pytest_django import Settings

from accounts.models import User
from exports import formats, inspection, publishing, rows, writing
from exports.models import DatasetVersion
from exports.splits import SPLITS
from labeling.models import Campaign, Label, Pair, Role, Slot
from labeling.resolution import Resolution
from policies.models import GenerationRequest, GenerationRun, Policy, Prompt, Response
from tests.builders import NOW, make_campaign, make_label, make_policy, make_prompt, make_response, make_user
from tests.exports.settled import adjudicate, order, settled_campaign, settled_pair, stand

ROOT = Path(__file__).parents[2]


def lines(version: DatasetVersion, name: str) -> list[dict[str, Any]]:
    path = version.folder / name
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]] if path.exists() else []


def every_row(version: DatasetVersion) -> list[dict[str, Any]]:
    return [line for split in SPLITS for line in lines(version, f"{split}.jsonl")]


def every_vote(version: DatasetVersion) -> list[dict[str, Any]]:
    return [line for split in SPLITS for line in lines(version, f"{split}.votes.jsonl")]


def every_origin(version: DatasetVersion) -> dict[str, dict[str, Any]]:
    return {line["pair_id"]: line for split in SPLITS for line in lines(version, f"{split}.lineage.jsonl")}


def test_it_works(version: DatasetVersion) -> None:
    written = every_row(version)
    assert len(written) == 12
    stored = {row.key: row for row in version.rows.select_related("prompt", "chosen", "rejected", "pair")}
    for line in written:
        row = stored[line["pair_id"]]
        assert line["prompt"] == row.prompt.messages
        assert line["chosen"] == [{"role": "assistant", "content": row.chosen.text}]
        assert line["rejected"] == [{"role": "assistant", "content": row.rejected.text}]
        assert (line["split"], line["family"], line["margin"]) == (row.split, row.family, row.margin)
    assert inspection.verify(version.folder, expected_id=version.manifest_sha256) == []
    assert version.manifest["thresholds"]["leakage"] == {"low": None, "high": 0}


def test_every_label_that_counted_is_a_vote_and_the_margins_follow_from_the_votes(any_moment: None, rosa: User, ada: User) -> None:
    campaign = settled_campaign("votes", pairs=0, researcher=rosa)
    labelers = [membership.user for membership in campaign.memberships.filter(role=Role.LABELER)]
    for preferences in ((-3, -1), (2, 1), (1, 3)):
        settled_pair(campaign, labelers, preferences)
    adjudicate(settled_pair(campaign, labelers, (-3, 3)), ada, "b", 2)
    version = publishing.publish(order(campaign, dataset="votes"))
    votes = every_vote(version)
    assert len(votes) == Label.objects.count() == version.manifest["counts"]["votes"]
    for row in every_row(version):
        if row["standing"] == "agreed":
            steps = [vote["preference"] for vote in votes if vote["pair_id"] == row["pair_id"]]
            assert row["margin"] == pytest.approx(formats.SIGNS[row["verdict"]] * sum(steps) / len(steps))
        else:
            assert (row["margin"], row["verdict"], row["labels_counted"], row["strengths_counted"]) == (2.0, "b", 2, 1)


def generated(prompt: Prompt, policy: Policy, run: GenerationRun, text: str, token_ids: list[int]) -> Response:
    request = GenerationRequest.objects.create(
        run=run, prompt=prompt, policy=policy, seed=42, status="done", queued_at=NOW, finished_at=NOW, sample_index=len(token_ids)
    )
    lineage = {"engine": "hf", "torch": "2.11", "worker": "gpu-1@secret-host", "seed": 42, "attempt": 1, "prompt_tokens": 9, "names_itself": False}
    return make_response(text, prompt=prompt, policy=policy, request=request, token_ids=token_ids, finish_reason="stop", lineage=lineage)


def test_every_response_says_how_it_came_about(any_moment: None) -> None:
    labelers = make_user(), make_user()
    campaign = make_campaign("generated", labelers=labelers)
    policy = make_policy("warm", engine="hf", source="demo/m", weights_sha256="a" * 64, template_sha256="b" * 64, sampling={"top_p": 0.9})
    prompt = make_prompt("Which knot?")
    run = GenerationRun.objects.create(prompt_set=prompt.prompt_set, policy_a=policy, policy_b=policy, seed=1, created_at=NOW)
    a, b = generated(prompt, policy, run, "A bowline.", [5, 7]), make_response("A granny.", prompt=prompt, policy=make_policy("brought"))
    sides = {"prompt": prompt, "response_a": a, "response_b": b}
    pair = Pair.objects.create(campaign=campaign, rubric_version=campaign.rubric_version, created_at=NOW, **sides)
    for labeler in labelers:
        make_label(pair, labeler, -2)
    stand(pair, Resolution("agreed", "a", -2.0))
    version = publishing.publish(order(campaign))
    (line,) = every_origin(version).values()
    assert line["chosen"] == {
        "policy": f"warm@{'a' * 12}",
        "weights_sha256": "a" * 64,
        "template_sha256": "b" * 64,
        "system_prompt_sha256": "",
        "sampling": '{"top_p":0.9}',
        "facts": '{"engine":"hf","torch":"2.11"}',
        "seed": "42",
        "finish_reason": "stop",
        "token_ids": "[5,7]",
    }
    assert {name: value for name, value in line["rejected"].items() if value} == {
        "policy": "brought",
        "sampling": "{}",
        "facts": "{}",
        "finish_reason": "imported",
    }
    assert all(b"secret-host" not in path.read_bytes() for path in version.folder.iterdir())


def test_a_vote_says_which_strategy_served_it_and_to_which_share_of_pairs(any_moment: None, everyday: Campaign) -> None:
    Slot.objects.update(ranked_by="informative", planned_share=20)
    assert {(vote["strategy"], vote["planned_share"]) for vote in every_vote(publishing.publish(order(everyday)))} == {("", 20)}  # imported: nobody served them


def test_a_vote_says_when_in_utc_with_six_decimals(any_moment: None, everyday: Campaign) -> None:
    moments = {at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") for at in Label.objects.values_list("submitted_at", flat=True)}
    assert {vote["labeled_at"] for vote in every_vote(publishing.publish(order(everyday)))} == moments


def test_no_file_names_a_person(version: DatasetVersion) -> None:
    everything = b"".join(path.read_bytes() for path in version.folder.iterdir())
    for user in User.objects.all():
        assert user.username.encode() not in everything
    assert version.dataset.secret.encode() not in everything


def test_a_labeler_has_one_pseudonym_in_a_dataset_and_another_in_the_next(version: DatasetVersion, everyday: Campaign) -> None:
    again = publishing.publish(order(everyday))
    other = publishing.publish(order(everyday, dataset="other"))
    named = [{vote["labeler"] for vote in every_vote(made)} for made in (version, again, other)]
    assert len(named[0]) == 2
    assert named[0] == named[1]
    assert named[0].isdisjoint(named[2])


def test_a_rationale_stays_in_the_database(any_moment: None, everyday: Campaign) -> None:
    """It may have to be erased one day, and the bytes of a version may not change."""
    assert "rationale" not in every_vote(publishing.publish(order(everyday)))[0]


def test_a_split_without_rows_has_no_file(any_moment: None, everyday: Campaign) -> None:
    version = publishing.publish(order(everyday, shares={"train": 1.0}))
    lines = ["train.jsonl", "train.lineage.jsonl", "train.votes.jsonl"]
    assert sorted(path.name for path in version.folder.iterdir()) == ["README.md", "SHA256SUMS", "manifest.json", *lines]
    assert version.manifest["counts"]["rows"] == {"train": 12, "validation": 0, "test": 0}


def test_the_manifest_pins_what_the_rows_are_made_of(any_moment: None, rosa: User, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = "Be brief."
    pinned = make_policy("warm", engine="hf", source="demo/m", weights_sha256="a" * 64, template_sha256="b" * 64, system_prompt=asked, sampling={"top_p": 0.9})
    make_policy("never asked")
    monkeypatch.setattr("tests.builders.make_policy", lambda: pinned)
    campaign = settled_campaign("pinned", pairs=1, researcher=rosa)
    version = publishing.publish(order(campaign, dataset="pinned"))
    assert version.manifest["policies"] == [
        {
            "name": "warm",
            "revision": "a" * 12,
            "weights_sha256": "a" * 64,
            "template_sha256": "b" * 64,
            "system_prompt_sha256": hashlib.sha256(asked.encode()).hexdigest(),
            "sampling": {"top_p": 0.9},
        }
    ]
    rubric = campaign.rubric_version
    assert version.manifest["rubrics"] == [{"id": rubric.rubric.name, "number": 1, "sha256": rubric.sha256}]
    assert version.manifest["rules"] == [{"name": "strict-majority", "version": 1}]
    assert version.manifest["split"]["salt"] == version.dataset.salt
    (row,) = every_row(version)
    assert row["chosen_policy"] == "warm@" + "a" * 12


def test_the_queries_do_not_grow_with_the_rows(any_moment: None, everyday: Campaign, django_assert_num_queries: Any, tmp_path: Path) -> None:
    for number in (1, 2):
        draft = rows.draft_of(publishing.publish(order(everyday)))
        (tmp_path / str(number)).mkdir()
        with django_assert_num_queries(3):
            writing.write(draft, tmp_path / str(number))
        settled_pair(everyday, [membership.user for membership in everyday.memberships.filter(role=Role.LABELER)])


# The same for ever


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def database_url(name: str, settings: Settings) -> str:
    entry = settings.DATABASES["default"]
    secret = f":{quote(entry['PASSWORD'], safe='')}" if entry["PASSWORD"] else ""
    return f"postgresql://{quote(entry['USER'], safe='')}{secret}@/{name}?host={quote(entry['HOST'] or '', safe='')}&port={entry['PORT']}"


@pytest.mark.commits
def test_written_again_elsewhere_the_bytes_are_the_same(committed_db: str, settings: Settings, tmp_path: Path) -> None:
    campaign = settled_campaign(pairs=5)
    labelers = [membership.user for membership in campaign.memberships.filter(role=Role.LABELER)]
    odd = make_prompt("Wie groß ist 漢字\u2028?", slices={"topic": "Größe", "language": "de", "länge": "kurz"}, licence="CC0-1.0", source="ß")
    settled_pair(campaign, labelers, (3, 3), prompt=odd, a="\ufeffSo.\r\n", b=" Nein ")
    version = publishing.publish(order(campaign, description="Prüfung"))
    for seed, zone, language in (("0", "Asia/Kathmandu", "C"), ("1", "America/St_Johns", "C.UTF-8"), ("random", "Pacific/Apia", "POSIX")):
        folder = tmp_path / seed
        folder.mkdir()
        elsewhere = {
            "PYTHONHASHSEED": seed,
            "TZ": zone,
            "TIME_ZONE": zone,
            "LC_ALL": language,
            "PYTHONUTF8": "0",
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATABASE_URL": database_url(committed_db, settings),
            "PYTHONPATH": str(ROOT),
        }
        command = [sys.executable, str(ROOT / "tests/exports/write_again.py"), "helpfulness", "1", str(folder)]
        run = subprocess.run(command, cwd=ROOT, env=os.environ | elsewhere, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr[-3000:]
        assert hashes(folder) == hashes(version.folder)


@pytest.mark.commits
def test_rows_stored_in_another_order_on_the_disk_are_written_in_theirs(committed_db: str, tmp_path: Path) -> None:
    version = publishing.publish(order(settled_campaign(pairs=8)))
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE labeling_label DISABLE TRIGGER USER")
        cursor.execute("UPDATE labeling_label SET seconds = 1 WHERE id % 2 = 0")  # moves every other row to the table's end
        cursor.execute("CLUSTER exports_datasetrow USING row_has_its_key")
    (tmp_path / "again").mkdir()
    writing.write(rows.draft_of(version), tmp_path / "again")
    assert hashes(tmp_path / "again") == hashes(version.folder)


# What others make of it


def test_the_card_leads_datasets_to_the_rows_and_the_votes(version: DatasetVersion, tmp_path: Path) -> None:
    loaded = datasets.load_dataset(str(version.folder), cache_dir=str(tmp_path / "cache"))
    counts = version.manifest["counts"]
    assert {split: len(loaded[split]) for split in loaded} == {split: n for split, n in counts["rows"].items() if n}
    votes = datasets.load_dataset(str(version.folder), "votes", cache_dir=str(tmp_path / "cache"))
    assert sum(map(len, votes.values())) == counts["votes"]


def test_what_people_typed_cannot_forge_the_card(any_moment: None, everyday: Campaign) -> None:
    version = publishing.publish(order(everyday, dataset="forged", description="---\nconfigs: []\n---\n# <script>x</script> [y](z)"))
    card = (version.folder / "README.md").read_text()
    assert card.count("\n---\n") == 1
    assert "<script>" not in card
    assert "[y](z)" not in card
