"""A researcher brings pairs that were made elsewhere."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from labeling import importing, settling
from labeling.models import Campaign, CampaignEvent, GoldItem, Label, Membership, Pair, Role, Slot, Standing
from labeling.ranks import rank
from policies.importing import NothingStored
from policies.models import Policy, Prompt, PromptSet, Response
from tests.builders import NOW, make_campaign, make_policy, make_user

LABELS = [{"labeler": "w1", "preference": -2, "rationale": "shorter"}, {"labeler": "w2", "verdict": "a"}]


def line(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A pair that differs for each number."""
    responses = [{"policy": "small", "text": f"Answer {number}."}, {"policy": "large", "text": f"A longer answer {number}."}]
    return {"id": f"q{number}", "prompt": f"What is {number} plus one?", "responses": responses} | changes


def sides(a: str, b: str, *, policies: tuple[str, str] = ("small", "large")) -> list[dict[str, str]]:
    return [{"policy": policies[0], "text": a}, {"policy": policies[1], "text": b}]


def jsonl(*lines: dict[str, Any]) -> io.BytesIO:
    return io.BytesIO(b"".join(json.dumps(line).encode() + b"\n" for line in lines))


@pytest.fixture
def import_(campaign: Campaign) -> Callable[..., importing.Report]:
    """Import lines into the campaign: `import_(line(), line(2))`."""

    def do(*lines: dict[str, Any], into: Campaign = campaign, register: bool = True, **options: Any) -> importing.Report:
        return importing.import_pairs(file=jsonl(*lines), campaign=into, by=None, at=NOW, register=register, **options)

    return do


Import = Callable[..., importing.Report]


def reasons(refusal: pytest.ExceptionInfo[NothingStored]) -> list[str]:
    return [str(bad) for bad in refusal.value.bad]


def nothing_stored() -> bool:
    return not any(model.objects.exists() for model in (Pair, Prompt, PromptSet, Response, Policy, Slot, Label))


# ---- what is stored ------------------------------------------------------------------------------------------------


def test_it_works(campaign: Campaign, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_bytes(jsonl(line(), line(2)).read())
    call_command("import_pairs", str(file), "--campaign", "everyday", "--create")
    assert Pair.objects.filter(campaign=campaign).count() == 2
    assert "2 pairs stored in everyday" in capsys.readouterr().out


def test_texts_are_kept_byte_for_byte_and_the_first_response_is_a(import_: Import) -> None:
    turns = [{"role": "system", "content": " Be brief.\r\n"}, {"role": "user", "content": "\u00c5?\u200b  "}]
    import_(line(prompt=turns, responses=sides(" one\u0301 \n\n", "two\t\U0001f98a"), slices={"topic": "letters"}))
    pair = Pair.objects.get()
    assert pair.prompt.messages == turns
    assert (pair.response_a.text, pair.response_b.text) == (" one\u0301 \n\n", "two\t\U0001f98a")
    assert (pair.response_a.policy.name, pair.response_b.policy.name) == ("small", "large")
    assert (pair.external_id, pair.prompt.slices, pair.standing) == ("q1", {"topic": "letters"}, Standing.WAITING)


def test_prompts_stand_in_a_set_named_after_the_campaign(campaign: Campaign, import_: Import) -> None:
    import_(line(1), line(2, prompt="What is 1 plus one?"))
    assert [prompt.prompt_set.name for prompt in Prompt.objects.all()] == [campaign.slug]
    assert Pair.objects.count() == 2


def test_a_pair_gets_k_places_ranked_by_the_strategy(import_: Import) -> None:
    spread = make_campaign(overlap=3, strategy=Campaign.Strategy.SPREAD)
    import_(line(), line(2), into=spread)
    for pair in Pair.objects.all():
        assert [slot.rank for slot in pair.slots.order_by("rank")] == [rank("spread", pair_id=pair.pk, ordinal=n) for n in range(3)]


def test_a_pair_keeps_its_priority_and_is_ranked_by_it(import_: Import) -> None:
    by_priority = make_campaign(overlap=1, strategy=Campaign.Strategy.PRIORITY)
    import_(line(1), line(2, priority=100), line(3, priority=0), line(4, priority=None), into=by_priority)
    assert dict(Pair.objects.values_list("external_id", "priority")) == {"q1": 50, "q2": 100, "q3": 0, "q4": 50}
    assert list(Slot.objects.order_by("rank").values_list("pair__external_id", flat=True)) == ["q2", "q1", "q4", "q3"]


def test_the_two_places_of_a_pair_show_either_side_once(import_: Import) -> None:
    import_(*map(line, range(40)))
    for pair in Pair.objects.all():
        assert sorted(pair.slots.values_list("left_is_a", flat=True)) == [False, True]
    assert len(set(Slot.objects.order_by("pk").values_list("left_is_a", flat=True)[::2])) == 2  # the order is drawn


def test_a_gold_item_is_no_work(import_: Import) -> None:
    import_(line(gold={"verdict": "b", "why": "A is wrong by a factor of ten."}))
    gold = GoldItem.objects.get()
    assert (gold.verdict, gold.why) == ("b", "A is wrong by a factor of ten.")
    assert (gold.allowed_use, gold.difficulty, gold.refresh_on) == ("both", "easy", None)
    assert not Slot.objects.exists()


def test_a_gold_item_may_say_what_it_is_for_and_when_to_look_again(import_: Import) -> None:
    import_(line(gold={"verdict": "b", "why": "clear", "use": "practice", "difficulty": "hard", "refresh_on": "2027-05-25"}))
    gold = GoldItem.objects.get()
    assert (gold.allowed_use, gold.difficulty, gold.refresh_on) == ("practice", "hard", date(2027, 5, 25))


def test_what_a_policy_answered_to_a_prompt_is_stored_once(import_: Import) -> None:
    import_(
        line(1, prompt="x", responses=sides("one", "two")),
        line(2, prompt="x", responses=sides("one", "three")),
        line(3, prompt="y", responses=sides("one", "two")),
    )
    assert Response.objects.filter(text="one").count() == 2
    assert Pair.objects.count() == 3


def test_the_import_is_an_event_of_the_campaign(campaign: Campaign, rosa: User) -> None:
    importing.import_pairs(file=jsonl(line()), campaign=campaign, by=rosa, at=NOW, register=True)
    event = CampaignEvent.objects.get()
    assert (event.kind, event.actor, event.detail["pairs"]) == ("pairs_imported", rosa, 1)


# ---- labels made elsewhere -----------------------------------------------------------------------------------------


def test_labels_arrive_in_closed_places_with_sides_unknown(import_: Import) -> None:
    import_(line(labels=[*LABELS, {"labeler": "w3", "preference": 0, "both_bad": True, "labeled_at": "2025-01-02T03:04:05+02:00"}]))
    w1, w2, w3 = Label.objects.current().order_by("labeler__username")
    assert (w1.preference, w1.verdict, w1.rationale, w1.submitted_at) == (-2, "a", "shorter", NOW)
    assert (w2.preference, w2.verdict) == (None, "a")
    assert (w3.verdict, w3.both_bad, w3.submitted_at.isoformat()) == ("tie", True, "2025-01-02T01:04:05+00:00")
    for label in (w1, w2, w3):
        assert (label.source, label.left_was_a, label.assignment) == ("imported", None, None)
        assert label.slot is not None
        assert label.slot.closed_at == label.submitted_at
    assert Label.objects.counting().count() == 3


def test_external_labelers_cannot_sign_in(import_: Import) -> None:
    report = import_(line(labels=LABELS))
    assert report.labelers_made == ["w1", "w2"]
    w1 = User.objects.get(username="w1")
    assert (w1.kind, w1.has_usable_password()) == (User.Kind.EXTERNAL, False)


def test_a_pair_with_all_its_labels_is_settled(import_: Import) -> None:
    import_(line(labels=LABELS))
    pair = Pair.objects.get()
    assert (pair.standing, pair.verdict, pair.margin) == (Standing.AGREED, "a", -1.5)  # a bare verdict is one step


def test_a_pair_with_fewer_labels_than_k_has_places_for_the_rest(import_: Import) -> None:
    import_(line(labels=LABELS[:1]))
    assert Slot.objects.open().count() == 1
    assert Pair.objects.get().standing == Standing.WAITING


def test_a_pair_with_more_labels_than_k_keeps_them_all(import_: Import) -> None:
    import_(line(labels=[*LABELS, {"labeler": "w3", "verdict": "b"}]))
    assert Label.objects.counting().count() == 3
    assert not Slot.objects.open().exists()
    assert Pair.objects.get().standing == Standing.AGREED


def test_labels_that_disagree_are_contested(import_: Import) -> None:
    import_(line(labels=[{"labeler": "w1", "preference": -1}, {"labeler": "w2", "preference": 1}]))
    assert Pair.objects.get().standing == Standing.CONTESTED


@pytest.mark.parametrize(("a", "b", "trouble"), [("same", "same", "equal"), (" \n", "text", "empty"), ("", "", "empty")])
@pytest.mark.parametrize("policies", [("small", "large"), ("small", "small")])
def test_a_labeled_pair_is_kept_and_flagged_whatever_its_texts(import_: Import, a: str, b: str, trouble: str, policies: tuple[str, str]) -> None:
    report = import_(line(responses=sides(a, b, policies=policies), labels=LABELS[:1]))
    pair = Pair.objects.get()
    assert (pair.trouble, pair.response_a.text, pair.response_b.text) == (trouble, a, b)
    assert pair.response_a != pair.response_b
    assert not Slot.objects.open().exists()
    assert pair.standing == Standing.AGREED
    assert report.troubles == {trouble: 1}


def test_labels_of_a_gold_item_check_their_labelers_and_count_for_nothing(import_: Import) -> None:
    import_(line(gold={"verdict": "b", "why": "clear"}, labels=LABELS))
    assert {slot.kind for slot in Slot.objects.all()} == {"gold"}
    assert Label.objects.current().count() == 2
    assert not Label.objects.counting().exists()
    assert Pair.objects.get().standing == Standing.WAITING


def test_standings_after_an_import_are_what_the_ledgers_say(import_: Import) -> None:
    import_(
        line(1),
        line(2, labels=LABELS),
        line(3, labels=LABELS[:1]),
        line(4, responses=sides("", ""), labels=LABELS),
        line(5, gold={"verdict": "a", "why": "clear"}),
    )
    assert list(settling.differences()) == []


# ---- repeats -------------------------------------------------------------------------------------------------------


def test_the_same_file_twice_stores_nothing_again(import_: Import) -> None:
    lines = [line(1), line(2, labels=LABELS), line(3, gold={"verdict": "a", "why": "clear"})]
    import_(*lines)
    report = import_(*lines)
    assert (report.pairs, report.repeats.count, report.labels) == (0, 3, 0)
    assert (Pair.objects.count(), Response.objects.count(), Label.objects.count()) == (3, 6, 2)


def test_a_mirrored_pair_is_a_repeat(import_: Import) -> None:
    report = import_(line(1), line(2, prompt="What is 1 plus one?", responses=line(1)["responses"][::-1]))
    assert (report.pairs, report.repeats.first[0].number, report.repeats.first[0].earlier) == (1, 2, 1)


def test_an_id_stands_for_one_pair(import_: Import) -> None:
    with pytest.raises(NothingStored) as refusal:
        import_(line(1), line(2, id="q1"))
    assert reasons(refusal) == ["line 2: id 'q1' is that of another pair, in line 1"]
    import_(line(1))
    with pytest.raises(NothingStored) as refusal:
        import_(line(2, id="q1"))
    assert reasons(refusal) == ["line 1: id 'q1' is that of another pair, in the campaign"]


def test_labels_for_a_pair_that_is_there_are_refused_and_not_dropped(import_: Import) -> None:
    import_(line())
    with pytest.raises(NothingStored) as refusal:
        import_(line(labels=LABELS))
    assert "not with these labels" in reasons(refusal)[0]


def test_a_pair_does_not_become_gold_afterwards(import_: Import) -> None:
    import_(line())
    with pytest.raises(NothingStored) as refusal:
        import_(line(gold={"verdict": "a", "why": "clear"}))
    assert reasons(refusal) == ["line 1: the pair is in the campaign already, but not as a gold item"]


# ---- names ---------------------------------------------------------------------------------------------------------


def test_an_unknown_policy_is_refused_unless_the_import_may_register_it(import_: Import) -> None:
    make_policy("small")
    with pytest.raises(NothingStored) as refusal:
        import_(line(), register=False)
    assert reasons(refusal)[0].startswith("line 1: policy 'large' is not registered")
    assert import_(line()).policies_made == ["large"]
    assert Policy.objects.get(name="large").engine == Policy.Engine.IMPORTED


def test_an_unknown_labeler_is_refused_unless_the_import_may_make_one(import_: Import) -> None:
    make_policy("small")
    make_policy("large")
    with pytest.raises(NothingStored) as refusal:
        import_(line(labels=LABELS), register=False)
    assert reasons(refusal)[0].startswith("line 1: labeler 'w1' is unknown")


def test_labels_are_not_put_into_the_mouth_of_somebody_here(import_: Import, lena: User) -> None:
    with pytest.raises(NothingStored) as refusal:
        import_(line(labels=[{"labeler": "lena", "verdict": "a"}]))
    assert reasons(refusal)[0].startswith("line 1: labeler 'lena' is somebody here")
    assert not Label.objects.exists()


def test_an_external_labeler_comes_again(import_: Import) -> None:
    import_(line(1, labels=LABELS))
    assert import_(line(2, labels=LABELS), register=False).labelers_made == []
    assert User.objects.filter(kind=User.Kind.EXTERNAL).count() == 2


# ---- bad lines -----------------------------------------------------------------------------------------------------

BAD = [
    (b"", "line 1: the file is empty"),
    (b"\n \n", "line 1: the file is empty"),
    (b'{"id": "q1"', "line 1: not JSON, at column"),
    (b"[1]", "line 1: a list, not an object"),
    (b'{"id": "q1", "prompt": "caf\xe9", "responses": []}', "line 1: not UTF-8"),
    (json.dumps(line(prompt="half \ud83d")), "line 1: prompt holds half of a surrogate pair, \\ud83d, at character 6"),
    (json.dumps(line(responses=sides("a\x00b", "c"))), "line 1: the text of response 1 holds a NUL character, at character 2"),
    (json.dumps(line(responses=sides("a", "c\udc00"))), "line 1: the text of response 2 holds half of a surrogate pair"),
    (json.dumps(line(prompt="x" * 5 * 2**20)), "line 1: prompt is 5 MiB long; at most 1 MiB are taken"),
    (json.dumps(line(responses=sides("a", "x" * (2**20 + 1)))), "line 1: the text of response 2 is "),
    (json.dumps(line(responses=sides("same", "same"))), "line 1: both responses are the same, so there is nothing to judge"),
    (json.dumps(line(responses=sides("", "text"))), "line 1: a response is empty, so there is nothing to judge"),
    (json.dumps(line(responses=sides("same", "same"), gold={"verdict": "tie", "why": "equal"})), "line 1: both responses are the same"),
    (json.dumps(line(responses=sides("a", "b")[:1])), "line 1: responses holds 1: a pair has two"),
    (json.dumps(line(responses={"a": "b"})), "line 1: responses is an object, not a list of two"),
    (json.dumps(line(responses=["a", "b"])), "line 1: response 1 is text, not an object"),
    (json.dumps(line(responses=[{"policy": "p", "text": 1}, {"policy": "p", "text": "b"}])), "line 1: the text of response 1 is a number, not text"),
    (json.dumps(line(responses=[{"policy": "p"}, {"policy": "p", "text": "b"}])), "line 1: text of response 1 is missing"),
    (json.dumps(line(id=None)), "line 1: id is null"),
    (json.dumps(line(id="x" * 201)), "line 1: id is 201 bytes long"),
    (json.dumps({"prompt": "x", "responses": sides("a", "b")}), "line 1: id is missing"),
    (json.dumps(line(extra=1)), "line 1: unknown key 'extra'"),
    (json.dumps(line(prompt=[{"role": "assistant", "content": "hello"}])), "line 1: prompt ends with the turn of assistant"),
    *(
        (json.dumps(line(priority=priority)), f"line 1: priority is {shown}: it must be a whole number from 0 to 100")
        for priority, shown in [(101, "101"), (-1, "-1"), (True, "True"), (2.5, "2.5"), ("50", "'50'"), ([50], "[50]")]
    ),
    (json.dumps(line(gold={"verdict": "left", "why": "x"})), "line 1: the verdict of gold is 'left': it must be a, b or tie"),
    (json.dumps(line(gold={"verdict": "a"})), "line 1: why of gold is missing"),
    (json.dumps(line(gold={"verdict": "a", "why": "x", "use": "sport"})), "line 1: use of gold is 'sport': it must be check, practice or both"),
    (json.dumps(line(gold={"verdict": "a", "why": "x", "difficulty": 3})), "line 1: difficulty of gold is 3: it must be easy, medium or hard"),
    (json.dumps(line(gold={"verdict": "a", "why": "x", "refresh_on": "soon"})), "line 1: refresh_on of gold is 'soon': write it as 2027-05-25"),
    (json.dumps(line(gold={"verdict": "a", "why": "x", "refresh_on": 5})), "line 1: refresh_on of gold is 5: write it as 2027-05-25"),
    (json.dumps(line(gold={"verdict": "a", "why": "x", "refresh_on": ["2027-05-25"]})), "line 1: refresh_on of gold is ['2027-05-25']: write it as 2027-05-25"),
    (json.dumps(line(labels=[{"labeler": "w"}])), "line 1: label 1 says nothing"),
    (json.dumps(line(labels=[{"labeler": "w", "preference": 4}])), "line 1: preference of label 1 is 4"),
    (json.dumps(line(labels=[{"labeler": "w", "preference": True}])), "line 1: preference of label 1 is True"),
    (json.dumps(line(labels=[{"labeler": "w", "preference": 1, "verdict": "a"}])), "line 1: label 1 contradicts itself"),
    (json.dumps(line(labels=[{"labeler": "w", "verdict": "a", "both_bad": True}])), "line 1: label 1 says both bad and prefers one"),
    (json.dumps(line(labels=[{"labeler": "w", "verdict": "a"}, {"labeler": "w", "verdict": "b"}])), "line 1: labeler 'w' labels the pair twice"),
    (json.dumps(line(labels=[{"labeler": "w\n", "verdict": "a", "labeled_at": "yesterday"}])), "line 1: labeled_at of label 1 is 'yesterday'"),
    (json.dumps(line(labels=[{"labeler": "a\u202eb", "verdict": "a"}])), "line 1: the labeler of label 1"),
    (json.dumps(line(labels=[{"labeler": "w", "verdict": "a", "rationale": "\x00"}])), "line 1: rationale of label 1 holds a NUL"),
]


@pytest.mark.parametrize(("content", "reason"), BAD, ids=[reason for _, reason in BAD])
def test_a_bad_line_is_refused_with_its_number_and_reason(campaign: Campaign, content: str | bytes, reason: str) -> None:
    file = io.BytesIO(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(NothingStored) as refusal:
        importing.import_pairs(file=file, campaign=campaign, by=None, at=NOW, register=True)
    assert reasons(refusal)[0].startswith(reason)
    assert nothing_stored()


def test_one_bad_line_among_good_ones_keeps_all_of_them_out(import_: Import) -> None:
    with pytest.raises(NothingStored) as refusal:
        import_(*map(line, range(700)), line(700, prompt=""), *map(line, range(701, 720)))
    assert reasons(refusal) == ["line 701: prompt is empty"]
    assert nothing_stored()


def test_bad_lines_are_left_out_and_listed_on_request(import_: Import) -> None:
    report = import_(line(1), line(2, prompt=""), line(3), skip_bad=True)
    assert [str(bad) for bad in report.skipped] == ["line 2: prompt is empty"]
    assert [pair.external_id for pair in Pair.objects.order_by("pk")] == ["q1", "q3"]


def test_a_file_of_nothing_but_bad_lines_is_refused_even_so(import_: Import) -> None:
    with pytest.raises(NothingStored):
        import_(line(prompt=""), skip_bad=True)
    assert nothing_stored()


# ---- the command ---------------------------------------------------------------------------------------------------


def test_create_makes_an_open_campaign_that_researchers_can_open(rosa: User, eve: User, tmp_path: Path) -> None:
    make_user("gone", is_researcher=True, is_active=False)
    file = tmp_path / "pairs.jsonl"
    file.write_bytes(jsonl(line(labels=LABELS)).read())
    call_command("import_pairs", str(file), "--campaign", "fresh-start", "--create", "--overlap", "4")
    campaign = Campaign.objects.get(slug="fresh-start")
    assert (campaign.state, campaign.overlap, campaign.rubric_version.number) == (Campaign.State.OPEN, 4, 1)
    assert [(membership.user, membership.role) for membership in Membership.objects.filter(campaign=campaign)] == [(rosa, Role.RESEARCHER)]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--campaign", "nowhere"], "There is no campaign 'nowhere'"),
        (["--campaign", "everyday", "--create", "--overlap", "5"], "has k = 2"),
        (["--campaign", "no such", "--create"], "cannot name a campaign"),
        (["--campaign", "other", "--create", "--overlap", "26"], "k is 26"),
    ],
)
def test_the_command_refuses_with_one_clear_reason(campaign: Campaign, tmp_path: Path, arguments: list[str], reason: str) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_bytes(jsonl(line()).read())
    with pytest.raises(CommandError, match=reason):
        call_command("import_pairs", str(file), *arguments)
    assert nothing_stored()
    assert Campaign.objects.count() == 1


def test_a_file_that_is_not_there_is_refused(campaign: Campaign, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        call_command("import_pairs", str(tmp_path / "nothing.jsonl"), "--campaign", "everyday")


def test_a_refused_file_leaves_no_new_campaign(db: None, tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_bytes(jsonl(line(), line(2, prompt="")).read())
    with pytest.raises(CommandError, match="line 2: prompt is empty"):
        call_command("import_pairs", str(file), "--campaign", "fresh-start", "--create")
    assert not Campaign.objects.exists()


def test_five_hundred_pairs_of_usual_length_take_a_second(import_: Import) -> None:
    """5,000 of them are to take less than ten; the clock is generous, because the machine is shared."""
    lines = [line(number, responses=sides(f"{number} " + "word " * 270, f"{number} " + "term " * 270)) for number in range(500)]
    start = time.monotonic()
    import_(*lines)
    assert time.monotonic() - start < 3
