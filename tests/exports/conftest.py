"""Where versions lie in tests, and a version to look at."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest
from pytest_django import Settings

from accounts.models import User
from exports import freezing, publishing
from exports.models import DatasetVersion
from labeling.models import Campaign
from tests.exports.settled import order, settled_campaign


@pytest.fixture(autouse=True)
def datasets_dir(settings: Settings, tmp_path: Path) -> Path:
    settings.DATASETS_DIR = tmp_path / "datasets"
    return tmp_path / "datasets"


@pytest.fixture
def any_moment(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let versions be made inside a test's own transaction, which cannot be REPEATABLE READ any more. What rests on that uses `committed_db`."""
    monkeypatch.setattr(freezing, "one_moment", nullcontext)


@pytest.fixture
def everyday(rosa: User) -> Campaign:
    """A campaign of rosa's with twelve agreed pairs."""
    return settled_campaign("everyday", pairs=12, researcher=rosa)


@pytest.fixture
def version(any_moment: None, everyday: Campaign, rosa: User) -> DatasetVersion:
    """Version 1 of `helpfulness`, frozen by rosa from `everyday`."""
    return publishing.publish(order(everyday, by=rosa))
