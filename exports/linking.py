"""From a file of a version to an address by which it can be fetched without an account, until it expires or is revoked."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User, digest, new_secret
from exports.models import DatasetFile, DatasetVersion, DownloadLink

MOST_DAYS = 30


class NotPossible(Exception):
    """No such link can be made. The text says why."""


def make_link(file: DatasetFile, *, for_whom: str, days: int, made_by: User, at: datetime) -> tuple[DownloadLink, str]:
    """Make a link that works for so many days, and return it with its secret, which is kept nowhere.

    Raises NotPossible for a private file, whoever asks: it may be fetched by people who are named, and a link names nobody.
    """
    if file.is_private:
        raise NotPossible(_("There are no links to a private split: only people who are named may fetch it."))
    if file.version.state == DatasetVersion.State.WITHDRAWN:
        raise NotPossible(_("This version was withdrawn: its files are sent to nobody."))
    if not for_whom.strip():
        raise NotPossible(_("Say for whom the link is."))
    secret = new_secret("tbl")
    link = DownloadLink.objects.create(
        version=file.version,
        name=file.name,
        digest=digest(secret),
        shown=secret[:12],
        for_whom=for_whom.strip(),
        made_by=made_by,
        created_at=at,
        expires_at=at + timedelta(days=days),
    )
    return link, secret


def path_of(secret: str, name: str) -> str:
    """Return the path at which a link opens its file."""
    return reverse("fetch-by-link", args=[secret, name])


def revoke_link(link: DownloadLink, *, actor: User, at: datetime) -> bool:
    """End a link at once. False: it was revoked before."""
    return bool(DownloadLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=at, revoked_by=actor))


def usable_link(secret: str, *, at: datetime) -> DownloadLink | None:
    """Return the link that this secret opens now, if any. It ends with its maker's mark as a researcher, too."""
    return DownloadLink.objects.usable(at=at).select_related("version__dataset").filter(digest=digest(secret)).first()
