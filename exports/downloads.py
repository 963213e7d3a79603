"""A version's files over HTTP: whole or a range of bytes, each under the SHA-256 of its content as its ETag (RFC 9110, 13 and 14)."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import BinaryIO

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.formats import date_format
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from exports import lives, recording
from exports.models import DatasetFile, DatasetVersion
from exports.recording import Right
from exports.retelling import FOUND

log = logging.getLogger(__name__)

BLOCK = 64 * 1024
TYPES = {".jsonl": "application/jsonl", ".json": "application/json", ".md": "text/markdown; charset=utf-8"}
PLAIN = "text/plain; charset=utf-8"


def why_gone(version: DatasetVersion) -> str:
    """Return, in words, why a version's files are sent to nobody, and what to use instead; empty where they are sent."""
    if version.state != DatasetVersion.State.WITHDRAWN:
        return ""
    event, instead = lives.withdrawal(version), lives.successor(version)
    words = _("Version {number} of {name} was withdrawn on {at}: {why}.") if event else _("Version {number} of {name} was withdrawn.")
    said = {"at": date_format(event.at, _("j F Y")), "why": FOUND.tell(lives.reason_in_words(event.reason))} if event else {}
    use = _("Use version {number} instead.").format(number=instead.number) if instead else _("There is no version to use instead yet.")
    return f"{words.format(number=version.number, name=version.dataset.name, **said)} {use}"


def gone(version: DatasetVersion) -> HttpResponse:
    """Return 410, which names the successor (RFC 5829 has the relation)."""
    response = HttpResponse(f"{why_gone(version)}\n", status=410, content_type=PLAIN)
    if instead := lives.successor(version):
        response["Link"] = f'<{settings.BASE_URL}{instead.get_absolute_url()}>; rel="successor-version"'
    return response


def send(request: HttpRequest, file: DatasetFile, *, right: Right) -> HttpResponseBase:
    """Return the file, the range of it that was asked for, or what the conditions of the request make of it (304, 412, 416).

    410 for a version that was withdrawn. What is sent is written down first. Whether the person may have it, the caller has asked.
    """
    if file.version.state == DatasetVersion.State.WITHDRAWN:
        return gone(file.version)
    headers = headers_of(file)
    response = get_conditional_response(request, etag=headers["ETag"]) or content(request, file, headers["ETag"])
    for header, value in headers.items() if response.status_code in (200, 206, 304) else ():
        response[header] = value
    if request.method == "GET" and response.status_code in (200, 206):
        sent = wanted_range(request, file, headers["ETag"]) if response.status_code == 206 else range(file.size)
        recording.record(file, sent or range(0), right=right, request=request, at=timezone.now())
    return response


def content(request: HttpRequest, file: DatasetFile, etag: str) -> HttpResponseBase:
    wanted = wanted_range(request, file, etag)
    if wanted is not None and not wanted:
        return HttpResponse(f"{_('There are no such bytes.')}\n", status=416, content_type=PLAIN, headers={"Content-Range": f"bytes */{file.size}"})
    opened = open_sound(file)
    if opened is None:
        words = _("The file on the disk is not the one that was written. Restore it from a backup.")
        return HttpResponse(f"{words}\n", status=500, content_type=PLAIN)
    if request.method == "HEAD":
        opened.close()
        return HttpResponse(content_type=type_of(file), headers={"Content-Length": str(file.size)})
    return partial(opened, file, wanted) if wanted else FileResponse(opened, content_type=type_of(file))


def headers_of(file: DatasetFile) -> dict[str, str]:
    name = f"{file.version.dataset.name}-{file.version.number}-{file.name}"
    return {
        "ETag": f'"{file.sha256}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",  # kept on the person's own machine only, and asked about each time
        "Content-Disposition": content_disposition_header(True, name) or "attachment",
    }


def type_of(file: DatasetFile) -> str:
    return TYPES.get(PurePosixPath(file.name).suffix, PLAIN)


def open_sound(file: DatasetFile) -> BinaryIO | None:
    """Open the file, or return None where there is none or its size is another."""
    try:
        opened = file.path.open("rb")
    except OSError as error:
        log.error("%s cannot be read: %s", file.path, error)
        return None
    if opened.seek(0, 2) != file.size:
        log.error("%s has %s bytes, and %s when it was written", opened.name, opened.tell(), file.size)
        opened.close()
        return None
    opened.seek(0)
    return opened


def wanted_range(request: HttpRequest, file: DatasetFile, etag: str) -> range | None:
    """Return the bytes asked for: None is the whole file, an empty range is one that the file does not have.

    Several ranges at once, other units, and a condition (If-Range) that no longer holds are answered with the whole file, as the RFC allows.
    """
    found = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", request.headers.get("Range", "").replace(" ", ""), re.ASCII)
    if request.method != "GET" or not found or request.headers.get("If-Range", etag) != etag:
        return None
    first, last = found.groups()
    if first:
        return None if last and int(last) < int(first) else range(int(first), min(int(last) + 1 if last else file.size, file.size))
    return range(max(file.size - int(last), 0), file.size) if last else None


def partial(opened: BinaryIO, file: DatasetFile, wanted: range) -> StreamingHttpResponse:
    response = StreamingHttpResponse(blocks(opened, wanted), status=206, content_type=type_of(file))
    response["Content-Length"] = str(len(wanted))
    response["Content-Range"] = f"bytes {wanted.start}-{wanted.stop - 1}/{file.size}"
    return response


def blocks(opened: BinaryIO, wanted: range) -> Iterator[bytes]:
    with opened:
        opened.seek(wanted.start)
        for start in range(wanted.start, wanted.stop, BLOCK):
            yield opened.read(min(BLOCK, wanted.stop - start))
