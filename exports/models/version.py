"""Numbered versions, their rows and files. Here, and only here, a response is chosen or rejected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from accounts.ledgers import append_only, sealed
from exports.models.dataset import Dataset
from labeling.models import Campaign, Pair, RubricVersion
from policies.models import Prompt, Response

PRIVATE = "test"
"""The split that only people who are named may fetch."""


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
    campaigns = models.ManyToManyField(Campaign, through="VersionCampaign", related_name="dataset_versions")
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
            models.CheckConstraint(condition=~Q(manifest_sha256=""), name="version_has_its_id"),
        ]
        triggers = sealed(but=["state"])

    def __str__(self) -> str:
        return f"version {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("dataset-version", args=[self.dataset.name, self.number])

    @property
    def folder(self) -> Path:
        """Where its files lie, once it is visible."""
        return settings.DATASETS_DIR / self.dataset.name / str(self.number)


class VersionCampaign(models.Model):
    """A campaign that a version was frozen from."""

    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="+")
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "campaign"], name="campaign_is_in_a_version_once")]
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.version_id} from {self.campaign_id}"


class DatasetRow(models.Model):
    """(x, y_w, y_l) and where it came from."""

    class Settled(models.TextChoices):
        AGREED = "agreed"
        ADJUDICATED = "adjudicated"

    class Split(models.TextChoices):
        TRAIN = "train"
        VALIDATION = "validation"
        TEST = "test"

    # None of what a row points at can be deleted, and for each of a million rows to be looked up once more, and locked, would tell nothing new: a version is
    # stored in one transaction with its rows, and sealed; a pair that makes a row has labels or a ruling, ledgers that point at it; prompt, sides and wording
    # are the pair's own.
    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="rows", db_constraint=False, db_index=False)
    position = models.PositiveIntegerField(help_text="From 1, in the one order that a version's rows have.")
    key = models.CharField(max_length=32, help_text="The pair's id in the files; made of its content, so it is the same in every installation.")
    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    chosen = models.ForeignKey(Response, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    rejected = models.ForeignKey(Response, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    split = models.CharField(max_length=10, choices=Split.choices)
    family = models.CharField(max_length=64)
    rubric_version = models.ForeignKey(RubricVersion, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    margin = models.FloatField(
        help_text="Mean preference of the labels that counted, or the adjudicator's, 3 to -3: positive towards chosen. A bare verdict counts as one step."
    )
    settled = models.CharField(max_length=11, choices=Settled.choices)
    rule = models.CharField(max_length=40)
    labels = ArrayField(models.BigIntegerField(), help_text="The labels that counted.")
    adjudication = models.BigIntegerField(null=True, help_text="The adjudication that settled it.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "position"], name="row_has_its_position"),
            models.UniqueConstraint(fields=["version", "pair"], name="pair_is_in_a_version_once"),
            models.UniqueConstraint(fields=["version", "key"], name="row_has_its_key"),
            models.CheckConstraint(condition=~Q(chosen=F("rejected")), name="row_chosen_is_not_rejected"),
            # Below 0 where a weak majority stood against a strong minority: kept as it is, since it says just that.
            models.CheckConstraint(condition=Q(margin__gte=-3, margin__lte=3), name="row_margin_is_on_the_scale"),
            models.CheckConstraint(
                condition=Q(settled="agreed", adjudication__isnull=True) | Q(settled="adjudicated", adjudication__isnull=False),
                name="adjudicated_row_names_its_adjudication",
            ),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return f"row {self.position}"


class DatasetFile(models.Model):
    """A file of a version, as it was written; its hash is in the manifest, or in that of the layout that it belongs to."""

    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="files")
    conversion = models.ForeignKey("exports.Conversion", on_delete=models.PROTECT, null=True, related_name="files", help_text="Null: the version's own.")
    name = models.CharField(max_length=120)
    split = models.CharField(max_length=10, blank=True)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField(help_text="Bytes.")
    rows_count = models.PositiveIntegerField(null=True, help_text="Null where a line is not a row.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "name"], name="file_is_in_a_version_once")]
        triggers = append_only()

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> Path:
        """Where its bytes lie."""
        return (self.conversion or self.version).folder / self.name

    @property
    def is_private(self) -> bool:
        """Of the private split: only people who are named may fetch it."""
        return self.split == PRIVATE
