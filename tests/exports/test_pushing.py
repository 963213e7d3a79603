"""A released version goes to a repository on a hub: its public files, in one commit, under its tag, once; and never the private split."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from huggingface_hub import constants
from pytest_django import Settings

from accounts.models import User
from exports import hub, publishing, pushing, releasing, tasks
from exports.models import DatasetVersion, Download, Push
from labeling.models import Campaign
from tests.exports.released import released
from tests.exports.settled import order, settled_campaign, spread
from tests.exports.standin import READ_ONLY, TOKEN, Repo, StandIn, stand_in

SignIn = Callable[[User], Client]
REPO = "acme/helpfulness"
PAGE, PUSH = "/datasets/helpfulness/1/", "/datasets/helpfulness/1/push"


@pytest.fixture
def there(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """A hub with an empty repository, and the token to write into it; asked from a process whose engines keep the library off line."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with stand_in() as hub:
        settings.HUB_ENDPOINT, settings.HUB_TOKEN, settings.HUB_REPOS = hub.address, TOKEN, [REPO]
        yield hub


@pytest.fixture
def version(any_moment: None, rosa: User, olga: User) -> DatasetVersion:
    """A released version with rows in every split."""
    campaign = settled_campaign("broad", pairs=12, researcher=rosa)
    return released(publishing.publish(spread(order(campaign, by=rosa, shares={"train": 0.5, "validation": 0.25, "test": 0.25}))), olga)


def asked(version: DatasetVersion, by: User | None = None, repo: str = REPO) -> Push:
    return pushing.ask(version, repo, by=by, at=timezone.now())


def pushed(version: DatasetVersion, by: User | None = None) -> Push:
    mine = asked(version, by)
    pushing.push(mine.pk, at=timezone.now())
    mine.refresh_from_db()
    return mine


def public_names(version: DatasetVersion) -> set[str]:
    lines = {f"{split}{what}.jsonl" for split in ("train", "validation") for what in ("", ".votes", ".lineage")}
    return lines | {"README.md", "manifest.json", "SHA256SUMS"}


def test_it_works(there: StandIn, version: DatasetVersion, olga: User) -> None:
    done = pushed(version, olga)
    repo = there.repos[REPO]
    assert (done.state, done.error, done.bytes_done, done.percent) == ("done", "", done.bytes_total, 100)
    assert [summary for _, summary, _ in repo.commits] == ["initial commit", "helpfulness, version 1"]
    assert repo.tags == {"v1": done.commit} == {"v1": repo.head}
    assert set(repo.files) - {".gitattributes"} == public_names(version)
    for name in public_names(version) - {"README.md", "SHA256SUMS"}:
        assert repo.files[name] == (version.folder / name).read_bytes()
    assert hashlib.sha256(repo.files["manifest.json"]).hexdigest() == version.manifest_sha256
    assert there.uploaded > 0


def test_its_sums_hold_and_its_card_reads_as_today(there: StandIn, version: DatasetVersion) -> None:
    pushed(version)
    files = there.repos[REPO].files
    sums = {name: sha256 for sha256, name in (line.split("  ") for line in files["SHA256SUMS"].decode().splitlines())}
    assert sums == {name: hashlib.sha256(content).hexdigest() for name, content in files.items() if name not in (".gitattributes", "SHA256SUMS")}
    card = files["README.md"].decode()
    assert "For tests." in card  # the reason of a waiver, which came after the freezing
    assert "test.jsonl" not in card.split("\n---\n")[0]


def test_nothing_of_the_private_split_leaves(there: StandIn, version: DatasetVersion) -> None:
    pushed(version)
    sent = b"\n".join([*there.repos[REPO].files.values(), *there.large.values()])
    private = [json.loads(line) for path in version.folder.glob("test.*jsonl") for line in path.read_bytes().splitlines()]
    assert private
    for row in private:
        assert row["pair_id"].encode() not in sent
    open_ones = [json.loads(line) for line in (version.folder / "train.jsonl").read_bytes().splitlines()]
    assert all(row["pair_id"].encode() in sent for row in open_ones)  # or nothing would have been looked for
    assert not Download.objects.filter(name__startswith="test").exists()


def test_the_ledger_says_what_went_where(there: StandIn, version: DatasetVersion, olga: User) -> None:
    done = pushed(version, olga)
    rows = {one.name: one for one in Download.objects.all()}
    assert set(rows) == public_names(version)
    for name, content in there.repos[REPO].files.items():
        if row := rows.get(name):
            assert (row.sha256, row.size, row.is_whole) == (hashlib.sha256(content).hexdigest(), len(content), True)
            assert (row.how, row.person, row.sent_to) == ("push", olga, done.place)
    assert done.place == f"{there.address}/datasets/{REPO}/tree/v1"


def test_pushed_again_nothing_is_sent_twice(there: StandIn, version: DatasetVersion) -> None:
    first = pushed(version)
    writes, rows = there.writes(), Download.objects.count()
    assert pushed(version).commit == first.commit
    Push.objects.update(state=Push.State.ASKED, finished_at=None, commit="")
    assert pushed(version).commit == first.commit
    assert (there.writes(), Download.objects.count()) == (writes, rows)


def test_who_died_before_the_tag_is_followed_by_one_who_sets_it(there: StandIn, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    class Died(BaseException):
        pass

    def die(*args: Any) -> None:
        raise Died

    mine = asked(version)
    with monkeypatch.context() as patch:
        patch.setattr(hub.Hub, "tag", die)
        with pytest.raises(Died):
            pushing.push(mine.pk, at=timezone.now())
    assert not pushing.push(mine.pk, at=timezone.now())  # its lease still runs
    assert pushing.push(mine.pk, at=timezone.now() + timedelta(hours=1))
    repo = there.repos[REPO]
    assert (len(repo.commits), repo.tags) == (2, {"v1": repo.head})


def test_a_line_that_is_cut_is_taken_up_again(there: StandIn, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    there.cut = 1
    assert pushed(version).state == "done"
    there.repos[REPO], there.large, there.cut = Repo(), {}, 1000
    Push.objects.all().delete()
    failed = pushed(version)
    assert failed.state == "failed"
    assert "cannot be reached" in failed.error
    assert there.repos[REPO].tags == {}
    there.cut = 0
    assert pushed(version).state == "done"


def test_the_next_version_takes_the_place_of_the_last(there: StandIn, version: DatasetVersion, everyday: Campaign, olga: User) -> None:
    pushed(version)
    there.repos[REPO].files["LICENSE"] = b"theirs"
    second = released(publishing.publish(order(everyday, by=None)), olga)
    assert pushed(second).state == "done"
    repo = there.repos[REPO]
    assert set(repo.tags) == {"v1", "v2"}
    assert repo.files["LICENSE"] == b"theirs"
    assert repo.files["manifest.json"] == (second.folder / "manifest.json").read_bytes()
    first = repo.at("v1")
    assert first is not None
    assert first["manifest.json"] == (version.folder / "manifest.json").read_bytes()


# What does not work is said


def nothing(there: StandIn, settings: Settings, version: DatasetVersion) -> None:
    settings.HUB_TOKEN = ""


def unknown(there: StandIn, settings: Settings, version: DatasetVersion) -> None:
    settings.HUB_TOKEN = "hf_nobody_knows"


def read_only(there: StandIn, settings: Settings, version: DatasetVersion) -> None:
    settings.HUB_TOKEN = READ_ONLY


def no_repository(there: StandIn, settings: Settings, version: DatasetVersion) -> None:
    there.repos.clear()


def ignoring(there: StandIn, settings: Settings, version: DatasetVersion) -> None:
    there.ignored = {"train.jsonl"}


def another_tag(there: StandIn, settings: Settings, version: DatasetVersion) -> None:
    there.repos[REPO].tags["v1"] = "0" * 40


def other_bytes(there: StandIn, settings: Settings, version: DatasetVersion) -> None:
    path = version.folder / "train.jsonl"
    path.write_bytes(path.read_bytes().replace(b"a", b"o", 1))


def no_bytes(there: StandIn, settings: Settings, version: DatasetVersion) -> None:
    (version.folder / "train.jsonl").unlink()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (nothing, "There is no token: set HF_TOKEN"),
        (unknown, "does not know the token"),
        (read_only, "may not write to acme/helpfulness"),
        (no_repository, "has no dataset repository acme/helpfulness"),
        (ignoring, "without train.jsonl"),
        (another_tag, "has a tag v1 already, and it is not this version"),
        (other_bytes, "train.jsonl on the disk is not the one that was written"),
        (no_bytes, "train.jsonl"),
    ],
)
def test_what_cannot_be_done_is_said(
    fault: Callable[[StandIn, Settings, DatasetVersion], None],
    said: str,
    there: StandIn,
    settings: Settings,
    version: DatasetVersion,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fault(there, settings, version)
    with caplog.at_level(logging.DEBUG):
        failed = pushed(version)
    assert (failed.state, failed.commit) == ("failed", "")
    assert said in failed.error
    for token in (TOKEN, READ_ONLY, "hf_nobody_knows"):
        assert token not in failed.error + caplog.text


def test_a_hub_that_cannot_be_reached_is_named(there: StandIn, settings: Settings, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    settings.HUB_ENDPOINT = "http://127.0.0.1:9"
    failed = pushed(version)
    assert failed.error.startswith("http://127.0.0.1:9 cannot be reached")
    assert not Download.objects.exists()  # nothing left


def test_what_is_no_hub_is_named(there: StandIn, settings: Settings, version: DatasetVersion) -> None:
    settings.HUB_ENDPOINT = f"{there.address}/elsewhere"
    assert "answers 404" in pushed(version).error


@pytest.mark.parametrize("repo", ["helpfulness", "a/b/c", "/x", "x/", "", "a/" + "x" * 99])
def test_what_is_no_name_of_a_repository_is_refused(repo: str, there: StandIn, version: DatasetVersion) -> None:
    with pytest.raises(pushing.NotPushed, match="is not the name of a repository"):
        asked(version, repo=repo)


def test_only_a_released_version_is_pushed(there: StandIn, version: DatasetVersion, everyday: Campaign, rosa: User) -> None:
    frozen = publishing.publish(order(everyday, by=rosa))
    with pytest.raises(pushing.NotPushed, match="Version 2 is frozen"):
        asked(frozen)
    waiting = asked(version)
    releasing.withdraw(version, actor=rosa, reason="Wrong.", successor=None, at=timezone.now())
    assert not pushing.push(waiting.pk, at=timezone.now())
    waiting.refresh_from_db()
    assert "Version 1 is withdrawn" in waiting.error
    assert there.writes() == []
    assert not Download.objects.exists()


def test_a_version_withdrawn_meanwhile_gets_no_tag(there: StandIn, version: DatasetVersion, rosa: User, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = hub.Hub.commit

    def withdrawn(self: hub.Hub, *args: Any, **kwargs: Any) -> str:
        releasing.withdraw(DatasetVersion.objects.get(pk=version.pk), actor=rosa, reason="Wrong.", successor=None, at=timezone.now())
        return commit(self, *args, **kwargs)

    monkeypatch.setattr(hub.Hub, "commit", withdrawn)
    failed = pushed(version)
    assert re.search("is withdrawn: .* While it was being sent: commit [0-9a-f]{40} stands in acme/helpfulness without a tag", failed.error)
    assert there.repos[REPO].tags == {}


# Workers


def test_how_far_it_is_can_be_seen_and_who_lost_it_stops(there: StandIn, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int]] = []
    progress_of = pushing.progress_of

    def watched(mine: Push) -> Callable[[int], None]:
        tell = progress_of(mine)

        def told(sent: int) -> None:
            tell(sent)
            seen.append(Push.objects.values_list("bytes_done", "bytes_total").get())
            if len(seen) == 3:
                Push.objects.update(attempt=7)

        return told

    monkeypatch.setattr(pushing, "progress_of", watched)
    mine = asked(version)
    assert not pushing.push(mine.pk, at=timezone.now())
    mine.refresh_from_db()
    assert (mine.state, mine.attempt, len(seen)) == ("sending", 7, 3)
    assert 0 < seen[0][0] < seen[2][0] < seen[0][1]
    assert there.repos[REPO].tags == {}


def test_the_sweep_rings_for_what_was_forgotten_and_gives_up_in_the_end(there: StandIn, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[int] = []
    monkeypatch.setattr(tasks.push, "delay", rung.append)
    mine = asked(version)
    tasks.sweep()
    assert rung == [mine.pk]
    Push.objects.update(state="sending", attempt=3, lease_ends_at=timezone.now() - timedelta(seconds=1))
    tasks.sweep()
    mine.refresh_from_db()
    assert (mine.state, mine.error, rung) == ("failed", "3 workers ended while they sent it.", [mine.pk])
    tasks.push(asked(version).pk)
    assert Push.objects.get().state == "done"


# Pages and commands


def test_an_owner_asks_on_the_versions_page(there: StandIn, version: DatasetVersion, as_: SignIn, olga: User, monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[int] = []
    monkeypatch.setattr(tasks, "ring_for_push", lambda push: rung.append(push.pk))
    owner = as_(olga)
    assert 'action="/datasets/helpfulness/1/push"' in owner.get(PAGE).content.decode()
    assert owner.post(PUSH, {"repo": "evil/elsewhere"}).status_code == 422  # the operator names where to
    assert owner.post(PUSH, {"repo": REPO}).status_code == 302
    (pk,) = rung
    page = owner.get(PAGE).content.decode()
    assert 'hx-trigger="every 5s"' in page
    pushing.push(pk, at=timezone.now())
    page = owner.get(PAGE).content.decode()
    assert "stands there as v1" in page
    assert 'hx-trigger="every 5s"' not in page
    assert TOKEN not in page


def test_nobody_but_an_owner_asks(there: StandIn, version: DatasetVersion, as_: SignIn, rosa: User, lena: User) -> None:
    assert PUSH not in as_(rosa).get(PAGE).content.decode()
    for user in (rosa, lena):
        assert as_(user).post(PUSH, {"repo": REPO}).status_code == 403
    assert not Push.objects.exists()


def test_downloads_show_where_a_push_went(there: StandIn, version: DatasetVersion, as_: SignIn, rosa: User) -> None:
    done = pushed(version)
    page = as_(rosa).get("/datasets/helpfulness/downloads").content.decode()
    assert done.place in page
    assert "an operator" in page


def test_the_command_pushes_and_says_where(there: StandIn, version: DatasetVersion, capsys: pytest.CaptureFixture[str], settings: Settings) -> None:
    call_command("push_dataset", "helpfulness", "1", "--to", REPO)
    assert f"helpfulness version 1 stands at {there.address}/datasets/{REPO}/tree/v1" in capsys.readouterr().out
    settings.HUB_TOKEN = ""
    with pytest.raises(CommandError, match="There is no version 9"):
        call_command("push_dataset", "helpfulness", "9", "--to", REPO)
    with pytest.raises(CommandError, match="There is no token"):
        call_command("push_dataset", "helpfulness", "1", "--to", "acme/other")


# What others make of it

LOAD = """
import json, sys
from datasets import load_dataset
rows = load_dataset(sys.argv[1], revision="v1", cache_dir=sys.argv[2])
votes = load_dataset(sys.argv[1], "votes", revision="v1", cache_dir=sys.argv[2])
print(json.dumps({"rows": {split: [row["chosen"][0]["content"] for row in rows[split]] for split in rows}, "votes": sum(map(len, votes.values()))}))
"""


def test_datasets_loads_it_by_the_name_of_the_repository(there: StandIn, version: DatasetVersion, tmp_path: Path) -> None:
    pushed(version)
    elsewhere = {"HF_ENDPOINT": there.address, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "0"}
    run = subprocess.run([sys.executable, "-c", LOAD, REPO, str(tmp_path / "cache")], env=os.environ | elsewhere, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-3000:]
    said = json.loads(run.stdout.splitlines()[-1])
    for split in ("train", "validation"):
        stored = version.rows.filter(split=split).order_by("position").select_related("chosen")
        assert said["rows"][split] == [row.chosen.text for row in stored]
    assert set(said["rows"]) == {"train", "validation"}
    assert said["votes"] == sum((version.folder / f"{split}.votes.jsonl").read_bytes().count(b"\n") for split in ("train", "validation"))
