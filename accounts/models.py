"""People, their tokens, and the ledger of what was done to accounts."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.crypto import salted_hmac

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
    session_epoch = models.PositiveIntegerField(default=0, help_text="Raised to end every session of this person, for ever.")

    language = models.CharField(max_length=10, blank=True, default="", db_default="", help_text="The pages' language; empty: as the browser asks.")

    objects: ClassVar[UserManager[Self]] = UserManager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind="person") | Q(is_owner=False, is_researcher=False), name="only_a_person_holds_a_mark"),
            models.CheckConstraint(condition=~Q(username=""), name="user_has_a_name"),
        ]

    def get_session_auth_hash(self) -> str:
        """Return what a session must carry to be this person's: it dies with a new password, and with a raised epoch."""
        return self._session_hash(None)

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        return (self._session_hash(secret) for secret in settings.SECRET_KEY_FALLBACKS)

    def _session_hash(self, secret: str | bytes | None) -> str:
        return salted_hmac("accounts.User.session", f"{self.session_epoch} {self.password}", secret=secret, algorithm="sha256").hexdigest()


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

        DOWNLOAD = "download"
        """Fetch the files of dataset versions, and nothing else."""

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
            # A form sent twice makes one token; and a name says which one to revoke.
            models.UniqueConstraint(fields=["user", "name"], condition=Q(revoked_at__isnull=True), name="token_has_its_name_alone"),
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
        ERASED = "erased"
        """Name and texts of the person were blanked; their account stays closed."""

        REOPENED = "reopened"
        TOKEN_MADE = "token_made"
        TOKEN_REVOKED = "token_revoked"
        PASSWORD_LINK = "password_link"
        """A one-time link was made with which the person may choose a new password."""

        PASSWORD_SET = "password_set"

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="events")
    actor = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=14, choices=Kind.choices)
    detail = models.TextField(max_length=200, blank=True, null=True, default="")  # noqa: DJ001 - NULL once erased
    at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)
    erased_why = models.CharField(max_length=300, blank=True, default="", db_default="")
    erased_sha256 = models.CharField(max_length=64, blank=True, default="", db_default="")

    class Meta:
        triggers = append_only(erasable="detail")

    def __str__(self) -> str:
        return f"{self.kind} {self.detail or ''}"


class ConsentText(models.Model):
    """What people agree to who label here: one wording of it. A ledger; the highest number holds."""

    number = models.PositiveIntegerField(unique=True)
    body = models.TextField()
    sha256 = models.CharField(max_length=64, help_text="Of the body's UTF-8 bytes.")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", help_text="Null: an operator.")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(body=""), name="consent_text_says_something"),
            models.CheckConstraint(condition=Q(number__gte=1), name="consent_texts_are_numbered_from_one"),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return f"version {self.number}"


class Consent(models.Model):
    """A person agreed to a text, or took it back. A ledger: the latest row of a person holds."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="consents")
    text = models.ForeignKey(ConsentText, on_delete=models.PROTECT, related_name="+")
    given = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        triggers = append_only()

    def __str__(self) -> str:
        return f"{'given' if self.given else 'taken back'} to {self.text_id}"
