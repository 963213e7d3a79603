"""What a campaign's page says of its figures: the sentence it opens with, what needs attention, and the rows of its tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.wording import grouped
from labeling import charts
from labeling.agreement import Figure
from labeling.charts import Growth, IntervalPlot, Part
from labeling.models import Campaign, Role, Standing, Trouble
from labeling.phrases import counted, decimal, duration, listed, percent, span, three_places
from labeling.progress import Agreement, Day, LabelerFigures, Progress, RunProgress, named

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
        return _("No pair has two labels that choose a side yet, so nothing can be said of agreement.")
    if figure.n_items < FEW_PAIRS:
        words = _("It is early: {pairs} can be compared, and labelers agree on {share}.")
        return words.format(pairs=counted(figure.n_items, "pair"), share=percent(figure.value))
    return reading_of(figure)[1].format(share=percent(figure.value))


def of_standing(progress: Progress) -> str:
    live = progress.live
    if not live:
        return _("Every pair was stopped before anybody was asked.")
    if progress.settled == live:
        return _("All {pairs} are settled.").format(pairs=counted(live, "pair")) if live > 1 else _("The only pair is settled.")
    if not progress.labels:
        return ngettext("{n} pair waits for the first label.", "{n} pairs wait for the first label.", live).format(n=grouped(live))
    settled = ngettext("{n} of {pairs} is settled", "{n} of {pairs} are settled", progress.settled).format(
        n=grouped(progress.settled), pairs=counted(live, "pair")
    )
    contested = progress.standings[Standing.CONTESTED]
    waits = ngettext(", and {n} is contested", ", and {n} are contested", contested).format(n=grouped(contested)) if contested else ""
    return f"{settled}{waits}."


LEANS = {"left": gettext_lazy("{name} leans left"), "right": gettext_lazy("{name} leans right")}


def of_leaning(labelers: Sequence[LabelerFigures]) -> str:
    leaning = [str(LEANS[labeler.lean]).format(name=labeler.labeler) for labeler in labelers if labeler.lean in LEANS]
    if not leaning:
        return ""
    return f"{listed(leaning)[0].upper()}{listed(leaning)[1:]}." if len(leaning) < 4 else _("{n} labelers lean to one side.").format(n=len(leaning))


def needs(figures: Figures) -> Iterator[Need]:
    """Yield what is to be seen to, the most pressing first."""
    if figures.findings:
        words = ngettext("{n} finding about labelers’ work waits for a decision.", "{n} findings about labelers’ work wait for a decision.", figures.findings)
        yield Need("due", _("Act"), words.format(n=grouped(figures.findings)), "findings", _("Look and decide"))
    if figures.reports:
        words = ngettext(
            "{n} report of harmful content is about pairs that labelers may still be shown.",
            "{n} reports of harmful content are about pairs that labelers may still be shown.",
            figures.reports,
        )
        yield Need("due", _("Act"), words.format(n=grouped(figures.reports)), "reports", _("Read and decide"))
    yield from needs_of_people(figures)
    yield from needs_of_state(figures.progress)
    yield from needs_of_pairs(figures)
    yield from needs_of_labels(figures)


def needs_of_people(figures: Figures) -> Iterator[Need]:
    contested = figures.progress.standings[Standing.CONTESTED]
    if not figures.people[Role.LABELER] and figures.progress.planned > figures.progress.labels:
        yield Need("due", _("Act"), _("Nobody labels here yet. An owner gives the role of labeler on the page of people."))
    if contested and not figures.people[Role.ADJUDICATOR]:
        words = ngettext(
            "{n} pair is contested, and nobody adjudicates here. An owner gives the role on the page of people.",
            "{n} pairs are contested, and nobody adjudicates here. An owner gives the role on the page of people.",
            contested,
        )
        yield Need("due", _("Act"), words.format(n=grouped(contested)))
    elif contested and Role.ADJUDICATOR in figures.roles:
        words = ngettext(
            "{n} pair is contested: labelers disagree, and an adjudicator decides.",
            "{n} pairs are contested: labelers disagree, and an adjudicator decides.",
            contested,
        )
        yield Need("warn", _("Soon"), words.format(n=grouped(contested)), "adjudicate", _("Adjudicate"))
    elif contested:
        words = ngettext("{n} pair is contested and waits for an adjudicator.", "{n} pairs are contested and wait for an adjudicator.", contested)
        yield Need("calm", _("Know"), words.format(n=grouped(contested)))


def needs_of_state(progress: Progress) -> Iterator[Need]:
    if progress.state == Campaign.State.DRAFT and progress.pairs:
        yield Need("due", _("Act"), _("The campaign is a draft. Labelers get pairs once it is open."), "campaign-settings", _("Open it"))
    if progress.state == Campaign.State.PAUSED:
        yield Need("warn", _("Soon"), _("The campaign is paused: nobody gets a new pair."), "campaign-settings", _("Open it again"))


def needs_of_pairs(figures: Figures) -> Iterator[Need]:
    for run in figures.runs:
        if run.open:
            words = _("Run {run} still answers: {done} of {all} responses are in. Pairs follow as they come.")
            yield Need("calm", _("Know"), words.format(run=run.run, done=grouped(run.done), all=grouped(run.all)))
    if stopped := sum(figures.progress.stopped.values()):
        words = ngettext("{n} pair stopped before anybody saw it: {why}.", "{n} pairs stopped before anybody saw them: {why}.", stopped)
        why = listed(reasons(figures.progress.stopped))
        yield Need("calm", _("Know"), words.format(n=grouped(stopped), why=why), "#troubles", _("See the reasons"))
    if flagged := sum(figures.progress.flagged.values()):
        words = ngettext(
            "{n} pair came with labels and can never become a row that trains: {why}.",
            "{n} pairs came with labels and can never become a row that trains: {why}.",
            flagged,
        )
        why = listed(reasons(figures.progress.flagged))
        yield Need("calm", _("Know"), words.format(n=grouped(flagged), why=why), "#troubles", _("See the reasons"))


def reasons(troubles: dict[str, int]) -> list[str]:
    return [_("{n} because {why}").format(n=grouped(number), why=_(Trouble(reason).label)) for reason, number in sorted(troubles.items())]


def needs_of_labels(figures: Figures) -> Iterator[Need]:
    progress = figures.progress
    for labeler in figures.labelers:
        if labeler.lean in LEANS:
            yield Need("warn", _("Soon"), leaning(labeler), "#sides", _("Look at {name}’s sides").format(name=labeler.labeler))
    if progress.synthetic:
        words = _("{n} of {all} labels are synthetic: nobody gave them.").format(n=grouped(progress.synthetic), all=grouped(progress.labels))
        yield Need("calm", _("Know"), words if progress.synthetic != progress.labels else _("Every label here is synthetic: nobody gave them."))
    if progress.surplus:
        words = ngettext(
            "{n} label came when the pair was complete: kept, and not counted.",
            "{n} labels came when the pair was complete: kept, and not counted.",
            progress.surplus,
        )
        yield Need("calm", _("Know"), words.format(n=grouped(progress.surplus)))


CHOOSES = {
    "left": gettext_lazy("{name} chooses the left side in {share} of {n} verdicts that are not ties, where {even} would be even."),
    "right": gettext_lazy("{name} chooses the right side in {share} of {n} verdicts that are not ties, where {even} would be even."),
}


def leaning(labeler: LabelerFigures) -> str:
    """Say how far somebody leans, and what would be even."""
    share = labeler.left.value or 0.0
    chosen = percent(share if labeler.lean == "left" else 1 - share)
    return str(CHOOSES[labeler.lean]).format(name=labeler.labeler, share=chosen, n=grouped(labeler.left.n), even=percent(0.5))


# ---- rows ----------------------------------------------------------------------------------------------------------


def standing_rows(progress: Progress) -> list[StandingRow]:
    return [
        StandingRow(part_of(standing), standing.value, progress.standings[standing], percent(progress.standings[standing] / progress.pairs))
        for standing in STANDINGS
        if progress.pairs
    ]


def trouble_rows(progress: Progress) -> list[TroubleRow]:
    found = sorted(progress.stopped.keys() | progress.flagged.keys())
    return [TroubleRow(_(Trouble(reason).label), progress.stopped.get(reason, 0), progress.flagged.get(reason, 0)) for reason in found]


def part_of(standing: Standing) -> str:
    """The class that colours a standing in the bar and beside its name."""
    return f"part{STANDINGS.index(standing) + 1}"


def agreement_row(figure: Figure) -> AgreementRow:
    shown = percent if figure.name.startswith("raw") else three_places
    state, reading = reading_of(figure)[::2]
    return AgreementRow(
        words=_(figure.coefficient),
        value=_("not defined") if figure.value is None else shown(figure.value),
        interval="" if figure.low is None or figure.high is None else span(shown(figure.low), shown(figure.high)),
        band=span(*(percent(end) if shown is percent else decimal(f"{end:.2f}") for end in (figure.expected_low, figure.expected_high))),
        source=_(figure.source),
        pairs=figure.n_items,
        reading=reading,
        state=state,
        plot=None if figure.value is None else charts.interval_plot(figure.value, figure.low, figure.high, band=(figure.expected_low, figure.expected_high)),
    )


def reading_of(figure: Figure) -> tuple[str, str, str]:
    """Return a state, a sentence and a word for where a figure lies against what published collections reach."""
    if figure.value is None or figure.low is None or figure.high is None:
        words = _("Labelers agree in a way that cannot be compared with other open prompts, on {share} of the choices that can be compared.")
        return "calm", words, _("nothing to say yet")
    if figure.low > figure.expected_high:
        words = _("Labelers agree better than on other open prompts, on {share} of the choices that can be compared.")
        return "good", words, _("above the band")
    if figure.high < figure.expected_low:
        words = _("Labelers agree less than on other open prompts, on {share} of the choices that can be compared.")
        return "bad", words, _("below the band")
    words = _("Labelers agree about as well as on other open prompts, on {share} of the choices that can be compared.")
    return "calm", words, _("as expected") if figure.n_items >= FEW_PAIRS else _("as expected, from few pairs")


READINGS = {"even": gettext_lazy("even"), "unknown": gettext_lazy("sides unknown"), "left": gettext_lazy("leans left"), "right": gettext_lazy("leans right")}


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
        reading=str(READINGS[labeler.lean]),
        state="bad" if labeler.lean in ("left", "right") else "calm",
        plot=charts.interval_plot(left.value, left.low, left.high) if known and left.value is not None else None,
    )
