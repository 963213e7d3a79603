"""How a labeler stands in a campaign: in which state, how far in its queue; and what they are skilled in."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.ledgers import MayBeErased, append_only
from labeling.models.campaign import Campaign
from labeling.models.rubric import RubricVersion

BEFORE_EVERY_RANK = -(2**63)

OF_ITS_CAMPAIGN = """
NEW.rubric_version_id := coalesce(NEW.rubric_version_id, (SELECT rubric_version_id FROM labeling_campaign WHERE id = NEW.campaign_id));
RETURN NEW;
"""
# Who comes in has the wording beside the first pair. What is worded anew later, they are shown.
CAME_IN = """
INSERT INTO labeling_acknowledgement (labeler_id, campaign_id, rubric_version_id, how, at)
VALUES (NEW.labeler_id, NEW.campaign_id, NEW.rubric_version_id, 'entered', NEW.entered_at);
RETURN NEW;
"""


class Enrolment(models.Model):
    """Written by the lease statement at every lease, and by whoever changes the state.

    The next search of the queue starts after the last ranks taken, one among the places that were freed or made late
    (`head_rank`, below 0) and one among the others (`rank`). Those of an older epoch than the campaign's start over.
    """

    class State(models.TextChoices):
        PRACTISING = "practising"
        """Before real work: gets practice items alone."""

        WORKING = "working"

        PAUSED = "paused"
        """Gets nothing new until a researcher has looked. What is on the screen may still be submitted."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="enrolments")
    labeler = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WORKING)
    rank = models.BigIntegerField(default=BEFORE_EVERY_RANK)
    head_rank = models.BigIntegerField(default=BEFORE_EVERY_RANK)
    head_seen = models.BigIntegerField(default=BEFORE_EVERY_RANK, help_text="The last rank that had been given at the head by `head_seen_at`.")
    head_seen_at = models.DateTimeField(null=True)
    epoch = models.PositiveIntegerField(default=0)
    served = models.PositiveIntegerField(default=0, help_text="Pairs handed out so far: the position in this labeler's stream.")
    planned = models.PositiveIntegerField(default=0, help_text="Positions for which gold and repeats have been drawn.")
    practice_rounds = models.PositiveSmallIntegerField(default=0)
    searched_at = models.DateTimeField(null=True, help_text="When the queue was last begun again from its start, if nothing was found since.")
    rubric_version = models.ForeignKey(
        RubricVersion,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        db_index=False,
        help_text="The wording that they acknowledged last; filled in by the database when they come. While the campaign has another, they get no pair.",
    )
    watched_to = models.BigIntegerField(default=0, help_text="Highest label that care flags were worked out from.")
    entered_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "labeler"], name="labeler_is_enrolled_once"),
            models.CheckConstraint(condition=Q(state__in=["practising", "working", "paused"]), name="enrolment_state_is_known"),
            models.CheckConstraint(condition=Q(rubric_version__isnull=False), name="labeler_came_in_under_a_wording"),
        ]
        triggers = [
            pgtrigger.Trigger(name="wording_of_its_campaign", when=pgtrigger.Before, operation=pgtrigger.Insert, func=OF_ITS_CAMPAIGN),
            pgtrigger.Trigger(name="came_in_under_a_wording", when=pgtrigger.After, operation=pgtrigger.Insert, func=CAME_IN),
        ]

    def __str__(self) -> str:
        return f"{self.labeler_id} {self.state} in {self.campaign_id}"


class EnrolmentEvent(MayBeErased):
    """A labeler's state changed, by whom and why. A ledger."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="+")
    labeler = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    before = models.CharField(max_length=10, blank=True)
    after = models.CharField(max_length=10)
    why = models.CharField(max_length=300, null=True)  # noqa: DJ001 - NULL once erased
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", help_text="Null: the system.")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["campaign", "labeler", "at"], name="enrolment_events")]
        constraints = [models.CheckConstraint(condition=~Q(before=F("after")), name="enrolment_event_changes_something")]
        triggers = append_only(erasable="why")

    def __str__(self) -> str:
        return f"{self.before} to {self.after}"


class Skill(models.Model):
    """Something that pairs may ask for and that a labeler has: a language, a subject."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="skills")
    labeler = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=60)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "labeler", "name"], name="skill_is_given_once"),
            models.CheckConstraint(condition=~Q(name=""), name="skill_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name
