"""A researcher makes a campaign."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import User
from labeling import campaigning
from labeling.models import Campaign, CampaignEvent, Membership, MembershipEvent, Role, RubricVersion
from labeling.wording import DEFAULT_NAME, default_rubric_version
from tests.builders import NOW, make_campaign, make_rubric_version
from tests.policies.pages import elements, text_of

As = Callable[[User], Client]

GOOD = {"name": "Everyday, spring", "slug": "spring", "overlap": "2", "strategy": "spread"}


def make(client: Client, **changes: str) -> HttpResponse:
    return client.post(reverse("make-campaign"), GOOD | changes)  # type: ignore[return-value]


def test_it_works(rosa: User, as_: As) -> None:
    response = make(as_(rosa))
    assert response.status_code == 302
    campaign = Campaign.objects.get()
    assert response.headers["Location"] == reverse("campaign", args=["spring"])
    assert (campaign.name, campaign.overlap, campaign.strategy, campaign.lease_minutes) == ("Everyday, spring", 2, "spread", 30)
    assert (campaign.state, campaign.created_by, campaign.rationale_required) == (Campaign.State.DRAFT, rosa, False)


def test_its_maker_is_its_researcher(rosa: User, as_: As) -> None:
    make(as_(rosa))
    assert [(held.user, held.role) for held in Membership.objects.all()] == [(rosa, Role.RESEARCHER)]
    given = MembershipEvent.objects.get()
    assert (given.user, given.actor, given.given) == (rosa, rosa, True)
    event = CampaignEvent.objects.get()
    assert (event.kind, event.actor, event.detail["overlap"]) == ("made", rosa, 2)


def test_without_a_rubric_it_gets_the_one_that_comes_with_the_product(rosa: User, as_: As) -> None:
    make(as_(rosa))
    version = Campaign.objects.get().rubric_version
    assert (version.rubric.name, version.number) == (DEFAULT_NAME, 1)


def test_it_takes_the_rubric_version_that_was_chosen(rosa: User, as_: As) -> None:
    version = make_rubric_version()
    make(as_(rosa), rubric_version=str(version.pk))
    assert Campaign.objects.get().rubric_version == version


def test_the_form_offers_every_rubric_version(rosa: User, as_: As) -> None:
    default_rubric_version(at=NOW)
    make_rubric_version()
    options = [text_of(option) for option in elements(as_(rosa).get(reverse("new-campaign")), "option")]
    assert options == ["Everyday helpfulness, version 1", "Helpfulness, version 1"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"slug": "no such"}, "slug"),
        ({"slug": "taken"}, "slug"),
        ({"overlap": "0"}, "overlap"),
        ({"overlap": "26"}, "overlap"),
        ({"strategy": "backwards"}, "strategy"),
        ({"rubric_version": "999999"}, "rubric_version"),
        ({"name": "nul\x00"}, "name"),
    ],
)
def test_what_makes_no_sense_is_refused_beside_its_field(rosa: User, as_: As, changes: dict[str, str], field: str) -> None:
    make_campaign("taken")
    response = make(as_(rosa), **changes)
    assert response.status_code == 422
    assert elements(response, "div", id=f"id_{field}_error")
    assert Campaign.objects.count() == 1


@pytest.mark.parametrize("name", ["lena", "ada", "olga", "eve"])
def test_who_is_no_researcher_makes_none(lena: User, ada: User, olga: User, eve: User, as_: As, name: str) -> None:
    client = as_(User.objects.get(username=name))
    assert client.get(reverse("new-campaign")).status_code == 403
    assert make(client).status_code == 403
    assert not Campaign.objects.exists()


def stage(**changes: Any) -> Campaign:
    said: dict[str, Any] = {"slug": "spring", "name": "Spring", "rubric_version": make_rubric_version(), "overlap": 3, "actor": None, "at": NOW}
    return campaigning.make_campaign(**(said | changes))


def test_a_slug_is_taken_once(db: None) -> None:
    stage()
    with pytest.raises(campaigning.SlugTaken, match="There is a campaign 'spring' already"):
        stage()


def test_a_named_researcher_who_is_also_the_maker_holds_the_role_once(rosa: User, olga: User) -> None:
    campaign = stage(actor=rosa, researchers=[rosa, olga])
    assert {held.user for held in campaign.memberships.all()} == {rosa, olga}


def test_a_refused_campaign_leaves_nothing(db: None) -> None:
    with pytest.raises(campaigning.NotPossible, match="k is 26"):
        stage(overlap=26)
    assert not Campaign.objects.exists()
    assert RubricVersion.objects.count() == 1
