"""Rows for tests; every argument has a default."""

from __future__ import annotations

import hashlib
import itertools
import uuid
from datetime import UTC, datetime
from typing import Any

from accounts.models import ApiToken, User, digest, new_secret
from labeling.models import Acknowledgement, Campaign, Label, Membership, Pair, Role, Rubric, RubricVersion, Slot
from labeling.models.label import verdict_of
from labeling.trouble import trouble_of_texts
from policies.families import content_hash, family_key
from policies.models import Policy, Prompt, PromptSet, Response

NOW = datetime(2026, 5, 25, 12, 0, tzinfo=UTC)
PASSWORD = "correct-horse-battery"
count = itertools.count(1)


def make_user(name: str = "", *, password: str = PASSWORD, **fields: Any) -> User:
    return User.objects.create_user(username=name or f"person{next(count)}", password=password, **fields)


def make_token(user: User, *scopes: str, expires_at: datetime | None = None) -> str:
    """Return a working token's secret."""
    secret = new_secret("tb")
    ends = expires_at or datetime(2100, 1, 1, tzinfo=UTC)
    ApiToken.objects.create(
        user=user,
        name=f"tests {next(count)}",
        digest=digest(secret),
        shown=secret[:12],
        scopes=list(scopes or ApiToken.Scope.values),
        created_at=NOW,
        expires_at=ends,
    )
    return secret


def make_rubric_version(*, rubric: Rubric | None = None, body: str = "The better response answers the prompt.") -> RubricVersion:
    rubric = rubric or Rubric.objects.create(name=f"rubric-{next(count)}", title="Helpfulness", created_at=NOW)
    number = rubric.versions.count() + 1
    return RubricVersion.objects.create(rubric=rubric, number=number, body=body, sha256=hashlib.sha256(body.encode()).hexdigest(), created_at=NOW)


def make_campaign(slug: str = "", *, overlap: int = 2, state: str = Campaign.State.OPEN, labelers: tuple[User, ...] = (), **fields: Any) -> Campaign:
    slug = slug or f"campaign-{next(count)}"
    rubric_version = fields.pop("rubric_version", None) or make_rubric_version()
    campaign = Campaign.objects.create(
        slug=slug,
        name=fields.pop("name", slug.title()),
        overlap=overlap,
        state=state,
        rubric_version=rubric_version,
        created_at=NOW,
        ranked_as=fields.get("strategy", "finish"),
        **fields,
    )
    for labeler in labelers:
        join(campaign, labeler)
    return campaign


def join(campaign: Campaign, user: User, role: str = Role.LABELER) -> Membership:
    return Membership.objects.create(campaign=campaign, user=user, role=role)


def acknowledge(campaign: Campaign, labeler: User, version: RubricVersion | None = None) -> Acknowledgement:
    """The labeler has read a version, the campaign's or another, as their first pair has them do."""
    said = {"how": Acknowledgement.How.ENTERED, "at": NOW}
    return Acknowledgement.objects.create(labeler=labeler, campaign=campaign, rubric_version=version or campaign.rubric_version, **said)


def make_prompt_set(name: str = "") -> PromptSet:
    return PromptSet.objects.create(name=name or f"set-{next(count)}", created_at=NOW)


def make_prompt(text: str = "", *, prompt_set: PromptSet | None = None, messages: list[dict[str, str]] | None = None, **fields: Any) -> Prompt:
    messages = messages or [{"role": "user", "content": text or f"What is {next(count)} plus one?"}]
    return Prompt.objects.create(
        prompt_set=prompt_set or make_prompt_set(),
        messages=messages,
        content_sha256=content_hash(messages),
        family=family_key(messages),
        created_at=NOW,
        **fields,
    )


def make_policy(name: str = "", *, engine: str = Policy.Engine.IMPORTED, **fields: Any) -> Policy:
    return Policy.objects.create(name=name or f"policy-{next(count)}", engine=engine, created_at=NOW, **fields)


def make_response(text: str = "", *, prompt: Prompt | None = None, policy: Policy | None = None, **fields: Any) -> Response:
    text = text or f"Answer number {next(count)}."
    return Response.objects.create(
        prompt=prompt or make_prompt(),
        policy=policy or make_policy(),
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        finish_reason=fields.pop("finish_reason", Response.FinishReason.IMPORTED),
        created_at=NOW,
        **fields,
    )


def make_pair(campaign: Campaign | None = None, *, a: str = "", b: str = "", prompt: Prompt | None = None, slots: int | None = None, **fields: Any) -> Pair:
    """A pair with its work slots; `slots` other than the campaign's overlap where a test wants that, `policies` where it matters who answered."""
    campaign = campaign or make_campaign()
    prompt = prompt or make_prompt()
    policy_a, policy_b = fields.pop("policies", (None, None))
    response_a, response_b = make_response(a, prompt=prompt, policy=policy_a), make_response(b, prompt=prompt, policy=policy_b)
    pair = Pair.objects.create(
        campaign=campaign,
        prompt=prompt,
        response_a=response_a,
        response_b=response_b,
        trouble=fields.pop("trouble", trouble_of_texts(response_a.text or "", response_b.text or "")),
        rubric_version=campaign.rubric_version,
        created_at=NOW,
        **fields,
    )
    for ordinal in range(campaign.overlap if slots is None else slots):
        make_slot(pair, ordinal=ordinal)
    return pair


def make_slot(pair: Pair, *, ordinal: int = 0, kind: str = Slot.Kind.WORK, **fields: Any) -> Slot:
    return Slot.objects.create(
        campaign=pair.campaign,
        pair=pair,
        rubric_version=fields.pop("rubric_version", pair.rubric_version),
        kind=kind,
        rank=fields.pop("rank", pair.pk * 64 + ordinal),
        left_is_a=fields.pop("left_is_a", ordinal % 2 == 0),
        **fields,
    )


def make_label(pair: Pair, labeler: User, preference: int = -1, *, at: datetime = NOW, **fields: Any) -> Label:
    """A label as an import stores one: in a closed slot of its own, sides unknown. It settles nothing."""
    slot = fields.pop("slot", None) or make_slot(pair, ordinal=pair.slots.count(), labeler=labeler, closed_at=at)
    return Label.objects.create(
        pair=pair,
        slot=slot,
        labeler=labeler,
        rubric_version=pair.rubric_version,
        verdict=verdict_of(preference),
        preference=preference,
        rationale=fields.pop("rationale", ""),
        source=fields.pop("source", Label.Source.IMPORTED),
        submission_key=uuid.uuid4(),
        submitted_at=at,
        **fields,
    )
