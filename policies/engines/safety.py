"""Whether a model folder may be loaded, and what it is: checks and hashes without torch, so that any process may ask."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from policies.engines.base import EngineError, UnsafeModel

# What can run code when it is read, or was made to be: Python itself, pickles under their many names, libraries.
REFUSED_SUFFIXES = frozenset(
    {
        *(".py", ".pyc", ".pyo", ".so", ".dll", ".dylib", ".sh"),
        *(".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".dill", ".npy", ".npz", ".h5", ".keras", ".msgpack"),
    }
)
REFUSED_KEYS = frozenset({"auto_map", "trust_remote_code", "custom_pipelines"})
# Word lists, whose keys are pieces of text and mean nothing.
WORD_LISTS = frozenset({"tokenizer.json", "vocab.json", "added_tokens.json"})
# What a model folder holds for people; everything else may decide what the model says, and is hashed.
DOCUMENTS = frozenset({".md", ".pdf", ".png", ".jpg", ".jpeg", ".gif", ".svg"})
DOCUMENT_NAMES = ("license", "licence", "notice", "use_policy", "readme")
TEMPLATE_FILE = "chat_template.jinja"


def check_model_folder(path: Path, *, root: Path | None = None) -> None:
    """Raise `UnsafeModel`, with the reason, unless the folder is safetensors and plain settings only.

    `root` is the model root that the folder, and every link inside it, must stay under; without one no link may leave the folder.
    """
    if not path.is_dir():
        raise UnsafeModel(f"{path} is not a folder")
    home = (root or path).resolve()
    if not path.resolve().is_relative_to(home):
        raise UnsafeModel(f"{path} lies outside the model root {root}")
    files = list(_files(path, home))
    if not any(file.suffix == ".safetensors" for file in files):
        raise UnsafeModel(f"{path} holds no safetensors file")
    if not (path / "config.json").is_file():
        raise UnsafeModel(f"{path} holds no config.json")
    for file in files:
        _check_file(file, path)


def _files(path: Path, home: Path) -> Iterator[Path]:
    """Every file below the folder, hidden ones too, links followed as far as `home` reaches."""
    for entry in sorted(path.iterdir()):
        if not entry.resolve().is_relative_to(home):
            raise UnsafeModel(f"{entry} is a link that leads out of {home}")
        if entry.is_dir():
            if entry.is_symlink():
                raise UnsafeModel(f"{entry} is a link to a folder")
            yield from _files(entry, home)
        elif entry.is_file():
            yield entry
        else:
            raise UnsafeModel(f"{entry} is neither a file nor a folder")


def _check_file(file: Path, folder: Path) -> None:
    name = file.relative_to(folder).as_posix()
    for suffix in {file.suffix.lower(), file.resolve().suffix.lower()}:
        if suffix in REFUSED_SUFFIXES:
            raise UnsafeModel(f"{name} can run code when it is loaded: only safetensors and plain settings are read")
    if file.name == "adapter_config.json":
        raise UnsafeModel(f"{name} makes this an adapter for weights that lie elsewhere: merge it into them first")
    if file.suffix.lower() == ".json" and file.name not in WORD_LISTS:
        _check_json(file, name)


def _check_json(file: Path, name: str) -> None:
    try:
        content = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise UnsafeModel(f"{name} is not JSON: {error}") from error
    for key, value in _settings(content):
        if key in REFUSED_KEYS:
            raise UnsafeModel(f"{name} names {key}: code that comes with a model is not run")
        if key.endswith("_implementation") and "/" in str(value):
            raise UnsafeModel(f"{name} names {key} {value}: code is not fetched for a model")
    if name.endswith(".index.json"):
        _check_index(content, name)


def _settings(content: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value, however deep."""
    pending = [content]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            yield from part.items()
            pending.extend(part.values())
        elif isinstance(part, list):
            pending.extend(part)


def _check_index(content: Any, name: str) -> None:
    shards = content.get("weight_map") if isinstance(content, dict) else None
    if not isinstance(shards, dict) or not all(isinstance(shard, str) for shard in shards.values()):
        raise UnsafeModel(f"{name} does not say which file holds which weights")
    for shard in sorted(set(shards.values())):
        if "/" in shard or "\\" in shard or not shard.endswith(".safetensors"):
            raise UnsafeModel(f"{name} points at {shard!r}, which is no safetensors file of this folder")


def hash_weights(path: Path) -> str:
    """Return the SHA-256 over names and contents of all that decides what the model says: weights, config, tokenizer, template.

    The files are taken in the order of their names, so where the folder lies, and documents and hidden files in it, make no difference.
    """
    total = hashlib.sha256()
    for file in sorted(_files(path, Path("/")), key=lambda file: file.relative_to(path).as_posix()):
        name = file.relative_to(path)
        if not _is_for_people(name):
            with file.open("rb") as opened:
                total.update(f"{name.as_posix()}\0{hashlib.file_digest(opened, 'sha256').hexdigest()}\n".encode())
    return total.hexdigest()


def _is_for_people(name: Path) -> bool:
    hidden = any(part.startswith(".") for part in name.parts)
    return hidden or name.suffix.lower() in DOCUMENTS or name.name.lower().startswith(DOCUMENT_NAMES)


def read_template(path: Path) -> str:
    """Return the folder's chat template, from where transformers would take it: its own file, else the tokenizer's config.

    Raises `EngineError` where there is none: such a model was not taught to chat.
    """
    try:
        template = _template(path)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise EngineError(f"the chat template in {path} cannot be read: {error}") from error
    if not isinstance(template, str) or not template:
        raise EngineError(f"{path} has no chat template: the model was not made to hold a conversation")
    return template


def _template(path: Path) -> Any:
    if (path / TEMPLATE_FILE).is_file():
        return (path / TEMPLATE_FILE).read_bytes().decode()  # as it is: a template's line ends are tokens
    config = path / "tokenizer_config.json"
    template = json.loads(config.read_bytes()).get("chat_template") if config.is_file() else None
    if isinstance(template, list):  # several, each with a name
        return {entry["name"]: entry["template"] for entry in template}.get("default")
    return template


def hash_template(path: Path) -> str:
    """Return the SHA-256 of the chat template's text. Raises `EngineError` where there is none."""
    return hashlib.sha256(read_template(path).encode()).hexdigest()
