"""A version in a trainer's layout: asked for once, written by a worker, then kept."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.marking import marked
from exports.models.version import DatasetVersion


class ConversionQuerySet(models.QuerySet["Conversion"]):
    def waiting(self, *, at: datetime) -> Self:
        """Those that nobody works on: asked for, or left by a worker that was not heard of since its lease ended."""
        lapsed = Q(state=Conversion.State.WRITING, lease_ends_at__lt=at)
        return self.filter(Q(state=Conversion.State.ASKED) | lapsed)


class Conversion(models.Model):
    """One layout of a version, in one kind of file. The row is the job; a message only rings."""

    class State(models.TextChoices):
        ASKED = "asked", marked("Asked")
        """Nobody works on it yet."""

        WRITING = "writing", marked("Writing")
        """A worker writes it; only who holds the present `attempt` may end it."""

        DONE = "done", marked("Done")
        """Its files lie there, and are the version's from now on."""

        FAILED = "failed", marked("Failed")
        """Given up, with a reason people can read. To ask again begins anew."""

    class Kind(models.TextChoices):
        JSONL = "jsonl", marked("JSON Lines")
        GZIP = "jsonl.gz", marked("JSON Lines, gzip")
        ZSTD = "jsonl.zst", marked("JSON Lines, zstd")
        PARQUET = "parquet", marked("Parquet")

    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="conversions")
    layout = models.SlugField(max_length=30)
    kind = models.CharField(max_length=9, choices=Kind.choices, default=Kind.JSONL)
    state = models.CharField(max_length=7, choices=State.choices, default=State.ASKED)
    rows_done = models.PositiveIntegerField(default=0, help_text="Rows of the version that were read so far.")
    attempt = models.PositiveSmallIntegerField(default=0, help_text="Raised by every claim and never lowered: the fencing token.")
    lease_ends_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=500, blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", help_text="Null: an operator.")
    asked_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    objects = ConversionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "layout", "kind"], name="layout_is_kept_once_a_kind"),
            models.CheckConstraint(condition=~Q(state="failed") | ~Q(error=""), name="failed_conversion_has_a_reason"),
            models.CheckConstraint(
                condition=Q(state="writing", lease_ends_at__isnull=False) | ~Q(state="writing"), name="conversion_being_written_has_a_lease"
            ),
            models.CheckConstraint(condition=Q(finished_at__isnull=False) | ~Q(state="done"), name="done_conversion_says_when"),
        ]

    def __str__(self) -> str:
        return f"{self.layout} of {self.version_id}, {self.kind}"

    @property
    def folder(self) -> Path:
        """Where its files lie once it is done: beside the version's own, which stay as they were frozen."""
        own = self.version.folder
        return own.with_name(f"{own.name}.layouts") / f"{self.layout}.{self.kind}"

    @property
    def percent(self) -> int:
        return 100 if self.state == self.State.DONE else min(99, 100 * self.rows_done // self.version.rows_count)

    def is_mine(self) -> Q:
        return Q(pk=self.pk, attempt=self.attempt, state=self.State.WRITING)
