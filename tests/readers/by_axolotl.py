"""What Axolotl makes of its layout: its loader of files, then `chat_template.default` for DPO."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from axolotl.prompt_strategies.dpo import load
from axolotl.utils.data.shared import load_dataset_with_config
from axolotl.utils.dict import DictDefault

from tests.readers import bytewise


def read(file: Path, template: str) -> list[dict[str, Any]]:
    """Return prompt, chosen and rejected as Axolotl hands them to the trainer. The settings are those of the layout's configuration."""
    config = DictDefault(
        datasets=[
            {
                "path": str(file),
                "ds_type": "parquet" if file.suffix == ".parquet" else "json",
                "split": "train",
                "type": "chat_template.default",
                "field_messages": "messages",
                "field_chosen": "chosen",
                "field_rejected": "rejected",
            }
        ]
    )
    rows = load_dataset_with_config(config.datasets[0], False)
    transform, _ = load("chat_template.default", config, dataset_idx=0)
    words = bytewise.tokenizer(template)
    return [transform(row, tokenizer=words) for row in rows]
