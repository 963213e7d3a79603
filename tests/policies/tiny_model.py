"""Model folders of a few hundred kilobytes, made on the spot: one that babbles, one that recites."""

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoConfig, AutoModelForCausalLM

SPECIAL = ["<|start|>", "<|end|>", "<|pad|>"]
TEMPLATE = "{% for m in messages %}<|start|>{{ m.role }}\n{{ m.content }}<|end|>{% endfor %}{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
NUL = "Ā"  # as byte-level tokenizers write byte 0
BYTES = sorted(set(pre_tokenizers.ByteLevel.alphabet()) - {NUL})
VOCABULARY = len(BYTES) + len(SPECIAL)
END = len(BYTES) + SPECIAL.index("<|end|>")
CONTEXT = 512


def build_tokenizer() -> Tokenizer:
    """Return a tokenizer with a token a byte, so that anything can be said and nothing hides; but for NUL, which would be refused."""
    tokenizer = Tokenizer(models.BPE(vocab={piece: number for number, piece in enumerate(BYTES)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in SPECIAL])
    return tokenizer


def write_folder(folder: Path, model: Any, *, template: str = TEMPLATE) -> Path:
    model.save_pretrained(folder, safe_serialization=True)
    build_tokenizer().save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|end|>", "pad_token": "<|pad|>", "clean_up_tokenization_spaces": False}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    (folder / "chat_template.jinja").write_text(template)
    return folder


def make_babbler(folder: Path, *, family: str = "llama", **settings: Any) -> Path:
    """Write a model of random weights: what it says is noise, but the same noise for the same tokens."""
    torch.manual_seed(4711)
    shape = {"num_hidden_layers": 2, "num_attention_heads": 4, "hidden_size": 64, "max_position_embeddings": CONTEXT}
    if family != "gpt2":
        shape |= {"num_key_value_heads": 2, "intermediate_size": 96}
    ends = {"bos_token_id": None, "eos_token_id": END, "pad_token_id": END + 1}
    config = AutoConfig.for_model(family, vocab_size=VOCABULARY, initializer_range=0.3, **shape, **ends, **settings)
    return write_folder(folder, AutoModelForCausalLM.from_config(config, dtype=torch.float32))


def make_reciter(folder: Path, text: str, *, template: str = TEMPLATE, ends: bool = True) -> Path:
    """Write a model that says the text and, if it `ends`, nothing more; no byte may occur twice in it.

    Its layers add nothing: a token's embedding goes straight to the logits, which name its successor.
    """
    tokenizer = build_tokenizer()
    said = tokenizer.encode(text).ids
    assert len(set(said)) == len(said), "a byte that occurs twice would have two successors"
    config = AutoConfig.for_model(
        "llama",
        vocab_size=VOCABULARY,
        hidden_size=264,
        num_hidden_layers=1,
        num_attention_heads=4,
        intermediate_size=8,
        max_position_embeddings=CONTEXT,
        bos_token_id=None,
        eos_token_id=END,
        pad_token_id=END + 1,
    )
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    with torch.no_grad():
        for parameter in model.model.layers.parameters():
            parameter.zero_()
        model.model.embed_tokens.weight.copy_(torch.eye(VOCABULARY, 264))
        model.lm_head.weight.zero_()
        for token, successor in zip([tokenizer.encode("\n").ids[0], *said], [*said, END if ends else said[0]], strict=True):
            model.lm_head.weight[successor, token] = 1.0
    return write_folder(folder, model, template=template)
