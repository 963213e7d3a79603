"""Model folders: what may be loaded, and what its hash says."""

import json
import os
from pathlib import Path

import pytest

from policies.engines.base import EngineError, UnsafeModel
from policies.engines.safety import check_model_folder, hash_template, hash_weights, read_template


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that may be loaded, as far as can be seen from outside."""
    folder = tmp_path / "models" / "good"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "config.json").write_text('{"model_type": "llama"}')
    (folder / "tokenizer.json").write_text('{"model": {"vocab": {"auto_map": 1}}}')
    (folder / "tokenizer_config.json").write_text('{"chat_template": "{{ messages }}"}')
    return folder


def test_it_works(folder: Path) -> None:
    check_model_folder(folder)
    check_model_folder(folder, root=folder.parent)


@pytest.mark.parametrize(
    "name", ["modeling.py", "pytorch_model.bin", "model.pt", "model.PTH", "state.pkl", "deep/er/training.ckpt", ".hidden/x.py", "kernel.so"]
)
def test_a_folder_that_could_run_code_is_refused(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"")
    with pytest.raises(UnsafeModel, match=f"{name} can run code when it is loaded"):
        check_model_folder(folder)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("config.json", {"auto_map": {"AutoConfig": "x.Y"}}, "names auto_map"),
        ("config.json", {"text_config": [{"trust_remote_code": True}]}, "names trust_remote_code"),
        ("tokenizer_config.json", {"auto_map": {}}, "names auto_map"),
        ("config.json", {"_attn_implementation": "someone/kernels"}, "names _attn_implementation someone/kernels"),
        ("adapter_config.json", {}, "adapter"),
        ("model.safetensors.index.json", {"weight_map": {"w": "../other.safetensors"}}, "points at"),
        ("model.safetensors.index.json", {"weight_map": {"w": "model.bin"}}, "points at"),
        ("model.safetensors.index.json", {}, "does not say"),
    ],
)
def test_settings_that_lead_elsewhere_are_refused(folder: Path, name: str, content: object, reason: str) -> None:
    (folder / name).write_text(json.dumps(content))
    with pytest.raises(UnsafeModel, match=reason):
        check_model_folder(folder)


@pytest.mark.parametrize("content", ["{", "[" * 100_000, '"\udc80"'])
def test_settings_that_are_not_json_are_refused(folder: Path, content: str) -> None:
    (folder / "config.json").write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(UnsafeModel, match=r"config\.json is not JSON"):
        check_model_folder(folder)


@pytest.mark.parametrize(("missing", "reason"), [("model.safetensors", "no safetensors"), ("config.json", r"no config\.json")])
def test_a_folder_that_lacks_something_is_refused(folder: Path, missing: str, reason: str) -> None:
    (folder / missing).unlink()
    with pytest.raises(UnsafeModel, match=reason):
        check_model_folder(folder)


def test_a_missing_folder_and_a_file_are_refused(folder: Path) -> None:
    for path in (folder / "nowhere", folder / "config.json"):
        with pytest.raises(UnsafeModel, match="is not a folder"):
            check_model_folder(path)


def test_a_folder_outside_its_root_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    for path in (folder, tmp_path / "other" / ".." / "models" / "good"):
        with pytest.raises(UnsafeModel, match="outside the model root"):
            check_model_folder(path, root=tmp_path / "other")
    (tmp_path / "other" / "linked").symlink_to(folder)
    with pytest.raises(UnsafeModel, match="outside the model root"):
        check_model_folder(tmp_path / "other" / "linked", root=tmp_path / "other")


def test_links_may_lead_about_the_root_but_not_out_of_it(folder: Path, tmp_path: Path) -> None:
    blob = tmp_path / "models" / "blobs" / "0123"
    blob.parent.mkdir()
    (folder / "model.safetensors").rename(blob)
    (folder / "model.safetensors").symlink_to(blob)
    check_model_folder(folder, root=tmp_path / "models")
    with pytest.raises(UnsafeModel, match="leads out of"):
        check_model_folder(folder)
    (folder / "notes.txt").symlink_to("/etc/hostname")
    with pytest.raises(UnsafeModel, match="leads out of"):
        check_model_folder(folder, root=tmp_path / "models")


def test_a_link_to_a_pickle_under_another_name_is_refused(folder: Path) -> None:
    (folder.parent / "weights.bin").write_bytes(b"")
    (folder / "extra.safetensors").symlink_to(folder.parent / "weights.bin")
    with pytest.raises(UnsafeModel, match="can run code"):
        check_model_folder(folder, root=folder.parent)


def test_a_linked_folder_and_a_pipe_are_refused(folder: Path) -> None:
    (folder / "round").symlink_to(folder)
    with pytest.raises(UnsafeModel, match="link to a folder"):
        check_model_folder(folder)
    (folder / "round").unlink()
    os.mkfifo(folder / "pipe")
    with pytest.raises(UnsafeModel, match="neither a file nor a folder"):
        check_model_folder(folder)


def test_the_hash_is_of_what_decides_the_words(folder: Path, tmp_path: Path) -> None:
    before = hash_weights(folder)
    (folder / "README.md").write_text("About")
    (folder / "LICENSE.txt").write_text("Free")
    (folder / ".cache").mkdir()
    (folder / ".cache" / "note.json").write_text("{}")
    folder.rename(tmp_path / "moved")
    assert hash_weights(tmp_path / "moved") == before
    assert len(before) == 64


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json", "generation_config.json", "chat_template.jinja"])
def test_the_hash_changes_with_each_file(folder: Path, name: str) -> None:
    before = hash_weights(folder)
    (folder / name).write_bytes(b"changed")
    assert hash_weights(folder) != before


def test_the_hash_changes_with_a_name(folder: Path) -> None:
    before = hash_weights(folder)
    (folder / "config.json").rename(folder / "settings.json")
    assert hash_weights(folder) != before


def test_the_template_is_read_from_where_transformers_takes_it(folder: Path) -> None:
    assert read_template(folder) == "{{ messages }}"
    several = [{"name": "tool_use", "template": "tools"}, {"name": "default", "template": "plain"}]
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": several}))
    assert read_template(folder) == "plain"
    in_config = hash_template(folder)
    (folder / "chat_template.jinja").write_bytes(b"own\r\n")
    assert read_template(folder) == "own\r\n"
    assert hash_template(folder) != in_config


@pytest.mark.parametrize("content", ["{}", '{"chat_template": ""}', '{"chat_template": [{"name": "x"}]}', "[]", "{"])
def test_a_model_that_cannot_chat_is_refused(folder: Path, content: str) -> None:
    (folder / "tokenizer_config.json").write_text(content)
    with pytest.raises(EngineError, match="chat template"):
        read_template(folder)
