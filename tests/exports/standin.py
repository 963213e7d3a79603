"""A hub of datasets on loopback, real enough for `huggingface_hub` and `datasets`: the routes they use, over files in memory.

What is larger than a few bytes goes by LFS, as on the real one: asked for in a batch, sent to an address of its own, named in the commit.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

TOKEN = "hf_of_the_stand_in"
READ_ONLY = "hf_that_may_only_read"
LARGE = 2000
"""Bytes above which a file goes by LFS."""
SENT = 0.6
"""Of an upload, how much is taken before the line is cut, where a test wants it cut."""


@dataclass
class Repo:
    """Commits, first to last, each with all its files; and the tags."""

    commits: list[tuple[str, str, dict[str, bytes]]] = field(default_factory=lambda: [("0" * 40, "initial commit", {".gitattributes": b""})])
    tags: dict[str, str] = field(default_factory=dict)

    def at(self, revision: str) -> dict[str, bytes] | None:
        oid = self.head if revision in ("main", "refs/heads/main") else self.tags.get(revision, revision)
        return next((files for known, _, files in self.commits if known == oid), None)

    def oid_of(self, revision: str) -> str:
        return self.head if revision == "main" else self.tags.get(revision, revision)

    @property
    def head(self) -> str:
        return self.commits[-1][0]

    @property
    def files(self) -> dict[str, bytes]:
        return self.commits[-1][2]


@dataclass
class StandIn:
    """The hub. `ignored` are names that its repositories ignore, `cut` is how often an upload is cut in the middle."""

    repos: dict[str, Repo] = field(default_factory=dict)
    large: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """Method, path and the Authorization header of each request."""
    uploaded: int = 0
    """Bytes that came by LFS."""
    ignored: set[str] = field(default_factory=set)
    cut: int = 0
    address: str = ""

    def writes(self) -> list[str]:
        return [path for method, path, _ in self.asked if method == "PUT" or "/commit/" in path or "/tag/" in path]


class No(Exception):
    def __init__(self, status: int, message: str = "", code: str = "") -> None:
        super().__init__(message)
        self.status, self.headers = status, {"X-Error-Message": message, "X-Error-Code": code}


def blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()  # noqa: S324 - git's


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """One request. `hub` is set by who serves."""

    hub: StandIn
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        self.answer()

    do_POST = do_PUT = do_HEAD = do_GET

    def answer(self) -> None:
        address = urlsplit(self.path)
        self.hub.asked.append((self.command, address.path, self.headers.get("Authorization", "")))
        try:
            self.route(unquote(address.path), parse_qs(address.query))
        except No as no:
            self.read()
            self.send(json.dumps({"error": str(no)}).encode(), status=no.status, headers=no.headers)

    def read(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def said(self) -> Any:
        return json.loads(self.read())

    def send(self, content: bytes, *, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json", "Content-Length": str(len(content))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def send_json(self, content: Any) -> None:
        self.send(json.dumps(content).encode())

    # Who asks, and for which repository

    def repo(self, name: str, *, write: bool = False) -> Repo:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in ("", TOKEN, READ_ONLY):
            raise No(401, "Invalid credentials in Authorization header")
        if name not in self.hub.repos:
            raise No(404 if token else 401, "Repository not found", "RepoNotFound")
        if write and token != TOKEN:
            raise No(403, "you don't have the rights")
        return self.hub.repos[name]

    def route(self, path: str, query: dict[str, list[str]]) -> None:
        parts = path.strip("/").split("/")
        if path == "/api/validate-yaml":
            self.validate()
        elif parts[0] == "lfs":
            self.take_large(parts)
        elif path.endswith(".git/info/lfs/objects/batch"):
            self.batch("/".join(parts[1:3]).removesuffix(".git"))
        elif parts[:2] == ["api", "datasets"] and len(parts) >= 4:
            self.api("/".join(parts[2:4]), parts[4] if len(parts) > 4 else "", "/".join(parts[5:]))
        elif parts[0] == "datasets" and parts[3:4] == ["resolve"]:
            self.resolve("/".join(parts[1:3]), parts[4], "/".join(parts[5:]))
        else:
            raise No(404, "no such page")

    def api(self, name: str, what: str, rest: str) -> None:
        if what == "refs":
            self.send_json(refs(self.repo(name)))
        elif what == "paths-info":
            paths = parse_qs(self.read().decode()).get("paths", [])
            self.send_json([entry(path, content) for path, content in self.files(name, rest).items() if path in paths])
        elif what == "tree":
            revision, _, folder = rest.partition("/")
            self.send_json([entry(path, content) for path, content in self.files(name, revision).items() if not folder])
        elif what in ("", "revision"):
            files = self.files(name, rest or "main")
            self.send_json(info(name, self.repo(name).oid_of(rest or "main"), files))
        elif what == "preupload":
            self.preupload(name)
        elif what == "commit":
            self.commit(name)
        elif what == "tag":
            self.tag(name, rest)
        else:
            raise No(404, "no such page")

    def files(self, name: str, revision: str) -> dict[str, bytes]:
        found = self.repo(name).at(revision)
        if found is None:
            raise No(404, "Revision not found", "RevisionNotFound")
        return found

    # Writing

    def validate(self) -> None:
        try:
            yaml.safe_load(self.said()["content"].split("---")[1])
        except (yaml.YAMLError, IndexError) as error:
            self.send(json.dumps({"errors": [{"message": str(error)}], "warnings": []}).encode(), status=400)
        else:
            self.send_json({"errors": [], "warnings": []})

    def preupload(self, name: str) -> None:
        known = self.repo(name, write=True).files
        files = []
        for file in self.said()["files"]:
            is_large, there = file["size"] > LARGE, known.get(file["path"])
            oid = None if there is None else sha256(there) if is_large else blob(there)
            files.append(
                {
                    "path": file["path"],
                    "uploadMode": "lfs" if is_large else "regular",
                    "shouldIgnore": file["path"] in self.hub.ignored,
                    "oid": oid,
                }
            )
        self.send_json({"files": files})

    def batch(self, name: str) -> None:
        self.repo(name, write=True)
        objects = []
        for wanted in self.said()["objects"]:
            href = f"{self.hub.address}/lfs/{wanted['oid']}"
            actions = {"actions": {"upload": {"href": href}, "verify": {"href": f"{href}/verify"}}}
            objects.append(wanted | ({} if wanted["oid"] in self.hub.large else actions))
        self.send_json({"transfer": "basic", "objects": objects})

    def take_large(self, parts: list[str]) -> None:
        if parts[-1] == "verify":
            self.read()
            return self.send_json({})
        if self.hub.cut:
            self.hub.cut -= 1
            self.rfile.read(int(int(self.headers["Content-Length"]) * SENT))
            self.close_connection = True
            self.connection.close()
            return None
        content = self.read()
        if sha256(content) != parts[1]:
            raise No(422, "not the bytes that were named")
        self.hub.large[parts[1]] = content
        self.hub.uploaded += len(content)
        return self.send_json({})

    def commit(self, name: str) -> None:
        repo = self.repo(name, write=True)
        lines = [json.loads(line) for line in self.read().splitlines()]
        files, summary = dict(repo.files), lines[0]["value"]["summary"]
        for line in lines[1:]:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.hub.large[value["oid"]]
            else:
                del files[value["path"]]
        oid = hashlib.sha1(f"{len(repo.commits)} {summary}".encode()).hexdigest()  # noqa: S324 - a name
        repo.commits.append((oid, summary, files))
        self.send_json({"commitUrl": f"{self.hub.address}/datasets/{name}/commit/{oid}", "commitOid": oid})

    def tag(self, name: str, revision: str) -> None:
        repo, tag = self.repo(name, write=True), self.said()["tag"]
        if tag in repo.tags:
            return self.send(b"{}", status=409)
        repo.tags[tag] = repo.oid_of(revision)
        return self.send_json({})

    # Reading

    def resolve(self, name: str, revision: str, path: str) -> None:
        content = self.files(name, revision).get(path)
        if content is None:
            raise No(404, "Entry not found", "EntryNotFound")
        headers = {"ETag": f'"{blob(content)}"', "X-Repo-Commit": self.repo(name).oid_of(revision), "Content-Type": "application/octet-stream"}
        wanted = self.headers.get("Range", "")
        if not wanted.startswith("bytes="):
            return self.send(content, headers=headers | {"Accept-Ranges": "bytes"})
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        part = content[int(first) : int(last) + 1 if last else None]
        return self.send(part, status=206, headers=headers | {"Content-Range": f"bytes {first}-{int(first) + len(part) - 1}/{len(content)}"})


def refs(repo: Repo) -> dict[str, Any]:
    tags = [{"name": tag, "ref": f"refs/tags/{tag}", "targetCommit": oid} for tag, oid in repo.tags.items()]
    return {"branches": [{"name": "main", "ref": "refs/heads/main", "targetCommit": repo.head}], "converts": [], "tags": tags}


def entry(path: str, content: bytes) -> dict[str, Any]:
    lfs = {"lfs": {"oid": sha256(content), "size": len(content), "pointerSize": 130}} if len(content) > LARGE else {}
    return {"type": "file", "path": path, "size": len(content), "oid": blob(content), **lfs}


def info(name: str, oid: str, files: dict[str, bytes]) -> dict[str, Any]:
    return {
        "_id": "1",
        "id": name,
        "author": name.split("/")[0],
        "sha": oid,
        "private": False,
        "gated": False,
        "disabled": False,
        "tags": [],
        "downloads": 0,
        "likes": 0,
        "siblings": [{"rfilename": path} for path in files],
    }


@contextmanager
def stand_in() -> Iterator[StandIn]:
    """Serve a hub with an empty repository `acme/helpfulness` until the end."""
    hub = StandIn(repos={"acme/helpfulness": Repo()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"hub": hub}))
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
