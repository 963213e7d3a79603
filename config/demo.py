"""What the demo consists of: five people, the demo model as two policies, the bundled prompts, a run and its campaign."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from itertools import islice
from pathlib import Path

from django.conf import settings

from accounts.models import User
from config import env
from config.supervisor import Program
from labeling import campaigning, inviting, wording
from labeling.models import Campaign, Role
from policies import generating, importing, registering
from policies.engines.convert import demo_model
from policies.models import GenerationRun, Policy

SLUG, PROMPTS = "demo", Path(__file__).resolve().parent.parent / "policies" / "data" / "demo_prompts.jsonl"
SAMPLINGS = {
    "smollm2-135m-careful": {"temperature": 0.3, "top_p": 0.9, "max_new_tokens": 160},
    "smollm2-135m-lively": {"temperature": 1.0, "top_p": 0.95, "max_new_tokens": 160},
}
LABELERS, ADJUDICATOR, RESEARCHER, OWNER = ("lena", "otto"), "ada", "rosa", "olga"
# Both policies are asked alike. Without it, half of this small model's answers ramble until they are cut.
SYSTEM_PROMPT = "You are a helpful assistant. Answer in a few short sentences, then stop."
SEED = 20260525

Say = Callable[[str], None]


@dataclass(frozen=True)
class People:
    labelers: tuple[User, ...]
    adjudicator: User
    researcher: User
    owner: User


def prepare(*, password: str, say: Say, at: datetime, most: int | None = None) -> Campaign:
    """Make of the demo what is not there yet, with `most` of the bundled prompts, and return its campaign. A second start finds everything."""
    people = make_people(password)
    demo_model(settings.VAR_DIR, say)
    if campaign := Campaign.objects.filter(slug=SLUG).first():
        return campaign
    say("Importing the bundled prompts and starting a generation run")
    return make_campaign(people, start_run(people.researcher, at=at, most=most), at=at)


def kept_password() -> str:
    """Return the one password of the demo's people: made at the first start, kept in var/ for its owner alone."""
    path = settings.VAR_DIR / "demo-password"
    if not path.exists():
        env.keep_first(path, secrets.token_urlsafe(9))
    return path.read_text().strip()


def make_people(password: str) -> People:
    labelers = tuple(make_person(name, password) for name in LABELERS)
    return People(
        labelers, make_person(ADJUDICATOR, password), make_person(RESEARCHER, password, is_researcher=True), make_person(OWNER, password, is_owner=True)
    )


def make_person(name: str, password: str, *, is_researcher: bool = False, is_owner: bool = False) -> User:
    """Return the person, made at the first start. A password that they changed since stays."""
    person = User.objects.filter(username=name).first()
    return person or User.objects.create_user(name, password=password, is_researcher=is_researcher, is_owner=is_owner)


def start_run(researcher: User, *, at: datetime, most: int | None) -> GenerationRun:
    with PROMPTS.open("rb") as file:
        asked = BytesIO(b"".join(islice(file, most)))
    prompts = importing.import_prompts(file=asked, prompt_set="demo", by=researcher, at=at).prompt_set
    careful, lively = (make_policy(name, researcher, at=at) for name in SAMPLINGS)
    return generating.start_run(prompt_set=prompts, policy_a=careful, policy_b=lively, seed=SEED, by=researcher, at=at)


def make_policy(name: str, researcher: User, *, at: datetime) -> Policy:
    found = Policy.objects.filter(name=name).first()
    if found:
        return found
    return registering.register_policy(
        name=name, engine=Policy.Engine.HF, source="demo/smollm2-135m-instruct", system_prompt=SYSTEM_PROMPT, sampling=SAMPLINGS[name], by=researcher, at=at
    ).policy


def make_campaign(people: People, run: GenerationRun, *, at: datetime) -> Campaign:
    campaign = campaigning.make_campaign(
        slug=SLUG,
        name="Everyday helpfulness",
        rubric_version=wording.default_rubric_version(at=at),
        overlap=2,
        actor=people.researcher,
        at=at,
        state=Campaign.State.OPEN,
    )
    campaigning.attach_run(campaign=campaign, run=run, actor=people.researcher, at=at)
    for labeler in people.labelers:
        inviting.give_role(campaign=campaign, user=labeler, role=Role.LABELER, actor=people.researcher, at=at)
    inviting.give_role(campaign=campaign, user=people.adjudicator, role=Role.ADJUDICATOR, actor=people.researcher, at=at)
    return campaign


def programs(*, is_up: Callable[[], bool]) -> list[Program]:
    """What the supervisor runs: web, both workers, and the clock."""
    python = [sys.executable, "-m"]
    worker = [*python, "celery", "-A", "config", "worker", "--without-gossip", "--without-mingle", "--loglevel", "info"]
    return [
        Program(name="web", argv=[*python, "gunicorn", "-c", "config/gunicorn.py", "config.wsgi"], ready=is_up),
        Program(name="default-worker", argv=[*worker, "-Q", "default", "--concurrency", "1", "-n", "default@%h"]),
        Program(name="gpu-worker", argv=[*worker, "-Q", "gpu", "--pool", "solo", "-n", "gpu@%h"]),
        Program(name="beat", argv=[*python, "celery", "-A", "config", "beat", "--schedule", str(settings.VAR_DIR / "beat"), "--loglevel", "warning"]),
    ]
