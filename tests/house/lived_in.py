"""The world after some weeks: a campaign that was labeled, contested and settled, a version that was frozen, and the desk in each of its states."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from exports import measuring, publishing, stepping
from exports.models import Conversion, DatasetVersion, VersionEvent
from labeling import asking, assigning, goldkeeping, reopening, settling, simulation, submitting, watching
from labeling.models import Campaign, Enrolment, Finding, Pair, Question, Role, RubricVersion
from tests.builders import join, make_campaign, make_label, make_pair, make_policy, make_prompt, make_rubric_version, make_user
from tests.exports.settled import adjudicate, order
from tests.house.walk import Seen, undone
from tests.house.world import World, make_world

RICH = """Una lista, con **peso** y `code`:

1. Doble la masa.
2. Espere.

| Harina | Agua |
| --- | ---: |
| 500 g | 350 g |

```python
def fold(dough: Dough) -> Dough:
    # dos veces
    return dough.fold() or "dough"
```

> Luego $x^2 + \\frac{1}{2} = y$.

مرحبا بالعالم
"""
"""As everything that people of this world write, in Spanish, where they say more than a word: what is in English on their pages is the product's."""
PAIRS = 30


def make_lived_in() -> World:
    world = make_world()
    campaign = make_worked_campaign(world)
    add_version(world, campaign)
    return world


def make_worked_campaign(world: World) -> Campaign:
    """Thirty pairs, k = 3, of which four are gold; synthetic labelers have done most of it, and lena a little."""
    people, at = world.people, timezone.now()
    campaign = make_campaign("evening", name="Evening", overlap=3, gold_percent=10, labelers=(people["lena"], people["otto"]), rubric_version=make_rubric())
    join(campaign, people["ada"], Role.ADJUDICATOR)
    join(campaign, people["rosa"], Role.RESEARCHER)
    policies = make_policy("evening-1"), make_policy("evening-2")
    pairs = [make_one(campaign, policies, number) for number in range(PAIRS)]
    gold = [goldkeeping.make_gold(pair=pair, verdict="a", why="Responde.", actor=None, at=at) for pair in pairs[:4]]
    simulation.simulate(campaign, labelers=4, seed=3, clock=timezone.now, plants=("clicker",), most=70)
    watching.watch(campaign, at=at)
    finding = Finding.objects.create(campaign=campaign, labeler=people["lena"], kind=Finding.Kind.TOO_FAST, says="Chose the left side 9 of 12 times.", at=at)
    turn = adjudicate(Pair.objects.filter(campaign=campaign, gold_items=None).order_by("-pk")[0], people["ada"], "a", -1).turn
    make_contested(campaign)  # whether others are is drawn with their sides
    assignment = assigning.next_for(campaign, people["lena"], at=at)
    assert assignment
    world.values |= {
        ("c/", "slug"): campaign.slug,
        ("c/<slug:slug>/findings/", "pk"): finding.pk,
        ("c/<slug:slug>/gold/", "pk"): gold[0].pk,
        ("c/<slug:slug>/pairs/", "pk"): turn.pair_id,
        ("c/<slug:slug>/work/", "key"): assignment.key,
        ("c/<slug:slug>/adjudicate/", "key"): turn.key,
    }
    return campaign


def make_contested(campaign: Campaign) -> None:
    pair = make_pair(campaign, prompt=make_prompt("¿Y sin levadura?"), slots=0)
    for number, preference in enumerate((-2, 2, 0)):
        make_label(pair, make_user(f"dissenter-{number}"), preference)
    settling.settle(pair, at=timezone.now())


def make_rubric() -> RubricVersion:
    first = make_rubric_version(body=RICH)
    criteria = [{"key": "accuracy", "label": "Exactitud"}, {"key": "tone", "label": "Tono"}]
    fields: dict[str, Any] = {"criteria": criteria, "change_note": "También se juzga el tono."}
    return RubricVersion.objects.create(rubric=first.rubric, number=2, body=RICH, sha256="2" * 64, created_at=first.created_at, **fields)


def make_one(campaign: Campaign, policies: tuple[Any, Any], number: int) -> Pair:
    prompt = make_prompt(f"¿Cómo se hace el pan, modo {number}?\n\n{RICH if number % 5 == 4 else ''}", slices={"topic": "food" if number % 3 else "code"})
    return make_pair(campaign, a=f"{RICH} {number}", b=f"Se hornea a {number} grados. " * 4, prompt=prompt, policies=policies)


def add_version(world: World, campaign: Campaign) -> None:
    """A version that was really frozen, measured, and lies on the disk."""
    labelers = (make_user("early-1"), make_user("early-2"))
    for number in range(6):
        pair = make_pair(campaign, prompt=make_prompt(f"¿Y con sal, {number} g?"), slots=0)
        for labeler in labelers:
            make_label(pair, labeler, -2)
        Pair.objects.filter(pk=pair.pk).update(standing="agreed", verdict="a", margin=-2, settled_at=pair.created_at, settled_by="strict-majority/1")
    version = publishing.publish(order(campaign, dataset="evening-set", by=world.people["rosa"]))
    measuring.measure(version, at=timezone.now())
    world.values |= {("datasets/", "name"): version.dataset.name, ("datasets/", "number"): version.number, ("datasets/", "file"): "train.jsonl"}


# ---- states that no address alone leads to


def states(world: World) -> Iterator[Seen]:
    """Yield the desk as each of its states leaves it, and what is said where something went wrong. Nothing of it stays."""
    for name, reach in STATES.items():
        with undone():
            campaign = Campaign.objects.get(slug="evening")
            client = Client(SERVER_NAME="127.0.0.1", raise_request_exception=False)
            client.force_login(world.people["lena"])
            answer = reach(client, campaign, world.people["lena"])
            yield Seen("lena", f"/state/{name}/", answer.content.decode())


def desk(client: Client, campaign: Campaign) -> HttpResponse:
    return client.get(reverse("work", args=[campaign.slug]), secure=True)  # type: ignore[return-value]


def key_on(client: Client, campaign: Campaign) -> uuid.UUID:
    return uuid.UUID(desk(client, campaign).context["card"].key)  # type: ignore[attr-defined]


def answered(client: Client, campaign: Campaign, lena: User) -> HttpResponse:
    """One pair is decided: the next one says so, and offers to undo it. An adjudicator has answered a question."""
    assignment = assigning.next_for(campaign, lena, at=timezone.now())
    assert assignment
    question = asking.ask(assignment=assignment, text="¿Qué unidad?", submission_key=uuid.uuid4(), at=timezone.now())
    asking.answer(question=Question.objects.get(pk=question.pk), text="Gramos.", actor=User.objects.get(username="ada"), at=timezone.now())
    submitting.submit_label(assignment=assignment, preference=-1, submission_key=uuid.uuid4(), at=timezone.now())
    return desk(client, campaign)


def refused(client: Client, campaign: Campaign, lena: User) -> HttpResponse:
    key = key_on(client, campaign)
    said = {"choice": "9", "submission_key": str(uuid.uuid4()), "rationale": "Así."}
    return client.post(reverse("submit-label", args=[campaign.slug, key]), said, secure=True)  # type: ignore[return-value]


def reopened(client: Client, campaign: Campaign, lena: User) -> HttpResponse:
    at = timezone.now()
    assignment = assigning.next_for(campaign, lena, at=at)
    assert assignment
    submitting.submit_label(assignment=assignment, preference=-1, submission_key=uuid.uuid4(), at=at)
    again = reopening.reopen(assignment=assignment, campaign=campaign, at=at)
    return client.get(reverse("reopened", args=[campaign.slug, again.key]), secure=True)  # type: ignore[return-value]


def warned(client: Client, campaign: Campaign, lena: User) -> HttpResponse:
    hard = make_campaign("hard", labelers=(lena,))
    make_pair(hard, prompt=make_prompt(slices={"risk": "violence"}))
    return desk(client, hard)


def with_campaign(**fields: Any) -> Callable[[Client, Campaign, User], HttpResponse]:
    """The empty desk of a campaign with these settings."""

    def reach(client: Client, campaign: Campaign, lena: User) -> HttpResponse:
        empty = make_campaign(f"empty-{uuid.uuid4().hex[:6]}", labelers=(lena,), **fields)
        return desk(client, empty)

    return reach


def paused(client: Client, campaign: Campaign, lena: User) -> HttpResponse:
    empty = make_campaign("resting", labelers=(lena,))
    Enrolment.objects.create(campaign=empty, labeler=lena, state=Enrolment.State.PAUSED, entered_at=timezone.now())
    return desk(client, empty)


def practising(client: Client, campaign: Campaign, lena: User) -> HttpResponse:
    round_of = make_campaign("first", labelers=(lena,), practice_items=2)
    for _ in range(3):
        goldkeeping.make_gold(pair=make_pair(round_of), verdict="a", why="Responde.", actor=None, at=datetime.now(tz=timezone.get_current_timezone()))
    return desk(client, round_of)


def missing(client: Client, campaign: Campaign, lena: User) -> HttpResponse:
    return client.get("/c/nowhere/", secure=True)  # type: ignore[return-value]


def wrong_password(client: Client, campaign: Campaign, lena: User) -> HttpResponse:
    return Client(SERVER_NAME="127.0.0.1").post(reverse("login"), {"username": "lena", "password": "wrong"}, secure=True)  # type: ignore[return-value]


def wrong_passwords(client: Client, campaign: Campaign, lena: User) -> HttpResponse:
    return client.post(reverse("change-password"), {"old_password": "wrong", "new_password1": "a", "new_password2": "b"}, secure=True)  # type: ignore[return-value]


def withdrawn_version(client: Client, campaign: Campaign, lena: User) -> HttpResponse:
    version = DatasetVersion.objects.get(dataset__name="evening-set")
    stepping.step(version, VersionEvent.Kind.WITHDRAWN, actor=None, reason="It held a prompt that was erased", at=timezone.now())
    client.force_login(User.objects.get(username="rosa"))
    return client.get(version.get_absolute_url(), secure=True)  # type: ignore[return-value]


def failed_layout(client: Client, campaign: Campaign, lena: User) -> HttpResponse:
    version = DatasetVersion.objects.get(dataset__name="evening-set")
    failed = {"state": Conversion.State.FAILED, "error": "3 workers ended while they wrote it.", "asked_at": timezone.now()}
    Conversion.objects.create(version=version, layout="kto", kind="jsonl", **failed)
    client.force_login(User.objects.get(username="rosa"))
    return client.get(reverse("version-layouts", args=["evening-set", version.number]), secure=True)  # type: ignore[return-value]


STATES: dict[str, Callable[[Client, Campaign, User], HttpResponse]] = {
    "desk": lambda client, campaign, lena: desk(client, campaign),
    "answered": answered,
    "refused": refused,
    "reopened": reopened,
    "warned": warned,
    "practising": practising,
    "nothing-left": with_campaign(),
    "paused": with_campaign(state="paused"),
    "not-open": with_campaign(state="draft"),
    "closed": with_campaign(state="closed"),
    "paused-labeler": paused,
    "withdrawn-version": withdrawn_version,
    "failed-layout": failed_layout,
    "no-such-page": missing,
    "wrong-password": wrong_password,
    "wrong-passwords": wrong_passwords,
}
