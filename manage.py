#!/usr/bin/env python
"""Run a command. Without DATABASE_URL it starts or joins the embedded PostgreSQL (and Redis) under var/."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from django.core.management import execute_from_command_line

# These never ask the database.
WITHOUT_SERVERS = {"help", "version", "--help", "--version", "check", "compilemessages", "collectstatic", "makemessages", "spectacular", "verify_dataset"}


def embed() -> None:
    """Point the environment at the embedded servers, which end with their last user."""
    if "DATABASE_URL" in os.environ and "REDIS_URL" in os.environ:
        return
    from config import embedded  # noqa: PLC0415 - an image has no embedded servers, and must not need their packages

    try:
        embedded.provide(Path(os.environ.get("VAR_DIR", Path(__file__).resolve().parent / "var")).absolute())
    except embedded.EmbeddedError as refusal:
        sys.exit(f"tiebreak: {refusal}")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if len(sys.argv) > 1 and sys.argv[1] not in WITHOUT_SERVERS and "--help" not in sys.argv:
        embed()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
