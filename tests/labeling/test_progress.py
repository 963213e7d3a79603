"""Figures of a campaign, held against counting by hand; and the shares' exact intervals, against the binomial itself."""

from __future__ import annotations

import doctest
import io
import json
import math
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from accounts.models import User
from labeling import agreement, bias, charts, progress
from labeling.bias import clopper_pearson
from labeling.models import Campaign, GoldItem, Label, Skip, Slot, Standing
from labeling.models.assignment import Assignment
from tests.builders import NOW, make_campaign, make_label, make_pair, make_slot, make_user
from tests.labeling.runs import answer_both, make_run

# ---- progress ------------------------------------------------------------------------------------------------------


def test_it_works(campaign: Campaign, lena: User, otto: User) -> None:
    begun, done = make_pair(campaign, slots=1), make_pair(campaign, slots=0)
    make_label(begun, lena)
    make_label(done, lena)
    make_label(done, otto)
    found = progress.progress_of(campaign)
    assert (found.pairs, found.labels, found.planned) == (2, 3, 4)
    assert (found.campaign, found.state, found.overlap) == ("everyday", "open", 2)


def test_every_standing_has_its_entry(campaign: Campaign) -> None:
    assert progress.progress_of(campaign).standings == {standing.value: 0 for standing in Standing}


def test_only_labels_in_places_that_count_are_counted(campaign: Campaign, lena: User, otto: User) -> None:
    pair = make_pair(campaign, slots=0)
    make_label(pair, lena)
    first = make_label(pair, otto, -1)
    make_label(pair, otto, 1, slot=first.slot, supersedes=first)  # revised: one label
    check = make_slot(pair, kind=Slot.Kind.GOLD, reserved_for=lena, labeler=lena, closed_at=NOW)
    make_label(pair, lena, slot=check)
    Label.objects.create(
        pair=pair,
        slot=None,
        labeler=make_user(),
        rubric_version=pair.rubric_version,
        verdict="a",
        preference=-1,
        rationale="",
        source=Label.Source.IMPORTED,
        submission_key=uuid4(),
        submitted_at=NOW,
    )
    found = progress.progress_of(campaign)
    assert (found.labels, found.surplus, found.planned) == (2, 1, 2)
    assert {row.labeler: row.labels for row in progress.labelers_of(campaign)} == {"lena": 1, "otto": 1}
    assert progress.agreement_of(campaign).labels == 2


def test_gold_items_are_no_pairs_of_work(campaign: Campaign) -> None:
    GoldItem.objects.create(pair=make_pair(campaign, slots=0), verdict="a", why="clear", added_at=NOW)
    found = progress.progress_of(campaign)
    assert (found.pairs, found.gold_items) == (0, 1)


def test_another_campaign_counts_nothing_here(campaign: Campaign, lena: User) -> None:
    other = make_campaign()
    make_label(make_pair(other), lena)
    assert progress.progress_of(campaign).labels == 0
    assert progress.labelers_of(campaign) == []
    assert progress.labels_by_day(campaign) == []


def test_stopped_and_flagged_pairs_are_told_apart(campaign: Campaign) -> None:
    make_pair(campaign, slots=0, trouble="equal", standing=Standing.WITHDRAWN, withdrawn_at=NOW)
    make_pair(campaign, slots=0, trouble="equal")
    make_pair(campaign, slots=0, trouble="empty")
    found = progress.progress_of(campaign)
    assert (found.stopped, found.flagged, found.live) == ({"equal": 1}, {"equal": 1, "empty": 1}, 2)


def test_skips_are_counted(campaign: Campaign, lena: User) -> None:
    pair = make_pair(campaign)
    assignment = Assignment.objects.create(slot=pair.slots.all()[0], pair=pair, labeler=lena, rubric_version=pair.rubric_version, left_is_a=True, leased_at=NOW)
    Skip.objects.create(assignment=assignment, pair=pair, labeler=lena, reason="broken", note="", at=NOW)
    assert progress.progress_of(campaign).skips == 1


def test_days_are_the_installation_s_own(campaign: Campaign, lena: User, settings: Settings) -> None:
    settings.TIME_ZONE = "Asia/Tokyo"
    make_label(make_pair(campaign, slots=0), lena, at=datetime(2026, 5, 25, 16, 0, tzinfo=UTC))
    assert progress.labels_by_day(campaign) == [progress.Day(date(2026, 5, 26), 1)]


def test_runs_say_how_far_they_are(campaign: Campaign) -> None:
    run, idle = make_run(), make_run()
    answer_both(run, make_pair().prompt)
    campaign.runs.add(run)
    campaign.runs.add(idle)
    first, second = progress.runs_of(campaign)
    assert (first.run, first.policy_a, first.done, first.open, first.failed, first.all) == (run.pk, run.policy_a.name, 2, 0, 0, 2)
    assert second.all == 0


# ---- labelers ------------------------------------------------------------------------------------------------------


def test_a_labeler_s_figures_are_counted_by_hand(campaign: Campaign, lena: User, otto: User) -> None:
    for preference, left_was_a, seconds in ((-1, True, 10.0), (1, False, 20.0), (-2, False, 60.0), (0, True, 30.0)):
        pair = make_pair(campaign, slots=0)
        slot = make_slot(pair, labeler=lena, closed_at=NOW)
        assignment = Assignment.objects.create(
            slot=slot, pair=pair, labeler=lena, rubric_version=pair.rubric_version, left_is_a=left_was_a, leased_at=NOW - timedelta(seconds=seconds)
        )
        make_label(pair, lena, preference, slot=slot, assignment=assignment, left_was_a=left_was_a, source=Label.Source.DESK, seconds=seconds)
    make_label(make_pair(campaign, slots=0), otto)
    first, second = progress.labelers_of(campaign)
    assert (first.labeler, first.labels, first.share, first.tie_share, first.median_seconds) == ("lena", 4, 0.8, 0.25, 25.0)
    assert (first.left.hits, first.left.n) == (2, 3)
    assert (second.labeler, second.left.n, second.left.value, second.lean, second.median_seconds) == ("otto", 0, None, "unknown", None)


# ---- agreement -----------------------------------------------------------------------------------------------------


def test_the_page_the_command_and_the_figures_are_one(campaign: Campaign, lena: User, otto: User) -> None:
    verdicts = [("a", "a"), ("a", "b"), ("b", "tie"), ("b", "b")]
    for pair_verdicts in verdicts:
        pair = make_pair(campaign, slots=0)
        for labeler, verdict in zip((lena, otto), pair_verdicts, strict=True):
            make_label(pair, labeler, {"a": -2, "b": 1, "tie": 0}[verdict])
    make_label(make_pair(campaign), lena)  # alone: nothing to compare
    out = io.StringIO()
    call_command("agreement", campaign.slug, "--json", stdout=out)
    said = json.loads(out.getvalue())
    expected = agreement.agreement(verdicts, seed=progress.SEED)
    assert (said["campaign"], said["labels"], said["pairs"]) == ("everyday", 9, 4)
    assert [figure["value"] for figure in said["figures"]] == [figure.value for figure in expected]
    assert [figure["low"] for figure in said["figures"]] == [figure.low for figure in expected]


def test_an_empty_campaign_has_no_figures_and_no_failure(campaign: Campaign, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("agreement", campaign.slug)
    said = capsys.readouterr().out
    assert "everyday: 0 labels that count, 0 pairs with at least two" in said
    assert said.count("not defined") == 5


def test_a_campaign_that_is_not_there_is_refused(db: None) -> None:
    with pytest.raises(CommandError, match="There is no campaign 'nowhere'"):
        call_command("agreement", "nowhere", "--json")


# ---- shares --------------------------------------------------------------------------------------------------------


def tail(hits: int, n: int, share: float) -> float:
    """P(X >= hits) for n draws, added up term by term."""
    return math.fsum(math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(hits, n + 1))


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_limits_leave_a_fortieth_on_either_side(found: tuple[int, int]) -> None:
    hits, n = found
    low, high = clopper_pearson(hits, n)
    assert low <= hits / n <= high
    assert low == 0 if hits == 0 else abs(tail(hits, n, low) - 0.025) < 1e-9
    assert high == 1 if hits == n else abs(1 - tail(hits + 1, n, high) - 0.025) < 1e-9


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    # R 4.3, binom.test(hits, n)$conf.int
    [(0, 10, 0.0, 0.3084971), (10, 10, 0.6915029, 1.0), (1, 20, 0.001265089, 0.2487328), (50, 100, 0.3983211, 0.6016789), (1, 1, 0.025, 1.0)],
)
def test_the_limits_are_those_of_published_tables(hits: int, n: int, low: float, high: float) -> None:
    assert clopper_pearson(hits, n) == pytest.approx((low, high), abs=1e-6)


@given(st.integers(1, 100_000), st.floats(0, 1))
def test_turning_sides_round_turns_the_interval_round(n: int, share: float) -> None:
    hits = round(n * share)
    low, high = clopper_pearson(hits, n)
    assert clopper_pearson(n - hits, n) == pytest.approx((1 - high, 1 - low), abs=1e-9)


@pytest.mark.parametrize(("hits", "n"), [(1, 0), (-1, 5), (6, 5), (0, 0)])
def test_what_is_no_share_is_refused(hits: int, n: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        clopper_pearson(hits, n)


@pytest.mark.parametrize(("low", "high", "word"), [(0.51, 0.7, "left"), (0.2, 0.49, "right"), (0.4, 0.6, "even"), (0.5, 0.9, "even"), (0.1, 0.5, "even")])
def test_an_interval_that_leaves_out_one_half_leans(low: float, high: float, word: str) -> None:
    assert bias.lean(low, high) == word


@pytest.mark.parametrize("module", [bias, charts])
def test_the_examples_hold(module: Any) -> None:
    assert doctest.testmod(module).failed == 0


# ---- drawings ------------------------------------------------------------------------------------------------------


@given(st.dictionaries(st.sampled_from(["part1", "part2", "part3", "part4"]), st.integers(0, 10**6)))
def test_a_bar_fills_its_width(parts: dict[str, int]) -> None:
    pieces = charts.bar(parts)
    assert [piece.name for piece in pieces] == [name for name, size in parts.items() if size]
    if pieces:
        assert float(pieces[-1].x) + float(pieces[-1].width) == pytest.approx(charts.BAR_WIDTH, abs=0.2)


def test_what_lies_outside_an_axis_stands_at_its_end() -> None:
    plot = charts.interval_plot(-0.4, -0.6, 1.2)
    assert (plot.dot, plot.line) == ("8.0", "M8.0 15H296.0M8.0 11V19M296.0 11V19")


def test_a_curve_begins_with_the_second_day() -> None:
    monday = date(2026, 5, 25)
    assert charts.growth([], planned=10, until=monday) is None
    assert charts.growth([(monday, 5)], planned=10, until=monday) is None
    drawn = charts.growth([(monday, 5)], planned=10, until=monday + timedelta(days=1))
    assert drawn is not None
    assert [count for _, count in drawn.ticks] == [0, 3, 6, 9, 12]
    assert drawn.end_x == "788.0"
