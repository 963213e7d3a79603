"""The lines of a version's files: the same bytes for ever, one schema a file, and every text as it was."""

from __future__ import annotations

import doctest
import hashlib
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import datasets
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports import formats

ROOT = Path(formats.__file__).parents[1]

ODD_TEXTS = [
    "line\nfeed, carriage\r\nreturn, tab\t",
    "separators \u2028 \u2029 \x85 \x0b \x0c \x1c \x1e",
    "cafe\u0301 is not café",
    "right to left \u202eabc\u202c, zero\u200bwidth, \ufeff mark",
    "👩🏽\u200d🔬 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 \U0010ffff",
    "quotes \" ' \\ and \\u0041, </script>",
    " spaces at both ends \u00a0",
    "delete \x7f, escape \x1b[31m",
    "Füße, ¿qué?, 漢字, العربية",
]

ROW = formats.Row(
    pair_id="17",
    prompt_id="4",
    family="f" * 64,
    campaign="everyday",
    split="train",
    messages=[formats.message("system", "Be brief."), formats.message("user", "What is 2 + 2?")],
    chosen="4",
    rejected="5",
    margin=1.5,
    strengths_counted=2,
    p_chosen=0.75,
    verdict="b",
    standing="agreed",
    rule="strict-majority/1",
    labels_counted=2,
    chosen_policy="warm@0123abcd",
    rejected_policy="cold@0123abcd",
    rubric_version="helpfulness@3",
    slices='{"language":"en","topic":"arithmetic"}',
    source="tiebreak-demo",
    licence="CC0-1.0",
)

VOTE = formats.Vote(
    pair_id="17",
    labeler="labeler-0a1b2c",
    verdict="b",
    preference=2,
    both_bad=False,
    rubric_version="helpfulness@3",
    kind="work",
    source="desk",
    labeled_at="2025-05-25T14:02:00.000000Z",
    strategy="finish",
    planned_share=100,
)

ORIGIN = formats.Origin(
    policy="warm@0123abcd",
    weights_sha256="a" * 64,
    template_sha256="b" * 64,
    system_prompt_sha256="",
    sampling='{"top_p":0.9}',
    facts='{"engine":"hf"}',
    seed="42",
    finish_reason="stop",
    token_ids=[5, 7],
)


def write(path: Path, rows: Iterable[dict[str, object]]) -> Path:
    path.write_bytes(b"".join(map(formats.canonical_line, rows)))
    return path


def loaded(path: Path) -> Any:
    return datasets.load_dataset("json", data_files=str(path), split="train", cache_dir=str(path.parent / "cache"))


def test_it_works() -> None:
    line = formats.canonical_line(formats.trl_row(ROW))
    assert line.endswith(b"}\n")
    assert json.loads(line) == {
        "prompt": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is 2 + 2?"}],
        "chosen": [{"role": "assistant", "content": "4"}],
        "rejected": [{"role": "assistant", "content": "5"}],
        "pair_id": "17",
        "prompt_id": "4",
        "family": "f" * 64,
        "campaign": "everyday",
        "split": "train",
        "margin": 1.5,
        "strengths_counted": 2,
        "p_chosen": 0.75,
        "verdict": "b",
        "standing": "agreed",
        "rule": "strict-majority/1",
        "labels_counted": 2,
        "chosen_policy": "warm@0123abcd",
        "rejected_policy": "cold@0123abcd",
        "rubric_version": "helpfulness@3",
        "slices": '{"language":"en","topic":"arithmetic"}',
        "source": "tiebreak-demo",
        "licence": "CC0-1.0",
    }


def test_the_worked_examples_of_the_docstrings_hold() -> None:
    assert doctest.testmod(formats).failed == 0


# The bytes


def test_a_line_has_sorted_keys_no_spaces_and_no_needless_escapes() -> None:
    assert (
        formats.canonical_line({"z": "é\u2028/", "a": {"c": 1, "b": [0.1, 1e22, True, None]}})
        == '{"a":{"b":[0.1,1e+22,true,null],"c":1},"z":"é\u2028/"}\n'.encode()
    )


SCRIPT = """
import locale, random, sys
from exports import formats
locale.setlocale(locale.LC_ALL, "")
names = {"topic": "F\\u00fc\\u00dfe", "language": "de", "risk": "none", "l\\u00e4ngster": "\\u2028"}
slices = {name: names[name] for name in set(names)}  # a set's order follows the hash seed
row = formats.Row(pair_id="1", prompt_id="2", family="f", campaign="c", split="train", messages=[formats.message("user", "Wie gro\\u00df? \\u6f22\\u5b57")],
    chosen="So.", rejected="Nein.", margin=1 / 3, strengths_counted=3, p_chosen=4 / 5, verdict="a", standing="agreed", rule="r/1", labels_counted=3,
    chosen_policy="p@1", rejected_policy="q@2", rubric_version="r@1", slices=formats.canonical(slices), source="", licence="")
vote = formats.Vote(pair_id="1", labeler="l", verdict="a", preference=-1, both_bad=False, rubric_version="r@1", kind="work", source="desk",
    strategy="", planned_share=100, labeled_at="2025-05-25T01:02:03.000000Z")
lines = [dict(random.sample(list(line.items()), len(line))) for line in (formats.trl_row(row), formats.vote_row(vote))]
sys.stdout.buffer.write(b"".join(map(formats.line, lines)))
"""
SCRIPT_SHA256 = "00264d5e85643233eacc25c0e36acb0f81b9c47844fa299074620ee49b8cc83f"


@pytest.mark.parametrize(
    ("seed", "zone", "locale"),
    [("0", "UTC", "C"), ("1", "Asia/Kathmandu", "C.UTF-8"), ("4242", "America/St_Johns", "POSIX"), ("random", "Pacific/Apia", "C")],
)
def test_the_bytes_do_not_depend_on_hash_seed_time_zone_locale_or_order(seed: str, zone: str, locale: str) -> None:
    settings = {"PATH": os.environ["PATH"], "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONIOENCODING": "latin-1"}
    run = subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, env=settings, capture_output=True, check=True)
    assert hashlib.sha256(run.stdout).hexdigest() == SCRIPT_SHA256, run.stdout.decode()


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
# As far as a version's numbers go: between them the two writers agree.
FRACTIONS = st.floats(1e-4, 1e15) | st.floats(-1e15, -1e-4) | st.just(0.0)
JSON = st.recursive(TEXT | st.booleans() | st.integers(-(2**53), 2**53) | FRACTIONS, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner))


@given(st.dictionaries(TEXT, JSON))
def test_the_quick_line_is_the_canonical_line(row: dict[str, Any]) -> None:
    assert formats.line(row) == formats.canonical_line(row)


@given(TEXT)
def test_a_text_comes_back_as_it_was_and_fills_one_line(text: str) -> None:
    line = formats.canonical_line({"text": text})
    assert json.loads(line) == {"text": text}
    assert line.count(b"\n") == 1


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_comes_back_as_it_was(number: float) -> None:
    assert json.loads(formats.canonical_line({"margin": number}))["margin"] == number


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "\ude00\ud83d"])
def test_a_lone_surrogate_is_refused(text: str) -> None:
    for row in ({"chosen": text}, {text: "key"}, {"prompt": [{"content": text}]}):
        for write_line in (formats.canonical_line, formats.line):
            with pytest.raises(formats.FormatError, match="a lone surrogate, U\\+D"):
                write_line(row)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_does_not_know_is_refused(number: float) -> None:
    with pytest.raises(formats.FormatError, match="not a number that JSON knows"):
        formats.canonical_line({"margin": number})


# What readers find


def test_datasets_reads_rows_with_the_types_they_have(tmp_path: Path) -> None:
    one, other = ROW, ROW._replace(pair_id="18", slices="{}", messages=[formats.message("user", "Hi")], margin=-1, source="", licence="")
    table = loaded(write(tmp_path / "train.jsonl", map(formats.trl_row, (one, other))))
    turn = datasets.List({"content": datasets.Value("string"), "role": datasets.Value("string")})
    text = [name for name, feature in table.features.items() if feature == datasets.Value("string")]
    assert {name: table.features[name] for name in table.column_names if name not in text} == {
        "prompt": turn,
        "chosen": turn,
        "rejected": turn,
        "margin": datasets.Value("float64"),
        "p_chosen": datasets.Value("float64"),
        "strengths_counted": datasets.Value("int64"),
        "labels_counted": datasets.Value("int64"),
    }
    assert table["margin"][:] == [1.5, -1.0]
    assert json.loads(table[0]["slices"]) == {"language": "en", "topic": "arithmetic"}
    assert json.loads(table[1]["slices"]) == {}
    assert not any(value is None for row in table for value in row.values())


def test_a_file_has_one_schema_whatever_its_rows(tmp_path: Path) -> None:
    bare = ROW._replace(slices="{}", margin=2, messages=[formats.message("user", "Hi")], source="", licence="")
    full, thin = (loaded(write(tmp_path / name, [formats.trl_row(row)])) for name, row in (("full.jsonl", ROW), ("thin.jsonl", bare)))
    assert full.features == thin.features


def test_odd_texts_reach_the_reader_unchanged(tmp_path: Path) -> None:
    rows = [ROW._replace(messages=[formats.message("user", text)], chosen=text + "+", rejected=text + "-") for text in ODD_TEXTS]
    table = loaded(write(tmp_path / "odd.jsonl", map(formats.trl_row, rows)))
    assert [row["prompt"][0]["content"] for row in table] == ODD_TEXTS
    assert [row["chosen"][0]["content"] for row in table] == [text + "+" for text in ODD_TEXTS]
    assert [row["rejected"][0]["content"] for row in table] == [text + "-" for text in ODD_TEXTS]


def test_datasets_reads_votes_with_the_types_they_have(tmp_path: Path) -> None:
    votes = [VOTE, VOTE._replace(verdict="tie", preference=None, both_bad=True)]
    table = loaded(write(tmp_path / "votes.jsonl", map(formats.vote_row, votes)))
    assert {name: feature.dtype for name, feature in table.features.items()} == {
        "both_bad": "bool",
        "kind": "string",
        "labeled_at": "string",
        "labeler": "string",
        "pair_id": "string",
        "planned_share": "int64",
        "preference": "int64",
        "rubric_version": "string",
        "source": "string",
        "strategy": "string",
        "strength_given": "bool",
        "verdict": "string",
    }


# Votes


@pytest.mark.parametrize(("verdict", "preference"), [("a", -1), ("tie", 0), ("b", 1)])
def test_a_vote_without_a_strength_says_so_and_keeps_its_sign(verdict: str, preference: int) -> None:
    line = formats.vote_row(VOTE._replace(verdict=verdict, preference=None))
    assert (line["preference"], line["strength_given"]) == (preference, False)
    assert formats.vote_row(VOTE._replace(verdict=verdict, preference=preference))["strength_given"] is True


def test_a_pseudonym_is_the_persons_own_and_needs_the_secret() -> None:
    assert formats.pseudonym("7", secret=b"one") == formats.pseudonym("7", secret=b"one")
    assert len({formats.pseudonym(str(person), secret=b"one") for person in range(1000)}) == 1000
    assert formats.pseudonym("7", secret=b"one") != formats.pseudonym("7", secret=b"two")


# What is never written


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"messages": []}, "does not end with a user's turn"),
        ({"messages": [formats.message("user", "Hi"), formats.message("assistant", "Hello")]}, "does not end with a user's turn"),
        ({"chosen": ""}, "one of its sides is empty"),
        ({"rejected": " \n"}, "one of its sides is empty"),
        ({"rejected": "4"}, "its sides are equal"),
        ({"margin": math.nan}, "its margin is not within"),
        ({"margin": 3.5}, "its margin is not within"),
        ({"verdict": "tie"}, "its verdict chooses no side"),
        ({"standing": "contested"}, "its standing is not agreed or adjudicated"),
    ],
)
def test_a_row_that_trains_on_something_wrong_is_refused(change: dict[str, Any], why: str) -> None:
    with pytest.raises(formats.FormatError, match=f"pair 17 cannot be written: .*{why}"):
        formats.trl_row(ROW._replace(**change))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"verdict": "left"}, "says no verdict"),
        ({"preference": -2}, "preference of another"),
        ({"preference": 0}, "preference of another"),
        ({"preference": 4}, "preference of another"),
        ({"both_bad": True}, "both bad and no tie"),
        ({"labeled_at": "2025-05-25T14:02:00.000000"}, "a time that does not read as"),
        ({"labeled_at": "2025-05-25T14:02:00Z"}, "a time that does not read as"),
    ],
)
def test_a_vote_that_contradicts_itself_is_refused(change: dict[str, Any], why: str) -> None:
    with pytest.raises(formats.FormatError, match=why):
        formats.vote_row(VOTE._replace(**change))


def test_a_margin_of_minus_zero_is_written_as_zero() -> None:
    assert b'"margin":0.0' in formats.canonical_line(formats.trl_row(ROW._replace(margin=-0.0)))


# How responses came about, and chances


def test_an_origin_has_the_same_columns_whether_much_is_known_of_it_or_nothing(tmp_path: Path) -> None:
    nothing = formats.Origin("cold", "", "", "", "{}", "{}", "", "imported", None)
    table = loaded(write(tmp_path / "lineage.jsonl", [formats.lineage_row("17", ORIGIN, nothing), formats.lineage_row("18", nothing, ORIGIN)]))
    assert {name: feature.dtype for name, feature in table.features["chosen"].items()} == dict.fromkeys(formats.origin(ORIGIN), "string")
    assert json.loads(table[0]["chosen"]["token_ids"]) == [5, 7]
    assert table[0]["rejected"]["token_ids"] == ""


@pytest.mark.parametrize(("chosen", "ties", "judgments", "chance"), [(0, 0, 0, 0.5), (1, 0, 1, 2 / 3), (2, 1, 3, 0.7), (0, 2, 2, 0.5), (1, 0, 3, 0.4)])
def test_the_chance_of_chosen_is_laplaces(chosen: int, ties: int, judgments: int, chance: float) -> None:
    assert formats.p_chosen(chosen=chosen, ties=ties, judgments=judgments) == pytest.approx(chance)
