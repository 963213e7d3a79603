"""Care findings as a researcher reads them: in words, with the figures they were made of, and what a decision would do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from accounts.wording import grouped
from labeling import bias, watching
from labeling.models import Campaign, Finding, FindingDecision
from labeling.phrases import NBSP, counted, decimal, percent, span

SHOWN = 100
"""Decided findings that a list shows, newest first."""

MEASURES = {
    Finding.Kind.GOLD_BELOW_BAR: gettext_lazy("Right on gold"),
    Finding.Kind.TOO_FAST: gettext_lazy("Answers in less than half the time that reading takes"),
    Finding.Kind.STRAIGHT_LINING: gettext_lazy("The same choice in a row"),
    Finding.Kind.LEFT_LEANING: gettext_lazy("One side of the screen, of all choices of a side"),
    Finding.Kind.LENGTH_FOLLOWING: gettext_lazy("The longer response, of choices between two lengths"),
    Finding.Kind.RANDOM: gettext_lazy("The verdict of gold or of the others’ majority"),
}
SIDES = {
    "left": gettext_lazy("The left side of the screen, of all choices of a side"),
    "right": gettext_lazy("The right side of the screen, of all choices of a side"),
}
BESIDE = {
    "left": gettext_lazy("where the better response stood left"),
    "right": gettext_lazy("where the better response stood right"),
    "neither": gettext_lazy("where the known verdict is a tie"),
    "gold": gettext_lazy("on gold"),
    "agreement": gettext_lazy("with the others’ majorities"),
    "others_gold": gettext_lazy("the others, on gold"),
    "others_agreement": gettext_lazy("the others, with each other"),
    "others_tie": gettext_lazy("the others call a tie, on these pairs"),
    "others": gettext_lazy("the others here"),
}
SEEN_FROM = {
    Finding.Kind.GOLD_BELOW_BAR: gettext_lazy("Gold is to be clear. A low score may also mean that an item is wrong: look at the items that were missed."),
    Finding.Kind.TOO_FAST: gettext_lazy(
        "Only time with the pair on the screen and somebody there is counted. Who knows the texts already may be fast and right."
    ),
    Finding.Kind.STRAIGHT_LINING: gettext_lazy(
        "Sides are drawn, so content alone makes no long row of one side. Ties are named only where others see a difference."
    ),
    Finding.Kind.LEFT_LEANING: gettext_lazy("Sides are drawn for each pair, so content leans to neither. A small screen or a hasty key can be the cause."),
    Finding.Kind.LENGTH_FOLLOWING: gettext_lazy("Longer answers are often better. This is more than people usually choose, and more than the others here do."),
    Finding.Kind.RANDOM: gettext_lazy("No better than chance where others do better. Another taste alone is not named, if gold is met."),
}


@dataclass(frozen=True, kw_only=True)
class EvidenceRow:
    what: str
    value: str
    interval: str
    n: str
    threshold: str
    source: str


@dataclass(frozen=True, kw_only=True)
class InQuestion:
    """What taking labels back would take back."""

    labels: int
    pairs: int


def of_campaign(campaign: Campaign) -> tuple[list[Finding], list[Finding]]:
    """Return the findings that wait, the oldest first, and those that were decided, the newest first, with everything a list says of them."""
    found = Finding.objects.filter(campaign=campaign).select_related("labeler", "decision__actor")
    return list(found.undecided().order_by("pk")), list(found.filter(decision__isnull=False).order_by("-decision__at", "-pk")[:SHOWN])


def queryset(user: User, *roles: str) -> QuerySet[Finding]:
    """Return the findings of the campaigns in which the user holds one of the roles."""
    found = Finding.objects.filter(campaign__memberships__user=user, campaign__memberships__role__in=roles)
    return found.select_related("campaign", "labeler", "decision__actor")


def in_question(finding: Finding) -> InQuestion:
    labels = watching.in_question(finding)
    return InQuestion(labels=len(labels), pairs=len({label.pair_id for label in labels}))


def measure(finding: Finding) -> str:
    """Return what the finding's main figure is."""
    if side := finding.evidence.get("side"):
        return str(SIDES[side])
    if choice := finding.evidence.get("choice"):
        return _("The same choice in a row: {choice}").format(choice=_(choice))
    return str(MEASURES[Finding.Kind(finding.kind)])


def caveat(finding: Finding) -> str:
    """Return how the finding is to be read, and what else may be behind it."""
    return str(SEEN_FROM[Finding.Kind(finding.kind)])


def evidence_rows(finding: Finding) -> Iterator[EvidenceRow]:
    """Yield the main figure with its threshold, then what stands beside it."""
    said = finding.evidence
    yield main_row(finding)
    if "median_pace" in said:
        source = _("{n} words a minute").format(n=said["words_a_minute"]) if "words_a_minute" in said else ""
        yield EvidenceRow(
            what=_("median of the time, in units of reading all the words once"), value=decimal(f"{said['median_pace']:.2f}"), **nothing(source=source)
        )
    for name, words in BESIDE.items():
        if (beside := tally_of(said, name)) and beside[1]:
            yield beside_row(str(words), *beside)


def main_row(finding: Finding) -> EvidenceRow:
    said = finding.evidence
    share, threshold = said.get("share"), said.get("threshold")
    if share is None:
        return EvidenceRow(what=measure(finding), value=f"{said.get('n', 0)}", interval="", n="", threshold=f"{threshold or ''}", source=source_of(said))
    interval = span(percent(said["low"]), percent(said["high"]))
    level = _(" (at {level})").format(level=decimal(f"{100 * said['level']:g}{NBSP}%")) if said.get("level", 0.95) != 0.95 else ""
    return EvidenceRow(
        what=measure(finding),
        value=percent(share),
        interval=interval + level,
        n=grouped(said["n"]),
        threshold="" if threshold is None else percent(threshold),
        source=source_of(said),
    )


def source_of(said: dict[str, Any]) -> str:
    return _(said["source"]) if said.get("source") else ""


def tally_of(said: dict[str, Any], name: str) -> tuple[int, int] | None:
    """Return hits and n of a figure that stands beside the main one."""
    if isinstance(held := said.get(name), dict):
        return int(held.get("hits", 0)), int(held.get("n", 0))
    if f"{name}_n" in said:
        number = int(said[f"{name}_n"])
        return round(float(said[f"{name}_share"]) * number), number
    return None


def beside_row(words: str, hits: int, n: int) -> EvidenceRow:
    low, high = bias.clopper_pearson(hits, n)
    return EvidenceRow(what=words, value=percent(hits / n), interval=span(percent(low), percent(high)), n=grouped(n), threshold="", source="")


def nothing(*, source: str = "") -> dict[str, str]:
    return {"interval": "", "n": "", "threshold": "", "source": source}


def decision_of(finding: Finding) -> FindingDecision | None:
    return getattr(finding, "decision", None)


def decided_in_words(decision: FindingDecision) -> str:
    """Say what was decided, and what came of it."""
    retracted = ngettext("Decided: {n} label was taken back.", "Decided: {n} labels were taken back.", decision.retracted)
    said = {
        FindingDecision.Decision.KEEP: _("Decided: the labels are kept."),
        FindingDecision.Decision.RETRACT: retracted.format(n=grouped(decision.retracted)),
        FindingDecision.Decision.DISMISS: _("Decided: nothing in it."),
    }
    return said[FindingDecision.Decision(decision.decision)]


def choices_of(finding: Finding) -> list[tuple[str, str]]:
    """Return what may be decided, and what each does."""
    found = in_question(finding)
    words = ngettext(
        "Take back {labels} on {pairs}, all since {since}: it counts no more, and the pairs that still want labels wait for somebody else",
        "Take back {labels} on {pairs}, all since {since}: they count no more, and the pairs that still want labels wait for somebody else",
        found.labels,
    )
    return [
        (FindingDecision.Decision.KEEP, _("Keep them all: they count as before")),
        (FindingDecision.Decision.RETRACT, words.format(labels=counted(found.labels, "label"), pairs=counted(found.pairs, "pair"), since=since_of(finding))),
        (FindingDecision.Decision.DISMISS, _("Nothing in it: keep them, the finding was wrong")),
    ]


def since_of(finding: Finding) -> str:
    if not finding.good_to:
        return _("their first one here")
    return _("the last good check") if finding.kind == Finding.Kind.GOLD_BELOW_BAR else _("the first that the finding was made of")


def may_decide(finding: Finding, user: User) -> bool:
    """Tell whether somebody may decide on a finding: nobody does on their own work."""
    return finding.labeler_id != user.pk


def check_may_decide(finding: Finding, user: User) -> None:
    """Raise NotPossible for who labeled it."""
    if not may_decide(finding, user):
        raise watching.NotPossible(_("Somebody else decides about your own labels."))
