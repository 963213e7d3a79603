"""Care flags: what a labeler's latest answers say of how they were given. Findings for a researcher, with their evidence; never a punishment.

Each rule says nothing unless an exact binomial test is surer than `LEVEL`: the answers are looked at again after every few labels, for as long as somebody
works, and nobody honest may be named because of that. Each rule has a least number of answers, and each is built so that what the texts are like cannot
trip it: sides are drawn, so content cannot lean to one; what follows length or differs from the others is held against what the others here do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from accounts.marking import marked
from labeling import bias
from labeling.words import percent

WINDOW = 200
"""A labeler's latest answers, so many of them, are looked at."""

LEAST = 50
"""Answers below which a share says nothing of its labeler."""

LEVEL = 0.9999
"""Of 600,000 labelers whose share is the threshold itself, drawn at random, 1 in 3,900 passed it within 200 answers, looked at after every tenth."""

SIDE_LEVEL = 0.99999
"""Higher, since every honest labeler's share is the threshold, a half: 1 in 320 is named, left or right, within 10,000 answers; at `LEVEL` it was 1 in 25."""

LENGTH_LEVEL = 0.995
"""Lower, since the threshold leaves room: who goes by content alone takes the longer answer less often than people usually do."""

RANDOM_LEVEL = 0.999
"""Lower, since who is surely better than chance is never named: at `LEVEL`, 14 of 100 who chose at random were not named within 200 answers."""

READING_SPEED = 238
"""Words a minute that adults read silently, English non-fiction; most of them 175 to 300."""
READING_SOURCE = marked("Brysbaert (2019): 238 words a minute, most adults 175 to 300; Rayner et al. (2016): twice the usual speed costs understanding")

TOO_FAST = 0.5
"""Of the time that reading takes: twice the usual speed (Rayner et al. 2016), and half as fast again as most of Brysbaert's readers."""

FEWEST_WORDS = 50
"""On a screen with fewer, deciding and pointing take longer than reading: it says nothing of speed."""

STRAIGHT_SIDE = 25
"""The same choice of a side so often in a row. Sides are drawn: who judges content has a chance of 2 ** -24 at each start, whatever the pairs."""
STRAIGHT_TIE = 40
"""The same tie so often in a row; longer, since pairs can be alike, and only where the others say otherwise."""

USUAL_LONGER = 0.64
LENGTH_SOURCE = marked("AlpacaFarm (2023): the longer answer is chosen 64 % of the time")

USUAL_GOLD = 0.7
"""The lower of the pass marks in print (70 to 75 %), where the others here have too few gold answers."""

LEAST_GOLD = 20
LEAST_AGREEMENT = 0.6
"""Where the others do not surely agree more often than this, agreement says nothing: taste rules, or most of them click."""

CHANCE = 0.5
"""Sides are drawn, so who does not read meets any verdict for a side half the time, however they lean."""
BETTER_THAN_CHANCE = 0.005
"""Chance of as many hits by who does not read, below which a labeler is better than chance and is not named."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One current label of a labeler, with what the rules need to know of its pair."""

    verdict: str
    preference: int | None
    both_bad: bool = False
    left_was_a: bool | None = None
    """None: the sides are not known, and nothing is said of them."""
    characters_a: int = 0
    characters_b: int = 0
    words: int = 0
    """To be read on the screen: those of the prompt and of both responses, so far as their labeler did not just have them before another pair."""
    active_seconds: float | None = None
    """With the pair on screen and somebody there. None: nothing is said of speed."""
    others: tuple[str, ...] = ()
    """Current verdicts of the other labelers on the same pair."""
    gold: str | None = None
    """The known verdict, on a gold item. Such answers are held against it, and enter no other rule."""

    @property
    def chose_left(self) -> bool | None:
        """None: a tie, or sides unknown."""
        return None if self.verdict == "tie" or self.left_was_a is None else (self.verdict == "a") == self.left_was_a

    @property
    def chose_longer(self) -> bool | None:
        """None: a tie, or responses of one length."""
        if self.verdict == "tie" or self.characters_a == self.characters_b:
            return None
        return (self.verdict == "a") == (self.characters_a > self.characters_b)

    @property
    def choice(self) -> tuple[str, int | None, bool] | None:
        """What was pressed: the side or `tie`, how strongly, and whether both were called bad. None: not known."""
        if self.verdict == "tie":
            return "tie", 0, self.both_bad
        if self.left_was_a is None:
            return None
        return "left" if self.chose_left else "right", None if self.preference is None else abs(self.preference), False

    @property
    def pace(self) -> float | None:
        """The active seconds in units of what silent reading takes; None: not known, or too few words."""
        if self.active_seconds is None or self.words < FEWEST_WORDS:
            return None
        return self.active_seconds / (60 * self.words / READING_SPEED)


@dataclass(frozen=True)
class Tally:
    hits: int = 0
    n: int = 0

    @property
    def share(self) -> float:
        return self.hits / self.n


@dataclass(frozen=True, kw_only=True)
class Usual:
    """What the other labelers of the campaign do, the one in the middle. Empty: not known."""

    longer: Tally = field(default=Tally())
    """The longer response, among their choices of a side."""
    gold: Tally = field(default=Tally())
    """Right, among their choices of a side on gold items that have a better side."""
    agreement: Tally = field(default=Tally())
    """The side of the majority of the others, among the pairs on which two of them chose one. Where the others are split, half a hit."""


@dataclass(frozen=True)
class Flag:
    """A finding: its kind, one sentence, and the evidence (hits, n, share, interval, threshold and where that comes from), all of it JSON."""

    kind: str
    says: str
    evidence: dict[str, Any]


def flags(answers: Sequence[Answer], usual: Usual) -> list[Flag]:
    """Return what the answers say, at most one flag of each kind. They are a labeler's latest, in the order in which they were given."""
    found = (rule(answers, usual) for rule in RULES.values())
    return [flag for flag in found if flag]


def too_fast(answers: Sequence[Answer], usual: Usual) -> Flag | None:
    """Name who surely takes, in most answers, less than half the time that reading the words on the screen takes. A slow labeler is never named."""
    paces = [answer.pace for answer in work(answers) if answer.pace is not None]
    tally = tally_of(pace < TOO_FAST for pace in paces)
    if not is_above(tally, 0.5):
        return None
    median = sorted(paces)[len(paces) // 2]
    says = f"In {tally.hits} of {tally.n} answers the time was less than half of what reading takes."
    return Flag("too_fast", says, shown(tally, threshold=0.5, source=READING_SOURCE) | {"median_pace": round(median, 3), "words_a_minute": READING_SPEED})


def straight_lining(answers: Sequence[Answer], usual: Usual) -> Flag | None:
    """Name who gave the same choice many times in a row: of a side, or a tie where the others see a difference."""
    runs = [list(run) for choice, run in groupby(work(answers), key=lambda answer: answer.choice) if choice is not None]
    telling = [run for run in runs if len(run) >= (STRAIGHT_TIE if run[0].verdict == "tie" else STRAIGHT_SIDE) and not is_tie_to_others(run)]
    if not telling:
        return None
    longest = max(telling, key=len)
    side, strength, both_bad = longest[0].choice or ("", 0, False)
    pressed = "both bad" if both_bad else side if side == "tie" else f"the {side} side at strength {strength}" if strength else f"the {side} side"
    threshold = STRAIGHT_TIE if side == "tie" else STRAIGHT_SIDE
    evidence = {
        "n": len(longest),
        "choice": pressed,
        "threshold": threshold,
        "source": marked("sides are drawn for each pair"),
        "others_tie": others_tie(longest).__dict__,
    }
    return Flag("straight_lining", f"Chose {pressed} {len(longest)} times in a row.", evidence)


def is_tie_to_others(run: Sequence[Answer]) -> bool:
    """Say whether a run of ties may be what its pairs are like: unless the others surely call less than half of them a tie, it may."""
    found = others_tie(run)
    return run[0].verdict == "tie" and not (found.n >= LEAST_GOLD and bias.clopper_pearson(found.hits, found.n)[1] < 0.5)


def others_tie(run: Sequence[Answer]) -> Tally:
    """Count the pairs of a run on which the first of the others says tie."""
    return tally_of(answer.others[0] == "tie" for answer in run if answer.others)


def left_leaning(answers: Sequence[Answer], usual: Usual) -> Flag | None:
    """Name who surely chooses one side of the screen more often than the other. Sides are drawn for each pair, so content leans to neither."""
    left = tally_of(answer.chose_left for answer in work(answers) if answer.chose_left is not None)
    right = Tally(left.n - left.hits, left.n)
    for side, tally in (("left", left), ("right", right)):
        if is_above(tally, 0.5, level=SIDE_LEVEL):
            says = f"Chose the {side} side {tally.hits} of {tally.n} times."
            return Flag("left_leaning", says, shown(tally, threshold=0.5, source=marked("sides are drawn for each pair"), level=SIDE_LEVEL) | {"side": side})
    return None


def length_following(answers: Sequence[Answer], usual: Usual) -> Flag | None:
    """Name who surely chooses the longer response more often than people usually do, and more often than the others here do.

    Where the longer response often is the better one, the others choose it too. Without enough of them nobody knows what is
    usual here, and nobody is named.
    """
    tally = tally_of(answer.chose_longer for answer in work(answers) if answer.chose_longer is not None)
    if usual.longer.n < LEAST or not is_above(tally, USUAL_LONGER, level=LENGTH_LEVEL):
        return None
    threshold = max(USUAL_LONGER, bias.clopper_pearson(usual.longer.hits, usual.longer.n)[1])
    if not is_above(tally, threshold, level=LENGTH_LEVEL):
        return None
    source = LENGTH_SOURCE if threshold == USUAL_LONGER else marked("the upper limit of what the others here do")
    others = {"others_share": round(usual.longer.share, 4), "others_n": usual.longer.n}
    says = f"Chose the longer response {tally.hits} of {tally.n} times; the others here do {percent(usual.longer.share)} of the time."
    return Flag("length_following", says, shown(tally, threshold=threshold, source=source, level=LENGTH_LEVEL) | others)


def random(answers: Sequence[Answer], usual: Usual) -> Flag | None:
    """Name whose choices of a side meet gold and the others' majorities no better than chance, where the others' surely do.

    Gold and agreement are added up. A labeler is named who is surely below the others and not better than chance, neither all in all nor on gold alone: who
    has another taste than the others but is right where there is a right answer is not random. Where the others hardly agree among themselves,
    agreement is left out.
    """
    gold = tally_of(answer.verdict == answer.gold for answer in answers if answer.gold not in (None, "tie") and answer.verdict != "tie")
    agreement = agreed(answers) if others_agree(usual) else Tally()
    tally = Tally(gold.hits + agreement.hits, gold.n + agreement.n)
    if tally.n < LEAST or is_better_than_chance(tally) or is_better_than_chance(gold):
        return None
    expected = (gold.n * usual_gold(usual) + agreement.n * (agreement_limit(usual) if agreement.n else 0)) / tally.n
    if at_most(tally, expected) >= (1 - RANDOM_LEVEL) / 2:
        return None
    parts = {"gold": gold.__dict__, "agreement": agreement.__dict__, "others_gold": usual.gold.__dict__, "others_agreement": usual.agreement.__dict__}
    says = f"Met gold and the others' majorities {tally.hits} of {tally.n} times, which is no better than chance; the others do at least {percent(expected)}."
    source = marked("gold and agreement of the others here; chance is a half, since sides are drawn")
    return Flag("random", says, shown(tally, threshold=expected, source=source, level=RANDOM_LEVEL) | parts)


def agreed(answers: Iterable[Answer]) -> Tally:
    """Count the choices of a side that are those of the others' majority, one comparison a pair; where the others have none, nothing is compared."""
    compared = ((answer.verdict, majority(answer.others)) for answer in work(answers) if answer.verdict != "tie")
    return tally_of(verdict == other for verdict, other in compared if other is not None)


def majority(verdicts: Sequence[str]) -> str | None:
    """Return the side that more of them chose than the other; None where neither was.

    >>> majority(["a", "tie", "a", "b"]), majority(["a", "b"]), majority(["tie"])
    ('a', None, None)
    """
    votes = Counter(verdicts)
    return None if votes["a"] == votes["b"] else "a" if votes["a"] > votes["b"] else "b"


def others_agree(usual: Usual) -> bool:
    return is_above(usual.agreement, LEAST_AGREEMENT, level=0.95)


def agreement_limit(usual: Usual) -> float:
    """Return the least agreement that the others' own pairs allow, at 95 %."""
    return bias.clopper_pearson(usual.agreement.hits, usual.agreement.n)[0]


def usual_gold(usual: Usual) -> float:
    """Return how often the others are right on gold; the pass mark in print where they have too few."""
    return usual.gold.share if usual.gold.n >= LEAST_GOLD else USUAL_GOLD


def is_better_than_chance(tally: Tally) -> bool:
    return tally.n > 0 and at_least(tally, CHANCE) < BETTER_THAN_CHANCE


def work(answers: Iterable[Answer]) -> Iterable[Answer]:
    return (answer for answer in answers if answer.gold is None)


def tally_of(hits: Iterable[bool | None]) -> Tally:
    held = [bool(hit) for hit in hits]
    return Tally(sum(held), len(held))


def is_above(tally: Tally, threshold: float, *, level: float = LEVEL) -> bool:
    """Say whether the exact interval of a share, at this level, lies above the threshold. The same as asking for its lower limit, sixty times as fast."""
    return tally.n >= LEAST and at_least(tally, threshold) < (1 - level) / 2


def at_least(tally: Tally, share: float) -> float:
    """Return the chance of as many hits or more, if this were the true share: I_share(hits, n - hits + 1) (DLMF 8.17.5)."""
    if tally.hits == 0 or share >= 1:
        return 1.0
    return bias.incomplete_beta(share, tally.hits, tally.n - tally.hits + 1) if share > 0 else 0.0


def at_most(tally: Tally, share: float) -> float:
    """Return the chance of as many hits or fewer."""
    return at_least(Tally(tally.n - tally.hits, tally.n), 1 - share)


def shown(tally: Tally, *, threshold: float, source: str, level: float = LEVEL) -> dict[str, Any]:
    low, high = bias.clopper_pearson(tally.hits, tally.n, level=level)
    share = {"hits": tally.hits, "n": tally.n, "share": round(tally.share, 4), "low": round(low, 4), "high": round(high, 4), "level": level}
    return share | {"threshold": round(threshold, 4), "source": source}


RULES: dict[str, Callable[[Sequence[Answer], Usual], Flag | None]] = {
    "too_fast": too_fast,
    "straight_lining": straight_lining,
    "left_leaning": left_leaning,
    "length_following": length_following,
    "random": random,
}
"""By the kind of flag that each gives."""
