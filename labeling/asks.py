"""What a rubric version asks for besides the choice: reasons to tick, and criteria to judge one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.marking import marked
from labeling.keys import Clash, letters_for
from labeling.models import RubricVersion
from labeling.models.rubric import usual_reasons

USUAL = frozenset(reason["label"] for reason in usual_reasons())
LONGEST_LABEL, LONGEST_KEY, MOST_CRITERIA = 40, 30, 8


@dataclass(frozen=True)
class Chip:
    """A reason, or a criterion (which has no letter of its own)."""

    key: str
    label: str
    letter: str = ""


@dataclass(frozen=True)
class Asks:
    reasons: tuple[Chip, ...] = ()
    criteria: tuple[Chip, ...] = ()


NOTHING_MORE = Asks()


def asks_of(version: RubricVersion) -> Asks:
    return asks_from(version.reasons, version.criteria)


def asks_from(reasons: Iterable[dict[str, str]], criteria: Iterable[Mapping[str, str]]) -> Asks:
    """Read them as a rubric version has them stored, in the reader's language."""
    return Asks(tuple(Chip(**reason | {"label": spoken(reason["label"])}) for reason in reasons), tuple(Chip(**criterion) for criterion in criteria))


def spoken(label: str) -> str:
    """Return one of the usual reasons in the reader's language; what a rubric names itself stands in the rubric's."""
    return _(label) if label in USUAL else label


def worded_reasons(labels: Iterable[str]) -> list[dict[str, str]]:
    """Return reasons as a rubric version stores them, each with a letter. Raises Clash."""
    named = named_once(labels, what=marked("reason"))
    return [{**chip, "letter": letter} for chip, letter in zip(named, letters_for(chip["label"] for chip in named), strict=True)]


def worded_criteria(labels: Iterable[str]) -> list[dict[str, str]]:
    """Return criteria as a rubric version stores them. Raises Clash."""
    named = named_once(labels, what=marked("criterion"))
    if len(named) > MOST_CRITERIA:
        raise Clash(marked("{most_criteria} criteria are the most there can be: each is asked about at each pair."), most_criteria=MOST_CRITERIA)
    return named


def named_once(labels: Iterable[str], *, what: str) -> list[dict[str, str]]:
    named = {key_of(label): label for label in labels}
    if not all(named) or any(len(label) > LONGEST_LABEL for label in named.values()):
        raise Clash(marked("Give each {what} a name of {longest_label} characters at most."), what=what, longest_label=LONGEST_LABEL)
    return [{"key": key, "label": label} for key, label in named.items()]


def key_of(label: str) -> str:
    return slugify(label, allow_unicode=True).replace("-", "_")[:LONGEST_KEY]


def labels_in(lines: Any) -> list[str]:
    """Return the labels of a text with one on each line."""
    return [line.strip() for line in str(lines).splitlines() if line.strip()]
