"""A labeler says what their choice rests on: reasons, criteria, passages, words."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import User
from labeling import asks, assigning, drafting, reopening
from labeling.keys import Clash
from labeling.models import Assignment, Campaign, Draft, Label, RubricVersion, Slot
from tests.builders import NOW, make_campaign, make_pair, make_rubric_version, make_token

As = Callable[[User], Client]
LEFT, RIGHT = "It only works while w > Br.", "Put in **your own** numbers."
CRITERIA = asks.worded_criteria(["Accuracy", "Tone"])


@pytest.fixture
def asked(lena: User) -> Campaign:
    """A campaign whose rubric names two criteria, with a pair whose A says LEFT."""
    first = make_rubric_version()
    fields = {"reasons": asks.worded_reasons(["Accuracy", "Brevity"]), "criteria": CRITERIA}
    version = RubricVersion.objects.create(rubric=first.rubric, number=2, body="Be right.", sha256="0" * 64, created_at=NOW, **fields)
    campaign = make_campaign("asked", labelers=(lena,), rubric_version=version)
    make_pair(campaign, a=LEFT, b=RIGHT)
    return campaign


def lease(campaign: Campaign, labeler: User, *, left_is_a: bool = True) -> Assignment:
    Slot.objects.filter(campaign=campaign, labeler=None).update(left_is_a=left_is_a)
    assignment = assigning.next_for(campaign, labeler, at=timezone.now())
    assert assignment is not None
    return assignment


def form(**fields: Any) -> dict[str, Any]:
    whole = {"choice": "-2", "criterion-accuracy": "-1", "criterion-tone": "3", "rationale": "", "submission_key": str(uuid.uuid4())}
    return whole | fields


def submit(client: Client, assignment: Assignment, **fields: Any) -> Any:
    return client.post(reverse("submit-label", args=["asked", assignment.key]), form(**fields))


@pytest.mark.parametrize("left_is_a", [True, False])
def test_it_works(asked: Campaign, lena: User, as_: As, left_is_a: bool) -> None:
    assignment = lease(asked, lena, left_is_a=left_is_a)
    here, there = ("left", "right") if left_is_a else ("right", "left")
    marks = [{"side": here, "quote": "only works"}, {"side": there, "quote": "your own numbers"}]
    submit(as_(lena), assignment, reasons=["brevity", "accuracy"], evidence=json.dumps(marks))
    label = Label.objects.get()
    sign = 1 if left_is_a else -1
    assert label.reasons == ["accuracy", "brevity"]
    assert label.criteria == {"accuracy": -1 * sign, "tone": 3 * sign}
    assert [(one["side"], (LEFT if one["side"] == "a" else RIGHT)[one["start"] : one["end"]]) for one in label.evidence] == [
        ("a", "only works"),
        ("b", "your own** numbers"),
    ]


def test_each_criterion_is_asked_for(asked: Campaign, lena: User, as_: As) -> None:
    answer = submit(as_(lena), lease(asked, lena), **{"criterion-tone": ""})
    assert answer.status_code == 422
    assert [(one.label, one.chosen) for one in answer.context["card"].criteria] == [("Accuracy", "-1"), ("Tone", "")]
    assert "judge “Tone”, too" in str(answer.context["form"].errors)


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"reasons": ["length"]}, "length"),
        ({"evidence": json.dumps([{"side": "left", "quote": "never said"}])}, "not found in its text"),
        ({"evidence": "["}, "not JSON"),
        ({"criterion-tone": "4"}, "4"),
    ],
    ids=["no such reason", "no such passage", "no marks", "off the scale"],
)
def test_what_makes_no_sense_is_not_stored_and_stays_on_the_screen(asked: Campaign, lena: User, as_: As, sent: dict[str, Any], says: str) -> None:
    answer = submit(as_(lena), lease(asked, lena), rationale="so", **sent)
    assert (answer.status_code, answer.context["card"].said["rationale"]) == (422, "so")
    assert says in str(answer.context["form"].errors)
    assert not Label.objects.exists()


def test_a_short_rationale_is_asked_to_be_longer_and_none_is_none(campaign: Campaign, lena: User, as_: As) -> None:
    Campaign.objects.update(rationale_minimum=10)
    make_pair(campaign)
    make_pair(campaign)
    desk = as_(lena)
    for rationale, status in (("too short", 422), ("          x", 422), ("", 302), ("long enough", 302)):
        assignment = assigning.next_for(campaign, lena, at=timezone.now())
        assert assignment is not None
        said = {"choice": "1", "rationale": rationale, "submission_key": str(uuid.uuid4())}
        assert desk.post(reverse("submit-label", args=[campaign.slug, assignment.key]), said).status_code == status, rationale


def test_a_draft_brings_all_of_it_back(asked: Campaign, lena: User, as_: As) -> None:
    assignment = lease(asked, lena)
    marks = json.dumps([{"side": "left", "quote": "only works", "at": [3, 13]}])
    as_(lena).post(reverse("save-draft", args=["asked", assignment.key]), {"reasons": ["accuracy"], "criterion-tone": "2", "evidence": marks})
    assert Draft.objects.get().said == {"reasons": ["accuracy"], "criteria": {"tone": "2"}, "evidence": marks}
    card = as_(lena).get(reverse("work", args=["asked"])).context["card"]
    assert (card.said["evidence"], [one.chosen for one in card.criteria]) == (marks, ["", "2"])


def test_what_was_put_aside_comes_back_on_the_other_sides(asked: Campaign, lena: User) -> None:
    assignment = lease(asked, lena)
    said = {"choice": "both-bad", "criteria": {"tone": "2"}, "evidence": json.dumps([{"side": "left", "quote": "only"}])}
    drafting.save(assignment=assignment, said=said, at=NOW)
    assigning.park(assignment=assignment, at=timezone.now())
    again = lease(asked, lena, left_is_a=False)
    assert drafting.draft_of(again.key) == {
        "choice": "both-bad",
        "criteria": {"tone": "-2"},
        "evidence": json.dumps([{"side": "right", "quote": "only"}]),
    }


def test_undo_brings_it_back_as_it_was_on_the_screen(asked: Campaign, lena: User, as_: As) -> None:
    assignment = lease(asked, lena, left_is_a=False)
    submit(as_(lena), assignment, reasons=["accuracy"], evidence=json.dumps([{"side": "left", "quote": "your own"}]))
    again = reopening.reopen(assignment=assignment, campaign=asked, at=timezone.now())
    said = drafting.draft_of(again.key)
    assert (said["choice"], said["reasons"], said["criteria"]) == ("-2", ["accuracy"], {"accuracy": "-1", "tone": "3"})
    submit(as_(lena), again, reasons=said["reasons"], evidence=said["evidence"])
    first, second = Label.objects.filter(is_retraction=False).order_by("pk")
    assert (first.evidence, first.criteria) == (second.evidence, second.criteria)


# ---- by program ----------------------------------------------------------------------------------------------------


def send(client: Client, lena: User, assignment: Assignment, **fields: Any) -> Any:
    said = {"choice": -2, "criteria": {"accuracy": -1, "tone": 3}} | fields
    return client.post(
        reverse("api-label", args=[assignment.key]), said, content_type="application/json", headers={"Authorization": f"Bearer {make_token(lena)}"}
    )


@pytest.mark.parametrize("left_is_a", [True, False])
def test_by_program(asked: Campaign, lena: User, client: Client, left_is_a: bool) -> None:
    assignment = lease(asked, lena, left_is_a=left_is_a)
    headers = {"Authorization": f"Bearer {make_token(lena)}"}
    shown = client.post(reverse("api-next", args=["asked"]), headers=headers).json()
    assert [one["key"] for one in shown["criteria"]] == ["accuracy", "tone"]
    assert [one["key"] for one in shown["reasons"]] == ["accuracy", "brevity"]
    passage = {"side": "left", "start": 3, "end": 7, "quote": shown["left"][3:7]}
    answer = send(client, lena, assignment, reasons=["brevity"], evidence=[passage])
    assert (answer.status_code, answer.json()["criteria"], answer.json()["reasons"]) == (200, {"accuracy": -1, "tone": 3}, ["brevity"])
    label = Label.objects.get()
    assert label.evidence == [{"side": "a" if left_is_a else "b", "start": 3, "end": 7}]
    assert label.criteria["tone"] == (3 if left_is_a else -3)


@pytest.mark.parametrize(
    "sent",
    [
        {"criteria": {"accuracy": 1}},
        {"criteria": {"accuracy": 1, "tone": 1, "length": 1}},
        {"criteria": {"accuracy": 1, "tone": 4}},
        {"reasons": ["length"]},
        {"evidence": [{"side": "left", "start": 0, "end": 3, "quote": "Not"}]},
        {"evidence": [{"side": "left", "start": 0, "end": 9000, "quote": LEFT + "."}]},
        {"evidence": [{"side": "a", "start": 0, "end": 2, "quote": "It"}]},
    ],
    ids=["one is missing", "one too many", "off the scale", "no such reason", "other words", "past the end", "no such side"],
)
def test_a_program_is_told_what_makes_no_sense(asked: Campaign, lena: User, client: Client, sent: dict[str, Any]) -> None:
    assert send(client, lena, lease(asked, lena), **sent).status_code == 400
    assert not Label.objects.exists()


# ---- the rubric says what is asked for -----------------------------------------------------------------------------


def test_a_rubric_names_its_reasons_and_criteria(rosa: User, as_: As) -> None:
    said = {"title": "Kind", "name": "kind", "body": "Be kind.", "reasons": "Accuracy\r\n\r\nFlattery\r\nFluency", "criteria": "Tone"}
    as_(rosa).post(reverse("add-rubric"), said)
    version = RubricVersion.objects.get()
    assert [(one["label"], one["letter"]) for one in version.reasons] == [("Accuracy", "a"), ("Flattery", "f"), ("Fluency", "u")]
    assert version.criteria == [{"key": "tone", "label": "Tone"}]
    new = as_(rosa).get(reverse("new-rubric-version", args=["kind"])).content.decode()
    assert "Accuracy\nFlattery\nFluency</textarea>" in new


def test_a_version_may_differ_in_its_criteria_alone(rosa: User, as_: As) -> None:
    first = make_rubric_version(body="Be kind.")
    said = {"body": "Be kind.", "reasons": "\n".join(one["label"] for one in first.reasons), "criteria": ""}
    assert as_(rosa).post(reverse("add-rubric-version", args=[first.rubric.name]), said).status_code == 422
    assert as_(rosa).post(reverse("add-rubric-version", args=[first.rubric.name]), said | {"criteria": "Tone"}).status_code == 302


def test_there_are_no_more_reasons_than_letters() -> None:
    assert len(asks.worded_reasons([f"Reason {number}" for number in range(13)])) == 13
    with pytest.raises(Clash):
        asks.worded_reasons([f"Reason {number}" for number in range(14)])
    with pytest.raises(Clash):
        asks.worded_criteria([f"Criterion {number}" for number in range(9)])
    with pytest.raises(Clash):
        asks.worded_criteria(["x" * 41])


def test_the_usual_reasons_are_in_the_readers_language_and_a_rubrics_own_in_its(campaign: Campaign, lena: User, as_: As) -> None:
    """Stored is the same key whatever the language; programs read English."""
    User.objects.filter(pk=lena.pk).update(language="es")
    make_pair(campaign)
    page = as_(lena).get(reverse("work", args=[campaign.slug]))
    assert [chip.label for chip in page.context["card"].reasons] == ["Exactitud", "Sigue el prompt", "Completa", "Brevedad", "Tono", "Seguridad"]
    assert [chip.key for chip in page.context["card"].reasons] == ["accuracy", "follows_prompt", "complete", "brevity", "tone", "safety"]
    program = Client(headers={"Authorization": f"Bearer {make_token(lena)}"})
    said = program.post(reverse("api-next", args=[campaign.slug])).json()
    assert said["reasons"][0] == {"key": "accuracy", "label": "Accuracy"}
    answer = as_(lena).post(
        reverse("submit-label", args=[campaign.slug, said["key"]]), {"choice": "1", "reasons": ["accuracy"], "submission_key": str(uuid.uuid4())}
    )
    assert (answer.status_code, Label.objects.get().reasons) == (302, ["accuracy"])
    with translation.override("es"):
        assert [asks.spoken(label) for label in ("Tone", "Tone of voice")] == ["Tono", "Tone of voice"]
