"""A trainer as a researcher has one: reads a file, trains a tiny model on it for two steps, and says in JSON what it trained on.

Its tokenizer knows bytes and two marks, so that who called can work out every token without it. Run with DPO, Reward or KTO, a file and an empty folder.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
from datasets import load_dataset
from tokenizers import Tokenizer, decoders, models
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.dpo_trainer import DPOTrainer
from trl.trainer.kto_config import KTOConfig
from trl.trainer.kto_trainer import KTOTrainer
from trl.trainer.reward_config import RewardConfig
from trl.trainer.reward_trainer import RewardTrainer

MARKS = ["<pad>", "<|turn|>", "<|end|>"]
TEMPLATE = (
    "{% for message in messages %}<|turn|>{{ message['role'] }}\n{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|turn|>assistant\n{% endif %}"
)


def tokenizer() -> PreTrainedTokenizerFast:
    """Return a tokenizer in which byte b is token 3 + b."""
    vocabulary = {mark: number for number, mark in enumerate(MARKS)} | {f"<0x{byte:02X}>": len(MARKS) + byte for byte in range(256)}
    bytewise = Tokenizer(models.BPE(vocab=vocabulary, merges=[], byte_fallback=True))
    bytewise.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    bytewise.add_special_tokens(MARKS)
    return PreTrainedTokenizerFast(tokenizer_object=bytewise, pad_token=MARKS[0], eos_token=MARKS[2], chat_template=TEMPLATE)


def model() -> LlamaForCausalLM:
    torch.manual_seed(0)
    size = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2, "max_position_embeddings": 2048}
    return LlamaForCausalLM(LlamaConfig(vocab_size=len(MARKS) + 256, pad_token_id=0, eos_token_id=2, bos_token_id=None, **size))


TRAINERS: dict[str, tuple[Any, Any]] = {"DPO": (DPOTrainer, DPOConfig), "Reward": (RewardTrainer, RewardConfig), "KTO": (KTOTrainer, KTOConfig)}
IDS = {
    "DPO": ("pair_id", "prompt_ids", "chosen_ids", "rejected_ids"),
    "Reward": ("pair_id", "chosen_ids", "rejected_ids", "margin"),
    "KTO": ("pair_id", "prompt_ids", "completion_ids", "label"),
}


def train(kind: str, file: Path, folder: Path) -> dict[str, object]:
    words = tokenizer()
    for part in (model(), words):
        part.save_pretrained(folder / "model")
    reader = "parquet" if file.suffix == ".parquet" else "json"
    rows = load_dataset(reader, data_files=str(file), split="train", cache_dir=str(folder / "cache"))
    trainer_class, config_class = TRAINERS[kind]
    args = config_class(
        output_dir=str(folder / "out"),
        max_steps=2,
        per_device_train_batch_size=4,
        logging_steps=1,
        max_length=2048,
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        report_to="none",
        disable_tqdm=True,
        save_strategy="no",
    )
    trainer = trainer_class(model=str(folder / "model"), args=args, train_dataset=rows, processing_class=words)
    trainer.train()
    return {
        "losses": [entry["loss"] for entry in trainer.state.log_history if "loss" in entry],
        "rows": [{name: row[name] for name in IDS[kind]} for row in trainer.train_dataset],
    }


if __name__ == "__main__":
    result = train(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
    (Path(sys.argv[3]) / "result.json").write_text(json.dumps(result))
