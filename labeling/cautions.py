"""What a researcher should know about a campaign's settings as they are: what they ask for and nobody has, and what they do to figures. Writes nothing."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import statements
from labeling.models import Campaign, GoldItem, Skill
from labeling.phrases import NBSP, counted, listed

# Each pool of the free places once, by hopping from one to the next over their index, however many places there are.
POOLS = """
WITH RECURSIVE pools AS (
    (SELECT slot.pool FROM labeling_slot AS slot
     WHERE slot.campaign_id = %(campaign)s AND slot.labeler_id IS NULL AND slot.closed_at IS NULL AND slot.reserved_for_id IS NULL
     ORDER BY slot.pool LIMIT 1)
    UNION ALL
    SELECT (SELECT slot.pool FROM labeling_slot AS slot
            WHERE slot.campaign_id = %(campaign)s AND slot.labeler_id IS NULL AND slot.closed_at IS NULL AND slot.reserved_for_id IS NULL
              AND slot.pool > pools.pool ORDER BY slot.pool LIMIT 1)
    FROM pools WHERE pools.pool IS NOT NULL
)
SELECT pool FROM pools WHERE pool <> ''
"""


def cautions_of(campaign: Campaign, *, asked: set[str] | None = None) -> list[str]:
    """Return what is to be said of the settings, a sentence each. `asked` are the skills that places ask for, where they are not to be looked up."""
    missing = (asked_for(campaign) if asked is None else asked) - skills(campaign)
    said = [unskilled(missing), no_gold(campaign), no_practice(campaign), bent(campaign), alone(campaign)]
    return [sentence for sentence in said if sentence]


def asked_for(campaign: Campaign) -> set[str]:
    """Return the skills that free places ask for."""
    return {pool for (pool,) in statements.every(POOLS, campaign=campaign.pk)}


def skills(campaign: Campaign) -> set[str]:
    """Return the skills that somebody has who can label here."""
    return set(Skill.objects.filter(campaign=campaign, labeler__is_active=True).values_list("name", flat=True))


def unskilled(missing: set[str]) -> str:
    return (
        _("Open places ask for {skills}, and no labeler has that skill: nobody gets them until somebody has it.").format(skills=listed(sorted(missing)))
        if missing
        else ""
    )


def no_gold(campaign: Campaign) -> str:
    if not campaign.gold_percent or items(campaign, GoldItem.Use.CHECK):
        return ""
    return _("Gold is to be mixed in, and there is no gold item that may be: nothing is, until there is one.")


def no_practice(campaign: Campaign) -> str:
    there = items(campaign, GoldItem.Use.PRACTICE)
    if there >= campaign.practice_items:
        return ""
    if not there:
        return _("New labelers are to practise first, and no gold item may be used for it: they begin with real work until there is one.")
    words = ngettext(
        "A practice round is to have {items}, and there is {n}: it is as long as that.",
        "A practice round is to have {items}, and there are {n}: it is as long as that.",
        there,
    )
    return words.format(items=counted(campaign.practice_items, "item"), n=there)


def items(campaign: Campaign, use: str) -> int:
    return GoldItem.objects.in_use().filter(pair__campaign=campaign, allowed_use__in=[use, GoldItem.Use.BOTH]).count()


def bent(campaign: Campaign) -> str:
    if campaign.strategy != Campaign.Strategy.INFORMATIVE:
        return ""
    return _("The most informative order asks about close policies first: agreement comes out lower than on pairs drawn at random, and says so.")


def alone(campaign: Campaign) -> str:
    if campaign.overlap > 1:
        if campaign.overlap_share >= 50:
            return ""
        share = _("It can on the {share} that get {overlap}.").format(share=f"{campaign.overlap_share}{NBSP}%", overlap=campaign.overlap)
        return " ".join([_("Most pairs get one label, on which nobody’s agreement can be measured."), share])
    return _("Every pair gets one label: nobody’s agreement can be measured.")
