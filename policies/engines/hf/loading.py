"""From a folder to a tokenizer and a model on a device, and what they say about how an answer ends."""

from pathlib import Path
from typing import Any

import torch
import transformers
from jinja2 import TemplateError
from transformers import AutoModelForCausalLM, AutoTokenizer

from policies.engines.base import EngineError

DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32}
DEVICES = ("cpu", "cuda")
LAYERS_WITH_KEYS = {"full_attention", "sliding_attention"}


def find_device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name.split(":")[0] not in DEVICES:
        raise EngineError(f"device {name!r} is not known: cpu, cuda or auto")
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise EngineError("there is no CUDA device here")
    return torch.device(name)


def load(folder: Path, dtype: str, device: torch.device) -> tuple[Any, Any]:
    """Return tokenizer and model. Whatever a broken file makes the libraries raise becomes an `EngineError` that names the folder."""
    if dtype not in DTYPES:
        raise EngineError(f"dtype {dtype!r} is not known: {', '.join(DTYPES)}")
    transformers.utils.logging.disable_progress_bar()
    safely: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, **safely)
        model, info = AutoModelForCausalLM.from_pretrained(folder, use_safetensors=True, dtype=DTYPES[dtype], output_loading_info=True, **safely)
        model = model.eval().to(device)
    except Exception as error:
        raise EngineError(f"{folder} does not load: {error}") from error
    if lacking := sorted(info["missing_keys"]):  # transformers would make them up at random
        raise EngineError(f"{folder} lacks {len(lacking)} of the model's weights, {lacking[0]} for one")
    return tokenizer, model


def check_layers(model: Any, config: Any) -> None:
    """Raise `EngineError` for a model that remembers in another way than by keys and values, which is all that `Columns` holds."""
    others = set(getattr(config, "layer_types", None) or []) - LAYERS_WITH_KEYS
    if others or getattr(model, "_is_stateful", False):
        kinds = ", ".join(sorted(others)) or "recurrent layers"
        raise EngineError(f"{config.model_type} has {kinds}, which this engine cannot batch: serve it behind an endpoint for the openai engine")


def end_tokens(model: Any, tokenizer: Any, template: str) -> frozenset[int]:
    """Every token that ends an answer: those the model's settings name, the tokenizer's, and the one that ends a turn in the chat template."""
    named = [model.generation_config.eos_token_id, model.config.get_text_config().eos_token_id, tokenizer.eos_token_id]
    ends = {int(end) for entry in named if entry is not None for end in (entry if isinstance(entry, list) else [entry])}
    return frozenset(ends | _end_of_turn(tokenizer, template))


def _end_of_turn(tokenizer: Any, template: str) -> set[int]:
    """The special token that the chat template writes behind an assistant's words, if it does; Llama 3 and Gemma name it nowhere else."""
    words = "tiebreak-4711"
    turns = [{"role": "user", "content": "?"}, {"role": "assistant", "content": words}]
    try:
        text = tokenizer.apply_chat_template(turns, chat_template=template, tokenize=False)
    except (TemplateError, TypeError, KeyError):
        return set()
    behind = text.rpartition(words)[2].strip()
    first = tokenizer(behind, add_special_tokens=False)["input_ids"][:1]
    return {token for token in first if token in tokenizer.all_special_ids or token in tokenizer.get_added_vocab().values()}
