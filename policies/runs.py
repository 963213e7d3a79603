"""What there is to say about generation runs: progress, rate, failures by reason, and who works on them. It writes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Avg, Count, F, Func, IntegerField, Max, Min, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from accounts.marking import marked
from policies import reasons
from policies.generating import LAST, LOST
from policies.models import GenerationRequest, GenerationRun, Policy, Response

Status = GenerationRequest.Status

WINDOW = timedelta(seconds=60)
SILENCE = timedelta(seconds=30)
"""A worker takes what is queued within a second of the doorbell, or of the next sweep, which rings every 15 s."""
MOST_REASONS = 500
TOO_MANY_TO_MEASURE = 20_000
"""Beyond so many requests the lengths are worked out when the run has ended: the page asks every two seconds."""

# What to do about a failure, by what its reason says.
ADVICE = [
    ("longer than the context", marked("Leave these prompts out, or ask a policy with a longer context.")),
    ("does not fit", marked("Leave these prompts out, or ask with fewer tokens or on a larger device.")),
    ("chat template refuses", marked("Leave these prompts out, or ask a policy whose chat template takes such turns.")),
    (LOST, marked("Read the last lines of that worker’s log, then retry. A prompt that ends its worker each time is best left out.")),
    ("the endpoint did not answer", marked("See whether the endpoint is up, then retry.")),
    ("the endpoint refuses to work for us", marked("See to the endpoint’s address and key in the settings, then retry.")),
    ("the endpoint refuses this prompt", marked("Read the prompt; asking again would end the same way.")),
    ("the response holds", marked("Asking again gives the same text. The pair stays out.")),
    ("changed since", marked("Put the registered files back and retry, or register what is there now as a new policy.")),
    ("model root", marked("Put the folder where the settings look for it, then retry.")),
    ("is not an endpoint", marked("Name the endpoint in the settings, then retry.")),
]
USUAL_ADVICE = marked("Read the worker’s log at that time, then retry.")


@dataclass(frozen=True)
class PolicyProgress:
    """How far one policy of a run is, in requests."""

    policy: Policy
    queued: int
    running: int
    stored: int
    failed: int
    stopped: int
    cut: int | None
    """Responses that ended at the most tokens allowed; None where it was not worked out."""
    tokens: float | None
    """Mean length of a response."""

    @property
    def total(self) -> int:
        return self.queued + self.running + self.stored + self.failed + self.stopped

    @property
    def percent(self) -> int:
        return 100 * self.stored // self.total if self.total else 0


@dataclass(frozen=True)
class Failure:
    """Requests that ended, or were put back, for the same reason."""

    reason: str
    detail: str
    requests: int
    attempts: int
    last_seen: datetime
    worker: str
    is_final: bool
    """False: they are queued and will be tried again."""

    @property
    def said(self) -> str:
        """All of it, as it is stored."""
        return f"{self.reason}: {self.detail}" if self.detail else self.reason

    @property
    def reason_told(self) -> str:
        """The reason in the reader's language."""
        return reasons.told(self.said).partition(": ")[0]

    @property
    def detail_told(self) -> str:
        return reasons.told(self.said).partition(": ")[2]

    @property
    def advice(self) -> str:
        return (
            next((advice for words, advice in ADVICE if words in self.said), USUAL_ADVICE)
            if self.is_final
            else marked("Nothing: they are tried again, fewer together.")
        )


@dataclass(frozen=True)
class WorkerAtWork:
    """Who holds leases of the run."""

    name: str
    holds: int
    last_beat: datetime
    is_alive: bool


@dataclass(frozen=True)
class Progress:
    """All that the page of a run shows."""

    run: GenerationRun
    at: datetime
    by_policy: list[PolicyProgress]
    tokens_a_second: float | None
    """Over the last minute; None where no engine says how many tokens it drew."""
    stored_lately: int
    failures: list[Failure]
    workers: list[WorkerAtWork]
    waiting_since: datetime | None
    busy_elsewhere: GenerationRun | None

    @property
    def queued(self) -> int:
        return sum(policy.queued for policy in self.by_policy)

    @property
    def running(self) -> int:
        return sum(policy.running for policy in self.by_policy)

    @property
    def stored(self) -> int:
        return sum(policy.stored for policy in self.by_policy)

    @property
    def failed(self) -> int:
        return sum(policy.failed for policy in self.by_policy)

    @property
    def stopped(self) -> int:
        return sum(policy.stopped for policy in self.by_policy)

    @property
    def total(self) -> int:
        return sum(policy.total for policy in self.by_policy)

    @property
    def percent(self) -> int:
        """Rounded down: 100 is said when all of it is there."""
        return 100 * self.stored // self.total if self.total else 0

    @property
    def is_over(self) -> bool:
        """Nothing of it will move by itself."""
        return not (self.queued or self.running)

    @property
    def state(self) -> str:
        if not self.is_over:
            return "stopping" if self.run.stopped_at else "running" if self.running or self.stored else "queued"
        return "stopped" if self.stopped else "failed" if self.failed else "done"

    @property
    def ends_about(self) -> datetime | None:
        """When the run ends if it goes on as in the last minute."""
        left = self.queued + self.running
        return self.at + timedelta(seconds=60 * left / self.stored_lately) if left and self.stored_lately else None

    @property
    def lacks_a_worker(self) -> bool:
        """Requests have been waiting for longer than any worker that lives would let them."""
        is_forgotten = self.waiting_since is not None and self.at - self.waiting_since > SILENCE
        return is_forgotten and not any(worker.is_alive for worker in self.workers) and self.busy_elsewhere is None


def progress_of(run: GenerationRun, *, at: datetime) -> Progress:
    """Return the run's progress at this moment; the run comes with its policies."""
    stored_lately, tokens = lately(run, at=at)
    seconds = min(WINDOW.total_seconds(), max(1.0, (at - run.created_at).total_seconds()))
    waiting = run.requests.filter(status=Status.QUEUED).aggregate(since=Min("queued_at"))
    return Progress(
        run=run,
        at=at,
        by_policy=by_policy(run),
        tokens_a_second=tokens / seconds if tokens or not stored_lately else None,
        stored_lately=stored_lately,
        failures=failures_of(run),
        workers=workers_at(run, at=at),
        waiting_since=waiting["since"],
        busy_elsewhere=busy_elsewhere(run, at=at),
    )


def by_policy(run: GenerationRun) -> list[PolicyProgress]:
    counts: dict[int, dict[str, int]] = {}
    for policy_id, status, count in run.requests.values_list("policy", "status").annotate(count=Count("pk")).order_by():
        counts.setdefault(policy_id, {})[status] = count
    total = sum(sum(statuses.values()) for statuses in counts.values())
    is_over = not any(statuses.get(Status.QUEUED) or statuses.get(Status.RUNNING) for statuses in counts.values())
    lengths = lengths_by_policy(run) if is_over or total <= TOO_MANY_TO_MEASURE else {}
    policies = {policy.pk: policy for policy in (run.policy_a, run.policy_b)}
    return [policy_progress(policy, counts.get(pk, {}), lengths.get(pk, {})) for pk, policy in policies.items()]


def policy_progress(policy: Policy, counts: dict[str, int], lengths: dict[str, Any]) -> PolicyProgress:
    return PolicyProgress(
        policy=policy,
        queued=counts.get(Status.QUEUED, 0),
        running=counts.get(Status.RUNNING, 0),
        stored=counts.get(Status.DONE, 0),
        failed=counts.get(Status.FAILED, 0),
        stopped=counts.get(Status.STOPPED, 0),
        cut=lengths.get("cut"),
        tokens=lengths.get("tokens"),
    )


def token_count() -> Func:
    """How many tokens a response has; 0 where its endpoint does not say."""
    return Func(F("token_ids"), function="cardinality", output_field=IntegerField())


def lengths_by_policy(run: GenerationRun) -> dict[int, dict[str, Any]]:
    responses = Response.objects.filter(request__run=run).values("policy").order_by()
    known = Q(finish_reason=Response.FinishReason.LENGTH)
    return {row["policy"]: dict(row) for row in responses.annotate(cut=Count("pk", filter=known), tokens=Avg(token_count(), filter=~Q(token_ids=[])))}


def lately(run: GenerationRun, *, at: datetime) -> tuple[int, int]:
    """Return how many responses came in within the last minute, and their tokens."""
    found = Response.objects.filter(request__run=run, request__status=Status.DONE, request__finished_at__gt=at - WINDOW)
    row = found.aggregate(count=Count("pk"), tokens=Coalesce(Sum(token_count()), 0))
    return row["count"], row["tokens"]


def failures_of(run: GenerationRun) -> list[Failure]:
    """Return failed requests, and those that are tried again, by reason: what they have in common, with the latest one's detail."""
    unhappy = run.requests.filter(status__in=[Status.FAILED, Status.QUEUED]).exclude(error="").annotate(seen=Coalesce("finished_at", "queued_at"))
    counts = unhappy.values_list("status", "error").annotate(count=Count("pk"), attempts=Max("failed_attempts"), last=Max("seen")).order_by("last")
    latest = {(one.status, one.error): one.worker for one in unhappy.order_by("status", "error", "-seen").distinct("status", "error")[:MOST_REASONS]}
    together: dict[tuple[bool, str], Failure] = {}
    for status, error, count, attempts, seen in counts[:MOST_REASONS]:
        reason, _, detail = error.removesuffix(LAST).partition(": ")
        failure = Failure(reason, detail, count, attempts, seen, latest.get((status, error), ""), status == Status.FAILED)
        key = (failure.is_final, failure.reason)
        together[key] = joined(together[key], failure) if key in together else failure
    return sorted(together.values(), key=lambda failure: (not failure.is_final, -failure.requests))


def joined(earlier: Failure, later: Failure) -> Failure:
    return Failure(
        reason=later.reason,
        detail=later.detail,
        requests=earlier.requests + later.requests,
        attempts=max(earlier.attempts, later.attempts),
        last_seen=later.last_seen,
        worker=later.worker,
        is_final=later.is_final,
    )


def workers_at(run: GenerationRun, *, at: datetime) -> list[WorkerAtWork]:
    """Return who holds leases of the run; a beat is LEASE_SECONDS before its lease's end."""
    held = run.requests.filter(status=Status.RUNNING).values("worker").annotate(holds=Count("pk"), ends=Max("lease_ends_at")).order_by("worker")
    lease = timedelta(seconds=settings.LEASE_SECONDS)
    return [WorkerAtWork(name=row["worker"], holds=row["holds"], last_beat=row["ends"] - lease, is_alive=row["ends"] > at) for row in held]


def busy_elsewhere(run: GenerationRun, *, at: datetime) -> GenerationRun | None:
    """Return another run that a living worker is at, if there is one."""
    held = GenerationRequest.objects.filter(status=Status.RUNNING, lease_ends_at__gt=at).exclude(run=run).select_related("run").first()
    return held.run if held else None


@dataclass(frozen=True)
class RunLine:
    """A run in the list of runs."""

    run: GenerationRun
    total: int
    stored: int
    failed: int
    open: int
    stopped: int

    @property
    def percent(self) -> int:
        return 100 * self.stored // self.total if self.total else 0


def lines_of(runs: QuerySet[GenerationRun]) -> list[RunLine]:
    """Return the runs with their counts, in two queries."""
    found: Iterable[GenerationRun] = runs.select_related("prompt_set", "policy_a", "policy_b", "requested_by")
    counts: dict[int, dict[str, int]] = {}
    rows = GenerationRequest.objects.filter(run__in=[run.pk for run in found]).values_list("run", "status").annotate(count=Count("pk")).order_by()
    for run_id, status, count in rows:
        counts.setdefault(run_id, {})[status] = count
    return [run_line(run, counts.get(run.pk, {})) for run in found]


def run_line(run: GenerationRun, counts: dict[str, int]) -> RunLine:
    return RunLine(
        run=run,
        total=sum(counts.values()),
        stored=counts.get(Status.DONE, 0),
        failed=counts.get(Status.FAILED, 0),
        open=counts.get(Status.QUEUED, 0) + counts.get(Status.RUNNING, 0),
        stopped=counts.get(Status.STOPPED, 0),
    )
