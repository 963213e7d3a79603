"""What Arena-Rank makes of the battles: its PairDataset of each row's votes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from arena_rank.utils.data_utils import PairDataset
from datasets import load_dataset


def read(file: Path, template: str) -> list[dict[str, Any]]:
    """Return, row by row, how often who met whom, and what came of it: 1 is the first one's win, 0.5 a tie."""
    kind = "parquet" if file.suffix == ".parquet" else "json"
    battles = load_dataset(kind, data_files=str(file), split="train").to_pandas()
    return [{"battles": told(PairDataset.from_pandas(met))} for _, met in battles.groupby("question_id", sort=False)]


def told(read: PairDataset) -> list[list[Any]]:
    met = zip(read.pairs.tolist(), read.outcomes.tolist(), read.counts.tolist(), strict=True)
    return sorted([read.competitors[first], read.competitors[second], outcome, count] for (first, second), outcome, count in met)
