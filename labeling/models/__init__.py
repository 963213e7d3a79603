"""What people judge, and what they said: pairs, slots, assignments and the ledgers."""

from labeling.models.adjudication import Adjudication, AdjudicationTurn
from labeling.models.assignment import Assignment, Cursor, Skip
from labeling.models.campaign import AttachedRun, Campaign, CampaignEvent
from labeling.models.label import Label
from labeling.models.membership import Invitation, Membership, MembershipEvent, Role
from labeling.models.pair import GoldItem, Pair, Standing, Trouble, Verdict
from labeling.models.rendering import Rendering
from labeling.models.rubric import Rubric, RubricVersion
from labeling.models.slot import COUNTING, Slot

__all__ = [
    "COUNTING",
    "Adjudication",
    "AdjudicationTurn",
    "Assignment",
    "AttachedRun",
    "Campaign",
    "CampaignEvent",
    "Cursor",
    "GoldItem",
    "Invitation",
    "Label",
    "Membership",
    "MembershipEvent",
    "Pair",
    "Rendering",
    "Role",
    "Rubric",
    "RubricVersion",
    "Skip",
    "Slot",
    "Standing",
    "Trouble",
    "Verdict",
]
