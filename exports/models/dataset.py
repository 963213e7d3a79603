"""The name under which versions are numbered."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from accounts.ledgers import sealed


class Dataset(models.Model):
    """A name under which versions are numbered. Its salt and shares decide the split of every prompt family, once and for ever."""

    name = models.SlugField(max_length=80, unique=True)
    description = models.CharField(max_length=300, blank=True)
    salt = models.CharField(max_length=64, help_text="Of the splits. Printed in every manifest, so that anybody can work the splits out again.")
    secret = models.CharField(max_length=64, help_text="Of the labelers' pseudonyms. It never leaves the database.")
    shares: models.JSONField[dict[str, float]] = models.JSONField(help_text="Of train, validation and test: fractions that add up to 1.")
    last_number = models.PositiveIntegerField(default=0, help_text="Of the newest version. Raising it is the lock under which a version is made.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(salt="") & ~Q(secret="") & ~Q(salt=F("secret")), name="dataset_salt_and_secret_are_two"),
        ]
        triggers = sealed(but=["description", "last_number"])

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("dataset", args=[self.name])
