"""The figures of a campaign: how far it is, how far its labelers agree, and what each of them does. Writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Aggregate, Count, FloatField, Q
from django.db.models.functions import TruncDate

from labeling import agreement, bias
from labeling.agreement import Figure
from labeling.models import Campaign, GoldItem, Label, Membership, Pair, Role, Skip, Slot, Standing, Verdict
from policies.models import GenerationRequest

SEED = 20260525
"""Of the bootstrap: the page, the API and the command give the same intervals for the same labels."""

CHOSE_LEFT = Q(verdict=Verdict.A, left_was_a=True) | Q(verdict=Verdict.B, left_was_a=False)
CHOSE_A_SIDE = Q(left_was_a__isnull=False) & ~Q(verdict=Verdict.TIE)


class Median(Aggregate):
    """The middle value, or the mean of the two middle ones; nulls are left out."""

    template = "PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a campaign is. Gold items are not among its pairs."""

    campaign: str
    state: str
    overlap: int
    pairs: int
    standings: dict[str, int]
    """Pairs by standing; every standing has its entry."""
    stopped: dict[str, int]
    """Pairs taken out before anybody was asked, by the trouble with them."""
    flagged: dict[str, int]
    """Pairs that came with labels and can never become a row that trains, by the same reasons."""
    labels: int
    """Labels that count."""
    planned: int
    """Those, and the places that wait for one."""
    surplus: int
    """Labels that came when their pair was complete: kept, counted nowhere."""
    skips: int
    synthetic: int
    """Of the labels, those made by simulated labelers."""
    gold_items: int

    @property
    def settled(self) -> int:
        return self.standings[Standing.AGREED] + self.standings[Standing.ADJUDICATED]

    @property
    def live(self) -> int:
        """Pairs that are not taken out."""
        return self.pairs - self.standings[Standing.WITHDRAWN]


@dataclass(frozen=True, kw_only=True)
class Share:
    """A share with its exact 95 % interval, as fractions; all None where there is nothing to share."""

    hits: int
    n: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class LabelerFigures:
    """What one labeler did in a campaign."""

    labeler: str
    kind: str
    labels: int
    share: float
    """Of all labels that count."""
    tie_share: float
    left: Share
    """The left side, among verdicts that are not ties and whose sides are known."""
    lean: str
    """`left` or `right` where the interval leaves out one half, `even` where it does not, `unknown` without a verdict."""
    median_seconds: float | None
    """From lease to submit."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How far labelers agree on the verdicts of the same pairs, from labels that count."""

    campaign: str
    labels: int
    pairs: int
    """Pairs with at least two labels."""
    rubric_versions: list[int]
    """Under which they were judged, each pair under one of them. The figures are over all."""
    figures: list[Figure]


@dataclass(frozen=True)
class Day:
    day: date
    labels: int


@dataclass(frozen=True)
class RunProgress:
    """How far a generation run is whose responses become pairs here."""

    run: int
    policy_a: str
    policy_b: str
    done: int
    failed: int
    open: int

    @property
    def all(self) -> int:
        return self.done + self.failed + self.open


def progress_of(campaign: Campaign) -> Progress:
    """Return how far the campaign is, in seven queries."""
    pairs = Pair.objects.filter(campaign=campaign, gold_items=None)
    counts = list(pairs.values_list("standing", "trouble").annotate(Count("pk")))
    standings = Counter({standing.value: 0 for standing in Standing})
    for standing, _, number in counts:
        standings[standing] += number
    labels = labels_that_count(campaign).aggregate(all=Count("pk"), synthetic=Count("pk", filter=Q(source=Label.Source.SYNTHETIC)))
    return Progress(
        campaign=campaign.slug,
        state=campaign.state,
        overlap=campaign.overlap,
        pairs=sum(standings.values()),
        standings=dict(standings),
        stopped=by_trouble(row for row in counts if row[0] == Standing.WITHDRAWN),
        flagged=by_trouble(row for row in counts if row[0] != Standing.WITHDRAWN),
        labels=labels["all"],
        planned=labels["all"] + open_places(campaign),
        surplus=Label.objects.filter(pair__campaign=campaign, slot=None, is_retraction=False).count(),
        skips=Skip.objects.filter(pair__campaign=campaign).count(),
        synthetic=labels["synthetic"],
        gold_items=GoldItem.objects.in_use().filter(pair__campaign=campaign).count(),
    )


def open_places(campaign: Campaign) -> int:
    """Return how many places wait for a label. Counted apart, each by its partial index: what is closed by far outnumbers what is open."""
    places = Slot.objects.counting().filter(campaign=campaign)
    return places.free().count() + places.held().count()


def by_trouble(counts: Iterable[tuple[str, str, int]]) -> dict[str, int]:
    """Add up (standing, trouble, pairs) by trouble, leaving out pairs without any."""
    found: Counter[str] = Counter()
    for _, trouble, number in counts:
        if trouble:
            found[trouble] += number
    return dict(found)


def labels_that_count(campaign: Campaign) -> Any:
    """The labels from which every figure is made."""
    return Label.objects.counting().filter(pair__campaign=campaign)


def agreement_of(campaign: Campaign) -> Agreement:
    """Return the coefficients with their intervals."""
    verdicts = {verdict.value: Count("pk", filter=Q(verdict=verdict)) for verdict in Verdict}
    of_pair = labels_that_count(campaign).values("pair", "rubric_version__number").annotate(**verdicts).order_by()
    counts = list(of_pair.values_list("rubric_version__number", *verdicts))
    items = [[verdict for verdict, times in zip(verdicts, row, strict=True) for _ in range(times)] for _, *row in counts]
    return Agreement(
        campaign=campaign.slug,
        labels=sum(map(len, items)),
        pairs=sum(1 for item in items if len(item) > 1),
        rubric_versions=sorted({number for number, *_ in counts}),
        figures=agreement.agreement(items, seed=SEED),
    )


def labelers_of(campaign: Campaign) -> list[LabelerFigures]:
    """Return what each labeler did, the busiest first."""
    rows = (
        labels_that_count(campaign)
        .values("labeler__username", "labeler__kind")
        .annotate(
            n=Count("pk"),
            ties=Count("pk", filter=Q(verdict=Verdict.TIE)),
            sided=Count("pk", filter=CHOSE_A_SIDE),
            left=Count("pk", filter=CHOSE_LEFT),
            seconds_between=Median("seconds"),
        )
        .order_by("-n", "labeler__username")
    )
    found = list(rows)
    return [labeler_figures(row, all_labels=sum(other["n"] for other in found)) for row in found]


def labeler_figures(row: dict[str, Any], *, all_labels: int) -> LabelerFigures:
    left = share_of(row["left"], row["sided"])
    return LabelerFigures(
        labeler=row["labeler__username"],
        kind=row["labeler__kind"],
        labels=row["n"],
        share=row["n"] / all_labels,
        tie_share=row["ties"] / row["n"],
        left=left,
        lean="unknown" if left.low is None or left.high is None else bias.lean(left.low, left.high),
        median_seconds=row["seconds_between"],
    )


def share_of(hits: int, n: int) -> Share:
    if not n:
        return Share(hits=0, n=0, value=None, low=None, high=None)
    low, high = bias.clopper_pearson(hits, n)
    return Share(hits=hits, n=n, value=hits / n, low=low, high=high)


def labels_by_day(campaign: Campaign) -> list[Day]:
    """Return the days on which labels came in, in the installation's time zone, first to last."""
    days = labels_that_count(campaign).annotate(day=TruncDate("submitted_at")).values_list("day").annotate(Count("pk")).order_by("day")
    return [Day(*row) for row in days]


def runs_of(campaign: Campaign) -> list[RunProgress]:
    """Return how far the attached runs are, in two queries."""
    attached = list(campaign.attached_runs.order_by("pk").values_list("run", "run__policy_a__name", "run__policy_b__name"))
    requests = GenerationRequest.objects.filter(run__in=[run for run, _, _ in attached])
    counts: dict[int, Counter[str]] = {run: Counter() for run, _, _ in attached}
    for run, status, number in requests.values_list("run", "status").annotate(Count("pk")).order_by():
        counts[run][status] = number
    return [run_progress(run, policy_a, policy_b, counts[run]) for run, policy_a, policy_b in attached]


def run_progress(run: int, policy_a: str, policy_b: str, counts: Counter[str]) -> RunProgress:
    return RunProgress(run, policy_a, policy_b, counts["done"], counts["failed"], counts["queued"] + counts["running"])


def people_by_role(campaign: Campaign) -> dict[str, int]:
    """Return how many people hold each role in the campaign; every role has its entry."""
    counts = Membership.objects.filter(campaign=campaign, user__is_active=True).values_list("role").annotate(Count("pk"))
    return {role.value: 0 for role in Role} | dict(counts)


def named(figures: Sequence[Figure]) -> dict[str, Figure]:
    return {figure.name: figure for figure in figures}
