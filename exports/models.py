"""Datasets, their numbered versions, rows and files. Here, and only here, a response is chosen or rejected."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from accounts.ledgers import append_only
from labeling.models import Campaign, Pair
from policies.models import Prompt, Response


class Dataset(models.Model):
    """A name under which versions are numbered. Its salt decides the split of every prompt family, once and for ever."""

    name = models.SlugField(max_length=80, unique=True)
    description = models.CharField(max_length=300, blank=True)
    salt = models.CharField(max_length=64)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class DatasetVersion(models.Model):
    """A numbered, sealed set of rows."""

    class State(models.TextChoices):
        FROZEN = "frozen"
        """Sealed; not yet released for use."""

        RELEASED = "released"
        """Passed its gates, or had them waived by name."""

        WITHDRAWN = "withdrawn"
        """Not to be used any more."""

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    campaigns = models.ManyToManyField(Campaign, related_name="dataset_versions")
    state = models.CharField(max_length=9, choices=State.choices, default=State.FROZEN)
    manifest: models.JSONField[dict[str, Any]] = models.JSONField()
    manifest_sha256 = models.CharField(max_length=64, help_text="The version's id: hash of the manifest's canonical bytes.")
    rows_count = models.PositiveIntegerField()
    frozen_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    frozen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dataset", "number"], name="version_has_its_number"),
            models.CheckConstraint(condition=Q(number__gte=1), name="versions_are_numbered_from_one"),
            models.CheckConstraint(condition=Q(rows_count__gte=1), name="version_is_not_empty"),
        ]

    def __str__(self) -> str:
        return f"version {self.number}"


class DatasetRow(models.Model):
    """(x, y_w, y_l) and where it came from."""

    class Settled(models.TextChoices):
        AGREED = "agreed"
        ADJUDICATED = "adjudicated"

    class Split(models.TextChoices):
        TRAIN = "train"
        VALIDATION = "validation"
        TEST = "test"

    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="rows")
    position = models.PositiveIntegerField()
    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, related_name="+")
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="+")
    chosen = models.ForeignKey(Response, on_delete=models.PROTECT, related_name="+")
    rejected = models.ForeignKey(Response, on_delete=models.PROTECT, related_name="+")
    split = models.CharField(max_length=10, choices=Split.choices)
    family = models.CharField(max_length=64)
    margin = models.FloatField()
    settled = models.CharField(max_length=11, choices=Settled.choices)
    rule = models.CharField(max_length=40)
    labels = ArrayField(models.BigIntegerField(), help_text="The labels that counted.")
    adjudication = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "position"], name="row_has_its_position"),
            models.UniqueConstraint(fields=["version", "pair"], name="pair_is_in_a_version_once"),
            models.CheckConstraint(condition=~Q(chosen=F("rejected")), name="row_chosen_is_not_rejected"),
            models.CheckConstraint(condition=Q(margin__gte=0, margin__lte=3), name="row_margin_is_not_negative"),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return f"row {self.position}"


class DatasetFile(models.Model):
    """A file of a version, as it was written; its hash is in the manifest."""

    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(max_length=120)
    split = models.CharField(max_length=10, blank=True)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField(help_text="Bytes.")
    rows_count = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "name"], name="file_is_in_a_version_once")]
        triggers = append_only()

    def __str__(self) -> str:
        return self.name
