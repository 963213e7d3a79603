"""A small installation with a row of every kind, all of it somebody else's, and what the parameters of every address stand for in it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern
from django.utils import timezone

from accounts import passwords
from accounts.models import ApiToken, User
from exports import linking
from exports.models import Dataset, DatasetFile, DatasetVersion, GoldenPair
from labeling import asking, assigning, goldkeeping, inviting
from labeling.models import Campaign, Finding, Pair, Role
from policies.models import GenerationRequest, GenerationRun
from tests.builders import (
    NOW,
    join,
    make_campaign,
    make_label,
    make_pair,
    make_policy,
    make_prompt,
    make_prompt_set,
    make_rubric_version,
    make_token,
    make_user,
)
from tests.exports.settled import adjudicate

HUSH = "hushhush"
"""Stands in every name and text of the world: an answer that holds it gave something away."""

MANIFEST = {
    "campaigns": [],
    "counts": {"left_out": {}, "rows": {"train": 1}, "votes": 1},
    "filters": {},
    "policies": [],
    "rubrics": [{"id": HUSH, "number": 1, "sha256": "5" * 64}],
    "rules": [],
    "split": {"salt": "1" * 64, "shares": {"train": 1.0}},
}

PARAMETER = re.compile(r"<(?:[^:<>]+:)?(\w+)>")


@dataclass(frozen=True)
class Route:
    """An address of the product, as its pattern: `c/<slug:slug>/work/`."""

    name: str
    pattern: str

    @property
    def is_api(self) -> bool:
        return self.pattern.startswith("api/")

    @property
    def methods(self) -> tuple[str, ...]:
        return ("GET", "POST", "PUT", "PATCH", "DELETE") if self.is_api else ("GET", "POST")


def routes(patterns: Iterable[URLPattern | URLResolver] | None = None, prefix: str = "") -> Iterator[Route]:
    """Yield every address that the resolver knows."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        assert isinstance(entry.pattern, RoutePattern), f"{entry.pattern}: use path(), whose parameters have names that can be filled in."
        here = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, here)
        else:
            assert entry.name, f"/{here} has no name: give it one, verb-noun or the page's noun."
            yield Route(entry.name, here)


@dataclass
class World:
    """Who is in it, and values for parameters: (how the address begins, the parameter) to its value. The longest beginning counts."""

    people: dict[str, User] = field(default_factory=dict)
    values: dict[tuple[str, str], object] = field(default_factory=dict)

    def address(self, route: Route) -> str:
        """Return the address with its parameters filled in. Raises LookupError for one that nobody has thought of."""
        return "/" + PARAMETER.sub(lambda found: str(self.value(route, found[1])), route.pattern)

    def value(self, route: Route, parameter: str) -> object:
        fitting = [beginning for beginning, name in self.values if name == parameter and route.pattern.startswith(beginning)]
        if not fitting:
            raise LookupError(f"/{route.pattern}: the world has nothing for <{parameter}>. Make a row for it in tests/house/world.py and name it there.")
        return self.values[max(fitting, key=len), parameter]


def make_world() -> World:
    """Make the installation: lena and otto label, ada adjudicates, rosa researches, olga owns, in one campaign."""
    world = World()
    world.people = {name: make_user(name) for name in ("lena", "otto", "ada")}
    world.people["rosa"] = make_user("rosa", is_researcher=True)
    world.people["olga"] = make_user("olga", is_owner=True)
    add_accounts(world)
    campaign = make_world_campaign(world)
    add_labeling(world, campaign)
    add_policies(world)
    add_exports(world, campaign)
    return world


def add_accounts(world: World) -> None:
    lena, olga = world.people["lena"], world.people["olga"]
    make_token(lena, "label")
    invitation, secret = inviting.invite(for_whom=HUSH, invited_by=olga, at=timezone.now())
    *_, name, token, _ = passwords.make_link(user=lena, actor=olga, at=NOW).split("/")
    world.values |= {
        ("account/tokens/", "pk"): ApiToken.objects.get().pk,
        ("password/", "name"): name,
        ("password/", "token"): token,
        ("people/", "pk"): lena.pk,
        ("people/invitations/", "pk"): invitation.pk,
        ("join/", "secret"): secret,
    }


def make_world_campaign(world: World) -> Campaign:
    people = world.people
    campaign = make_campaign(HUSH, labelers=(people["lena"], people["otto"]), rubric_version=make_rubric_version(body=HUSH))
    join(campaign, people["ada"], Role.ADJUDICATOR)
    join(campaign, people["rosa"], Role.RESEARCHER)
    return campaign


def add_labeling(world: World, campaign: Campaign) -> None:
    """A pair on lena's screen, and a contested one that ada settled."""
    make_pair(campaign, a=f"{HUSH} a", b=f"{HUSH} b", prompt=make_prompt(HUSH))
    assignment = assigning.next_for(campaign, world.people["lena"], at=timezone.now())
    assert assignment
    settled = make_pair(campaign, prompt=make_prompt(HUSH), slots=0)
    make_label(settled, world.people["lena"], -1)
    make_label(settled, world.people["otto"], 1)
    turn = adjudicate(settled, world.people["ada"], "a", -1).turn
    question = asking.ask(assignment=assignment, text=HUSH, submission_key=uuid.uuid4(), at=NOW)
    asking.report(assignment=assignment, kind="other", note=HUSH, submission_key=uuid.uuid4(), at=NOW)
    gold = goldkeeping.make_gold(pair=make_pair(campaign, prompt=make_prompt(HUSH)), verdict="a", why=HUSH, actor=None, at=NOW)
    finding = Finding.objects.create(campaign=campaign, labeler=world.people["lena"], kind=Finding.Kind.TOO_FAST, says=HUSH, at=NOW)
    world.values |= {
        ("c/", "slug"): campaign.slug,
        ("c/<slug:slug>/people/", "pk"): world.people["lena"].pk,
        ("c/<slug:slug>/findings/", "pk"): finding.pk,
        ("api/v1/findings/", "pk"): finding.pk,
        ("c/<slug:slug>/gold/", "pk"): gold.pk,
        ("api/v1/campaigns/<slug:slug>/gold/", "pk"): gold.pk,
        ("c/<slug:slug>/pairs/", "pk"): settled.pk,
        ("api/v1/campaigns/<slug:slug>/pairs/", "pk"): settled.pk,
        ("api/v1/campaigns/", "slug"): campaign.slug,
        ("c/<slug:slug>/work/", "key"): assignment.key,
        ("c/<slug:slug>/adjudicate/", "key"): turn.key,
        ("c/<slug:slug>/adjudicate/questions/", "pk"): question.pk,
        ("api/v1/assignments/", "key"): assignment.key,
        ("rubrics/", "name"): campaign.rubric_version.rubric.name,
        ("rubrics/", "number"): campaign.rubric_version.number,
        ("api/v1/rubrics/", "name"): campaign.rubric_version.rubric.name,
        ("api/v1/rubrics/", "number"): campaign.rubric_version.number,
    }


def add_policies(world: World) -> None:
    """A prompt set, two policies, and a run with one failed request."""
    prompt_set = make_prompt_set(f"{HUSH}-prompts")
    prompt = make_prompt(HUSH, prompt_set=prompt_set)
    first, second = make_policy(f"{HUSH}-1"), make_policy(f"{HUSH}-2")
    run = GenerationRun.objects.create(prompt_set=prompt_set, policy_a=first, policy_b=second, seed=1, created_at=NOW)
    request = GenerationRequest.objects.create(
        run=run, prompt=prompt, policy=first, seed=1, status=GenerationRequest.Status.FAILED, error=HUSH, queued_at=NOW, finished_at=NOW
    )
    for prefix in ("", "api/v1/"):
        world.values |= {
            (f"{prefix}prompts/", "name"): prompt_set.name,
            (f"{prefix}prompts/", "slug"): prompt_set.name,
            (f"{prefix}prompts/", "pk"): prompt_set.pk,
            (f"{prefix}prompt-sets/", "name"): prompt_set.name,
            (f"{prefix}policies/", "name"): first.name,
            (f"{prefix}policies/", "pk"): first.pk,
            (f"{prefix}runs/", "pk"): run.pk,
            (f"{prefix}generation-runs/", "pk"): run.pk,
            (f"{prefix}runs/<int:pk>/requests/", "request_pk"): request.pk,
        }


def add_exports(world: World, campaign: Campaign) -> None:
    """A dataset with one version of one file. The file itself is not on the disk: nobody is to get so far."""
    dataset = Dataset.objects.create(
        name=f"{HUSH}-set", salt="1" * 64, secret="2" * 64, shares={"train": 1.0, "validation": 0.0, "test": 0.0}, last_number=1, created_at=NOW
    )
    version = DatasetVersion.objects.create(dataset=dataset, number=1, manifest=MANIFEST, manifest_sha256="3" * 64, rows_count=1, frozen_at=NOW)
    version.campaigns.add(campaign)
    file = DatasetFile.objects.create(version=version, name="train.jsonl", split="train", sha256="4" * 64, size=1, rows_count=1)
    link, secret = linking.make_link(file, for_whom=HUSH, days=1, made_by=world.people["rosa"], at=timezone.now())
    mark = GoldenPair.objects.create(dataset=dataset, pair=Pair.objects.filter(campaign=campaign)[0], verdict="a", why=HUSH, at=NOW)
    world.values |= {("fetch/", "secret"): secret, ("fetch/", "file"): file.name}
    for prefix in ("", "api/v1/"):
        world.values |= {
            (f"{prefix}datasets/", "name"): dataset.name,
            (f"{prefix}datasets/", "number"): version.number,
            (f"{prefix}datasets/", "file"): file.name,
            (f"{prefix}datasets/", "sample"): "random",
            (f"{prefix}datasets/<slug:name>/golden-pairs/", "pk"): mark.pk,
            (f"{prefix}datasets/<slug:name>/links/", "pk"): link.pk,
        }
