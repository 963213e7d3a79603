"""Texts are read before a release: what is flagged, what is decided, and what rows come to in a tokenizer's own tokens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.db import DatabaseError, transaction
from pytest_django import Settings
from tokenizers import Tokenizer, decoders, models

from accounts.models import User
from exports import checking, flags, formats, gates, publishing, templating
from exports.models import DatasetVersion, FlagDecision, RowFlag
from labeling.models import Campaign
from tests.builders import NOW, make_campaign, make_policy, make_prompt, make_user
from tests.exports.settled import order, settled_pair

TURNS = "{% for message in messages %}<|turn|>{{ message['role'] }}\n{{ message['content'] }}<|end|>{% endfor %}"
TEMPLATE = TURNS + "{% if add_generation_prompt %}<|turn|>assistant\n{% endif %}"


@pytest.fixture
def leaky(any_moment: None, rosa: User) -> DatasetVersion:
    """A version in which one prompt and one answer hold an address, and a prompt holds a policy's own words."""
    people = make_user(), make_user()
    campaign = make_campaign("leaky", labelers=people)
    make_policy("brief", system_prompt="Be brief.")
    settled_pair(campaign, people, prompt=make_prompt("I am jo@firma.de. How do I tie it?"), a="Make a loop.", b="Ask ann@firma.de, she knows.")
    settled_pair(campaign, people, prompt=make_prompt(messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "A knot?"}]))
    settled_pair(campaign, people)
    return publishing.publish(order(campaign, dataset="leaky", by=rosa, shares={"train": 1.0}))


@pytest.fixture
def model(settings: Settings, tmp_path: Path) -> str:
    """A tokenizer under a model root, in which byte b is token 3 + b."""
    folder = tmp_path / "roots" / "bytewise"
    folder.mkdir(parents=True)
    marks = ["<pad>", "<|turn|>", "<|end|>"]
    vocabulary = {mark: number for number, mark in enumerate(marks)} | {f"<0x{byte:02X}>": len(marks) + byte for byte in range(256)}
    words = Tokenizer(models.BPE(vocab=vocabulary, merges=[], byte_fallback=True))
    words.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    words.add_special_tokens(marks)
    words.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": TEMPLATE, "eos_token": {"content": "<|end|>"}}))
    settings.MODEL_ROOTS = {"lab": tmp_path / "roots"}
    return "lab/bytewise"


def test_it_works(leaky: DatasetVersion) -> None:
    made = checking.check(leaky, at=NOW)
    assert made.ended_at == NOW
    assert {(flag.kind, flag.where) for flag in RowFlag.objects.filter(version=leaky)} == {
        ("email", "prompt.0"),
        ("email", "rejected"),
        ("system_prompt", "prompt.0"),
    }
    assert flags.was_checked(leaky)


def test_a_flag_says_where_and_holds_no_text(leaky: DatasetVersion) -> None:
    checking.check(leaky, at=NOW)
    found = RowFlag.objects.filter(kind="email", where="prompt.0").select_related("row__prompt", "row__chosen", "row__rejected")
    (shown,) = flags.excerpts(list(found))
    assert (shown.before, shown.found, shown.after) == ("I am ", "jo@firma.de", ". How do I tie it?")
    columns = {field.name for field in RowFlag._meta.concrete_fields}
    assert columns == {"id", "version", "row", "kind", "where", "start", "end"}


def test_who_died_is_gone_on_with_and_twice_is_once(leaky: DatasetVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "CHUNK", 1)
    first = checking.check(leaky, at=NOW)
    n = RowFlag.objects.count()
    again = checking.check(leaky, at=NOW)
    assert (again.pk, RowFlag.objects.count()) == (first.pk, n)


def test_somebody_decides_about_a_kind_or_a_row(leaky: DatasetVersion, rosa: User) -> None:
    checking.check(leaky, at=NOW)
    assert flags.undecided(leaky) == 2
    row = RowFlag.objects.filter(kind="email").first().row  # type: ignore[union-attr]
    checking.decide(version=leaky, kind="email", row=None, leave_out=False, reason="Made up, all of them.", actor=rosa, at=NOW)
    assert flags.undecided(leaky) == 1
    checking.decide(version=leaky, kind="email", row=row, leave_out=True, reason="Not this one.", actor=rosa, at=NOW)
    counted = {count.kind: count for count in flags.counts(leaky)}
    assert (counted["email"].rows, counted["email"].undecided, counted["email"].left_out) == (1, 0, 1)
    assert counted["system_prompt"].undecided == 1


@pytest.mark.parametrize(("kind", "reason", "why"), [("email", " ", "Say why"), ("phone", "Fine.", "no such flag")])
def test_a_decision_that_means_nothing_is_refused(leaky: DatasetVersion, rosa: User, kind: str, reason: str, why: str) -> None:
    checking.check(leaky, at=NOW)
    with pytest.raises(checking.NotDecided, match=why):
        checking.decide(version=leaky, kind=kind, row=None, leave_out=True, reason=reason, actor=rosa, at=NOW)


def test_flags_and_decisions_stay_as_they_were_made(leaky: DatasetVersion, rosa: User) -> None:
    checking.check(leaky, at=NOW)
    checking.decide(version=leaky, kind="email", row=None, leave_out=True, reason="Theirs.", actor=rosa, at=NOW)
    for rows in (RowFlag.objects.all(), FlagDecision.objects.all()):
        with pytest.raises(DatabaseError, match="only ever added to"), transaction.atomic():
            rows.update(kind="phone")


# Tokens


def test_rows_are_counted_in_tokens_as_a_trainer_splits_them(leaky: DatasetVersion, model: str) -> None:
    made = checking.check(leaky, tokenizer=model, max_length=60, at=NOW)
    words = checking.tokenizer_at(model)
    row = leaky.rows.get(prompt__messages__0__content__startswith="I am jo")
    side = words.side(row.prompt.messages, row.chosen.text)
    asked = f"user\n{row.prompt.messages[0]['content']}"
    assert list(side.prompt) == [1, *(3 + byte for byte in asked.encode()), 2, 1, *(3 + byte for byte in b"assistant\n")]
    assert list(side.answer) == [*(3 + byte for byte in row.chosen.text.encode()), 2]
    assert side.is_prefix
    assert made.lengths["rows"] == leaky.rows_count
    assert made.lengths["cut"] >= 1
    assert row.key in made.lengths["examples"]
    assert sum(made.lengths["histogram"].values()) == leaky.rows_count


def test_what_a_trainer_loses_is_counted() -> None:
    side = templating.Side((1,) * 10, (2,) * 5, True)
    assert [side.lost(most) for most in (20, 15, 12, 3)] == [0, 0, 3, 5]
    assert [side.drops(most) for most in (11, 10)] == [False, True]


def test_a_template_that_changes_what_came_before_is_found_out(leaky: DatasetVersion, model: str, settings: Settings) -> None:
    """Such templates exist: they drop the reasoning of earlier turns, or count the turns. TRL then masks the wrong tokens."""
    folder = settings.MODEL_ROOTS["lab"] / "bytewise"
    (folder / "chat_template.jinja").write_text("{{ messages | length }}" + TEMPLATE)
    assert checking.check(leaky, tokenizer=model, at=NOW).lengths["not_a_prefix"] == leaky.rows_count


def test_a_template_that_refuses_is_counted(leaky: DatasetVersion, model: str, settings: Settings) -> None:
    folder = settings.MODEL_ROOTS["lab"] / "bytewise"
    (folder / "chat_template.jinja").write_text("{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system turn') }}{% endif %}" + TEMPLATE)
    assert checking.check(leaky, tokenizer=model, at=NOW).lengths["refused"] == 1


def test_a_template_cannot_reach_out(leaky: DatasetVersion, model: str, settings: Settings) -> None:
    folder = settings.MODEL_ROOTS["lab"] / "bytewise"
    (folder / "chat_template.jinja").write_text("{{ messages.__class__.__mro__[1].__subclasses__() }}")
    assert checking.check(leaky, tokenizer=model, at=NOW).lengths["refused"] == leaky.rows_count


@pytest.mark.parametrize("source", ["lab/none", "other/bytewise", "lab/../bytewise", "lab"])
def test_only_named_folders_are_read(leaky: DatasetVersion, model: str, source: str) -> None:
    with pytest.raises(checking.CannotCheck):
        checking.check(leaky, tokenizer=source, at=NOW)


def test_a_folder_without_a_template_says_so(leaky: DatasetVersion, model: str, settings: Settings) -> None:
    (settings.MODEL_ROOTS["lab"] / "bytewise" / "tokenizer_config.json").unlink()
    with pytest.raises(checking.CannotCheck, match="no chat template"):
        checking.check(leaky, tokenizer=model, at=NOW)


def test_a_version_of_everyday_pairs_has_no_flags(version: DatasetVersion, everyday: Campaign) -> None:
    checking.check(version, at=NOW)
    assert flags.counts(version) == []


# The schema


def frozen_with(odd: dict[str, object], monkeypatch: pytest.MonkeyPatch, rosa: User) -> DatasetVersion:
    """A version of three rows, the last of which was written with other columns or types."""
    written, rows = formats.trl_row, iter([{}, {}, odd])
    monkeypatch.setattr(formats, "trl_row", lambda row: written(row) | next(rows))
    people = make_user(), make_user()
    campaign = make_campaign("odd", labelers=people)
    for _ in range(3):
        settled_pair(campaign, people)
    return publishing.publish(order(campaign, dataset="odd", by=rosa, shares={"train": 1.0}))


@pytest.mark.parametrize("odd", [{"more": "a column"}, {"margin": "2"}, {"margin": None}, {"chosen": {"role": "assistant", "content": "No list."}}])
def test_an_odd_line_is_flagged_and_stands_in_the_way(any_moment: None, monkeypatch: pytest.MonkeyPatch, rosa: User, odd: dict[str, object]) -> None:
    version = frozen_with(odd, monkeypatch, rosa)
    checking.check(version, at=NOW)
    assert [(flag.kind, flag.where, flag.row.position) for flag in RowFlag.objects.filter(version=version).select_related("row")] == [("schema", "train", 3)]
    (texts,) = [gate for gate in gates.check(version) if gate.key == "texts"]
    assert texts.blocks


def test_lines_of_one_schema_are_not_flagged(any_moment: None, monkeypatch: pytest.MonkeyPatch, rosa: User) -> None:
    """The negative control."""
    version = frozen_with({}, monkeypatch, rosa)
    checking.check(version, at=NOW)
    assert not RowFlag.objects.filter(version=version).exists()
    (texts,) = [gate for gate in gates.check(version) if gate.key == "texts"]
    assert texts.passed
