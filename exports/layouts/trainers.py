"""What other trainers read: Axolotl, LLaMA-Factory, OpenRLHF, NeMo-RL, and OpenAI's preference fine-tuning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from accounts.marking import marked
from exports.layouts.layout import Layout, Line, NotTaken, whole

SHAREGPT = {"system": "system", "user": "human", "assistant": "gpt"}


FEW_WORDS, FEW_CHARACTERS = 3, 24


def axolotl(row: Line, votes: Sequence[Line]) -> Iterator[Line]:
    """`chat_template.default`: the conversation, and each side as one message.

    Its reader applies the template to a side behind a message of its own, and then looks for the side in what came out. It finds none where the template
    trims white space, and trains on nothing, or on the last character; and it finds one of a word or two in the template itself ("Paris" stands in
    Mistral's, "user" in most). It says a word of neither.
    """
    for side in ("chosen", "rejected"):
        text = row[side][0]["content"]
        if text != text.strip():
            raise NotTaken("white space at an end of a side")
        if text.isascii() and len(text) < FEW_CHARACTERS and len(text.split()) < FEW_WORDS:
            raise NotTaken("a side of a word or two")
    yield {"messages": row["prompt"], "chosen": row["chosen"][0], "rejected": row["rejected"][0]}


def llama_factory(row: Line, votes: Sequence[Line]) -> Iterator[Line]:
    """Sharegpt, ranking. It drops a conversation whose turns do not alternate, with no more than a warning: such rows are left out here, and counted."""
    roles = [turn["role"] for turn in row["prompt"] if turn["role"] != "system"]
    if roles[0] != "user" or any(one == other for one, other in pairwise(roles)):
        raise NotTaken("turns that do not alternate")
    turns = [{"from": SHAREGPT[turn["role"]], "value": turn["content"]} for turn in row["prompt"]]
    sides = {side: {"from": "gpt", "value": row[side][0]["content"]} for side in ("chosen", "rejected")}
    yield {"conversations": turns, **sides}


def openrlhf(row: Line, votes: Sequence[Line]) -> Iterator[Line]:
    """Both sides as whole conversations, found by the names that its flags give."""
    yield {"chosen": whole(row, "chosen"), "rejected": whole(row, "rejected")}


def nemo_rl(row: Line, votes: Sequence[Line]) -> Iterator[Line]:
    """The conversation, and its answers by rank: 0 is the better."""
    ranked = [{"rank": rank, "completion": row[side]} for rank, side in enumerate(("chosen", "rejected"))]
    yield {"context": row["prompt"], "completions": ranked}


def openai(row: Line, votes: Sequence[Line]) -> Iterator[Line]:
    yield {"input": {"messages": row["prompt"]}, "preferred_output": row["chosen"], "non_preferred_output": row["rejected"]}


def train(names: Mapping[str, str]) -> str:
    return names.get("train") or next(iter(names.values()), "train.jsonl")


def axolotl_block(names: Mapping[str, str]) -> str:
    kind = "parquet" if train(names).endswith(".parquet") else "json"
    return f"""\
base_model: MODEL
rl: dpo
datasets:
  - path: {train(names)}
    ds_type: {kind}
    split: train
    type: chat_template.default
    field_messages: messages
    field_chosen: chosen
    field_rejected: rejected
"""


def llama_factory_block(names: Mapping[str, str]) -> str:
    held_out = f"eval_dataset: {entry('validation')}\n" if "validation" in names else ""
    return f"""\
model_name_or_path: MODEL
stage: dpo
do_train: true
dataset_dir: .
dataset: {entry("train")}
{held_out}template: TEMPLATE
cutoff_len: 2048
output_dir: out
"""


def entry(split: str) -> str:
    return f"preferences_{split}"


def dataset_info(names: Mapping[str, str]) -> Mapping[str, Any]:
    """Return `dataset_info.json`: an entry for each file."""
    columns = {"messages": "conversations", "chosen": "chosen", "rejected": "rejected"}
    return {
        "dataset_info.json": {
            entry(split): {"file_name": name, "formatting": "sharegpt", "ranking": True, "columns": columns} for split, name in sorted(names.items())
        }
    }


def openrlhf_block(names: Mapping[str, str]) -> str:
    held_out = f"   --eval.dataset {names['validation']} --eval.split train \\\n" if "validation" in names else ""
    return f"""\
deepspeed --module openrlhf.cli.train_dpo \\
   --model.model_name_or_path MODEL \\
   --data.dataset {train(names)} \\
{held_out}   --data.chosen_key chosen \\
   --data.rejected_key rejected \\
   --data.apply_chat_template \\
   --data.max_len 2048 \\
   --ckpt.output_dir out
"""


def nemo_rl_block(names: Mapping[str, str]) -> str:
    held_out = f"  validation:\n    data_path: {names['validation']}\n" if "validation" in names else ""
    return f"""\
data:
  max_input_seq_length: 2048
  train:
    data_path: {train(names)}
{held_out}  default:
    dataset_name: PreferenceDataset
"""


def openai_block(names: Mapping[str, str]) -> str:
    held_out = f'held_out = client.files.create(file=open("{names["validation"]}", "rb"), purpose="fine-tune")\n' if "validation" in names else ""
    return f"""\
from openai import OpenAI

client = OpenAI()
rows = client.files.create(file=open("{train(names)}", "rb"), purpose="fine-tune")
{held_out}client.fine_tuning.jobs.create(
    training_file=rows.id,{" validation_file=held_out.id," if held_out else ""}
    model="MODEL",
    method={{"type": "dpo", "dpo": {{"hyperparameters": {{"beta": 0.1}}}}}},
)
"""


LAYOUTS = [
    Layout(
        name="axolotl",
        title="Axolotl, chat_template.default",
        objective="DPO",
        version=2,
        convert=axolotl,
        block=axolotl_block,
        language="yaml",
        one_file=True,
        kinds=("jsonl", "jsonl.gz", "parquet"),
    ),
    Layout(
        name="llama-factory",
        title=marked("LLaMA-Factory, sharegpt ranking"),
        objective="DPO",
        version=1,
        convert=llama_factory,
        block=llama_factory_block,
        language="yaml",
        one_file=True,
        beside=dataset_info,
        kinds=("jsonl",),
    ),
    Layout(
        name="openrlhf",
        title="OpenRLHF",
        objective="DPO",
        version=1,
        convert=openrlhf,
        block=openrlhf_block,
        language="shell",
        one_file=True,
        kinds=("jsonl", "parquet"),
    ),
    Layout(
        name="nemo-rl",
        title="NeMo-RL",
        objective="DPO",
        version=1,
        convert=nemo_rl,
        block=nemo_rl_block,
        language="yaml",
        one_file=True,
        kinds=("jsonl",),
    ),
    Layout(
        name="openai",
        title=marked("OpenAI, preference fine-tuning"),
        objective="DPO",
        version=1,
        convert=openai,
        block=openai_block,
        language="python",
        one_file=True,
        kinds=("jsonl",),
    ),
]
