"""People, their tokens, and the ledger of what was done to accounts."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import ClassVar, Self

from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from accounts.ledgers import append_only


class User(AbstractUser):
    """A person, or the name under which labels from elsewhere arrived.

    `is_owner` and `is_researcher` hold for the whole installation; roles in a campaign are memberships.
    """

    class Kind(models.TextChoices):
        PERSON = "person"
        """Signs in."""

        EXTERNAL = "external"
        """Labeled elsewhere; arrived with an import and cannot sign in."""

        SYNTHETIC = "synthetic"
        """Made by `simulate_labelers`; cannot sign in and is marked wherever it is shown."""

    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.PERSON)
    is_owner = models.BooleanField(default=False)
    is_researcher = models.BooleanField(default=False)

    objects: ClassVar[UserManager[Self]] = UserManager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind="person") | Q(is_owner=False, is_researcher=False), name="only_a_person_holds_a_mark"),
            models.CheckConstraint(condition=~Q(username=""), name="user_has_a_name"),
        ]


def digest(secret: str) -> str:
    """Return the SHA-256 under which a random secret is kept. (Random, so it needs no salt and no slow hash.)"""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_secret(prefix: str) -> str:
    """Return a secret of 256 random bits whose beginning says what it is."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def usable(self, *, at: datetime) -> Self:
        return self.filter(revoked_at=None, expires_at__gt=at, user__is_active=True)


class ApiToken(models.Model):
    """A key for programs. Only its hash is kept; the token is shown once."""

    class Scope(models.TextChoices):
        LABEL = "label"
        """Ask for pairs and answer them."""

        READ = "read"
        """Read campaigns, figures, policies, and download dataset versions."""

        WRITE = "write"
        """Import, register, start runs, change campaigns, freeze."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    shown = models.CharField(max_length=12, help_text="The token's beginning, to recognise it by.")
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope.choices))
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="token_expires_after_it_is_made"),
            models.CheckConstraint(condition=Q(scopes__len__gt=0), name="token_may_do_something"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.shown}…)"


class AccountEvent(models.Model):
    """What was done to an account, by whom. A ledger."""

    class Kind(models.TextChoices):
        JOINED = "joined"
        MARK_GIVEN = "mark_given"
        MARK_TAKEN = "mark_taken"
        CLOSED = "closed"
        REOPENED = "reopened"
        TOKEN_MADE = "token_made"
        TOKEN_REVOKED = "token_revoked"

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="events")
    actor = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=14, choices=Kind.choices)
    detail = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.kind} {self.detail}"
