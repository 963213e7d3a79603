"""From people whom somebody chose to those whose judgment no row of train or validation rests on, for good: a model can be tested on theirs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from exports.formats import pseudonym
from exports.models import PRIVATE, Dataset, HeldOutLabeler, Removal
from labeling.models import Campaign, Label, Membership, Role

JUDGED = """
(pair IN ({labels}) OR adjudication IN (SELECT id FROM labeling_adjudication WHERE adjudicator_id = ANY (%s)))
"""
BAR = """
UPDATE candidate SET left_out = 'held_out' FROM exports_familymember AS member
 WHERE left_out IS NULL AND member.dataset_id = %s AND member.key = candidate.family AND member.split <> 'test' AND {judged}
"""
WITHOUT_SPLIT = """
SELECT count(*) FROM candidate WHERE left_out IS NULL AND {judged}
   AND NOT EXISTS (SELECT FROM exports_familymember AS member WHERE member.dataset_id = %s AND member.key = candidate.family)
"""
SEEN = """
SELECT said.labeler_id FROM exports_datasetrow AS row JOIN exports_datasetversion AS version ON version.id = row.version_id
 CROSS JOIN LATERAL unnest(row.labels) AS counted (label) JOIN labeling_label AS said ON said.id = counted.label
 WHERE version.dataset_id = %(dataset)s AND row.split <> 'test' AND said.labeler_id = ANY (%(people)s)
UNION
SELECT ruling.adjudicator_id FROM exports_datasetrow AS row JOIN exports_datasetversion AS version ON version.id = row.version_id
  JOIN labeling_adjudication AS ruling ON ruling.id = row.adjudication
 WHERE version.dataset_id = %(dataset)s AND row.split <> 'test' AND ruling.adjudicator_id = ANY (%(people)s)
"""


class CannotHoldOut(Exception):
    """Why somebody cannot be held out, for people. Nothing was stored."""


@dataclass(frozen=True)
class Foreseen:
    """How many people a version will hold out, and about how many pairs that they judged will be drawn into another split than theirs."""

    people: int
    about: int


# ---- who


def labelers_of(campaigns: QuerySet[Campaign] | Sequence[Campaign]) -> QuerySet[User]:
    """Return who is a labeler in one of the campaigns, or has labels there from elsewhere, by name. Who was erased is nobody any more."""
    enrolled = Membership.objects.filter(user=OuterRef("pk"), campaign__in=campaigns, role=Role.LABELER)
    labeled = Label.objects.filter(labeler=OuterRef("pk"), pair__campaign__in=campaigns)
    return User.objects.filter(Exists(enrolled) | Exists(labeled)).exclude(pk__in=erased()).order_by("username")


def erased() -> QuerySet[Any, Any]:
    return Removal.objects.filter(person__isnull=False, erased=True).values("person")


def named(usernames: Iterable[str], campaigns: Sequence[Campaign]) -> list[User]:
    """Return the labelers with these names. Raises CannotHoldOut for a name that no labeler of the campaigns has."""
    wanted = set(usernames)
    found = list(labelers_of(campaigns).filter(username__in=wanted))
    if unknown := sorted(wanted - {user.username for user in found}):
        raise CannotHoldOut(_("No labeler of these campaigns is called {names}.").format(names=", ".join(unknown)))
    return found


def held(dataset: Dataset | None) -> set[int]:
    """Return the keys of those whom the dataset holds out."""
    return set(HeldOutLabeler.objects.filter(dataset=dataset).values_list("labeler", flat=True)) if dataset else set()


def pseudonyms(dataset: Dataset) -> list[str]:
    """Return what those who are held out are called in the dataset's files. Who was erased is not named: nothing of theirs is in it."""
    kept = HeldOutLabeler.objects.filter(dataset=dataset).exclude(labeler__in=erased()).values_list("labeler", flat=True)
    return sorted(pseudonym(str(person), secret=bytes.fromhex(dataset.secret)) for person in kept)


# ---- holding out


def hold(dataset: Dataset, people: Sequence[User], campaigns: Sequence[Campaign], *, by: User | None, at: datetime) -> None:
    """Hold these people out of the dataset from its next version on. Call it under the dataset's lock. Raises CannotHoldOut."""
    refuse_unless_possible(dataset, people, campaigns, shares=dataset.shares)
    new = [HeldOutLabeler(dataset=dataset, labeler=person, actor=by, at=at) for person in people]
    HeldOutLabeler.objects.bulk_create(new, ignore_conflicts=True)


def refuse_unless_possible(dataset: Dataset | None, people: Sequence[User], campaigns: Sequence[Campaign], *, shares: Mapping[str, float]) -> None:
    """Raise CannotHoldOut, with the reason, where a dataset (None: a new one with these shares) cannot hold out these people."""
    if not people:
        return
    if not shares.get(PRIVATE):
        raise CannotHoldOut(_("The dataset has no test split, which is all that held-out labelers are for. Choose splits with one, or another dataset."))
    labelers = set(labelers_of(campaigns).values_list("pk", flat=True))
    if strangers := [person.username for person in people if person.pk not in labelers]:
        raise CannotHoldOut(_("No labeler of these campaigns is called {names}.").format(names=", ".join(sorted(strangers))))
    if labelers <= held(dataset) | {person.pk for person in people}:
        raise CannotHoldOut(_("These are all the labelers there are, so nothing would be left to train on. Hold out fewer."))
    if dataset and (known := seen(dataset, people)):
        raise CannotHoldOut(
            _("Labels of {names} stand in train or validation of an earlier version, so models may have seen their judgment. Choose others.").format(
                names=", ".join(known)
            )
        )


def seen(dataset: Dataset, people: Sequence[User]) -> list[str]:
    """Return the names of those on whose judgment a row in train or validation of any version rests."""
    with connection.cursor() as cursor:
        cursor.execute(SEEN, {"dataset": dataset.pk, "people": [person.pk for person in people]})
        found = {labeler for (labeler,) in cursor.fetchall()}
    return sorted(person.username for person in people if person.pk in found)


# ---- leaving out, in PostgreSQL


def bar(dataset: Dataset, people: Iterable[int]) -> None:
    """Leave out of the table `candidate` what these people judged, unless its family is in the test split.

    Such a pair is not settled anew without them: its verdict would be one that nobody has given. What a cap keeps from counting is judged all the same.
    """
    if judged := judged_by(people):
        statement, values = judged
        with connection.cursor() as cursor:
            cursor.execute(BAR.format(judged=statement), [dataset.pk, *values])


def foresee(dataset: Dataset | None, people: set[int], shares: Mapping[str, float]) -> Foreseen:
    """Leave out what is known to be barred; of families without a split say, by the shares, what is to be expected. The table `candidate` is there."""
    if not (judged := judged_by(people)):
        return Foreseen(0, 0)
    if dataset:
        bar(dataset, people)
    statement, values = judged
    with connection.cursor() as cursor:
        cursor.execute(WITHOUT_SPLIT.format(judged=statement), [*values, dataset.pk if dataset else None])
        (undrawn,) = cursor.fetchone()
    return Foreseen(len(people), round(undrawn * (1 - shares.get(PRIVATE, 0.0))))


def judged_by(people: Iterable[int]) -> tuple[str, list[Any]] | None:
    """Return a condition on candidates, with its values: somebody of these gave a label that counts, or the ruling. None of nobody."""
    keys = sorted(people)
    if not keys:
        return None
    labels, values = Label.objects.counting().filter(labeler__in=keys).values("pair_id").query.sql_with_params()
    return JUDGED.format(labels=labels), [*values, keys]
