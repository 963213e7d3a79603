"""Who may touch which campaign and which assignment: the row, or 404, which does not say whether it exists."""

from __future__ import annotations

import json
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS
from django.http import Http404
from django.utils.translation import gettext as _

from accounts import consenting, statements
from accounts.models import User
from labeling.models import AdjudicationTurn, Assignment, Campaign, RubricVersion

OWN_ASSIGNMENT = f"""
SELECT {statements.columns(Assignment, "assignment")}, {statements.columns(Campaign, "campaign")}, rubric.reasons, rubric.criteria,
    EXISTS ({consenting.WANTED})
FROM labeling_assignment AS assignment
JOIN labeling_rubricversion AS rubric ON rubric.id = assignment.rubric_version_id
JOIN labeling_pair AS pair ON pair.id = assignment.pair_id
JOIN labeling_campaign AS campaign ON campaign.id = pair.campaign_id
JOIN labeling_membership AS membership ON membership.campaign_id = campaign.id
WHERE assignment.key = %(key)s AND assignment.labeler_id = %(user)s AND campaign.slug = coalesce(%(slug)s, campaign.slug)
  AND membership.user_id = %(user)s AND membership.role = 'labeler'
"""  # noqa: S608 - the models' own columns


def campaign_of(user: User, slug: str, *roles: str) -> Campaign:
    """Return the campaign in which the user holds one of the roles. Raises Http404 for everybody else."""
    campaign = Campaign.objects.filter(slug=slug, memberships__user=user, memberships__role__in=roles).select_related("rubric_version").first()
    if campaign is None:
        raise Http404(_("No such campaign, or no role of yours in it."))
    return campaign


def own_assignment(user: User, key: UUID, *, slug: str | None = None) -> tuple[Assignment, Campaign]:
    """Return the user's own assignment and its campaign, in which they still label. Raises Http404 for any other, and where the campaign is not `slug`."""
    return own_work(user, key, slug=slug)[:2]


def own_work(user: User, key: UUID, *, slug: str | None = None) -> tuple[Assignment, Campaign, bool]:
    """Return the same, and whether there is a consent text that the user has not agreed to."""
    row = statements.one(OWN_ASSIGNMENT, user=user.pk, key=key, slug=slug)
    if row is None:
        raise Http404(_("No such assignment."))
    *columns, reasons, criteria, is_asked = row
    width = len(Assignment._meta.concrete_fields)
    assignment = statements.instance(Assignment, columns[:width])
    asked = {"id": assignment.rubric_version_id, "reasons": json.loads(reasons), "criteria": json.loads(criteria)}
    assignment.rubric_version = RubricVersion.from_db(DEFAULT_DB_ALIAS, list(asked), list(asked.values()))
    return assignment, statements.instance(Campaign, columns[width:]), is_asked


def own_turn(user: User, campaign: Campaign, key: UUID) -> AdjudicationTurn:
    """Return the adjudicator's own turn in this campaign. Raises Http404 for anybody else's."""
    turn = AdjudicationTurn.objects.filter(key=key, adjudicator=user, pair__campaign=campaign).select_related("pair").first()
    if turn is None:
        raise Http404(_("No such turn."))
    return turn
