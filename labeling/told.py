"""What labelers reported and asked, as those read it who can help. Nothing of what they chose, and no name where an adjudicator reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString

from accounts.models import User
from labeling import asking
from labeling.models import Campaign, Question, Report, Standing
from labeling.phrases import erased
from labeling.renderings import shown_all

SHOWN = 100
EXCERPT = 160


@dataclass(frozen=True)
class Told:
    pair: int
    external_id: str
    kind: str
    note: str
    labeler: str
    at: datetime
    prompt: str
    is_out: bool


@dataclass(frozen=True)
class Asked:
    """A question and its pair, on the sides of who asked, so that what they call left is left."""

    pk: int
    text: str
    at: datetime
    prompt: SafeString
    left: SafeString
    right: SafeString


def open_reports(campaign: Campaign) -> int:
    """Count the reports on pairs that labelers may still be shown."""
    return Report.objects.filter(pair__campaign=campaign).exclude(pair__standing=Standing.WITHDRAWN).count()


def reports_of(campaign: Campaign) -> list[Told]:
    """Return what was reported, the latest first."""
    found = Report.objects.filter(pair__campaign=campaign).select_related("pair__prompt", "labeler").order_by("-at", "-pk")[:SHOWN]
    return [
        Told(
            pair=report.pair_id,
            external_id=report.pair.external_id,
            kind=report.get_kind_display(),
            note=report.note or "",
            labeler=report.labeler.username,
            at=report.at,
            prompt=excerpt_of(report.pair.prompt.messages),
            is_out=report.pair.standing == Standing.WITHDRAWN,
        )
        for report in found
    ]


def excerpt_of(messages: list[dict[str, str]] | None) -> str:
    """Return the beginning of what the last turn asks."""
    asked = messages[-1]["content"] if messages else erased()
    return asked if len(asked) <= EXCERPT else f"{asked[:EXCERPT]}…"


def questions_for(campaign: Campaign, reader: User) -> list[Asked]:
    """Return the questions that wait for an answer, with their texts, the oldest first."""
    return [asked_of(question) for question in asking.open_questions(campaign, but=reader)[:SHOWN]]


def asked_of(question: Question) -> Asked:
    pair = question.pair
    a, b = pair.response_a.text or "", pair.response_b.text or ""
    prompt, left, right = shown_all([pair.prompt.messages[-1]["content"], *((a, b) if question.assignment.left_is_a else (b, a))])
    return Asked(question.pk, question.text or "", question.at, prompt.html, left.html, right.html)
