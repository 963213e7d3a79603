"""A dataset repository on a Hugging Face Hub: what stands under a tag, one commit of files, the tag. Of no version in particular, and of no database."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import huggingface_hub
from httpx2 import TransportError
from huggingface_hub import constants
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, RepositoryNotFoundError

BRANCH = "main"
KIND = "dataset"
BLOCK = 2**20
SAID = 200
"""Characters of what a hub says that are shown to people."""

Tell = Callable[[int], None]
"""Is told how many bytes were sent so far. It may raise Stopped."""


class Stopped(Exception):
    """Nobody wants it any more."""


class Refused(Exception):
    """Why the hub did not take it, or could not be asked, in words for people. The token is never among them."""


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file as it is to stand in the repository: where its bytes lie, or what they are; `size` in bytes, `sha256` in hex."""

    name: str
    source: Path | bytes
    size: int
    sha256: str

    @classmethod
    def of_bytes(cls, name: str, content: bytes) -> Upload:
        return cls(name=name, source=content, size=len(content), sha256=hashlib.sha256(content).hexdigest())

    def open(self) -> io.BufferedIOBase:
        return self.source.open("rb") if isinstance(self.source, Path) else io.BytesIO(self.source)

    def blob(self) -> str:
        """Return the name that git gives to the content: the SHA-1 of `blob SIZE`, a NUL and the bytes."""
        digest = hashlib.sha1(b"blob %d\0" % self.size, usedforsecurity=False)
        with self.open() as file:
            while block := file.read(BLOCK):
                digest.update(block)
        return digest.hexdigest()


class Counted(io.BufferedReader):
    """A file that tells how far it was read. A buffer, and no path: so the library sends it over plain HTTP, where each byte can be counted."""

    def __init__(self, upload: Upload, tell: Tell) -> None:
        raw = upload.source.open("rb", buffering=0) if isinstance(upload.source, Path) else io.BytesIO(upload.source)
        super().__init__(raw, BLOCK)
        self.tell_of, self.is_sent = tell, False

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        if self.is_sent and found:
            self.tell_of(self.tell())
        return found


class Hub:
    """One repository. Every call raises Refused."""

    def __init__(self, *, endpoint: str, token: str, repo: str) -> None:
        self.endpoint, self.token, self.repo = endpoint, token, repo
        self.api = huggingface_hub.HfApi(endpoint=endpoint, token=token, library_name="tiebreak")

    def commit_of(self, tag: str) -> str:
        """Return the commit that bears the tag; empty where none does."""
        with self.asked():
            tags = self.api.list_repo_refs(self.repo, repo_type=KIND).tags
        return next((ref.target_commit for ref in tags if ref.name == tag), "")

    def holds(self, upload: Upload, revision: str) -> bool:
        return not self.differing([upload], revision)

    def differing(self, uploads: Sequence[Upload], revision: str) -> list[str]:
        """Return the names of the files that do not stand in a revision byte for byte."""
        with self.asked():
            infos = self.api.get_paths_info(self.repo, [upload.name for upload in uploads], revision=revision, repo_type=KIND)
        found: dict[str, Any] = {info.path: info for info in infos}
        return [upload.name for upload in uploads if not is_same(upload, found.get(upload.name))]

    def names(self) -> set[str]:
        """Return the names of the files that stand at the head of the branch."""
        with self.asked():
            return set(self.api.list_repo_files(self.repo, revision=BRANCH, repo_type=KIND))

    def commit(self, uploads: Sequence[Upload], *, without: Iterable[str], message: str, more: str, tell: Tell) -> str:
        """Send the files and return the one commit that they stand in; `without` are names that go. Where nothing is new, the head as it is."""
        with self.asked(), ExitStack() as stack:
            operations: list[Any] = [self.sent(upload, before, stack, tell) for upload, before in after_each_other(uploads)]
            operations += [huggingface_hub.CommitOperationDelete(path_in_repo=name) for name in sorted(without)]
            made = self.api.create_commit(
                self.repo, operations, commit_message=message, commit_description=more, repo_type=KIND, revision=BRANCH, num_threads=1
            )
        return made.oid

    def sent(self, upload: Upload, before: int, stack: ExitStack, tell: Tell) -> huggingface_hub.CommitOperationAdd:
        """Send what is large, before the commit that names it."""
        file = stack.enter_context(Counted(upload, lambda read: tell(before + read)))
        operation = huggingface_hub.CommitOperationAdd(path_in_repo=upload.name, path_or_fileobj=file)
        if operation.upload_info.sha256.hex() != upload.sha256:
            raise Refused(f"{upload.name} on the disk is not the one that was written. Restore it from a backup.")
        file.is_sent = True
        self.api.preupload_lfs_files(self.repo, [operation], repo_type=KIND, revision=BRANCH, num_threads=1, free_memory=False)
        tell(before + upload.size)
        file.is_sent = False
        return operation

    def tag(self, name: str, commit: str) -> None:
        """Give a commit its tag; one that it has already is left as it is."""
        with self.asked():
            self.api.create_tag(self.repo, tag=name, revision=commit, repo_type=KIND, exist_ok=True)

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Say in words what a hub, or the way to it, does not let be done."""
        try:
            with on_line():
                yield
        except RepositoryNotFoundError as error:
            raise Refused(self.no_such_repository(error)) from None
        except HfHubHTTPError as error:
            raise Refused(self.no(error)) from None
        except HFValidationError:
            raise Refused(f"{self.repo} is not the name of a repository: it is written OWNER/NAME.") from None
        except (TransportError, ConnectionError, TimeoutError) as error:
            raise Refused(self.unreachable(error)) from None
        except (RuntimeError, ValueError, KeyError, TypeError) as error:
            raise self.of_an_upload(error) from None

    def no_such_repository(self, error: HfHubHTTPError) -> str:
        if error.response.status_code == 404:
            return f"{self.endpoint} has no dataset repository {self.repo} that the token may see. Make the repository there first."
        return f"{self.endpoint} has no dataset repository {self.repo} that the token may see, or it does not know the token. Make the repository there first."

    def no(self, error: HfHubHTTPError) -> str:
        status = error.response.status_code
        if status == 401:
            return f"{self.endpoint} does not know the token."
        if status == 403:
            return f"The token may not write to {self.repo}: {self.endpoint} answers 403."
        return f"{self.endpoint} answers {status}: {self.without_token(error.server_message or 'it gives no reason')}"

    def unreachable(self, error: BaseException) -> str:
        return f"{self.endpoint} cannot be reached: {type(error).__name__}. Is there a network, and is it the right address?"

    def of_an_upload(self, error: Exception) -> Exception:
        """Return what is to be raised for an error of the library's own: those of an upload come wrapped."""
        cause = error.__cause__
        if isinstance(cause, Stopped):
            return cause
        if isinstance(cause, HfHubHTTPError):
            return Refused(self.no(cause))
        if isinstance(cause, (TransportError, OSError)):
            return Refused(self.unreachable(cause))
        return Refused(f"{self.endpoint} did not answer as a hub does: {self.without_token(str(error)) or type(error).__name__}")

    def without_token(self, said: str) -> str:
        return " ".join(said.replace(self.token, "[token]").split())[:SAID]


@contextmanager
def on_line() -> Iterator[None]:
    """Let the library dial. Engines keep it off line in every process that loads them (`policies.engines`), so that no model is looked for elsewhere."""
    before, constants.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE, False
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def after_each_other(uploads: Sequence[Upload]) -> Iterator[tuple[Upload, int]]:
    """Yield each file with the bytes of those before it."""
    before = 0
    for upload in uploads:
        yield upload, before
        before += upload.size


def is_same(upload: Upload, info: Any) -> bool:
    """Say whether what the hub tells of a file is what ours is."""
    if info is None or not isinstance(info, huggingface_hub.RepoFile) or info.size != upload.size:
        return False
    return info.lfs.sha256 == upload.sha256 if info.lfs else info.blob_id == upload.blob()
