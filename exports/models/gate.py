"""Gates: what they ask for in a dataset, what was measured of a version, who waived what; and the pairs whose verdict must stay."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.ledgers import MayBeErased, append_only
from exports.models.dataset import Dataset
from exports.models.version import DatasetVersion
from labeling.models import Pair


class GateThreshold(MayBeErased):
    """What a gate asks for in a dataset from now on. A ledger: the latest row of a gate holds, and the default where there is none."""

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="thresholds")
    gate = models.SlugField(max_length=30)
    low = models.FloatField(null=True, help_text="The least that passes; null: anything.")
    high = models.FloatField(null=True, help_text="The most that passes; null: anything.")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", help_text="Null: an operator.")
    reason = models.CharField(max_length=500, null=True)  # noqa: DJ001 - NULL once erased
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(erased_at__isnull=False) | Q(reason__isnull=False, reason__regex=r"\S"), name="threshold_says_why"),
            models.CheckConstraint(condition=Q(low__isnull=False) | Q(high__isnull=False), name="threshold_asks_for_something"),
            models.CheckConstraint(condition=Q(low__isnull=True) | Q(high__isnull=True) | Q(low__lte=models.F("high")), name="threshold_can_be_met"),
        ]
        triggers = append_only(erasable="reason")

    def __str__(self) -> str:
        return f"{self.gate} of {self.dataset_id}"


class GateFigure(models.Model):
    """What was measured of a version for a gate, when it was frozen. A ledger."""

    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="figures")
    gate = models.SlugField(max_length=30)
    value = models.FloatField(null=True, help_text="Null: it could not be measured.")
    low = models.FloatField(null=True, help_text="Of the 95 % interval.")
    high = models.FloatField(null=True, help_text="Of the 95 % interval.")
    n = models.PositiveBigIntegerField(null=True, help_text="What it was counted over.")
    found = models.TextField(help_text="In a sentence.")
    detail: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "gate"], name="gate_is_measured_once_a_version")]
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.gate} of {self.version_id}: {self.value}"


class Waiver(MayBeErased):
    """An owner lets a version pass a gate that it failed, by name and with a reason. A ledger; the card prints it."""

    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="waivers")
    gate = models.SlugField(max_length=30)
    found = models.TextField(help_text="What was found when it was waived.")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500, null=True)  # noqa: DJ001 - NULL once erased
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "gate"], name="gate_is_waived_once_a_version"),
            models.CheckConstraint(condition=Q(erased_at__isnull=False) | Q(reason__isnull=False, reason__regex=r"\S"), name="waiver_says_why"),
        ]
        triggers = append_only(erasable="reason")

    def __str__(self) -> str:
        return f"{self.gate} waived for {self.version_id}"


class GoldenPair(MayBeErased):
    """A pair whose verdict must stay from version to version. A ledger: the latest row of a pair holds; one without a verdict lets it go."""

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="golden_pairs")
    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=1, choices=[("a", "a"), ("b", "b")], null=True)  # noqa: DJ001 - null: no longer golden
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", help_text="Null: an operator.")
    why = models.CharField(max_length=500, null=True)  # noqa: DJ001 - NULL once erased
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(erased_at__isnull=False) | Q(why__isnull=False, why__regex=r"\S"), name="golden_pair_says_why"),
            models.CheckConstraint(condition=Q(verdict__isnull=True) | Q(verdict__in=["a", "b"]), name="golden_pair_chooses_a_side"),
        ]
        triggers = append_only(erasable="why")

    def __str__(self) -> str:
        return f"golden {self.pair_id} in {self.dataset_id}"

    @property
    def prompt_in_short(self) -> str:
        """The beginning of what the user asked last; empty once it was erased."""
        messages = self.pair.prompt.messages
        return str(messages[-1]["content"])[:120] if messages else ""
