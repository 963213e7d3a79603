"""What may be erased: columns of ledgers whose trigger admits that they go to NULL, with a hash and a reason beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import ForeignKey, Model, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils.crypto import salted_hmac

DEEPEST = 4
DOERS = ("actor", "added_by", "made_by")
"""Foreign keys to who did something as their office. What is said there is of others, or of texts."""
TEXT_TYPES = ("text", "character varying", "json", "jsonb", "ARRAY", "inet")


@dataclass(frozen=True)
class Erasable:
    """A model with the columns of it that may be blanked, all together."""

    model: type[Model]
    columns: tuple[str, ...]

    def about(self, target: type[Model], pks: Iterable[int]) -> QuerySet[Any]:
        """Return the rows that belong to some rows of another model, by the shortest ways that foreign keys lead; none where there is no way."""
        if self.model is target:
            return self.model._default_manager.filter(pk__in=pks)
        return self.by(ways(self.model, target), pks)

    def written_by(self, people: type[Model], pks: Iterable[int]) -> QuerySet[Any]:
        """Return the rows that name one of these people themselves, and not only as who did it to somebody else."""
        own = [field.name for field in foreign_keys(self.model) if field.related_model is people and field.name not in DOERS]
        return self.by(own, pks)

    def mentioning(self, words: Iterable[str]) -> QuerySet[Any]:
        """Return the rows in whose erasable columns one of these words stands as a word."""
        said, pattern = Q(pk__in=[]), pattern_of(words)
        as_text = {f"{column}_as_text": Cast(column, TextField()) for column in self.columns}
        for name in as_text if pattern else ():
            said |= Q(**{f"{name}__regex": pattern})
        found: QuerySet[Any] = self.model._default_manager.annotate(**as_text).filter(said)
        return found

    def by(self, ways: Iterable[str], pks: Iterable[int]) -> QuerySet[Any]:
        found = Q(pk__in=[])
        for way in ways:
            found |= Q(**{f"{way}__in": pks})
        return self.model._default_manager.filter(found)


def catalogue() -> list[Erasable]:
    """Return every model of which something may be erased. What its trigger admits is what is erased."""
    found = [Erasable(model, tuple(columns)) for model in apps.get_models() if (columns := columns_of(model))]
    return sorted(found, key=lambda erasable: erasable.model._meta.label)


def columns_of(model: type[Model]) -> list[str]:
    for trigger in getattr(model._meta, "triggers", []):
        if trigger.name == "refuse_update" and "erased_at" in (trigger.func or ""):
            return re.findall(r"NEW\.(\w+) IS NULL", trigger.func)
    return []


def ways(model: type[Model], target: type[Model]) -> list[str]:
    """Return the shortest ways from a model to another by foreign keys, as lookups; of equal length all."""
    rim: list[tuple[str, type[Model]]] = [("", model)]
    for _ in range(DEEPEST):
        rim = [(f"{way}__{field.name}".lstrip("_"), field.related_model) for way, at in rim for field in foreign_keys(at)]
        if found := [way for way, reached in rim if reached is target]:
            return found
    return []


def foreign_keys(model: type[Model]) -> Iterator[Any]:
    return (field for field in model._meta.concrete_fields if isinstance(field, ForeignKey))


def blank(rows: QuerySet[Any], columns: Iterable[str], *, why: str, at: datetime) -> int:
    """Blank columns of the rows that say something, and return how many there were. What was there is known by a keyed hash alone."""
    names = list(columns)
    done = 0
    for pk, *held in rows.filter(erased_at=None).values_list("pk", *names).iterator():
        if any(value not in (None, "", {}, []) for value in held):
            marks = {"erased_at": at, "erased_why": why, "erased_sha256": keyed_hash(repr(held))}
            done += rows.model._default_manager.filter(pk=pk).update(**dict.fromkeys(names), **marks)
    return done


def keyed_hash(text: str) -> str:
    """Return a hash that nobody can guess the text from without this installation's key: names and short answers could be tried out otherwise."""
    return salted_hmac("accounts.erasable", text, algorithm="sha256").hexdigest()


# What is left

COLUMNS = """
SELECT table_name, column_name FROM information_schema.columns
 WHERE table_schema = 'public' AND data_type = ANY(%s) AND table_name NOT LIKE 'django_%%' ORDER BY 1, 2
"""


def pattern_of(words: Iterable[str]) -> str:
    """Return a regular expression as PostgreSQL has them for any of these words, standing as a word; empty for none."""
    return "|".join(rf"(^|[^[:alnum:]_-]){re.escape(word)}($|[^[:alnum:]_-])" for word in words)


def left_over(words: Iterable[str]) -> list[tuple[str, str, int]]:
    """Return where any of these words still stands as a word, in all of the database: table, column, rows. It reads every row of every table."""
    pattern = pattern_of(words)
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS, [list(TEXT_TYPES)])
        found = []
        for table, column in cursor.fetchall():
            name = connection.ops.quote_name
            cursor.execute(f"SELECT count(*) FROM {name(table)} WHERE {name(column)}::text ~ %s", [pattern])  # noqa: S608 - names from the catalogue
            found.append((table, column, int(cursor.fetchone()[0])))
    return [place for place in found if place[2]]
