"""Who is found, who is paused, and what becomes of their labels."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from config.celery import app
from labeling import assigning, evidence, settling, submitting, tasks, watching
from labeling.models import Campaign, Enrolment, EnrolmentEvent, Finding, FindingDecision, Label, Pair, Slot, Standing
from labeling.slotting import make_slots
from tests.builders import NOW, make_campaign, make_pair, make_user
from tests.labeling.answers import answer, checked, enrol

LATER = NOW + timedelta(hours=5)
RIGHT, WRONG = "1" * 20, "0" * 20


@pytest.fixture
def enrolment(campaign: Campaign, lena: User) -> Enrolment:
    return enrol(campaign, lena, state=Enrolment.State.WORKING)


def leaning(campaign: Campaign, labeler: User, *, n: int = 60, at: datetime = NOW) -> list[Label]:
    """Always the left side, by other strengths, so that it is no line; slow enough."""
    return [answer(make_pair(campaign, slots=0), labeler, -1 - number % 3, at=at + timedelta(minutes=number)) for number in range(n)]


def watch(campaign: Campaign, *, at: datetime = LATER) -> list[str]:
    return [finding.kind for finding in watching.watch(campaign, at=at)]


def state_of(enrolment: Enrolment) -> str:
    enrolment.refresh_from_db()
    return enrolment.state


def decide(finding: Finding, decision: str, actor: User, **fields: object) -> FindingDecision:
    return watching.decide(finding=finding, decision=decision, actor=actor, at=LATER + timedelta(minutes=1), **fields)  # type: ignore[arg-type]


def test_it_works(campaign: Campaign, lena: User, enrolment: Enrolment) -> None:
    good = checked(campaign, lena, RIGHT)
    checked(campaign, lena, WRONG, at=NOW + timedelta(hours=1))
    [finding] = watching.watch(campaign, at=LATER)
    assert (finding.kind, finding.labeler, finding.campaign, finding.at) == ("gold_below_bar", lena, campaign, LATER)
    assert finding.says == "Right on 0 of the last 20 gold items: 16.1\u00a0% at most, and the bar is 70\u00a0%."
    assert (finding.evidence["hits"], finding.evidence["n"], finding.evidence["threshold"]) == (0, 20, 0.7)
    assert (finding.evidence["left"]["n"], finding.evidence["right"]["n"]) == (10, 10)
    sixth_wrong = Label.objects.order_by("pk")[25]
    assert sixth_wrong.pk > good[-1].pk
    assert (finding.good_to, finding.evidence["last_good_label"]) == (sixth_wrong.pk, sixth_wrong.pk)  # 14 of 20 right is 70 %
    assert state_of(enrolment) == "paused"
    event = EnrolmentEvent.objects.get()
    assert (event.before, event.after, event.why, event.actor) == ("working", "paused", "gold score below the bar", None)


def test_who_was_never_above_the_bar_has_no_last_good_check(campaign: Campaign, lena: User, enrolment: Enrolment) -> None:
    checked(campaign, lena, WRONG)
    [finding] = watching.watch(campaign, at=LATER)
    assert (finding.good_to, finding.evidence["last_good_at"]) == (None, None)


@pytest.mark.parametrize("right", ["0" * 7, RIGHT, "10" * 10, "1101" * 5])
def test_who_is_not_surely_below_the_bar_goes_on(campaign: Campaign, lena: User, enrolment: Enrolment, right: str) -> None:
    checked(campaign, lena, right)
    assert watch(campaign) == []
    assert state_of(enrolment) == "working"


def test_a_flag_is_a_finding_and_pauses_nobody(campaign: Campaign, lena: User, enrolment: Enrolment) -> None:
    labels = leaning(campaign, lena)
    [finding] = watching.watch(campaign, at=LATER)
    assert (finding.kind, finding.says) == ("left_leaning", "Chose the left side 60 of 60 times.")
    assert (finding.evidence["n"], finding.evidence["answers"], finding.good_to) == (60, 60, labels[0].pk - 1)
    assert state_of(enrolment) == "working"


def test_an_honest_labeler_is_left_alone(campaign: Campaign, lena: User, enrolment: Enrolment) -> None:
    for number in range(80):
        answer(make_pair(campaign, slots=0), lena, (-1, 2, 0, 1, -2)[number % 5], left_is_a=number % 2 == 0, active_seconds=900.0)
    checked(campaign, lena, RIGHT)
    assert watch(campaign) == []
    assert not Finding.objects.exists()


def test_twice_is_once(campaign: Campaign, lena: User, enrolment: Enrolment) -> None:
    leaning(campaign, lena)
    checked(campaign, lena, WRONG)
    assert sorted(watch(campaign)) == ["gold_below_bar", "left_leaning"]
    assert watch(campaign) == []
    answer(make_pair(campaign), lena)
    assert watch(campaign) == []
    assert (Finding.objects.count(), EnrolmentEvent.objects.count()) == (2, 1)


def test_of_two_looks_at_one_moment_one_stores(campaign: Campaign, lena: User, enrolment: Enrolment) -> None:
    newest = leaning(campaign, lena)[-1].pk
    first, second = (watching.found(campaign, lena.pk, evidence.latest_of(campaign), at=LATER) for _ in range(2))
    assert len(watching.store(enrolment.pk, newest, first, at=LATER)) == 1
    assert watching.store(enrolment.pk, newest, second, at=LATER) == []
    assert Finding.objects.count() == 1


@pytest.mark.commits
def test_two_sweeps_at_once_pause_once(committed_db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have worked out their findings before either stores."""
    lena = make_user()
    campaign = make_campaign(labelers=(lena,))
    enrolment = enrol(campaign, lena, state=Enrolment.State.WORKING)
    checked(campaign, lena, WRONG)
    both, worked_out, find = threading.Barrier(2), [], watching.found

    def found(*args: Any, **kwargs: Any) -> list[Finding]:
        worked_out.append(find(*args, **kwargs))
        both.wait(timeout=30)
        return worked_out[-1]

    def look() -> list[str]:
        try:
            return watch(campaign)
        finally:
            connection.close()

    monkeypatch.setattr(watching, "found", found)
    with ThreadPoolExecutor(2) as threads:
        stored = [future.result() for future in [threads.submit(look), threads.submit(look)]]
    assert [len(findings) for findings in worked_out] == [1, 1]
    assert sorted(stored) == [[], ["gold_below_bar"]]
    assert (Finding.objects.count(), EnrolmentEvent.objects.count(), state_of(enrolment)) == (1, 1, "paused")


def test_nobody_without_new_labels_is_looked_at(campaign: Campaign, lena: User, enrolment: Enrolment) -> None:
    leaning(campaign, lena, n=3)
    watch(campaign)
    with CaptureQueriesContext(connection) as captured:
        watch(campaign)
    assert len(captured) == 1


def test_a_campaign_is_watched_by_itself(campaign: Campaign, lena: User, otto: User, enrolment: Enrolment) -> None:
    other = make_campaign(labelers=(lena, otto))
    enrol(other, lena)
    leaning(campaign, lena)
    assert watch(other) == []
    assert watch(campaign) == ["left_leaning"]


def test_all_campaigns_in_which_labels_come_in_are_watched(campaign: Campaign, lena: User, enrolment: Enrolment) -> None:
    paused, closed = make_campaign(state="paused"), make_campaign(state="closed")
    for each in (paused, closed):
        enrol(each, lena)
        leaning(each, lena)
    assert [finding.campaign for finding in watching.watch_all(at=LATER)] == [paused]


def test_queries_do_not_grow_with_the_campaign_nor_with_what_was_labeled(campaign: Campaign, lena: User, enrolment: Enrolment) -> None:
    def queries(more: int) -> int:
        leaning(campaign, lena, n=more)
        checked(campaign, lena, "1" * more)
        with CaptureQueriesContext(connection) as captured:
            watch(campaign)
        return len(captured)

    assert queries(10) == queries(30)


# Decisions


def settled_pairs(campaign: Campaign, labelers: list[User], *, number: int, at: datetime = NOW) -> list[Pair]:
    """Pairs that these labelers label through the desk's own stages, all of them A."""
    pairs = [make_pair(campaign, slots=0) for _ in range(number)]
    make_slots(pairs, campaign)
    for minute in range(number):
        for labeler in labelers:
            assignment = assigning.next_for(campaign, labeler, at=at + timedelta(minutes=minute))
            assert assignment is not None
            submitting.submit_label(
                assignment=assignment, preference=-1, submission_key=assignment.key, at=at + timedelta(minutes=minute, seconds=50), active_seconds=50.0
            )
    return pairs


@pytest.fixture
def below(campaign: Campaign, lena: User, otto: User, enrolment: Enrolment) -> Finding:
    """Lena was right on gold once, then did not look: two pairs were settled with her before, three since."""
    before = settled_pairs(campaign, [lena, otto], number=2)
    checked(campaign, lena, RIGHT, at=NOW + timedelta(hours=1))
    since = settled_pairs(campaign, [lena, otto], number=3, at=NOW + timedelta(hours=2))
    checked(campaign, lena, WRONG, at=NOW + timedelta(hours=3))
    assert {pair.standing for pair in Pair.objects.filter(pk__in=[pair.pk for pair in (*before, *since)])} == {Standing.AGREED}
    [finding] = [found for found in watching.watch(campaign, at=LATER) if found.kind == "gold_below_bar"]
    finding.good_to = Label.objects.filter(pair__in=before).order_by("pk").last().pk  # type: ignore[union-attr]
    return finding


def test_labels_are_taken_back_and_their_places_opened(campaign: Campaign, lena: User, below: Finding, rosa: User, enrolment: Enrolment) -> None:
    decision = decide(below, "retract", rosa, note="Clicked through.")
    assert (decision.decision, decision.retracted, decision.note, decision.actor) == ("retract", 3, "Clicked through.", rosa)
    assert Label.objects.filter(is_retraction=True, labeler=lena).count() == 3
    assert Label.objects.counting().filter(labeler=lena).count() == 2
    opened = Slot.objects.free().filter(campaign=campaign)
    assert len(opened) == 3
    assert all(slot.rank < 0 for slot in opened)
    assert Pair.objects.filter(standing=Standing.WAITING, pk__in=opened.values("pair")).count() == 3
    assert list(settling.differences()) == []
    assert state_of(enrolment) == "paused"


def test_who_was_there_does_not_get_the_pair_again(campaign: Campaign, lena: User, below: Finding, rosa: User) -> None:
    decide(below, "retract", rosa, resume=True)
    assert assigning.next_for(campaign, lena, at=LATER + timedelta(minutes=2)) is None


@pytest.mark.parametrize("decision", ["keep", "dismiss"])
def test_labels_are_kept(campaign: Campaign, lena: User, below: Finding, rosa: User, decision: str) -> None:
    assert decide(below, decision, rosa).retracted == 0
    assert Label.objects.counting().filter(labeler=lena).count() == 5
    assert not Label.objects.filter(is_retraction=True).exists()


def test_a_paused_labeler_goes_on_when_a_researcher_says_so(below: Finding, rosa: User, enrolment: Enrolment) -> None:
    decide(below, "keep", rosa, resume=True)
    assert state_of(enrolment) == "working"
    assert EnrolmentEvent.objects.order_by("pk").last().why == "keep the labels, after a look at: gold score below the bar"  # type: ignore[union-attr]


def test_the_same_decision_twice_is_one(below: Finding, rosa: User) -> None:
    assert decide(below, "retract", rosa) == decide(below, "retract", rosa)
    assert Label.objects.filter(is_retraction=True).count() == 3


def test_another_decision_is_refused(below: Finding, rosa: User) -> None:
    decide(below, "keep", rosa)
    with pytest.raises(watching.NotPossible, match="rosa has decided this before: keep the labels"):
        decide(below, "retract", rosa)
    assert not Label.objects.filter(is_retraction=True).exists()


def test_nothing_is_decided_in_an_archive(campaign: Campaign, below: Finding, rosa: User) -> None:
    Campaign.objects.update(state="archived")
    with pytest.raises(watching.NotPossible, match="The campaign is archived"):
        decide(below, "keep", rosa)


def test_after_a_decision_only_new_answers_can_be_found_again(campaign: Campaign, lena: User, enrolment: Enrolment, rosa: User) -> None:
    leaning(campaign, lena)
    checked(campaign, lena, WRONG)
    for finding in watching.watch(campaign, at=LATER):
        decide(finding, "dismiss", rosa, resume=True)
    leaning(campaign, lena, n=49, at=LATER + timedelta(hours=1))
    checked(campaign, lena, "0" * 7, at=LATER + timedelta(hours=1))
    assert watch(campaign, at=LATER + timedelta(hours=2)) == []
    leaning(campaign, lena, n=1, at=LATER + timedelta(hours=3))
    checked(campaign, lena, "0", at=LATER + timedelta(hours=3))
    assert sorted(watch(campaign, at=LATER + timedelta(hours=4))) == ["gold_below_bar", "left_leaning"]
    assert state_of(enrolment) == "paused"


def test_a_paused_labeler_gets_nothing_and_may_still_submit(campaign: Campaign, lena: User, enrolment: Enrolment) -> None:
    settled_pairs(campaign, [lena], number=2)
    pair = make_pair(campaign, slots=0)
    make_slots([pair], campaign)
    assignment = assigning.next_for(campaign, lena, at=LATER)
    assert assignment is not None
    checked(campaign, lena, WRONG)
    watch(campaign)
    label = submitting.submit_label(assignment=assignment, preference=1, submission_key=assignment.key, at=LATER)
    assert not label.is_surplus
    assert assigning.next_for(campaign, lena, at=LATER) is None


def test_the_sweep_comes_round(campaign: Campaign, lena: User, enrolment: Enrolment) -> None:
    leaning(campaign, lena)
    tasks.watch()
    assert Finding.objects.get().kind == "left_leaning"
    assert app.conf.beat_schedule["watch-labelers"] == {"task": "labeling.tasks.watch", "schedule": 15.0, "options": {"expires": 14}}
