"""Responses of a run become pairs with places."""

from __future__ import annotations

import doctest
import itertools
import threading
from collections import Counter
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from labeling import pairing, ranks, repetition, settling, slotting
from labeling.models import AttachedRun, Campaign, Pair, Slot, Standing
from labeling.repetition import is_looping
from policies.models import GenerationRequest, GenerationRun, Response
from tests.builders import NOW, make_campaign, make_policy, make_prompt, make_prompt_set
from tests.labeling.runs import answer, answer_both, make_run

SENTENCE = "The heron stands in the shallow water and waits for a fish to come close. "


@pytest.fixture
def run(db: None) -> GenerationRun:
    return make_run(make_prompt_set("questions"))


def attach(campaign: Campaign, run: GenerationRun) -> Campaign:
    AttachedRun.objects.create(campaign=campaign, run=run)
    return campaign


@pytest.fixture
def campaign(run: GenerationRun) -> Campaign:
    """k = 2, the run attached."""
    return attach(make_campaign("everyday"), run)


def only_pair() -> Pair:
    return Pair.objects.get()


# ---- pairs ---------------------------------------------------------------------------------------------------------


def test_it_works(campaign: Campaign, run: GenerationRun) -> None:
    a, b = answer_both(run, make_prompt(prompt_set=run.prompt_set))
    assert pairing.pair_up(campaign, at=NOW) == {"": 1}
    pair = only_pair()
    assert (pair.response_a, pair.response_b, pair.prompt, pair.rubric_version) == (a, b, a.prompt, campaign.rubric_version)
    assert (pair.standing, pair.trouble, pair.slots.count()) == (Standing.WAITING, "", 2)


def test_a_prompt_that_only_one_policy_answered_waits(campaign: Campaign, run: GenerationRun) -> None:
    prompt = make_prompt(prompt_set=run.prompt_set)
    answer(run, prompt, run.policy_b, "This is one answer.")
    assert not pairing.pair_up(campaign, at=NOW)
    answer(run, prompt, run.policy_a, "This is another.")
    assert pairing.pair_up(campaign, at=NOW) == {"": 1}


def test_twice_is_once(campaign: Campaign, run: GenerationRun) -> None:
    answer_both(run, make_prompt(prompt_set=run.prompt_set))
    pairing.pair_up(campaign, at=NOW)
    assert not pairing.pair_up(campaign, at=NOW)
    AttachedRun.objects.update(answered=0)
    assert not pairing.pair_up(campaign, at=NOW)
    assert Pair.objects.count() == 1


def test_one_policy_asked_twice_pairs_its_two_samples(db: None) -> None:
    policy = make_policy()
    run = make_run(policy_a=policy, policy_b=policy)
    campaign = attach(make_campaign(), run)
    a, b = answer_both(run, make_prompt(prompt_set=run.prompt_set))
    pairing.pair_up(campaign, at=NOW)
    assert (only_pair().response_a, only_pair().response_b) == (a, b)


def test_responses_of_other_runs_stay_out(campaign: Campaign, run: GenerationRun) -> None:
    prompt = make_prompt(prompt_set=run.prompt_set)
    other = make_run(run.prompt_set, policy_a=run.policy_a, policy_b=run.policy_b)
    answer(run, prompt, run.policy_a, "This is one answer.")
    answer(other, prompt, run.policy_b, "This is another.")
    assert not pairing.pair_up(campaign, at=NOW)


def test_one_run_may_serve_two_campaigns(campaign: Campaign, run: GenerationRun) -> None:
    attach(make_campaign("second", overlap=3), run)
    answer_both(run, make_prompt(prompt_set=run.prompt_set))
    assert pairing.pair_up_all(at=NOW) == {"": 2}
    assert Counter(Slot.objects.values_list("campaign__slug", flat=True)) == {"everyday": 2, "second": 3}


@pytest.mark.parametrize("state", [Campaign.State.CLOSED, Campaign.State.ARCHIVED])
def test_a_campaign_that_has_ended_gets_no_more_pairs(campaign: Campaign, run: GenerationRun, state: str) -> None:
    answer_both(run, make_prompt(prompt_set=run.prompt_set))
    Campaign.objects.update(state=state)
    assert not pairing.pair_up_all(at=NOW)


def test_a_long_run_is_paired_in_several_transactions(campaign: Campaign, run: GenerationRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairing, "CHUNK", 3)
    for _ in range(7):
        answer_both(run, make_prompt(prompt_set=run.prompt_set))
    assert pairing.pair_up(campaign, at=NOW) == {"": 7}


def test_a_sweep_that_finds_nothing_new_asks_two_questions(campaign: Campaign, run: GenerationRun) -> None:
    for _ in range(3):
        answer_both(run, make_prompt(prompt_set=run.prompt_set))
    pairing.pair_up(campaign, at=NOW)
    with CaptureQueriesContext(connection) as queries:
        pairing.pair_up(campaign, at=NOW)
    assert [query["sql"].split()[0] for query in queries if "SAVEPOINT" not in query["sql"]] == ["SELECT", "SELECT"]
    assert "policies_response" not in "".join(query["sql"] for query in queries)


def test_sides_that_were_asked_differently_are_marked(db: None) -> None:
    run = make_run(policy_a=make_policy(system_prompt="Be brief."), policy_b=make_policy())
    campaign = attach(make_campaign(), run)
    answer_both(run, make_prompt(prompt_set=run.prompt_set))
    pairing.pair_up(campaign, at=NOW)
    assert only_pair().asked_differently


# ---- trouble -------------------------------------------------------------------------------------------------------


def pair_of(campaign: Campaign, run: GenerationRun, a: str, b: str, **fields: Any) -> Pair:
    prompt = make_prompt(prompt_set=run.prompt_set)
    answer(run, prompt, run.policy_a, a)
    answer(run, prompt, run.policy_b, b, **fields)
    pairing.pair_up(campaign, at=NOW)
    return only_pair()


@pytest.mark.parametrize(
    ("a", "b", "trouble"),
    [
        ("The same text.", "The same text.", "equal"),
        ("The same text.", "The same text. ", ""),
        ("", "This is an answer.", "empty"),
        ("This is an answer.", " \n\u2003", "empty"),
        ("", "", "empty"),
        ("This is an answer.", SENTENCE * 12, "looping"),
    ],
)
def test_a_pair_that_cannot_train_stands_as_withdrawn_with_its_trouble(campaign: Campaign, run: GenerationRun, a: str, b: str, trouble: str) -> None:
    pair = pair_of(campaign, run, a, b)
    assert pair.trouble == trouble
    assert pair.standing == (Standing.WITHDRAWN if trouble else Standing.WAITING)
    assert pair.withdrawn_at == (NOW if trouble else None)
    assert pair.slots.count() == (0 if trouble else 2)
    assert list(settling.differences()) == []


def test_a_response_that_was_cut_is_trouble(campaign: Campaign, run: GenerationRun) -> None:
    assert pair_of(campaign, run, "One.", "Two and", finish_reason=Response.FinishReason.LENGTH).trouble == "cut"


def test_a_response_that_names_its_model_is_trouble(campaign: Campaign, run: GenerationRun) -> None:
    assert pair_of(campaign, run, "One.", "I am Small-7B.", lineage={"names_itself": True}).trouble == "self_naming"


# ---- looping -------------------------------------------------------------------------------------------------------

POEM = """Row, row, row your boat, gently down the stream. Merrily, merrily, merrily, merrily, life is but a dream.
Row, row, row your boat, gently up the creek. If you see a little mouse, don't forget to squeak. Row, row, row your boat,
gently round the lake. Don't stand up and rock the boat, that's a big mistake."""
NUMBERS = "\n".join(f"{number}. Take item number {number} out of its box, wipe it, and lay it on shelf {number * 7 % 13}." for number in range(1, 5))


@pytest.mark.parametrize(
    "text",
    [
        SENTENCE * 5,
        "A good start that says something sensible about many different birds, their nests and what they eat in winter. " + SENTENCE * 6,
        "\n".join(f"{number}. Wash your hands with soap and water before you eat." for number in range(30)),
        "\u6211\u5f88\u597d\uff0c" * 40,
        "yes " * 60,
    ],
)
def test_a_text_that_runs_in_circles_is_looping(text: str) -> None:
    assert is_looping(text)


@pytest.mark.parametrize(
    "text", ["", "Ha ha ha ha ha!", POEM, NUMBERS, slotting.__doc__ or "", "| a | b |\n|---|---|\n" + "\n".join(f"| {n} | {n * n} |" for n in range(60))]
)
def test_a_text_that_gets_somewhere_is_not(text: str) -> None:
    assert not is_looping(text)


def test_a_long_text_is_looked_at_in_no_time() -> None:
    assert is_looping("a b " * 250_000)
    assert not is_looping(" ".join(map(str, range(100_000))))


@pytest.mark.parametrize("module", [ranks, repetition])
def test_the_examples_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


# ---- places --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("overlap", [1, 2, 3, 4, 5])
def test_sides_are_balanced_over_the_places_of_a_pair(overlap: int) -> None:
    for _ in range(30):
        drawn = slotting.drawn_sides(overlap)
        assert abs(drawn.count(True) - drawn.count(False)) == overlap % 2


def test_every_order_of_sides_comes_up(db: None) -> None:
    drawn = {tuple(slotting.drawn_sides(3)) for _ in range(300)}
    assert drawn == {sides for sides in itertools.product([True, False], repeat=3) if len(set(sides)) == 2}


def test_further_places_even_out_what_the_earlier_ones_showed() -> None:
    assert slotting.drawn_sides(1, sides=(2, 1)) == [False]
    assert slotting.drawn_sides(3, sides=(0, 2)).count(True) >= 2


def test_a_strategy_is_an_order_over_all_places() -> None:
    places = [(pair, ordinal) for pair in (1, 2, 10**9) for ordinal in (0, 1, 24)]
    finish = sorted(places, key=lambda place: ranks.rank("finish", pair_id=place[0], ordinal=place[1]))
    spread = sorted(places, key=lambda place: ranks.rank("spread", pair_id=place[0], ordinal=place[1]))
    assert finish == sorted(places)
    assert spread == sorted(places, key=lambda place: place[::-1])
    assert ranks.rank("spread", pair_id=2**40 - 1, ordinal=63) < 2**63


# ---- at once -------------------------------------------------------------------------------------------------------


@pytest.mark.commits
def test_two_at_once_make_each_pair_once(committed_db: str) -> None:
    run = make_run()
    campaign = attach(make_campaign(overlap=3), run)
    for _ in range(50):
        answer_both(run, make_prompt(prompt_set=run.prompt_set))
    made: list[Counter[str]] = []
    start = threading.Barrier(4)

    def pair_up() -> None:
        start.wait()
        made.append(pairing.pair_up(campaign, at=NOW))
        connection.close()

    threads = [threading.Thread(target=pair_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counter.total() for counter in made) == Pair.objects.count() == 50
    assert Slot.objects.count() == 150


def test_a_request_that_failed_is_no_response(campaign: Campaign, run: GenerationRun, rosa: User) -> None:
    prompt = make_prompt(prompt_set=run.prompt_set)
    answer(run, prompt, run.policy_a, "This is one answer.")
    GenerationRequest.objects.create(
        run=run, prompt=prompt, policy=run.policy_b, seed=1, status="failed", error="out of memory", queued_at=NOW, finished_at=NOW
    )
    assert not pairing.pair_up(campaign, at=NOW)
