"""A change of a campaign's settings on its way through the campaign's pairs."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from labeling.models.campaign import Campaign


class Adjustment(models.Model):
    """What was changed, how far its pairs have been brought in line with it, and what that came to. It ends in a CampaignEvent.

    The settings hold from the moment they are stored. Pairs follow in their order, some at a time: a large campaign would keep everybody waiting otherwise,
    and what a process left undone when it died, the next sweep does.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="adjustments")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    changes: models.JSONField[dict[str, list[Any]]] = models.JSONField(help_text="By setting, what it was and what it is.")
    scope: models.JSONField[list[str]] = models.JSONField(
        help_text="Settings that pairs are looked at for: these, and those of a change that was cut short by it."
    )
    done: models.JSONField[dict[str, Any]] = models.JSONField(default=dict, help_text="What it came to so far.")
    reached = models.BigIntegerField(default=0, help_text="The pair that was looked at last.")
    begun_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign"], condition=Q(ended_at__isnull=True), name="campaign_is_adjusted_to_one_change")]

    def __str__(self) -> str:
        return ", ".join(self.changes)
