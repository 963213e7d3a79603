"""Who may do what in which campaign, and how people come in."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.ledgers import append_only
from labeling.models.campaign import Campaign


class Role(models.TextChoices):
    LABELER = "labeler"
    ADJUDICATOR = "adjudicator"
    RESEARCHER = "researcher"


class Membership(models.Model):
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=11, choices=Role.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "campaign", "role"], name="membership_is_held_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} in {self.campaign_id}"


class MembershipEvent(models.Model):
    """A role given or taken, by whom. A ledger."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=11, choices=Role.choices)
    given = models.BooleanField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.role} {'given' if self.given else 'taken'}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def usable(self, *, at: datetime) -> Self:
        return self.filter(used_at=None, revoked_at=None, expires_at__gt=at)


class Invitation(models.Model):
    """A one-time link that makes an account. Only the hash of its secret is kept."""

    digest = models.CharField(max_length=64, unique=True)
    for_whom = models.CharField(max_length=120)
    is_owner = models.BooleanField(default=False)
    is_researcher = models.BooleanField(default=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, null=True, related_name="+")
    role = models.CharField(max_length=11, choices=Role.choices, blank=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    used_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    revoked_at = models.DateTimeField(null=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(used_at__isnull=True, used_by__isnull=True) | Q(used_at__isnull=False, used_by__isnull=False), name="used_invitation_says_by_whom"
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="invitation_expires_after_it_is_made"),
            models.CheckConstraint(
                condition=Q(campaign__isnull=True, role="") | Q(campaign__isnull=False) & ~Q(role=""), name="invitation_names_campaign_and_role_together"
            ),
        ]

    def __str__(self) -> str:
        return self.for_whom
