"""PostgreSQL does not answer: people and programs are told when to come back, and nothing pretends to be stored."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from django.db import connection

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
    ready = httpx.get(f"{base}/readyz", timeout=60)
    assert (ready.status_code, ready.json()["database"], ready.json()["broker"]) == (503, False, True)


CUTS = 5
"""One of them may meet connections that are still being made, and cut fewer idle ones than the pool's own check stumbles over."""


def cut(name: str) -> None:
    """Have PostgreSQL end every connection to the database but this one, and wait until they are gone."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()", [name])


def count_of_connections(name: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()", [name])
        return int(cursor.fetchone()[0])


def answers_after_a_cut(base: str, name: str) -> set[int]:
    """Ask at once until several idle connections can be cut, cut them, and return how the next requests are answered."""
    while count_of_connections(name) < 3:
        with ThreadPoolExecutor(4) as crowd:
            list(crowd.map(httpx.get, [f"{base}/readyz"] * 40))
    cut(name)
    return {httpx.get(f"{base}/readyz", timeout=60).status_code for _ in range(20)}


@pytest.mark.commits
def test_nobody_is_told_to_come_back_for_connections_that_were_cut_while_nobody_asked(committed_db: str) -> None:
    with served(committed_db, WEB_WORKERS="1") as base:
        assert set().union(*(answers_after_a_cut(base, committed_db) for _ in range(CUTS))) == {200}


@pytest.mark.commits
def test_with_the_pools_own_check_somebody_is(committed_db: str, tmp_path: Path) -> None:
    """What psycopg's pool does by itself: it pauses for a second after the second broken connection, which is as long as a request waits."""
    (tmp_path / "usual_settings.py").write_text(
        "from tests.settings import *\nDATABASES['default'] |= {'ENGINE': 'django.db.backends.postgresql', 'CONN_HEALTH_CHECKS': True}\n"
    )
    with served(committed_db, WEB_WORKERS="1", PYTHONPATH=str(tmp_path), DJANGO_SETTINGS_MODULE="usual_settings") as base:
        assert any(503 in answers_after_a_cut(base, committed_db) for _ in range(CUTS))
