"""A worker's shift on one run: claim, ask, store, until nothing is queued; and the heart that keeps its leases meanwhile.

It knows neither Celery nor pages: the task calls it, and so does whoever measures it.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ParamSpec, Self, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connections
from django.utils import timezone

from policies import generating
from policies.engines.base import Answer, Ask, Engine, EngineError, Refused, Sampling, answered
from policies.engines_for import Engines
from policies.generating import Answered
from policies.models import GenerationRequest, GenerationRun, Policy

log = logging.getLogger(__name__)

CLAIM_BATCHES = 2
"""Requests are claimed for two batches at a time: a row that ends makes room for the next one, and only at a claim's end does the model run half empty."""
MOST_KEPT, KEPT_SECONDS = 32, 0.5
"""Answers are stored together, so many or so long after the first: at 100 answers a second a transaction each would take a third of the time."""
LOADING_SECONDS = 900
PATIENCE_SECONDS = 60

P = ParamSpec("P")
T = TypeVar("T")


class Told(Exception):
    """The worker was told to end."""


def name_of_this_process() -> str:
    """Return `host:pid:start`: no two processes have the same, even after a restart."""
    return f"{socket.gethostname()[:80]}:{os.getpid()}:{STARTED:x}"


STARTED = int(time.time() * 1000)


class Pulse:
    """When the engine last moved, and whether it is being loaded, which takes as long as it takes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.step()

    def step(self) -> None:
        self.moved, self.patience = self.clock(), float(settings.STALL_SECONDS)

    def loading(self) -> None:
        self.moved, self.patience = self.clock(), float(LOADING_SECONDS)

    def is_there(self) -> bool:
        return self.clock() - self.moved < self.patience


class Heart(threading.Thread):
    """Extends the worker's leases every BEAT_SECONDS, as long as there is a pulse. It has a database connection of its own."""

    def __init__(self, *, worker: str, pulse: Pulse) -> None:
        super().__init__(name="heart", daemon=True)
        self.worker, self.pulse, self.stopped, self.is_silent = worker, pulse, threading.Event(), False

    def run(self) -> None:
        while not self.stopped.wait(settings.BEAT_SECONDS):
            self.beat()
        connections.close_all()

    def beat(self) -> None:
        if not self.pulse.is_there():
            if not self.is_silent:
                log.error("the engine has made no step for %g s: the leases are left to lapse", self.pulse.patience)
            self.is_silent = True
            return
        self.is_silent = False
        try:
            generating.beat(worker=self.worker, at=timezone.now())
        except (OperationalError, InterfaceError) as error:
            log.warning("a heartbeat was lost: %s", error)
            connections.close_all()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self.join()


def patiently(act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call it, and again for a minute while the database does not answer: what was generated is worth the wait. Every such call may be repeated."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return act(*args, **kwargs)
        except (OperationalError, InterfaceError) as error:
            if time.monotonic() > until:
                raise
            log.warning("the database does not answer, trying again: %s", error)
            close_old_connections()
            time.sleep(1)


@dataclass
class Batch:
    """What was claimed together: what is still to be ended, and the answers that wait to be stored."""

    requests: dict[int, GenerationRequest]
    facts: dict[str, object]
    kept: list[Answered] = field(default_factory=list)
    since: float = 0.0
    stored: int = 0

    def keep(self, answer: Answer) -> None:
        if not self.kept:
            self.since = time.monotonic()
        self.kept.append(Answered(self.requests.pop(pk_of(answer)), answer))
        self.store_if_due()

    def store_if_due(self) -> None:
        if len(self.kept) >= MOST_KEPT or (self.kept and time.monotonic() - self.since > KEPT_SECONDS):
            self.store()

    def store(self) -> None:
        if self.kept:
            stored = patiently(generating.finish, answered=self.kept, facts=self.facts, at=timezone.now())
            if late := len(self.kept) - stored:
                log.warning("%s answers came too late: somebody else has their requests", late)
            self.kept, self.stored = [], self.stored + stored

    def refuse(self, refused: Refused) -> None:
        request = self.requests.pop(pk_of(refused))
        patiently(generating.fail, request=request, reason=refused.reason, final=refused.final, at=timezone.now())

    def fail_rest(self, reason: str) -> None:
        for request in self.requests.values():
            patiently(generating.fail, request=request, reason=reason, final=False, at=timezone.now())

    def give_back(self) -> None:
        patiently(generating.give_back, requests=list(self.requests.values()), at=timezone.now())


def pk_of(outcome: Answer | Refused) -> int:
    if not isinstance(outcome.key, int):
        raise EngineError(f"the engine answered {outcome.key!r}, which it was not asked")
    return outcome.key


@dataclass
class Shift:
    """One worker at one run. `should_end` is asked between steps; what is not answered by then goes back to the queue."""

    run: GenerationRun
    engines: Engines
    worker: str
    should_end: Callable[[], bool] = lambda: False
    pulse: Pulse = field(default_factory=Pulse)

    def work(self) -> int:
        """Answer what is queued, and return how many responses were stored. Raises what the engine raised, after its batch was given up."""
        stored = 0
        with Heart(worker=self.worker, pulse=self.pulse):
            while not self.should_end() and (requests := self.claim()):
                stored += self.end(requests)
        return stored

    def claim(self) -> list[GenerationRequest]:
        """Claim for one engine: the one in memory if it still has work here, else one that no other worker is at."""
        for policies in patiently(self.choices):
            limit = CLAIM_BATCHES * settings.GENERATION_BATCH
            if requests := patiently(generating.claim, run=self.run, policies=policies, worker=self.worker, limit=limit, at=timezone.now()):
                return requests
        return []

    def choices(self) -> list[list[Policy]]:
        """Return the policies that have queued requests, best choice first; those that share an engine together."""
        queued = GenerationRequest.objects.queued().filter(run=self.run)
        policies = {policy.pk: policy for policy in (self.run.policy_a, self.run.policy_b) if queued.filter(policy=policy).exists()}
        together: dict[str, list[Policy]] = {}
        for policy in policies.values():
            together.setdefault(self.engines.key(policy), []).append(policy)
        return sorted(together.values(), key=self.preference)

    def preference(self, policies: list[Policy]) -> tuple[bool, bool]:
        others = GenerationRequest.objects.filter(run=self.run, status=GenerationRequest.Status.RUNNING, policy__in=policies)
        return not self.engines.holds(policies[0]), others.exists()

    def end(self, requests: Sequence[GenerationRequest]) -> int:
        """Ask for what was claimed, and end every request of it in one way or another. Return how many responses were stored."""
        policies = list({request.policy_id: request.policy for request in requests}.values())
        engine = self.engine_for(policies)
        if isinstance(engine, str):
            self.give_up(requests, policies, reason=engine)
            return 0
        batch = Batch({request.pk: request for request in requests}, engine.facts())
        with self.giving_back(batch, policies):
            self.answer(batch, engine)
        return batch.stored

    def engine_for(self, policies: Sequence[Policy]) -> Engine | str:
        """Return the engine that all of these share, or why there is none."""
        self.pulse.loading()
        try:
            return self.engines.of(policies[0])
        except EngineError as error:
            log.error("%s cannot be asked: %s", policies[0].name, error)
            return str(error)
        finally:
            self.pulse.step()

    def give_up(self, requests: Sequence[GenerationRequest], policies: Sequence[Policy], *, reason: str) -> None:
        for request in requests:
            patiently(generating.fail, request=request, reason=reason, final=True, at=timezone.now())
        patiently(generating.fail_policies, run=self.run, policies=policies, reason=reason, at=timezone.now())

    @contextmanager
    def giving_back(self, batch: Batch, policies: Sequence[Policy]) -> Iterator[None]:
        """Whatever happens, the answers that are there are stored first."""
        try:
            yield
        except Told:
            batch.store()
            batch.give_back()
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            self.engines.drop()
            batch.store()
            if not self.is_refused_by_endpoint(error, policies):
                batch.fail_rest(reason_of(error))
                raise
            self.give_up(list(batch.requests.values()), policies, reason=str(error))
        else:
            batch.store()
            batch.fail_rest("the engine gave no answer")

    def is_refused_by_endpoint(self, error: Exception, policies: Sequence[Policy]) -> bool:
        """An endpoint that refuses us refuses every request; what fails on a device here may be one prompt's doing, or the process's."""
        return isinstance(error, EngineError) and policies[0].engine == Policy.Engine.OPENAI

    def answer(self, batch: Batch, engine: Engine) -> None:
        def on_step() -> None:
            self.pulse.step()
            batch.store_if_due()
            if self.should_end():
                raise Told

        asks = [ask_of(request) for request in batch.requests.values()]
        for outcome in engine.answer(asks, on_step):
            told = checked(outcome)
            if isinstance(told, Answer):
                batch.keep(told)
            else:
                batch.refuse(told)
            on_step()


def reason_of(error: Exception) -> str:
    return str(error) if isinstance(error, EngineError) else f"the engine broke: {type(error).__name__}: {error}"


def ask_of(request: GenerationRequest) -> Ask:
    policy = request.policy
    return Ask(
        key=request.pk,
        messages=request.prompt.messages,
        sampling=Sampling.from_json(policy.sampling),
        seed=request.seed,
        system_prompt=policy.system_prompt,
    )


def checked(outcome: Answer | Refused) -> Answer | Refused:
    """Whatever the engine, a text is stored byte for byte or not at all."""
    if isinstance(outcome, Refused):
        return outcome
    return answered(
        key=outcome.key,
        text=outcome.text,
        token_ids=outcome.token_ids,
        finish_reason=outcome.finish_reason,
        prompt_tokens=outcome.prompt_tokens,
    )
