"""Drafts: what was said of a pair and not yet submitted. Overwritten as it is typed; never a label, and in no figure."""

from __future__ import annotations

from typing import Any

from django.db import models

from labeling.models.assignment import Assignment


class Draft(models.Model):
    """What a labeler has put on their screen for one assignment, on the screen's own sides. One row, written over, gone with the label."""

    assignment = models.OneToOneField(Assignment, on_delete=models.PROTECT, primary_key=True, related_name="draft")
    said: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    saved_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["saved_at"], name="draft_by_age")]

    def __str__(self) -> str:
        return f"draft of {self.assignment_id}"
