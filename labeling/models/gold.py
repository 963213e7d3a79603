"""Gold items: pairs whose verdict is known beforehand, and why."""

from __future__ import annotations

from datetime import date
from typing import Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.ledgers import MayBeErased, sealed
from labeling.models.campaign import Campaign
from labeling.models.pair import Pair, Verdict, draw_lot
from labeling.models.rubric import RubricVersion

OF_ITS_PAIR = """
NEW.campaign_id := (SELECT campaign_id FROM labeling_pair WHERE id = NEW.pair_id);
NEW.rubric_version_id := coalesce(NEW.rubric_version_id, (SELECT rubric_version_id FROM labeling_campaign WHERE id = NEW.campaign_id));
RETURN NEW;
"""


class GoldItemQuerySet(models.QuerySet["GoldItem"]):
    def in_use(self) -> Self:
        return self.filter(retired_at=None)

    def due_for_refresh(self, *, on: date) -> Self:
        """Those whose date to be looked at again has come, or whose verdict was said under another wording. They stay in use meanwhile."""
        return self.in_use().filter(Q(refresh_on__lte=on) | ~Q(rubric_version=F("campaign__rubric_version")))


class GoldItem(MayBeErased):
    """One version of what is known of a pair. The pair is never asked as work from then on, and never becomes a dataset row.

    What it says does not change: another verdict, reason or use is the next version, and this one is retired.
    """

    class Use(models.TextChoices):
        CHECK = "check", "mixed into work"
        PRACTICE = "practice", "practice round"
        BOTH = "both", "both"

    class Difficulty(models.TextChoices):
        EASY = "easy"
        MEDIUM = "medium"
        HARD = "hard"

    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, related_name="gold_items")
    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, null=True, editable=False, related_name="+", db_index=False, help_text="The pair’s: filled in by the database."
    )
    rubric_version = models.ForeignKey(
        RubricVersion,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        db_index=False,
        help_text="The wording under which somebody last said that it holds: the campaign’s when it was added, filled in by the database.",
    )
    lot = models.PositiveSmallIntegerField(default=draw_lot, help_text="Drawn: the order in which planning walks over the items, from a point drawn each time.")
    version = models.PositiveIntegerField(default=1)
    verdict = models.CharField(max_length=3, choices=Verdict.choices)
    why = models.TextField(null=True, help_text="The reason the item exists, in words a labeler can be shown.")  # noqa: DJ001 - NULL once erased
    allowed_use = models.CharField(max_length=8, choices=Use.choices, default=Use.BOTH)
    difficulty = models.CharField(max_length=6, choices=Difficulty.choices, default=Difficulty.EASY)
    refresh_on = models.DateField(null=True, help_text="When somebody should look whether it still holds.")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    added_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    objects = GoldItemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pair", "version"], name="gold_version_is_numbered_once"),
            models.UniqueConstraint(fields=["pair"], condition=Q(retired_at__isnull=True), name="pair_has_one_gold_item_in_use"),
            models.CheckConstraint(condition=Q(erased_at__isnull=False) | Q(why__isnull=False) & ~Q(why=""), name="gold_item_has_a_reason"),
            models.CheckConstraint(condition=Q(verdict__in=Verdict.values), name="gold_verdict_is_a_b_or_tie"),
            models.CheckConstraint(condition=Q(allowed_use__in=["check", "practice", "both"]), name="gold_use_is_known"),
            models.CheckConstraint(condition=Q(campaign__isnull=False), name="gold_item_knows_its_campaign"),
            models.CheckConstraint(condition=Q(rubric_version__isnull=False), name="gold_item_knows_its_wording"),
            models.CheckConstraint(condition=Q(difficulty__in=["easy", "medium", "hard"]), name="gold_difficulty_is_known"),
        ]
        indexes = [models.Index(fields=["campaign", "lot", "id"], condition=Q(retired_at__isnull=True), name="gold_in_use")]
        triggers = [
            pgtrigger.Trigger(name="campaign_of_its_pair", when=pgtrigger.Before, operation=pgtrigger.Insert, func=OF_ITS_PAIR),
            sealed(but=["retired_at", "rubric_version_id"], erasable="why")[0],
        ]

    def __str__(self) -> str:
        return f"gold {self.pair_id} v{self.version}: {self.verdict}"
