"""The desk's scripts as one file: several small ones are easier to read, and one is asked for once. No build step: they are put one after the other."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import CheckMessage
from django.core.files.storage import FileSystemStorage


class BundleFinder(BaseFinder):
    """Finds the files of `settings.BUNDLES`, each written anew where one of its parts has changed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.storage = FileSystemStorage(location=settings.VAR_DIR / "bundles")

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        if path not in settings.BUNDLES:
            return []
        found = str(self.write(path))
        return [found] if find_all else found

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, FileSystemStorage]]:
        for name in settings.BUNDLES:
            self.write(name)
            yield name, self.storage

    def write(self, name: str) -> Path:
        """Put a bundle's parts together, whole or not at all, and return where it lies."""
        parts = [(settings.BASE_DIR / "static" / part).read_bytes() for part in settings.BUNDLES[name]]
        whole, path = b"".join(parts), Path(self.storage.path(name))
        if not path.exists() or path.read_bytes() != whole:
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(f"{path.name}.{os.getpid()}")
            draft.write_bytes(whole)
            draft.replace(path)
        return path
