"""A request is claimed, ended once, taken back, given up: one rule a test."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from policies import generating
from policies.generating import CannotStart, RunIsStopped
from policies.models import GenerationRequest, GenerationRun, Policy, Response
from tests.builders import NOW, make_policy, make_prompt_set
from tests.policies.rows import answer_to, claim, counts, finish, make_echo, make_run

pytestmark = pytest.mark.django_db
LAPSED = NOW + timedelta(seconds=61)


def test_it_works(rosa: User) -> None:
    run = make_run(2)
    held = claim(run)
    assert finish(held) == 4
    assert counts(run) == {"done": 4}
    response = Response.objects.order_by("pk").first()
    assert response is not None
    assert (response.text, response.token_ids, response.finish_reason) == ("An answer.", [1, 2, 3], "stop")
    assert response.lineage == {"engine": "echo", "attempt": 1, "worker": "w:1", "seed": held[0].seed, "prompt_tokens": 5, "names_itself": False}


# ---- starting ---------------------------------------------------------------------------------------------------


def test_two_policies_are_asked_once_each_and_whole_pairs_come_first() -> None:
    run = make_run(2)
    asked = list(run.requests.order_by("pk").values_list("prompt__pk", "policy__pk", "sample_index"))
    first, second = sorted({prompt for prompt, _, _ in asked})
    assert asked == [(prompt, policy, 0) for prompt in (first, second) for policy in (run.policy_a.pk, run.policy_b.pk)]


def test_a_policy_given_twice_is_asked_twice() -> None:
    policy = make_echo()
    run = make_run(2, a=policy, b=policy)
    assert sorted(run.requests.values_list("policy__pk", "sample_index")) == [(policy.pk, 0), (policy.pk, 0), (policy.pk, 1), (policy.pk, 1)]
    assert run.requests.values("seed").distinct().count() == 4


def test_seeds_depend_on_what_is_asked_and_on_the_run_alone() -> None:
    policy = make_policy("pinned")
    seed = generating.request_seed(1, policy=policy, content_sha256="ab", sample_index=0)
    assert seed == generating.request_seed(1, policy=make_policy_like(policy), content_sha256="ab", sample_index=0) == 8129294837955430324
    others = {
        generating.request_seed(2, policy=policy, content_sha256="ab", sample_index=0),
        generating.request_seed(1, policy=policy, content_sha256="ac", sample_index=0),
        generating.request_seed(1, policy=policy, content_sha256="ab", sample_index=1),
        generating.request_seed(1, policy=make_policy("other"), content_sha256="ab", sample_index=0),
    }
    assert len(others | {seed}) == 5
    assert all(0 <= number < 2**63 for number in others)


def make_policy_like(policy: Policy) -> Policy:
    """The same policy on another installation, under another number."""
    return Policy(pk=policy.pk + 1000, name=policy.name, sampling=policy.sampling)


def test_an_imported_policy_cannot_be_asked() -> None:
    with pytest.raises(CannotStart, match="cannot be asked: its responses were made elsewhere"):
        make_run(1, b=make_policy("old"))


def test_the_echo_engine_is_for_tests(settings: LazySettings) -> None:
    policy = make_echo()
    settings.ECHO_ENGINE = False
    with pytest.raises(CannotStart, match="exists for tests only"):
        make_run(1, a=policy, b=policy)


def test_an_empty_set_is_no_run() -> None:
    with pytest.raises(CannotStart, match="the prompt set empty is empty"):
        make_run(0, prompt_set=make_prompt_set("empty"))


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_that_no_engine_takes_is_refused(seed: int) -> None:
    with pytest.raises(CannotStart, match="the seed is"):
        make_run(1, seed=seed)


# ---- claiming ---------------------------------------------------------------------------------------------------


def test_a_claim_leases_and_raises_the_token() -> None:
    run = make_run(2)
    [held] = claim(run, limit=1)
    stored = GenerationRequest.objects.get(pk=held.pk)
    assert (stored.status, stored.attempt, stored.worker) == ("running", 1, "w:1")
    assert stored.lease_ends_at == NOW + timedelta(seconds=60)
    assert held.attempt == 1


def test_claims_never_overlap_and_end_with_nothing() -> None:
    run = make_run(3)
    taken = [request.pk for _ in range(4) for request in claim(run, limit=2)]
    assert sorted(taken) == sorted(run.requests.values_list("pk", flat=True))
    assert claim(run) == []


def test_a_claim_is_of_its_run_and_of_the_policies_named() -> None:
    run, _ = make_run(1), make_run(1)
    assert [request.policy for request in claim(run, policies=[run.policy_b])] == [run.policy_b]
    assert [request.policy for request in claim(run)] == [run.policy_a]


def fail_all(requests: list[GenerationRequest]) -> None:
    for request in requests:
        generating.fail(request=request, reason="no", final=False, at=NOW)


def test_what_failed_once_comes_last_and_an_eighth_together_and_then_alone() -> None:
    run = make_run(10)
    fail_all(claim(run, limit=16))
    assert [request.failed_attempts for request in claim(run, limit=16)] == [0] * 4
    again = claim(run, limit=16)
    assert [request.failed_attempts for request in again] == [1, 1]
    fail_all([*again, *(request for _ in range(7) for request in claim(run, limit=16))])
    assert [request.failed_attempts for request in claim(run, limit=16)] == [2]


def run_unknown_to_the_planner() -> GenerationRun:
    """A run in a table that was empty when the planner last looked: it then joins the other way round."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE policies_generationrequest")
    return make_run(20)


def test_a_claim_takes_no_more_than_its_limit_whatever_the_plan() -> None:
    assert len(claim(run_unknown_to_the_planner(), limit=7)) == 7


def test_a_claim_costs_the_same_for_one_and_for_many() -> None:
    run = make_run(10)

    def queries(limit: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            claim(run, limit=limit)
        return len(captured)

    assert queries(1) == queries(15) == 3


# ---- ending -----------------------------------------------------------------------------------------------------


def test_a_late_twin_changes_no_row_and_its_text_is_thrown_away() -> None:
    run = make_run(1)
    late = claim(run, worker="late", policies=[run.policy_a])
    generating.sweep(at=LAPSED)
    claim(run, worker="next", policies=[run.policy_a], at=LAPSED)
    assert finish(late, text="late") == 0
    assert counts(run) == {"queued": 1, "running": 1}
    assert not Response.objects.exists()


def test_of_two_twins_the_holder_of_the_token_wins_in_whatever_order() -> None:
    run = make_run(1)
    late = claim(run, limit=1)
    generating.sweep(at=LAPSED)
    claim(run, limit=1)
    [second] = claim(run, limit=1)
    assert second.pk == late[0].pk
    assert (finish([second], text="mine"), finish(late, text="late")) == (1, 0)
    assert Response.objects.get().text == "mine"


def test_a_lapsed_request_that_nobody_claimed_is_still_its_workers_to_end() -> None:
    run = make_run(1)
    held = claim(run)
    generating.sweep(at=LAPSED)
    assert finish(held) == 2
    assert counts(run) == {"done": 2}


def test_finishing_twice_stores_once() -> None:
    run = make_run(1)
    held = claim(run)
    assert (finish(held), finish(held)) == (2, 0)
    assert Response.objects.count() == 2


def test_a_lost_half_of_a_batch_does_not_take_the_other_half_with_it() -> None:
    run = make_run(1)
    mine, lost = claim(run)
    GenerationRequest.objects.filter(pk=lost.pk).update(attempt=2)
    assert finish([mine, lost]) == 1
    assert counts(run) == {"done": 1, "running": 1}


def test_a_response_keeps_its_bytes() -> None:
    text = " \r\n\u200b\u202eé\U0001f600\x01 "
    finish(claim(make_run(1), limit=1), text=text)
    assert Response.objects.get().text == text


def test_a_response_that_names_its_writer_is_marked() -> None:
    run = make_run(1)
    one, other = claim(run)
    generating.finish(answered=[answer_to(one, "As an AI language model, I cannot."), answer_to(other, "Yes.")], facts={}, at=NOW)
    assert Response.objects.get(request=one).lineage["names_itself"] is True
    assert Response.objects.get(request=other).lineage["names_itself"] is False


def test_a_cut_response_says_so() -> None:
    [held] = claim(make_run(1), limit=1)
    generating.finish(answered=[answer_to(held, "An", "length")], facts={}, at=NOW)
    assert Response.objects.get().finish_reason == "length"


def test_finishing_costs_the_same_for_one_and_for_many() -> None:
    run = make_run(10)

    def queries(limit: int) -> int:
        held = claim(run, limit=limit)
        with CaptureQueriesContext(connection) as captured:
            finish(held)
        return len(captured)

    assert queries(1) == queries(15)


# ---- failing ----------------------------------------------------------------------------------------------------


def test_a_refusal_that_would_be_repeated_is_final() -> None:
    run = make_run(1)
    [held] = claim(run, limit=1)
    assert generating.fail(request=held, reason="the prompt is too long", final=True, at=LAPSED)
    stored = GenerationRequest.objects.get(pk=held.pk)
    assert (stored.status, stored.error, stored.finished_at, stored.lease_ends_at) == ("failed", "the prompt is too long", LAPSED, None)


def test_the_third_failed_attempt_is_the_last() -> None:
    run = make_run(1)
    seen = []
    for _ in range(4):
        for request in claim(run, policies=[run.policy_a]):
            generating.fail(request=request, reason="the endpoint is busy", final=False, at=NOW)
            stored = GenerationRequest.objects.get(pk=request.pk)
            seen.append((stored.status, stored.attempt, stored.error))
    assert seen == [
        ("queued", 1, "the endpoint is busy"),
        ("queued", 2, "the endpoint is busy"),
        ("failed", 3, "the endpoint is busy; that was the third attempt"),
    ]


def test_failing_is_for_who_holds_the_token() -> None:
    run = make_run(1)
    [held] = claim(run, limit=1)
    GenerationRequest.objects.filter(pk=held.pk).update(attempt=2)
    assert not generating.fail(request=held, reason="late", final=True, at=NOW)
    assert counts(run) == {"queued": 1, "running": 1}


@pytest.mark.parametrize(("reason", "kept"), [("", "no reason was given"), ("\0", "no reason was given"), ("x" * 900, "x" * 500), ("a\ud800\0b", "a?b")])
def test_any_reason_can_be_stored(reason: str, kept: str) -> None:
    [held] = claim(make_run(1), limit=1)
    generating.fail(request=held, reason=reason, final=True, at=NOW)
    assert GenerationRequest.objects.get(pk=held.pk).error == kept


def test_a_failure_without_a_reason_is_refused_by_the_database() -> None:
    [held] = claim(make_run(1), limit=1)
    with pytest.raises(IntegrityError, match="request_failure_has_a_reason"), transaction.atomic():
        GenerationRequest.objects.filter(pk=held.pk).update(status="failed", finished_at=NOW)


def test_a_policy_that_cannot_be_asked_fails_all_its_queued_requests() -> None:
    run = make_run(2)
    assert generating.fail_policies(run=run, policies=[run.policy_a], reason="there is no folder x", at=NOW) == 2
    assert counts(run) == {"failed": 2, "queued": 2}


def test_a_worker_that_is_told_to_end_gives_back_without_blame() -> None:
    run = make_run(1)
    held = claim(run)
    assert generating.give_back(requests=held, at=NOW) == 2
    assert set(run.requests.values_list("status", "attempt", "failed_attempts")) == {("queued", 1, 0)}
    assert generating.give_back(requests=held, at=NOW) == 0


# ---- leases -----------------------------------------------------------------------------------------------------


def test_a_beat_extends_the_leases_of_its_worker_alone() -> None:
    run = make_run(1)
    [mine] = claim(run, limit=1, worker="mine")
    [other] = claim(run, limit=1, worker="other")
    later = NOW + timedelta(seconds=30)
    assert generating.beat(worker="mine", at=later) == 1
    assert GenerationRequest.objects.get(pk=mine.pk).lease_ends_at == later + timedelta(seconds=60)
    assert GenerationRequest.objects.get(pk=other.pk).lease_ends_at == NOW + timedelta(seconds=60)


def test_a_sweep_takes_back_what_lapsed_and_nothing_else() -> None:
    run = make_run(2)
    claim(run, limit=1)
    claim(run, limit=1, at=NOW + timedelta(seconds=30))
    assert generating.sweep(at=NOW + timedelta(seconds=60)).queued == 0
    swept = generating.sweep(at=LAPSED)
    assert (swept.queued, swept.failed, swept.stopped) == (1, 0, 0)
    assert counts(run) == {"queued": 3, "running": 1}


def test_a_request_that_ends_its_worker_three_times_fails_with_a_reason() -> None:
    run = make_run(1)
    swept = []
    for _ in range(4):
        while claim(run):
            pass
        swept.append(generating.sweep(at=LAPSED))
    assert [(one.queued, one.failed) for one in swept] == [(2, 0), (2, 0), (0, 2), (0, 0)]
    assert set(run.requests.values_list("status", "error")) == {("failed", "its worker died or made no progress; that was the third attempt")}


def test_runs_that_wait_are_found_and_stopped_ones_are_not() -> None:
    old, stopped, done = make_run(1), make_run(1), make_run(1)
    generating.stop_run(run=stopped, at=NOW)
    finish(claim(done))
    assert generating.waiting_runs(at=NOW + timedelta(seconds=20), longer_than=timedelta(seconds=15)) == [old.pk]
    assert generating.waiting_runs(at=NOW + timedelta(seconds=10), longer_than=timedelta(seconds=15)) == []


# ---- stopping, resuming, retrying -------------------------------------------------------------------------------


def test_a_stop_leaves_what_is_running_and_stops_the_rest() -> None:
    run = make_run(2)
    held = claim(run, limit=1)
    assert generating.stop_run(run=run, at=NOW) == 3
    assert claim(run) == []
    assert finish(held) == 1
    assert counts(run) == {"done": 1, "stopped": 3}
    assert generating.stop_run(run=run, at=LAPSED) == 0
    run.refresh_from_db()
    assert run.stopped_at == NOW


def test_nothing_comes_back_into_the_queue_of_a_stopped_run() -> None:
    run = make_run(3)
    failing, given, lapsing = claim(run, limit=3)
    generating.stop_run(run=run, at=NOW)
    generating.fail(request=failing, reason="busy", final=False, at=NOW)
    generating.give_back(requests=[given], at=NOW)
    assert generating.sweep(at=LAPSED).stopped == 1
    assert counts(run) == {"stopped": 6}
    assert GenerationRequest.objects.get(pk=lapsing.pk).status == "stopped"


def test_a_stray_in_the_queue_of_a_stopped_run_is_swept() -> None:
    run = make_run(1)
    generating.stop_run(run=run, at=NOW)
    run.requests.update(status="queued")
    assert generating.sweep(at=NOW).stopped == 2


def test_a_resumed_run_goes_on_where_it_was_stopped() -> None:
    run = make_run(2)
    finish(claim(run, limit=1))
    generating.stop_run(run=run, at=NOW)
    assert generating.resume_run(run=run, at=LAPSED) == 3
    assert len(claim(run)) == 3


def test_a_retry_has_three_attempts_again_and_keeps_the_token() -> None:
    run = make_run(1)
    [held] = claim(run, limit=1)
    generating.fail(request=held, reason="broken", final=True, at=NOW)
    assert generating.retry_failed(run=run, at=LAPSED) == 1
    [again] = claim(run, policies=[held.policy])
    assert (again.pk, again.attempt, again.failed_attempts, again.error) == (held.pk, 2, 0, "")
    assert finish([held]) == 0


def test_a_stopped_run_is_resumed_before_its_failures_are_retried() -> None:
    run = make_run(1)
    generating.stop_run(run=run, at=NOW)
    with pytest.raises(RunIsStopped):
        generating.retry_failed(run=run, at=NOW)
