"""A researcher looks at a campaign: what needs attention, how far it is, how far labelers agree, what each of them does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from labeling import settling
from labeling.models import Assignment, Campaign, Label, Pair, Role, Standing
from policies.models import GenerationRequest
from tests.builders import NOW, join, make_campaign, make_label, make_pair, make_prompt, make_slot, make_user
from tests.labeling.runs import answer_both, make_run
from tests.policies.pages import cells, elements, heading, text_of

As = Callable[[User], Client]

AGREEMENT = (
    "Table 1. Agreement between labelers on {} with at least two labels, with 95 % bootstrap intervals over pairs. "
    "The grey band is what published collections of open prompts reach."
)
WORK = "Table 3. Work of each labeler. The median time runs from the moment a pair was given out to its label."


def look(client: Client, campaign: Campaign) -> HttpResponse:
    return client.get(reverse("campaign", args=[campaign.slug]))  # type: ignore[return-value]


def labeled(campaign: Campaign, **preferences: int) -> Pair:
    """A pair with these labels and no place left: `labeled(campaign, lena=-1, otto=1)`."""
    pair = make_pair(campaign, slots=0)
    for name, preference in preferences.items():
        make_label(pair, User.objects.get(username=name), preference)
    return settling.settle(pair, at=NOW)


def label_on_side(pair: Pair, labeler: User, *, left_is_a: bool, preference: int, source: str = Label.Source.DESK) -> Label:
    """A label made at the desk, whose sides are known."""
    slot = make_slot(pair, ordinal=pair.slots.count(), labeler=labeler, closed_at=NOW, left_is_a=left_is_a)
    assignment = Assignment.objects.create(
        slot=slot, pair=pair, labeler=labeler, rubric_version=pair.rubric_version, left_is_a=left_is_a, leased_at=NOW - timedelta(seconds=40)
    )
    return make_label(pair, labeler, preference, slot=slot, assignment=assignment, left_was_a=left_is_a, source=source, seconds=40.0)


def standfirst(response: HttpResponse) -> str:
    [found] = elements(response, "p", class_="standfirst")
    return text_of(found)


def needs(response: HttpResponse) -> list[str]:
    return [text_of(item) for listed in elements(response, "ol", class_="needs") for item in listed.children if not isinstance(item, str)]


# ---- who, and what is there before anything happened ---------------------------------------------------------------


def test_it_works(campaign: Campaign, rosa: User, as_: As) -> None:
    labeled(campaign, lena=-1, otto=-2)
    make_pair(campaign)
    response = look(as_(rosa), campaign)
    assert heading(response) == "Everyday"
    assert standfirst(response) == "It is early: 1 pair can be compared, and labelers agree on 100 %. 1 of 2 pairs is settled."


@pytest.mark.parametrize("name", ["lena", "otto", "ada", "olga", "eve"])
def test_it_is_closed_to_who_does_not_run_the_campaign(campaign: Campaign, olga: User, eve: User, as_: As, name: str) -> None:
    assert look(as_(User.objects.get(username=name)), campaign).status_code == 404


def test_a_researcher_of_the_installation_without_a_role_here_sees_nothing(campaign: Campaign, as_: As) -> None:
    assert look(as_(make_user("stranger", is_researcher=True)), campaign).status_code == 404


def test_a_campaign_without_pairs_says_where_they_come_from(campaign: Campaign, rosa: User, as_: As) -> None:
    response = look(as_(rosa), campaign)
    assert [text_of(found) for found in elements(response, "h3")] == ["No pairs in this campaign yet"]
    assert elements(response, "a", href=reverse("add-pairs", args=[campaign.slug]))
    assert not elements(response, "table")


def test_pairs_without_labels_wait_for_the_first(campaign: Campaign, rosa: User, as_: As) -> None:
    make_pair(campaign)
    make_pair(campaign)
    response = look(as_(rosa), campaign)
    assert standfirst(response) == "No pair has two labels that choose a side yet, so nothing can be said of agreement. 2 pairs wait for the first label."
    assert [text_of(found) for found in elements(response, "h3")][1:] == ["Agreement is not defined yet", "Nobody has labeled yet"]


# ---- progress ------------------------------------------------------------------------------------------------------


def test_every_standing_has_its_row(campaign: Campaign, rosa: User, as_: As) -> None:
    labeled(campaign, lena=-1, otto=-2)
    labeled(campaign, lena=-1, otto=1)
    make_pair(campaign)
    make_pair(campaign, slots=0, trouble="equal", standing=Standing.WITHDRAWN, withdrawn_at=NOW)
    assert cells(look(as_(rosa), campaign), "Standing of the pairs") == [
        ["agreed", "1", "25 %"],
        ["adjudicated", "0", "0 %"],
        ["contested", "1", "25 %"],
        ["waiting", "1", "25 %"],
        ["withdrawn", "1", "25 %"],
    ]


def test_labels_are_drawn_day_by_day(campaign: Campaign, rosa: User, lena: User, as_: As) -> None:
    for days in (0, 0, 3):
        make_label(make_pair(campaign, slots=0), lena, at=NOW - timedelta(days=days))
    [title] = elements(look(as_(rosa), campaign), "title", id="fig1-title")
    assert text_of(title) == "Labels stored day by day: 3 of 3 planned."


def test_pairs_that_cannot_train_are_counted_by_reason(campaign: Campaign, rosa: User, as_: As) -> None:
    for trouble in ("equal", "equal", "looping"):
        make_pair(campaign, slots=0, trouble=trouble, standing=Standing.WITHDRAWN, withdrawn_at=NOW)
    flagged = make_pair(campaign, slots=0, trouble="empty")
    make_label(flagged, make_user("w1", kind=User.Kind.EXTERNAL))
    response = look(as_(rosa), campaign)
    caption = (
        "Stopped pairs were made of responses that came with a fault; nobody is asked about them. Flagged ones came with labels, which count in the figures."
    )
    assert cells(response, caption) == [["a response is empty", "0", "1"], ["both responses are the same", "2", "0"], ["a response repeats itself", "1", "0"]]
    said = " ".join(needs(response))
    assert "3 pairs stopped before anybody saw them: 2 because both responses are the same and 1 because a response repeats itself." in said
    assert "1 pair came with labels and can never become a row that trains: 1 because a response is empty." in said


# ---- agreement -----------------------------------------------------------------------------------------------------


def test_agreement_is_given_three_ways_and_as_alpha(campaign: Campaign, rosa: User, as_: As) -> None:
    for preferences in ((-1, -2), (1, 1), (-1, 1), (0, 0), (0, 1)):
        labeled(campaign, lena=preferences[0], otto=preferences[1])
    rows = cells(look(as_(rosa), campaign), AGREEMENT.format("5 pairs"))
    assert [row[0] for row in rows] == [
        "Raw agreement, with ties",
        "Raw agreement, without ties",
        "Raw agreement, a tie as half",
        "Krippendorff's alpha, nominal, verdicts as stored",
        "Krippendorff's alpha, nominal, A and B exchangeable",
    ]
    assert [row[2] for row in rows[:3]] == ["60 %", "66.7 %", "70 %"]
    assert [row[4] for row in rows[:4]] == ["54.7 to 63 %", "65 to 75 %", "63 to 71 %", "0.30 to 0.50"]
    assert [row[5] for row in rows] == ["5", "3", "5", "5", "5"]


def test_a_campaign_far_below_the_band_is_said_to_be(campaign: Campaign, rosa: User, as_: As) -> None:
    for _ in range(40):
        labeled(campaign, lena=-1, otto=1)
    response = look(as_(rosa), campaign)
    assert standfirst(response).startswith("Labelers agree less than on other open prompts, on 0 % of the choices")
    assert elements(response, "span", class_="bad state")


# ---- labelers ------------------------------------------------------------------------------------------------------


def test_each_labeler_has_a_left_share_with_its_exact_interval(campaign: Campaign, rosa: User, lena: User, as_: As) -> None:
    for number in range(10):
        left_is_a = number % 2 == 0
        chooses_left = number < 8
        label_on_side(make_pair(campaign, slots=0), lena, left_is_a=left_is_a, preference=-1 if chooses_left == left_is_a else 1)
    response = look(as_(rosa), campaign)
    sides = [caption for caption in map(text_of, elements(response, "caption")) if caption.startswith("Table 2.")]
    assert cells(response, sides[0]) == [["lena", "", "80 %", "44.4 to 97.5 %", "10", "even"]]
    assert cells(response, WORK) == [["lena", "10", "100 %", "40 s", "0 %"]]


def test_who_leans_left_needs_attention(campaign: Campaign, rosa: User, otto: User, as_: As) -> None:
    for number in range(20):
        label_on_side(make_pair(campaign, slots=0), otto, left_is_a=number % 2 == 0, preference=-1 if number % 2 == 0 else 1)
    response = look(as_(rosa), campaign)
    assert "Otto leans left." in standfirst(response)
    assert any("otto chooses the left side in 100 % of 20 verdicts that are not ties" in need for need in needs(response))


def test_labels_from_elsewhere_say_nothing_of_sides(campaign: Campaign, rosa: User, as_: As) -> None:
    make_label(make_pair(campaign, slots=0), make_user("w1", kind=User.Kind.EXTERNAL))
    response = look(as_(rosa), campaign)
    assert cells(response, WORK) == [["w1 external", "1", "100 %", "unknown", "0 %"]]
    assert not [caption for caption in map(text_of, elements(response, "caption")) if caption.startswith("Table 2.")]


def test_a_campaign_whose_labels_all_came_from_elsewhere_wants_nobody(rosa: User, as_: As) -> None:
    alone = make_campaign("alone")
    join(alone, rosa, Role.RESEARCHER)
    make_label(make_pair(alone, slots=0), make_user("w1", kind=User.Kind.EXTERNAL))
    assert needs(look(as_(rosa), alone)) == []


def test_synthetic_labels_are_said_to_be(campaign: Campaign, rosa: User, as_: As) -> None:
    ghost = make_user("synthetic-1-1", kind=User.Kind.SYNTHETIC)
    pair = make_pair(campaign, slots=0)
    label_on_side(pair, ghost, left_is_a=True, preference=-1, source=Label.Source.SYNTHETIC)
    response = look(as_(rosa), campaign)
    assert "Know Every label here is synthetic: nobody gave them." in needs(response)
    assert cells(response, WORK)[0][0] == "synthetic-1-1 synthetic"


# ---- what needs attention ------------------------------------------------------------------------------------------


def test_contested_pairs_lead_an_adjudicator_to_them(campaign: Campaign, rosa: User, as_: As) -> None:
    labeled(campaign, lena=-1, otto=1)
    assert "Know 1 pair is contested and waits for an adjudicator." in needs(look(as_(rosa), campaign))
    join(campaign, rosa, Role.ADJUDICATOR)
    response = look(as_(rosa), campaign)
    assert "Soon 1 pair is contested: labelers disagree, and an adjudicator decides. Adjudicate" in needs(response)
    assert elements(response, "a", href=reverse("adjudicate", args=[campaign.slug]))


def test_nobody_to_label_or_to_adjudicate_is_said(rosa: User, lena: User, otto: User, as_: As) -> None:
    alone = make_campaign("alone")
    join(alone, rosa, Role.RESEARCHER)
    labeled(alone, lena=-1, otto=1)
    make_pair(alone)
    said = needs(look(as_(rosa), alone))
    assert said[0].startswith("Act Nobody labels here yet.")
    assert said[1].startswith("Act 1 pair is contested, and nobody adjudicates here.")


@pytest.mark.parametrize(("state", "says"), [("draft", "Act The campaign is a draft."), ("paused", "Soon The campaign is paused")])
def test_a_campaign_that_gives_out_nothing_says_so(campaign: Campaign, rosa: User, as_: As, state: str, says: str) -> None:
    make_pair(campaign)
    Campaign.objects.update(state=state)
    assert any(need.startswith(says) for need in needs(look(as_(rosa), campaign)))


def test_a_run_that_still_answers_is_said(campaign: Campaign, rosa: User, as_: As) -> None:
    run = make_run()
    prompt = make_prompt(prompt_set=run.prompt_set)
    answer_both(run, prompt)
    GenerationRequest.objects.create(run=run, prompt=make_prompt(prompt_set=run.prompt_set), policy=run.policy_a, seed=1, queued_at=NOW)
    campaign.runs.add(run)
    make_pair(campaign)
    assert f"Know Run {run.pk} still answers: 2 of 3 responses are in. Pairs follow as they come." in needs(look(as_(rosa), campaign))


# ---- cost, and hostile names ---------------------------------------------------------------------------------------


def test_ten_of_everything_more_cost_no_query_more(campaign: Campaign, rosa: User, lena: User, as_: As) -> None:
    client = as_(rosa)
    labeled(campaign, lena=-1, otto=1)
    campaign.runs.add(make_run())
    look(client, campaign)
    with CaptureQueriesContext(connection) as before:
        look(client, campaign)
    for number in range(10):
        make_user(f"labeler-{number}")
        labeled(campaign, **{f"labeler-{number}": -1, "lena": 1})
        campaign.runs.add(make_run())
    with CaptureQueriesContext(connection) as after:
        look(client, campaign)
    assert len(after) == len(before)


def test_a_hostile_name_is_shown_and_not_obeyed(campaign: Campaign, rosa: User, as_: As) -> None:
    hostile = "<script>alert(1)</script>"
    make_label(make_pair(campaign, slots=0), make_user(hostile, kind=User.Kind.EXTERNAL))
    Campaign.objects.update(name=hostile)
    response = look(as_(rosa), campaign)
    assert not elements(response, "script")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in response.content.decode()
