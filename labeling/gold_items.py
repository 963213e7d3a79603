"""Gold items as those who run a campaign read them: what each says, how often labelers are right on it; and which settled pairs may become gold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Abs
from django.utils.translation import gettext, gettext_lazy

from labeling.gold import Hits, hits_among
from labeling.models import Campaign, GoldItem, Label, Pair, Slot, Standing
from labeling.phrases import counted, percent, span
from labeling.renderings import Shown, shown_all

LATEST, OFFERED = 500, 20
"""Of so many pairs settled last, so many are offered: those with the largest margins, since gold has to be a clear case."""

VERDICTS = {"a": gettext_lazy("A is better"), "b": gettext_lazy("B is better"), "tie": gettext_lazy("tie")}
USES = {"check": gettext_lazy("checks"), "practice": gettext_lazy("practice"), "both": gettext_lazy("checks and practice")}


@dataclass(frozen=True, kw_only=True)
class Item:
    """A version of a gold item. The answers are first ones, to checks among work: whoever practises is told."""

    pk: int
    pair: int
    name: str
    """The id that came with the pair, or its number."""
    version: int
    verdict: str
    why: str
    allowed_use: str
    difficulty: str
    refresh_on: date | None
    is_due: bool
    """Somebody should look whether it still holds."""
    is_retired: bool
    all: Hits
    as_stored: Hits
    """With A on the left."""
    swapped: Hits

    @property
    def verdict_in_words(self) -> str:
        return str(VERDICTS[self.verdict])

    @property
    def use_in_words(self) -> str:
        return str(USES[self.allowed_use])

    @property
    def right(self) -> str:
        return share_in_words(self.all)

    @property
    def interval(self) -> str:
        return interval_in_words(self.all)


@dataclass(frozen=True, kw_only=True)
class Offered:
    """A settled pair that may become gold."""

    pk: int
    name: str
    prompt: str
    verdict: str
    standing: str
    labels: int
    margin: float | None

    @property
    def verdict_in_words(self) -> str:
        return str(VERDICTS[self.verdict])

    @property
    def settled_in_words(self) -> str:
        return gettext("by an adjudicator") if self.standing == Standing.ADJUDICATED else gettext("by {labels}").format(labels=counted(self.labels, "label"))


@dataclass(frozen=True, kw_only=True)
class Texts:
    """A pair's texts as pages show them, A and B as stored."""

    turns: list[tuple[str, Shown]]
    a: Shown
    b: Shown


def in_use(campaign: Campaign) -> QuerySet[GoldItem]:
    """Return the campaign's items, those that are to be looked at first at the front."""
    return GoldItem.objects.in_use().filter(pair__campaign=campaign).select_related("pair__campaign").order_by(F("refresh_on").asc(nulls_last=True), "pk")


def described(items: Sequence[GoldItem], *, on: date) -> list[Item]:
    """Return what each item says, and how often labelers were right on it, in one query for all."""
    answers = answers_to(items)
    return [
        Item(
            pk=item.pk,
            pair=item.pair_id,
            name=name_of(item.pair),
            version=item.version,
            verdict=item.verdict,
            why=item.why or "",
            allowed_use=item.allowed_use,
            difficulty=item.difficulty,
            refresh_on=item.refresh_on,
            is_due=is_due(item, on=on),
            is_retired=item.retired_at is not None,
            all=added(answers[item.pk]),
            as_stored=added(answers[item.pk], left_was_a=True),
            swapped=added(answers[item.pk], left_was_a=False),
        )
        for item in items
    ]


def is_due(item: GoldItem, *, on: date) -> bool:
    """Say whether somebody should look if it still holds: its date has come, or its verdict was said under another wording than the campaign has."""
    is_behind = item.rubric_version_id != item.pair.campaign.rubric_version_id
    return item.retired_at is None and (is_behind or (item.refresh_on is not None and item.refresh_on <= on))


Counted = tuple[bool | None, int, int]
"""Whether A stood on the left, how many answers, how many of them right."""


def answers_to(items: Sequence[GoldItem]) -> dict[int, list[Counted]]:
    found: defaultdict[int, list[Counted]] = defaultdict(list)
    right = Count("pk", filter=Q(verdict=F("slot__gold_item__verdict")))
    asked = Label.objects.first_answers().filter(slot__gold_item__in=items, slot__kind=Slot.Kind.GOLD)
    for item, left_was_a, n, hits in asked.values_list("slot__gold_item", "left_was_a").annotate(Count("pk"), right=right).order_by():
        found[item].append((left_was_a, n, hits))
    return found


def added(answers: Sequence[Counted], *, left_was_a: bool | None = None) -> Hits:
    chosen = [(n, hits) for side, n, hits in answers if left_was_a in (None, side)]
    return hits_among(sum(hits for _, hits in chosen), sum(n for n, _ in chosen))


def score_of_all(campaign: Campaign) -> Hits:
    """Return how often labelers were right on gold that is in use."""
    asked = Label.objects.first_answers().filter(slot__gold_item__in=GoldItem.objects.in_use().filter(pair__campaign=campaign), slot__kind=Slot.Kind.GOLD)
    found = asked.aggregate(n=Count("pk"), right=Count("pk", filter=Q(verdict=F("slot__gold_item__verdict"))))
    return hits_among(found["right"], found["n"])


def name_of(pair: Pair) -> str:
    return pair.external_id or gettext("pair {id}").format(id=pair.pk)


def share_in_words(found: Hits) -> str:
    return "" if found.share is None else percent(found.share)


def interval_in_words(found: Hits) -> str:
    return "" if found.low is None or found.high is None else span(percent(found.low), percent(found.high))


def offered(campaign: Campaign, *, begins: str = "") -> list[Offered]:
    """Return settled pairs that may become gold, the clearest first; or those whose id begins so."""
    pairs = Pair.objects.settled().filter(campaign=campaign, verdict__isnull=False, gold_items__isnull=True, external_id__startswith=begins)
    latest = pairs.order_by("-pk").values("pk")[:LATEST]
    chosen = list(Pair.objects.filter(pk__in=latest).select_related("prompt").order_by(Abs("margin").desc(nulls_last=True), "-pk")[:OFFERED])
    labels = dict(Label.objects.counting().filter(pair__in=chosen).values_list("pair").annotate(Count("pk")).order_by())
    return [
        Offered(
            pk=pair.pk,
            name=name_of(pair),
            prompt=str(pair.prompt.messages[-1]["content"]),
            verdict=str(pair.verdict),
            standing=pair.standing,
            labels=labels.get(pair.pk, 0),
            margin=pair.margin,
        )
        for pair in chosen
    ]


def usual_why(pair: Pair) -> str:
    """Return a reason for a pair that is promoted without one."""
    return gettext("An adjudicator decided so.") if pair.standing == Standing.ADJUDICATED else gettext("Labelers agreed on it.")


def texts_of(pair: Pair) -> Texts:
    messages = pair.prompt.messages or []  # erased
    *turns, a, b = shown_all([*(message["content"] for message in messages), pair.response_a.text or "", pair.response_b.text or ""])
    return Texts(turns=[(message["role"], shown) for message, shown in zip(messages, turns, strict=True)], a=a, b=b)
