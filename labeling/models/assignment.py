"""Who was shown which pair on which sides; and what was given back, for good or for later."""

from __future__ import annotations

import secrets
import uuid

from django.conf import settings
from django.db import models

from accounts.ledgers import append_only
from accounts.marking import marked
from labeling.models.pair import Pair
from labeling.models.rubric import RubricVersion
from labeling.models.slot import Slot


def opaque_key() -> uuid.UUID:
    """Return 128 random bits: no order, no time, no version bits that say which is which."""
    return uuid.UUID(bytes=secrets.token_bytes(16))


class Assignment(models.Model):
    """This pair, to this labeler, on these sides. Whether it is still held, its slot knows (`slot.lease == key`)."""

    key = models.UUIDField(primary_key=True, default=opaque_key)
    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="assignments")
    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, related_name="+")
    labeler = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    rubric_version = models.ForeignKey(RubricVersion, on_delete=models.PROTECT, related_name="+", db_index=False)
    left_is_a = models.BooleanField()
    leased_at = models.DateTimeField()

    class Meta:
        triggers = append_only()

    def __str__(self) -> str:
        return str(self.key)

    def preference_from(self, choice: int) -> int:
        """Turn a choice on the screen (-3 left much better) into a preference (-3 A much better), or back."""
        return choice if self.left_is_a else -choice


class Skip(models.Model):
    """An assignment given back with a reason. A ledger; never a label."""

    class Reason(models.TextChoices):
        UNKNOWN_SUBJECT = "unknown_subject", marked("I do not know the subject")
        UNREAD_LANGUAGE = "unread_language", marked("A language I do not read")
        BROKEN = "broken", marked("The pair is broken")
        RATHER_NOT = "rather_not", marked("I would rather not read this")
        PASSED = "passed", marked("Passed at the warning before it")
        """Nothing of the pair was on the screen."""

    assignment = models.OneToOneField(Assignment, on_delete=models.PROTECT, related_name="skip")
    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, related_name="skips")
    labeler = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    reason = models.CharField(max_length=16, choices=Reason.choices)
    note = models.TextField(null=True)  # noqa: DJ001 - NULL once erased
    at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)
    erased_why = models.CharField(max_length=300, blank=True)
    erased_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [models.Index(fields=["labeler", "pair"], name="skip_by_labeler")]
        triggers = append_only(erasable="note")

    def __str__(self) -> str:
        return self.get_reason_display()


class Parking(models.Model):
    """A pair that its labeler put aside for later. It is offered to others meanwhile, and to them again when nothing else is left. A ledger."""

    assignment = models.OneToOneField(Assignment, on_delete=models.PROTECT, related_name="parking")
    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, related_name="+")
    labeler = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["labeler", "pair"], name="parking_by_labeler")]
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.pair_id} parked by {self.labeler_id}"
