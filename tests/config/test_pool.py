"""The pool of connections: one that PostgreSQL has cut is found without asking those that it has not."""

from __future__ import annotations

import select
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection
from psycopg_pool import PoolTimeout

from config.postgresql.pool import Pool
from tests.serving import database_url

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Process ids, on the server, of the connections that were asked whether they work."""
    found: list[int] = []
    usual = Pool.check_connection

    def check(each: object) -> None:
        found.append(each.info.backend_pid)  # type: ignore[attr-defined]
        usual(each)  # type: ignore[arg-type]

    monkeypatch.setattr(Pool, "check_connection", staticmethod(check))
    return found


@pytest.fixture
def pool(asked: list[int]) -> Iterator[Pool]:
    with Pool(database_url(connection.settings_dict["NAME"]), min_size=1, max_size=3, timeout=5, reconnect_timeout=0) as made:
        made.wait()
        yield made


def used_at_once(pool: Pool, number: int) -> list[int]:
    """Take so many, give them back, and return their process ids."""
    taken = [pool.getconn() for _ in range(number)]
    for each in taken:
        pool.putconn(each)
    return [each.info.backend_pid for each in taken]


def cut(pids: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid, 10000) FROM unnest(%s::int[]) AS pid", [pids])


def test_a_connection_that_works_is_not_asked(pool: Pool, asked: list[int]) -> None:
    assert used_at_once(pool, 1) == used_at_once(pool, 1)
    assert asked == []


def test_those_that_were_cut_are_all_passed_over(pool: Pool, asked: list[int]) -> None:
    before = used_at_once(pool, 3)
    cut(before)
    with pool.connection() as fresh:
        assert fresh.execute("SELECT 1").fetchone() == (1,)
        assert fresh.info.backend_pid not in before
    assert set(asked) <= set(before)


def test_one_that_was_told_something_is_asked_and_goes_on(pool: Pool, asked: list[int]) -> None:
    with pool.connection() as listening:
        listening.execute("LISTEN tiebreak_test")
        pid = listening.info.backend_pid
    with psycopg.connect(str(pool.conninfo), autocommit=True) as other:
        other.execute("NOTIFY tiebreak_test")
    select.select([listening], [], [], 10)  # until it has arrived
    assert used_at_once(pool, 1) == asked == [pid]


def test_where_there_is_none_in_time_it_says_so(pool: Pool) -> None:
    taken = [pool.getconn() for _ in range(3)]
    with pytest.raises(PoolTimeout, match="couldn't get a connection after 0.05 sec"):
        pool.getconn(timeout=0.05)
    for each in taken:
        pool.putconn(each)
