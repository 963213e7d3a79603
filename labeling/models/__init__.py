"""What people judge, and what they said: pairs, slots, assignments and the ledgers."""

from labeling.models.acknowledgement import Acknowledgement
from labeling.models.adjudication import Adjudication, AdjudicationTurn
from labeling.models.adjustment import Adjustment
from labeling.models.assignment import Assignment, Parking, Skip
from labeling.models.campaign import AttachedRun, Campaign, CampaignEvent
from labeling.models.draft import Draft
from labeling.models.enrolment import Enrolment, EnrolmentEvent, Skill
from labeling.models.finding import Finding, FindingDecision
from labeling.models.gold import GoldItem
from labeling.models.keymap import KeyMap
from labeling.models.label import Label
from labeling.models.membership import Invitation, Membership, MembershipEvent, Role
from labeling.models.pair import Pair, Standing, Trouble, Verdict
from labeling.models.rendering import Preparation, Rendering
from labeling.models.report import Answer, AnswerRead, Question, Report
from labeling.models.rubric import Rubric, RubricVersion
from labeling.models.slot import COUNTING, ON_GOLD, Slot

__all__ = [
    "COUNTING",
    "ON_GOLD",
    "Acknowledgement",
    "Adjudication",
    "AdjudicationTurn",
    "Adjustment",
    "Answer",
    "AnswerRead",
    "Assignment",
    "AttachedRun",
    "Campaign",
    "CampaignEvent",
    "Draft",
    "Enrolment",
    "EnrolmentEvent",
    "Finding",
    "FindingDecision",
    "GoldItem",
    "Invitation",
    "KeyMap",
    "Label",
    "Membership",
    "MembershipEvent",
    "Pair",
    "Parking",
    "Preparation",
    "Question",
    "Rendering",
    "Report",
    "Role",
    "Rubric",
    "RubricVersion",
    "Skill",
    "Skip",
    "Slot",
    "Standing",
    "Trouble",
    "Verdict",
]
