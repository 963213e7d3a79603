"""A pytest plugin: tests that share a server of their own run one after the other, in one process.

The marks of pytest-xdist 3.8 group nothing under pytest 9.2.
"""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER = {
    "tests/browser/test_killed_processes.py": "demo",
    "tests/browser/test_the_walk.py": "demo",
    "tests/faults/test_soak.py": "soak",
}


class Together(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Every test goes to whoever is free, but for those of these files."""

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER.get(nodeid.partition("::")[0], nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    return Together(config, log)
