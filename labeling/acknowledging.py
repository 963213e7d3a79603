"""From a wording that a labeler has read to the ledger of it, and back to work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from labeling.models import Acknowledgement, Campaign, Enrolment, RubricVersion

WORKED_IN = (Campaign.State.OPEN, Campaign.State.PAUSED)
"""Where pairs are handed out, or may still be on a screen."""


class NotCurrent(Exception):
    """The campaign has another wording by now: that is to be read first."""


@dataclass(frozen=True)
class Unread:
    """The wording that a labeler acknowledged last in a campaign, and the one that it has now."""

    old: RubricVersion
    new: RubricVersion


def unread(campaign: Campaign, labeler: User) -> Unread | None:
    """Return what a labeler has to read before work goes on. None: nothing; or they have not begun, and begin under the new one; or nobody works there."""
    behind = Enrolment.objects.filter(campaign=campaign.pk, labeler=labeler).select_related("rubric_version", "campaign__rubric_version").first()
    if behind is None or behind.rubric_version is None or behind.rubric_version_id == behind.campaign.rubric_version_id:
        return None
    if behind.campaign.state not in WORKED_IN:
        return None
    return Unread(behind.rubric_version, behind.campaign.rubric_version)


def readers(campaign: Campaign) -> tuple[int, int]:
    """Return how many of those who have begun have acknowledged the campaign's wording, and how many they are."""
    begun = Enrolment.objects.filter(campaign=campaign)
    return begun.filter(rubric_version=campaign.rubric_version_id).count(), begun.count()


@transaction.atomic
def acknowledge(campaign: Campaign, labeler: User, *, number: int, at: datetime) -> Acknowledgement | None:
    """Store that a labeler has read the version of this number. None: they have said so already, or have not begun. Raises NotCurrent for any other."""
    enrolment = Enrolment.objects.select_for_update(no_key=True).filter(campaign=campaign.pk, labeler=labeler).first()
    current = RubricVersion.objects.get(campaigns=campaign.pk)
    if number != current.number:
        raise NotCurrent(_("The campaign has version {number} of its rubric by now. Read that one.").format(number=current.number))
    if enrolment is None or enrolment.rubric_version_id == current.pk:
        return None
    said = {"labeler": labeler, "campaign_id": campaign.pk, "rubric_version": current}
    stored = Acknowledgement.objects.create(**said, how=Acknowledgement.How.READ, at=at)
    Enrolment.objects.filter(pk=enrolment.pk).update(rubric_version=current)
    return stored
