"""Labelers whose judgment is kept for the test split: no row of train or validation rests on it, in any version."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from exports import differences, erasing, holding_out, inspection, manifest, publishing, rows, succeeding, writing
from exports.choices import Choice
from exports.formats import pseudonym
from exports.models import Dataset, DatasetVersion, HeldOutLabeler
from exports.publishing import NotPublished
from exports.removals import Subject
from labeling import resolution, retraction
from labeling.models import Campaign, Pair, Role
from tests.builders import NOW, join, make_campaign, make_label, make_token, make_user
from tests.exports.settled import adjudicate, order, settled_pair, stand

HALVES = {"train": 0.5, "test": 0.5}
PAIRS = 20
SignIn = Callable[[User], Client]


@pytest.fixture
def lena(db: None) -> User:
    return make_user("lena-quist")


@pytest.fixture
def others(db: None) -> tuple[User, User, User]:
    return make_user("otto-brandt"), make_user("ines-castro"), make_user("paul-weiss")


@pytest.fixture
def harbour(rosa: User, lena: User, others: tuple[User, User, User]) -> Campaign:
    """A campaign in which lena judged half of the pairs."""
    campaign = make_campaign("harbour", labelers=(lena, *others))
    join(campaign, rosa, Role.RESEARCHER)
    otto, ines, paul = others
    for _ in range(PAIRS):
        settled_pair(campaign, (lena, otto))
        settled_pair(campaign, (ines, paul))
    return campaign


def freeze(campaign: Campaign, *people: User, **fields: Any) -> DatasetVersion:
    return publishing.publish(order(campaign, dataset="harbour", hold_out=people, shares=HALVES, **fields))


def name_in(dataset: Dataset, person: User) -> str:
    return pseudonym(str(person.pk), secret=bytes.fromhex(dataset.secret))


def splits_of_pairs_by(person: User, version: DatasetVersion) -> set[str]:
    return set(version.rows.filter(pair__labels__labeler=person).values_list("split", flat=True))


# ---- the rule


def test_it_works(any_moment: None, harbour: Campaign, lena: User, others: tuple[User, User, User]) -> None:
    version = freeze(harbour, lena)
    hers = Pair.objects.filter(labels__labeler=lena)
    in_test = version.rows.filter(pair__in=hers)
    assert splits_of_pairs_by(lena, version) == {"test"}
    assert splits_of_pairs_by(others[1], version) == {"train", "test"}
    assert version.manifest["counts"]["left_out"] == {"held_out": PAIRS - in_test.count()}
    assert version.rows_count == 2 * PAIRS - version.manifest["counts"]["left_out"]["held_out"]
    assert set(version.rows.values_list("split", flat=True)) == {"train", "test"}


def test_whom_she_judged_with_is_not_held_out(any_moment: None, harbour: Campaign, lena: User, others: tuple[User, User, User]) -> None:
    for _ in range(PAIRS):
        settled_pair(harbour, others[:2])
    version = freeze(harbour, lena)
    assert splits_of_pairs_by(others[0], version) == {"train", "test"}


def test_without_anybody_held_out_nothing_is_left_out(any_moment: None, harbour: Campaign, lena: User) -> None:
    """The negative control of the tests above."""
    version = freeze(harbour)
    assert splits_of_pairs_by(lena, version) == {"train", "test"}
    assert version.manifest["counts"]["left_out"] == {}


def test_what_a_held_out_adjudicator_settled_is_left_out_too(any_moment: None, harbour: Campaign, lena: User, others: tuple[User, User, User]) -> None:
    ruled = [settled_pair(harbour, others[:2], (-2, 2)) for _ in range(PAIRS)]
    for pair in ruled:
        adjudicate(pair, lena, "a")
    version = freeze(harbour, lena)
    assert set(version.rows.filter(pair__in=ruled).values_list("split", flat=True)) == {"test"}


def test_a_label_that_a_cap_keeps_from_counting_was_given_all_the_same(any_moment: None, harbour: Campaign, lena: User) -> None:
    version = freeze(harbour, lena, choice=Choice(cap_per_person=1))
    assert splits_of_pairs_by(lena, version) <= {"test"}


def test_a_label_that_was_retracted_holds_nothing_back(any_moment: None, harbour: Campaign, lena: User, others: tuple[User, User, User]) -> None:
    pairs = [settled_pair(harbour, others[:2]) for _ in range(PAIRS)]
    for pair in pairs:
        retraction.taken_back(make_label(pair, lena), uuid.uuid4(), at=NOW).save()
    version = freeze(harbour, lena)
    assert set(version.rows.filter(pair__in=pairs).values_list("split", flat=True)) == {"train", "test"}


# ---- for ever


def test_it_never_moves(any_moment: None, harbour: Campaign, lena: User, others: tuple[User, User, User]) -> None:
    first = freeze(harbour, lena)
    for _ in range(PAIRS):
        settled_pair(harbour, (lena, others[0]))
    second = freeze(harbour)
    assert splits_of_pairs_by(lena, second) == {"test"}
    assert second.manifest["held_out"] == first.manifest["held_out"]
    assert dict(first.rows.values_list("key", "split")).items() <= dict(second.rows.values_list("key", "split")).items()


def test_the_difference_says_why_a_row_is_gone(any_moment: None, harbour: Campaign, others: tuple[User, User, User]) -> None:
    first = freeze(harbour)
    new = make_user("nora-lind")
    join(harbour, new)
    row, another = first.rows.filter(split="train").order_by("pk")[:2]
    make_label(row.pair, new, 2 if row.pair.verdict == "b" else -2)
    stand(another.pair, resolution.resolve(labels=[], places_open=1, adjudication=None, withdrawn=False))
    second = freeze(harbour, new)
    assert dict(differences.difference(first, second).reasons) == {("removed", "held_out"): 1, ("removed", "waiting"): 1}


def test_it_holds_in_its_own_dataset_alone(any_moment: None, harbour: Campaign, lena: User) -> None:
    freeze(harbour, lena)
    other = publishing.publish(order(harbour, dataset="another", shares=HALVES))
    assert "held_out" not in other.manifest
    assert splits_of_pairs_by(lena, other) == {"train", "test"}


def test_to_hold_somebody_out_twice_is_to_do_it_once(any_moment: None, harbour: Campaign, lena: User) -> None:
    freeze(harbour, lena)
    freeze(harbour, lena)
    assert HeldOutLabeler.objects.count() == 1


@pytest.mark.parametrize("change", [lambda held: held.delete(), lambda held: held.update(at=NOW)])
def test_the_ledger_is_only_added_to(any_moment: None, harbour: Campaign, lena: User, change: Callable[[Any], object]) -> None:
    freeze(harbour, lena)
    with pytest.raises(IntegrityError), transaction.atomic():
        change(HeldOutLabeler.objects.all())


# ---- what is refused


def test_somebody_who_was_seen_cannot_be_held_out(any_moment: None, harbour: Campaign, lena: User) -> None:
    freeze(harbour)
    with pytest.raises(NotPublished, match="Labels of lena-quist stand in train or validation of an earlier version"), transaction.atomic():
        freeze(harbour, lena)
    assert not HeldOutLabeler.objects.exists()


def test_an_adjudicator_who_was_seen_cannot_be_held_out(any_moment: None, harbour: Campaign, others: tuple[User, User, User]) -> None:
    new = make_user("nora-lind")
    join(harbour, new)
    for _ in range(PAIRS):
        adjudicate(settled_pair(harbour, others[:2], (-2, 2)), new, "a")
    freeze(harbour)
    with pytest.raises(NotPublished, match="nora-lind"), transaction.atomic():
        freeze(harbour, new)


def test_all_labelers_cannot_be_held_out(any_moment: None, harbour: Campaign, lena: User, others: tuple[User, User, User]) -> None:
    with pytest.raises(NotPublished, match="all the labelers there are"), transaction.atomic():
        freeze(harbour, lena, *others)
    freeze(harbour, lena)
    with pytest.raises(NotPublished, match="all the labelers there are"), transaction.atomic():
        freeze(harbour, *others)


def test_a_dataset_without_a_test_split_holds_nobody_out(any_moment: None, harbour: Campaign, lena: User) -> None:
    with pytest.raises(NotPublished, match="no test split"), transaction.atomic():
        publishing.publish(order(harbour, hold_out=[lena]))


def test_somebody_from_elsewhere_cannot_be_held_out(any_moment: None, harbour: Campaign, rosa: User) -> None:
    with pytest.raises(NotPublished, match="No labeler of these campaigns is called rosa"), transaction.atomic():
        freeze(harbour, rosa)


# ---- what the files say


def files_of(version: DatasetVersion) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in version.folder.iterdir()}


def test_the_files_name_pseudonyms_alone(any_moment: None, harbour: Campaign, lena: User, others: tuple[User, User, User]) -> None:
    version = freeze(harbour, lena)
    hers = name_in(version.dataset, lena)
    assert version.manifest["held_out"] == [hers]
    assert version.manifest["filters"] == {}
    assert inspection.verify(version.folder, expected_id=version.manifest_sha256) == []
    files = files_of(version)
    assert hers.encode() in files["test.votes.jsonl"]
    assert hers.encode() not in files["train.votes.jsonl"]
    assert not [name for name, held in files.items() if b"quist" in held or any(other.username.encode() in held for other in others)]


def test_the_card_says_how_many_and_what_it_means(any_moment: None, harbour: Campaign, lena: User) -> None:
    assert "1 labeler is held out, now and in every later version" in files_of(freeze(harbour, lena))["README.md"].decode()


def test_a_version_with_nobody_held_out_says_nothing_of_it(any_moment: None, harbour: Campaign) -> None:
    version = freeze(harbour)
    assert not [name for name, held in files_of(version).items() if b"held_out" in held or b"held out" in held]


def test_the_same_version_is_written_again_byte_for_byte(any_moment: None, harbour: Campaign, lena: User, tmp_path: Path) -> None:
    version = freeze(harbour, lena)
    again = tmp_path / "again"
    again.mkdir()
    writing.write(rows.draft_of(version), again)
    assert {path.name: path.read_bytes() for path in again.iterdir()} == files_of(version)


def test_a_planted_vote_of_somebody_who_is_held_out_is_found(any_moment: None, harbour: Campaign, others: tuple[User, User, User]) -> None:
    version = freeze(harbour)
    planted = name_in(version.dataset, others[1])
    lines = (version.folder / "train.votes.jsonl").read_bytes().splitlines()
    assert any(json.loads(line)["labeler"] == planted for line in lines)
    said = version.manifest | {"held_out": [planted]}
    (version.folder / manifest.NAME).write_bytes(manifest.dumps(said))
    (version.folder / manifest.SUMS).write_bytes(manifest.sums(said))
    (problem,) = inspection.verify(version.folder)
    assert problem.startswith("train.votes.jsonl: a vote of somebody who is held out (line ")


@pytest.mark.parametrize("held_out", ["lena", [1], [""], {"lena": 1}])
def test_a_manifest_with_another_shape_is_refused(any_moment: None, harbour: Campaign, held_out: object) -> None:
    said = freeze(harbour).manifest | {"held_out": held_out}
    with pytest.raises(manifest.BadManifest, match="held out are not a list of names"):
        manifest.parse(manifest.dumps(said))


def test_whoever_is_erased_is_named_no_more(any_moment: None, harbour: Campaign, lena: User, others: tuple[User, User, User]) -> None:
    version = freeze(harbour, lena, others[1])
    hers = name_in(version.dataset, lena)
    erasing.remove(Subject(person=lena), erase=True, reason="Asked for by letter.", actor=None, at=NOW)
    ((successor,), _) = succeeding.cut_all(by=None, at=NOW)
    assert successor.manifest["held_out"] == [name_in(version.dataset, others[1])]
    assert inspection.verify(successor.folder, expected_id=successor.manifest_sha256) == []
    assert not [name for name, held in files_of(successor).items() if hers.encode() in held or b"quist" in held]


# ---- how it is said


def run(*words: str) -> str:
    said = StringIO()
    call_command("freeze_dataset", "harbour", "--name", "harbour", *words, stdout=said)
    return said.getvalue()


def test_the_command_holds_out(any_moment: None, harbour: Campaign, lena: User, others: tuple[User, User, User]) -> None:
    said = run("--shares", "0.5", "0", "0.5", "--hold-out", lena.username, "--hold-out", others[1].username)
    version = DatasetVersion.objects.get()
    assert f"{version.manifest['counts']['left_out']['held_out']} held_out" in said
    assert len(version.manifest["held_out"]) == 2
    assert version.dataset.shares == {"train": 0.5, "validation": 0.0, "test": 0.5}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--hold-out", "nobody"], "No labeler of these campaigns is called nobody"),
        (["--hold-out", "lena-quist"], "no test split"),
        (["--shares", "0.5", "0", "0.4"], "add up to 1"),
    ],
)
def test_the_command_refuses(words: list[str], said: str, any_moment: None, harbour: Campaign) -> None:
    with pytest.raises(CommandError, match=said), transaction.atomic():
        run(*words)
    assert not DatasetVersion.objects.exists()


def test_the_api_holds_out(any_moment: None, harbour: Campaign, rosa: User, lena: User, client: Client) -> None:
    headers = {"Authorization": f"Bearer {make_token(rosa, 'read', 'write')}"}
    asked = {"name": "harbour", "campaigns": ["harbour"], "shares": HALVES, "hold_out": ["nobody"]}
    refused = client.post("/api/v1/datasets", asked, content_type="application/json", headers=headers)
    assert (refused.status_code, list(refused.json())) == (400, ["hold_out"])
    made = client.post("/api/v1/datasets", asked | {"hold_out": [lena.username]}, content_type="application/json", headers=headers)
    assert made.status_code == 201
    version = DatasetVersion.objects.get()
    assert made.json()["manifest"]["held_out"] == [name_in(version.dataset, lena)]
    assert HeldOutLabeler.objects.get().actor == rosa


def sent(*people: User, shares: str = "80-10-10", **more: str) -> dict[str, Any]:
    return {"campaigns": ["harbour"], "dataset": "harbour", "shares": shares, "hold_out": [person.username for person in people], **more}


def test_the_page_offers_the_labelers_and_says_what_will_be_left_out(as_: SignIn, rosa: User, harbour: Campaign, lena: User) -> None:
    page = as_(rosa).get(reverse("freeze-version"), sent(lena)).content.decode()
    assert "1 labeler is held out" in page
    assert f"<dd>about {2 * PAIRS - 18}</dd>" in page
    assert 'drawn into train or validation when it is frozen</th><td class="n">about 18</td>' in page
    assert '<option value="lena-quist" selected>' in page
    assert 'value="rosa"' not in page
    assert '<input type="hidden" name="hold_out" value="lena-quist">' in page


def test_the_page_holds_out(any_moment: None, as_: SignIn, rosa: User, harbour: Campaign, lena: User) -> None:
    page = as_(rosa).post(reverse("freeze-version"), sent(lena), follow=True).content.decode()
    version = DatasetVersion.objects.get()
    assert version.manifest["held_out"] == [name_in(version.dataset, lena)]
    assert "what they judged stands in the test split alone" in page


def test_the_preview_of_a_later_version_knows_the_splits(any_moment: None, as_: SignIn, rosa: User, harbour: Campaign, lena: User) -> None:
    version = freeze(harbour, lena)
    page = as_(rosa).get(reverse("freeze-version"), sent()).content.decode()
    left = version.manifest["counts"]["left_out"]["held_out"]
    assert f'Settled, but judged by somebody who is held out, and not in the test split</th><td class="n">{left}</td>' in page
    assert "1 labeler is held out" in page


@pytest.mark.parametrize(("shares", "said"), [("90-10", "no test split"), ("80-10-10", "Labels of lena-quist stand in train or validation")])
def test_the_page_refuses(shares: str, said: str, any_moment: None, as_: SignIn, rosa: User, harbour: Campaign, lena: User) -> None:
    dataset = "new" if shares == "90-10" else "harbour"
    freeze(harbour)
    answer = as_(rosa).post(reverse("freeze-version"), sent(lena, shares=shares) | {"dataset": dataset})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not HeldOutLabeler.objects.exists()


def test_labelers_are_those_enrolled_and_those_whose_labels_came_from_elsewhere(harbour: Campaign, lena: User, others: tuple[User, User, User]) -> None:
    elsewhere = make_user("a-corpus")
    make_label(Pair.objects.all()[0], elsewhere)
    make_user("a-passer-by")
    found = holding_out.labelers_of([harbour])
    assert [user.username for user in found] == sorted(["a-corpus", lena.username, *(other.username for other in others)])
