"""Waiting for what other processes and threads do."""

from __future__ import annotations

import time
from collections.abc import Callable


def eventually(is_so: Callable[[], bool], *, seconds: float = 60) -> bool:
    """Return whether it became so in this time, asking every 50 ms."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def wait_until(is_so: Callable[[], bool], *, seconds: float) -> None:
    assert eventually(is_so, seconds=seconds), f"still not so after {seconds} s"
