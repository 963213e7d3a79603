"""From prompts to responses: a request is a row; it is claimed, answered once, and never lost.

Every claim raises `attempt`, the fencing token: whoever ends a request must hold it. A request that is not ended comes back when its
lease runs out (`sweep`), until its third failed attempt.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When, prefetch_related_objects
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from accounts.models import User
from policies.engines.base import Answer
from policies.identity import names_itself
from policies.models import GenerationRequest, GenerationRun, Policy, Prompt, PromptSet, Response

Status = GenerationRequest.Status

BATCH = 1000
ATTEMPTS = 3
LOST = "its worker died or made no progress"
LAST = "; that was the third attempt"


class CannotStart(Exception):
    """The run makes no sense. The message is the reason."""


class RunIsStopped(Exception):
    """Nothing of a stopped run is queued again before it is resumed."""


@transaction.atomic
def start_run(*, prompt_set: PromptSet, policy_a: Policy, policy_b: Policy, seed: int, by: User | None, at: datetime) -> GenerationRun:
    """Queue one request a prompt and policy; a policy given twice is asked twice, under sample indices 0 and 1.

    Requests are numbered prompt by prompt, so that whole pairs come first. Raises CannotStart.
    """
    for policy in (policy_a, policy_b):
        check_askable(policy)
    if not 0 <= seed < 2**63:
        raise CannotStart(_("the seed is {seed}: it must be from 0 to 2^63 - 1").format(seed=seed))
    if not prompt_set.prompts.askable().exists():
        raise CannotStart(_("the prompt set {name} is empty").format(name=prompt_set.name))
    run = GenerationRun.objects.create(prompt_set=prompt_set, policy_a=policy_a, policy_b=policy_b, seed=seed, requested_by=by, created_at=at)
    requests = requests_of(run, at=at)
    while batch := list(islice(requests, BATCH)):
        GenerationRequest.objects.bulk_create(batch)
    return run


def check_askable(policy: Policy) -> None:
    """Raise CannotStart for a policy that no worker can ask."""
    if policy.engine == Policy.Engine.IMPORTED:
        raise CannotStart(_("{name} cannot be asked: its responses were made elsewhere").format(name=policy.name))
    if policy.engine == Policy.Engine.ECHO and not settings.ECHO_ENGINE:
        raise CannotStart(_("{name} uses the echo engine, which exists for tests only").format(name=policy.name))


def requests_of(run: GenerationRun, *, at: datetime) -> Iterator[GenerationRequest]:
    """Yield the run's requests, not yet stored."""
    asked = [(run.policy_a, 0), (run.policy_b, 1 if run.policy_a == run.policy_b else 0)]
    for prompt in Prompt.objects.askable().filter(prompt_set_id=run.prompt_set_id).order_by("pk").only("content_sha256").iterator(BATCH):
        for policy, sample_index in asked:
            seed = request_seed(run.seed, policy=policy, content_sha256=prompt.content_sha256, sample_index=sample_index)
            yield GenerationRequest(run=run, prompt=prompt, policy=policy, sample_index=sample_index, seed=seed, queued_at=at)


def request_seed(run_seed: int, *, policy: Policy, content_sha256: str, sample_index: int) -> int:
    """Return the seed of one request's noise, from 0 to 2^63 - 1: it depends on what is asked, not on row numbers or order."""
    said = f"{run_seed}\n{policy.sampling.get('seed', 0)}\n{policy.name}\n{content_sha256}\n{sample_index}"
    return int.from_bytes(hashlib.sha256(said.encode()).digest()[:8]) >> 1


# A request that others claim at this moment is passed over, not waited for. Materialized: as a plain sub-select the rows could be picked anew for
# each row of a nested loop, and a claim of 16 then took all 200 that were queued.
CLAIM = """
WITH free AS MATERIALIZED (
    SELECT id FROM policies_generationrequest
    WHERE run_id = %(run)s AND status = 'queued' AND failed_attempts = %(failed_attempts)s AND policy_id = ANY(%(policies)s)
    ORDER BY id LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE policies_generationrequest AS request
SET status = 'running', attempt = request.attempt + 1, worker = %(worker)s, lease_ends_at = %(lease_ends_at)s
FROM free
WHERE request.id = free.id
RETURNING request.*
"""


def claim(*, run: GenerationRun, policies: Sequence[Policy], worker: str, limit: int, at: datetime) -> list[GenerationRequest]:
    """Lease up to `limit` queued requests of the run to the worker and return them, first come first; empty: nothing to do.

    They are the worker's until LEASE_SECONDS after `at` or its last beat. What failed once comes after, an eighth as many at a time, and what failed
    twice comes last and alone: a prompt that ends its worker costs others two attempts at the most, and a worker that was killed for no fault of
    its batch does not have all of it answered one by one.
    """
    for failed_attempts in range(ATTEMPTS):
        params = {
            "worker": worker,
            "lease_ends_at": lease_end(at),
            "run": run.pk,
            "failed_attempts": failed_attempts,
            "policies": [policy.pk for policy in policies],
            "limit": most_at_once(limit, failed_attempts),
        }
        claimed = sorted(GenerationRequest.objects.raw(CLAIM, params), key=lambda request: request.pk)
        if claimed:
            prefetch_related_objects(claimed, "prompt", "policy")
            return claimed
    return []


def most_at_once(limit: int, failed_attempts: int) -> int:
    """Return how many requests that failed so often are claimed together."""
    return (limit, max(1, limit // 8), 1)[min(failed_attempts, 2)]


def lease_end(at: datetime) -> datetime:
    return at + timedelta(seconds=settings.LEASE_SECONDS)


@dataclass(frozen=True)
class Answered:
    """A claimed request with what the engine answered."""

    request: GenerationRequest
    answer: Answer


# One whose lease ran out but which nobody has claimed since is still its worker's to end: the work is done.
CLOSE = """
UPDATE policies_generationrequest AS request
SET status = 'done', finished_at = %(at)s, lease_ends_at = NULL, error = ''
FROM unnest(%(ids)s::bigint[], %(attempts)s::smallint[]) AS mine (id, attempt)
WHERE request.id = mine.id AND request.attempt = mine.attempt AND request.status IN ('running', 'queued')
RETURNING request.id
"""


@transaction.atomic(durable=True)
def finish(*, answered: Sequence[Answered], facts: dict[str, Any], at: datetime) -> int:
    """Store responses and close their requests; return how many. `facts`: what the engine says of itself, for the lineage.

    A late twin, whose request somebody else has claimed or ended since, changes no row, and its text is thrown away.
    """
    params: dict[str, Any] = {"at": at, "ids": [one.request.pk for one in answered], "attempts": [one.request.attempt for one in answered]}
    with connection.cursor() as cursor:
        cursor.execute(CLOSE, params)
        mine = {pk for (pk,) in cursor.fetchall()}
    return len(Response.objects.bulk_create(response_to(one, facts=facts, at=at) for one in answered if one.request.pk in mine))


def response_to(answered: Answered, *, facts: dict[str, Any], at: datetime) -> Response:
    """Return the response, not yet stored."""
    request, answer = answered.request, answered.answer
    lineage = facts | {
        "attempt": request.attempt,
        "worker": request.worker,
        "seed": request.seed,
        "prompt_tokens": answer.prompt_tokens,
        "names_itself": names_itself(answer.text),
    }
    return Response(
        request=request,
        prompt_id=request.prompt_id,
        policy_id=request.policy_id,
        text=answer.text,
        sha256=hashlib.sha256(answer.text.encode()).hexdigest(),
        token_ids=answer.token_ids,
        finish_reason=answer.finish_reason,
        lineage=lineage,
        created_at=at,
    )


def fail(*, request: GenerationRequest, reason: str, final: bool, at: datetime) -> bool:
    """End an attempt without an answer; return whether it was ours to end.

    The request is queued again, unless asking again is no use (`final`) or this was the third attempt: then it has failed, for that reason.
    """
    held = GenerationRequest.objects.filter(pk=request.pk, attempt=request.attempt, status=Status.RUNNING)
    return held.update(**ended(reason, final=final, at=at)) == 1


def ended(reason: str, *, final: bool, at: datetime) -> dict[str, Any]:
    """Return what an attempt that ended without an answer does to its row."""
    is_last = Q(failed_attempts__gte=0 if final else ATTEMPTS - 1)
    return {
        "failed_attempts": F("failed_attempts") + 1,
        "status": Case(When(is_last, then=Value(Status.FAILED)), When(Exists(stopped_runs()), then=Value(Status.STOPPED)), default=Value(Status.QUEUED)),
        "error": Case(When(is_last, then=Value(cut(reason) if final else cut(reason, ending=LAST))), default=Value(cut(reason))),
        "finished_at": Case(When(is_last, then=Value(at)), default=None),
        "lease_ends_at": None,
        "queued_at": at,
    }


def stopped_runs() -> QuerySet[GenerationRun]:
    return GenerationRun.objects.filter(pk=OuterRef("run_id"), stopped_at__isnull=False)


def cut(reason: str, *, ending: str = "") -> str:
    """What a reason's column takes: no NUL, no lone surrogate, 500 characters, and never nothing."""
    plain = reason.replace("\0", "").encode(errors="replace").decode().strip() or "no reason was given"
    return plain[: 500 - len(ending)] + ending


def give_back(*, requests: Sequence[GenerationRequest], at: datetime) -> int:
    """Return claimed requests to the queue, as a worker does that is told to end; nothing failed, so nothing is counted."""
    back = {"status": Case(When(Exists(stopped_runs()), then=Value(Status.STOPPED)), default=Value(Status.QUEUED)), "lease_ends_at": None, "queued_at": at}
    held = GenerationRequest.objects.filter(status=Status.RUNNING)
    return sum(held.filter(pk=request.pk, attempt=request.attempt).update(**back) for request in requests)


def fail_policies(*, run: GenerationRun, policies: Sequence[Policy], reason: str, at: datetime) -> int:
    """Fail every queued request of policies that cannot be asked at all: trying each would end the same way. Return how many."""
    queued = GenerationRequest.objects.queued().filter(run=run, policy__in=policies)
    return queued.update(status=Status.FAILED, error=cut(reason), finished_at=at, failed_attempts=F("failed_attempts") + 1)


@transaction.atomic
def beat(*, worker: str, at: datetime) -> int:
    """Extend the leases of what the worker holds; return how many there are.

    Rows that are being ended at this moment are passed over: two statements that lock the same rows in two orders would wait for each other.
    """
    held = GenerationRequest.objects.filter(worker=worker, status=Status.RUNNING).select_for_update(skip_locked=True)
    return GenerationRequest.objects.filter(pk__in=list(held.values_list("pk", flat=True))).update(lease_ends_at=Greatest("lease_ends_at", lease_end(at)))


@dataclass(frozen=True)
class Swept:
    """How many requests a sweep returned to their queues, gave up, and stopped with their runs."""

    queued: int
    failed: int
    stopped: int


@transaction.atomic
def sweep(*, at: datetime) -> Swept:
    """Take back what lapsed: queued again, or failed after the third attempt. Several sweeps at once do no harm."""
    lapsed = list(GenerationRequest.objects.lapsed(at=at).select_for_update(skip_locked=True).values_list("pk", flat=True))
    rows = GenerationRequest.objects.filter(pk__in=lapsed)
    rows.update(**ended(LOST, final=False, at=at))
    became = list(rows.values_list("status", flat=True))
    strays = close_queue(GenerationRequest.objects.filter(run__stopped_at__isnull=False), at=at)
    return Swept(queued=became.count(Status.QUEUED), failed=became.count(Status.FAILED), stopped=became.count(Status.STOPPED) + strays)


def close_queue(requests: QuerySet[GenerationRequest], *, at: datetime) -> int:
    """Stop what is queued of these; return how many."""
    return requests.filter(status=Status.QUEUED).update(status=Status.STOPPED, finished_at=at)


def waiting_runs(*, at: datetime, longer_than: timedelta) -> list[int]:
    """Return the keys of runs that hold requests which have been queued for longer than that: their doorbell may have been lost."""
    forgotten = GenerationRequest.objects.queued().filter(run=OuterRef("pk"), queued_at__lte=at - longer_than)
    return list(GenerationRun.objects.filter(Exists(forgotten), stopped_at=None).order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def stop_run(*, run: GenerationRun, at: datetime) -> int:
    """Stop what is queued of the run; what a worker holds is still ended. Return how many were stopped; a second stop finds none."""
    GenerationRun.objects.filter(pk=run.pk, stopped_at=None).update(stopped_at=at)
    return close_queue(GenerationRequest.objects.filter(run=run), at=at)


@transaction.atomic
def resume_run(*, run: GenerationRun, at: datetime) -> int:
    """Queue what was stopped; return how many."""
    GenerationRun.objects.filter(pk=run.pk).update(stopped_at=None)
    return queue_again(run, Status.STOPPED, at=at)


@transaction.atomic
def retry_failed(*, run: GenerationRun, at: datetime) -> int:
    """Queue what failed, with three attempts each; return how many. Raises RunIsStopped."""
    if GenerationRun.objects.select_for_update().get(pk=run.pk).stopped_at:
        raise RunIsStopped
    return queue_again(run, Status.FAILED, at=at)


def queue_again(run: GenerationRun, status: str, *, at: datetime) -> int:
    """`attempt` stays as it is: a twin from before must not find its token again. What was erased meanwhile is not asked any more."""
    ended_requests = GenerationRequest.objects.filter(run=run, status=status, prompt__in=Prompt.objects.askable())
    return ended_requests.update(status=Status.QUEUED, failed_attempts=0, error="", finished_at=None, queued_at=at)
