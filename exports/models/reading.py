"""Rows that people read before a version is released, and what they found."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.ledgers import MayBeErased, append_only
from exports.models.version import DatasetRow, DatasetVersion


class SampleRow(models.Model):
    """A row that was drawn to be read, and its place in its sample. A ledger: what is drawn is not drawn again."""

    class Sample(models.TextChoices):
        RANDOM = "random"
        """Any row, with the same chance."""

        ADVERSARIAL = "adversarial"
        """The rows that a shortcut explains best."""

    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="sample_rows")
    row = models.ForeignKey(DatasetRow, on_delete=models.PROTECT, related_name="+")
    sample = models.CharField(max_length=11, choices=Sample.choices)
    place = models.PositiveIntegerField(help_text="From 1, in the order in which they are read.")
    shortcut = models.CharField(max_length=10, blank=True, help_text="What explains the choice without reading: length, lists or refusal.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "sample", "place"], name="sample_row_has_its_place"),
            models.UniqueConstraint(fields=["row", "sample"], name="row_is_in_a_sample_once"),
            models.CheckConstraint(
                condition=Q(sample="random", shortcut="") | Q(sample="adversarial") & ~Q(shortcut=""), name="adversarial_row_names_its_shortcut"
            ),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.sample} {self.place}"


class RowReading(MayBeErased):
    """What a person found who read a sampled row. A ledger: the latest one of a row holds."""

    class Verdict(models.TextChoices):
        FINE = "fine"
        """Chosen is the better one."""

        WRONG = "wrong"
        """It is not, or one of the texts should not be trained on."""

        UNSURE = "unsure"
        """The reader cannot say."""

    sampled = models.ForeignKey(SampleRow, on_delete=models.PROTECT, related_name="readings")
    verdict = models.CharField(max_length=6, choices=Verdict.choices)
    note = models.CharField(max_length=500, blank=True, null=True)  # noqa: DJ001 - NULL once erased
    reader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        triggers = append_only(erasable="note")

    def __str__(self) -> str:
        return f"{self.sampled_id}: {self.verdict}"
