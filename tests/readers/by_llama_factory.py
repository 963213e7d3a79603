"""What LLaMA-Factory makes of its layout: from dataset_info.json to the token ids of its pairwise stage, with its template chatml."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import transformers.audio_utils  # noqa: F401 - asks whether torchaudio is there, before a name without sound stands for it

# It is imported for sound, which no layout has, and comes for GPUs alone.
sys.modules["torchaudio"] = silence = ModuleType("torchaudio")
silence.__spec__ = ModuleSpec("torchaudio", None)

from llamafactory.data.loader import _get_merged_dataset, _get_preprocessed_dataset  # noqa: E402
from llamafactory.data.template import get_template_and_fix_tokenizer  # noqa: E402
from llamafactory.hparams import DataArguments, ModelArguments  # noqa: E402
from transformers import Seq2SeqTrainingArguments  # noqa: E402

from tests.readers import bytewise  # noqa: E402


def read(file: Path, template: str) -> list[dict[str, Any]]:
    """Return the token ids of both sides, and those of them that are learned."""
    words = bytewise.tokenizer(template)
    data = DataArguments(dataset="preferences_train", dataset_dir=str(file.parent), template="chatml", cutoff_len=2048, overwrite_cache=True)
    training = Seq2SeqTrainingArguments(output_dir=str(file.parent / "out"), use_cpu=True, report_to="none")
    laid_out = get_template_and_fix_tokenizer(words, data)
    rows = _get_merged_dataset(data.dataset, ModelArguments(model_name_or_path="none"), data, training, "rm")
    read = _get_preprocessed_dataset(rows, data, training, "rm", laid_out, words)
    return [{name: row[name] for name in ("chosen_input_ids", "chosen_labels", "rejected_input_ids", "rejected_labels")} for row in read]
