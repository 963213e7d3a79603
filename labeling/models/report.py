"""What labelers tell people besides their judgment: that a text is harmful, or that they do not know how to judge it. Ledgers; never labels."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy

from accounts.ledgers import append_only
from labeling.models.assignment import Assignment
from labeling.models.pair import Pair


class Report(models.Model):
    """Harmful content that a labeler met. The pair stays theirs to decide, skip or park."""

    class Kind(models.TextChoices):
        CHILD_ABUSE = "child_abuse", gettext_lazy("Sexual content about a child")
        SELF_HARM = "self_harm", gettext_lazy("Suicide or self-harm")
        VIOLENCE = "violence", gettext_lazy("A threat, or help with violence")
        HATE = "hate", gettext_lazy("Hate against a group")
        PRIVATE = "private", gettext_lazy("Somebody’s private data")
        OTHER = "other", gettext_lazy("Something else")

    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="reports")
    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, related_name="reports")
    labeler = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=11, choices=Kind.choices)
    note = models.TextField(null=True)  # noqa: DJ001 - NULL once erased
    submission_key = models.UUIDField(unique=True)
    at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)
    erased_why = models.CharField(max_length=300, blank=True)
    erased_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        triggers = append_only(erasable="note")

    def __str__(self) -> str:
        return self.get_kind_display()


class QuestionQuerySet(models.QuerySet["Question"]):
    def open(self) -> Self:
        return self.filter(answer=None)


class Question(models.Model):
    """What a labeler asked the adjudicators about a pair."""

    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="questions")
    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, related_name="questions")
    labeler = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    text = models.TextField(null=True)  # noqa: DJ001 - NULL once erased
    submission_key = models.UUIDField(unique=True)
    at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)
    erased_why = models.CharField(max_length=300, blank=True)
    erased_sha256 = models.CharField(max_length=64, blank=True)

    objects = QuestionQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(erased_at__isnull=False) | Q(text__isnull=False) & ~Q(text=""), name="question_asks_something")]
        indexes = [models.Index(fields=["labeler"], name="question_by_labeler")]
        triggers = append_only(erasable="text")

    def __str__(self) -> str:
        return f"question {self.pk}"


class Answer(models.Model):
    """What an adjudicator answered. It comes back to the desk of who asked."""

    question = models.OneToOneField(Question, on_delete=models.PROTECT, related_name="answer")
    adjudicator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(null=True)  # noqa: DJ001 - NULL once erased
    at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)
    erased_why = models.CharField(max_length=300, blank=True)
    erased_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(erased_at__isnull=False) | Q(text__isnull=False) & ~Q(text=""), name="answer_says_something")]
        triggers = append_only(erasable="text")

    def __str__(self) -> str:
        return f"answer to question {self.question_id}"


class AnswerRead(models.Model):
    """That who asked has read the answer."""

    answer = models.OneToOneField(Answer, on_delete=models.PROTECT, related_name="read")
    at = models.DateTimeField()

    class Meta:
        triggers = append_only()

    def __str__(self) -> str:
        return f"answer {self.answer_id} was read"
