"""Every layout says what a row says, in the shape that its trainer reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pytest

from exports import cards, formats, packing
from exports.layouts import LAYOUTS, NotTaken
from exports.layouts.layout import Line
from exports.layouts.readers import READERS
from tests.readers.__main__ import BESIDE, ROOT

ASKED = [formats.message("system", "Be brief."), formats.message("user", "A knot?")]


def row(**changes: Any) -> Line:
    """A canonical row, as a version's file has it: B is chosen."""
    made = formats.Row(
        pair_id="17",
        prompt_id="4",
        family="f" * 64,
        campaign="everyday",
        split="train",
        messages=changes.pop("prompt", ASKED),
        chosen="A bowline.",
        rejected=" A granny.\n",
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
        slices='{"language":"en","topic":"knots"}',
        source="tiebreak-demo",
        licence="CC0-1.0",
    )
    line: Line = json.loads(formats.line(formats.trl_row(made._replace(**changes))))
    return line


def vote(labeler: int, verdict: str, preference: int, at: str, **marks: bool) -> Line:
    said: Line = {"pair_id": "17", "labeler": f"labeler-{labeler}", "verdict": verdict, "preference": preference}
    return said | {"strength_given": True, "both_bad": False} | marks | {"labeled_at": f"2025-05-25T14:02:{at}Z"}


VOTES = [
    vote(1, "b", 2, "00.000000"),
    vote(2, "tie", 0, "01.000000", both_bad=True),
    vote(3, "a", -1, "02.500000", strength_given=False),
]

CHOSEN, REJECTED = formats.message("assistant", "A bowline."), formats.message("assistant", " A granny.\n")
EXPECTED: dict[str, list[Line]] = {
    "canonical": [row()],
    "trl-text": [{"prompt": "\n\nSystem: Be brief.\n\nHuman: A knot?\n\nAssistant:", "chosen": " A bowline.", "rejected": "  A granny.\n", "pair_id": "17"}],
    "trl-implicit": [{"chosen": [*ASKED, CHOSEN], "rejected": [*ASKED, REJECTED], "pair_id": "17"}],
    "reward": [{"chosen": [*ASKED, CHOSEN], "rejected": [*ASKED, REJECTED], "pair_id": "17", "margin": 1.5}],
    "kto": [
        {"prompt": ASKED, "completion": [CHOSEN], "label": True, "pair_id": "17"},
        {"prompt": ASKED, "completion": [REJECTED], "label": False, "pair_id": "17"},
    ],
    "axolotl": [{"messages": ASKED, "chosen": formats.message("assistant", "Use a bowline."), "rejected": formats.message("assistant", "Use a granny.")}],
    "llama-factory": [
        {
            "conversations": [{"from": "system", "value": "Be brief."}, {"from": "human", "value": "A knot?"}],
            "chosen": {"from": "gpt", "value": "A bowline."},
            "rejected": {"from": "gpt", "value": " A granny.\n"},
        }
    ],
    "openrlhf": [{"chosen": [*ASKED, CHOSEN], "rejected": [*ASKED, REJECTED]}],
    "nemo-rl": [{"context": ASKED, "completions": [{"rank": 0, "completion": [CHOSEN]}, {"rank": 1, "completion": [REJECTED]}]}],
    "openai": [{"input": {"messages": ASKED}, "preferred_output": [CHOSEN], "non_preferred_output": [REJECTED]}],
    "helpsteer3": [
        {
            "domain": "knots",
            "language": "en",
            "context": ASKED,
            "response1": " A granny.\n",
            "response2": "A bowline.",
            "overall_preference": 2,
            "individual_preference": [
                {"score": 2, "strength_given": True, "labeler": "labeler-1"},
                {"score": 0, "strength_given": True, "labeler": "labeler-2"},
                {"score": -1, "strength_given": False, "labeler": "labeler-3"},
            ],
            "pair_id": "17",
        }
    ],
    "arena": [
        {
            "question_id": "17",
            "model_a": "cold@0123abcd",
            "model_b": "warm@0123abcd",
            "winner": winner,
            "judge": judge,
            "conversation_a": [*ASKED, REJECTED],
            "conversation_b": [*ASKED, CHOSEN],
            "turn": 1,
            "anony": True,
            "language": "en",
            "tstamp": at,
        }
        for winner, judge, at in (
            ("model_b", "labeler-1", 1748181720.0),
            ("tie (bothbad)", "labeler-2", 1748181721.0),
            ("model_a", "labeler-3", 1748181722.5),
        )
    ],
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_it_works(name: str) -> None:
    sides = {"chosen": "Use a bowline.", "rejected": "Use a granny."} if name == "axolotl" else {}  # the others' are too short or too ragged for it
    assert list(LAYOUTS[name].convert(row(**sides), VOTES)) == EXPECTED[name]


@pytest.mark.parametrize("name", LAYOUTS)
def test_columns_are_the_same_in_every_line(name: str) -> None:
    sides = {"chosen": "Use a bowline.", "rejected": "Use a granny."}
    other = row(prompt=[formats.message("user", "Hi")], margin=-1.0, verdict="a", slices="{}", source="", licence="", **sides)
    shapes = {str(packing.fields_of(line)) for one in (row(**sides), other) for line in LAYOUTS[name].convert(one, VOTES)}
    assert len(shapes) == 1


@pytest.mark.parametrize(("verdict", "margin", "overall"), [("a", 3.0, -3), ("b", 0.4, 1), ("a", -1 / 3, -1), ("b", 1.5, 2), ("b", 2.4, 2)])
def test_helpsteers_overall_preference_is_to_the_verdicts_side(verdict: str, margin: float, overall: int) -> None:
    (line,) = LAYOUTS["helpsteer3"].convert(row(verdict=verdict, margin=margin), VOTES)
    assert line["overall_preference"] == overall
    assert line["response1"] == ("A bowline." if verdict == "a" else " A granny.\n")


def test_a_margin_below_zero_asks_nothing_of_the_reward_model() -> None:
    (line,) = LAYOUTS["reward"].convert(row(margin=-1 / 3), [])
    assert line["margin"] == 0.0


@pytest.mark.parametrize("roles", [("user", "user"), ("user", "assistant", "assistant", "user"), ("assistant", "user"), ("system", "user", "user")])
def test_what_llama_factory_would_drop_in_silence_is_not_given_to_it(roles: tuple[str, ...]) -> None:
    conversation = [formats.message(role, f"turn {number}") for number, role in enumerate(roles)]
    with pytest.raises(NotTaken, match="turns that do not alternate"):
        list(LAYOUTS["llama-factory"].convert(row(prompt=conversation), []))


@pytest.mark.parametrize("side", [" leads", "ends ", "line feed\n", "no-break space at its end\u00a0"])
def test_what_axolotl_would_not_find_behind_a_template_that_trims_is_not_given_to_it(side: str) -> None:
    for changes in ({"chosen": side, "rejected": "A granny knot will do."}, {"chosen": "A bowline, tied twice.", "rejected": side}):
        with pytest.raises(NotTaken, match="white space at an end of a side"):
            list(LAYOUTS["axolotl"].convert(row(**changes), []))


@pytest.mark.parametrize("side", ["4", "Paris", "user", "You are", "assistant"])
def test_what_axolotl_would_find_in_the_template_is_not_given_to_it(side: str) -> None:
    with pytest.raises(NotTaken, match="a side of a word or two"):
        list(LAYOUTS["axolotl"].convert(row(chosen=side, rejected="A granny knot will do."), []))


@pytest.mark.parametrize("side", ["漢字", "Use a bowline.", "Supercalifragilisticexpialidocious"])
def test_what_axolotl_finds_is_given_to_it(side: str) -> None:
    (line,) = LAYOUTS["axolotl"].convert(row(chosen=side, rejected="A granny knot will do."), [])
    assert line["chosen"]["content"] == side


@pytest.mark.parametrize(("layout", "kinds"), [("openrlhf", {"jsonl", "parquet"}), ("nemo-rl", {"jsonl"}), ("axolotl", {"jsonl", "jsonl.gz", "parquet"})])
def test_only_kinds_that_a_trainer_opens_are_offered_to_it(layout: str, kinds: set[str]) -> None:
    assert set(LAYOUTS[layout].kinds) == kinds


# ---- how it is known


def test_of_each_layout_it_is_said_what_was_run() -> None:
    assert list(READERS) == list(LAYOUTS)
    for layout in LAYOUTS.values():
        assert layout.checked.startswith("run: " if READERS[layout.name].was_run else "not run: held against")


def test_what_is_said_to_be_run_is_what_is_run() -> None:
    pins = {line.split("==")[0]: line for line in (ROOT / "constraints.txt").read_text().splitlines()}
    ran = {reader.package for reader in READERS.values() if reader.was_run}
    assert ran - {READERS[layout].package for layout in BESIDE} == {pins["trl"]}
    for layout in BESIDE:
        assert (ROOT / f"tests/readers/by_{layout.replace('-', '_')}.py").exists()


def test_the_card_and_the_docs_say_the_same() -> None:
    docs, card = (ROOT / "docs/formats.md").read_text(), cards.trainers()
    for layout, reader in READERS.items():
        assert f"| `{layout}` | {reader.name} | {reader.said} |" in docs
        assert f"- `{layout}`, {reader.name}; {reader.said}." in card


# ---- how files are written


def packed(folder: Path, kind: str, lines: list[bytes], *, at_once: int = 2) -> Path:
    file = packing.Packed(folder / f"rows.{kind}", kind)
    for first in range(0, len(lines), at_once):
        file.add(lines[first : first + at_once])
    entry = file.close()
    assert (entry.rows, entry.bytes) == (len(lines), (folder / f"rows.{kind}").stat().st_size)
    return folder / f"rows.{kind}"


ODD = ["2025-01-01", "2025-05-25T14:02:00.000000Z", "null", "1.5", "line\u2028feed\r\n\t\x00"[:-1], "\x7f\u200b\ufeff", "👩🏽\u200d🔬", '"\\u0041"', " "]


@pytest.mark.parametrize("kind", packing.KINDS)
def test_every_kind_of_file_gives_the_texts_back_as_they_were(kind: str, tmp_path: Path) -> None:
    rows = [row(chosen=text + "+", rejected=text + "-") for text in ODD]
    path = packed(tmp_path, kind, [formats.line(line) for line in rows])
    assert found_in(path) == rows


def found_in(path: Path) -> list[Line]:
    """Read a file as `datasets` does; for zstd that would want a package more than pyarrow."""
    if path.suffix == ".zst":
        with pa.input_stream(path, compression="zstd") as stream:
            return [json.loads(line) for line in stream.read().split(b"\n")[:-1]]
    loader = "parquet" if path.suffix == ".parquet" else "json"
    return list(datasets.load_dataset(loader, data_files=str(path), split="train", cache_dir=str(path.parent / "cache")))


@pytest.mark.parametrize("kind", packing.KINDS)
def test_the_same_lines_give_the_same_bytes(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [formats.line(row(pair_id=str(number))) for number in range(50)]
    bytes_of = set()
    for number, at_once in enumerate((50, 7, 1)):
        monkeypatch.setattr("time.time", lambda now=number: 1e9 + now)
        (tmp_path / str(at_once)).mkdir()
        bytes_of.add(packed(tmp_path / str(at_once), kind, lines, at_once=at_once).read_bytes())
    assert len(bytes_of) == 1


def test_a_column_has_the_type_of_its_first_value_and_none_is_guessed() -> None:
    types = dict(packing_types({"text": "2025-01-01", "number": 1, "share": 1.0, "truth": True, "list": [{"a": "b"}]}))
    assert types == {"text": "string", "number": "int64", "share": "double", "truth": "bool", "list": "list<item: struct<a: string>>"}


@pytest.mark.parametrize("value", [None, []])
def test_what_has_no_type_is_no_column(value: object) -> None:
    with pytest.raises(TypeError, match="has no type"):
        packing.type_of(value)


def packing_types(line: dict[str, Any]) -> list[tuple[str, str]]:
    return [(field.name, str(field.type)) for field in packing.fields_of(line)]


def test_what_is_no_column_of_the_first_line_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="unexpected field"):
        packed(tmp_path, "parquet", [b'{"a":1}\n', b'{"a":1,"b":2}\n'])
