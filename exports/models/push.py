"""A version on its way to a repository on a hub: asked for, sent by a worker, tagged."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from exports.models.version import DatasetVersion


class PushQuerySet(models.QuerySet["Push"]):
    def waiting(self, *, at: datetime) -> Self:
        """Those that nobody works on: asked for, or left by a worker that was not heard of since its lease ended."""
        lapsed = Q(state=Push.State.SENDING, lease_ends_at__lt=at)
        return self.filter(Q(state=Push.State.ASKED) | lapsed)


class Push(models.Model):
    """A version for one repository. The row is the job; a message only rings. What was sent stands in the ledger of downloads."""

    class State(models.TextChoices):
        ASKED = "asked", _("asked")
        """Nobody works on it yet."""

        SENDING = "sending", _("being sent")
        """A worker sends it; only who holds the present `attempt` may end it."""

        DONE = "done", _("done")
        """It stands there, in one commit, under its tag."""

        FAILED = "failed", _("failed")
        """Given up, with a reason people can read. To ask again begins anew, and sends nothing twice."""

    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="pushes")
    endpoint = models.CharField(max_length=200, help_text="Of the hub.")
    repo = models.CharField(max_length=100, help_text="OWNER/NAME")
    state = models.CharField(max_length=7, choices=State.choices, default=State.ASKED)
    bytes_done = models.PositiveBigIntegerField(default=0)
    bytes_total = models.PositiveBigIntegerField(default=0)
    attempt = models.PositiveSmallIntegerField(default=0, help_text="Raised by every claim and never lowered: the fencing token.")
    lease_ends_at = models.DateTimeField(null=True)
    commit = models.CharField(max_length=64, blank=True, help_text="What bears the tag.")
    error = models.CharField(max_length=500, blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", help_text="Null: an operator.")
    asked_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    objects = PushQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "endpoint", "repo"], name="version_is_pushed_to_a_repository_once"),
            models.CheckConstraint(condition=~Q(state="failed") | ~Q(error=""), name="failed_push_has_a_reason"),
            models.CheckConstraint(condition=Q(state="sending", lease_ends_at__isnull=False) | ~Q(state="sending"), name="push_being_sent_has_a_lease"),
            models.CheckConstraint(condition=Q(finished_at__isnull=False) & ~Q(commit="") | ~Q(state="done"), name="done_push_names_its_commit"),
        ]

    def __str__(self) -> str:
        return f"{self.version_id} to {self.repo}"

    @property
    def tag(self) -> str:
        return f"v{self.version.number}"

    @property
    def summary(self) -> str:
        """The first line of its commit."""
        return f"{self.version.dataset.name}, version {self.version.number}"

    @property
    def place(self) -> str:
        """Where people find it."""
        return f"{self.endpoint}/datasets/{self.repo}/tree/{self.tag}"

    @property
    def percent(self) -> int:
        return 100 if self.state == self.State.DONE else min(99, 100 * self.bytes_done // max(self.bytes_total, 1))

    @property
    def waits(self) -> bool:
        return self.state in (self.State.ASKED, self.State.SENDING)

    def is_mine(self) -> Q:
        return Q(pk=self.pk, attempt=self.attempt, state=self.State.SENDING)
