"""What TRL reads: prompt and sides as messages or as text, rewards with a margin, single completions with a mark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from accounts.marking import marked
from exports.layouts.layout import Layout, Line, same, whole

SPEAKERS = {"system": "System", "user": "Human", "assistant": "Assistant"}


def as_text(row: Line, votes: Sequence[Line]) -> Iterator[Line]:
    """The conversation as a transcript, as Anthropic's HH has it: no chat template is applied to text.

    The space before an answer belongs to the answer, since that is where tokenizers put it.
    """
    asked = "".join(f"\n\n{SPEAKERS[turn['role']]}: {turn['content']}" for turn in row["prompt"])
    sides = {side: f" {row[side][0]['content']}" for side in ("chosen", "rejected")}
    yield {"prompt": f"{asked}\n\nAssistant:", **sides, "pair_id": row["pair_id"]}


def implicit(row: Line, votes: Sequence[Line]) -> Iterator[Line]:
    """Both sides as whole conversations; the trainer finds the prompt as what they share."""
    yield {"chosen": whole(row, "chosen"), "rejected": whole(row, "rejected"), "pair_id": row["pair_id"]}


def reward(row: Line, votes: Sequence[Line]) -> Iterator[Line]:
    """As `implicit`, with the margin by which the reward of chosen should be above that of rejected.

    A margin below 0, where a strong minority stood against a weak majority, becomes 0: else the loss would be content with the wrong order.
    """
    for line in implicit(row, votes):
        yield line | {"margin": max(row["margin"], 0.0)}


def kto(row: Line, votes: Sequence[Line]) -> Iterator[Line]:
    """Two lines a row: chosen is desirable, rejected is not."""
    for side, label in (("chosen", True), ("rejected", False)):
        yield {"prompt": row["prompt"], "completion": row[side], "label": label, "pair_id": row["pair_id"]}


def program(trainer: str, config: str, module: str, extra: str = "") -> str:
    return f"""\
from datasets import load_dataset
from trl{module} import {config}, {trainer}

rows = load_dataset("{{kind}}", data_files={{files}})
args = {config}(output_dir="out", max_length=2048{extra})
trainer = {trainer}(model="MODEL", args=args, train_dataset=rows["train"]{{held_out}})
trainer.train()
"""


def block(text: str, names: Mapping[str, str]) -> str:
    kind = "parquet" if any(name.endswith(".parquet") for name in names.values()) else "json"
    held_out = ', eval_dataset=rows["validation"]' if "validation" in names else ""
    return text.format(kind=kind, files={split: name for split, name in names.items() if split != "test"}, held_out=held_out)


DPO = program("DPOTrainer", "DPOConfig", "")
REWARD = program("RewardTrainer", "RewardConfig", "")
KTO = program("KTOTrainer", "KTOConfig", "")


def dpo_block(names: Mapping[str, str]) -> str:
    return block(DPO, names)


def reward_block(names: Mapping[str, str]) -> str:
    return block(REWARD, names)


def kto_block(names: Mapping[str, str]) -> str:
    return block(KTO, names)


LAYOUTS = [
    Layout(
        name="canonical",
        title=marked("Canonical: TRL, conversational with an explicit prompt"),
        objective="DPO",
        version=1,
        convert=same,
        block=dpo_block,
        language="python",
        kinds=("jsonl.gz", "jsonl.zst", "parquet"),  # plain it is what the version has
    ),
    Layout(name="trl-text", title=marked("TRL, standard (text)"), objective="DPO", version=1, convert=as_text, block=dpo_block, language="python"),
    Layout(
        name="trl-implicit",
        title=marked("TRL, conversational with an implicit prompt"),
        objective="DPO",
        version=1,
        convert=implicit,
        block=dpo_block,
        language="python",
    ),
    Layout(
        name="reward",
        title=marked("Reward model, with margins"),
        objective=marked("reward model"),
        version=1,
        convert=reward,
        block=reward_block,
        language="python",
    ),
    Layout(name="kto", title="KTO", objective="KTO", version=1, convert=kto, block=kto_block, language="python"),
]
