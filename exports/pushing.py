"""From a released version's own files to a repository on a hub: one commit, tagged with the version, and each file in the ledger of downloads.

Never the private split: the one query that finds what is sent leaves it out. Asked for again, nothing is sent twice: a tag that holds this version's
manifest ends it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from exports import cards, datacards, recording
from exports.hub import Hub, Refused, Stopped, Upload
from exports.manifest import ALL_VOTES, SUMS
from exports.manifest import NAME as MANIFEST
from exports.models import PRIVATE, DatasetFile, DatasetVersion, Push

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
"""Renewed with every MiB that is sent."""
MOST_ATTEMPTS = 3


class NotPushed(Exception):
    """Why it is not there, for people."""


def ask(version: DatasetVersion, repo: str, *, by: User | None, at: datetime) -> Push:
    """Return the push of a version to a repository: as it was asked for before, or asked for now. What failed is begun anew. Raises NotPushed.

    A caller rings for a worker once the transaction is over (`tasks.ring_for_push`); a forgotten one is found by the sweep.
    """
    refuse_unless_released(version)
    owner, _slash, name = repo.partition("/")
    not_a_name = _("{name} is not the name of a repository: it is written OWNER/NAME.").format(name=repr(repo))
    refuse_unless(bool(owner and name) and "/" not in name and len(repo) <= 100, not_a_name)
    asked, is_new = Push.objects.get_or_create(version=version, endpoint=settings.HUB_ENDPOINT, repo=repo, defaults={"asked_by": by, "asked_at": at})
    if not is_new and asked.state == Push.State.FAILED:
        Push.objects.filter(pk=asked.pk, state=Push.State.FAILED).update(state=Push.State.ASKED, error="", asked_by=by, asked_at=at, attempt=0)
        asked.refresh_from_db()
    return asked


def push(pk: int, *, at: datetime) -> bool:
    """Claim what was asked for, send it, tag it. Returns whether it is done by us; not where another worker has it. Not in a transaction."""
    claimed = Push.objects.waiting(at=at).filter(pk=pk)
    if not claimed.update(state=Push.State.SENDING, attempt=F("attempt") + 1, lease_ends_at=at + LEASE, bytes_done=0):
        return False
    mine = Push.objects.select_related("version__dataset", "asked_by").get(pk=pk)
    try:
        attempt(mine)
    except Stopped:
        return False
    except (NotPushed, Refused, OSError) as error:
        log.warning("%s: %s", mine, error)
        end(mine, state=Push.State.FAILED, error=str(error)[:500] or type(error).__name__)
        return False
    return True


def attempt(mine: Push) -> None:
    refuse_unless(bool(settings.HUB_TOKEN), "There is no token: set HF_TOKEN in the environment of the default worker.")
    hub = Hub(endpoint=mine.endpoint, token=settings.HUB_TOKEN, repo=mine.repo)
    uploads = uploads_of(mine.version)
    commit = tagged_before(mine, hub, uploads) or sent(mine, hub, uploads)
    end(mine, state=Push.State.DONE, commit=commit, finished_at=timezone.now(), bytes_done=F("bytes_total"))


def tagged_before(mine: Push, hub: Hub, uploads: Sequence[Upload]) -> str:
    """Return the commit that holds this very version under its tag already; empty where there is no such tag. Raises NotPushed where it is of another."""
    commit = hub.commit_of(mine.tag)
    manifest = [upload for upload in uploads if upload.name == MANIFEST]
    refuse_unless(not commit or not hub.differing(manifest, commit), f"{mine.repo} has a tag {mine.tag} already, and it is not this version.")
    return commit


def sent(mine: Push, hub: Hub, uploads: Sequence[Upload]) -> str:
    """Send the files in one commit, see that they stand there byte for byte, tag it, and return it."""
    stale = names_of_others(mine.version) - {upload.name for upload in uploads}
    without = stale & hub.names()
    write_down(mine, uploads)
    commit = hub.commit(uploads, without=without, message=mine.summary, more=mine.version.manifest_sha256, tell=progress_of(mine))
    missing = hub.differing(uploads, commit)
    refuse_unless(not missing, f"The hub took the commit {commit} without {', '.join(missing)}: does the repository ignore such files?")
    mine.version.refresh_from_db(fields=["state"])
    refuse_unless_released(mine.version, f" While it was being sent: commit {commit} stands in {mine.repo} without a tag, remove it there.")
    hub.tag(mine.tag, commit)
    return commit


def write_down(mine: Push, uploads: Sequence[Upload]) -> None:
    """Put each file into the ledger of downloads before its first byte leaves. Raises NotPushed where the version was withdrawn by now."""
    with transaction.atomic():
        refuse_unless_released(DatasetVersion.objects.select_for_update(no_key=True).get(pk=mine.version_id))
        Push.objects.filter(mine.is_mine()).update(bytes_total=sum(upload.size for upload in uploads))
        recording.record_push(mine, uploads, at=timezone.now())


def progress_of(mine: Push) -> Callable[[int], None]:
    def tell(sent: int) -> None:
        if not Push.objects.filter(mine.is_mine()).update(bytes_done=sent, lease_ends_at=timezone.now() + LEASE):
            raise Stopped

    return tell


def end(mine: Push, **changes: Any) -> None:
    """Change what only who holds the attempt may change. Raises Stopped."""
    if not Push.objects.filter(mine.is_mine()).update(lease_ends_at=None, **changes):
        raise Stopped


def give_up_on(*, at: datetime) -> int:
    """Fail what was tried too often by workers that died over it, and return how many those are."""
    lapsed = Push.objects.waiting(at=at).filter(attempt__gte=MOST_ATTEMPTS)
    return lapsed.update(state=Push.State.FAILED, error=f"{MOST_ATTEMPTS} workers ended while they sent it.", lease_ends_at=None)


# ---- what is sent


def uploads_of(version: DatasetVersion) -> list[Upload]:
    """Return the files that anybody may have: those of the public splits as they were frozen, the manifest, the card as it reads today, and their sums."""
    public = version.files.filter(conversion=None).exclude(split=PRIVATE).exclude(name__in=(cards.NAME, SUMS, ALL_VOTES)).order_by("name")
    found = [Upload(name=file.name, source=file.path, size=file.size, sha256=file.sha256) for file in public]
    found.append(Upload.of_bytes(cards.NAME, cards.without_private(datacards.card_of(version))))
    sums = "".join(f"{upload.sha256}  {upload.name}\n" for upload in sorted(found, key=lambda upload: upload.name))
    return [*found, Upload.of_bytes(SUMS, sums.encode())]


def names_of_others(version: DatasetVersion) -> set[str]:
    """Return the names of files that another version of the dataset may have left in a repository."""
    files = DatasetFile.objects.filter(version__dataset=version.dataset, conversion=None).exclude(version=version)
    return set(files.values_list("name", flat=True))


def refuse_unless_released(version: DatasetVersion, more: str = "") -> None:
    said = _("Version {number} is {state}: only a released one is pushed.").format(number=version.number, state=_(version.state))
    refuse_unless(version.state == DatasetVersion.State.RELEASED, said + more)


def refuse_unless(fine: bool, why: str) -> None:
    if not fine:
        raise NotPushed(why)
