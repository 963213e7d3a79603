"""The operator's commands: they do it, or exit with one clear reason; and their help suffices."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command, get_commands, load_command_class

from policies import tasks
from policies.models import GenerationRun, Prompt
from tests.builders import make_policy, make_prompt, make_prompt_set
from tests.policies.rows import make_echo

pytestmark = pytest.mark.django_db


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    heard: list[int] = []
    monkeypatch.setattr(tasks, "ring", heard.append)
    return heard


def run(name: str, *words: str) -> str:
    said = io.StringIO()
    call_command(name, *words, stdout=said)
    return said.getvalue()


def write(folder: Path, *lines: object) -> str:
    path = folder / "prompts.jsonl"
    path.write_text("".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines))
    return str(path)


def test_prompts_are_imported(tmp_path: Path) -> None:
    file = write(tmp_path, {"prompt": "One?"}, {"prompt": "one"}, {"prompt": "One?"})
    assert run("import_prompts", file, "--prompt-set", "everyday").splitlines() == [
        "2 prompts stored in everyday.",
        "1 lines repeat what was said before, byte for byte, and were not stored again: 3.",
        "1 lines have the text of an earlier prompt in other bytes: stored, in the family of that one: 2.",
    ]


def test_a_bad_file_is_refused_with_line_and_reason(tmp_path: Path) -> None:
    file = write(tmp_path, {"prompt": "One?"}, "oops\n", {"prompt": ""})
    with pytest.raises(CommandError) as caught:
        run("import_prompts", file, "--prompt-set", "everyday")
    assert str(caught.value).splitlines() == [
        "line 2: not JSON, at column 1: Expecting value (and 1 more of 3 lines); nothing of the file was stored.",
        "line 3: prompt is empty",
    ]
    assert not Prompt.objects.exists()


def test_bad_lines_may_be_left_out_and_all_are_listed(tmp_path: Path) -> None:
    file = write(tmp_path, {"prompt": "One?"}, *["oops\n"] * 30)
    said = run("import_prompts", file, "--prompt-set", "everyday", "--skip-bad").splitlines()
    assert said[:3] == ["1 prompts stored in everyday.", "30 bad lines were left out:", "  line 2: not JSON, at column 1: Expecting value"]
    assert len(said) == 32


@pytest.mark.parametrize(
    ("file", "name", "told"),
    [
        ("/nonexistent", "everyday", "/nonexistent cannot be read: No such file or directory"),
        ("/", "everyday", "/ cannot be read: Is a directory"),
        ("/dev/null", "everyday", "line 1: the file is empty: it needs one JSON object a line; nothing of the file was stored."),
        ("/dev/null", "two words", "'two words' cannot name a prompt set: use letters, digits, hyphens and underscores."),
    ],
)
def test_what_cannot_be_imported_is_refused_with_one_reason(file: str, name: str, told: str) -> None:
    with pytest.raises(CommandError) as caught:
        run("import_prompts", file, "--prompt-set", name)
    assert str(caught.value) == told


def test_a_run_is_started_and_rung_for(rung: list[int]) -> None:
    make_prompt(prompt_set=make_prompt_set("everyday"))
    make_echo("warm")
    make_echo("cool")
    said = run("start_run", "--prompt-set", "everyday", "--policy", "warm", "--policy", "cool", "--seed", "7")
    started = GenerationRun.objects.get()
    assert said == f"Run {started.pk} has 2 requests queued, with seed 7.\n"
    assert rung == [started.pk]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--prompt-set", "nowhere", "--policy", "warm"], "There is no prompt set 'nowhere'. Import one with manage.py import_prompts."),
        (["--prompt-set", "empty", "--policy", "warm"], "the prompt set empty is empty."),
        (["--prompt-set", "empty", "--policy", "nobody"], "There is no policy 'nobody'. Registered and askable: warm."),
        (["--prompt-set", "everyday", "--policy", "old"], "old cannot be asked: its responses were made elsewhere."),
        (["--prompt-set", "everyday", *["--policy", "warm"] * 3], "3 policies are too many: give two, or one that is asked twice."),
    ],
)
def test_a_run_that_makes_no_sense_is_refused_with_one_reason(words: list[str], told: str, rung: list[int]) -> None:
    make_prompt_set("empty")
    make_prompt(prompt_set=make_prompt_set("everyday"))
    make_echo("warm")
    make_policy("old")
    with pytest.raises(CommandError) as caught:
        run("start_run", *words)
    assert (str(caught.value), rung) == (told, [])


@pytest.mark.parametrize("name", [name for name, app in get_commands().items() if app == "policies"])
def test_every_option_says_what_it_is_for(name: str) -> None:
    parser = load_command_class("policies", name).create_parser("manage.py", name)
    assert all(action.help for action in parser._actions)
    assert len(parser.format_help()) > 400
