"""What a researcher sees and does: find versions, look before freezing, freeze, read rows, copy code."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from exports import gates, publishing
from exports.models import DatasetVersion
from labeling.models import Campaign, Role
from tests.builders import join, make_pair, make_prompt, make_user
from tests.exports.settled import order, settled_campaign, settled_pair

PAGES = ["/datasets/", "/datasets/freeze", "/datasets/helpfulness/", "/datasets/helpfulness/1/"]
SignIn = Callable[[User], Client]


@pytest.fixture
def rosas(as_: SignIn, rosa: User) -> Client:
    return as_(rosa)


def text(client: Client, url: str, status: int = 200) -> str:
    """Return a page as a reader has it: no tags, white space of one kind."""
    response = client.get(url)
    assert response.status_code == status
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


def freeze_url(*campaigns: Campaign, dataset: str = "helpfulness", shares: str = "90-10") -> str:
    chosen = "".join(f"campaigns={campaign.slug}&" for campaign in campaigns)
    return f"{reverse('freeze-version')}?{chosen}dataset={dataset}&shares={shares}"


def test_it_works(rosas: Client, any_moment: None, everyday: Campaign) -> None:
    assert "No version has been frozen yet" in text(rosas, "/datasets/")
    assert "Freeze version 1" in text(rosas, freeze_url(everyday))
    response = rosas.post(reverse("freeze-version"), {"campaigns": [everyday.slug], "dataset": "helpfulness", "shares": "90-10"}, follow=True)
    version = DatasetVersion.objects.get()
    assert response.redirect_chain == [("/datasets/helpfulness/1/", 302)]
    assert version.manifest_sha256 in response.content.decode()
    assert version.dataset.shares == {"train": 0.9, "validation": 0.1, "test": 0.0}
    assert "helpfulness" in text(rosas, "/datasets/")
    assert "Version 1" in text(rosas, "/datasets/helpfulness/")


def test_the_preview_says_what_a_version_would_hold_and_what_stays_out(rosas: Client, everyday: Campaign) -> None:
    labelers = [membership.user for membership in everyday.memberships.filter(role=Role.LABELER)]
    settled_pair(everyday, labelers, (0, 0))
    settled_pair(everyday, labelers, (-3, 3))
    make_pair(everyday)
    said = text(rosas, freeze_url(everyday))
    for fact in (
        "Rows 12",
        "Prompt families 12",
        "Not settled: contested 1",
        "Not settled: waiting 1",
        "Settled, but a tie 1",
        "90\u00a0% train, 10\u00a0% validation",
    ):
        assert fact.replace("\u00a0", " ") in said


def test_looking_stores_nothing(rosas: Client, everyday: Campaign) -> None:
    text(rosas, freeze_url(everyday))
    assert not DatasetVersion.objects.exists()


def test_the_preview_of_a_known_dataset_has_its_number_and_splits(rosas: Client, version: DatasetVersion, everyday: Campaign) -> None:
    said = text(rosas, freeze_url(everyday))
    assert "helpfulness, version 2: what it would hold" in said
    assert "A prompt family that an earlier version had keeps its split" in said


def test_the_preview_alone_is_sent_to_who_asks_for_it_in_place(rosas: Client, everyday: Campaign) -> None:
    part = rosas.get(freeze_url(everyday), headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()
    assert b"what it would hold" in part.content
    assert "HX-Request" in part["Vary"]
    assert b"Choose at least one campaign." in rosas.get(freeze_url(), headers={"HX-Request": "true"}).content


def test_only_some_of_the_settled_pairs_are_frozen(rosas: Client, any_moment: None, everyday: Campaign) -> None:
    labelers = [membership.user for membership in everyday.memberships.filter(role=Role.LABELER)]
    for language in ("de", "de", "en"):
        settled_pair(everyday, labelers, (-3, -3), prompt=make_prompt(slices={"language": language}))
    sent = {"campaigns": ["everyday"], "dataset": "german", "shares": "90-10", "slices": "language=de", "least_strength": "2.5"}
    said = text(rosas, f"{reverse('freeze-version')}?{urlencode(sent, doseq=True)}")
    assert "Rows 2 " in said
    assert "Chosen by Margin at least: 2.5; Slice language: de" in said
    assert "Thin slices" in said
    assert "a prompt outside the slices that were chosen 13" in said
    rosas.post(reverse("freeze-version"), sent)
    version = DatasetVersion.objects.get()
    assert version.rows_count == 2
    assert version.manifest["filters"] == {"least_strength": 2.5, "slices": {"language": ["de"]}}
    assert "Slice language: de" in text(rosas, "/datasets/german/1/")


@pytest.mark.parametrize(
    ("field", "value"), [("slices", "german"), ("least_strength", "4"), ("least_agreement", "101"), ("cap_per_person", "0"), ("policies", "none")]
)
def test_a_choice_that_means_nothing_is_refused(field: str, value: str, rosas: Client, any_moment: None, everyday: Campaign) -> None:
    sent = {"campaigns": ["everyday"], "dataset": "helpfulness", "shares": "90-10", field: value}
    assert rosas.post(reverse("freeze-version"), sent).status_code == 422
    assert not DatasetVersion.objects.exists()


def test_with_nothing_to_freeze_the_page_says_what_is_missing_and_has_no_button(rosas: Client, any_moment: None, rosa: User) -> None:
    campaign = settled_campaign("waiting", pairs=0, researcher=rosa)
    make_pair(campaign)
    said = text(rosas, freeze_url(campaign))
    assert "there is nothing to freeze" in said
    assert "Not settled: waiting 1" in said
    assert "Freeze version 1" not in said
    response = rosas.post(reverse("freeze-version"), {"campaigns": [campaign.slug], "dataset": "helpfulness", "shares": "90-10"})
    assert response.status_code == 409


def test_a_refusal_at_the_last_moment_is_said_and_keeps_what_was_typed(
    rosas: Client, any_moment: None, everyday: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise publishing.NotPublished("No version was made: the disk is full.")

    monkeypatch.setattr(publishing, "attempt", full)
    response = rosas.post(reverse("freeze-version"), {"campaigns": [everyday.slug], "dataset": "helpfulness", "shares": "90-10", "description": "Mine."})
    assert response.status_code == 409
    assert b"the disk is full" in response.content
    assert b'value="Mine."' in response.content


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"dataset": "helpfulness", "shares": "90-10"}, "Choose at least one campaign."),
        ({"campaigns": ["everyday"], "dataset": "two words", "shares": "90-10"}, "Letters, digits, hyphens and underscores only."),
        ({"campaigns": ["everyday"], "dataset": "../up", "shares": "90-10"}, "Letters, digits, hyphens and underscores only."),
        ({"campaigns": ["everyday"], "dataset": "helpfulness", "shares": "all"}, "Select a valid choice."),
        ({"campaigns": ["elsewhere"], "dataset": "helpfulness", "shares": "90-10"}, "Select a valid choice."),
    ],
)
def test_what_cannot_be_frozen_is_refused_with_the_reason(sent: dict[str, str], said: str, rosas: Client, everyday: Campaign) -> None:
    settled_campaign("elsewhere")
    response = rosas.post(reverse("freeze-version"), sent)
    assert response.status_code == 422
    assert said in response.content.decode()
    assert not DatasetVersion.objects.exists()


def test_campaigns_in_which_one_is_no_researcher_are_not_offered(rosas: Client, rosa: User, everyday: Campaign) -> None:
    other = settled_campaign("elsewhere")
    join(other, rosa, Role.LABELER)
    said = text(rosas, "/datasets/freeze")
    assert "Everyday" in said
    assert "Elsewhere" not in said


def test_who_is_a_researcher_in_no_campaign_is_told_so(rosas: Client) -> None:
    assert "You are a researcher in no campaign" in text(rosas, "/datasets/freeze")


def test_a_version_shows_its_files_facts_and_code(rosas: Client, version: DatasetVersion) -> None:
    said = text(rosas, "/datasets/helpfulness/1/")
    for file in version.files.all():
        assert file.sha256 in said
        assert f'href="/datasets/helpfulness/1/files/{file.name}"' in rosas.get("/datasets/helpfulness/1/").content.decode()
    for fact in ("All rows were labeled under", "strict-majority, version 1", "load_dataset", "DPOTrainer", "gates to settle"):
        assert fact in said


def test_rows_are_read_a_few_at_a_time(rosas: Client, version: DatasetVersion) -> None:
    first = text(rosas, "/datasets/helpfulness/1/")
    assert "Row 1 " in first
    assert "Row 5 " in first
    assert "Row 6 " not in first
    assert "Row 6 " in text(rosas, "/datasets/helpfulness/1/?after=5")
    assert "There are no rows after that one" in text(rosas, "/datasets/helpfulness/1/?after=12")
    for odd in ("x", "-1", "9" * 40, "%00", "٣"):
        assert "Row 1 " in text(rosas, f"/datasets/helpfulness/1/?after={odd}")


def test_hostile_texts_are_shown_and_do_nothing(rosas: Client, any_moment: None, rosa: User) -> None:
    evil = '<script>alert(1)</script><img src=x onerror=alert(2)> [x](javascript:alert(3)) <div hx-get="/people/" hx-trigger="load">'
    campaign = settled_campaign("hostile", pairs=0, researcher=rosa)
    campaign.name = evil[:100]
    campaign.save()
    labelers = [membership.user for membership in campaign.memberships.filter(role=Role.LABELER)]
    prompt = make_prompt(evil, slices={"<b>topic": "</span><script>alert(4)</script>"}, licence="<i>", source=evil[:100])
    settled_pair(campaign, labelers, prompt=prompt, a=evil, b=f"Better. {evil}")
    publishing.publish(order(campaign, dataset="hostile", description=evil))
    for page in ("/datasets/", "/datasets/hostile/", "/datasets/hostile/1/", freeze_url(campaign, dataset="hostile")):
        body = rosas.get(page).content.decode()
        assert "<script>alert" not in body
        assert "<img" not in body
        assert "javascript:alert" not in re.sub(r">[^<]*<", "><", body)
        assert not re.search(r"<[^>]+hx-get=\"/people", body)


@pytest.mark.parametrize("page", PAGES)
def test_only_researchers_and_owners_may_look(
    page: str, version: DatasetVersion, as_: SignIn, lena: User, ada: User, olga: User, eve: User, client: Client
) -> None:
    for user in (lena, ada, eve):
        assert as_(user).get(page).status_code == 403
    assert as_(olga).get(page).status_code == (403 if page == "/datasets/freeze" else 200)
    assert client.get(page).status_code == 302


def test_only_researchers_may_freeze(everyday: Campaign, as_: SignIn, lena: User, olga: User) -> None:
    for user in (lena, olga):
        sent = {"campaigns": [everyday.slug], "dataset": "helpfulness", "shares": "90-10"}
        assert as_(user).post(reverse("freeze-version"), sent).status_code == 403
    assert not DatasetVersion.objects.exists()


@pytest.mark.parametrize("page", ["/datasets/nothing/", "/datasets/helpfulness/7/", "/datasets/helpfulness/99999999999999999999/"])
def test_what_is_not_there_is_not_found(page: str, rosas: Client, version: DatasetVersion) -> None:
    assert rosas.get(page).status_code == 404


def test_the_queries_of_the_pages_do_not_grow(
    rosas: Client, version: DatasetVersion, everyday: Campaign, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(4):
        publishing.publish(order(everyday))
        publishing.publish(order(everyday, dataset=f"other-{number}"))
    for page in PAGES:
        rosas.get(page)  # renderings are kept from the first look on
        with django_assert_max_num_queries(34):
            rosas.get(page)
    for page in ("/datasets/", "/datasets/helpfulness/"):
        with django_assert_max_num_queries(18):
            rosas.get(page)


def test_a_version_is_waived_released_and_rolled_back_on_its_page(rosas: Client, as_: SignIn, olga: User, version: DatasetVersion, everyday: Campaign) -> None:
    there = "/datasets/helpfulness/1/"
    assert "What stands in the way" in text(rosas, there)
    assert f"{len(gates.blocking(version))} gates to settle" in text(rosas, there)
    assert rosas.post(f"{there}release").status_code == 409
    owner = as_(olga)
    for gate in gates.blocking(version):
        assert owner.post(f"{there}waive", {"gate": gate.key, "reason": " "}).status_code == 422
        assert rosas.post(f"{there}waive", {"gate": gate.key, "reason": "Known."}).status_code == 403
        assert owner.post(f"{there}waive", {"gate": gate.key, "reason": f"Known: {gate.key}."}).status_code == 302
    assert "Waived by olga" in text(rosas, there)
    assert "Known: licence." in text(rosas, there)
    assert rosas.post(f"{there}release", {"reason": "The first."}).status_code == 302
    assert "Version 1 is the one to train on." in text(rosas, "/datasets/helpfulness/")
    assert rosas.post(f"{there}change", {"act": "rolled_back", "reason": "x"}).status_code == 422
    assert rosas.post(f"{there}change", {"act": "withdrawn", "reason": ""}).status_code == 422
    assert rosas.post(f"{there}change", {"act": "withdrawn", "reason": "A prompt must go."}).status_code == 302
    assert "A prompt must go." in text(rosas, "/datasets/helpfulness/")
    assert "No version has been released yet, or none that was is still in use." in text(rosas, "/datasets/helpfulness/")


def test_gates_are_set_on_their_page(rosas: Client, as_: SignIn, lena: User, version: DatasetVersion) -> None:
    there = "/datasets/helpfulness/gates"
    assert "at least 60 %" in text(rosas, there).replace("\u00a0", " ")
    assert rosas.post(there, {"gate": "agreement", "low": "55", "reason": "Taste."}).status_code == 302
    assert "at least 55 %" in text(rosas, there).replace("\u00a0", " ")
    assert rosas.post(there, {"gate": "agreement", "reason": "Taste."}).status_code == 409
    assert rosas.post(there, {"gate": "agreement", "low": "55", "reason": ""}).status_code == 422
    assert as_(make_user(is_researcher=True)).post(there, {"gate": "agreement", "low": "1", "reason": "Mine."}).status_code == 403
    assert rosas.post("/datasets/helpfulness/golden-pairs", {"number": 1, "position": 2, "why": "The model case."}).status_code == 302
    assert "The model case." in text(rosas, there)
    mark = version.dataset.golden_pairs.get()
    assert rosas.post(f"/datasets/helpfulness/golden-pairs/{mark.pk}/let-go", {"why": ""}).status_code == 422
    assert rosas.post(f"/datasets/helpfulness/golden-pairs/{mark.pk}/let-go", {"why": "Changed."}).status_code == 302
    assert "No pair is marked" in text(rosas, there)
    assert rosas.post("/datasets/helpfulness/golden-pairs", {"number": 1, "position": 99, "why": "x"}).status_code == 404
