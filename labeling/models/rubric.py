"""A rubric says what good means in a campaign; its versions are frozen wordings of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.ledgers import append_only
from accounts.marking import marked


def usual_reasons() -> list[dict[str, str]]:
    """Return the reasons that a version offers unless it names others: key, label, and the letter that chooses it. Stored so; pages translate the labels."""
    labels = {
        "a": marked("Accuracy"),
        "f": marked("Follows prompt"),
        "c": marked("Complete"),
        "b": marked("Brevity"),
        "t": marked("Tone"),
        "s": marked("Safety"),
    }
    return [{"key": label.lower().replace(" ", "_"), "label": label, "letter": letter} for letter, label in labels.items()]


class Rubric(models.Model):
    name = models.SlugField(max_length=80, unique=True)
    title = models.CharField(max_length=120)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.title


class RubricVersion(models.Model):
    """One wording, for ever. Every label carries the version it was made under."""

    class Scale(models.TextChoices):
        SEVEN = "seven"
        """Much better, better, slightly better, tie, and the same to the other side."""

    rubric = models.ForeignKey(Rubric, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    body = models.TextField(help_text="Markdown.")
    scale = models.CharField(max_length=8, choices=Scale.choices, default=Scale.SEVEN)
    reasons: models.JSONField[list[dict[str, str]]] = models.JSONField(default=usual_reasons, help_text="Chips: key, label, letter.")
    criteria: models.JSONField[list[dict[str, str]]] = models.JSONField(default=list, help_text="Judged one by one besides the whole: key, label.")
    change_note = models.CharField(max_length=300, blank=True)
    sha256 = models.CharField(max_length=64, help_text="Of the body's UTF-8 bytes.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rubric", "number"], name="rubric_version_has_its_number"),
            models.CheckConstraint(condition=~Q(body=""), name="rubric_version_says_something"),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.rubric_id} version {self.number}"
