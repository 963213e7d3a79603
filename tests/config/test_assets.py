"""Styles and scripts are fetched once: their names change with what is in them, so that they may be kept for ever."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.serving import ROOT, environment, served

AS_INSTALLED = "config.settings"
YEAR = 365 * 24 * 3600


@pytest.fixture
def collected(committed_db: str, tmp_path: Path) -> Path:
    """The folder of static files, as an installation collects them."""
    more = {"DJANGO_SETTINGS_MODULE": AS_INSTALLED, "STATIC_ROOT": str(tmp_path / "static")}
    subprocess.run([sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity=0"], cwd=ROOT, env=environment(committed_db, **more), check=True)
    return tmp_path / "static"


@pytest.mark.commits
def test_it_works(committed_db: str, collected: Path) -> None:
    hashed = json.loads((collected / "staticfiles.json").read_text())["paths"]
    with served(committed_db, DJANGO_SETTINGS_MODULE=AS_INSTALLED, STATIC_ROOT=str(collected)) as base:
        asked = re.findall(r'(?:href|src)="/static/([^"]+)"', httpx.get(f"{base}/login/").text)
        assert {hashed["app.css"], hashed["mark.svg"]} <= set(asked)
        for name in {*asked, hashed["desk.js"]}:
            answer = httpx.get(f"{base}/static/{name}")
            assert (answer.status_code, is_kept_for_ever(answer)) == (200, True), name
        assert httpx.get(f"{base}/static/{hashed['desk.js']}").headers["Content-Encoding"] == "gzip"
        assert not is_kept_for_ever(httpx.get(f"{base}/static/app.css"))  # the control: this name may get other contents


def is_kept_for_ever(answer: httpx.Response) -> bool:
    said = answer.headers["Cache-Control"]
    age = re.search(r"max-age=(\d+)", said)
    return "immutable" in said and "public" in said and age is not None and int(age[1]) >= YEAR
