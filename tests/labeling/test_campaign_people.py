"""A researcher looks how each labeler stands, says what they are skilled in, and lets them in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import User
from labeling import assigning, campaigning, history, inviting, qualifying
from labeling.models import Campaign, CampaignEvent, Enrolment, EnrolmentEvent, Membership, Role, Skill
from labeling.slotting import make_slots
from tests.builders import NOW, join, make_campaign, make_pair, make_prompt, make_user
from tests.policies.pages import cells, elements, text_of

As = Callable[[User], Client]


def people(client: Client, campaign: Campaign) -> HttpResponse:
    return client.get(reverse("campaign-people", args=[campaign.slug]))  # type: ignore[return-value]


def page_of(client: Client, campaign: Campaign, labeler: User) -> HttpResponse:
    return client.get(reverse("campaign-labeler", args=[campaign.slug, labeler.pk]))  # type: ignore[return-value]


def set_skills(campaign: Campaign, labeler: User, *names: str) -> list[str]:
    return qualifying.set_skills(campaign=campaign, labeler=labeler, names=names, actor=None, at=NOW)


@pytest.fixture
def bilingual(campaign: Campaign) -> Campaign:
    """It goes by language, and has one French pair and one that asks for nothing."""
    Campaign.objects.update(eligible_by="language")
    campaign.refresh_from_db()
    make_slots([make_pair(campaign, slots=0, prompt=make_prompt(slices=slices)) for slices in ({"language": "fr"}, {})], campaign)
    return campaign


def test_it_works(bilingual: Campaign, rosa: User, lena: User, otto: User, as_: As) -> None:
    client = as_(rosa)
    assigning.next_for(bilingual, lena, at=NOW)
    assert client.post(reverse("set-skills", args=[bilingual.slug, otto.pk]), {"names": "fr, de\n"}).status_code == 302
    page = people(client, bilingual)
    assert cells(page, "Labelers, and how each stands") == [
        ["lena", "working", "first pair asked for", "1", "0", ""],
        ["otto", "not begun", "", "0", "0", "de, fr"],
    ]
    assert not [banner for banner in elements(page, "div") if "warn" in (dict(banner.attributes).get("class") or "")]


def test_it_warns_of_a_skill_that_nobody_has(bilingual: Campaign, rosa: User, lena: User, as_: As) -> None:
    [banner] = elements(people(as_(rosa), bilingual), "div", class_="banner warn")
    assert text_of(banner).startswith("Open places ask for fr, and no labeler has that skill")
    set_skills(bilingual, lena, "fr")
    assert not elements(people(as_(rosa), bilingual), "div", class_="banner warn")


@pytest.mark.parametrize("name", ["lena", "ada", "olga", "eve"])
def test_it_is_closed_to_who_does_not_run_the_campaign(campaign: Campaign, lena: User, olga: User, eve: User, as_: As, name: str) -> None:
    client = as_(User.objects.get(username=name))
    assert people(client, campaign).status_code == page_of(client, campaign, lena).status_code == 404
    for action in ("set-skills", "assign-by-name", "release-from-name", "let-in"):
        assert client.post(reverse(action, args=[campaign.slug, lena.pk]), {"names": "fr", "why": "x", "named": "1"}).status_code == 404


def test_who_does_not_label_here_has_no_page_here(campaign: Campaign, rosa: User, ada: User, as_: As) -> None:
    assert page_of(as_(rosa), campaign, ada).status_code == 404


def test_who_labeled_here_once_still_has_one(campaign: Campaign, rosa: User, lena: User, as_: As) -> None:
    assigning.enrol(campaign, lena, at=NOW)
    inviting.take_role(campaign=campaign, user=lena, role=Role.LABELER, actor=None, at=NOW)
    assert "No longer labels here." in text_of(elements(page_of(as_(rosa), campaign, lena), "p", class_="standfirst")[0])
    assert [row[:2] for row in cells(people(as_(rosa), campaign), "Labelers, and how each stands")][0] == ["lena", "no longer labels here"]


# ---- skills --------------------------------------------------------------------------------------------------------


def test_a_new_skill_opens_what_lies_behind(bilingual: Campaign, lena: User) -> None:
    """The labeler has gone through the whole queue, and found nothing a moment ago."""
    first = assigning.next_for(bilingual, lena, at=NOW)
    assert first
    assigning.skip(assignment=first, reason="broken", note="", at=NOW)
    assert assigning.next_for(bilingual, lena, at=NOW) is None
    set_skills(bilingual, lena, "fr")
    found = assigning.next_for(bilingual, lena, at=NOW)
    assert found
    assert found.pair_id != first.pair_id


def test_a_skill_that_is_taken_closes_it_and_leaves_the_screen(bilingual: Campaign, lena: User, otto: User) -> None:
    set_skills(bilingual, lena, "fr")
    held = assigning.next_for(bilingual, lena, at=NOW)
    assert set_skills(bilingual, lena) == []
    assert assigning.next_for(bilingual, lena, at=NOW) == held
    assert not Skill.objects.exists()


def test_each_change_stands_in_the_history(campaign: Campaign, rosa: User, lena: User) -> None:
    for names in (["fr", "de"], ["fr", "de"], ["fr", "it"]):
        qualifying.set_skills(campaign=campaign, labeler=lena, names=names, actor=rosa, at=NOW)
    assert [history.in_words(event) for event in CampaignEvent.objects.order_by("pk")] == [
        "gave lena the skills de and fr",
        "gave lena the skill it and took de from lena",
    ]


def test_blank_and_doubled_names_are_one_or_none(campaign: Campaign, lena: User) -> None:
    assert set_skills(campaign, lena, " fr", "fr ", "", "  ") == ["fr"]


@pytest.mark.parametrize(("names", "reason"), [(["x" * 61], "too long for a skill"), ([str(number) for number in range(51)], "50 at most")])
def test_skills_that_make_no_sense_are_refused(campaign: Campaign, rosa: User, lena: User, as_: As, names: list[str], reason: str) -> None:
    response = as_(rosa).post(reverse("set-skills", args=[campaign.slug, lena.pk]), {"names": "\n".join(names)})
    assert response.status_code == 422
    assert reason in text_of(elements(response, "div", id="id_names_error")[0])
    assert not Skill.objects.exists()


def test_who_does_not_label_here_has_no_skills_here(campaign: Campaign, ada: User) -> None:
    with pytest.raises(campaigning.NotPossible, match="ada does not label here"):
        set_skills(campaign, ada, "fr")


def test_what_is_archived_keeps_its_people(db: None, olga: User) -> None:
    campaign, lena = make_campaign(state="archived"), make_user("lena")
    for role in (Role.LABELER, Role.ADJUDICATOR):
        with pytest.raises(campaigning.NotPossible, match="The campaign is archived: labelers and adjudicators cannot be let in"):
            inviting.give_role(campaign=campaign, user=lena, role=role, actor=olga, at=NOW)
    assert inviting.give_role(campaign=campaign, user=lena, role=Role.RESEARCHER, actor=olga, at=NOW)
    join(campaign, lena)
    with pytest.raises(campaigning.NotPossible, match="nor be given skills"):
        set_skills(campaign, lena, "fr")
    assert inviting.take_role(campaign=campaign, user=lena, role=Role.LABELER, actor=olga, at=NOW)


def test_who_is_invited_to_what_was_archived_since_comes_in_without_the_role(db: None, olga: User) -> None:
    campaign = make_campaign()
    _, secret = inviting.invite(for_whom="Lena", invited_by=olga, at=NOW, campaign=campaign, role=Role.LABELER)
    Campaign.objects.update(state="archived")
    user = inviting.join(secret=secret, username="lena", password="correct-horse-battery", at=NOW)
    assert not Membership.objects.filter(user=user).exists()


def test_an_owner_reads_why_a_role_is_not_given(olga: User, as_: As) -> None:
    campaign, lena = make_campaign(state="archived"), make_user("lena")
    response = as_(olga).post(reverse("give-role", args=[lena.pk]), {"campaign": campaign.pk, "role": "labeler"})
    assert response.status_code == 422
    assert "Take it out of the archive first" in text_of(elements(response, "div", id="id_campaign_error")[0])


# ---- letting in ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["practising", "paused"])
def test_who_waits_is_let_in_with_a_reason(campaign: Campaign, rosa: User, lena: User, as_: As, state: str) -> None:
    assigning.enrol(campaign, lena, at=NOW)
    Enrolment.objects.update(state=state)
    client = as_(rosa)
    assert elements(page_of(client, campaign, lena), "h2", id="let-in")
    assert client.post(reverse("let-in", args=[campaign.slug, lena.pk]), {"why": "She knows the rubric."}).status_code == 302
    assert Enrolment.objects.get().state == "working"
    event = EnrolmentEvent.objects.latest("pk")
    assert (event.before, event.after, event.why, event.actor) == (state, "working", "She knows the rubric.", rosa)
    page = page_of(client, campaign, lena)
    assert not elements(page, "h2", id="let-in")
    assert cells(page, "How lena stood, newest first")[0][1:] == [state, "working", "She knows the rubric.", "rosa"]


def test_without_a_reason_nobody_is_let_in(campaign: Campaign, rosa: User, lena: User, as_: As) -> None:
    assigning.enrol(campaign, lena, at=NOW)
    Enrolment.objects.update(state="paused")
    assert as_(rosa).post(reverse("let-in", args=[campaign.slug, lena.pk]), {}).status_code == 422
    assert Enrolment.objects.get().state == "paused"
