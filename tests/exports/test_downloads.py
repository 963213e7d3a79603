"""A version's files over HTTP: every byte, any range of them, and nobody else's files."""

from __future__ import annotations

import hashlib
import json

import pytest
from django.http import HttpResponseBase
from django.test import Client
from django.urls import reverse

from accounts.models import User
from exports.models import DatasetFile, DatasetVersion
from tests.builders import make_token


@pytest.fixture
def file(version: DatasetVersion) -> DatasetFile:
    return version.files.get(name="train.jsonl")


def body(response: HttpResponseBase) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]


@pytest.fixture
def rosas(client: Client, rosa: User) -> Client:
    client.force_login(rosa)
    return client


def address(name: str = "train.jsonl", number: int = 1) -> str:
    return reverse("download-file", args=["helpfulness", number, name])


def test_it_works(rosas: Client, file: DatasetFile) -> None:
    response = rosas.get(address())
    got = body(response)
    assert response.status_code == 200
    assert hashlib.sha256(got).hexdigest() == file.sha256
    assert response["ETag"] == f'"{file.sha256}"'
    assert response["Content-Length"] == str(file.size) == str(len(got))
    assert response["Content-Disposition"] == 'attachment; filename="helpfulness-1-train.jsonl"'
    assert response["Content-Type"] == "application/jsonl"
    assert response["Accept-Ranges"] == "bytes"
    assert "no-cache" in response["Cache-Control"]


def test_every_file_of_the_version_comes_as_it_was_written(rosas: Client, version: DatasetVersion) -> None:
    for file in version.files.all():
        assert hashlib.sha256(body(rosas.get(address(file.name)))).hexdigest() == file.sha256
    assert hashlib.sha256(body(rosas.get(address("manifest.json")))).hexdigest() == version.manifest_sha256


def test_head_says_the_same_without_the_bytes(rosas: Client, file: DatasetFile) -> None:
    response = rosas.head(address(), headers={"Range": "bytes=0-9"})
    assert (response.status_code, body(response)) == (200, b"")
    assert response["Content-Length"] == str(file.size)
    assert response["ETag"] == f'"{file.sha256}"'
    assert response["Content-Type"] == "application/jsonl"


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-99", 0, 100),
        ("bytes=100-", 100, None),
        ("bytes=-7", -7, None),
        ("bytes=5-99999999", 5, None),
        ("bytes=-99999999", 0, None),
    ],
)
def test_a_range_gives_those_bytes(asked: str, start: int, stop: int | None, rosas: Client, file: DatasetFile) -> None:
    whole = (file.version.folder / file.name).read_bytes()
    wanted = whole[start:stop]
    first = whole.index(wanted) if start >= 0 else len(whole) + start
    response = rosas.get(address(), headers={"Range": asked})
    assert response.status_code == 206
    assert body(response) == wanted
    assert response["Content-Range"] == f"bytes {first}-{first + len(wanted) - 1}/{len(whole)}"
    assert response["Content-Length"] == str(len(wanted))


def test_a_download_can_be_taken_up_again_where_it_broke(rosas: Client, file: DatasetFile) -> None:
    half = file.size // 2
    headers = {"Range": f"bytes={half}-", "If-Range": f'"{file.sha256}"'}
    got = body(rosas.get(address(), headers={"Range": f"bytes=0-{half - 1}"})) + body(rosas.get(address(), headers=headers))
    assert hashlib.sha256(got).hexdigest() == file.sha256


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=-0"])
def test_bytes_that_the_file_does_not_have_are_refused(asked: str, rosas: Client, file: DatasetFile) -> None:
    response = rosas.get(address(), headers={"Range": asked})
    assert response.status_code == 416
    assert response["Content-Range"] == f"bytes */{file.size}"


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "lines=0-1", "bytes=9-3", "bytes=-", "bytes=a-b", "bytes=٠-٩", ""])
def test_a_range_that_is_none_is_answered_with_the_whole(asked: str, rosas: Client, file: DatasetFile) -> None:
    response = rosas.get(address(), headers={"Range": asked})
    assert response.status_code == 200
    assert len(body(response)) == file.size


@pytest.mark.parametrize("condition", ['"another"', "W/x", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_a_range_of_another_state_of_the_file_is_answered_with_the_whole(condition: str, rosas: Client, file: DatasetFile) -> None:
    response = rosas.get(address(), headers={"Range": "bytes=0-9", "If-Range": condition})
    assert response.status_code == 200
    assert len(body(response)) == file.size


def test_who_has_the_file_is_told_so(rosas: Client, file: DatasetFile) -> None:
    response = rosas.get(address(), headers={"If-None-Match": f'"{file.sha256}"'})
    assert (response.status_code, body(response), response["ETag"]) == (304, b"", f'"{file.sha256}"')
    assert rosas.get(address(), headers={"If-Match": '"another"'}).status_code == 412


@pytest.mark.parametrize("name", ["test.jsonl", "secret_key", "..%2f..%2fsecret_key", "%2e%2e", "..", "train.jsonl%00", "TRAIN.JSONL"])
def test_only_names_of_the_versions_files_are_found(name: str, rosas: Client, version: DatasetVersion) -> None:
    (version.folder / "secret_key").write_text("s3cret")
    assert rosas.get(f"/datasets/helpfulness/1/files/{name}").status_code in (404, 302, 301)


def test_a_file_of_another_version_is_not_found(rosas: Client, version: DatasetVersion) -> None:
    assert rosas.get(address(number=2)).status_code == 404


def test_a_file_that_was_tampered_with_is_not_served(rosas: Client, file: DatasetFile) -> None:
    path = file.version.folder / file.name
    path.write_bytes(path.read_bytes()[:-1])
    assert rosas.get(address()).status_code == 500
    path.unlink()
    assert rosas.get(address()).status_code == 500
    assert rosas.head(address()).status_code == 500


def test_nobody_else_may_download(version: DatasetVersion, lena: User, eve: User, olga: User, client: Client) -> None:
    assert client.get(address()).status_code == 302
    for user in (lena, eve, olga):
        client.force_login(user)
        assert client.get(address()).status_code == 403


def test_the_api_serves_the_same_bytes(client: Client, rosa: User, file: DatasetFile) -> None:
    there = reverse("api-download-file", args=["helpfulness", 1, "train.jsonl"])
    headers = {"Authorization": f"Bearer {make_token(rosa, 'read')}", "Accept": "application/x-ndjson"}
    whole = client.get(there, headers=headers)
    assert hashlib.sha256(body(whole)).hexdigest() == file.sha256
    assert body(client.get(there, headers=headers | {"Range": "bytes=0-9"})) == (file.version.folder / file.name).read_bytes()[:10]
    assert client.head(there, headers=headers)["ETag"] == f'"{file.sha256}"'
    assert client.get(there, headers=headers | {"If-None-Match": f'"{file.sha256}"'}).status_code == 304
    assert client.get(there).status_code == 401
    missing = client.get(there.replace("train", "tray"), headers=headers)
    assert missing.status_code == 404
    assert json.loads(missing.content)["detail"]


def test_the_api_serves_no_file_without_the_scope_or_the_mark(client: Client, rosa: User, lena: User, file: DatasetFile) -> None:
    there = reverse("api-download-file", args=["helpfulness", 1, "train.jsonl"])
    for token in (make_token(rosa, "label"), make_token(lena)):
        assert client.get(there, headers={"Authorization": f"Bearer {token}"}).status_code == 403
