"""A program runs a campaign: rubric, campaign, pairs in, figures out."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from labeling import wording
from labeling.models import Campaign, Label, Membership, Pair, Role, RubricVersion
from tests.builders import NOW, join, make_campaign, make_label, make_pair, make_prompt, make_rubric_version, make_token, make_user
from tests.labeling.runs import answer_both, make_run
from tests.labeling.test_import_pairs import LABELS, line, nothing_stored


def program(user: User, *scopes: str) -> Client:
    """A program with a token of this person's."""
    client = Client()
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {make_token(user, *scopes)}"
    return client


def send(client: Client, path: str, body: Any, *, method: str = "POST") -> HttpResponse:
    return client.generic(method, f"/api/v1/{path}", json.dumps(body), content_type="application/json")  # type: ignore[return-value]


def get(client: Client, path: str) -> Any:
    response = client.get(f"/api/v1/{path}")
    assert response.status_code == 200, response.content
    return response.json()


def ndjson(*lines: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def import_(client: Client, campaign: Campaign, body: bytes, *, query: str = "?register=true", kind: str = "application/x-ndjson") -> HttpResponse:
    return client.generic("POST", f"/api/v1/campaigns/{campaign.slug}/pairs{query}", body, content_type=kind)  # type: ignore[return-value]


def body(response: HttpResponse) -> Any:
    return json.loads(response.content)


# ---- rubrics -------------------------------------------------------------------------------------------------------


def test_a_rubric_is_stored_read_and_worded_again(rosa: User) -> None:
    client = program(rosa)
    made = send(client, "rubrics", {"name": "letters", "title": "Letters", "body": "Be kind.\n"})
    assert made.status_code == 201
    assert send(client, "rubrics/letters/versions", {"body": "Be kind and short.", "change_note": "Length."}).status_code == 201
    found = get(client, "rubrics/letters")
    assert [(version["number"], version["body"]) for version in found["versions"]] == [(2, "Be kind and short."), (1, "Be kind.\n")]
    assert [rubric["name"] for rubric in get(client, "rubrics")] == ["letters"]


@pytest.mark.parametrize(
    ("path", "sent", "status"),
    [
        ("rubrics", {"name": "letters", "title": "Letters", "body": "x"}, 409),
        ("rubrics", {"name": "new", "title": "New", "body": "x"}, 400),
        ("rubrics", {"name": "other", "title": "Other", "body": "half \ud83d"}, 400),
        ("rubrics", {"name": "other", "title": "Other"}, 400),
        ("rubrics", {"name": "other", "title": "Other", "body": " \n"}, 400),
        ("rubrics", {"name": "other", "title": "Other", "body": "nul\x00"}, 400),
        ("rubrics/letters/versions", {"body": "Be kind."}, 409),
        ("rubrics/nowhere/versions", {"body": "Be kind."}, 404),
    ],
)
def test_a_rubric_that_makes_no_sense_is_refused(rosa: User, path: str, sent: dict[str, str], status: int) -> None:
    wording.add_rubric(name="letters", title="Letters", body="Be kind.", actor=rosa, at=NOW)
    assert send(program(rosa), path, sent).status_code == status
    assert RubricVersion.objects.count() == 1


# ---- campaigns -----------------------------------------------------------------------------------------------------


def test_it_works(rosa: User) -> None:
    client = program(rosa)
    made = send(client, "campaigns", {"slug": "spring", "name": "Spring", "overlap": 2, "open": True})
    assert made.status_code == 201
    assert body(made) | {"created_at": ""} == {
        "slug": "spring",
        "name": "Spring",
        "state": "open",
        "rubric": "everyday-helpfulness",
        "rubric_version": 1,
        "overlap": 2,
        "overlap_share": 100,
        "escalation_bound": 0,
        "rule": "strict-majority/1",
        "strategy": "finish",
        "eligible_by": "",
        "quota": None,
        "daily_ceiling": None,
        "lease_minutes": 30,
        "rationale_required": False,
        "rationale_minimum": 0,
        "gold_percent": 0,
        "repeat_percent": 0,
        "gold_bar": 70,
        "gold_window": 20,
        "practice_items": 0,
        "pass_mark": 75,
        "runs": [],
        "carried_out": True,
        "created_at": "",
    }
    assert Membership.objects.get().role == Role.RESEARCHER
    campaign = Campaign.objects.get()
    assert import_(client, campaign, ndjson(line(), line(2, labels=LABELS))).status_code == 201
    assert get(client, "campaigns/spring/progress")["standings"] == {"waiting": 1, "agreed": 1, "contested": 0, "adjudicated": 0, "withdrawn": 0}
    assert get(client, "campaigns/spring/agreement")["pairs"] == 1


def test_the_newest_version_of_a_named_rubric_is_taken(rosa: User) -> None:
    newest = make_rubric_version(rubric=make_rubric_version().rubric, body="Better.")
    send(program(rosa), "campaigns", {"slug": "spring", "name": "Spring", "rubric": newest.rubric.name})
    assert Campaign.objects.get().rubric_version == newest
    assert send(program(rosa), "campaigns", {"slug": "other", "name": "Other", "rubric": "nowhere"}).status_code == 400


def test_a_list_holds_one_s_own_campaigns_and_roles(campaign: Campaign, lena: User, rosa: User) -> None:
    make_campaign("elsewhere")
    join(campaign, rosa, Role.LABELER)
    assert get(program(lena, "label"), "campaigns") == [{"slug": "everyday", "name": "Everyday", "state": "open", "roles": ["labeler"]}]
    assert get(program(rosa, "read"), "campaigns")[0]["roles"] == ["labeler", "researcher"]


def test_a_campaign_is_changed_in_one_go_or_not_at_all(campaign: Campaign, rosa: User) -> None:
    make_pair(campaign)
    changed = send(program(rosa), "campaigns/everyday", {"state": "paused", "overlap": 4, "name": "Evening"}, method="PATCH")
    assert (body(changed)["state"], body(changed)["overlap"], body(changed)["name"]) == ("paused", 4, "Evening")
    refused = send(program(rosa), "campaigns/everyday", {"overlap": 5, "state": "archived"}, method="PATCH")
    assert (refused.status_code, body(refused)["detail"]) == (409, "A campaign that is paused cannot become archived. It can become open or closed.")
    campaign.refresh_from_db()
    assert (campaign.state, campaign.overlap) == ("paused", 4)


def test_an_attached_run_becomes_pairs(campaign: Campaign, rosa: User) -> None:
    run = make_run()
    answer_both(run, make_prompt(prompt_set=run.prompt_set))
    answered = send(program(rosa), "campaigns/everyday/runs", {"run": run.pk})
    assert body(answered)["runs"] == [run.pk]
    assert campaign.pairs.count() == 1
    assert send(program(rosa), "campaigns/everyday/runs", {"run": 999_999}).status_code == 400


# ---- pairs in ------------------------------------------------------------------------------------------------------


def test_pairs_come_as_lines_as_json_or_as_a_form(campaign: Campaign, rosa: User) -> None:
    client = program(rosa)
    assert body(import_(client, campaign, ndjson(line(1), line(2))))["pairs"] == 2
    assert body(import_(client, campaign, json.dumps([line(3), line(4)]).encode(), kind="application/json"))["pairs"] == 2
    assert body(import_(client, campaign, json.dumps(line(5)).encode(), kind="application/json"))["pairs"] == 1
    form = {"file": SimpleUploadedFile("pairs.jsonl", ndjson(line(6))), "register": "true"}
    assert client.post("/api/v1/campaigns/everyday/pairs", form).json()["pairs"] == 1
    assert Pair.objects.count() == 6


def test_the_report_says_what_became_of_every_line(campaign: Campaign, rosa: User) -> None:
    import_(program(rosa), campaign, ndjson(line(1)))
    lines = [line(1), line(2, labels=LABELS), line(3, gold={"verdict": "a", "why": "clear"}), line(4, prompt=""), line(5, responses=equal(), labels=LABELS)]
    answered = import_(program(rosa), campaign, ndjson(*lines), query="?register=1&skip_bad=true")
    assert answered.status_code == 201
    assert body(answered) == {
        "pairs": 3,
        "labels": 4,
        "gold": 1,
        "flagged": {"equal": 1},
        "repeats": {"count": 1, "first": [{"number": 1, "earlier": None}]},
        "policies": [],
        "labelers": ["w1", "w2"],
        "skipped": [{"number": 4, "reason": "prompt is empty"}],
    }


def equal() -> list[dict[str, str]]:
    return [{"policy": "small", "text": "same"}, {"policy": "large", "text": "same"}]


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"", "the file is empty: it needs one JSON object a line"),
        (b"\xff\xfe", "not UTF-8: byte 0xff at byte 0 of the line, 0 of the file"),
        (ndjson(line(responses=[])), "responses holds 0: a pair has two"),
        (ndjson(line(prompt="x" * 5 * 2**20)), "prompt is 5 MiB long; at most 1 MiB are taken"),
    ],
)
def test_bad_lines_come_back_with_their_reasons_and_nothing_is_stored(campaign: Campaign, rosa: User, sent: bytes, reason: str) -> None:
    refused = import_(program(rosa), campaign, sent)
    assert refused.status_code == 422
    assert body(refused)["first"] == [{"number": 1, "reason": reason}]
    assert nothing_stored()


@pytest.mark.parametrize("depth", [900, 5_000, 200_000])
def test_json_that_is_nested_without_end_is_refused(campaign: Campaign, rosa: User, depth: int) -> None:
    refused = import_(program(rosa), campaign, b"[" * depth + b"]" * depth, kind="application/json")
    assert refused.status_code in (400, 422)
    assert nothing_stored()


@pytest.mark.parametrize("sent", [b'"text"', b"5", b"null", b"{}", b"[]", b"[1]", b'{"stream": "x"}', b"not json"])
def test_json_that_is_no_pair_is_refused(campaign: Campaign, rosa: User, sent: bytes) -> None:
    assert import_(program(rosa), campaign, sent, kind="application/json").status_code in (400, 422)
    assert nothing_stored()


def test_a_flag_that_is_neither_yes_nor_no_is_refused(campaign: Campaign, rosa: User) -> None:
    assert import_(program(rosa), campaign, ndjson(line()), query="?register=perhaps").status_code == 400


def test_what_is_larger_than_an_import_may_be_is_not_read(campaign: Campaign, rosa: User, settings: Settings) -> None:
    settings.IMPORT_MAX_BYTES = 100
    for kind in ("application/x-ndjson", "application/json"):
        assert import_(program(rosa), campaign, ndjson(line()), kind=kind).status_code == 413
    assert nothing_stored()


def test_registering_is_for_researchers_of_the_installation(campaign: Campaign, rosa: User) -> None:
    User.objects.filter(pk=rosa.pk).update(is_researcher=False)
    assert import_(program(rosa), campaign, ndjson(line())).status_code == 403
    assert import_(program(rosa), campaign, ndjson(line()), query="").status_code == 422
    assert nothing_stored()


# ---- figures out ---------------------------------------------------------------------------------------------------


def test_figures_are_those_of_the_command(campaign: Campaign, rosa: User, lena: User, otto: User) -> None:
    for preferences in ((-1, -1), (-1, 1), (0, 1)):
        pair = make_pair(campaign, slots=0)
        make_label(pair, lena, preferences[0])
        make_label(pair, otto, preferences[1])
    said = io.StringIO()
    call_command("agreement", "everyday", "--json", stdout=said)
    assert get(program(rosa, "read"), "campaigns/everyday/agreement") == json.loads(said.getvalue())
    labelers = get(program(rosa, "read"), "campaigns/everyday/progress")["labelers"]
    assert [(row["labeler"], row["labels"], row["lean"]) for row in labelers] == [("lena", 3, "unknown"), ("otto", 3, "unknown")]


# ---- who may ask ---------------------------------------------------------------------------------------------------

READS = ("campaigns/everyday", "campaigns/everyday/progress", "campaigns/everyday/agreement")


@pytest.mark.parametrize("name", ["lena", "ada", "olga", "eve"])
def test_a_campaign_is_closed_to_who_does_not_run_it(campaign: Campaign, olga: User, eve: User, name: str) -> None:
    client = program(User.objects.get(username=name))
    assert {client.get(f"/api/v1/{path}").status_code for path in READS} == {404}
    assert send(client, "campaigns/everyday", {"state": "closed"}, method="PATCH").status_code == 404
    assert import_(client, campaign, ndjson(line()), query="").status_code == 404
    assert client.get("/api/v1/rubrics").status_code == 403
    assert send(client, "campaigns", {"slug": "own", "name": "Own"}).status_code == 403
    assert (Campaign.objects.count(), Label.objects.count()) == (1, 0)


def test_a_mark_opens_no_campaign(campaign: Campaign) -> None:
    client = program(make_user("stranger", is_researcher=True))
    assert {client.get(f"/api/v1/{path}").status_code for path in READS} == {404}


def test_a_token_does_what_its_scope_says(campaign: Campaign, rosa: User) -> None:
    reads, writes, labels = (program(rosa, scope) for scope in ("read", "write", "label"))
    assert {writes.get(f"/api/v1/{path}").status_code for path in (*READS, "rubrics", "campaigns")} == {403}
    assert {labels.get(f"/api/v1/{path}").status_code for path in (*READS, "rubrics")} == {403}
    assert send(reads, "campaigns/everyday", {"name": "x"}, method="PATCH").status_code == 403
    assert send(reads, "campaigns", {"slug": "x", "name": "x"}).status_code == 403
    assert send(reads, "rubrics", {"name": "x", "title": "x", "body": "x"}).status_code == 403
    assert import_(reads, campaign, ndjson(line())).status_code == 403
    assert Client().get("/api/v1/campaigns").status_code == 401
