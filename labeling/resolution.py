"""The settling rules: from what was said of a pair to its standing. Pure, so that every standing can be derived again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from accounts.marking import marked

RULE = "strict-majority/1"
"""Name and version of the usual rule. A change of what a rule returns is a new version, beside the old one."""

RULES: dict[str, Callable[[int, int], bool]] = {
    "strict-majority/1": lambda votes, labels: 2 * votes > labels,
    "two-thirds/1": lambda votes, labels: 3 * votes >= 2 * labels,
    "unanimous/1": lambda votes, labels: votes == labels,
}
"""Whether so many votes for one verdict, of so many labels, settle a pair. Each asks for more than half, so that no two verdicts can."""

IN_WORDS = {
    "strict-majority/1": marked("more than half say the same"),
    "two-thirds/1": marked("two thirds or more say the same"),
    "unanimous/1": marked("all say the same"),
}

ONE_STEP = {"a": -1, "tie": 0, "b": 1}


@dataclass(frozen=True)
class Said:
    """One judgment: a label that counts, or the adjudication. `verdict` None is an adjudicator's 'no right answer'."""

    verdict: str | None
    preference: int | None

    @property
    def step(self) -> int | None:
        """The preference; one step to its side where only a verdict was given; None where there is no right answer."""
        return ONE_STEP.get(self.verdict or "") if self.preference is None else self.preference


@dataclass(frozen=True)
class Resolution:
    """What a pair's standing, verdict and margin are. `margin` is a signed preference: negative for A."""

    standing: str
    verdict: str | None
    margin: float | None


def resolve(*, labels: Sequence[Said], places_open: int, adjudication: Said | None, withdrawn: bool, rule: str = RULE) -> Resolution:
    """Return the standing of a pair, by a rule of RULES. Raises KeyError for an unknown one.

    `labels` are the current labels in places that count, under the pair's rubric version; `places_open` are places that
    still wait for one. An adjudication ends every contest. Otherwise, once no place is open, enough votes of a, b or tie,
    as the rule counts them, settle the pair; anything less is contested. Labels that are in stay in: two of three that agree
    do not settle a pair whose third place is open, since the third labeler's judgment is wanted too.

    >>> resolve(labels=[Said("a", -2), Said("a", -1), Said("b", 1)], places_open=0, adjudication=None, withdrawn=False)
    Resolution(standing='agreed', verdict='a', margin=-0.6666666666666666)
    """
    if withdrawn:
        return Resolution("withdrawn", None, None)
    if adjudication is not None:
        return Resolution("adjudicated", adjudication.verdict, mean_preference([adjudication]))
    if places_open or not labels:
        return Resolution("waiting", None, None)
    verdict, votes = Counter(said.verdict for said in labels).most_common(1)[0]
    if RULES[rule](votes, len(labels)):
        return Resolution("agreed", verdict, mean_preference(labels))
    return Resolution("contested", None, None)


def mean_preference(labels: Sequence[Said]) -> float | None:
    """Return the mean preference, a bare verdict counting as one step; None for an adjudicator's 'no right answer'."""
    steps = [said.step for said in labels if said.step is not None]
    return sum(steps) / len(steps) if steps else None
