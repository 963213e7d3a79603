"""The gates there are: what each asks for by default and why, and what a figure means against a threshold. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accounts.marking import marked
from labeling.words import percent, span


@dataclass(frozen=True)
class Threshold:
    """The least and the most that pass, both included; None: anything. Shares are fractions."""

    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What was measured: a value with its 95 % interval, n, and what was found in a sentence. `value` is None where nothing could be measured."""

    value: float | None
    found: str
    low: float | None = None
    high: float | None = None
    n: int | None = None
    all_there_is: bool = False
    """Everything was counted, so that more cannot be asked."""
    applies: bool = True
    """False: by construction there is nothing of it, and `found` says why. Not where something could have been measured and was not."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A gate. `unit` is `share` for fractions, else what is counted; `unsure_passes` lets a figure pass that may be an even share by its interval.

    A `live` gate is measured when it is looked at, since what it measures comes after the freezing.
    """

    key: str
    name: str
    asks: Threshold
    why: str
    todo: str
    unit: str = "rows"
    unsure_passes: bool = False
    live: bool = False


def kind(key: str, name: str, asks: Threshold, why: str, todo: str, **more: object) -> tuple[str, Kind]:
    return key, Kind(key=key, name=name, asks=asks, why=why, todo=todo, **more)  # type: ignore[arg-type]


SHARE = {"unit": "share"}

KINDS: Mapping[str, Kind] = dict(
    [
        kind(
            "agreement",
            marked("Agreement"),
            Threshold(low=0.6),
            marked("On open prompts 65 to 75 % is usual without ties (AlpacaFarm 65.7 %, InstructGPT 72.6 %, WebGPT 73 %)."),
            marked("Read contested pairs, and sharpen the rubric where they cluster."),
            **SHARE,
        ),
        kind(
            "agreement-low",
            marked("Agreement, bound"),
            Threshold(low=0.5),
            marked("Two who toss coins agree in half of the pairs: the interval has to leave that out."),
            marked("Label more pairs twice, so that the interval narrows."),
            **SHARE,
        ),
        kind(
            "gold",
            marked("Gold accuracy"),
            Threshold(low=0.7),
            marked("Pass marks in print are 70 to 75 %, on clear cases."),
            marked("Look at who misses gold, and at gold that is unclear."),
            **SHARE,
        ),
        kind(
            "adjudicated",
            marked("Adjudicated"),
            Threshold(high=0.4),
            marked("Two people disagree on 25 to 35 % of open prompts; more than that hangs on a few adjudicators."),
            marked("Give contested pairs another label before they are adjudicated."),
            **SHARE,
        ),
        kind(
            "rubrics",
            marked("Rubric versions"),
            Threshold(high=1),
            marked("What good means differs between wordings."),
            marked("Choose one rubric version when freezing."),
            unit="versions",
        ),
        kind(
            "system-prompts",
            marked("System prompts"),
            Threshold(high=0),
            marked("A side that was asked under another system prompt answers another question."),
            marked("Leave out pairs whose sides were asked differently."),
        ),
        kind(
            "left",
            marked("Side balance"),
            Threshold(low=0.48, high=0.52),
            marked("Sides are drawn at random, so half of the choices fall on the left; an interval that holds one half passes."),
            marked("Look for labelers who lean to one side, and leave out their labels."),
            unit="share",
            unsure_passes=True,
        ),
        kind(
            "longer",
            marked("Longer chosen"),
            Threshold(high=0.7),
            marked("Longer answers win 64 % of the time in print (AlpacaFarm)."),
            marked("Hold length equal when pairs are made, or cut by length."),
            **SHARE,
        ),
        kind(
            "slices",
            marked("Slice coverage"),
            Threshold(high=0),
            marked("A risk class without cases is one that nobody looked at."),
            marked("Label pairs of the risk classes that are missing."),
            unit="classes",
        ),
        kind(
            "leakage",
            marked("Leakage"),
            Threshold(high=0),
            marked("What is in train as well as in test, or in gold, measures nothing."),
            marked("Freeze a new version: families keep their split."),
        ),
        kind(
            "golden",
            marked("Golden pairs"),
            Threshold(high=0),
            marked("A pair that stands for what good means must not flip unseen."),
            marked("Read the pairs that flipped; adjudicate them, or let them go."),
            unit="pairs",
        ),
        kind(
            "licence",
            marked("Licence"),
            Threshold(high=0),
            marked("A row whose prompt has no licence cannot be given on."),
            marked("Import the prompts again with their licence."),
        ),
        kind(
            "consent",
            marked("Consent"),
            Threshold(high=0),
            marked("Who labeled has to have agreed to what their labels are used for."),
            marked("Ask the labelers for their consent, and freeze again."),
            unit="labels",
        ),
        kind(
            "repeats",
            marked("Repeats"),
            Threshold(high=0),
            marked("The same two texts twice count twice, and turned round they contradict each other."),
            marked("Withdraw the doubled pairs."),
        ),
        kind(
            "people",
            marked("Made by people"),
            Threshold(high=0),
            marked("Simulated labelers are for trying things out."),
            marked("Freeze from campaigns that people labeled."),
        ),
        kind(
            "splits",
            marked("Splits"),
            Threshold(high=0),
            marked("A split without rows can neither train nor judge."),
            marked("Label more prompt families."),
            unit="splits",
        ),
        kind(
            "texts",
            marked("Texts checked"),
            Threshold(high=0),
            marked("Cut, doubled or templated texts train something wrong in silence; names and personal data must not leave the house."),
            marked("Have the texts checked, and decide about what was flagged."),
            unit="flags",
            live=True,
        ),
        kind(
            "read",
            marked("Rows read"),
            Threshold(low=50),
            marked("Of 50 rows without an error at most 6 % are wrong, at 95 % confidence (three in n)."),
            marked("Read the samples of this version."),
            live=True,
        ),
        kind(
            "read-hard",
            marked("Hard rows read"),
            Threshold(low=20),
            marked("The rows that length, lists or a refusal explain best are where a shortcut was chosen and nothing else."),
            marked("Read the adversarial sample of this version."),
            live=True,
        ),
        kind(
            "errors",
            marked("Reading errors"),
            Threshold(high=0.05),
            marked("One row in twenty; held against the share itself, whose interval stands beside it."),
            marked("Look at what is wrong with the rows, and who labeled them."),
            unit="share",
            live=True,
        ),
    ]
)


def passes(asked: Kind, threshold: Threshold, figure: Figure) -> bool:
    """Say whether a figure meets a threshold. What could not be measured does not pass."""
    if figure.value is None:
        return False
    enough = threshold.low is None or figure.value >= threshold.low or figure.all_there_is
    met = enough and (threshold.high is None or figure.value <= threshold.high)
    return met or (asked.unsure_passes and figure.low is not None and figure.high is not None and figure.low <= 0.5 <= figure.high)


def value_in_words(asked: Kind, value: float | None) -> str:
    if value is None:
        return ""
    return percent(value) if asked.unit == "share" else f"{value:,.0f}"


def threshold_in_words(asked: Kind, threshold: Threshold) -> str:
    """Return what is asked for: `at least 60 %`, `48 to 52 %`, `at most 0`."""
    low, high = value_in_words(asked, threshold.low), value_in_words(asked, threshold.high)
    if low and high:
        return span(low, high)
    return f"at least {low}" if low else f"at most {high}"


def interval_in_words(asked: Kind, figure: Figure) -> str:
    if figure.low is None or figure.high is None:
        return ""
    return span(value_in_words(asked, figure.low), value_in_words(asked, figure.high))
