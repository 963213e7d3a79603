"""From bytes that are about to be sent to the ledger of downloads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from django.http import HttpRequest

from accounts import limits
from accounts.models import ApiToken, User
from exports.hub import Upload
from exports.models import DatasetFile, Download, DownloadLink, Push


@dataclass(frozen=True, kw_only=True)
class Right:
    """By what right a file is fetched: a person's session, a token of theirs, or a link whose holder is not known."""

    how: Download.How
    person: User | None = None
    token: ApiToken | None = None
    link: DownloadLink | None = None

    @classmethod
    def of_session(cls, person: User) -> Self:
        return cls(how=Download.How.SESSION, person=person)

    @classmethod
    def of_token(cls, person: User, token: ApiToken) -> Self:
        return cls(how=Download.How.TOKEN, person=person, token=token)

    @classmethod
    def of_link(cls, link: DownloadLink) -> Self:
        return cls(how=Download.How.LINK, link=link)


def record(file: DatasetFile, sent: range, *, right: Right, request: HttpRequest, at: datetime) -> Download | None:
    """Write down which bytes of a file are sent, to whom and where to. None: there are none."""
    if not sent:
        return None
    return Download.objects.create(
        version=file.version,
        name=file.name,
        sha256=file.sha256,
        size=file.size,
        first_byte=sent.start,
        last_byte=sent.stop - 1,
        how=right.how,
        person=right.person,
        token=right.token,
        link=right.link,
        address=limits.address_of(request) or None,
        at=at,
    )


def record_push(push: Push, uploads: Sequence[Upload], *, at: datetime) -> list[Download]:
    """Write down the files that are sent to a repository, in whose name and where to."""
    return Download.objects.bulk_create(
        Download(
            version=push.version,
            name=upload.name,
            sha256=upload.sha256,
            size=upload.size,
            first_byte=0,
            last_byte=upload.size - 1,
            how=Download.How.PUSH,
            person=push.asked_by,
            sent_to=push.place,
            at=at,
        )
        for upload in uploads
    )
