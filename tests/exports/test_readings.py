"""Rows that are read before a release: which are drawn, what was found of them, and what the gates make of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from exports import gatekeeping, gates, measuring, proofreading, publishing, readings, samples
from exports.gate_kinds import Threshold
from exports.models import DatasetVersion, RowReading, SampleRow
from labeling.models import Campaign
from tests.builders import NOW, make_prompt
from tests.exports.released import frozen
from tests.exports.settled import order, settled_campaign, settled_pair

SignIn = Callable[[User], Client]
Verdict = RowReading.Verdict


@pytest.fixture
def measured(version: DatasetVersion) -> DatasetVersion:
    measuring.measure(version, at=NOW)
    return version


def read_all(version: DatasetVersion, verdict: str, reader: User, *, sample: str = "random", most: int = 1000) -> None:
    for row in version.sample_rows.filter(sample=sample).order_by("place")[:most]:
        proofreading.read(row, verdict=Verdict(verdict), reader=reader, at=NOW)


def state(version: DatasetVersion, key: str) -> str:
    return next(gate.state for gate in gates.check(version) if gate.key == key)


def test_it_works(measured: DatasetVersion, rosa: User) -> None:
    assert [state(measured, key) for key in ("read", "errors")] == ["failed", "unmeasured"]
    read_all(measured, "fine", rosa)
    found = readings.readings_of(measured)["random"]
    assert (found.drawn, found.read, found.wrong) == (12, 12, 0)
    assert found.errors.high == pytest.approx(0.2425, abs=1e-3)
    assert [state(measured, key) for key in ("read", "errors")] == ["passed", "passed"]


def test_the_same_version_gives_the_same_samples_and_another_one_others(measured: DatasetVersion, everyday: Campaign) -> None:
    kept = list(measured.sample_rows.order_by("sample", "place").values_list("sample", "place", "row_id", "shortcut"))
    drawn = [(row.sample, row.place, row.row_id, row.shortcut) for row in samples.drawn(measured)]
    assert sorted(drawn) == sorted(kept)
    second = frozen(everyday, dataset="other")
    keys = [list(one.sample_rows.filter(sample="random").order_by("place").values_list("row__key", flat=True)) for one in (measured, second)]
    assert sorted(keys[0]) == sorted(keys[1])
    assert keys[0] != keys[1]


def test_the_adversarial_sample_is_what_shortcuts_explain_best(any_moment: None) -> None:
    campaign = settled_campaign("shortcuts", pairs=0)
    labelers = [membership.user for membership in campaign.memberships.all()]
    texts = {
        "long": ("A" * 400, "B" * 10),
        "longish": ("A" * 40, "B" * 20),
        "short": ("A" * 20, "B" * 21),
        "lists": ("- one\n- two\n- three", "one, two and three, as I said before"),
        "refusal": ("I'm sorry, but I cannot help with that request at all.", "Here is how, in two steps, for you to try today."),
    }
    for name, (a, b) in texts.items():
        settled_pair(campaign, labelers, (-2, -2), prompt=make_prompt(f"About {name}?"), a=a, b=b)
    version = publishing.publish(order(campaign, dataset="shortcuts"))
    measuring.measure(version, at=NOW)
    hard = version.sample_rows.filter(sample="adversarial").order_by("place").values_list("shortcut", "row__prompt__messages__0__content")
    assert list(hard)[:3] == [("length", "About long?"), ("lists", "About lists?"), ("refusal", "About refusal?")]
    assert "About short?" not in {prompt: shortcut for shortcut, prompt in hard}


def test_no_row_of_the_private_split_is_drawn(any_moment: None) -> None:
    campaign = settled_campaign("half", pairs=30)
    version = publishing.publish(order(campaign, dataset="half", shares={"train": 0.5, "test": 0.5}))
    measuring.measure(version, at=NOW)
    private = version.rows.filter(split="test").count()
    assert private > 0
    assert version.sample_rows.filter(sample="random").count() == version.rows_count - private
    assert not version.sample_rows.filter(row__split="test").exists()


def test_too_many_wrong_rows_block(measured: DatasetVersion, rosa: User) -> None:
    read_all(measured, "fine", rosa)
    read_all(measured, "wrong", rosa, most=1)
    assert state(measured, "errors") == "failed"
    assert readings.readings_of(measured)["random"].wrong == 1


def test_unsure_is_read_and_counts_neither_way(measured: DatasetVersion, rosa: User) -> None:
    read_all(measured, "unsure", rosa)
    found = readings.readings_of(measured)["random"]
    assert (found.read, found.errors.n) == (12, 0)
    assert [state(measured, key) for key in ("read", "errors")] == ["passed", "unmeasured"]


def test_the_latest_reading_holds_and_earlier_ones_stay(measured: DatasetVersion, rosa: User, olga: User) -> None:
    row = measured.sample_rows.get(sample="random", place=1)
    proofreading.read(row, verdict=Verdict.WRONG, note="Chosen is off the subject.", reader=rosa, at=NOW)
    proofreading.read(row, verdict=Verdict.FINE, reader=olga, at=NOW)
    assert readings.readings_of(measured)["random"].wrong == 0
    assert row.readings.count() == 2


def test_the_size_asked_for_is_the_datasets_own(measured: DatasetVersion, rosa: User) -> None:
    read_all(measured, "fine", rosa, most=5)
    assert state(measured, "read") == "failed"
    gatekeeping.set_threshold(measured.dataset, "read", Threshold(low=5), actor=rosa, reason="It is a small one.", at=NOW)
    assert state(measured, "read") == "passed"


# the page


@pytest.fixture
def rosas(as_: SignIn, rosa: User) -> Client:
    return as_(rosa)


def page(sample: str = "random") -> str:
    return reverse("read-rows", args=["helpfulness", 1, sample])


def test_rows_are_read_one_after_the_other(rosas: Client, version: DatasetVersion, rosa: User) -> None:
    first = rosas.get(page())
    row = SampleRow.objects.get(sample="random", place=1).row
    assert row.key in first.content.decode()
    said = rosas.post(page(), {"place": 1, "verdict": "wrong", "note": "Off the subject."})
    assert said.headers["Location"] == f"{page()}?after=1"
    stored = RowReading.objects.get()
    assert (stored.verdict, stored.note, stored.reader) == ("wrong", "Off the subject.", rosa)
    assert "1 wrong" in rosas.get(said.headers["Location"]).content.decode()
    again = rosas.get(f"{page()}?place=1").content.decode()
    assert "Off the subject." in again


def test_when_all_are_read_the_page_says_so(rosas: Client, measured: DatasetVersion, rosa: User) -> None:
    read_all(measured, "fine", rosa)
    assert "Every row of this sample is read" in rosas.get(page()).content.decode()


@pytest.mark.parametrize("sent", [{}, {"place": 1}, {"place": "x", "verdict": "fine"}, {"place": 1, "verdict": "great"}])
def test_a_reading_without_a_verdict_is_refused(sent: dict[str, str], rosas: Client, version: DatasetVersion) -> None:
    assert rosas.post(page(), sent).status_code == 422
    assert not RowReading.objects.exists()


def test_what_was_not_drawn_cannot_be_read(rosas: Client, version: DatasetVersion) -> None:
    assert rosas.post(page(), {"place": 99, "verdict": "fine"}).status_code == 404
    assert rosas.get(page("other")).status_code == 404
    for odd in ("x", "-1", "9" * 40, "%00", "٣"):
        assert rosas.get(f"{page()}?place={odd}").status_code == 200


def test_only_researchers_read(version: DatasetVersion, as_: SignIn, lena: User, olga: User, eve: User) -> None:
    for user in (lena, olga, eve):
        assert as_(user).get(page()).status_code == 403
        assert as_(user).post(page(), {"place": 1, "verdict": "fine"}).status_code == 403
    assert not RowReading.objects.exists()
