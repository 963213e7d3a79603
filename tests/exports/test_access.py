"""Who may fetch what: the private split, links, the ledger of downloads, and versions that are gone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import ApiToken, User
from exports import access, gatekeeping, granting, linking, publishing, releasing
from exports.models import DatasetFile, DatasetVersion, Download, SplitAccess
from tests.builders import NOW, make_token, make_user
from tests.exports.released import frozen
from tests.exports.settled import order, settled_campaign

SignIn = Callable[[User], Client]
Kind = SplitAccess.Kind


@pytest.fixture
def split(any_moment: None, rosa: User) -> DatasetVersion:
    """A version of rosa's half of whose rows are private."""
    campaign = settled_campaign("half", pairs=30, researcher=rosa)
    return publishing.publish(order(campaign, dataset="half", by=rosa, shares={"train": 0.5, "validation": 0.0, "test": 0.5}))


@pytest.fixture
def ravi(db: None) -> User:
    """Another researcher."""
    return make_user("ravi", is_researcher=True)


def private(version: DatasetVersion) -> list[DatasetFile]:
    files = [file for file in version.files.all() if file.is_private]
    assert files
    return files


def page_of(file: DatasetFile) -> str:
    return reverse("download-file", args=[file.version.dataset.name, file.version.number, file.name])


def api_of(file: DatasetFile) -> str:
    return reverse("api-download-file", args=[file.version.dataset.name, file.version.number, file.name])


def body(response: HttpResponseBase) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]


def bearer(user: User, *scopes: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {make_token(user, *scopes)}"}


def name(version: DatasetVersion, person: User, by: User | None) -> None:
    granting.decide(version.dataset, person=person, kind=Kind.APPROVED, actor=by, reason="Judges the final run.", at=NOW)


# ---- the private split


def test_it_works(split: DatasetVersion, ravi: User, rosa: User, as_: SignIn) -> None:
    file = private(split)[0]
    assert as_(ravi).get(page_of(file)).status_code == 403
    granting.ask(split.dataset, person=ravi, reason="To judge the final run.", at=NOW)
    name(split, ravi, rosa)
    got = as_(ravi).get(page_of(file))
    assert got.status_code == 200
    assert hashlib.sha256(body(got)).hexdigest() == file.sha256


@pytest.mark.parametrize("who", ["rosa", "ravi", "olga", "both"])
def test_nobody_is_named_by_magic(who: str, split: DatasetVersion, rosa: User, ravi: User, olga: User, as_: SignIn, client: Client) -> None:
    """Neither who made the dataset, nor an owner, nor an owner who researches."""
    both = make_user("both", is_owner=True, is_researcher=True)
    user = {"rosa": rosa, "ravi": ravi, "olga": olga, "both": both}[who]
    for file in private(split):
        for headers in ({}, {"Range": "bytes=0-9"}, {"If-None-Match": f'"{file.sha256}"'}):
            assert as_(user).get(page_of(file), headers=headers).status_code == 403
            assert client.get(api_of(file), headers=bearer(user) | headers).status_code == 403
        assert as_(user).head(page_of(file)).status_code == 403
        assert client.head(api_of(file), headers=bearer(user, "download")).status_code == 403
    assert not Download.objects.exists()


def test_what_is_not_private_can_be_fetched_and_names_the_private_files_hash(split: DatasetVersion, rosa: User, as_: SignIn) -> None:
    open_ones = [file for file in split.files.all() if not file.is_private]
    assert {"train.jsonl", "manifest.json", "SHA256SUMS", "README.md"} <= {file.name for file in open_ones}
    for file in open_ones:
        assert as_(rosa).get(page_of(file)).status_code == 200
    assert private(split)[0].sha256 in body(as_(rosa).get(page_of(split.files.get(name="SHA256SUMS")))).decode()


def test_no_open_file_holds_a_text_or_a_vote_of_a_private_row(split: DatasetVersion) -> None:
    rows = split.rows.filter(split="test").select_related("chosen", "rejected")
    for file in split.files.all():
        if not file.is_private:
            held = (split.folder / file.name).read_bytes()
            for row in rows:
                assert row.key.encode() not in held, file.name
                assert row.chosen.text.encode() + b'"' not in held, file.name


def test_the_page_shows_no_private_row_to_who_is_not_named(split: DatasetVersion, rosa: User, ravi: User, as_: SignIn) -> None:
    name(split, ravi, rosa)
    for row in split.rows.filter(split="test"):
        address = f"/datasets/half/1/?after={row.position - 1}"
        assert row.key not in as_(rosa).get(address).content.decode()
        assert row.key in as_(ravi).get(address).content.decode()


def test_the_prompt_of_a_private_pair_that_is_golden_is_for_who_is_named(split: DatasetVersion, rosa: User, ravi: User, as_: SignIn) -> None:
    name(split, ravi, rosa)
    there = reverse("dataset-gates", args=["half"])
    marked = {part: split.rows.filter(split=part).select_related("prompt")[0] for part in ("train", "test")}
    for row in marked.values():
        gatekeeping.mark_golden(row, actor=ravi, why="Clear.", at=NOW)
    train, private = (marked[part].prompt.messages[0]["content"] for part in ("train", "test"))
    assert [asked in as_(rosa).get(there).content.decode() for asked in (train, private)] == [True, False]
    assert [asked in as_(ravi).get(there).content.decode() for asked in (train, private)] == [True, True]


def test_who_is_not_named_is_told_where_to_ask(split: DatasetVersion, ravi: User, lena: User, as_: SignIn) -> None:
    page = as_(ravi).get(page_of(private(split)[0]))
    assert page.status_code == 403
    assert f'href="{reverse("dataset-access", args=["half"])}"' in page.content.decode()
    assert "private" not in as_(lena).get(page_of(private(split)[0])).content.decode()


def test_who_waits_is_the_first_to_be_decided_about(split: DatasetVersion, rosa: User, ravi: User, as_: SignIn) -> None:
    there = reverse("dataset-access", args=["half"])
    assert 'value="ravi"' not in as_(rosa).get(there).content.decode()
    granting.ask(split.dataset, person=ravi, reason="To judge the final run.", at=NOW)
    assert 'value="ravi"' in as_(rosa).get(there).content.decode()


def test_a_decision_holds_until_the_next_one(split: DatasetVersion, rosa: User, ravi: User, as_: SignIn) -> None:
    file = private(split)[0]
    name(split, ravi, rosa)
    granting.decide(split.dataset, person=ravi, kind=Kind.REVOKED, actor=rosa, reason="The run is judged.", at=NOW)
    assert as_(ravi).get(page_of(file)).status_code == 403
    granting.ask(split.dataset, person=ravi, reason="One more run.", at=NOW)
    assert as_(ravi).get(page_of(file)).status_code == 403
    granting.decide(split.dataset, person=ravi, kind=Kind.REFUSED, actor=rosa, reason="The first will do.", at=NOW)
    assert not access.is_named(ravi, split.dataset)
    assert SplitAccess.objects.count() == 4


def test_who_is_named_and_asks_again_keeps_their_access_until_it_is_decided(split: DatasetVersion, rosa: User, ravi: User) -> None:
    name(split, ravi, rosa)
    with pytest.raises(granting.NotPossible, match="already"):
        granting.ask(split.dataset, person=ravi, reason="Am I in?", at=NOW)
    assert access.is_named(ravi, split.dataset)


def test_who_loses_the_mark_loses_the_split(split: DatasetVersion, rosa: User, ravi: User, as_: SignIn) -> None:
    name(split, ravi, rosa)
    ravi.is_researcher = False
    ravi.save()
    assert as_(ravi).get(page_of(private(split)[0])).status_code == 403


def test_nobody_decides_on_their_own_access(split: DatasetVersion, rosa: User, olga: User) -> None:
    for user in (rosa, olga):
        with pytest.raises(granting.NotPossible, match="their own access"):
            granting.decide(split.dataset, person=user, kind=Kind.APPROVED, actor=user, reason="I need it.", at=NOW)
        with pytest.raises(IntegrityError), transaction.atomic():
            SplitAccess.objects.create(dataset=split.dataset, person=user, kind=Kind.APPROVED, actor=user, reason="I need it.", at=NOW)


@pytest.mark.parametrize(
    ("kind", "reason", "said"),
    [
        (Kind.APPROVED, " ", "Say why"),
        (Kind.REFUSED, "No.", "has not asked"),
        (Kind.REVOKED, "No.", "may not download it anyway"),
    ],
)
def test_a_decision_about_nothing_is_refused(kind: Kind, reason: str, said: str, split: DatasetVersion, rosa: User, ravi: User) -> None:
    with pytest.raises(granting.NotPossible, match=said):
        granting.decide(split.dataset, person=ravi, kind=kind, actor=rosa, reason=reason, at=NOW)


def test_only_an_owner_or_the_maker_decides_and_only_about_researchers(split: DatasetVersion, ravi: User, rosa: User, olga: User, lena: User) -> None:
    with pytest.raises(granting.NotPossible, match="owner or the dataset’s maker"):
        granting.decide(split.dataset, person=rosa, kind=Kind.APPROVED, actor=ravi, reason="Please.", at=NOW)
    with pytest.raises(granting.NotPossible, match="neither a researcher nor an owner"):
        granting.decide(split.dataset, person=lena, kind=Kind.APPROVED, actor=rosa, reason="Please.", at=NOW)
    name(split, rosa, olga)
    assert access.is_named(rosa, split.dataset)


def test_the_page_takes_requests_and_decisions(split: DatasetVersion, rosa: User, ravi: User, olga: User, as_: SignIn) -> None:
    there = reverse("dataset-access", args=["half"])
    assert "nobody may download it" in as_(ravi).get(there).content.decode()
    assert as_(ravi).post(reverse("ask-for-access", args=["half"]), {"reason": "For the paper."}).status_code == 302
    assert "waits for a decision" in as_(rosa).get(there).content.decode()
    assert as_(ravi).post(there, {"person": "rosa", "kind": "approved", "reason": "You too."}).status_code == 403
    assert as_(olga).post(there, {"person": "ravi", "kind": "approved", "reason": ""}).status_code == 422
    assert as_(olga).post(there, {"person": "nobody", "kind": "approved", "reason": "x"}).status_code == 422
    assert as_(olga).post(there, {"person": "olga", "kind": "approved", "reason": "Me."}).status_code == 409
    assert as_(olga).post(there, {"person": "ravi", "kind": "approved", "reason": "For the paper."}).status_code == 302
    assert access.is_named(ravi, split.dataset)


def test_an_operator_names_somebody(split: DatasetVersion, rosa: User) -> None:
    said = StringIO()
    call_command("name_split_reader", "half", "rosa", "--reason", "She works alone.", stdout=said)
    assert said.getvalue() == "rosa may download the private split of half.\n"
    assert access.is_named(rosa, split.dataset)
    call_command("name_split_reader", "half", "rosa", "--reason", "Done.", "--revoke", stdout=said)
    assert not access.is_named(rosa, split.dataset)
    for words in (["half", "nobody", "--reason", "x"], ["none", "rosa", "--reason", "x"], ["half", "rosa", "--reason", " "]):
        with pytest.raises(CommandError):
            call_command("name_split_reader", *words)


# ---- links


def link_to(file: DatasetFile, by: User, *, days: int = 7) -> str:
    _, secret = linking.make_link(file, for_whom="a reviewer", days=days, made_by=by, at=timezone.now())
    return linking.path_of(secret, file.name)


def test_a_link_opens_its_file_and_no_other(version: DatasetVersion, rosa: User, client: Client) -> None:
    file = version.files.get(name="train.jsonl")
    there = link_to(file, rosa)
    got = client.get(there)
    assert (got.status_code, hashlib.sha256(body(got)).hexdigest()) == (200, file.sha256)
    assert body(client.get(there, headers={"Range": "bytes=0-9"})) == (version.folder / file.name).read_bytes()[:10]
    assert client.get(there.replace("train", "validation")).status_code == 404
    assert client.get(there[:-14] + "x/train.jsonl").status_code == 404


def test_a_link_ends(version: DatasetVersion, rosa: User, client: Client) -> None:
    file = version.files.get(name="train.jsonl")
    link, secret = linking.make_link(file, for_whom="a reviewer", days=1, made_by=rosa, at=timezone.now() - timedelta(days=2))
    assert client.get(linking.path_of(secret, file.name)).status_code == 404
    link, secret = linking.make_link(file, for_whom="a reviewer", days=1, made_by=rosa, at=timezone.now())
    assert linking.revoke_link(link, actor=rosa, at=timezone.now())
    assert not linking.revoke_link(link, actor=rosa, at=timezone.now())
    assert client.get(linking.path_of(secret, file.name)).status_code == 404
    there = link_to(file, rosa)
    User.objects.filter(pk=rosa.pk).update(is_researcher=False)
    assert client.get(there).status_code == 404


def test_there_are_no_links_to_the_private_split_even_for_who_is_named(split: DatasetVersion, rosa: User, olga: User, as_: SignIn) -> None:
    name(split, rosa, olga)
    file = private(split)[0]
    with pytest.raises(linking.NotPossible, match="no links to a private split"):
        linking.make_link(file, for_whom="a reviewer", days=1, made_by=rosa, at=NOW)
    said = as_(rosa).post(reverse("make-link", args=["half", 1]), {"file": file.name, "for_whom": "x", "days": 1})
    assert said.status_code == 422
    assert not split.links.exists()


def test_the_page_makes_a_link_shows_it_once_and_revokes_it(version: DatasetVersion, rosa: User, as_: SignIn, client: Client) -> None:
    made = as_(rosa).post(reverse("make-link", args=["helpfulness", 1]), {"file": "train.jsonl", "for_whom": "a reviewer", "days": 3}).content.decode()
    link = version.links.get()
    secret = made[made.index("/fetch/") :].split("/")[2]
    assert link.shown == secret[:12]
    assert client.get(linking.path_of(secret, "train.jsonl")).status_code == 200
    assert secret not in as_(rosa).get("/datasets/helpfulness/1/").content.decode()
    as_(rosa).post(reverse("revoke-link", args=["helpfulness", link.pk]))
    assert client.get(linking.path_of(secret, "train.jsonl")).status_code == 404


@pytest.mark.parametrize("change", [{"days": 0}, {"days": 31}, {"for_whom": ""}, {"file": "nothing.jsonl"}])
def test_a_link_that_cannot_be_made_is_refused(change: dict[str, object], version: DatasetVersion, rosa: User, as_: SignIn) -> None:
    sent = {"file": "train.jsonl", "for_whom": "a reviewer", "days": 3} | change
    assert as_(rosa).post(reverse("make-link", args=["helpfulness", 1]), sent).status_code == 422
    assert not version.links.exists()


# ---- the ledger


def test_every_download_is_written_down(version: DatasetVersion, rosa: User, as_: SignIn, client: Client) -> None:
    file = version.files.get(name="train.jsonl")
    as_(rosa).get(page_of(file))
    as_(rosa).get(page_of(file), headers={"Range": "bytes=5-9"})
    client.get(api_of(file), headers=bearer(rosa, "download") | {"Range": "bytes=-3"})
    client.get(link_to(file, rosa))
    found = list(Download.objects.order_by("pk"))
    assert [(one.how, one.first_byte, one.last_byte) for one in found] == [
        ("session", 0, file.size - 1),
        ("session", 5, 9),
        ("token", file.size - 3, file.size - 1),
        ("link", 0, file.size - 1),
    ]
    assert {one.sha256 for one in found} == {file.sha256}
    assert [one.person for one in found] == [rosa, rosa, rosa, None]
    assert found[2].token == ApiToken.objects.get()
    assert found[3].link == version.links.get()
    assert {one.address for one in found} == {"127.0.0.1"}


def test_what_sends_no_bytes_is_not_written_down(version: DatasetVersion, rosa: User, as_: SignIn) -> None:
    file = version.files.get(name="train.jsonl")
    rosas = as_(rosa)
    rosas.head(page_of(file))
    rosas.get(page_of(file), headers={"If-None-Match": f'"{file.sha256}"'})
    rosas.get(page_of(file), headers={"Range": "bytes=99999999-"})
    rosas.get(page_of(file).replace("train", "tray"))
    (version.folder / file.name).unlink()
    rosas.get(page_of(file))
    assert not Download.objects.exists()


def test_the_ledgers_page_is_for_researchers(version: DatasetVersion, rosa: User, olga: User, lena: User, as_: SignIn) -> None:
    there = reverse("dataset-downloads", args=["helpfulness"])
    assert "Nobody has fetched a file" in as_(rosa).get(there).content.decode()
    as_(rosa).get(page_of(version.files.get(name="train.jsonl")), headers={"Range": "bytes=1000-1999"})
    said = as_(rosa).get(there).content.decode()
    assert "1,000 to 1,999" in said
    assert "127.0.0.1" in said
    for user in (olga, lena):
        assert as_(user).get(there).status_code == 403


# ---- scopes


def test_a_token_that_only_downloads_does_nothing_else(version: DatasetVersion, rosa: User, client: Client) -> None:
    headers = bearer(rosa, "download")
    assert client.get(api_of(version.files.get(name="train.jsonl")), headers=headers).status_code == 200
    for path in ("datasets", "datasets/helpfulness", "datasets/helpfulness/versions/1", "datasets/helpfulness/downloads", "campaigns", "policies"):
        assert client.get(f"/api/v1/{path}", headers=headers).status_code in (403, 404), path
    for path in ("datasets", "datasets/helpfulness/versions/1/release", "datasets/helpfulness/versions/1/links"):
        assert client.post(f"/api/v1/{path}", {}, content_type="application/json", headers=headers).status_code == 403, path


def test_other_scopes_do_not_download(version: DatasetVersion, rosa: User, client: Client) -> None:
    assert client.get(api_of(version.files.get(name="train.jsonl")), headers=bearer(rosa, "write", "label")).status_code == 403


# ---- versions that are gone


def test_a_withdrawn_versions_files_are_gone_and_name_the_successor(version: DatasetVersion, rosa: User, as_: SignIn, client: Client) -> None:
    file = version.files.get(name="train.jsonl")
    old_link = link_to(file, rosa)
    second = frozen(version.campaigns.get(), by=rosa)
    releasing.withdraw(version, actor=rosa, reason="A labeler withdrew.", at=NOW, successor=second)
    for file in version.files.select_related("version__dataset"):
        page, call = as_(rosa).get(page_of(file)), client.get(api_of(file), headers=bearer(rosa, "download") | {"Range": "bytes=0-9"})
        assert (page.status_code, call.status_code) == (410, 410)
        assert "Use version 2 instead." in page.content.decode()
        assert json.loads(call.content)["successor"] == 2
        assert "A labeler withdrew" in json.loads(call.content)["detail"]
    link = client.get(old_link)
    assert link.status_code == 410
    assert link.headers["Link"].endswith('/datasets/helpfulness/2/>; rel="successor-version"')
    assert as_(rosa).head(page_of(file)).status_code == 410
    assert not Download.objects.exists()
    whole = client.get("/api/v1/datasets/helpfulness/versions/1", headers=bearer(rosa, "read")).json()
    assert (whole["state"], whole["successor"]) == ("withdrawn", 2)


def test_the_page_of_a_withdrawn_version_shows_what_happened_and_no_rows(version: DatasetVersion, rosa: User, as_: SignIn) -> None:
    releasing.withdraw(version, actor=rosa, reason="A labeler withdrew.", at=NOW)
    said = as_(rosa).get("/datasets/helpfulness/1/").content.decode()
    assert "There is no version to use instead yet." in said
    assert version.rows.all()[0].key not in said
    assert "/files/train.jsonl" not in said
    assert as_(rosa).get(reverse("read-rows", args=["helpfulness", 1, "random"])).status_code == 404


def test_who_is_shut_out_is_shut_out_of_what_is_gone_too(split: DatasetVersion, rosa: User, as_: SignIn, lena: User) -> None:
    releasing.withdraw(split, actor=rosa, reason="Bad.", at=NOW)
    assert as_(rosa).get(page_of(private(split)[0])).status_code == 403
    assert as_(lena).get(page_of(split.files.get(name="train.jsonl"))).status_code == 403


def test_no_secret_of_a_link_is_kept(version: DatasetVersion, rosa: User, tmp_path: Path) -> None:
    link, secret = linking.make_link(version.files.get(name="train.jsonl"), for_whom="a reviewer", days=1, made_by=rosa, at=NOW)
    assert secret not in str(vars(link))
    assert link.digest == hashlib.sha256(secret.encode()).hexdigest()
