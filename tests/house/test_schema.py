"""What the models ask of the database is in it: a migration may take away more than it says, and nothing else looks."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection

FOUND = """
SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION SELECT indexname FROM pg_indexes WHERE schemaname = 'public'
UNION SELECT tgname FROM pg_trigger WHERE NOT tgisinternal
"""


def asked_for() -> set[str]:
    """Return the names of the constraints, indexes and triggers that our models have."""
    metas = [model._meta for app in ("accounts", "policies", "labeling", "exports") for model in apps.get_app_config(app).get_models()]
    named = {each.name for meta in metas for each in [*meta.constraints, *meta.indexes]}
    return named | {trigger.get_pgid(meta.model) for meta in metas for trigger in getattr(meta, "triggers", [])}


def found() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(FOUND)
        return {name for (name,) in cursor.fetchall()}


@pytest.mark.django_db
def test_every_constraint_index_and_trigger_is_in_the_database() -> None:
    assert len(asked_for()) > 200
    assert not asked_for() - found()


@pytest.mark.django_db
def test_an_index_that_is_gone_is_missed() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX pair_is_before_one_adjudicator")
    assert asked_for() - found() == {"pair_is_before_one_adjudicator"}
