"""A researcher opens, pauses and closes a campaign, changes k, and attaches runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import User
from labeling import adjudicating, assigning, campaigning, settling, submitting
from labeling.campaigning import State
from labeling.models import Adjudication, Campaign, CampaignEvent, GoldItem, Label, Pair, Slot, Standing
from tests.builders import NOW, make_campaign, make_label, make_pair, make_prompt, make_user
from tests.labeling.runs import answer_both, make_run
from tests.policies.pages import Page, cells, elements, text_of, walk

As = Callable[[User], Client]


def post(client: Client, action: str, campaign: Campaign, **fields: object) -> HttpResponse:
    return client.post(reverse(action, args=[campaign.slug]), fields)  # type: ignore[return-value]


def change(client: Client, campaign: Campaign, action: str = "change-settings", **changes: object) -> HttpResponse:
    """Send the settings as the page shows them, with these changed."""
    page = client.get(reverse("campaign-settings", args=[campaign.slug]))
    return post(client, action, campaign, **(filled_in(page) | changes))


def filled_in(page: Page) -> dict[str, object]:
    """Return what the settings form would send as it is shown."""
    [form] = [form for form in elements(page, "form") if any(field.name == "input" and ("name", "overlap") in field.attributes for field in walk(form))]
    inputs = [dict(field.attributes) for field in walk(form) if field.name == "input"]
    return {field["name"] or "": field.get("value", "") for field in inputs if field["type"] not in ("radio", "checkbox") or "checked" in field}


def change_overlap(campaign: Campaign, overlap: int) -> Campaign:
    return campaigning.change_overlap(campaign=campaign, overlap=overlap, actor=None, at=NOW)


def settled(pair: Pair) -> Pair:
    return settling.settle(pair, at=NOW)


def standing(pair: Pair) -> str:
    return Pair.objects.get(pk=pair.pk).standing


def open_places(pair: Pair) -> int:
    return pair.slots.filter(closed_at=None).count()


# ---- the page ------------------------------------------------------------------------------------------------------


def test_it_works(campaign: Campaign, rosa: User, as_: As) -> None:
    response = as_(rosa).get(reverse("campaign-settings", args=[campaign.slug]))
    assert [text_of(button) for button in elements(response, "button", name_="state")] == ["Pause", "Close"]
    assert ("value", "2") in elements(response, "input", name_="overlap")[0].attributes
    assert ["rosa", "researcher", "person"] in cells(response, "Who holds which role here")


@pytest.mark.parametrize("name", ["lena", "ada", "olga", "eve"])
def test_it_is_closed_to_who_does_not_run_the_campaign(campaign: Campaign, olga: User, eve: User, as_: As, name: str) -> None:
    client = as_(User.objects.get(username=name))
    assert client.get(reverse("campaign-settings", args=[campaign.slug])).status_code == 404
    for action in ("preview-settings", "change-settings", "change-state", "attach-run", "import-pairs", "withdraw-pair"):
        assert post(client, action, campaign).status_code == 404
    assert not CampaignEvent.objects.exists()


def test_a_researcher_of_another_campaign_has_no_say_here(campaign: Campaign, as_: As) -> None:
    stranger = make_user("stranger", is_researcher=True)
    assert post(as_(stranger), "change-state", campaign, state="closed").status_code == 404


def test_name_and_time_can_change(campaign: Campaign, rosa: User, as_: As) -> None:
    change(as_(rosa), campaign, name="Evening", lease_minutes=5, rationale_required="on")
    campaign.refresh_from_db()
    assert (campaign.name, campaign.lease_minutes, campaign.rationale_required) == ("Evening", 5, True)


def test_a_refused_setting_comes_back_with_its_reason(campaign: Campaign, rosa: User, as_: As) -> None:
    response = change(as_(rosa), campaign, name="", lease_minutes=5)
    assert response.status_code == 422
    assert elements(response, "div", id="id_name_error")


def test_what_was_changed_stands_in_the_history(campaign: Campaign, rosa: User, as_: As) -> None:
    post(as_(rosa), "change-state", campaign, state="paused")
    change(as_(rosa), campaign, overlap=3)
    response = as_(rosa).get(reverse("campaign-settings", args=[campaign.slug]))
    assert [row[1:] for row in cells(response, "What was changed, by whom, newest first")] == [
        ["rosa", "changed k from 2 to 3: no pair is touched"],
        ["rosa", "changed it from open to paused"],
    ]


# ---- what a change would do ----------------------------------------------------------------------------------------


def test_a_preview_is_shown_and_nothing_is_stored(campaign: Campaign, rosa: User, as_: As) -> None:
    make_pair(campaign)
    response = change(as_(rosa), campaign, "preview-settings", overlap=3)
    assert [text_of(found) for found in walk(elements(response, "div", id="preview")[0]) if found.name == "p"] == [
        "Changes k from 2 to 3.",
        "1 place would be opened.",
    ]
    assert ("value", "3") in elements(response, "input", name_="overlap")[0].attributes
    assert Campaign.objects.get().overlap == 2


def test_what_was_previewed_can_then_be_changed(campaign: Campaign, rosa: User, as_: As) -> None:
    """Without a script the page comes back whole: what it shows is sent again."""
    make_pair(campaign)
    shown = change(as_(rosa), campaign, "preview-settings", overlap=3, strategy="spread")
    assert post(as_(rosa), "change-settings", campaign, **filled_in(shown)).status_code == 302
    after = Campaign.objects.get()
    assert (after.overlap, after.strategy) == (3, "spread")


def test_a_script_gets_the_preview_alone(campaign: Campaign, rosa: User, as_: As) -> None:
    client = as_(rosa)
    client.defaults["HTTP_HX_REQUEST"] = "true"
    shown = change(client, campaign, "preview-settings", overlap=3)
    assert not elements(shown, "form")
    assert "Changes k from 2 to 3." in [text_of(found) for found in elements(shown, "p")]
    refused = change(client, campaign, "preview-settings", overlap=30)
    assert refused.status_code == 422
    assert text_of(elements(refused, "div", role="alert")[0]) == "k: Ensure this value is less than or equal to 25."


def test_a_change_that_is_refused_says_why_and_keeps_what_was_typed(campaign: Campaign, rosa: User, as_: As) -> None:
    for action in ("preview-settings", "change-settings"):
        response = change(as_(rosa), campaign, action, gold_percent=40, repeat_percent=30)
        assert "more than 50 % leaves no room for work" in text_of(elements(response, "div", role="alert")[0])
        assert ("value", "40") in elements(response, "input", name_="gold_percent")[0].attributes
    assert Campaign.objects.get().gold_percent == 0


def test_what_somebody_else_changed_meanwhile_stays(campaign: Campaign, rosa: User, as_: As) -> None:
    client = as_(rosa)
    page = client.get(reverse("campaign-settings", args=[campaign.slug]))
    change_overlap(campaign, 4)
    campaigning.change(campaign=campaign, said={"strategy": "spread", "rationale_required": True}, actor=None, at=NOW)
    post(client, "change-settings", campaign, **(filled_in(page) | {"name": "Evening"}))
    after = Campaign.objects.get()
    assert (after.name, after.overlap, after.strategy, after.rationale_required) == ("Evening", 4, "spread", True)


def test_an_archived_campaign_shows_its_settings_and_takes_none(campaign: Campaign, rosa: User, as_: As) -> None:
    Campaign.objects.update(state="archived")
    page = as_(rosa).get(reverse("campaign-settings", args=[campaign.slug]))
    assert "disabled" in dict(elements(page, "input", name_="overlap")[0].attributes)
    post(as_(rosa), "change-settings", campaign, **(filled_in(page) | {"overlap": 5}))
    assert Campaign.objects.get().overlap == 2


def test_the_page_says_how_many_pairs_are_on_screens(campaign: Campaign, rosa: User, lena: User, as_: As) -> None:
    make_pair(campaign)
    notes = [text_of(note) for note in elements(as_(rosa).get(reverse("campaign-settings", args=[campaign.slug])), "p")]
    assert any(note.endswith("No pair is on a screen now.") for note in notes)
    assert assigning.next_for(campaign, lena, at=NOW)
    notes = [text_of(note) for note in elements(as_(rosa).get(reverse("campaign-settings", args=[campaign.slug])), "p")]
    assert any(note.endswith("The 1 pair on a screen now may be answered in every state.") for note in notes)


def test_cautions_stand_at_the_top(campaign: Campaign, rosa: User, as_: As) -> None:
    Campaign.objects.update(gold_percent=10)
    page = as_(rosa).get(reverse("campaign-settings", args=[campaign.slug]))
    assert text_of(elements(page, "div", class_="banner warn")[0]).startswith("Gold is to be mixed in, and there is no gold item")


def test_slices_to_go_by_are_offered(campaign: Campaign, rosa: User, as_: As) -> None:
    make_pair(campaign, prompt=make_prompt(slices={"language": "fr", "topic": "sums"}))
    page = as_(rosa).get(reverse("campaign-settings", args=[campaign.slug]))
    [offered] = elements(page, "datalist", id="slices")
    assert [dict(option.attributes)["value"] for option in walk(offered) if option.name == "option"] == ["language", "topic"]


# ---- state ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("before", "after"), [(before, after) for before, states in campaigning.NEXT_STATES.items() for after in states])
def test_a_campaign_goes_on_to_its_next_states(rosa: User, as_: As, before: str, after: str) -> None:
    campaign = campaigning.make_campaign(
        slug="spring", name="Spring", rubric_version=make_campaign().rubric_version, overlap=2, actor=rosa, at=NOW, state=before
    )
    post(as_(rosa), "change-state", campaign, state=after)
    assert Campaign.objects.get(slug="spring").state == after


@pytest.mark.parametrize(("before", "after"), [("draft", "closed"), ("archived", "open"), ("closed", "paused"), ("open", "draft")])
def test_and_to_no_other(db: None, before: str, after: str) -> None:
    campaign = make_campaign(state=before)
    with pytest.raises(campaigning.NotPossible, match=f"that is {before} cannot become {after}"):
        campaigning.change_state(campaign=campaign, state=State(after), actor=None, at=NOW)
    assert Campaign.objects.get().state == before


def test_a_paused_campaign_gives_out_nothing_new_and_takes_what_is_on_a_screen(campaign: Campaign, lena: User, otto: User) -> None:
    make_pair(campaign)
    assignment = assigning.next_for(campaign, lena, at=NOW)
    assert assignment is not None
    paused = campaigning.change_state(campaign=campaign, state=State.PAUSED, actor=None, at=NOW)
    assert assigning.next_for(paused, otto, at=NOW) is None
    assert not submitting.submit_label(assignment=assignment, preference=1, submission_key=uuid4(), at=NOW).is_surplus


# ---- k -------------------------------------------------------------------------------------------------------------


def test_raised_k_opens_places_at_every_unsettled_pair(campaign: Campaign, lena: User) -> None:
    waiting = make_pair(campaign)
    begun = make_pair(campaign, slots=1)
    make_label(begun, lena)
    change_overlap(campaign, 5)
    assert (open_places(waiting), open_places(begun)) == (5, 4)
    assert Campaign.objects.get().overlap == 5


def test_further_places_even_out_the_sides(campaign: Campaign) -> None:
    pairs = [make_pair(campaign) for _ in range(10)]
    change_overlap(campaign, 4)
    for pair in pairs:
        assert Counter(pair.slots.values_list("left_is_a", flat=True)) == {True: 2, False: 2}


def test_a_contested_pair_waits_again_when_k_is_raised(campaign: Campaign, lena: User, otto: User) -> None:
    pair = make_pair(campaign, slots=0)
    make_label(pair, lena, -1)
    make_label(pair, otto, 1)
    assert settled(pair).standing == Standing.CONTESTED
    change_overlap(campaign, 3)
    assert (standing(pair), open_places(pair)) == (Standing.WAITING, 1)


def test_settled_stopped_and_gold_pairs_stay_as_they_are(campaign: Campaign, lena: User, otto: User, ada: User) -> None:
    agreed = make_pair(campaign, slots=0)
    make_label(agreed, lena, -1)
    make_label(agreed, otto, -1)
    settled(agreed)
    stopped = make_pair(campaign, slots=0, trouble="equal", standing=Standing.WITHDRAWN, withdrawn_at=NOW)
    gold = make_pair(campaign, slots=0)
    GoldItem.objects.create(pair=gold, verdict="a", why="clear", added_at=NOW)
    flagged = make_pair(campaign, slots=0, trouble="empty")
    for overlap in (5, 1):
        change_overlap(campaign, overlap)
        assert [open_places(pair) for pair in (agreed, stopped, gold, flagged)] == [0, 0, 0, 0]
    assert (standing(agreed), standing(stopped)) == (Standing.AGREED, Standing.WITHDRAWN)


def test_lowered_k_takes_free_places_and_keeps_labels(campaign: Campaign, lena: User) -> None:
    begun, untouched = make_pair(campaign, slots=3), make_pair(campaign, slots=4)
    make_label(begun, lena, slot=None)
    Campaign.objects.update(overlap=4)
    change_overlap(campaign, 2)
    assert (open_places(begun), open_places(untouched)) == (1, 2)
    assert Label.objects.counting().count() == 1


def test_a_pair_that_has_enough_labels_then_is_settled(campaign: Campaign, lena: User, otto: User) -> None:
    Campaign.objects.update(overlap=3)
    agreed, contested = make_pair(campaign, slots=1), make_pair(campaign, slots=1)
    for pair, preferences in ((agreed, (-1, -2)), (contested, (-1, 1))):
        for labeler, preference in zip((lena, otto), preferences, strict=True):
            make_label(pair, labeler, preference)
    change_overlap(campaign, 2)
    assert (standing(agreed), standing(contested)) == (Standing.AGREED, Standing.CONTESTED)


def test_free_places_go_before_those_on_a_screen(campaign: Campaign, lena: User) -> None:
    pair = make_pair(campaign)
    assignment = assigning.next_for(campaign, lena, at=NOW)
    assert assignment is not None
    change_overlap(campaign, 1)
    assert open_places(pair) == 1
    assert not submitting.submit_label(assignment=assignment, preference=1, submission_key=uuid4(), at=NOW).is_surplus
    assert standing(pair) == Standing.AGREED


def test_a_label_whose_place_was_taken_away_is_kept_as_surplus(campaign: Campaign, lena: User, otto: User) -> None:
    pair = make_pair(campaign)
    first, second = (assigning.next_for(campaign, labeler, at=NOW) for labeler in (lena, otto))
    assert first is not None
    assert second is not None
    change_overlap(campaign, 1)
    labels = [submitting.submit_label(assignment=assignment, preference=1, submission_key=uuid4(), at=NOW) for assignment in (first, second)]
    assert sorted(label.is_surplus for label in labels) == [False, True]
    assert standing(pair) == Standing.AGREED


def test_k_down_and_up_again_ends_with_as_many_places(campaign: Campaign, lena: User) -> None:
    pair = make_pair(campaign, slots=0)
    change_overlap(campaign, 3)
    change_overlap(campaign, 1)
    change_overlap(campaign, 3)
    assert open_places(pair) == 3
    assert list(settling.differences()) == []


def test_standings_after_changes_of_k_are_what_the_ledgers_say(campaign: Campaign, lena: User, otto: User, ada: User) -> None:
    for preferences in ((), (-1,), (-1, -1), (-1, 1), (-1, 0)):
        pair = make_pair(campaign, slots=2 - len(preferences))
        for labeler, preference in zip((lena, otto), preferences, strict=False):
            make_label(pair, labeler, preference)
        settled(pair)
    for overlap in (4, 1, 3, 2):
        change_overlap(campaign, overlap)
        assert list(settling.differences()) == []


def test_an_adjudicated_pair_is_not_opened_again(campaign: Campaign, lena: User, otto: User, ada: User) -> None:
    pair = make_pair(campaign, slots=0)
    make_label(pair, lena, -1)
    make_label(pair, otto, 1)
    settled(pair)
    turn = adjudicating.next_for(campaign, ada, at=NOW)
    assert turn is not None
    adjudicating.adjudicate(turn=turn, preference=-1, both_bad=False, reason_class=Adjudication.ReasonClass.TASTE, reason="x", submission_key=uuid4(), at=NOW)
    change_overlap(campaign, 3)
    assert (standing(pair), open_places(pair)) == (Standing.ADJUDICATED, 0)


def test_the_same_k_changes_nothing(campaign: Campaign, rosa: User, as_: As) -> None:
    make_pair(campaign)
    change(as_(rosa), campaign, overlap=2)
    assert Slot.objects.count() == 2
    assert not CampaignEvent.objects.exists()


@pytest.mark.parametrize("overlap", ["0", "26", "many", ""])
def test_a_k_that_makes_no_sense_is_refused(campaign: Campaign, rosa: User, as_: As, overlap: str) -> None:
    response = change(as_(rosa), campaign, overlap=overlap)
    assert response.status_code == 422
    assert elements(response, "div", id="id_overlap_error")
    assert Campaign.objects.get().overlap == 2


# ---- runs ----------------------------------------------------------------------------------------------------------


def test_an_attached_run_becomes_pairs_at_once(campaign: Campaign, rosa: User, as_: As) -> None:
    run = make_run()
    answer_both(run, make_prompt(prompt_set=run.prompt_set))
    response = post(as_(rosa), "attach-run", campaign, run=run.pk)
    assert response.status_code == 302
    assert campaign.pairs.count() == 1
    page = as_(rosa).get(reverse("campaign-settings", args=[campaign.slug]))
    assert cells(page, "Runs whose responses become pairs here")[0][3:] == ["2", "0", "0"]
    assert [event.kind for event in CampaignEvent.objects.all()] == ["run_attached"]


def test_a_run_is_attached_once(campaign: Campaign, rosa: User, as_: As) -> None:
    run = make_run()
    campaigning.attach_run(campaign=campaign, run=run, actor=rosa, at=NOW)
    campaigning.attach_run(campaign=campaign, run=run, actor=rosa, at=NOW)
    assert (campaign.runs.count(), CampaignEvent.objects.count()) == (1, 1)
    assert post(as_(rosa), "attach-run", campaign, run=run.pk).status_code == 422  # it is not offered any more


def test_only_researchers_of_the_installation_attach_runs(campaign: Campaign, rosa: User, as_: As) -> None:
    User.objects.filter(pk=rosa.pk).update(is_researcher=False)
    page = as_(rosa).get(reverse("campaign-settings", args=[campaign.slug]))
    assert not elements(page, "select", name_="run")
    assert post(as_(rosa), "attach-run", campaign, run=make_run().pk).status_code == 403
