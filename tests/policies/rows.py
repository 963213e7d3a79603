"""Runs and what happens to their requests, for tests."""

from __future__ import annotations

from datetime import datetime

from policies import generating
from policies.engines.base import Answer, FinishReason
from policies.generating import Answered
from policies.models import GenerationRequest, GenerationRun, Policy, PromptSet
from tests.builders import NOW, make_policy, make_prompt, make_prompt_set

SAMPLING = {"temperature": 0.8, "top_p": 0.95, "max_new_tokens": 32}


def make_echo(name: str = "", **fields: object) -> Policy:
    """A policy that tests can ask."""
    return make_policy(name, engine=Policy.Engine.ECHO, sampling=fields.pop("sampling", SAMPLING), **fields)


def make_run(prompts: int = 2, *, a: Policy | None = None, b: Policy | None = None, prompt_set: PromptSet | None = None, seed: int = 1) -> GenerationRun:
    """A queued run over that many prompts; two policies unless given."""
    prompt_set = prompt_set or make_prompt_set()
    for _ in range(prompts):
        make_prompt(prompt_set=prompt_set)
    return generating.start_run(prompt_set=prompt_set, policy_a=a or make_echo(), policy_b=b or make_echo(), seed=seed, by=None, at=NOW)


def claim(run: GenerationRun, *, limit: int = 100, worker: str = "w:1", at: datetime = NOW, policies: list[Policy] | None = None) -> list[GenerationRequest]:
    return generating.claim(run=run, policies=policies or [run.policy_a, run.policy_b], worker=worker, limit=limit, at=at)


def answer_to(request: GenerationRequest, text: str = "An answer.", finish_reason: FinishReason = "stop") -> Answered:
    return Answered(request, Answer(key=request.pk, text=text, token_ids=[1, 2, 3], finish_reason=finish_reason, prompt_tokens=5))


def finish(requests: list[GenerationRequest], *, text: str = "An answer.", at: datetime = NOW) -> int:
    return generating.finish(answered=[answer_to(request, text) for request in requests], facts={"engine": "echo"}, at=at)


def counts(run: GenerationRun) -> dict[str, int]:
    """How many requests stand where; what is nowhere is left out."""
    statuses = list(run.requests.values_list("status", flat=True))
    return {status: statuses.count(status) for status in sorted(set(statuses))}
