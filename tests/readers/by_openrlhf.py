"""What OpenRLHF makes of its layout: its loader of files, then its RewardDataset for DPO."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from openrlhf.datasets.reward_dataset import RewardDataset
from openrlhf.datasets.utils import blending_datasets

from tests.readers import bytewise

MAX_LENGTH = 2048


class Strategy:
    """What the reader asks of the run: the flags of the layout's configuration, and a place to print to."""

    args = SimpleNamespace(use_ms=False, data=SimpleNamespace(prompt_key=None, chosen_key="chosen", rejected_key="rejected", apply_chat_template=True))

    def print(self, *said: object) -> None:
        """Keep quiet."""

    def is_rank_0(self) -> bool:
        return False


def read(file: Path, template: str) -> list[dict[str, Any]]:
    """Return the token ids of both sides with the prompt before them, and how many of them are the prompt's."""
    rows = blending_datasets(str(file), strategy=Strategy(), dataset_split="train")
    read = RewardDataset(rows, bytewise.tokenizer(template), MAX_LENGTH, Strategy(), is_dpo=True, num_processors=1)
    return [{"chosen": chosen[0].tolist(), "rejected": rejected[0].tolist(), "prompt": asked} for chosen, _, rejected, _, asked in read]
