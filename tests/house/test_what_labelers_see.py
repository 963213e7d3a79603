"""Every byte that a labeler can reach, searched for what they must not learn: who wrote a side, what a pair is for, what others said."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.test import Client
from django.urls import reverse

from accounts.models import User
from labeling import api, assigning, naming, slotting, submitting
from labeling.models import Assignment, Campaign, GoldItem, Label, Slot
from policies.models import GenerationRun
from tests.builders import NOW, join, make_campaign, make_label, make_pair, make_policy, make_prompt, make_prompt_set, make_slot, make_token, make_user
from tests.house.world import Route, World, make_world, routes

KINDS = re.compile(r"\b(gold|gold_item|repeat|repeats|practice|escalation|honeypot|reserved|slot|slots)\b", re.IGNORECASE)
"""Words for what a pair is for. (`repeat` is a word of style sheets and of key presses, too: scripts and styles are searched without it.)"""
OF_PAIRS = ("/c/", "/api/v1/campaigns/", "/api/v1/assignments/")
FROM = 918_273_000
"""Where the keys of rows that nobody is to see begin: so large that they stand for nothing else."""


@dataclass
class Seen:
    """An answer, byte for byte: its first line, its headers, its body."""

    asked: str
    whole: bytes
    body: bytes


@dataclass
class Secrets:
    """What must not stand in any answer, by what it is."""

    said: dict[str, str] = field(default_factory=dict)

    def in_bytes(self, whole: bytes) -> list[str]:
        return [what for what, secret in self.said.items() if secret.encode() in whole]


@dataclass
class Blind:
    """A campaign with something of every kind, and lena, who labels there."""

    world: World
    lena: User
    campaign: Campaign
    secrets: Secrets

    def client(self, route: Route | None = None) -> Client:
        client = Client(raise_request_exception=False)
        if route and route.is_api:
            client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {make_token(self.lena)}"
        else:
            client.force_login(self.lena)
        return client


@pytest.fixture
def blind(db: None) -> Blind:
    world = make_world()
    for table in ("slot", "pair", "label", "golditem", "adjudication"):
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER SEQUENCE labeling_{table}_id_seq RESTART {FROM + 1000 * len(table)}")
    lena = world.people["lena"]
    campaign = make_campaign("evening", name="Evening", overlap=2, gold_percent=25, repeat_percent=25, labelers=(lena,))
    secrets = fill(campaign, lena)
    world.values |= {("c/", "slug"): campaign.slug, ("api/v1/campaigns/", "slug"): campaign.slug}
    return Blind(world, lena, campaign, secrets)


def fill(campaign: Campaign, lena: User) -> Secrets:
    """Work, gold, a repeat, a further place, a pair kept by name, others' labels; policies with a name, a source, a revision and a prompt of their own."""
    others = [make_user(name) for name in ("zuleika-labels", "quentin-labels")]
    for other in others:
        join(campaign, other)
    policies = [make_policy(f"{name}-policy", engine="openai", source=f"{name}-endpoint/{name}-model", weights_sha256=digit * 64) for name, digit in SIDES]
    run = GenerationRun.objects.create(prompt_set=make_prompt_set(), policy_a=policies[0], policy_b=policies[1], seed=56473829, created_at=NOW)
    pairs = [
        make_pair(campaign, policies=tuple(policies), slots=0, prompt=make_prompt(slices={"source": "hidden-slice"}), external_id=f"hidden-id-{number}")
        for number in range(12)
    ]
    *work, gold, kept, contested = pairs
    GoldItem.objects.create(pair=gold, verdict="a", why="hidden-reason", added_at=NOW)
    slotting.make_slots([*work, kept], campaign)
    for other, preference in zip(others, (-3, 3), strict=True):
        make_label(contested, other, preference, rationale="hidden-rationale")
    make_slot(contested, kind="escalation", ordinal=2)
    naming.assign(campaign=campaign, labeler=lena, named=[str(kept.pk)], actor=None, at=NOW)
    said = {"a labeler's name": "zuleika", "another labeler's name": "quentin", "a rationale": "hidden-rationale", "why it is gold": "hidden-reason"}
    said |= {"a slice": "hidden-slice", "an id that came with a pair": "hidden-id", "a seed": str(run.seed), "the keys of rows": str(FROM)[:5]}
    said |= {f"{name} policy, {what}": secret for name, digit in SIDES for what, secret in {"its name": name, "its weights": digit * 64}.items()}
    return Secrets(said)


SIDES = (("wombat", "7"), ("ocelot", "8"))


# ---- the walk ------------------------------------------------------------------------------------------------------


def answer_of(client: Client, method: str, address: str, **fields: Any) -> Seen:
    answer = client.generic(method, address, **fields) if "data" not in fields or isinstance(fields["data"], str) else client.post(address, **fields)
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
    cookies = "".join(f"Set-Cookie: {cookie.OutputString()}\n" for cookie in answer.cookies.values())
    head = "".join(f"{name}: {value}\n" for name, value in answer.items()) + cookies
    return Seen(f"{method} {address}", f"{answer.status_code} {answer.reason_phrase}\n{head}\n".encode() + body, body)


def labels_on(blind: Blind) -> Iterator[Seen]:
    """Label at the desk and by the API, until a pair of each kind was seen: by fragment, whole or not, by redirect and page, by the API; with mistakes."""
    browser, program = blind.client(), blind.client(Route("", "api/"))
    page = answer_of(browser, "GET", reverse("work", args=["evening"]))
    yield page
    found = re.search(rb'data-controls="([0-9a-f]+)"', page.body)
    assert found, "the desk has controls to go on with"
    for number in range(12):
        if (assignment := assigning.next_for(blind.campaign, blind.lena, at=NOW)) is None:
            break
        desk = reverse("submit-label", args=["evening", assignment.key])
        said = {"choice": "1", "submission_key": str(uuid.uuid4())}
        yield answer_of(browser, "POST", desk, data={"choice": "nonsense"}, headers={"HX-Request": "true"})
        if number % 3 == 0:
            has = {"Desk-Controls": found[1].decode()} if number % 2 else {}
            yield answer_of(browser, "POST", desk, data=said, headers={"HX-Request": "true", **has})
        elif number % 3 == 1:
            yield answer_of(browser, "POST", desk, data=said)
            yield answer_of(browser, "GET", reverse("work", args=["evening"]))
        else:
            yield answer_of(program, "POST", reverse("api-next", args=["evening"]))
            sent = said | {"choice": 1, "next": True}
            yield answer_of(program, "POST", reverse("api-label", args=[assignment.key]), data=sent, content_type="application/json")
            yield answer_of(program, "POST", reverse("api-label", args=[assignment.key]), data=sent, content_type="application/json")
        yield answer_of(browser, "POST", reverse("skip-pair", args=["evening", assignment.key]), data={"reason": "broken"})
        yield answer_of(browser, "POST", reverse("park-pair", args=["evening", assignment.key]), headers={"HX-Request": "true"})
        yield answer_of(program, "POST", reverse("api-park", args=[assignment.key]))


def everywhere(blind: Blind) -> Iterator[Seen]:
    """Ask for every address by every method; whatever it does is undone."""
    key = Assignment.objects.filter(labeler=blind.lena, slot__campaign=blind.campaign).latest("leased_at").key
    blind.world.values |= {("c/<slug:slug>/work/", "key"): key, ("api/v1/assignments/", "key"): key}
    for route in routes():
        if route.name == "logout":
            continue
        for method in route.methods:
            before = transaction.savepoint()
            kind = "application/json" if route.is_api else "application/x-www-form-urlencoded"
            yield answer_of(blind.client(route), method, blind.world.address(route), content_type=kind)
            transaction.savepoint_rollback(before)


def scripts_of(seen: list[Seen]) -> Iterator[Seen]:
    """What the pages load."""
    for path in sorted({path.decode() for one in seen for path in re.findall(rb'(?:src|href)="/static/([^"?]+)', one.body)}):
        found = finders.find(path)
        assert isinstance(found, str), path
        with open(found, "rb") as file:
            whole = file.read()
        yield Seen(f"GET /static/{path}", whole, whole)


def leaks(seen: list[Seen], secrets: Secrets) -> list[str]:
    found = [f"{one.asked} says {what}" for one in seen for what in secrets.in_bytes(one.whole)]
    return found + [f"{one.asked} says {word!r}" for one in seen for word in words_in(one)]


def words_in(one: Seen) -> list[str]:
    """What a pair is for, where that would be said of one; outside what was typed by the labeler, and of addresses that are closed to them."""
    asked = one.asked.split(" ")[1]
    if asked.startswith("/static/"):
        return sorted({word for word in map(str.lower, KINDS.findall(one.body.decode(errors="replace"))) if word in ("gold", "escalation", "honeypot")})
    if not asked.startswith(OF_PAIRS) and asked != "/":
        return []
    return sorted(set(map(str.lower, KINDS.findall(one.whole.decode(errors="replace").replace(asked, "")))))


@pytest.fixture
def walked(blind: Blind) -> list[Seen]:
    return [*labels_on(blind), *everywhere(blind)]


def test_nothing_that_a_labeler_can_reach_says_what_they_must_not_know(blind: Blind, walked: list[Seen]) -> None:
    assert set(shown(blind)) >= {"work", "gold", "escalation"}
    assert len(walked) > 200
    assert leaks([*walked, *scripts_of(walked)], blind.secrets) == []


def shown(blind: Blind) -> list[str]:
    return list(Slot.objects.filter(assignments__labeler=blind.lena, campaign=blind.campaign).values_list("kind", flat=True).distinct())


def test_a_repeat_says_no_more_than_the_pair_did_at_first(blind: Blind) -> None:
    seen = [look_and_label(blind) for _ in range(2)]
    before = Label.objects.filter(labeler=blind.lena, slot__kind="work", slot__campaign=blind.campaign).earliest("pk")
    make_slot(before.pair, kind="repeat", reserved_for=blind.lena, rank=0, left_is_a=not before.left_was_a)
    seen += [look_and_label(blind) for _ in range(3)]
    assert "repeat" in shown(blind)
    assert leaks(seen, blind.secrets) == []


def look_and_label(blind: Blind) -> Seen:
    seen = answer_of(blind.client(), "GET", reverse("work", args=["evening"]))
    assignment = assigning.next_for(blind.campaign, blind.lena, at=NOW)
    assert assignment is not None
    submitting.submit_label(assignment=assignment, preference=1, submission_key=uuid.uuid4(), at=NOW)
    return seen


# ---- leaks that were planted ---------------------------------------------------------------------------------------


def test_a_policys_name_on_the_page_is_found(blind: Blind, monkeypatch: pytest.MonkeyPatch) -> None:
    def render_and_tell(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        answer = render(request, template, context)
        answer.write(f"<!-- {Assignment.objects.get(key=context['card'].key).pair.response_a.policy} -->")
        return answer

    monkeypatch.setattr("labeling.views.work.render", render_and_tell)
    seen = [answer_of(blind.client(), "GET", reverse("work", args=["evening"]))]
    assert leaks(seen, blind.secrets) == ["GET /c/evening/work/ says wombat policy, its name"]


def test_a_gold_mark_in_the_api_is_found(blind: Blind, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = api.lease

    def lease_and_tell(*args: Any, **kwargs: Any) -> dict[str, Any] | None:
        found = lease(*args, **kwargs)
        return {**found, "gold": False} if found else None

    monkeypatch.setattr(api, "lease", lease_and_tell)
    seen = [answer_of(blind.client(Route("", "api/")), "POST", reverse("api-next", args=["evening"]))]
    assert leaks(seen, blind.secrets) == ["POST /api/v1/campaigns/evening/next says 'gold'"]


def test_the_key_of_a_slot_in_a_header_is_found(blind: Blind, monkeypatch: pytest.MonkeyPatch) -> None:
    def render_and_tell(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        answer = render(request, template, context)
        answer["X-Trace"] = str(Assignment.objects.get(key=context["card"].key).slot_id)
        return answer

    monkeypatch.setattr("labeling.views.work.render", render_and_tell)
    seen = [answer_of(blind.client(), "GET", reverse("work", args=["evening"]))]
    assert leaks(seen, blind.secrets) == ["GET /c/evening/work/ says the keys of rows"]


# ---- the schema ----------------------------------------------------------------------------------------------------

OPERATIONS = ("campaign_next", "assignment_label", "assignment_skip", "assignment_park")


def parts_of(schema: dict[str, Any], part: Any) -> Iterator[str]:
    """Yield every key and word of a part of the schema, and of what it refers to."""
    if isinstance(part, dict):
        for name, inner in part.items():
            if name == "$ref":
                yield from parts_of(schema, schema["components"]["schemas"][inner.rpartition("/")[2]])
            else:
                yield name
                yield from parts_of(schema, inner)
    elif isinstance(part, list):
        for inner in part:
            yield from parts_of(schema, inner)
    else:
        yield str(part)


def test_the_schema_of_what_a_labeler_asks_for_has_no_room_for_it(db: None) -> None:
    """Practice alone is named there: it is open, and left out of everything else."""
    schema = json.loads(Client().get(reverse("api-schema"), headers={"Accept": "application/vnd.oai.openapi+json"}).content)
    operations = {said["operationId"]: said for of_path in schema["paths"].values() for said in of_path.values() if isinstance(said, dict)}
    words = {name: set(map(str.lower, KINDS.findall(" ".join(parts_of(schema, operations[name]))))) for name in OPERATIONS}
    assert words == {"campaign_next": {"practice"}, "assignment_label": {"practice"}, "assignment_skip": set(), "assignment_park": set()}
