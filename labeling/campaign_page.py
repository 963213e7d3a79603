"""What a campaign's page says of its figures: the sentence it opens with, what needs attention, and the rows of its tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from labeling import charts
from labeling.agreement import Figure
from labeling.charts import Growth, IntervalPlot, Part
from labeling.models import Campaign, Role, Standing, Trouble
from labeling.progress import Agreement, Day, LabelerFigures, Progress, RunProgress, named
from labeling.words import NBSP, counted, duration, listed, percent, span, three_places

FEW_PAIRS = 30
"""Below this an agreement is a first impression."""

STANDINGS = (Standing.AGREED, Standing.ADJUDICATED, Standing.CONTESTED, Standing.WAITING, Standing.WITHDRAWN)


@dataclass(frozen=True)
class Need:
    """Something to see to: how soon, what it is, and the page where it is done (a URL's name, or an anchor)."""

    state: str
    how_soon: str
    says: str
    page: str = ""
    link: str = ""


@dataclass(frozen=True)
class StandingRow:
    part: str
    standing: str
    pairs: int
    share: str


@dataclass(frozen=True)
class AgreementRow:
    words: str
    value: str
    interval: str
    band: str
    source: str
    pairs: int
    reading: str
    state: str
    plot: IntervalPlot | None


@dataclass(frozen=True)
class LabelerRow:
    name: str
    mark: str
    """`external` or `synthetic`; empty for a person."""
    labels: int
    share: str
    seconds: str
    tie_share: str
    left: str
    interval: str
    verdicts: int
    reading: str
    state: str
    plot: IntervalPlot | None


@dataclass(frozen=True)
class TroubleRow:
    reason: str
    stopped: int
    flagged: int


@dataclass(frozen=True, kw_only=True)
class Page:
    standfirst: str
    needs: list[Need]
    standings: list[StandingRow]
    bar: list[Part]
    growth: Growth | None
    agreement: list[AgreementRow]
    labelers: list[LabelerRow]
    sides: list[LabelerRow]
    """Those of them whose sides are known."""
    troubles: list[TroubleRow]


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What the page is made of."""

    progress: Progress
    agreement: Agreement
    labelers: Sequence[LabelerFigures]
    days: Sequence[Day]
    today: date
    runs: Sequence[RunProgress]
    people: dict[str, int]
    roles: frozenset[str]
    """Those that the reader holds."""
    findings: int = 0
    reports: int = 0
    """About labelers' work, on which nobody has decided."""


def page_of(figures: Figures) -> Page:
    progress = figures.progress
    labelers = [labeler_row(labeler) for labeler in figures.labelers]
    return Page(
        standfirst=standfirst(figures),
        needs=list(needs(figures)),
        standings=standing_rows(progress),
        bar=charts.bar({part_of(standing): progress.standings[standing] for standing in STANDINGS}),
        growth=charts.growth([(day.day, day.labels) for day in figures.days], planned=progress.planned, until=figures.today),
        agreement=[agreement_row(figure) for figure in figures.agreement.figures],
        labelers=labelers,
        sides=[row for row in labelers if row.verdicts],
        troubles=trouble_rows(progress),
    )


# ---- sentences -----------------------------------------------------------------------------------------------------


def standfirst(figures: Figures) -> str:
    """Return what somebody would say who had looked at all figures."""
    if not figures.progress.pairs:
        return ""
    said = [of_agreement(figures.agreement), of_standing(figures.progress), of_leaning(figures.labelers)]
    return " ".join(sentence for sentence in said if sentence)


def of_agreement(agreement: Agreement) -> str:
    figure = named(agreement.figures)["raw_without_ties"]
    if figure.value is None:
        return "No pair has two labels that choose a side yet, so nothing can be said of agreement."
    if figure.n_items < FEW_PAIRS:
        return f"It is early: {counted(figure.n_items, 'pair')} can be compared, and labelers agree on {percent(figure.value)}."
    return f"Labelers agree {reading_of(figure)[1]} other open prompts, on {percent(figure.value)} of the choices that can be compared."


def of_standing(progress: Progress) -> str:
    live = progress.live
    if not live:
        return "Every pair was stopped before anybody was asked."
    if progress.settled == live:
        return f"All {counted(live, 'pair')} are settled." if live > 1 else "The only pair is settled."
    if not progress.labels:
        return f"{counted(live, 'pair').capitalize()} {'wait' if live > 1 else 'waits'} for the first label."
    contested = progress.standings[Standing.CONTESTED]
    waits = f", and {contested:,} {'are' if contested > 1 else 'is'} contested" if contested else ""
    return f"{progress.settled:,} of {counted(live, 'pair')} {'are' if progress.settled != 1 else 'is'} settled{waits}."


def of_leaning(labelers: Sequence[LabelerFigures]) -> str:
    leaning = [f"{labeler.labeler} leans {labeler.lean}" for labeler in labelers if labeler.lean in ("left", "right")]
    if not leaning:
        return ""
    return f"{listed(leaning)[0].upper()}{listed(leaning)[1:]}." if len(leaning) < 4 else f"{len(leaning)} labelers lean to one side."


def needs(figures: Figures) -> Iterator[Need]:
    """Yield what is to be seen to, the most pressing first."""
    if figures.findings:
        says = f"{counted(figures.findings, 'finding').capitalize()} about labelers’ work {'waits' if figures.findings == 1 else 'wait'} for a decision."
        yield Need("due", "Act", says, "findings", "Look and decide")
    if figures.reports:
        are = "is" if figures.reports == 1 else "are"
        says = f"{counted(figures.reports, 'report').capitalize()} of harmful content {are} about pairs that labelers may still be shown."
        yield Need("due", "Act", says, "reports", "Read and decide")
    yield from needs_of_people(figures)
    yield from needs_of_state(figures.progress)
    yield from needs_of_pairs(figures)
    yield from needs_of_labels(figures)


def needs_of_people(figures: Figures) -> Iterator[Need]:
    contested = figures.progress.standings[Standing.CONTESTED]
    if not figures.people[Role.LABELER] and figures.progress.planned > figures.progress.labels:
        yield Need("due", "Act", "Nobody labels here yet. An owner gives the role of labeler on the page of people.")
    if contested and not figures.people[Role.ADJUDICATOR]:
        yield Need("due", "Act", f"{pairs_are(contested)} contested, and nobody adjudicates here. An owner gives the role on the page of people.")
    elif contested and Role.ADJUDICATOR in figures.roles:
        yield Need("warn", "Soon", f"{pairs_are(contested)} contested: labelers disagree, and an adjudicator decides.", "adjudicate", "Adjudicate")
    elif contested:
        yield Need("calm", "Know", f"{pairs_are(contested)} contested and {'wait' if contested > 1 else 'waits'} for an adjudicator.")


def pairs_are(number: int) -> str:
    return f"{counted(number, 'pair').capitalize()} {'is' if number == 1 else 'are'}"


def needs_of_state(progress: Progress) -> Iterator[Need]:
    if progress.state == Campaign.State.DRAFT and progress.pairs:
        yield Need("due", "Act", "The campaign is a draft. Labelers get pairs once it is open.", "campaign-settings", "Open it")
    if progress.state == Campaign.State.PAUSED:
        yield Need("warn", "Soon", "The campaign is paused: nobody gets a new pair.", "campaign-settings", "Open it again")


def needs_of_pairs(figures: Figures) -> Iterator[Need]:
    for run in figures.runs:
        if run.open:
            yield Need("calm", "Know", f"Run {run.run} still answers: {run.done:,} of {run.all:,} responses are in. Pairs follow as they come.")
    if stopped := sum(figures.progress.stopped.values()):
        says = f"{counted(stopped, 'pair').capitalize()} stopped before anybody saw {'them' if stopped > 1 else 'it'}"
        yield Need("calm", "Know", f"{says}: {listed(reasons(figures.progress.stopped))}.", "#troubles", "See the reasons")
    if flagged := sum(figures.progress.flagged.values()):
        says = f"{counted(flagged, 'pair').capitalize()} came with labels and can never become a row that trains"
        yield Need("calm", "Know", f"{says}: {listed(reasons(figures.progress.flagged))}.", "#troubles", "See the reasons")


def reasons(troubles: dict[str, int]) -> list[str]:
    return [f"{number:,} because {Trouble(reason).label}" for reason, number in sorted(troubles.items())]


def needs_of_labels(figures: Figures) -> Iterator[Need]:
    progress = figures.progress
    for labeler in figures.labelers:
        if labeler.lean in ("left", "right"):
            yield Need("warn", "Soon", leaning(labeler), "#sides", f"Look at {labeler.labeler}’s sides")
    if progress.synthetic:
        which = "Every label here is" if progress.synthetic == progress.labels else f"{progress.synthetic:,} of {progress.labels:,} labels are"
        yield Need("calm", "Know", f"{which} synthetic: nobody gave them.")
    if progress.surplus:
        yield Need("calm", "Know", f"{counted(progress.surplus, 'label').capitalize()} came when the pair was complete: kept, and not counted.")


def leaning(labeler: LabelerFigures) -> str:
    """Say how far somebody leans, and what would be even."""
    share = labeler.left.value or 0.0
    chosen = percent(share if labeler.lean == "left" else 1 - share)
    return f"{labeler.labeler} chooses the {labeler.lean} side in {chosen} of {labeler.left.n:,} verdicts that are not ties, where 50{NBSP}% would be even."


# ---- rows ----------------------------------------------------------------------------------------------------------


def standing_rows(progress: Progress) -> list[StandingRow]:
    return [
        StandingRow(part_of(standing), standing.value, progress.standings[standing], percent(progress.standings[standing] / progress.pairs))
        for standing in STANDINGS
        if progress.pairs
    ]


def trouble_rows(progress: Progress) -> list[TroubleRow]:
    found = sorted(progress.stopped.keys() | progress.flagged.keys())
    return [TroubleRow(Trouble(reason).label, progress.stopped.get(reason, 0), progress.flagged.get(reason, 0)) for reason in found]


def part_of(standing: Standing) -> str:
    """The class that colours a standing in the bar and beside its name."""
    return f"part{STANDINGS.index(standing) + 1}"


def agreement_row(figure: Figure) -> AgreementRow:
    shown = percent if figure.name.startswith("raw") else three_places
    state, _, reading = reading_of(figure)
    return AgreementRow(
        words=figure.coefficient,
        value="not defined" if figure.value is None else shown(figure.value),
        interval="" if figure.low is None or figure.high is None else span(shown(figure.low), shown(figure.high)),
        band=span(*(percent(end) if shown is percent else f"{end:.2f}" for end in (figure.expected_low, figure.expected_high))),
        source=figure.source,
        pairs=figure.n_items,
        reading=reading,
        state=state,
        plot=None if figure.value is None else charts.interval_plot(figure.value, figure.low, figure.high, band=(figure.expected_low, figure.expected_high)),
    )


def reading_of(figure: Figure) -> tuple[str, str, str]:
    """Return a state, half a sentence and a word for where a figure lies against what published collections reach."""
    if figure.value is None or figure.low is None or figure.high is None:
        return "calm", "in a way that cannot be compared with", "nothing to say yet"
    if figure.low > figure.expected_high:
        return "good", "better than on", "above the band"
    if figure.high < figure.expected_low:
        return "bad", "less than on", "below the band"
    return "calm", "about as well as on", "as expected" if figure.n_items >= FEW_PAIRS else "as expected, from few pairs"


def labeler_row(labeler: LabelerFigures) -> LabelerRow:
    left = labeler.left
    known = left.value is not None and left.low is not None and left.high is not None
    return LabelerRow(
        name=labeler.labeler,
        mark="" if labeler.kind == "person" else labeler.kind,
        labels=labeler.labels,
        share=percent(labeler.share),
        seconds="" if labeler.median_seconds is None else duration(labeler.median_seconds),
        tie_share=percent(labeler.tie_share),
        left=percent(left.value) if left.value is not None else "",
        interval=span(percent(left.low), percent(left.high)) if left.low is not None and left.high is not None else "",
        verdicts=left.n,
        reading={"even": "even", "unknown": "sides unknown"}.get(labeler.lean, f"leans {labeler.lean}"),
        state="bad" if labeler.lean in ("left", "right") else "calm",
        plot=charts.interval_plot(left.value, left.low, left.high) if known and left.value is not None else None,
    )
