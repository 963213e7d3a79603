"""The five people, and databases that may be committed to."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator

import hypothesis
import psycopg
import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.db import connections
from django.test import Client
from psycopg import sql
from pytest_django import DjangoDbBlocker

from accounts.models import User
from labeling.models import Campaign, Role
from tests.builders import join, make_campaign, make_user

numbers = itertools.count(1)

TEMPLATE = "tiebreak_template"
MADE_BY = "SELECT 1 FROM pg_database WHERE datname = %s AND shobj_description(oid, 'pg_database') = %s"

BLOATED = "SELECT relname FROM pg_stat_user_tables WHERE n_dead_tup > 1000"

# What an example may take is a matter of the machine; what it must show is not.
hypothesis.settings.register_profile("house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("house")


@pytest.fixture(autouse=True)
def _empty_cache(request: pytest.FixtureRequest) -> None:
    """Sign-in limits of one test must not meet the next. (Each process has a prefix of its own.)"""
    cache.key_prefix = f"test-{os.getpid()}-{next(numbers)}"


@pytest.fixture(scope="module", autouse=True)
def _swept_tables() -> Iterator[None]:
    """Take away what a module's tests rolled back, before the next one reads its way through it. The planner takes such tables for empty ones."""
    yield
    name = str(connections["default"].settings_dict["NAME"])
    if name.startswith("test_"):
        with _server(name) as server:
            for (table,) in server.execute(BLOATED).fetchall():
                server.execute(sql.SQL("VACUUM {}").format(sql.Identifier(str(table))))


@pytest.fixture
def lena(db: None) -> User:
    """Labels."""
    return make_user("lena")


@pytest.fixture
def otto(db: None) -> User:
    """Labels too."""
    return make_user("otto")


@pytest.fixture
def ada(db: None) -> User:
    """Adjudicates."""
    return make_user("ada")


@pytest.fixture
def rosa(db: None) -> User:
    """Researches."""
    return make_user("rosa", is_researcher=True)


@pytest.fixture
def olga(db: None) -> User:
    """Owns."""
    return make_user("olga", is_owner=True)


@pytest.fixture
def eve(db: None) -> User:
    """May see nothing."""
    return make_user("eve")


@pytest.fixture
def campaign(lena: User, otto: User, ada: User, rosa: User) -> Campaign:
    """Open, k=2; lena and otto label, ada adjudicates, rosa researches."""
    campaign = make_campaign("everyday", labelers=(lena, otto))
    join(campaign, ada, Role.ADJUDICATOR)
    join(campaign, rosa, Role.RESEARCHER)
    return campaign


@pytest.fixture
def as_(client: Client) -> Iterator[object]:
    """Sign somebody in: `as_(lena).get(...)`."""

    def sign_in(user: User) -> Client:
        other = Client()
        other.force_login(user)
        return other

    return sign_in  # type: ignore[return-value]


@pytest.fixture(scope="session")
def template_database(django_test_environment: None, django_db_blocker: DjangoDbBlocker) -> str:
    """A migrated, empty database that nothing is connected to, to clone from: one for all processes of a run, which the first of them makes.

    Flushing instead would be a TRUNCATE, which the ledgers refuse.
    """
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", "alone")
    with _server() as server:
        server.execute("SELECT pg_advisory_lock(hashtext(%s))", [TEMPLATE])
        if run == "alone" or not server.execute(MADE_BY, [TEMPLATE, run]).fetchall():
            with django_db_blocker.unblock():
                _migrate_anew(TEMPLATE)
            server.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(TEMPLATE), run))
    return TEMPLATE


def _migrate_anew(name: str) -> None:
    usual = settings.DATABASES["default"]["NAME"]
    _drop(name)
    with _server() as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    _point_at(name)
    try:
        call_command("migrate", verbosity=0)
    finally:
        _point_at(usual)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None, template_database: str) -> None:
    """The tests that roll back have a clone too: to migrate takes seconds, to clone one."""
    connections["default"].settings_dict["TEST"]["TEMPLATE"] = template_database


@pytest.fixture
def committed_db(template_database: str, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """A database of this test's own, cloned from the template: commit what you like. Yields its name."""
    usual = settings.DATABASES["default"]["NAME"]
    name = f"{usual}_{os.getpid()}_{next(numbers)}"
    with _server() as server:
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template_database)))
    _point_at(name)
    with django_db_blocker.unblock():
        yield name
    _point_at(usual)
    _drop(name)


def _drop(name: str) -> None:
    """Drop a database. Autovacuum may be in it for a moment, and only a superuser may send that away."""
    ends = time.monotonic() + 20
    with _server() as server:
        while True:
            try:
                server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            except psycopg.errors.InsufficientPrivilege:
                if time.monotonic() > ends:
                    raise
                time.sleep(0.1)
            else:
                return


def _server(name: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
    """A connection to the server's own database, or to another, outside Django."""
    entry = settings.DATABASES["default"]
    return psycopg.connect(host=entry["HOST"], port=entry["PORT"] or None, user=entry["USER"], password=entry["PASSWORD"], dbname=name, autocommit=True)


def _close_pools() -> None:
    connection = connections["default"]
    connection.close()
    if connection.settings_dict["OPTIONS"].get("pool"):
        connection.close_pool()  # type: ignore[attr-defined]


def _point_at(name: str) -> None:
    _close_pools()
    settings.DATABASES["default"]["NAME"] = name
    connections["default"].settings_dict["NAME"] = name
