"""What the care rules look at, out of the ledger."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from labeling import evidence
from labeling.care import Tally
from labeling.models import Campaign, Pair
from labeling.retraction import retract
from tests.builders import NOW, make_campaign, make_label, make_pair, make_prompt, make_response, make_user
from tests.labeling.answers import answer, checked, enrol, make_gold


def answers(campaign: Campaign, labeler: User) -> list[evidence.Given]:
    return evidence.answers_of(campaign, labeler.pk)


def test_it_works(campaign: Campaign, lena: User, otto: User) -> None:
    prompt = make_prompt(messages=[{"role": "user", "content": "Say one two three."}])
    pair = make_pair(campaign, a="four five", b="six seven eight", prompt=prompt)
    label = answer(pair, lena, -2, left_is_a=False, active_seconds=12.5)
    answer(pair, otto, 1)
    [given] = answers(campaign, lena)
    assert (given.label, given.at) == (label.pk, NOW)
    assert (given.answer.verdict, given.answer.preference, given.answer.left_was_a) == ("a", -2, False)
    assert (given.answer.characters_a, given.answer.characters_b, given.answer.words) == (9, 15, 9)
    assert (given.answer.active_seconds, given.answer.others, given.answer.gold) == (12.5, ("b",), None)


def test_only_what_counts_and_is_current_here_is_read(campaign: Campaign, lena: User, otto: User, rosa: User) -> None:
    pairs = [make_pair(campaign) for _ in range(5)]
    superseded = answer(pairs[0], lena, -1)
    head = answer(pairs[0], lena, 2, supersedes=superseded)
    taken_back = answer(pairs[1], lena)
    retract([taken_back], campaign=campaign, actor=rosa, why="a test", submission_key=taken_back.submission_key, at=NOW)
    answer(pairs[2], lena, kind="repeat")
    answer(make_pair(make_campaign()), lena)
    checked(campaign, lena, "11")
    answer(pairs[3], otto)
    kept = answer(pairs[4], lena)
    assert [given.label for given in answers(campaign, lena)] == [head.pk, kept.pk]


def test_the_last_two_hundred_are_looked_at(campaign: Campaign, lena: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "WINDOW", 3)
    labels = [answer(make_pair(campaign), lena, at=NOW + timedelta(minutes=minute)) for minute in range(5)]
    assert [given.label for given in answers(campaign, lena)] == [label.pk for label in labels[2:]]


def test_words_are_counted_in_every_script() -> None:
    assert evidence.words_on_screen([{"role": "user", "content": "Was ist's?"}], "你好吗", "one-two") == 8


def test_what_was_just_read_need_not_be_read_again(campaign: Campaign, lena: User) -> None:
    prompt = make_prompt(messages=[{"role": "user", "content": "one two three"}])
    first = make_pair(campaign, a="four five", b="six", prompt=prompt)
    second = Pair.objects.create(
        campaign=campaign, prompt=prompt, response_a=first.response_a, response_b=make_response("seven eight nine ten", prompt=prompt),
        rubric_version=campaign.rubric_version, created_at=NOW,
    )  # fmt: skip
    for pair in (first, second, make_pair(campaign, a="four five", b="six")):
        answer(pair, lena)
    assert [given.answer.words for given in answers(campaign, lena)][:2] == [6, 4]
    assert [given.answer.words for given in answers(campaign, lena)][2] > 3


def test_an_imported_label_has_no_sides_and_no_time(campaign: Campaign, lena: User) -> None:
    make_label(make_pair(campaign), lena)
    [given] = answers(campaign, lena)
    assert (given.answer.left_was_a, given.answer.active_seconds, given.answer.words) == (None, None, 0)


def test_gold_comes_in_order_with_first_answers(campaign: Campaign, lena: User, otto: User) -> None:
    enrol(campaign, lena)
    enrol(campaign, otto)
    labels = checked(campaign, lena, "101")
    checked(campaign, otto, "0")
    answer(labels[1].pair, lena, -1, supersedes=labels[1], left_is_a=False)
    found = evidence.gold_of(campaign)
    assert [(given.label, given.answer.right) for given in found[lena.pk]] == [(labels[0].pk, True), (labels[1].pk, False), (labels[2].pk, True)]
    assert [given.answer.right for given in found[otto.pk]] == [False]
    assert [given.label for given in evidence.gold_of(campaign, labeler=lena.pk, last=2)[lena.pk]] == [labels[1].pk, labels[2].pk]


def test_scores_look_back_on_the_campaigns_window(campaign: Campaign, lena: User) -> None:
    enrol(campaign, lena)
    Campaign.objects.update(gold_window=8)
    campaign.refresh_from_db()
    checked(campaign, lena, "0000" + "11111110")
    score = evidence.gold_scores(campaign)[lena.pk]
    assert (score.all.hits, score.all.n) == (7, 8)
    assert (score.left.n, score.right.n, score.neither.n) == (4, 4, 0)


def test_self_consistency_holds_a_repeat_against_what_stands(campaign: Campaign, lena: User, otto: User) -> None:
    enrol(campaign, lena)
    enrol(campaign, otto)
    for own, again in ((-1, -3), (-1, 1), (0, 0)):
        pair = make_pair(campaign)
        answer(pair, lena, own)
        answer(pair, lena, again, kind="repeat", left_is_a=False)
    answer(make_pair(campaign), otto)
    found = evidence.self_consistency(campaign)
    assert list(found) == [lena.pk]
    assert (found[lena.pk].hits, found[lena.pk].n) == (2, 3)
    assert (found[lena.pk].low or 0) < 2 / 3 < (found[lena.pk].high or 0)


def test_what_is_usual_is_what_the_others_do(campaign: Campaign, lena: User, otto: User) -> None:
    third = make_user("third")
    for labeler in (lena, otto, third):
        enrol(campaign, labeler)
    for said in ((-1, -1, 1), (-1, 1, -1), (1, 1, 1), (0, 1, 1)):
        pair = make_pair(campaign, a="longer text", b="text")
        for labeler, preference in zip((lena, otto, third), said, strict=True):
            answer(pair, labeler, preference)
    checked(campaign, otto, "10")
    latest = evidence.latest_of(campaign)
    assert latest.usual_but(lena.pk).longer == Tally(2, 8)
    assert latest.usual_but(lena.pk).gold == Tally(1, 2)
    assert latest.usual_but(otto.pk).gold == Tally()
    assert latest.usual_but(lena.pk).agreement == Tally(2, 4)
    assert latest.usual_but(third.pk).agreement == Tally(2, 3)


def test_a_few_who_are_careless_do_not_make_the_usual(campaign: Campaign) -> None:
    people = [make_user() for _ in range(7)]
    for labeler in people:
        enrol(campaign, labeler)
    for number in range(12):
        pair = make_pair(campaign, a="longer text", b="text")
        item = make_gold(campaign, "b")
        for careful in people[:5]:
            answer(pair, careful, 1)
            answer(item.pair, careful, 1, kind="gold", gold_item=item)
        for careless in people[5:]:
            answer(pair, careless, -1)
            answer(item.pair, careless, (-1) ** number, kind="gold", gold_item=item)
    usual = evidence.latest_of(campaign).usual_but(people[0].pk)
    assert usual.longer == Tally(0, 72)
    assert usual.gold == Tally(72, 72)
    assert usual.agreement == Tally(12, 12)


def test_nobody_else_is_nothing_usual(campaign: Campaign, lena: User) -> None:
    enrol(campaign, lena)
    answer(make_pair(campaign), lena)
    usual = evidence.latest_of(campaign).usual_but(lena.pk)
    assert (usual.longer, usual.gold, usual.agreement) == (Tally(), Tally(), Tally())


def test_queries_do_not_grow(campaign: Campaign, lena: User, otto: User) -> None:
    def add(number: int) -> None:
        for labeler in (lena, otto):
            enrol(campaign, labeler)
            checked(campaign, labeler, "1" * number)
        for _ in range(number):
            pair = make_pair(campaign)
            answer(pair, lena)
            answer(pair, otto)
            answer(pair, lena, kind="repeat")

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            evidence.answers_of(campaign, lena.pk)
            evidence.latest_of(campaign).usual_but(lena.pk)
            evidence.gold_scores(campaign)
            evidence.self_consistency(campaign)
        return len(captured)

    add(3)
    few = queries()
    add(10)
    assert queries() == few == 8


def test_gold_that_is_work_to_nobody_is_not_work(campaign: Campaign, lena: User) -> None:
    item = make_gold(campaign)
    answer(item.pair, lena, kind="practice", gold_item=item)
    assert answers(campaign, lena) == []
    enrol(campaign, lena)
    assert evidence.gold_of(campaign) == {}
