"""From a labeler at the desk to people who can help: a report of harmful content, a question, and the answer that comes back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext

from accounts.models import User
from labeling.models import Answer, AnswerRead, Assignment, Campaign, Question, Report


class Answered(Exception):
    """Another adjudicator answered first."""


def report(*, assignment: Assignment, kind: str, note: str, submission_key: UUID, at: datetime) -> Report:
    """Put harmful content into the ledger, for those who run the campaign. The same submission key gets the first report again."""
    told = {"assignment": assignment, "pair_id": assignment.pair_id, "labeler_id": assignment.labeler_id, "kind": kind, "note": note, "at": at}
    stored, _ = Report.objects.get_or_create(submission_key=submission_key, defaults=told)
    return stored


def ask(*, assignment: Assignment, text: str, submission_key: UUID, at: datetime) -> Question:
    """Ask the campaign's adjudicators about a pair. The same submission key gets the first question again."""
    asked = {"assignment": assignment, "pair_id": assignment.pair_id, "labeler_id": assignment.labeler_id, "text": text, "at": at}
    stored, _ = Question.objects.get_or_create(submission_key=submission_key, defaults=asked)
    return stored


@transaction.atomic
def answer(*, question: Question, text: str, actor: User, at: datetime) -> Answer:
    """Answer a question, once. Raises Answered."""
    try:
        with transaction.atomic():
            return Answer.objects.create(question=question, adjudicator=actor, text=text, at=at)
    except IntegrityError as error:
        raise Answered(gettext("Another adjudicator has answered that question.")) from error


def read(*, answers: Iterable[Answer], at: datetime) -> None:
    """Say that these answers were read by who asked. Twice is once."""
    AnswerRead.objects.bulk_create([AnswerRead(answer=one, at=at) for one in answers], ignore_conflicts=True)


def unread(campaign: Campaign, labeler: User) -> QuerySet[Answer]:
    """Return the answers that this labeler has not read, the oldest first."""
    return Answer.objects.filter(question__labeler=labeler, question__pair__campaign=campaign, read=None).select_related("question").order_by("pk")


def open_questions(campaign: Campaign, *, but: User) -> QuerySet[Question]:
    """Return what waits for an answer, the oldest first, without what this person asked themselves as a labeler."""
    found = Question.objects.open().filter(pair__campaign=campaign).exclude(labeler=but)
    return found.select_related("assignment", "pair__prompt", "pair__response_a", "pair__response_b").order_by("pk")
