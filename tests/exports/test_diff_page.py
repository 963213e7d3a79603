"""The page of what changed between two versions, and the data card as it reads today."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts import consenting
from accounts.models import User
from exports import granting, publishing, releasing
from exports.models import DatasetVersion, SplitAccess, VersionEvent, Waiver
from labeling import withdrawing
from labeling.models import Campaign
from tests.builders import NOW, make_prompt
from tests.exports.settled import order, settled_campaign, settled_pair


@pytest.fixture
def second(version: DatasetVersion, everyday: Campaign, rosa: User) -> DatasetVersion:
    """Version 2 of `helpfulness`: a pair was withdrawn, and one came."""
    gone = everyday.pairs.order_by("pk").first()
    assert gone
    withdrawing.withdraw(campaign=everyday, pair=gone, reason="It <b>breaks</b> off.", actor=rosa, at=NOW)
    people = [membership.user for membership in everyday.memberships.filter(role="labeler")]
    settled_pair(everyday, people, prompt=make_prompt(slices={"language": "de"}))
    return publishing.publish(order(everyday, by=rosa))


def page(client: Client, user: User, version: DatasetVersion, **asked: str) -> str:
    client.force_login(user)
    answer = client.get(reverse("version-diff", args=[version.dataset.name, version.number]), asked)
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_works(client: Client, rosa: User, second: DatasetVersion) -> None:
    said = page(client, rosa, second)
    assert "From version 1 to version 2, 2 rows changed; 11 are as they were." in said
    assert "the pair was withdrawn" in said
    assert "It &lt;b&gt;breaks&lt;/b&gt; off." in said
    assert "language: de" in said


def test_a_kind_can_be_looked_at_alone(client: Client, rosa: User, second: DatasetVersion) -> None:
    said = page(client, rosa, second, kind="removed")
    assert "the pair was withdrawn" in said.partition('id="rows"')[2]
    assert "it was settled since" not in said.partition('id="rows"')[2]


def test_a_kind_is_followed_in_any_language(client: Client, rosa: User, second: DatasetVersion, settings: Settings) -> None:
    settings.LANGUAGE_CODE = "es"
    said = page(client, rosa, second)
    links = [unescape(link) for link in re.findall(r'href="\?(from=1&amp;kind=[^"#]+)#rows"', said)]
    assert len(links) == 2
    for link in links:
        assert client.get(f"{second.get_absolute_url()}diff?{link}").status_code == 200
    assert "<td>added</td>" not in said


def test_a_row_is_known_by_its_prompt_and_found_by_its_link(client: Client, rosa: User, second: DatasetVersion) -> None:
    added = second.rows.get(prompt__slices={"language": "de"})
    said = page(client, rosa, second, kind="added")
    assert f'href="/datasets/helpfulness/2/?after={added.position - 1}#rows"' in said
    assert added.prompt.messages[0]["content"] in said
    assert "of version 1" in page(client, rosa, second, kind="removed")


def test_prompts_of_a_withdrawn_version_are_not_shown(client: Client, rosa: User, version: DatasetVersion, second: DatasetVersion) -> None:
    gone = next(row for row in version.rows.select_related("prompt") if not second.rows.filter(key=row.key).exists())
    asked = gone.prompt.messages[0]["content"]
    assert asked in page(client, rosa, second, kind="removed")
    releasing.withdraw(version, actor=rosa, reason="It broke off.", at=NOW)
    assert asked not in page(client, rosa, second, kind="removed")


def test_prompts_of_the_private_split_are_for_who_is_named(client: Client, any_moment: None, rosa: User, olga: User) -> None:
    campaign = settled_campaign("half", pairs=1, researcher=rosa)
    first = publishing.publish(order(campaign, dataset="half", by=rosa, shares={"train": 0.5, "test": 0.5}))
    people = [membership.user for membership in campaign.memberships.filter(role="labeler")]
    for number in range(20):
        settled_pair(campaign, people, prompt=make_prompt(f"Which knot holds rope number {number * 7919}?"))
    later = publishing.publish(order(campaign, dataset="half", by=rosa))
    prompts = {row.prompt.messages[0]["content"]: row.split for row in later.rows.exclude(key__in=first.rows.values("key")).select_related("prompt")}
    said = page(client, rosa, later)
    assert {asked for asked in prompts if asked in said} == {asked for asked, split in prompts.items() if split != "test"} < prompts.keys()
    granting.decide(later.dataset, person=rosa, kind=SplitAccess.Kind.APPROVED, actor=olga, reason="She judges.", at=NOW)
    assert all(asked in page(client, rosa, later) for asked in prompts)


def test_a_first_version_has_nothing_before_it(client: Client, rosa: User, version: DatasetVersion) -> None:
    assert "There is no other version" in page(client, rosa, version)


@pytest.mark.parametrize("asked", [{"from": "7"}, {"from": "x"}, {"from": "2"}, {"kind": "stolen"}])
def test_what_is_not_there_is_not_found(client: Client, rosa: User, second: DatasetVersion, asked: dict[str, str]) -> None:
    client.force_login(rosa)
    assert client.get(reverse("version-diff", args=["helpfulness", 2]), asked).status_code == 404


# The card


def card(client: Client, user: User, version: DatasetVersion) -> str:
    client.force_login(user)
    answer = client.get(reverse("data-card", args=[version.dataset.name, version.number]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_card_says_what_it_is_for_and_what_is_known(client: Client, rosa: User, version: DatasetVersion) -> None:
    said = card(client, rosa, version)
    assert said.startswith("---\n")
    for heading in ("## What it is for, and what that can go wrong with", "## How it was collected", "## Agreement", "## Labelers", "## Gates"):
        assert heading in said
    for way in ("with ties", "without ties", "a tie as half"):
        assert f"Raw agreement, {way}: 100" in said
    assert "2 people gave 24 labels that counted; the five who gave most gave 100 % of them." in said
    assert "everyday-lena" not in said
    assert "Not released" in said


def test_the_card_says_who_agreed_to_it(client: Client, rosa: User, version: DatasetVersion, everyday: Campaign) -> None:
    assert "agreed to the text" not in card(client, rosa, version)
    text = consenting.publish(body="Your labels are published.", by=None, at=NOW)
    consenting.say(user=everyday.memberships.filter(role="labeler")[0].user, text=text, given=True, at=NOW)
    assert "1 of 2 agreed to the text on what becomes of their labels (version 1)." in card(client, rosa, version)


def test_a_waiver_is_printed_with_its_name_and_reason(client: Client, rosa: User, olga: User, version: DatasetVersion) -> None:
    Waiver.objects.create(version=version, gate="agreement", found="Too little.", actor=olga, reason="A pilot | of *ours*.", at=NOW)
    assert "waived by olga" in card(client, rosa, version)
    assert "A pilot \\| of \\*ours\\*" in card(client, rosa, version)


def test_the_card_of_a_withdrawn_version_is_gone(client: Client, rosa: User, version: DatasetVersion) -> None:
    VersionEvent.objects.create(version=version, kind="withdrawn", reason="Wrong.", at=NOW)
    DatasetVersion.objects.filter(pk=version.pk).update(state="withdrawn")
    client.force_login(rosa)
    assert client.get(reverse("data-card", args=[version.dataset.name, version.number])).status_code == 410


@pytest.mark.parametrize("name", ["version-diff", "data-card"])
def test_it_is_for_researchers_and_owners(client: Client, eve: User, version: DatasetVersion, name: str) -> None:
    client.force_login(eve)
    assert client.get(reverse(name, args=["helpfulness", 1])).status_code == 403
