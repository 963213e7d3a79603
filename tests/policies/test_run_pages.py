"""Generation runs in the browser: started, watched, stopped, resumed, retried."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from policies import generating, runs, tasks
from policies.models import GenerationRequest, GenerationRun, Policy
from tests.builders import NOW, make_policy, make_prompt, make_prompt_set
from tests.policies.pages import Page, cells, elements, heading, text_of
from tests.policies.rows import answer_to, claim, counts, finish, make_echo, make_run

As = Callable[[User], Client]
pytestmark = pytest.mark.django_db


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The runs for which the doorbell was to ring."""
    heard: list[int] = []
    monkeypatch.setattr(tasks, "ring", heard.append)
    return heard


def facts(page: Page) -> dict[str, str]:
    """The strip of figures."""
    return dict(zip(map(text_of, elements(page, "dt")), map(text_of, elements(page, "dd")), strict=True))


def buttons(page: Page) -> list[str]:
    return [text_of(found) for found in elements(page, "button", class_="btn") if text_of(found) != "Sign out"]


def polls(page: Page) -> bool:
    [part] = elements(page, "div", id="progress")
    return "hx-get" in dict(part.attributes)


# ---- starting ---------------------------------------------------------------------------------------------------


def test_it_works(as_: As, rosa: User, rung: list[int]) -> None:
    make_prompt(prompt_set=make_prompt_set("everyday"))
    a, b = make_echo("warm"), make_echo("cool")
    response = as_(rosa).post("/runs/new", {"prompt_set": "everyday", "policy_a": a.pk, "policy_b": b.pk, "seed": "7"})
    run = GenerationRun.objects.get()
    assert response["Location"] == f"/runs/{run.pk}/"
    assert (run.requested_by, run.seed, run.policy_a, run.policy_b) == (rosa, 7, a, b)
    assert rung == [run.pk]
    page = as_(rosa).get(response["Location"])
    assert heading(page) == "0 % of 2 responses are in"
    assert facts(page) == {"Tokens a second": "0 last minute", "Queued": "2", "Running": "0", "Stored": "0", "Failed": "0"}


def test_only_policies_that_can_be_asked_are_offered(as_: As, rosa: User) -> None:
    make_prompt(prompt_set=make_prompt_set("everyday"))
    make_policy("old")
    make_echo("warm")
    page = as_(rosa).get("/runs/new?set=everyday")
    assert {text_of(found) for found in elements(page, "option")} == {"everyday", "warm · echo"}
    chosen = [dict(found.attributes)["value"] for found in elements(page, "option") if "selected" in dict(found.attributes)]
    assert chosen[0] == "everyday"


def test_two_different_policies_are_proposed(as_: As, rosa: User) -> None:
    make_prompt(prompt_set=make_prompt_set("everyday"))
    older, newer = make_echo("older"), make_echo("newer")
    page = as_(rosa).get("/runs/new?set=everyday")
    chosen = [dict(found.attributes)["value"] for found in elements(page, "option") if "selected" in dict(found.attributes)]
    assert chosen == ["everyday", str(older.pk), str(newer.pk)]


def test_a_run_that_makes_no_sense_is_refused_with_its_reason(as_: As, rosa: User, rung: list[int]) -> None:
    make_prompt_set("empty")
    policy = make_echo()
    page = as_(rosa).post("/runs/new", {"prompt_set": "empty", "policy_a": policy.pk, "policy_b": policy.pk, "seed": "7"})
    assert page.status_code == 422
    assert text_of(elements(page, "div", role="alert")[0]) == "The prompt set empty is empty."
    assert rung == []


@pytest.mark.parametrize("seed", ["-1", str(2**63), "x", ""])
def test_a_seed_that_is_none_is_refused(as_: As, rosa: User, seed: str) -> None:
    make_prompt(prompt_set=make_prompt_set("everyday"))
    policy = make_echo()
    page = as_(rosa).post("/runs/new", {"prompt_set": "everyday", "policy_a": policy.pk, "policy_b": policy.pk, "seed": seed})
    assert page.status_code == 422
    assert len(elements(page, "div", id="id_seed_error")) == 1


def test_without_prompts_or_policies_the_page_says_what_is_missing(as_: As, rosa: User) -> None:
    page = as_(rosa).get("/runs/new")
    assert [text_of(found) for found in elements(page, "h2")] == ["A run needs prompts and a policy"]


@pytest.mark.parametrize("address", ["/runs/", "/runs/new", "/runs/{}/", "/runs/{}/progress"])
def test_only_researchers_see_runs(as_: As, lena: User, olga: User, address: str) -> None:
    address = address.format(make_run(1).pk)
    assert {as_(lena).get(address).status_code, as_(olga).get(address).status_code} == {403}


@pytest.mark.parametrize("act", ["stop", "resume", "retry"])
def test_only_researchers_act_and_only_by_post(as_: As, lena: User, rosa: User, act: str, rung: list[int]) -> None:
    run = make_run(1)
    assert as_(lena).post(f"/runs/{run.pk}/{act}").status_code == 403
    assert as_(rosa).get(f"/runs/{run.pk}/{act}").status_code == 405
    assert (counts(run), rung) == ({"queued": 2}, [])


# ---- watching ---------------------------------------------------------------------------------------------------


def test_a_run_at_work_shows_figures_policies_and_workers(as_: As, rosa: User) -> None:
    run, at = make_run(3), timezone.now()
    held = claim(run, worker="box:1:a", at=at)
    generating.finish(answered=[answer_to(held[0]), answer_to(held[1], finish_reason="length")], facts={}, at=at)
    page = as_(rosa).get(f"/runs/{run.pk}/")
    assert heading(page) == "33 % of 6 responses are in"
    assert facts(page) | {"Tokens a second": ""} == {"Tokens a second": "", "Queued": "0", "Running": "4", "Stored": "2", "Failed": "0"}
    rows = cells(page, "Progress of each policy")
    assert [row[0] for row in rows] == [run.policy_a.name, run.policy_b.name]
    assert rows[0][3:] == ["33 % 33 %", "1", "3", "0", "3 tokens", "0"]
    assert rows[1][3:] == ["33 % 33 %", "1", "3", "0", "3 tokens", "1"]
    assert cells(page, "Workers of this run")[0][:3] == ["box:1:a", "at work", "4 requests"]
    assert polls(page)
    assert buttons(page) == ["Stop after this batch"]


def test_the_fragment_is_that_part_of_the_page_and_stops_asking_when_the_run_is_over(as_: As, rosa: User) -> None:
    run = make_run(1)
    part = as_(rosa).get(f"/runs/{run.pk}/progress")
    assert (len(elements(part, "html")), len(elements(part, "h1"))) == (0, 1)
    assert polls(part)
    finish(claim(run), at=timezone.now())
    part = as_(rosa).get(f"/runs/{run.pk}/progress")
    assert heading(part) == "All 2 responses are in"
    assert not polls(part)
    assert buttons(part) == []


def test_the_rate_is_that_of_the_last_minute(as_: As, rosa: User) -> None:
    run = make_run(10)
    now = run.created_at + timedelta(minutes=10)
    finish(claim(run, limit=10), at=now - timedelta(minutes=5))
    finish(claim(run, limit=4), at=now - timedelta(seconds=30))
    progress = runs.progress_of(run, at=now)
    assert (progress.stored_lately, progress.tokens_a_second) == (4, 4 * 3 / 60)
    assert progress.ends_about == now + timedelta(seconds=60 * 6 / 4)


def test_nobody_at_work_is_said_with_what_to_do(as_: As, rosa: User) -> None:
    run = make_run(1)
    page = as_(rosa).get(f"/runs/{run.pk}/")
    assert text_of(elements(page, "div", class_="banner warn")[0]).startswith("No worker is at this run.")


def test_a_fresh_run_waits_without_alarm_and_one_behind_another_says_so(as_: As, rosa: User) -> None:
    at = timezone.now()
    first, second = make_run(1), make_run(1)
    GenerationRequest.objects.update(queued_at=at)
    assert elements(as_(rosa).get(f"/runs/{second.pk}/"), "div", class_="banner warn") == []
    GenerationRequest.objects.update(queued_at=at - timedelta(minutes=5))
    claim(first, at=at)
    page = as_(rosa).get(f"/runs/{second.pk}/")
    assert elements(page, "div", class_="banner warn") == []
    assert len(elements(page, "a", href=f"/runs/{first.pk}/")) == 1


def test_a_worker_whose_leases_lapsed_is_lost(as_: As, rosa: User) -> None:
    run = make_run(1)
    claim(run, worker="box:1:a", at=NOW)
    page = as_(rosa).get(f"/runs/{run.pk}/")
    assert cells(page, "Workers of this run")[0][1] == "lost its requests are given to another"


def test_failures_are_told_by_reason_with_what_to_do(as_: As, rosa: User) -> None:
    run = make_run(3)
    held = claim(run, worker="box:1:a")
    too_long = "the prompt is longer than the context: {} tokens, 4,095 fit"
    for number, request in enumerate(held[:3]):
        generating.fail(request=request, reason=too_long.format(5000 + number), final=True, at=NOW + timedelta(seconds=number))
    generating.fail(request=held[3], reason="<b>busy</b>", final=False, at=NOW)
    page = as_(rosa).get(f"/runs/{run.pk}/")
    rows = cells(page, "Failed requests by reason")
    assert rows[0] == [
        "The prompt is longer than the context 5002 tokens, 4,095 fit",
        "3",
        "1",
        "12:00:02, box:1:a",
        "Leave these prompts out, or ask a policy with a longer context.",
    ]
    assert rows[1][:3] == ["<b>busy</b>", "1", "1"]
    assert rows[1][4] == "Nothing: they are tried again, fewer together."
    assert elements(page, "b", class_="") == []
    assert "Retry 3 failed" in buttons(page)


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        (generating.LOST, "Read the last lines of that worker’s log, then retry."),
        ("the chat template refuses this conversation: x", "Leave these prompts out"),
        ("the endpoint did not answer in 4 tries: HTTP 500", "See whether the endpoint is up"),
        ("there is no folder x in the model root lab", "Put the folder where the settings look for it"),
        ("the weights in lab/x changed since tiny was registered: aa instead of bb", "Put the registered files back"),
        ("something new", "Read the worker’s log"),
    ],
)
def test_every_reason_has_its_advice(reason: str, advice: str) -> None:
    run = make_run(1)
    generating.fail_policies(run=run, policies=[run.policy_a], reason=reason, at=NOW)
    [failure] = runs.progress_of(run, at=NOW).failures
    assert failure.advice.startswith(advice)


def test_a_run_says_what_it_is(as_: As, rosa: User) -> None:
    run = make_run(2)
    states = [runs.progress_of(run, at=NOW).state]
    held = claim(run, limit=2)
    states.append(runs.progress_of(run, at=NOW).state)
    generating.stop_run(run=run, at=NOW)
    run.refresh_from_db()
    states.append(runs.progress_of(run, at=NOW).state)
    finish(held)
    states.append(runs.progress_of(run, at=NOW).state)
    generating.resume_run(run=run, at=NOW)
    run.refresh_from_db()
    generating.fail(request=claim(run, limit=1)[0], reason="no", final=True, at=NOW)
    finish(claim(run))
    states.append(runs.progress_of(run, at=NOW).state)
    generating.retry_failed(run=run, at=NOW)
    finish(claim(run))
    states.append(runs.progress_of(run, at=NOW).state)
    assert states == ["queued", "running", "stopping", "stopped", "failed", "done"]


def test_hundred_percent_is_said_when_all_of_it_is_there() -> None:
    run = make_run(101)
    finish(claim(run, limit=201))
    assert runs.progress_of(run, at=NOW).percent == 99


def test_a_longer_run_asks_no_more_queries(as_: As, rosa: User) -> None:
    client = as_(rosa)

    def queries(prompts: int) -> int:
        run = make_run(prompts)
        finish(claim(run, limit=2))
        with CaptureQueriesContext(connection) as captured:
            client.get(f"/runs/{run.pk}/progress")
        return len(captured)

    assert queries(2) == queries(20)


def test_more_runs_ask_no_more_queries(as_: As, rosa: User) -> None:
    client, policy = as_(rosa), make_echo()

    def queries() -> int:
        for _ in range(5):
            make_run(1, a=policy, b=policy)
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/runs/").status_code == 200
        return len(captured)

    assert queries() == queries()


def test_the_list_shows_every_run_with_its_state(as_: As, rosa: User) -> None:
    done, stopped, failed, new = (make_run(1) for _ in range(4))
    finish(claim(done))
    generating.stop_run(run=stopped, at=NOW)
    generating.fail_policies(run=failed, policies=[failed.policy_a, failed.policy_b], reason="no", at=NOW)
    rows = cells(as_(rosa).get("/runs/"), "Generation runs")
    assert [(row[0], row[6]) for row in rows] == [
        (f"Run {new.pk}", "2 to come"),
        (f"Run {failed.pk}", "2 failed"),
        (f"Run {stopped.pk}", "stopped"),
        (f"Run {done.pk}", "done"),
    ]


def test_numbers_of_runs_and_seeds_are_written_without_commas(as_: As, rosa: User) -> None:
    policy = make_echo()
    run = make_run(1, a=policy, b=policy, seed=12_345_678)
    page = as_(rosa).get(f"/runs/{run.pk}/")
    assert "seed 12345678" in text_of(elements(page, "p", class_="kicker")[0])


# ---- acting -----------------------------------------------------------------------------------------------------


def test_a_stop_a_resume_and_a_retry(as_: As, rosa: User, rung: list[int]) -> None:
    run, client = make_run(2), as_(rosa)
    generating.fail(request=claim(run, limit=1)[0], reason="no", final=True, at=NOW)
    client.post(f"/runs/{run.pk}/stop")
    assert (counts(run), rung) == ({"failed": 1, "stopped": 3}, [])
    page = client.get(f"/runs/{run.pk}/")
    assert buttons(page) == ["Go on with 3"]
    client.post(f"/runs/{run.pk}/retry")
    assert counts(run) == {"failed": 1, "stopped": 3}
    client.post(f"/runs/{run.pk}/resume")
    assert (counts(run), rung) == ({"failed": 1, "queued": 3}, [run.pk])
    client.post(f"/runs/{run.pk}/retry")
    assert (counts(run), rung) == ({"queued": 4}, [run.pk, run.pk])


@pytest.mark.parametrize("address", ["/runs/999999/", "/runs/999999/progress", f"/runs/{2**70}/", f"/policies/{2**70}/"])
def test_what_is_not_there_is_not_found(as_: As, rosa: User, address: str) -> None:
    assert as_(rosa).get(address).status_code == 404


def test_a_policys_page_lists_its_runs(as_: As, rosa: User) -> None:
    run = make_run(1)
    page = as_(rosa).get(f"/policies/{Policy.objects.earliest('pk').pk}/")
    assert [row[0] for row in cells(page, "Generation runs")] == [f"Run {run.pk}"]
