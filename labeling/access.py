"""Who may touch which campaign and which assignment: the row, or 404, which does not say whether it exists."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404

from accounts.models import User
from labeling.models import AdjudicationTurn, Assignment, Campaign


def campaign_of(user: User, slug: str, *roles: str) -> Campaign:
    """Return the campaign in which the user holds one of the roles. Raises Http404 for everybody else."""
    campaign = Campaign.objects.filter(slug=slug, memberships__user=user, memberships__role__in=roles).select_related("rubric_version").first()
    if campaign is None:
        raise Http404("No such campaign, or no role of yours in it.")
    return campaign


def own_assignment(user: User, campaign: Campaign, key: UUID) -> Assignment:
    """Return the user's own assignment in this campaign. Raises Http404 for anybody else's."""
    assignment = Assignment.objects.filter(key=key, labeler=user, pair__campaign=campaign).first()
    if assignment is None:
        raise Http404("No such assignment.")
    return assignment


def own_turn(user: User, campaign: Campaign, key: UUID) -> AdjudicationTurn:
    """Return the adjudicator's own turn in this campaign. Raises Http404 for anybody else's."""
    turn = AdjudicationTurn.objects.filter(key=key, adjudicator=user, pair__campaign=campaign).select_related("pair").first()
    if turn is None:
        raise Http404("No such turn.")
    return turn
