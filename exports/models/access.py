"""Who may download a private split, links that somebody made, and every download."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.ledgers import MayBeErased, append_only, sealed
from accounts.marking import marked
from accounts.models import ApiToken
from exports.models.dataset import Dataset
from exports.models.version import DatasetVersion


class SplitAccess(MayBeErased):
    """Somebody asked for the private split of a dataset, or it was decided. A ledger: the latest decision about a person holds."""

    class Kind(models.TextChoices):
        REQUESTED = "requested", marked("Requested")
        APPROVED = "approved", marked("Approved")
        """The person is named: they may download it."""

        REFUSED = "refused", marked("Refused")
        REVOKED = "revoked", marked("Revoked")
        """They may no longer."""

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="split_access")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=9, choices=Kind.choices)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", help_text="Null: an operator.")
    reason = models.CharField(max_length=500, null=True)  # noqa: DJ001 - NULL once erased
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(erased_at__isnull=False) | Q(reason__isnull=False, reason__regex=r"\S"), name="split_access_says_why"),
            # Whoever wants it asks; somebody else says so.
            models.CheckConstraint(
                condition=Q(kind="requested", actor=F("person")) | ~Q(kind="requested") & ~Q(actor=F("person")), name="nobody_decides_on_their_own_access"
            ),
        ]
        indexes = [models.Index(fields=["dataset", "person", "id"], name="split_access_by_person")]
        triggers = append_only(erasable="reason")

    def __str__(self) -> str:
        return f"{self.kind} {self.person_id} in {self.dataset_id}"


class DownloadLinkQuerySet(models.QuerySet["DownloadLink"]):
    def usable(self, *, at: datetime) -> Self:
        return self.filter(revoked_at=None, expires_at__gt=at, made_by__is_active=True, made_by__is_researcher=True)


class DownloadLink(MayBeErased):
    """An address by which a file can be fetched without an account until it expires or is revoked. Only the hash of its secret is kept."""

    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="links")
    name = models.CharField(max_length=120, help_text="Of the file.")
    digest = models.CharField(max_length=64, unique=True)
    shown = models.CharField(max_length=12, help_text="The secret's beginning, to recognise it by.")
    for_whom = models.CharField(max_length=120, null=True)  # noqa: DJ001 - NULL once erased
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    objects = DownloadLinkQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="download_link_expires_after_it_is_made"),
            models.CheckConstraint(condition=Q(erased_at__isnull=False) | Q(for_whom__isnull=False) & ~Q(for_whom=""), name="download_link_says_for_whom"),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revoked_by__isnull=True) | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="revoked_download_link_says_by_whom",
            ),
        ]
        triggers = sealed(but=["revoked_at", "revoked_by_id"], erasable="for_whom")

    def __str__(self) -> str:
        return f"{self.name} for {self.for_whom}"


class Download(MayBeErased):
    """Bytes of a version that were sent: who, what, when, from where, which bytes, by what right. A ledger, written before the first byte leaves."""

    class How(models.TextChoices):
        SESSION = "session"
        """In the browser, signed in."""

        TOKEN = "token"  # noqa: S105 - no secret
        """By a program."""

        LINK = "link"
        """By a link that somebody made; who held it is not known."""

        PUSH = "push"
        """Sent to a repository on a hub, for who asked for it; nobody: for an operator."""

    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="downloads")
    name = models.CharField(max_length=120, help_text="Of the file.")
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField(help_text="Of the whole file, in bytes.")
    first_byte = models.PositiveBigIntegerField(help_text="From 0.")
    last_byte = models.PositiveBigIntegerField(help_text="The last one sent.")
    how = models.CharField(max_length=7, choices=How.choices)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    token = models.ForeignKey(ApiToken, on_delete=models.PROTECT, null=True, related_name="+")
    link = models.ForeignKey(DownloadLink, on_delete=models.PROTECT, null=True, related_name="downloads")
    address = models.GenericIPAddressField(null=True)
    sent_to = models.CharField(max_length=350, blank=True, default="", db_default="", help_text="Where a push went.")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(first_byte__lte=F("last_byte"), last_byte__lt=F("size")), name="download_sent_bytes_of_the_file"),
            models.CheckConstraint(
                condition=Q(how="session", person__isnull=False, token__isnull=True, link__isnull=True)
                | Q(how="token", person__isnull=False, token__isnull=False, link__isnull=True)
                | Q(how="link", person__isnull=True, token__isnull=True, link__isnull=False)
                | Q(how="push", token__isnull=True, link__isnull=True),
                name="download_says_by_what_right",
            ),
            models.CheckConstraint(condition=Q(how="push") & ~Q(sent_to="") | ~Q(how="push") & Q(sent_to=""), name="push_says_where_it_went"),
        ]
        indexes = [models.Index(fields=["version", "-id"], name="download_by_version")]
        triggers = append_only(erasable="address")

    def __str__(self) -> str:
        return f"{self.name} of {self.version_id}"

    @property
    def is_whole(self) -> bool:
        return self.first_byte == 0 and self.last_byte == self.size - 1
