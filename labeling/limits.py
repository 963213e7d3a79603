"""How much one labeler may give in a campaign: the quota, and the ceiling of a day."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from accounts import statements
from accounts.models import User
from labeling.models import Campaign

# First answers, checks among them: a count without these would tell which they were. Practice is none. A label that was kept as surplus has its place by its
# assignment. One that its labeler reopened is none: nobody is in its place. Counted no further than the limit.
ANSWERS = """
SELECT count(*) FROM (
    SELECT FROM labeling_label AS label
    LEFT JOIN labeling_assignment AS assignment ON assignment.key = label.assignment_id
    JOIN labeling_slot AS slot ON slot.id = coalesce(label.slot_id, assignment.slot_id)
    WHERE label.labeler_id = %(labeler)s AND label.supersedes_id IS NULL AND label.submitted_at >= %(since)s
      AND slot.campaign_id = %(campaign)s AND slot.kind <> 'practice' AND (label.slot_id IS NULL OR slot.labeler_id IS NOT NULL)
    LIMIT %(limit)s
) AS answers
"""
SERVED = "SELECT served FROM labeling_enrolment WHERE campaign_id = %(campaign)s AND labeler_id = %(labeler)s"


def reached(campaign: Campaign, labeler: User, *, at: datetime) -> str:
    """Return which limit the labeler has reached here: `quota`, `ceiling`, or neither, an empty string. The day is the installation's.

    Nobody gave more answers than pairs were handed out to them, so that for most this costs one look at how they are enrolled.
    """
    if campaign.quota is None and campaign.daily_ceiling is None:
        return ""
    row = statements.one(SERVED, campaign=campaign.pk, labeler=labeler.pk)
    served = row[0] if row else 0
    if (
        campaign.quota is not None
        and served >= campaign.quota
        and answers(campaign, labeler, limit=campaign.quota, since=campaign.created_at) >= campaign.quota
    ):
        return "quota"
    ceiling = campaign.daily_ceiling
    return "ceiling" if ceiling is not None and served >= ceiling and answers(campaign, labeler, limit=ceiling, since=midnight(at)) >= ceiling else ""


def answers(campaign: Campaign, labeler: User, *, limit: int, since: datetime) -> int:
    """Count the labeler's first answers in the campaign since then, to `limit` at most."""
    row = statements.one(ANSWERS, campaign=campaign.pk, labeler=labeler.pk, since=since, limit=limit)
    return int(row[0]) if row else 0


def midnight(at: datetime) -> datetime:
    return timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
