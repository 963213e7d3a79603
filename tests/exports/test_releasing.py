"""A version's life: what stands in the way of a release, what becomes of it after, and which version is the current one."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from accounts.models import User
from exports import checking, gatekeeping, gates, lives, measuring, records, releasing
from exports.gate_kinds import Threshold
from exports.models import DatasetVersion, VersionEvent, Waiver
from labeling.models import Campaign
from tests.builders import NOW, make_user
from tests.exports.released import frozen, released, waive_all

State, Kind = DatasetVersion.State, VersionEvent.Kind


def test_it_works(version: DatasetVersion, olga: User, rosa: User) -> None:
    waive_all(version, olga)
    event = releasing.release(version, actor=rosa, reason="The first one.", at=NOW)
    version.refresh_from_db()
    assert version.state == State.RELEASED
    assert (event.actor, event.kind, event.reason) == (rosa, Kind.RELEASED, "The first one.")
    assert "licence" in event.detail["waived"]
    assert event.detail["gates"]["agreement"] == "passed"
    assert lives.current(version.dataset) == version


def test_a_gate_that_fails_blocks(version: DatasetVersion, rosa: User) -> None:
    measuring.measure(version, at=NOW)
    with pytest.raises(releasing.Blocked) as blocked:
        releasing.release(version, actor=rosa, at=NOW)
    assert len(blocked.value.reasons) == len(gates.blocking(version))
    assert any(reason.startswith("Licence: The prompt of 12 rows has no licence.") for reason in blocked.value.reasons)
    version.refresh_from_db()
    assert version.state == State.FROZEN
    assert not version.events.exists()


def test_a_version_that_was_not_measured_is_not_released(version: DatasetVersion) -> None:
    with pytest.raises(releasing.Blocked):
        releasing.release(version, actor=None, at=NOW)


def test_one_waiver_too_few_still_blocks(version: DatasetVersion, olga: User) -> None:
    waive_all(version, olga)
    Waiver.objects.create(version=version, gate="unheard-of", found="", actor=olga, reason="Of no use.", at=NOW)
    second = DatasetVersion.objects.get(pk=version.pk)
    assert not gates.blocking(second)
    gatekeeping.set_threshold(version.dataset, "repeats", Threshold(low=5), actor=olga, reason="Stricter.", at=NOW)
    with pytest.raises(releasing.Blocked, match="^Repeats: "):
        releasing.release(version, actor=None, at=NOW)


def test_what_is_asked_later_changes_no_released_version(version: DatasetVersion, everyday: Campaign, olga: User) -> None:
    released(version, olga)
    later = frozen(everyday)
    before = {gate.key: (gate.state, gate.asks) for gate in gates.check(version)}
    gatekeeping.set_threshold(version.dataset, "repeats", Threshold(low=5), actor=olga, reason="Stricter.", at=NOW + timedelta(seconds=1))
    assert {gate.key: (gate.state, gate.asks) for gate in gates.check(version)} == before
    assert before["repeats"][0] == "passed"
    assert next(gate for gate in gates.check(later) if gate.key == "repeats").state == "failed"


def test_the_predecessor_is_current_again_after_a_roll_back(version: DatasetVersion, everyday: Campaign, olga: User, rosa: User) -> None:
    first, second, third = released(version, olga), released(frozen(everyday), olga), released(frozen(everyday), olga)
    assert lives.current(version.dataset) == third
    releasing.roll_back(third, actor=rosa, reason="Rewards are worse.", at=NOW)
    assert lives.current(version.dataset) == second
    releasing.roll_back(second, actor=rosa, reason="Still worse.", at=NOW)
    assert lives.current(version.dataset) == first
    assert {one.state for one in DatasetVersion.objects.all()} == {State.RELEASED}
    assert all(one.folder.is_dir() and one.rows.count() == one.rows_count for one in (first, second, third))
    releasing.reinstate(third, actor=rosa, reason="It was the learning rate.", at=NOW)
    assert lives.in_use(version.dataset) == [third, first]


def test_a_withdrawn_version_leaves_the_one_before_it_current(version: DatasetVersion, everyday: Campaign, olga: User) -> None:
    first, second = released(version, olga), released(frozen(everyday), olga)
    releasing.withdraw(second, actor=olga, reason="A labeler withdrew.", at=NOW, successor=first)
    assert lives.current(version.dataset) == first
    assert lives.successor(second) == first
    releasing.withdraw(first, actor=olga, reason="So did another.", at=NOW)
    assert lives.current(version.dataset) is None
    third = frozen(everyday)
    releasing.name_successor(first, successor=third, actor=olga, reason="Cut anew.", at=NOW)
    assert (lives.successor(first), lives.successor(second)) == (third, third)


def test_a_successor_that_points_back_is_no_endless_road(version: DatasetVersion, everyday: Campaign, olga: User) -> None:
    second = frozen(everyday)
    releasing.withdraw(version, actor=olga, reason="Bad.", at=NOW, successor=second)
    releasing.withdraw(second, actor=olga, reason="Worse.", at=NOW, successor=version)
    assert lives.successor(version) in (version, second)


@pytest.mark.parametrize(
    ("before", "act", "said"),
    [
        (["release"], "release", "is released, so it cannot be released"),
        (["withdraw"], "release", "is withdrawn, so it cannot be released"),
        ([], "roll_back", "is frozen, so it cannot be rolled back"),
        (["release"], "roll_back", "No version was current before"),
        ([], "reinstate", "is frozen, so it cannot be reinstated"),
        (["release"], "reinstate", "is the current one"),
        (["withdraw"], "withdraw", "is withdrawn, so it cannot be withdrawn"),
    ],
)
def test_what_cannot_become_of_a_version_is_refused(before: list[str], act: str, said: str, version: DatasetVersion, olga: User) -> None:
    waive_all(version, olga)
    for step in before:
        getattr(releasing, step)(version, actor=olga, reason="Because.", at=NOW)
    events = version.events.count()
    with pytest.raises(releasing.NotPossible, match=said):
        getattr(releasing, act)(version, actor=olga, reason="Because.", at=NOW)
    assert version.events.count() == events


@pytest.mark.parametrize("act", ["withdraw", "roll_back", "reinstate"])
@pytest.mark.parametrize("reason", ["", "  \n "])
def test_without_a_reason_nothing_becomes_of_it(act: str, reason: str, version: DatasetVersion, everyday: Campaign, olga: User) -> None:
    first, second = released(version, olga), released(frozen(everyday), olga)
    with pytest.raises(releasing.NotPossible, match="Say why"):
        getattr(releasing, act)(first if act == "reinstate" else second, actor=olga, reason=reason, at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        VersionEvent.objects.create(version=second, kind=Kind.WITHDRAWN, actor=olga, reason=reason, at=NOW)


def test_an_owner_waives_by_name_with_a_reason(version: DatasetVersion, olga: User) -> None:
    measuring.measure(version, at=NOW)
    waiver = gatekeeping.waive(version, "licence", actor=olga, reason=" All prompts are our own. ", at=NOW)
    assert (waiver.actor, waiver.reason) == (olga, "All prompts are our own.")
    found = next(gate for gate in gates.check(version) if gate.key == "licence")
    assert (found.state, found.blocks) == ("waived", False)
    said = records.record_of(version).waivers
    assert said == [f"Licence was waived by olga on {NOW:%-d %B %Y}: All prompts are our own. Found was: The prompt of 12 rows has no licence."]


@pytest.mark.parametrize(("key", "reason", "said"), [("licence", " ", "Say why"), ("nothing", "Because.", "no gate"), ("rubrics", "Because.", "is passed")])
def test_a_waiver_that_is_none_is_refused(key: str, reason: str, said: str, version: DatasetVersion, olga: User) -> None:
    measuring.measure(version, at=NOW)
    with pytest.raises(gatekeeping.NotPossible, match=said):
        gatekeeping.waive(version, key, actor=olga, reason=reason, at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Waiver.objects.create(version=version, gate=key, found="", actor=olga, reason=" ", at=NOW)


def test_only_an_owner_waives_once_and_before_the_release(version: DatasetVersion, olga: User, rosa: User) -> None:
    measuring.measure(version, at=NOW)
    with pytest.raises(gatekeeping.NotPossible, match="rosa is no owner"):
        gatekeeping.waive(version, "licence", actor=rosa, reason="I am in a hurry.", at=NOW)
    gatekeeping.waive(version, "licence", actor=olga, reason="Known.", at=NOW)
    with pytest.raises(gatekeeping.NotPossible, match="was waived by olga before"):
        gatekeeping.waive(version, "licence", actor=olga, reason="Known.", at=NOW)
    released(version, olga)
    with pytest.raises(gatekeeping.NotPossible, match="there is nothing to waive"):
        gatekeeping.waive(version, "gold", actor=olga, reason="Too late.", at=NOW)


def test_the_record_says_who_approved_it_and_what_happened(version: DatasetVersion, everyday: Campaign, olga: User, rosa: User) -> None:
    waive_all(version, olga)
    releasing.release(version, actor=rosa, reason="Ready.", at=NOW)
    second = frozen(everyday)
    releasing.withdraw(version, actor=olga, reason="A prompt was erased.", at=NOW, successor=second)
    record = records.record_of(version)
    assert (record.state, record.approved_by) == ("withdrawn", "rosa")
    assert [sentence.split(" on ")[0] for sentence in record.events] == ["Released by rosa", "Withdrawn by olga"]
    assert record.events[1].endswith("A prompt was erased. Use version 2 instead.")
    assert any(sentence.startswith("Agreement, passed: ") for sentence in record.gates)


# release_dataset


def run(*words: str) -> str:
    said = StringIO()
    call_command("release_dataset", *words, stdout=said)
    return said.getvalue()


def waived(version: DatasetVersion) -> list[str]:
    measuring.measure(version, at=NOW)
    checking.check(version, at=NOW)
    return [word for gate in gates.blocking(version) for word in ("--waive", gate.key, "--reason", f"Known: {gate.name}.")]


def test_the_command_releases_with_waivers_by_name(version: DatasetVersion, olga: User) -> None:
    said = run("helpfulness", "1", *waived(version), "--by", "olga")
    assert said == "helpfulness version 1 is released. Version 1 is the current one.\n"
    assert version.waivers.filter(actor=olga).count() == version.waivers.count() > 0
    assert version.events.get().actor == olga


def test_the_command_prints_a_line_for_each_gate_and_changes_nothing(version: DatasetVersion, olga: User) -> None:
    with pytest.raises(CommandError) as refusal:
        run("helpfulness", "1", *waived(version)[:-8], "--by", "olga")
    first, *lines = str(refusal.value).splitlines()
    assert first == "helpfulness version 1 was not released."
    assert len(lines) == 2
    assert "asks for" in lines[0]
    assert not Waiver.objects.exists()
    assert not VersionEvent.objects.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["helpfulness", "7"], "There is no version 7 of a dataset 'helpfulness'."),
        (["helpfulness", "1", "--by", "nobody"], "Nobody here is called 'nobody'."),
        (["helpfulness", "1", "--waive", "licence", "--reason", "x"], "say who with --by"),
        (["helpfulness", "1", "--waive", "licence", "--by", "olga"], "Each --waive has its --reason."),
        (["helpfulness", "1", "--waive", "licence", "--reason", " ", "--by", "olga"], "Say why the gate is waived."),
        (["helpfulness", "1", "--waive", "licence", "--reason", "x", "--by", "rosa"], "rosa is no owner"),
    ],
)
def test_what_the_command_cannot_do_ends_with_one_clear_reason(words: list[str], said: str, version: DatasetVersion, olga: User) -> None:
    with pytest.raises(CommandError) as refusal:
        run(*words)
    assert said in str(refusal.value)
    assert not VersionEvent.objects.exists()


def test_replay_is_told_by_events_alone() -> None:
    assert lives.replay([]) == []
    assert lives.replay([("released", 1), ("released", 2), ("rolled_back", 2), ("released", 3), ("succeeded", 1)]) == [3, 1]
    assert lives.replay([("released", 1), ("released", 2), ("rolled_back", 2), ("reinstated", 2), ("withdrawn", 1)]) == [2]


def test_two_people_cannot_release_it_twice(version: DatasetVersion, olga: User) -> None:
    released(version, olga)
    with pytest.raises(IntegrityError), transaction.atomic():
        VersionEvent.objects.create(version=version, kind=Kind.RELEASED, actor=make_user(), at=NOW)
