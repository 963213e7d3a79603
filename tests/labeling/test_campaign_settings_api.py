"""A program changes a campaign's settings, asks what a change would do, and sees to its people and pairs."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from labeling import assigning, terms
from labeling.models import Campaign, CampaignEvent, Skill, Slot
from tests.builders import NOW, make_pair
from tests.labeling.lives import labeled, open_places, standing
from tests.labeling.test_campaign_api import body, get, program, send
from tests.labeling.test_campaign_life import OTHER


def test_it_works(campaign: Campaign, rosa: User) -> None:
    pair = make_pair(campaign)
    changed = send(program(rosa), "campaigns/everyday", OTHER, method="PATCH")
    assert changed.status_code == 200
    assert {name: body(changed)[name] for name in terms.TERMS} == OTHER
    assert (body(changed)["carried_out"], open_places(pair)) == (True, 4 if pair.lot < 6000 else 1)
    assert get(program(rosa), "campaigns/everyday") == body(changed)


def test_a_preview_takes_the_same_words_and_stores_nothing(campaign: Campaign, rosa: User) -> None:
    make_pair(campaign)
    found = send(program(rosa), "campaigns/everyday/preview", {"overlap": 3, "name": "Evening"})
    assert found.status_code == 200
    assert body(found)["changes"] == {"name": ["Everyday", "Evening"], "overlap": [2, 3]}
    assert (body(found)["places_opened"], body(found)["places_taken"], body(found)["is_complete"]) == (1, 0, True)
    assert body(found)["sentences"] == ["Changes the name from Everyday to Evening and k from 2 to 3.", "1 place would be opened."]
    assert Campaign.objects.get().overlap == 2
    assert not CampaignEvent.objects.exists()


def test_pairs_that_would_stand_otherwise_are_counted(campaign: Campaign, rosa: User, lena: User, otto: User) -> None:
    labeled(campaign, [lena, otto], (-1, 1))
    found = send(program(rosa), "campaigns/everyday/preview", {"overlap": 3})
    assert body(found)["pairs_moved"] == {"contested to waiting": 1}


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"overlap": 26}, 400),
        ({"overlap_share": 0}, 400),
        ({"rule": "loudest/1"}, 400),
        ({"strategy": "backwards"}, 400),
        ({"quota": 0}, 400),
        ({"quota": None, "daily_ceiling": None}, 200),
        ({"gold_percent": 30, "repeat_percent": 30}, 409),
        ({"state": "archived"}, 409),
        ({"eligible_by": ""}, 200),
        ({}, 200),
    ],
)
@pytest.mark.parametrize(("path", "method"), [("campaigns/everyday", "PATCH"), ("campaigns/everyday/preview", "POST")])
def test_what_makes_no_sense_is_refused_either_way(campaign: Campaign, rosa: User, path: str, method: str, sent: dict[str, Any], status: int) -> None:
    assert send(program(rosa), path, sent, method=method).status_code == status


def test_a_token_that_reads_changes_nothing(campaign: Campaign, rosa: User, lena: User) -> None:
    pair = make_pair(campaign)
    reader = program(rosa, "read")
    tries = [
        ("campaigns/everyday", "PATCH", {"overlap": 3}),
        ("campaigns/everyday/preview", "POST", {"overlap": 3}),
        ("campaigns/everyday/skills", "PUT", {"labeler": "lena", "skills": ["fr"]}),
        ("campaigns/everyday/assignments-by-name", "POST", {"labeler": "lena", "next_free": 1}),
        ("campaigns/everyday/assignments-by-name/release", "POST", {"labeler": "lena"}),
        (f"campaigns/everyday/pairs/{pair.pk}/withdraw", "POST", {"reason": "x"}),
        (f"campaigns/everyday/pairs/{pair.pk}/bring-back", "POST", {}),
    ]
    assert {send(reader, path, sent, method=method).status_code for path, method, sent in tries} == {403}
    assert not CampaignEvent.objects.exists()


def test_a_campaign_is_made_with_any_of_them(rosa: User) -> None:
    made = send(program(rosa), "campaigns", {"slug": "spring", "name": "Spring", "overlap_share": 10, "rule": "unanimous/1", "quota": 100})
    assert made.status_code == 201
    campaign = Campaign.objects.get()
    assert (campaign.overlap, campaign.overlap_share, campaign.rule, campaign.quota, campaign.lease_minutes) == (3, 10, "unanimous/1", 100, 30)


@pytest.mark.parametrize("sent", [{"name": "Spring"}, {"slug": "spring"}, {"slug": "spring", "name": "Spring", "overlap_share": 0}])
def test_a_campaign_needs_a_slug_and_a_name(rosa: User, sent: dict[str, Any]) -> None:
    assert send(program(rosa), "campaigns", sent).status_code == 400


# ---- people --------------------------------------------------------------------------------------------------------


def test_skills_are_set_whole(campaign: Campaign, rosa: User) -> None:
    client = program(rosa)
    for skills in (["fr", "de"], ["de", "it"], []):
        answered = send(client, "campaigns/everyday/skills", {"labeler": "lena", "skills": skills}, method="PUT")
        assert (answered.status_code, body(answered)) == (200, {"labeler": "lena", "skills": sorted(skills)})
        assert get(client, "campaigns/everyday/skills") == [{"labeler": "lena", "skills": sorted(skills)}, {"labeler": "otto", "skills": []}]


@pytest.mark.parametrize(
    "sent", [{"labeler": "nobody", "skills": []}, {"labeler": "rosa", "skills": []}, {"labeler": "lena"}, {"labeler": "lena", "skills": ["nul\x00"]}]
)
def test_skills_that_make_no_sense_are_refused(campaign: Campaign, rosa: User, sent: dict[str, Any]) -> None:
    assert send(program(rosa), "campaigns/everyday/skills", sent, method="PUT").status_code == 400
    assert not Skill.objects.exists()


def test_labelers_are_listed_with_how_they_stand(campaign: Campaign, rosa: User, lena: User) -> None:
    make_pair(campaign)
    assigning.next_for(campaign, lena, at=NOW)
    first, second = get(program(rosa, "read"), "campaigns/everyday/labelers")
    assert (first["name"], first["state"], first["served"], first["why"]) == ("lena", "working", 1, "first pair asked for")
    assert (second["name"], second["state"], second["since"]) == ("otto", "not begun", None)


def test_pairs_are_kept_and_given_back(campaign: Campaign, rosa: User) -> None:
    pair = make_pair(campaign, external_id="row-7")
    client = program(rosa)
    kept = send(client, "campaigns/everyday/assignments-by-name", {"labeler": "lena", "pairs": ["row-7", "row-8"]})
    assert (kept.status_code, body(kept)) == (200, {"assigned": [pair.pk], "left_out": {"row-8": "there is no such pair here"}})
    assert Slot.objects.filter(reserved_for__username="lena").count() == 1
    assert body(send(client, "campaigns/everyday/assignments-by-name/release", {"labeler": "lena"})) == {"released": 1}


@pytest.mark.parametrize(
    ("sent", "status"), [({"labeler": "lena"}, 409), ({"labeler": "nobody", "next_free": 1}, 400), ({"labeler": "lena", "next_free": -1}, 400)]
)
def test_keeping_what_makes_no_sense_is_refused(campaign: Campaign, rosa: User, sent: dict[str, Any], status: int) -> None:
    assert send(program(rosa), "campaigns/everyday/assignments-by-name", sent).status_code == status


# ---- pairs ---------------------------------------------------------------------------------------------------------


def test_a_pair_is_withdrawn_and_brought_back(campaign: Campaign, rosa: User) -> None:
    pair = make_pair(campaign)
    client = program(rosa)
    withdrawn = send(client, f"campaigns/everyday/pairs/{pair.pk}/withdraw", {"reason": "It names its policy."})
    assert (withdrawn.status_code, body(withdrawn)) == (200, {"id": pair.pk, "external_id": "", "standing": "withdrawn", "verdict": None})
    assert send(client, f"campaigns/everyday/pairs/{pair.pk}/withdraw", {"reason": "Again."}).status_code == 409
    assert body(send(client, f"campaigns/everyday/pairs/{pair.pk}/bring-back", {}))["standing"] == "waiting"
    assert send(client, f"campaigns/everyday/pairs/{pair.pk}/bring-back", {}).status_code == 409


def test_a_pair_of_another_campaign_is_none_here(campaign: Campaign, rosa: User) -> None:
    other = make_pair()
    assert send(program(rosa), f"campaigns/everyday/pairs/{other.pk}/withdraw", {"reason": "x"}).status_code == 404
    assert standing(other) == "waiting"


def test_nothing_is_imported_into_an_archive(campaign: Campaign, rosa: User) -> None:
    Campaign.objects.update(state="archived")
    answered = send(program(rosa), "campaigns/everyday/pairs", [])
    assert (answered.status_code, body(answered)["detail"]) == (
        409,
        "The campaign is archived: pairs cannot be imported. Take it out of the archive first.",
    )
