"""Generation runs and their answers, as a worker leaves them."""

from __future__ import annotations

import hashlib
from typing import Any

from policies.models import GenerationRequest, GenerationRun, Policy, Prompt, PromptSet, Response
from tests.builders import NOW, make_policy, make_prompt_set

DONE = GenerationRequest.Status.DONE


def make_run(prompt_set: PromptSet | None = None, *, policy_a: Policy | None = None, policy_b: Policy | None = None) -> GenerationRun:
    policies = {"policy_a": policy_a or make_policy(), "policy_b": policy_b or make_policy()}
    return GenerationRun.objects.create(prompt_set=prompt_set or make_prompt_set(), seed=1, created_at=NOW, **policies)


def answer(run: GenerationRun, prompt: Prompt, policy: Policy, text: str, *, sample_index: int = 0, **fields: Any) -> Response:
    """A request of the run, done, and its response."""
    request = GenerationRequest.objects.create(
        run=run, prompt=prompt, policy=policy, sample_index=sample_index, seed=1, status=DONE, queued_at=NOW, finished_at=NOW
    )
    return Response.objects.create(
        prompt=prompt,
        policy=policy,
        request=request,
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        finish_reason=fields.pop("finish_reason", Response.FinishReason.STOP),
        created_at=NOW,
        **fields,
    )


def answer_both(run: GenerationRun, prompt: Prompt, a: str = "This is one answer.", b: str = "This is another.") -> tuple[Response, Response]:
    """Both policies' answers; of a policy asked twice, both samples."""
    second = 1 if run.policy_a_id == run.policy_b_id else 0
    return answer(run, prompt, run.policy_a, a), answer(run, prompt, run.policy_b, b, sample_index=second)
