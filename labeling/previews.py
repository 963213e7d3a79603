"""What a change of a campaign's settings would do: the change itself, made and taken back. Nothing is left of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from accounts.wording import grouped
from labeling import adjusting, campaigning, cautions, limits, terms
from labeling.adjusting import Done
from labeling.models import Adjustment, Campaign, Role, Slot
from labeling.phrases import counted, listed

SECONDS = 15.0
"""No preview takes much longer. What it has not come to by then, it says."""

MOST_NAMES = 5


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What would come of a change. Figures count what there is at this moment; people label meanwhile."""

    changes: dict[str, list[Any]]
    """By setting, what it is and what it would be. The state is among them."""
    done: Done
    on_screens: int
    """Pairs of the campaign that are on a screen now."""
    labelers: list[str]
    """Whose screens would lose a pair."""
    at_limit: dict[str, list[str]]
    """Who would get nothing new any more, by `quota` and `ceiling`."""
    cautions: list[str]
    pairs: int
    """That would be looked at."""
    sentences: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """False where only some pairs were looked at: the figures are of those."""
        return self.done.pairs >= self.pairs


@contextmanager
def taken_back() -> Iterator[None]:
    """Run a block, and take back whatever it does to the database."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def preview(campaign: Campaign, said: dict[str, Any], *, actor: User | None, at: datetime, seconds: float = SECONDS) -> Preview:
    """Return what `campaigning.change` would do with the same words. Raises NotPossible as it does.

    Pairs are looked at some at a time, as they are in the change itself, and each time all of it is taken back: nobody waits for longer than they do then.
    """
    until = time.monotonic() + seconds
    with taken_back():
        changed = campaigning.store(campaign, said, actor=actor, at=at)
        adjustment = adjusting.open_adjustment(changed)
        pairs = adjusting.pairs_after(adjustment).count() if adjustment else 0
        at_limit = limited(changed, at=at) if {"quota", "daily_ceiling"} & said.keys() else {}
    done = walk(campaign, said, until=until, actor=actor, at=at) if pairs else Done()
    changes = changes_between(campaign, changed)
    found = Preview(
        changes=changes,
        done=done,
        on_screens=Slot.objects.held().filter(campaign=campaign).count(),
        labelers=list(User.objects.filter(pk__in=done.labelers).order_by("username").values_list("username", flat=True)),
        at_limit=at_limit,
        cautions=cautions.cautions_of(changed, asked=set(done.pools) - {""} if "eligible_by" in changes else None),
        pairs=pairs,
    )
    return Preview(**vars(found) | {"sentences": sentences(found)})


def walk(campaign: Campaign, said: dict[str, Any], *, until: float, actor: User | None, at: datetime) -> Done:
    """Make the change at some pairs after the others, each time from the beginning and each time taken back, and add up what it came to."""
    done, reached = Done(), 0
    while True:
        with taken_back():
            changed = campaigning.store(campaign, said, actor=actor, at=at)
            Adjustment.objects.filter(campaign=changed, ended_at=None).update(reached=reached)
            goes_on = adjusting.step(changed, at=at)
            after = Adjustment.objects.filter(campaign=changed).latest("pk")
            done.add(adjusting.done_of(after))
            reached = after.reached
        if not goes_on or time.monotonic() > until:
            return done


def changes_between(campaign: Campaign, changed: Campaign) -> dict[str, list[Any]]:
    before = Campaign.objects.get(pk=campaign.pk)
    names = ["state", *terms.TERMS]
    numbers = [before.rubric_version.number, changed.rubric_version.number]
    reworded = {"rubric_version": numbers} if numbers[0] != numbers[1] else {}
    return reworded | {name: [getattr(before, name), getattr(changed, name)] for name in names if getattr(before, name) != getattr(changed, name)}


def limited(campaign: Campaign, *, at: datetime) -> dict[str, list[str]]:
    """Return the labelers who have reached a limit as the campaign now is, by limit."""
    found: dict[str, list[str]] = {}
    labelers = User.objects.filter(memberships__campaign=campaign, memberships__role=Role.LABELER, is_active=True).order_by("username")
    for labeler in labelers if campaign.quota or campaign.daily_ceiling else []:
        if limit := limits.reached(campaign, labeler, at=at):
            found.setdefault(limit, []).append(labeler.username)
    return found


# ---- in words ------------------------------------------------------------------------------------------------------


def sentences(found: Preview) -> list[str]:
    """Say what would happen."""
    if not found.changes:
        return [_("Nothing would change.")]
    settings = [terms.change_in_words(name, *values) for name, values in found.changes.items() if name != "state"]
    said = [_("Changes {settings}.").format(settings=listed(settings))] if settings else []
    said += of_state(found) if "state" in found.changes else []
    said += of_wording(found.done, found.on_screens) if "rubric_version" in found.changes else []
    said += of_places(found.done, found.labelers)
    said += [of_move(move, number) for move, number in sorted(found.done.moved.items())]
    said += of_others(found)
    if not found.is_complete:
        words = _("Counted over the first {n} of {pairs}; the others would follow alike.")
        said.append(words.format(n=grouped(found.done.pairs), pairs=counted(found.pairs, "pair")))
    return said


MOVES: dict[str, Callable[[int], str]] = {
    "waiting to agreed": lambda n: ngettext("{n} pair would be settled by the labels that are in.", "{n} pairs would be settled by the labels that are in.", n),
    "waiting to contested": lambda n: ngettext(
        "{n} pair would be contested, and come before an adjudicator.", "{n} pairs would be contested, and come before an adjudicator.", n
    ),
    "contested to waiting": lambda n: ngettext(
        "{n} pair that is contested would wait for labels again.", "{n} pairs that are contested would wait for labels again.", n
    ),
    "contested to agreed": lambda n: ngettext("{n} pair that is contested would be settled.", "{n} pairs that are contested would be settled.", n),
    "agreed to contested": lambda n: ngettext("{n} pair that is settled would be contested.", "{n} pairs that are settled would be contested.", n),
    "agreed to waiting": lambda n: ngettext(
        "{n} pair that is settled would wait for labels again.", "{n} pairs that are settled would wait for labels again.", n
    ),
}


def of_move(move: str, number: int) -> str:
    if move in MOVES:
        return MOVES[move](number).format(n=grouped(number))
    before, after = move.split(" to ")
    return _("{pairs} would go from {before} to {after}.").format(pairs=counted(number, "pair"), before=_(before), after=_(after))


def of_state(found: Preview) -> list[str]:
    before, after = found.changes["state"]
    words = _("The campaign would be {after} rather than {before}. {means}")
    said = [words.format(after=_(after), before=_(before), means=_(terms.STATES_IN_WORDS[terms.State(after)]))]
    if found.on_screens and after != terms.State.OPEN:
        words = ngettext(
            "{n} pair is on a screen now, and may still be answered.", "{n} pairs are on a screen now, and may still be answered.", found.on_screens
        )
        said.append(words.format(n=grouped(found.on_screens)))
    return said


def of_wording(done: Done, on_screens: int) -> list[str]:
    said = [_("Before the next pair, everybody who labels here reads what changed. What is settled stays as it is, under the version it was judged by.")]
    if done.reworded:
        words = ngettext(
            "{n} pair that is not settled would be judged by the new version.",
            "{n} pairs that are not settled would be judged by the new version.",
            done.reworded,
        )
        said.append(words.format(n=grouped(done.reworded)))
    if done.anew:
        words = _("{n} of these would be asked anew: {labels} would be kept, and counted no more.")
        said.append(words.format(n=grouped(done.anew), labels=counted(done.uncounted, "label")))
    if on_screens:
        words = _("{pairs} on a screen now would stay there, and be sent once what changed is read.")
        said.append(words.format(pairs=counted(on_screens, "pair")))
    return said


def of_places(done: Done, labelers: list[str]) -> list[str]:
    said = [_("{places} would be opened.").format(places=counted(done.opened, "place"))] if done.opened else []
    if done.taken:
        said.append(_("{places} would go. Labels that are in stay in.").format(places=counted(done.taken, "open place")))
    if done.from_screens:
        theirs = listed(labelers) if len(labelers) <= MOST_NAMES else counted(len(labelers), "labeler")
        words = ngettext(
            "{n} of these is on a screen now ({theirs}): a label that still comes is kept, and not counted.",
            "{n} of these are on a screen now ({theirs}): a label that still comes is kept, and not counted.",
            done.from_screens,
        )
        said.append(words.format(n=grouped(done.from_screens), theirs=theirs))
    if done.repooled:
        words = _("{places} would ask for another skill than now, and labelers start over at the beginning of the queue.")
        said.append(words.format(places=counted(done.repooled, "open place")))
    return said


LIMITS: dict[str, Callable[[int], str]] = {
    "quota": lambda n: ngettext(
        "{names} has reached the quota by then, and would get nothing new.", "{names} have reached the quota by then, and would get nothing new.", n
    ),
    "ceiling": lambda n: ngettext(
        "{names} has reached the ceiling of today by then, and would get nothing new.",
        "{names} have reached the ceiling of today by then, and would get nothing new.",
        n,
    ),
}


def of_others(found: Preview) -> list[str]:
    said = [LIMITS[limit](len(names)).format(names=listed(names)) for limit, names in found.at_limit.items()]
    if "strategy" in found.changes:
        said.append(_("What waits would be ranked anew within half a minute, and labelers start over at the beginning of the queue."))
    if "lease_minutes" in found.changes and found.on_screens:
        said.append(_("What is on a screen now keeps its time."))
    if "practice_items" in found.changes:
        said.append(_("Who labels here already goes on; only who is new practises first."))
    if {"gold_percent", "repeat_percent"} & found.changes.keys():
        said.append(_("What is planned for a labeler’s next pairs stays; the new shares hold from there on."))
    return said
