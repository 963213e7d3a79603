"""From settled pairs to the rows that a version may hold, and from a version's rows to lines of its files. Writes nothing."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from django.db import models
from django.db.models import BooleanField, ExpressionWrapper, F, Func, Q, QuerySet, TextField, Value

from exports.formats import SIGNS, canonical
from exports.models import Dataset, DatasetRow, DatasetVersion
from exports.splits import SPLITS
from labeling.models import Adjudication, Campaign, GoldItem, Label, Pair, Standing, Trouble

WHITE_SPACE = "".join(character for character in map(chr, range(0x3001)) if character.isspace())
"""What Python strips. PostgreSQL's own notion follows its locale."""


class LeftOut(models.TextChoices):
    """Why a settled pair makes no row. The first that holds is counted."""

    GOLD = "gold", "a gold item"
    GOLD_FAMILY = "gold_family", "its prompt is a gold item's too"
    NO_RIGHT_ANSWER = "no_right_answer", "no right answer"
    TIE = "tie", "a tie"
    EQUAL = "equal", Trouble.EQUAL.label
    EMPTY = "empty", Trouble.EMPTY.label
    CUT = "cut", Trouble.CUT.label
    LOOPING = "looping", Trouble.LOOPING.label
    SELF_NAMING = "self_naming", Trouble.SELF_NAMING.label
    UNFOUNDED = "unfounded", "no label or adjudication bears its verdict out: run check_standings"


@dataclass(frozen=True)
class Judgment:
    """A label that counts, or an adjudication."""

    pk: int
    verdict: str | None
    preference: int | None

    @property
    def steps(self) -> int:
        """Its signed preference, negative for A. A bare verdict counts as one step, as it does in the votes file."""
        return SIGNS[self.verdict or "tie"] if self.preference is None else self.preference


@dataclass(frozen=True, kw_only=True)
class SettledPair:
    """What is read of a pair; its texts stay in the database."""

    pk: int
    campaign__slug: str
    external_id: str
    standing: str
    verdict: str | None
    settled_by: str
    trouble: str
    rubric_version_id: int
    prompt_id: int
    prompt__content_sha256: str
    prompt__family: str
    response_a_id: int
    response_a__sha256: str
    response_a__policy__name: str
    response_b_id: int
    response_b__sha256: str
    response_b__policy__name: str
    is_empty: bool

    @property
    def place(self) -> tuple[str, ...]:
        """Where it stands in a version, by its content alone: prompt, then responses, then what else tells it from others."""
        hashes = sorted((self.response_a__sha256, self.response_b__sha256))
        policies = (self.response_a__policy__name, self.response_b__policy__name)
        return (self.prompt__content_sha256, *hashes, self.campaign__slug, self.external_id, self.response_a__sha256, *policies)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A pair that makes a row: (x, y_w, y_l) by primary keys, and what the row rests on."""

    key: str
    pair: int
    prompt: int
    chosen: int
    rejected: int
    family: str
    rubric_version: int
    margin: float
    settled: str
    rule: str
    labels: tuple[int, ...]
    adjudication: int | None


@dataclass(frozen=True)
class Candidates:
    """The rows in their order, the settled pairs left out by reason, and the pairs that are not settled by standing."""

    rows: Sequence[Candidate]
    left_out: Mapping[str, int]
    unsettled: Mapping[str, int]


@dataclass(frozen=True)
class Draft:
    """What a version is made of, before it is stored or after: the one thing from which its files are written."""

    dataset: Dataset
    number: int
    campaigns: Sequence[Campaign]
    rows: Sequence[DatasetRow]
    left_out: Mapping[str, int]

    def split_counts(self) -> dict[str, int]:
        """Return the rows of every split, also where there are none."""
        counts = Counter(row.split for row in self.rows)
        return {split: counts[split] for split in SPLITS}


def draft_of(version: DatasetVersion) -> Draft:
    """Return a stored version as the draft it was."""
    stored = list(version.rows.order_by("position"))
    return Draft(version.dataset, version.number, list(version.campaigns.all()), stored, version.manifest["counts"]["left_out"])


class Evidence:
    """What the ledgers say of the settled pairs of some campaigns, in four queries."""

    def __init__(self, campaigns: Iterable[Campaign]) -> None:
        of_pairs = Q(pair__campaign__in=campaigns, pair__standing__in=[Standing.AGREED, Standing.ADJUDICATED])
        self.labels = self._by_pair(Label.objects.counting().filter(of_pairs))
        self.rulings = self._by_pair(Adjudication.objects.current().filter(of_pairs, pair__standing=Standing.ADJUDICATED))
        self.gold = set(GoldItem.objects.values_list("pair_id", flat=True))
        self.gold_families = set(GoldItem.objects.values_list("pair__prompt__family", flat=True))

    @staticmethod
    def _by_pair(ledger: QuerySet[Label] | QuerySet[Adjudication]) -> Mapping[int, list[Judgment]]:
        found: dict[int, list[Judgment]] = defaultdict(list)
        for pair, pk, verdict, preference in ledger.order_by("id").values_list("pair_id", "id", "verdict", "preference"):
            found[pair].append(Judgment(pk, verdict, preference))
        return found

    def of(self, pair: SettledPair) -> list[Judgment]:
        """The judgments that the standing rests on: the labels that count, or the adjudication."""
        return (self.rulings if pair.standing == Standing.ADJUDICATED else self.labels).get(pair.pk, [])


def candidates(campaigns: Sequence[Campaign]) -> Candidates:
    """Return what a version frozen from these campaigns now would hold, and what it would leave out and why.

    The order follows the content alone, not the order in which anything was stored.
    """
    evidence, kept, left_out = Evidence(campaigns), [], Counter[str]()
    for pair in sorted(settled_pairs(campaigns), key=lambda pair: (pair.place, pair.pk)):
        if reason := next(reasons(pair, evidence), None):
            left_out[reason.value] += 1
        else:
            kept.append(candidate(pair, evidence))
    return Candidates(told_apart(kept), left_out, unsettled(campaigns))


def settled_pairs(campaigns: Sequence[Campaign]) -> Iterator[SettledPair]:
    fields = [name for name in SettledPair.__dataclass_fields__ if name != "is_empty"]
    pairs = Pair.objects.settled().filter(campaign__in=campaigns)
    stripped = pairs.alias(bare_a=bare("response_a__text"), bare_b=bare("response_b__text"))
    empty = ExpressionWrapper(Q(bare_a="") | Q(bare_b=""), output_field=BooleanField())
    for pair in stripped.annotate(is_empty=empty).values(*fields, "is_empty").iterator(chunk_size=2000):
        yield SettledPair(**pair)


def bare(field: str) -> Func:
    return Func(F(field), Value(WHITE_SPACE), function="BTRIM", output_field=TextField())


def unsettled(campaigns: Sequence[Campaign]) -> dict[str, int]:
    """Return how many pairs are waiting, contested or withdrawn."""
    pairs = Pair.objects.filter(campaign__in=campaigns).exclude(standing__in=[Standing.AGREED, Standing.ADJUDICATED])
    return dict(pairs.values_list("standing").annotate(n=models.Count("pk")).order_by("standing"))


def reasons(pair: SettledPair, evidence: Evidence) -> Iterator[LeftOut]:
    """Yield why a pair makes no row; nothing, where it makes one."""
    if pair.pk in evidence.gold:
        yield LeftOut.GOLD
    if pair.prompt__family in evidence.gold_families:
        yield LeftOut.GOLD_FAMILY
    if pair.verdict is None:
        yield LeftOut.NO_RIGHT_ANSWER
    if pair.verdict == "tie":
        yield LeftOut.TIE
    if pair.trouble:
        yield LeftOut(pair.trouble)
    if pair.is_empty:
        yield LeftOut.EMPTY
    if pair.response_a__sha256 == pair.response_b__sha256:
        yield LeftOut.EQUAL
    if all(judgment.verdict != pair.verdict for judgment in evidence.of(pair)):
        yield LeftOut.UNFOUNDED


def candidate(pair: SettledPair, evidence: Evidence) -> Candidate:
    chosen, rejected = (pair.response_a_id, pair.response_b_id) if pair.verdict == "a" else (pair.response_b_id, pair.response_a_id)
    return Candidate(
        key=key_of(pair.place),
        pair=pair.pk,
        prompt=pair.prompt_id,
        chosen=chosen,
        rejected=rejected,
        family=pair.prompt__family,
        rubric_version=pair.rubric_version_id,
        margin=margin(evidence.of(pair), towards=pair.verdict or ""),
        settled=pair.standing,
        rule=pair.settled_by,
        labels=tuple(label.pk for label in evidence.labels.get(pair.pk, [])),
        adjudication=evidence.of(pair)[0].pk if pair.standing == Standing.ADJUDICATED else None,
    )


def margin(judgments: Sequence[Judgment], *, towards: str) -> float:
    """Return the mean signed preference, positive towards the verdict: 3 is much better by everybody.

    It is below 0 where a weak majority stood against a strong minority: two who said slightly better and one who said
    the other is much better make (1 + 1 - 3) / 3.
    """
    return SIGNS[towards] * sum(judgment.steps for judgment in judgments) / len(judgments)


def key_of(content: Sequence[str]) -> str:
    return hashlib.sha256(canonical(list(content)).encode()).hexdigest()[:32]


def told_apart(rows: Iterable[Candidate]) -> list[Candidate]:
    """Return the rows with a key of their own each: pairs with the same content in one campaign stand side by side, and are numbered."""
    groups = (list(same) for _, same in groupby(rows, key=lambda row: row.key))
    return [row if number == 1 else replace(row, key=key_of([row.key, str(number)])) for same in groups for number, row in enumerate(same, start=1)]
