"""Who runs a campaign looks at findings about labelers, and decides what becomes of the labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from labeling import care, findings, watching
from labeling.care import Answer, Tally, Usual
from labeling.models import Campaign, Enrolment, Finding, FindingDecision, Label, Role, Slot
from tests.builders import NOW, join, make_campaign, make_pair
from tests.labeling.answers import answer, checked, enrol
from tests.policies.pages import cells, elements, heading, text_of

As = Callable[[User], Client]
EVIDENCE = "Table 1. What was found, and what it was held against. Intervals are at 95 % where nothing else is said."


@pytest.fixture
def finding(campaign: Campaign, lena: User) -> Finding:
    """lena was right on gold for a while, and then no longer; eight labels came since the last good check."""
    enrol(campaign, lena)
    start = NOW - timedelta(days=1)
    checked(campaign, lena, "1" * 20, at=start)
    checked(campaign, lena, "0" * 20, at=start + timedelta(hours=1))
    for number in range(8):
        answer(make_pair(campaign, slots=1), lena, at=start + timedelta(hours=2, minutes=number))
    [found] = watching.watch(campaign, at=NOW)
    return found


def at(name: str, finding: Finding) -> str:
    return reverse(name, args=[finding.campaign.slug, finding.pk])


def look(client: Client, finding: Finding) -> HttpResponse:
    return client.get(at("finding", finding))  # type: ignore[return-value]


def decide(client: Client, finding: Finding, **sent: str) -> HttpResponse:
    return client.post(at("decide-finding", finding), sent, follow=True)  # type: ignore[return-value]


def said(response: HttpResponse) -> list[str]:
    return [text_of(found) for found in elements(response, "div") if "banner" in str(dict(found.attributes).get("class", "")).split()]


# ---- the list ------------------------------------------------------------------------------------------------------


def test_it_works(campaign: Campaign, rosa: User, finding: Finding, as_: As) -> None:
    page = as_(rosa).get(reverse("findings", args=[campaign.slug]))
    assert heading(page) == "Findings"
    [waiting] = elements(page, "ol", class_="needs")
    assert "lena : gold score below the bar. Right on 0 of the last 20 gold items" in text_of(waiting)
    assert elements(page, "a", href=at("finding", finding))


def test_the_campaigns_page_says_that_one_waits(campaign: Campaign, rosa: User, finding: Finding, as_: As) -> None:
    client = as_(rosa)
    page = client.get(reverse("campaign", args=[campaign.slug]))
    assert "1 finding about labelers’ work waits for a decision." in text_of(elements(page, "ol", class_="needs")[0])
    assert elements(page, "a", href=reverse("findings", args=[campaign.slug]))
    decide(client, finding, decision="keep")
    assert not elements(client.get(reverse("campaign", args=[campaign.slug])), "a", href=reverse("findings", args=[campaign.slug]))


def test_without_findings_it_says_so(campaign: Campaign, rosa: User, as_: As) -> None:
    page = as_(rosa).get(reverse("findings", args=[campaign.slug]))
    assert "Nothing was found so far." in text_of(elements(page, "p", class_="standfirst")[0])
    assert not elements(page, "table")


def test_what_was_decided_is_listed_apart(campaign: Campaign, rosa: User, finding: Finding, as_: As) -> None:
    client = as_(rosa)
    decide(client, finding, decision="dismiss")
    page = client.get(reverse("findings", args=[campaign.slug]))
    [row] = cells(page, "Findings that were decided, the latest first")
    assert row[:5] == ["lena", "gold score below the bar", "nothing in it", "0", "rosa"]
    assert "Nothing waits. Every finding has been looked at." in text_of(elements(page, "p", class_="standfirst")[0])


@pytest.mark.parametrize("name", ["lena", "ada", "olga", "eve"])
def test_they_are_closed_to_who_does_not_run_the_campaign(finding: Finding, olga: User, eve: User, as_: As, name: str) -> None:
    client = as_(User.objects.get(username=name))
    assert client.get(reverse("findings", args=[finding.campaign.slug])).status_code == 404
    assert look(client, finding).status_code == 404
    assert client.post(at("decide-finding", finding), {"decision": "keep"}).status_code == 404
    assert not FindingDecision.objects.exists()


def test_a_finding_of_another_campaign_is_not_found_here(campaign: Campaign, rosa: User, finding: Finding, as_: As) -> None:
    elsewhere = make_campaign("elsewhere")
    join(elsewhere, rosa, Role.RESEARCHER)
    assert as_(rosa).get(reverse("finding", args=["elsewhere", finding.pk])).status_code == 404


# ---- the evidence --------------------------------------------------------------------------------------------------


def test_gold_is_shown_with_its_bar_and_by_side(rosa: User, finding: Finding, as_: As) -> None:
    page = look(as_(rosa), finding)
    assert heading(page) == "lena: gold score below the bar"
    assert cells(page, EVIDENCE) == [
        ["Right on gold", "0 %", "0 to 16.1 %", "20", "70 %", "the campaign’s gold bar, and the interval of Wilson (1927)"],
        ["where the better response stood left", "0 %", "0 to 30.8 %", "10", "", ""],
        ["where the better response stood right", "0 %", "0 to 30.8 %", "10", "", ""],
    ]


def of_flag(campaign: Campaign, labeler: User, answers: Sequence[Answer], usual: Usual, kind: str) -> Finding:
    """A finding as the sweep stores it, from answers as the rules take them."""
    [flag] = [flag for flag in care.flags(answers, usual) if flag.kind == kind]
    return Finding.objects.create(campaign=campaign, labeler=labeler, kind=kind, says=flag.says, evidence=flag.evidence, good_to=0, at=NOW)


def some_answer(number: int, **fields: object) -> Answer:
    usual = {"verdict": "a", "preference": -1 - number % 3, "left_was_a": number % 2 == 0, "characters_a": 100, "characters_b": 100, "words": 400}
    return Answer(**{**usual, "active_seconds": 120.0, **fields})  # type: ignore[arg-type]


USUAL = Usual(longer=Tally(60, 100), gold=Tally(80, 100), agreement=Tally(80, 100))
CASES: dict[str, tuple[list[Answer], list[list[str]]]] = {
    "too_fast": (
        [some_answer(number, active_seconds=5.0) for number in range(60)],
        [["Answers in less than half the time that reading takes", "100 %"], ["median of the time, in units of reading all the words once", "0.05"]],
    ),
    "left_leaning": (
        [some_answer(number, left_was_a=True) for number in range(60)],
        [["The left side of the screen, of all choices of a side", "100 %"]],
    ),
    "length_following": (
        [some_answer(number, characters_a=200) for number in range(60)],
        [["The longer response, of choices between two lengths", "100 %"], ["the others here", "60 %"]],
    ),
    "straight_lining": (
        [some_answer(number, left_was_a=True, preference=-2) for number in range(60)],
        [["The same choice in a row: the left side at strength 2", "60"]],
    ),
    "random": (
        [some_answer(number, verdict="ab"[number // 2 % 2], preference=[-1, 1][number // 2 % 2], gold="a") for number in range(60)],
        [
            ["The verdict of gold or of the others’ majority", "50 %"],
            ["on gold", "50 %"],
            ["the others, on gold", "80 %"],
            ["the others, with each other", "80 %"],
        ],
    ),
}


@pytest.mark.parametrize("kind", CASES)
def test_each_flag_is_shown_with_what_it_was_made_of(campaign: Campaign, lena: User, rosa: User, as_: As, kind: str) -> None:
    answers, rows = CASES[kind]
    found = of_flag(campaign, lena, answers, USUAL, kind)
    shown = cells(look(as_(rosa), found), EVIDENCE)
    assert [row[:2] for row in shown] == rows
    assert shown[0][5]
    assert kind == "straight_lining" or shown[0][2].endswith(f"(at {100 * found.evidence['level']:g} %)")


def test_every_kind_has_its_words(campaign: Campaign, lena: User) -> None:
    for kind in Finding.Kind.values:
        found = Finding(campaign=campaign, labeler=lena, kind=kind, says="It says so.", evidence={}, at=NOW)
        assert findings.measure(found)
        assert findings.caveat(found)
        assert list(findings.evidence_rows(found))


# ---- the decision --------------------------------------------------------------------------------------------------


def test_the_form_says_what_each_decision_does(rosa: User, finding: Finding, as_: As) -> None:
    shown = [text_of(found) for found in elements(look(as_(rosa), finding), "label", class_="check")]
    assert shown == [
        "Keep them all: they count as before",
        "Take back 8 labels on 8 pairs, all since the last good check: they count no more, and the pairs that still want labels wait for somebody else",
        "Nothing in it: keep them, the finding was wrong",
        "Let lena go on",
    ]


def test_labels_are_taken_back_and_their_pairs_wait_again(campaign: Campaign, rosa: User, finding: Finding, as_: As) -> None:
    page = decide(as_(rosa), finding, decision="retract", note="Talked to her.")
    assert said(page) == ["Decided: 8 labels were taken back."]
    decision = FindingDecision.objects.get()
    assert (decision.decision, decision.retracted, decision.note, decision.actor) == ("retract", 8, "Talked to her.", rosa)
    assert Label.objects.filter(is_retraction=True).count() == 8
    assert Slot.objects.free().filter(campaign=campaign, rank__lt=0).count() == 8
    assert Enrolment.objects.get(labeler=finding.labeler).state == "paused"


def test_who_is_paused_can_be_let_go_on(rosa: User, finding: Finding, as_: As) -> None:
    decide(as_(rosa), finding, decision="keep", resume="on")
    assert Enrolment.objects.get(labeler=finding.labeler).state == "working"
    assert not Label.objects.filter(is_retraction=True).exists()


def test_only_who_is_paused_is_let_go_on(campaign: Campaign, lena: User, rosa: User, as_: As) -> None:
    enrol(campaign, lena)
    found = Finding.objects.create(campaign=campaign, labeler=lena, kind="too_fast", says="Fast.", at=NOW)
    assert not elements(look(as_(rosa), found), "input", name_="resume")


def test_a_decision_is_shown_with_who_made_it(rosa: User, finding: Finding, as_: As) -> None:
    client = as_(rosa)
    decide(client, finding, decision="dismiss", note="The items\nwere wrong.")
    page = look(client, finding)
    [facts] = elements(page, "dl", class_="facts")
    assert text_of(facts).startswith("Decision nothing in it Taken back 0 labels By rosa, on ")
    assert text_of(facts).endswith("Note The items were wrong.")
    assert not elements(page, "form", action=at("decide-finding", finding))


def test_the_first_decision_stands(rosa: User, finding: Finding, as_: As) -> None:
    client = as_(rosa)
    decide(client, finding, decision="keep")
    assert said(decide(client, finding, decision="retract")) == ["rosa has decided this before: keep the labels."]
    assert FindingDecision.objects.get().decision == "keep"


@pytest.mark.parametrize("sent", [{}, {"decision": "ignore"}, {"decision": "keep", "note": "a\x00b"}])
def test_what_is_no_decision_comes_back(rosa: User, finding: Finding, as_: As, sent: dict[str, str]) -> None:
    answered = as_(rosa).post(at("decide-finding", finding), sent)
    assert answered.status_code == 422
    assert elements(answered, "div", class_="bad error state")
    assert not FindingDecision.objects.exists()


def test_nobody_decides_about_their_own_labels(campaign: Campaign, lena: User, finding: Finding, as_: As) -> None:
    join(campaign, lena, Role.RESEARCHER)
    client = as_(lena)
    assert not elements(look(client, finding), "form", action=at("decide-finding", finding))
    assert said(decide(client, finding, decision="dismiss")) == ["Somebody else decides about your own labels."]
    assert not FindingDecision.objects.exists()


def test_an_archived_campaign_is_only_read(campaign: Campaign, rosa: User, finding: Finding, as_: As) -> None:
    Campaign.objects.update(state="archived")
    client = as_(rosa)
    assert not elements(look(client, finding), "form", action=at("decide-finding", finding))
    assert said(decide(client, finding, decision="keep"))[0].startswith("The campaign is archived")


def test_the_labelers_recent_pace_stands_beside_it(campaign: Campaign, rosa: User, lena: User, finding: Finding, as_: As) -> None:
    answer(make_pair(campaign), lena, active_seconds=45, at=timezone.now())
    [strip] = elements(look(as_(rosa), finding), "dl", class_="gap strip")
    assert text_of(strip).endswith("Labels, last hour 1 Pace 80 an hour of work Median active time 45 s")
