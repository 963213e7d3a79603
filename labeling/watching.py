"""From labelers' new labels to findings: care flags, and gold below the bar, which pauses; and from a finding to what a researcher decides about it.

Never in a request: a sweep looks at whoever gave labels since it last looked. A finding of a kind is made once until it is decided, and from then on only
from what was given after the decision.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.marking import marked
from accounts.models import User
from labeling import care, evidence, gold, practising, retraction
from labeling.care import Flag
from labeling.evidence import Given, GoldGiven, Latest
from labeling.models import COUNTING, Campaign, Enrolment, Finding, FindingDecision, Label
from labeling.words import counted, percent

BELOW_BAR = Finding.Kind.GOLD_BELOW_BAR
Decision = FindingDecision.Decision

NEWS = """
SELECT enrolment.id, enrolment.labeler_id, newest.id FROM labeling_enrolment AS enrolment
CROSS JOIN LATERAL (SELECT id FROM labeling_label WHERE labeler_id = enrolment.labeler_id ORDER BY submitted_at DESC, id DESC LIMIT 1) AS newest
WHERE enrolment.campaign_id = %(campaign)s AND newest.id > enrolment.watched_to
ORDER BY enrolment.id
"""


class NotPossible(Exception):
    """The finding cannot be decided like this. The message says why."""


def watch_all(*, at: datetime) -> list[Finding]:
    """Look at every campaign in which labels come in, and return what was found."""
    live = Campaign.objects.filter(state__in=[Campaign.State.OPEN, Campaign.State.PAUSED]).order_by("pk")
    return [finding for campaign in live for finding in watch(campaign, at=at)]


def watch(campaign: Campaign, *, at: datetime) -> list[Finding]:
    """Look at who gave labels since the last look, and return the new findings. Who is surely below the gold bar is paused.

    Twice is once: a look without new labels finds nothing, and of two at the same moment one stores.
    """
    news = evidence.rows(NEWS, campaign=campaign.pk)
    if not news:
        return []
    latest = evidence.latest_of(campaign)
    return [finding for enrolment, labeler, newest in news for finding in store(enrolment, newest, found(campaign, labeler, latest, at=at), at=at)]


def found(campaign: Campaign, labeler: int, latest: Latest, *, at: datetime) -> list[Finding]:
    """Return what a labeler's answers say, as findings that are not stored."""
    starts = looked_for(campaign, labeler)
    given, usual = evidence.answers_of(campaign, labeler), latest.usual_but(labeler)
    flags = [(rule, since(given, starts[kind])) for kind, rule in care.RULES.items() if kind in starts]
    said = [of_flag(flag, fresh) for rule, fresh in flags if (flag := rule([each.answer for each in fresh], usual))]
    if BELOW_BAR in starts:
        said += below_bar(campaign, labeler, starts[BELOW_BAR])
    return [Finding(campaign=campaign, labeler_id=labeler, at=at, **columns) for columns in said]


def looked_for(campaign: Campaign, labeler: int) -> dict[str, datetime | None]:
    """Return the kinds of which nothing waits to be decided, with the moment of the last decision: only what was given later can be found again."""
    starts: dict[str, datetime | None] = dict.fromkeys(Finding.Kind.values)
    for kind, decided in Finding.objects.filter(campaign=campaign, labeler=labeler).order_by("pk").values_list("kind", "decision__at"):
        starts[kind] = decided
        if decided is None:
            del starts[kind]
    return starts


def of_flag(flag: Flag, fresh: Sequence[Given]) -> dict[str, Any]:
    """Return a flag's columns: in question is what it was worked out from, and what came later."""
    return {"kind": flag.kind, "says": flag.says, "evidence": {**flag.evidence, "answers": len(fresh)}, "good_to": fresh[0].label - 1}


def since(given: Iterable[Any], moment: datetime | None) -> list[Any]:
    return [each for each in given if moment is None or each.at > moment]


# ---- gold ----------------------------------------------------------------------------------------------------------


def below_bar(campaign: Campaign, labeler: int, decided: datetime | None) -> list[dict[str, Any]]:
    """Return the columns of a finding where the labeler's rolling gold score surely lies below the campaign's bar, else nothing."""
    bar, window = campaign.gold_bar / 100, campaign.gold_window
    recent = since(evidence.gold_of(campaign, labeler=labeler, last=window).get(labeler, []), decided)
    score = gold.score([each.answer for each in recent], last=window)
    if not gold.is_below(score.all, bar) or score.all.high is None:
        return []
    good = last_good(since(evidence.gold_of(campaign, labeler=labeler)[labeler], decided), bar=bar, window=window)
    shown = {**asdict(score.all), "level": gold.LEVEL, "threshold": bar, "source": marked("the campaign’s gold bar, and the interval of Wilson (1927)")}
    apart = {"left": asdict(score.left), "right": asdict(score.right), "neither": asdict(score.neither)}
    last = {"last_good_label": good.label if good else None, "last_good_at": good.at.isoformat() if good else None}
    says = f"Right on {score.all.hits} of the last {counted(score.all.n, 'gold item')}: {percent(score.all.high)} at most, and the bar is {percent(bar)}."
    return [{"kind": BELOW_BAR, "says": says, "evidence": shown | apart | last, "good_to": good.label if good else None}]


def last_good(answers: Sequence[GoldGiven], *, bar: float, window: int) -> GoldGiven | None:
    """Return the last gold answer with which the rolling share stood at the bar or above; None: it never did."""
    right = [each.answer.right for each in answers]
    for end in range(len(right), 0, -1):
        recent = right[max(0, end - window) : end]
        if sum(recent) >= bar * len(recent):
            return answers[end - 1]
    return None


# ---- what becomes of it --------------------------------------------------------------------------------------------


@transaction.atomic
def store(enrolment_id: int, newest: int, findings: Sequence[Finding], *, at: datetime) -> list[Finding]:
    """Store what is new, and pause its labeler where gold is below the bar. Nothing waits for what was read before: the lease statement writes here too."""
    enrolment = Enrolment.objects.select_for_update(no_key=True).get(pk=enrolment_id)
    if enrolment.watched_to >= newest:
        return []
    undecided = Finding.objects.undecided().filter(campaign=enrolment.campaign_id, labeler=enrolment.labeler_id)
    waiting = set(undecided.values_list("kind", flat=True))
    fresh = Finding.objects.bulk_create([finding for finding in findings if finding.kind not in waiting])
    if enrolment.state == Enrolment.State.WORKING and any(finding.kind == BELOW_BAR for finding in fresh):
        practising.change(enrolment, Enrolment.State.PAUSED, why="gold score below the bar", actor=None, at=at)
    Enrolment.objects.filter(pk=enrolment_id).update(watched_to=newest)
    return fresh


@transaction.atomic
def decide(*, finding: Finding, decision: str, actor: User, at: datetime, note: str = "", resume: bool = False) -> FindingDecision:
    """Store what a researcher decided: to keep the labels in question, to take them back and open new places, or that there is nothing in it.

    `resume` lets a paused labeler go on. The same decision twice is one. Raises NotPossible.
    """
    campaign = Campaign.objects.select_for_update(no_key=True).get(pk=finding.campaign_id)
    if earlier := FindingDecision.objects.filter(finding=finding).select_related("actor").first():
        return same(earlier, decision)
    if campaign.state == Campaign.State.ARCHIVED:
        raise NotPossible(_("The campaign is archived: findings cannot be decided. Take it out of the archive first."))
    taken_back = retract(finding, campaign, actor=actor, at=at) if decision == Decision.RETRACT else 0
    if resume and Enrolment.objects.filter(campaign=campaign, labeler=finding.labeler_id, state=Enrolment.State.PAUSED).exists():
        why = f"{FindingDecision.Decision(decision).label}, after a look at: {finding.get_kind_display()}"
        practising.let_in(campaign=campaign, labeler=finding.labeler, why=why, actor=actor, at=at)
    return FindingDecision.objects.create(finding=finding, decision=decision, note=note, retracted=taken_back, actor=actor, at=at)


def same(earlier: FindingDecision, decision: str) -> FindingDecision:
    if earlier.decision != decision:
        said = _(earlier.get_decision_display())
        raise NotPossible(_("{name} has decided this before: {decision}.").format(name=earlier.actor.username, decision=said))
    return earlier


def retract(finding: Finding, campaign: Campaign, *, actor: User, at: datetime) -> int:
    why = f"a researcher’s decision on finding {finding.pk}"
    return len(retraction.retract(in_question(finding), campaign=campaign, actor=actor, why=why, submission_key=uuid.uuid4(), at=at))


def in_question(finding: Finding) -> list[Label]:
    """Return the labels that a finding puts in question, of those that count: since the last good check, or since the first that a flag was worked out from."""
    labels = Label.objects.counting().filter(labeler=finding.labeler_id, slot__campaign=finding.campaign_id, slot__kind__in=COUNTING)
    return list(labels.filter(pk__gt=finding.good_to or 0).order_by("pk"))
