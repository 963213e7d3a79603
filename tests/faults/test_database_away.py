"""PostgreSQL does not answer: people and programs are told when to come back, and nothing pretends to be stored."""

from __future__ import annotations

import httpx
import pytest

from tests.serving import served


@pytest.fixture(scope="module")
def base() -> object:
    """The product over a database that is not there."""
    with served("no_such_database", DB_POOL="0") as address:
        yield address


@pytest.mark.parametrize("path", ["/login/", "/c/any/work/"])
def test_a_page_says_when_to_come_back(base: str, path: str) -> None:
    answer = httpx.get(f"{base}{path}", cookies={"tiebreak-session": "x" * 32})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert "The database does not answer" in answer.text


def test_the_api_says_so_too(base: str) -> None:
    answer = httpx.post(f"{base}/api/v1/campaigns/any/next", headers={"Authorization": "Bearer tb_unknown"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert "try again" in answer.json()["detail"]


def test_it_is_alive_but_not_ready(base: str) -> None:
    assert httpx.get(f"{base}/healthz").status_code == 200
    ready = httpx.get(f"{base}/readyz")
    assert (ready.status_code, ready.json()["database"], ready.json()["broker"]) == (503, False, True)
