"""The bound on what the server takes in: an upload that says it is larger than an import may be is not read."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler

FORM_BYTES = 2**20
"""What a form may hold beside its file."""


class BoundedUploadHandler(FileUploadHandler):
    """Stands first in FILE_UPLOAD_HANDLERS. A request without a length is read as empty, so the length it states bounds it."""

    def handle_raw_input(self, input_data: Any, META: Any, content_length: int, boundary: Any, encoding: Any = None) -> None:  # noqa: N803 - Django's name
        if content_length > settings.IMPORT_MAX_BYTES + FORM_BYTES:
            raise RequestDataTooBig(f"The upload is larger than {settings.IMPORT_MAX_BYTES:,} bytes (IMPORT_MAX_BYTES). The commands take larger files.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None
