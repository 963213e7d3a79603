"""PostgreSQL and Redis out of installed packages, for a laptop, the demo and the tests; never in an image.

Whoever calls `ensure_postgres` or `ensure_redis` uses that server until the process ends. The first user starts it, the
last one's end stops it, however that one ends: see `keeper`. Nobody else on the machine can connect.
"""

from __future__ import annotations

import os
from pathlib import Path

from config.embedded.folders import EmbeddedError
from config.embedded.postgres import ensure_postgres
from config.embedded.redis import ensure_redis
from config.embedded.server import leave_all, tend

__all__ = ["EmbeddedError", "ensure_postgres", "ensure_redis", "leave_all", "provide", "tend"]


def provide(var: Path) -> None:
    """Set DATABASE_URL and REDIS_URL where they are unset, starting or joining the embedded servers under `var`.

    Raises EmbeddedError, whose text is for people.
    """
    for name, ensure in (("DATABASE_URL", ensure_postgres), ("REDIS_URL", ensure_redis)):
        if not os.environ.get(name):
            os.environ[name] = ensure(var)
