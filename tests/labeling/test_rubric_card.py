"""At the desk and by program: the rubric has changed, or there is a text to agree to. Both are read before the next pair, and nothing is lost meanwhile."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import F
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts import consenting
from accounts.models import Consent, User
from labeling import assigning, campaigning
from labeling.models import Assignment, Campaign, Draft, Label, RubricVersion, Slot
from tests.builders import NOW, join, make_campaign, make_pair, make_prompt, make_rubric_version, make_token

As = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def campaign(lena: User, rosa: User) -> Campaign:
    campaign = make_campaign("evening", labelers=(lena,), rubric_version=make_rubric_version(body="# Good\n\nIt is <b>right</b>.\n\nIt is short."))
    make_rubric_version(rubric=campaign.rubric_version.rubric, body="# Good\n\nIt is <b>right</b>.\n\nIt is short, and kind.")
    join(campaign, rosa, "researcher")
    for _ in range(2):
        make_pair(campaign)
    return campaign


def move(campaign: Campaign) -> None:
    campaigning.change(campaign=campaign, said={"rubric_version": 2, "begun": "anew", "gold": "keep"}, actor=None, at=NOW)


def desk(client: Client) -> str:
    return client.get(reverse("work", args=["evening"])).content.decode()


def held(labeler: User) -> Assignment:
    return Assignment.objects.get(key=F("slot__lease"), slot__labeler=labeler)


def send(client: Client, assignment: Assignment, **headers: str) -> HttpResponse:
    said = {"choice": "-2", "rationale": "so", "submission_key": str(uuid.uuid4())}
    return client.post(reverse("submit-label", args=["evening", assignment.key]), said, headers=headers)  # type: ignore[return-value]


def read(client: Client, number: int = 2) -> str:
    return client.post(reverse("acknowledge-rubric", args=["evening"]), {"number": number}, headers=HTMX).content.decode()


# ---- the rubric, at the desk ---------------------------------------------------------------------------------------


def test_it_works(campaign: Campaign, lena: User, as_: As) -> None:
    client = as_(lena)
    assert 'class="decide"' in desk(client)
    move(campaign)
    card = desk(client)
    assert "What good means here has changed" in card
    assert "It is short, and kind." in card
    assert "<b>right</b>" not in card
    assert 'class="decide"' not in card
    assert 'class="decide"' in read(client)
    assert Label.objects.count() == 0


def test_what_was_chosen_comes_back_after_the_card(campaign: Campaign, lena: User, as_: As) -> None:
    client = as_(lena)
    desk(client)
    before = held(lena)
    move(campaign)
    answer = send(client, before, **HTMX)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "What good means here has changed" in page
    assert "Your choice is kept." in page
    assert not Label.objects.exists()
    again = read(client)
    assert 'value="-2" data-key="2" checked' in again
    assert 'value="so"' in again
    assert send(client, held(lena), **HTMX).status_code == 200
    assert Label.objects.get().rubric_version.number == 2


def test_without_scripts(campaign: Campaign, lena: User, as_: As) -> None:
    client = as_(lena)
    desk(client)
    before = held(lena)
    move(campaign)
    assert send(client, before).status_code == 302
    assert Draft.objects.get().said["choice"] == "-2"
    answer = client.post(reverse("acknowledge-rubric", args=["evening"]), {"number": 2})
    assert answer.headers["Location"] == reverse("work", args=["evening"])
    assert 'value="-2" data-key="2" checked' in desk(client)


def test_another_number_is_shown_the_card_again(campaign: Campaign, lena: User, as_: As) -> None:
    client = as_(lena)
    desk(client)
    move(campaign)
    for number in (1, 9, 99999999, 0):
        assert "What good means here has changed" in read(client, number)


def test_skipping_from_the_page_of_before_leads_to_the_card(campaign: Campaign, lena: User, as_: As) -> None:
    client = as_(lena)
    desk(client)
    before = held(lena)
    move(campaign)
    answer = client.post(reverse("skip-pair", args=["evening", before.key]), {"reason": "broken"}, headers=HTMX)
    assert "What good means here has changed" in answer.content.decode()
    read(client)
    assert held(lena).pair_id != before.pair_id


# ---- the rubric, by program ----------------------------------------------------------------------------------------


class Program:
    def __init__(self, user: User) -> None:
        self.client = Client(headers={"Authorization": f"Bearer {make_token(user)}"})

    def post(self, name: str, *args: object, **said: object) -> Any:
        return self.client.post(reverse(name, args=args), json.dumps(said), content_type="application/json")


def test_by_program(campaign: Campaign, lena: User) -> None:
    program = Program(lena)
    first = program.post("api-next", "evening").json()
    assert program.client.get(reverse("api-rubric-changes", args=["evening"])).status_code == 204
    move(campaign)
    for answer in (program.post("api-next", "evening"), program.post("api-label", first["key"], choice=1)):
        assert answer.status_code == 409
        assert "/api/v1/campaigns/evening/acknowledge" in answer.json()["detail"]
    changes = program.client.get(reverse("api-rubric-changes", args=["evening"])).json()
    assert (changes["acknowledged"], changes["rubric_version"]) == (1, 2)
    assert changes["clauses"] == [{"kind": "changed", "under": "Good", "old": "It is short.", "new": "It is short, and kind."}]
    assert program.post("api-acknowledge", "evening", rubric_version=1).status_code == 409
    assert program.post("api-acknowledge", "evening", rubric_version=2).status_code == 204
    again = program.post("api-next", "evening").json()
    assert (again["rubric_version"], again["left"]) == (2, first["left"])
    assert program.post("api-label", again["key"], choice=1).status_code == 200


def test_the_answer_to_a_label_says_what_is_to_be_read(campaign: Campaign, lena: User) -> None:
    program = Program(lena)
    first = program.post("api-next", "evening").json()
    campaign.overlap = 1
    campaign.save()
    Slot.objects.filter(pk=held(lena).slot_id).update(lease_ends_at=NOW)
    assigning.return_expired(at=NOW.replace(year=2100))
    move(campaign)
    stored = program.post("api-label", first["key"], choice=1, next=True).json()
    assert (stored["surplus"], stored["next"], stored["read_first"]) == (True, None, 2)


def test_a_researcher_moves_by_program(campaign: Campaign, rosa: User) -> None:
    program, said = Program(rosa), {"rubric_version": 2, "begun": "anew", "gold": "keep"}
    seen = program.post("api-campaign-preview", "evening", **said).json()
    assert (seen["changes"], seen["pairs_reworded"], seen["pairs_asked_anew"], seen["labels_uncounted"]) == ({"rubric_version": [1, 2]}, 2, 0, 0)
    answer = program.client.patch(reverse("api-campaign", args=["evening"]), json.dumps(said), content_type="application/json")
    assert answer.json()["rubric_version"] == 2
    refused = program.client.patch(reverse("api-campaign", args=["evening"]), json.dumps({"rubric_version": 9}), content_type="application/json")
    assert refused.status_code == 409


def test_a_flagged_prompt_says_so(campaign: Campaign, lena: User) -> None:
    program = Program(lena)
    assert program.post("api-next", "evening").json()["flagged"] is False
    Slot.objects.all().update(labeler=None, lease=None, lease_ends_at=None, closed_at=NOW)
    make_pair(campaign, prompt=make_prompt(slices={"risk": "self-harm"}))
    assert program.post("api-next", "evening").json()["flagged"] is True


# ---- the rubric, on a researcher's page ----------------------------------------------------------------------------


def test_a_researcher_previews_and_moves(campaign: Campaign, rosa: User, as_: As) -> None:
    client, said = as_(rosa), {"rubric_version": 2, "begun": "settle", "gold": "keep"}
    assert reverse("campaign-rubric", args=["evening"]) in client.get(reverse("campaign-settings", args=["evening"])).content.decode()
    assert 'name="begun"' in client.get(reverse("campaign-rubric", args=["evening"])).content.decode()
    page = client.post(reverse("preview-rubric", args=["evening"]), said, headers=HTMX).content.decode()
    assert "2 pairs that are not settled would be judged by the new version." in page
    assert "It is short, and kind." in page
    answer = client.post(reverse("move-rubric", args=["evening"]), said, follow=True)
    assert "moved it from version 1 to version 2 of its rubric: pairs that were begun are settled by the labels that are in" in answer.content.decode()
    assert Campaign.objects.get().rubric_version.number == 2


def test_settings_say_how_many_have_read_it(campaign: Campaign, lena: User, rosa: User, as_: As) -> None:
    desk(as_(lena))
    settings = reverse("campaign-settings", args=["evening"])
    assert "have read this version" not in as_(rosa).get(settings).content.decode()
    move(campaign)
    assert "Of the 1 who have begun, 0 have read this version so far." in as_(rosa).get(settings).content.decode()


def test_nothing_is_chosen_for_a_researcher(campaign: Campaign, rosa: User, as_: As) -> None:
    answer = as_(rosa).post(reverse("move-rubric", args=["evening"]), {"rubric_version": 2})
    assert answer.status_code == 422
    assert Campaign.objects.get().rubric_version.number == 1


def test_a_rubric_of_one_version_has_nowhere_to_move(lena: User, rosa: User, as_: As) -> None:
    campaign = make_campaign("evening", labelers=(lena,))
    join(campaign, rosa, "researcher")
    assert "has no other version" in as_(rosa).get(reverse("campaign-rubric", args=["evening"])).content.decode()
    assert RubricVersion.objects.count() == 1


# ---- consent -------------------------------------------------------------------------------------------------------


def consent(client: Client, word: str, number: int = 1) -> str:
    return client.post(reverse("consent-at-desk", args=["evening"]), {"number": number, "say": word}, headers=HTMX).content.decode()


def test_without_a_text_nobody_is_asked(campaign: Campaign, lena: User, as_: As) -> None:
    assert 'class="decide"' in desk(as_(lena))


def test_a_text_is_agreed_to_before_the_first_pair(campaign: Campaign, lena: User, as_: As) -> None:
    consenting.publish(body="Your labels are <b>published</b>.", by=None, at=NOW)
    client = as_(lena)
    page = desk(client)
    assert "What you agree to when you label here" in page
    assert "&lt;b&gt;published&lt;/b&gt;" in page
    assert not Assignment.objects.exists()
    assert 'class="decide"' in consent(client, "yes")
    assert Consent.objects.get().given


def test_who_declines_is_told_what_follows_and_gets_no_pair(campaign: Campaign, lena: User, as_: As) -> None:
    consenting.publish(body="Your labels are published.", by=None, at=NOW)
    client = as_(lena)
    assert "You have not agreed, and that is fine" in consent(client, "no")
    assert "What you agree to when you label here" in desk(client)
    assert not Assignment.objects.exists()
    assert not Consent.objects.exists()


def test_a_new_text_asks_again_and_what_was_chosen_is_kept(campaign: Campaign, lena: User, as_: As) -> None:
    client = as_(lena)
    desk(client)
    consenting.publish(body="Your labels are published.", by=None, at=NOW)
    answer = send(client, held(lena), **HTMX)
    assert answer.status_code == 422
    assert "What you agree to when you label here" in answer.content.decode()
    assert not Label.objects.exists()
    assert "The text has changed" in consent(client, "yes", number=7)
    assert 'value="-2" data-key="2" checked' in consent(client, "yes")
    assert send(client, held(lena), **HTMX).status_code == 200
    consenting.publish(body="Your labels are published, and your name.", by=None, at=NOW)
    assert "Version 2" in desk(client)


def test_who_takes_it_back_gets_no_further_pair(campaign: Campaign, lena: User, as_: As) -> None:
    text = consenting.publish(body="Your labels are published.", by=None, at=NOW)
    client = as_(lena)
    consent(client, "yes")
    client.post(reverse("say-consent"), {"number": text.number, "say": "no"})
    assert send(client, held(lena), **HTMX).status_code == 422
    assert not Label.objects.exists()


def test_a_program_is_told_what_to_do(campaign: Campaign, lena: User) -> None:
    program = Program(lena)
    key = program.post("api-next", "evening").json()["key"]
    text = consenting.publish(body="Your labels are published.", by=None, at=NOW)
    for answer in (program.post("api-next", "evening"), program.post("api-label", key, choice=1)):
        assert answer.status_code == 403
        assert "/account/, and agree there" in answer.json()["detail"]
    assert not Label.objects.exists()
    consenting.say(user=lena, text=text, given=True, at=NOW)
    assert program.post("api-label", key, choice=1).status_code == 200
