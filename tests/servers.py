"""A pytest plugin: the real PostgreSQL and Redis that the tests talk to, started before Django reads its settings.

DATABASE_URL and REDIS_URL choose other servers; TEST_VAR_DIR another place for the embedded ones.
"""

from __future__ import annotations

import os
from pathlib import Path

VAR = Path(os.environ.get("TEST_VAR_DIR", Path(__file__).resolve().parent.parent / "var" / "tests")).absolute()

os.environ["VAR_DIR"] = str(VAR)
if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
    from config import embedded

    embedded.provide(VAR)
