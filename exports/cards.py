"""The data card of a version: what a person reads, and the header by which the `datasets` library finds the files. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from exports.layouts.readers import READERS

NAME = "README.md"
PRIVATE = "test"

COLUMNS = {
    "prompt": "the conversation, byte for byte as it was imported; it ends with a user's turn",
    "chosen, rejected": "one assistant message each, byte for byte as labelers saw it",
    "margin": "mean preference of the labels that counted, or the adjudicator's: 3 to -3, positive towards chosen; a bare verdict counts as one step",
    "strengths_counted": "of how many of these judgments a strength was given; 0: the margin tells no more than the verdicts do",
    "labels_counted": "how many labels counted; each is a line of the split's votes.jsonl",
    "standing": "agreed (the labels settled it) or adjudicated (an adjudicator did)",
    "p_chosen": "the chance that one more judge would choose chosen too: (chosen + ties / 2 + 1) / (judgments + 2), Laplace's rule of succession",
    "rule": "what settled the pair, with its version",
    "verdict": "the side that was chosen, a or b, as the votes name the sides",
    "family": "prompts of one family are always in one split",
    "pair_id, prompt_id": "made of the content, so they are the same wherever it is exported",
}


OBJECTIVES = {
    "DPO": (
        "train on `prompt`, `chosen`, `rejected`",
        "it learns the difference of the two texts, whatever that is: where longer answers were chosen it writes longer ones; where both are nearly alike "
        "it lowers the likelihood of both; and it is tied to a reference policy, so texts that this one would not write teach it little",
    ),
    "Reward model": (
        "train on the same columns, with `margin` as the margin or `p_chosen` as the target",
        "it finds shortcuts (length, lists, refusals) and scores them; its accuracy on held-out families says nothing of texts unlike these; a policy "
        "that is trained against it finds what it overrates",
    ),
    "KTO": (
        "ask for the layout, which makes two examples of each row",
        "it takes each side for good or bad by itself, and here they were only compared: a chosen text may be bad, a rejected one good",
    ),
}
"""What the rows are for: how, and what it can go wrong with."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a card says. `rows` are counted by split, `votes` by where the label was made, `voted` are the splits that have some, `left_out` pairs by reason,
    `held_out` counts labelers."""

    dataset: str
    number: int
    description: str
    campaigns: Sequence[str]
    rows: Mapping[str, int]
    votes: Mapping[str, int]
    voted: Sequence[str]
    settled: Mapping[str, int]
    rules: Sequence[str]
    rubrics: Sequence[str]
    policies: Sequence[str]
    licences: Mapping[str, int]
    left_out: Mapping[str, int]
    held_out: int = 0


def card(facts: Facts) -> bytes:
    """Return the card in UTF-8. Equal facts give equal bytes."""
    parts = [header(facts), opening(facts), use(facts), trainers(), objectives(), made_of(facts), collection(facts), columns(), limits(facts)]
    return "\n\n".join(parts).encode() + b"\n"


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of a version besides its bytes, in sentences; it grows after the freezing, so it is in no file of the version.

    `labelers` are their labels by pseudonym, `thin` the slices with few rows, as (name, value, rows).
    """

    approved_by: str
    agreement: Sequence[str]
    consent: str
    labelers: Mapping[str, int]
    thin: Sequence[tuple[str, str, int]]
    gates: Sequence[str]
    waivers: Sequence[str]
    readings: Sequence[str]
    events: Sequence[str]


def with_what_is_known(frozen: bytes, known: Known) -> bytes:
    """Return the card of a version as it reads today: the one that was frozen, and below it what is on record since. Equal facts give equal bytes."""
    said = [f"Released by {plain(known.approved_by)}."] if known.approved_by else ["Not released: use it to look at it, and train on another one."]
    parts = ["# On record", *said, *(section(name, lines) for name, lines in sections(known).items() if lines)]
    return frozen.rstrip(b"\n") + b"\n\n" + "\n\n".join(parts).encode() + b"\n"


def sections(known: Known) -> dict[str, list[str]]:
    return {
        "Agreement": list(known.agreement),
        "Labelers": [*labelers_in_words(known.labelers), *([known.consent] if known.consent else [])],
        "Thin slices": [f"{plain(f'{name}: {value}')}, {rows:,} row{'s' if rows != 1 else ''}" for name, value, rows in known.thin],
        "Gates": [plain(line) for line in known.gates],
        "Waived": [plain(line) for line in known.waivers],
        "Read by people before the release": [plain(line) for line in known.readings],
        "What happened to it": [plain(line) for line in known.events],
    }


def labelers_in_words(labelers: Mapping[str, int]) -> list[str]:
    """Say how labels are shared out: a few people give most of them nearly everywhere."""
    counts = sorted(labelers.values(), reverse=True)
    if not counts:
        return []
    share = 100 * sum(counts[:5]) / sum(counts)
    named = sorted(labelers.items(), key=lambda item: (-item[1], item[0]))[:SHOWN_LABELERS]
    said = [f"{len(counts):,} people gave {sum(counts):,} labels that counted; the five who gave most gave {share:.0f} % of them."]
    said += ["By pseudonyms of this dataset alone: " + ", ".join(f"{name} {n:,}" for name, n in named) + "."]
    return said


SHOWN_LABELERS = 50


def section(name: str, lines: Sequence[str]) -> str:
    return f"## {name}\n\n" + "\n".join(f"- {line}" for line in lines)


def header(facts: Facts) -> str:
    """Return the YAML that `datasets` reads: the splits that have rows, and the votes apart from them.

    Not the private split: most folders are without its files, and `datasets` loads nothing at all where one that is named is missing.
    """
    configs = {"preferences": files_of(facts), "votes": {split: f"{split}.votes.jsonl" for split in facts.voted}}
    public = {name: {split: path for split, path in files.items() if split != PRIVATE} for name, files in configs.items()}
    lines = [line for name, files in public.items() if files for line in config_lines(name, files)]
    return "\n".join(["---", f"pretty_name: {json.dumps(f'{facts.dataset} {facts.number}')}", *(["configs:"] if lines else []), *lines, "---"])


def without_private(card: bytes) -> bytes:
    """Return a card whose header does not name the files of the private split, as those of earlier versions do."""
    return re.sub(rb"^  - split: test\n    path: test\.[a-z.]+\n", b"", card, flags=re.MULTILINE)


def files_of(facts: Facts) -> dict[str, str]:
    return {split: f"{split}.jsonl" for split, rows in facts.rows.items() if rows}


def config_lines(name: str, files: Mapping[str, str]) -> list[str]:
    default = ["  default: true"] if name == "preferences" else []
    return [f"- config_name: {name}", *default, "  data_files:", *(f"  - split: {split}\n    path: {path}" for split, path in files.items())]


def opening(facts: Facts) -> str:
    said = [f"# {facts.dataset}, version {facts.number}"]
    if facts.description:
        said.append(plain(facts.description))
    splits = ", ".join(f"{rows:,} {split}" for split, rows in facts.rows.items() if rows)
    said.append(f"{sum(facts.rows.values()):,} preferences: {splits}. A version never changes; its id is the SHA-256 of manifest.json.")
    return "\n\n".join(said)


def use(facts: Facts) -> str:
    first = next(iter(files_of(facts)))
    code = f'from datasets import load_dataset\n\nrows = load_dataset("json", data_files="{first}.jsonl", split="train")'
    return (
        "## Use\n\nThe conversational layout with an explicit prompt that TRL reads. The loss falls on chosen and rejected, never on the prompt. "
        f"Check the files with `sha256sum -c SHA256SUMS`.\n\n```python\n{code}\n```"
    )


def trainers() -> str:
    """Return how it is known of each layout that its trainer reads it so."""
    said = [f"- `{layout}`, {reader.name}; {reader.said}." + (f" {reader.loses}" if reader.loses else "") for layout, reader in READERS.items()]
    return "## Trainers\n\nThe layouts in which it can be had, and what was run of what reads them.\n\n" + "\n".join(said)


def objectives() -> str:
    return "## What it is for, and what that can go wrong with\n\n" + "\n".join(
        f"- **{name}**: {how}. It can go wrong: {wrong}." for name, (how, wrong) in OBJECTIVES.items()
    )


def collection(facts: Facts) -> str:
    said = [
        "Labelers read a prompt and two responses side by side, the sides drawn for each of them, without knowing which policy wrote which, "
        "whether the pair was a check, or what others chose.",
        "Labelers stand in the votes under pseudonyms that hold in this dataset alone. What they wrote beside their labels is not part of it.",
        "Prompts of one family (the same text but for case and space, near duplicates, parts of one conversation) lie in one split, which was drawn once "
        "from the family's key and the salt in manifest.json and never moves. A prompt that would connect two splits was left out, and so was "
        "whatever is like a gold item.",
        *([held_out_in_words(facts.held_out)] if facts.held_out else []),
    ]
    return "## How it was collected\n\n" + "\n".join(f"- {sentence}" for sentence in said)


def held_out_in_words(people: int) -> str:
    who = "1 labeler is" if people == 1 else f"{people:,} labelers are"
    return (
        f"{who} held out, now and in every later version: no row of train or validation rests on a label or an adjudication of theirs, so test, with its "
        "votes, also tells how a model does by the judgment of people whom it never saw. `held_out` in manifest.json has their pseudonyms."
    )


def made_of(facts: Facts) -> str:
    rows = {
        "Campaigns": ", ".join(facts.campaigns),
        "Settled by": "; ".join([counted(facts.settled), f"rule {', '.join(facts.rules)}"]),
        "Labels that counted, by where they were made": counted(facts.votes),
        "Rubric versions": ", ".join(facts.rubrics),
        "Policies": ", ".join(facts.policies),
        "Licences of the prompts": counted(facts.licences),
        "Settled pairs left out": counted(facts.left_out) or "none",
    }
    return "## What it is made of\n\n" + "\n".join(f"- {name}: {plain(value)}" for name, value in rows.items())


def columns() -> str:
    return "## Columns\n\n" + "\n".join(f"- `{name}`: {meaning}" for name, meaning in COLUMNS.items())


def limits(facts: Facts) -> str:
    said = ["Ties and pairs without a right answer are not in it, so it says nothing of how often responses are equally good."]
    if len(facts.rubrics) > 1:
        said.append("It mixes rubric versions: what good means differs between rows. `rubric_version` tells them apart.")
    return "## Limits\n\n" + "\n".join(f"- {sentence}" for sentence in said)


def counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{n:,} {name or 'not known'}" for name, n in sorted(counts.items()))


def plain(text: str) -> str:
    """Return a text that somebody typed as one line in which no character is Markdown or HTML."""
    return re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", " ".join(text.split()))
