"""From a researcher's decision to a campaign: making it, opening and closing it, changing its settings, choosing whose responses it pairs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.models import User
from labeling import adjusting, campaigns, rewording, terms
from labeling.campaigns import NotPossible
from labeling.models import AttachedRun, Campaign, Membership, MembershipEvent, Role, RubricVersion
from labeling.resolution import RULES
from labeling.terms import NEXT_STATES, State
from policies.models import GenerationRun

__all__ = ["MOST_CHECKS", "MOST_OVERLAP", "NEXT_STATES", "USUAL_OVERLAP", "NotPossible", "SlugTaken", "State"]

USUAL_OVERLAP, MOST_OVERLAP = 3, 25

MOST_CHECKS = 50
"""Percent of what a labeler is shown that may be gold and repeats together."""

AT_LEAST_ONE = ("quota", "daily_ceiling", "lease_minutes")


class SlugTaken(NotPossible):
    """There is a campaign of that slug."""


@transaction.atomic
def make_campaign(
    *,
    slug: str,
    name: str,
    rubric_version: RubricVersion,
    overlap: int,
    actor: User | None,
    at: datetime,
    researchers: Iterable[User] = (),
    strategy: str = Campaign.Strategy.FINISH,
    state: str = State.DRAFT,
    **settings: Any,
) -> Campaign:
    """Make a campaign; its maker, and whom they name, hold the role of researcher in it. Raises SlugTaken and NotPossible.

    `settings` are others of `terms.TERMS`; what is left out is as usual.
    """
    said = {"slug": slug, "name": name, "rubric_version": rubric_version, "overlap": overlap, "strategy": strategy, "state": state} | settings
    campaign = Campaign(**said, ranked_as=strategy, created_by=actor, created_at=at)
    check_values(campaign)
    try:
        with transaction.atomic():
            campaign.save(force_insert=True)
    except IntegrityError as error:
        raise SlugTaken(_("There is a campaign {slug} already. Choose another slug.").format(slug=repr(slug))) from error
    campaigns.note(campaign, "made", actor=actor, at=at, slug=slug, overlap=overlap, rubric_version=rubric_version.pk, state=state)
    for researcher in {user.pk: user for user in [*([actor] if actor else []), *researchers]}.values():
        appoint(researcher, campaign, actor=actor, at=at)
    return campaign


def appoint(researcher: User, campaign: Campaign, *, actor: User | None, at: datetime) -> None:
    Membership.objects.create(campaign=campaign, user=researcher, role=Role.RESEARCHER)
    MembershipEvent.objects.create(campaign=campaign, user=researcher, role=Role.RESEARCHER, given=True, actor=actor, at=at)


def change(*, campaign: Campaign, said: dict[str, Any], actor: User | None, at: datetime, until: float | None = None) -> Campaign:
    """Change the `state` and any settings of `terms.TERMS` at once, or none of them, and bring the campaign's pairs in line. Raises NotPossible.

    The settings hold at once. Pairs follow, some at a time, each time in a transaction of its own; `until` is a moment of `time.monotonic`
    at which to leave the rest of them to the sweep. What is on a screen may still be submitted, in every state.
    """
    held = store(campaign, said, actor=actor, at=at)
    adjusting.carry_out(held, at=at, until=until)
    return Campaign.objects.select_related("rubric_version__rubric").get(pk=held.pk)


@transaction.atomic
def store(campaign: Campaign, said: dict[str, Any], *, actor: User | None, at: datetime) -> Campaign:
    """Store what was said, and what pairs are to follow; where they follow nothing, that it was changed. Raises NotPossible."""
    held = campaigns.hold(campaign)
    said = dict(said)
    if "state" in said:
        move(held, said.pop("state"), actor=actor, at=at)
    begun, reworded = word_anew(held, said, actor=actor, at=at)
    settings = {name: [getattr(held, name), value] for name, value in said.items() if getattr(held, name) != value}
    check_changes(held, settings)
    for name, (_before, value) in settings.items():
        setattr(held, name, value)
    check_values(held)
    held.save(update_fields=list(settings))
    changes = reworded | settings
    if any(terms.EVERY[name].looks_at_pairs for name in changes):
        adjusting.begin(held, changes, actor=actor, at=at, begun=begun)
    elif changes:
        campaigns.note(held, "changed", actor=actor, at=at, changes=changes, done={})
    return held


def word_anew(held: Campaign, said: dict[str, Any], *, actor: User | None, at: datetime) -> tuple[str, dict[str, list[Any]]]:
    """Put a campaign that is held under the version of its rubric that `said` names, and its checks with it. Raises NotPossible.

    Takes `rubric_version`, `begun` and `gold` out of `said`, and returns what becomes of pairs that are begun, and the change: empty, where there is none.
    """
    number, begun, gold = (said.pop(name, None) for name in ("rubric_version", "begun", "gold"))
    if number is None or number == held.rubric_version.number:
        return "", {}
    change = {"rubric_version": [held.rubric_version.number, number]}
    check_changes(held, change)
    check_choices(begun, gold)
    held.rubric_version = version_of(held, number)
    held.save(update_fields=["rubric_version"])
    items = rewording.reword_checks(held, gold=gold, at=at)
    before, after = change["rubric_version"]
    campaigns.note(held, "rubric_moved", actor=actor, at=at, before=before, after=after, begun=begun, gold=gold, items=items)
    return begun, change


def check_choices(begun: str | None, gold: str | None) -> None:
    """Raise NotPossible unless it was said what becomes of what there is: neither has a usual value."""
    if begun not in rewording.BEGUN:
        raise NotPossible(_("Say what becomes of pairs that are begun: {join}.").format(join=", ".join(rewording.BEGUN)))
    if gold not in rewording.GOLD:
        raise NotPossible(_("Say what becomes of gold items: {join}.").format(join=", ".join(rewording.GOLD)))


def version_of(held: Campaign, number: int) -> RubricVersion:
    found = RubricVersion.objects.filter(rubric=held.rubric_version.rubric_id, number=number).first()
    if found is None:
        raise NotPossible(_("The rubric has no version {number}.").format(number=number))
    return found


def move(held: Campaign, state: str, *, actor: User | None, at: datetime) -> None:
    """Open, pause, close or archive a campaign that is held. Raises NotPossible."""
    if refusal := terms.refusal_of_state(held.state, state):
        raise NotPossible(refusal)
    if state != held.state:
        before, held.state = held.state, state
        held.save(update_fields=["state"])
        campaigns.note(held, "state_changed", actor=actor, at=at, before=before, after=state)


def check_changes(held: Campaign, changes: dict[str, list[Any]]) -> None:
    """Raise NotPossible, with every reason, unless the campaign's state allows these."""
    refusals = [terms.refusal_of_change(held.state, name, before, after) for name, (before, after) in changes.items()]
    if reasons := [refusal for refusal in refusals if refusal]:
        raise NotPossible(" ".join(reasons))


def check_values(campaign: Campaign) -> None:
    """Raise NotPossible for what makes no sense, also together."""
    if not 1 <= campaign.overlap <= MOST_OVERLAP:
        raise NotPossible(_("k is {k}: it must be 1 to {most}.").format(k=campaign.overlap, most=MOST_OVERLAP))
    if campaign.rule not in RULES:
        raise NotPossible(_("There is no settling rule {rule}: it must be one of {rules}.").format(rule=repr(campaign.rule), rules=", ".join(RULES)))
    if campaign.gold_percent + campaign.repeat_percent > MOST_CHECKS:
        together = _("Gold and repeats together are {n} %: more than {most} % leaves no room for work.")
        raise NotPossible(together.format(n=campaign.gold_percent + campaign.repeat_percent, most=MOST_CHECKS))
    if unset := [name for name in AT_LEAST_ONE if getattr(campaign, name) is not None and getattr(campaign, name) < 1]:
        raise NotPossible(" ".join(_("{what} must be 1 or more.").format(what=capfirst(_(terms.TERMS[name].words))) for name in unset))
    said = {name for name in terms.TERMS if getattr(campaign, name) is not None and getattr(campaign, name) != ""}
    try:
        campaign.clean_fields(exclude={field.name for field in Campaign._meta.fields} - said)
    except ValidationError as error:
        raise NotPossible(" ".join(f"{name}: {' '.join(reasons)}" for name, reasons in error.message_dict.items())) from error


def change_state(*, campaign: Campaign, state: str, actor: User | None, at: datetime) -> Campaign:
    """Open, pause, close or archive. What is on a screen may still be submitted. Raises NotPossible."""
    return change(campaign=campaign, said={"state": state}, actor=actor, at=at)


def change_overlap(*, campaign: Campaign, overlap: int, actor: User | None, at: datetime) -> Campaign:
    """Change k, the number of places a pair has. Raises NotPossible."""
    return change(campaign=campaign, said={"overlap": overlap}, actor=actor, at=at)


@transaction.atomic
def attach_run(*, campaign: Campaign, run: GenerationRun, actor: User | None, at: datetime) -> AttachedRun:
    """Let a run's responses become pairs here. `pairing` makes them, now and as more come in. Twice is once. Raises NotPossible."""
    attached, made = AttachedRun.objects.get_or_create(campaign=campaigns.hold_for(campaign, "runs"), run=run)
    if made:
        campaigns.note(campaign, "run_attached", actor=actor, at=at, run=run.pk)
    return attached
