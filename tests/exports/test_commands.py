"""The operator's commands: freeze, verify without any server, sweep."""

from __future__ import annotations

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from exports import inspection, publishing
from exports.models import DatasetVersion
from labeling.models import Campaign
from tests.builders import make_campaign, make_pair
from tests.exports.settled import order, settled_campaign

ROOT = Path(__file__).parents[2]


def run(*words: str) -> str:
    said = StringIO()
    call_command(*words, stdout=said)
    return said.getvalue()


def test_it_works(any_moment: None, everyday: Campaign, tmp_path: Path) -> None:
    said = run("freeze_dataset", "everyday", "--name", "helpfulness", "--description", "For tests.", "--out", str(tmp_path / "out"))
    version = DatasetVersion.objects.get()
    assert f"id {version.manifest_sha256}" in said
    assert "passed  Rubric versions" in said
    assert "settled pairs left out: none" in said
    assert inspection.verify(tmp_path / "out", expected_id=version.manifest_sha256) == []
    assert version.frozen_by is None
    assert version.dataset.description == "For tests."


def test_only_some_of_the_settled_pairs(any_moment: None, everyday: Campaign) -> None:
    rubric = f"{everyday.rubric_version.rubric.name}@{everyday.rubric_version.number}"
    run("freeze_dataset", "everyday", "--name", "some", "--rubric-version", rubric, "--standing", "agreed", "--least-agreement", "0.5")
    assert DatasetVersion.objects.get().manifest["filters"] == {"rubric_versions": [rubric], "standings": ["agreed"], "least_agreement": 0.5}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--rubric-version", "none@1"], "There is no rubric version none@1. Nothing was frozen."),
        (["--policy", "none@abc"], "There is no policy none@abc. Nothing was frozen."),
        (["--slice", "german"], "A slice reads name=value"),
        (["--least-strength", "9"], "from 0 to 3"),
    ],
)
def test_a_choice_that_names_nothing_is_refused(words: list[str], said: str, any_moment: None, everyday: Campaign) -> None:
    with pytest.raises(CommandError, match=said):
        run("freeze_dataset", "everyday", "--name", "some", *words)
    assert not DatasetVersion.objects.exists()


def test_gates_that_fail_are_printed_and_hold_nothing_up(any_moment: None) -> None:
    campaign = settled_campaign("differently", pairs=20)
    campaign.pairs.update(asked_differently=True)
    assert "failed  System prompts: In 20 rows" in run("freeze_dataset", "differently", "--name", "helpfulness")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere", "--name", "x"], "There is no campaign 'nowhere'. There are: everyday, waiting."),
        (["everyday", "--name", "two words"], "'two words' cannot be the name of a dataset"),
        (["waiting", "--name", "x"], "there is nothing to freeze. Of the pairs: 1 waiting."),
        (["everyday", "--name", "x", "--out", str(ROOT)], "is no empty folder; nothing was frozen."),
    ],
)
def test_what_cannot_be_frozen_ends_with_one_clear_reason(words: list[str], said: str, any_moment: None, everyday: Campaign) -> None:
    make_pair(make_campaign("waiting"))
    with pytest.raises(CommandError) as refusal:
        run("freeze_dataset", *words)
    assert said in str(refusal.value)
    assert not DatasetVersion.objects.exists()


@pytest.mark.commits
def test_a_refused_version_leaves_no_dataset(committed_db: str, datasets_dir: Path) -> None:
    make_pair(make_campaign("waiting"))
    with pytest.raises(CommandError):
        run("freeze_dataset", "waiting", "--name", "helpfulness")
    assert list(datasets_dir.glob("*")) == []


# verify_dataset


def verify(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the real command where no server answers."""
    nowhere = {"DATABASE_URL": "postgresql://127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1", "DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, str(ROOT / "manage.py"), "verify_dataset", str(folder), *words]
    return subprocess.run(command, env=os.environ | nowhere, capture_output=True, text=True)


def test_verifying_needs_no_server(version: DatasetVersion) -> None:
    sound = verify(version.folder, "--id", version.manifest_sha256)
    assert (sound.returncode, sound.stderr) == (0, "")
    assert f"id {version.manifest_sha256}" in sound.stdout


def test_a_changed_byte_is_found_and_said(version: DatasetVersion) -> None:
    votes = version.folder / "train.votes.jsonl"
    votes.write_bytes(votes.read_bytes().replace(b"labeler-", b"Labeler-", 1))
    found = verify(version.folder)
    assert found.returncode != 0
    assert "train.votes.jsonl: its bytes have changed" in found.stderr
    assert "Traceback" not in found.stderr


def test_verifying_what_is_no_version_says_so(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"manifest\.json: there is no such file"):
        run("verify_dataset", str(tmp_path))
    with pytest.raises(CommandError, match="is no folder"):
        run("verify_dataset", str(tmp_path / "nothing"))


def test_another_versions_id_is_found_out(version: DatasetVersion, everyday: Campaign) -> None:
    second = publishing.publish(order(everyday))
    with pytest.raises(CommandError, match="this is version"):
        run("verify_dataset", str(second.folder), "--id", version.manifest_sha256)


def test_sweeping_says_what_it_swept(db: None, datasets_dir: Path) -> None:
    (datasets_dir / ".writing-abc").mkdir(parents=True)
    assert run("sweep_datasets").splitlines() == [str(datasets_dir / ".writing-abc"), "1 swept"]


@pytest.mark.parametrize("name", ["freeze_dataset", "verify_dataset", "sweep_datasets", "release_dataset", "name_split_reader"])
def test_help_suffices(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        call_command(name, "--help")
    assert done.value.code == 0
    assert len(capsys.readouterr().out) > 300
