"""Which settled pairs a version is to hold: what was chosen when it was frozen, checked for shape, and written into the manifest. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from accounts.marking import Worded, marked

STANDINGS = ("agreed", "adjudicated")
STRONGEST = 3


class BadChoice(Worded):
    """A choice that cannot be meant."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a pair must be like to make a row. Whatever is empty or None bars nothing; the plain `Choice()` takes every settled pair.

    `rubric_versions` read rubric@number: the pair's own. `standings` are ways in which it was settled. `least_agreement`, 0 to 1, is
    the least share of its labels that count which say the row's verdict, in adjudicated pairs too. `least_strength`, 0 to 3, is the
    least margin of the row. `policies` read name@revision, or the name where no revision is known: both sides are by one of them.
    `slices` have for a name the values that are wanted: the prompt has one of them for each name. `cap_per_person` is how many labels
    of one person may count in the whole version. Raises BadChoice.
    """

    rubric_versions: tuple[str, ...] = ()
    standings: tuple[str, ...] = ()
    least_agreement: float | None = None
    least_strength: float | None = None
    policies: tuple[str, ...] = ()
    slices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cap_per_person: int | None = None

    def __post_init__(self) -> None:
        refuse_unless(set(self.standings) <= set(STANDINGS), marked("A standing is {first} or {second}."), first=STANDINGS[0], second=STANDINGS[1])
        refuse_unless(within(self.least_agreement, 1), marked("The least agreement is a share, from 0 to 1."))
        refuse_unless(within(self.least_strength, STRONGEST), marked("The least strength is a margin, from 0 to {n}."), n=STRONGEST)
        refuse_unless(self.cap_per_person is None or self.cap_per_person >= 1, marked("The most labels of one person is a whole number, 1 or more."))
        refuse_unless(all(map(has_number, self.rubric_versions)), marked("A rubric version reads rubric@number."))
        refuse_unless(all(name and values for name, values in self.slices.items()), marked("A slice reads name=value."))

    @property
    def bars_nothing(self) -> bool:
        return self == Choice()

    def as_filters(self) -> dict[str, Any]:
        """Return it as the manifest has it: what bars something alone, lists in order, so that equal choices give equal bytes."""
        said = {part.name: getattr(self, part.name) for part in fields(self)}
        lists = {name: sorted(set(value)) for name, value in said.items() if isinstance(value, tuple) and value}
        numbers = {name: value for name, value in said.items() if isinstance(value, int | float)}
        slices = {"slices": {name: sorted(set(values)) for name, values in self.slices.items()}} if self.slices else {}
        return {**lists, **numbers, **slices}

    @classmethod
    def from_filters(cls, filters: Mapping[str, Any]) -> Self:
        """Return the choice that a manifest, a form or an API call names, by the names of the fields. Raises BadChoice."""
        if unknown := sorted(set(filters) - {part.name for part in fields(cls)}):
            raise BadChoice(marked("Nothing is chosen by {names}."), names=", ".join(unknown))
        return cls(**{name: settled(value) for name, value in filters.items() if value not in (None, "", [], (), {})})


def slices_named(words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return what a command line says as name=value, once for each value. Raises BadChoice.

    >>> slices_named(["language=de", "language=en", "risk=high"])
    {'language': ('de', 'en'), 'risk': ('high',)}
    """
    found: dict[str, tuple[str, ...]] = {}
    for word in words:
        name, equals, value = word.partition("=")
        refuse_unless(bool(name and equals), marked("A slice reads name=value, not {word}."), word=repr(word))
        found[name] = (*found.get(name, ()), value)
    return found


def settled(value: Any) -> Any:
    """Return a value as JSON or a form has it in the shape in which a choice keeps it."""
    if isinstance(value, Mapping):
        return {str(name): tuple(map(str, values)) for name, values in value.items()}
    return tuple(map(str, value)) if isinstance(value, list | tuple | set) else value


def within(value: float | None, most: float) -> bool:
    return value is None or (math.isfinite(value) and 0 <= value <= most)


def has_number(rubric_version: str) -> bool:
    name, _, number = rubric_version.rpartition("@")
    return bool(name) and number.isascii() and number.isdigit()


def refuse_unless(fine: bool, why: str, **values: object) -> None:
    if not fine:
        raise BadChoice(why, **values)
