"""Care findings as a researcher reads them: in words, with the figures they were made of, and what a decision would do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from labeling import bias, watching
from labeling.models import Campaign, Finding, FindingDecision
from labeling.words import NBSP, counted, percent, span

SHOWN = 100
"""Decided findings that a list shows, newest first."""

MEASURES = {
    Finding.Kind.GOLD_BELOW_BAR: "Right on gold",
    Finding.Kind.TOO_FAST: "Answers in less than half the time that reading takes",
    Finding.Kind.STRAIGHT_LINING: "The same choice in a row",
    Finding.Kind.LEFT_LEANING: "One side of the screen, of all choices of a side",
    Finding.Kind.LENGTH_FOLLOWING: "The longer response, of choices between two lengths",
    Finding.Kind.RANDOM: "The verdict of gold or of the others’ majority",
}
BESIDE = {
    "left": "where the better response stood left",
    "right": "where the better response stood right",
    "neither": "where the known verdict is a tie",
    "gold": "on gold",
    "agreement": "with the others’ majorities",
    "others_gold": "the others, on gold",
    "others_agreement": "the others, with each other",
    "others_tie": "the others call a tie, on these pairs",
    "others": "the others here",
}
SEEN_FROM = {
    Finding.Kind.GOLD_BELOW_BAR: "Gold is to be clear. A low score may also mean that an item is wrong: look at the items that were missed.",
    Finding.Kind.TOO_FAST: "Only time with the pair on the screen and somebody there is counted. Who knows the texts already may be fast and right.",
    Finding.Kind.STRAIGHT_LINING: "Sides are drawn, so content alone makes no long row of one side. Ties are named only where others see a difference.",
    Finding.Kind.LEFT_LEANING: "Sides are drawn for each pair, so content leans to neither. A small screen or a hasty key can be the cause.",
    Finding.Kind.LENGTH_FOLLOWING: "Longer answers are often better. This is more than people usually choose, and more than the others here do.",
    Finding.Kind.RANDOM: "No better than chance where others do better. Another taste alone is not named, if gold is met.",
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
        return f"The {side} side of the screen, of all choices of a side"
    if choice := finding.evidence.get("choice"):
        return f"The same choice in a row: {choice}"
    return MEASURES[Finding.Kind(finding.kind)]


def caveat(finding: Finding) -> str:
    """Return how the finding is to be read, and what else may be behind it."""
    return SEEN_FROM[Finding.Kind(finding.kind)]


def evidence_rows(finding: Finding) -> Iterator[EvidenceRow]:
    """Yield the main figure with its threshold, then what stands beside it."""
    said = finding.evidence
    yield main_row(finding)
    if "median_pace" in said:
        source = f"{said['words_a_minute']} words a minute" if "words_a_minute" in said else ""
        yield EvidenceRow(what="median of the time, in units of reading all the words once", value=f"{said['median_pace']:.2f}", **nothing(source=source))
    for name, words in BESIDE.items():
        if (beside := tally_of(said, name)) and beside[1]:
            yield beside_row(words, *beside)


def main_row(finding: Finding) -> EvidenceRow:
    said = finding.evidence
    share, threshold = said.get("share"), said.get("threshold")
    if share is None:
        return EvidenceRow(
            what=measure(finding), value=f"{said.get('n', 0)}", interval="", n="", threshold=f"{threshold or ''}", source=str(said.get("source", ""))
        )
    interval = span(percent(said["low"]), percent(said["high"]))
    level = f" (at {100 * said['level']:g}{NBSP}%)" if said.get("level", 0.95) != 0.95 else ""
    return EvidenceRow(
        what=measure(finding),
        value=percent(share),
        interval=interval + level,
        n=f"{said['n']:,}",
        threshold="" if threshold is None else percent(threshold),
        source=str(said.get("source", "")),
    )


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
    return EvidenceRow(what=words, value=percent(hits / n), interval=span(percent(low), percent(high)), n=f"{n:,}", threshold="", source="")


def nothing(*, source: str = "") -> dict[str, str]:
    return {"interval": "", "n": "", "threshold": "", "source": source}


def decision_of(finding: Finding) -> FindingDecision | None:
    return getattr(finding, "decision", None)


def decided_in_words(decision: FindingDecision) -> str:
    """Say what was decided, and what came of it."""
    said = {
        FindingDecision.Decision.KEEP: "Decided: the labels are kept.",
        FindingDecision.Decision.RETRACT: f"Decided: {counted(decision.retracted, 'label')} {'was' if decision.retracted == 1 else 'were'} taken back.",
        FindingDecision.Decision.DISMISS: "Decided: nothing in it.",
    }
    return said[FindingDecision.Decision(decision.decision)]


def choices_of(finding: Finding) -> list[tuple[str, str]]:
    """Return what may be decided, and what each does."""
    found = in_question(finding)
    since = "the last good check" if finding.kind == Finding.Kind.GOLD_BELOW_BAR and finding.good_to else "the first that the finding was made of"
    if not finding.good_to:
        since = "their first one here"
    one = found.labels == 1
    taken = f"Take back {counted(found.labels, 'label')} on {counted(found.pairs, 'pair')}, all since {since}: {'it counts' if one else 'they count'} no more"
    return [
        (FindingDecision.Decision.KEEP, "Keep them all: they count as before"),
        (FindingDecision.Decision.RETRACT, f"{taken}, and the pairs that still want labels wait for somebody else"),
        (FindingDecision.Decision.DISMISS, "Nothing in it: keep them, the finding was wrong"),
    ]


def may_decide(finding: Finding, user: User) -> bool:
    """Tell whether somebody may decide on a finding: nobody does on their own work."""
    return finding.labeler_id != user.pk


def check_may_decide(finding: Finding, user: User) -> None:
    """Raise NotPossible for who labeled it."""
    if not may_decide(finding, user):
        raise watching.NotPossible("Somebody else decides about your own labels.")
