"""A version's other pages: its texts, and the layouts of trainers."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client

from accounts.models import User
from exports import checking, converting, flags, gatekeeping, lives, publishing, releasing, tasks, timeline
from exports.gate_kinds import Threshold
from exports.layouts.readers import READERS
from exports.models import Conversion, DatasetFile, DatasetVersion
from labeling.models import Campaign, Role
from tests.builders import NOW, make_prompt, make_token
from tests.exports.released import released
from tests.exports.settled import order, settled_campaign, settled_pair

SignIn = Callable[[User], Client]
TEXTS, LAYOUTS = "/datasets/helpfulness/1/texts", "/datasets/helpfulness/1/layouts"


@pytest.fixture
def rosas(as_: SignIn, rosa: User) -> Client:
    return as_(rosa)


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What workers were rung for."""
    calls: list[tuple[object, ...]] = []
    monkeypatch.setattr(tasks, "ring_for_check", lambda version, **said: calls.append((version.pk, *said.values())))
    monkeypatch.setattr(tasks, "ring_for", lambda conversion: calls.append((conversion.layout, conversion.kind)))
    return calls


@pytest.fixture
def leaky(any_moment: None, everyday: Campaign, rosa: User) -> DatasetVersion:
    labelers = [membership.user for membership in everyday.memberships.filter(role=Role.LABELER)]
    settled_pair(everyday, labelers, prompt=make_prompt("I am jo@firma.de. <b>Which</b> knot holds?"))
    return publishing.publish(order(everyday, by=rosa))


def test_texts_are_looked_through_and_flags_decided(rosas: Client, leaky: DatasetVersion, rung: list[tuple[object, ...]]) -> None:
    assert "Nobody has looked the texts through yet" in rosas.get(TEXTS).content.decode()
    assert rosas.post(TEXTS, {"max_length": 512}).status_code == 302
    assert rung == [(leaky.pk, "", 512)]
    checking.check(leaky, at=NOW)
    kind = leaky.flags.get().kind
    said = rosas.get(f"{TEXTS}?kind={kind}").content.decode()
    assert "<mark>jo@firma.de</mark>. &lt;b&gt;Which&lt;/b&gt;" in said
    sent = {"kind": kind, "leave_out": "yes", "reason": "A person’s address."}
    assert rosas.post(f"{TEXTS}/decide", sent | {"reason": " "}).status_code == 422
    assert rosas.post(f"{TEXTS}/decide", sent | {"kind": "cut"}).status_code == 409
    assert rosas.post(f"{TEXTS}/decide", sent | {"position": 99}).status_code == 409
    assert rosas.post(f"{TEXTS}/decide", sent).status_code == 302
    assert flags.undecided(leaky) == 0
    assert "A person’s address." in rosas.get(TEXTS).content.decode()


@pytest.mark.parametrize(("sent", "status"), [({"max_length": 0}, 422), ({"tokenizer": "nowhere/nothing"}, 409), ({"tokenizer": "../../etc"}, 409)])
def test_a_check_that_cannot_be_done_is_refused(
    sent: dict[str, object], status: int, rosas: Client, version: DatasetVersion, rung: list[tuple[object, ...]]
) -> None:
    assert rosas.post(TEXTS, sent).status_code == status
    assert not rung


def test_no_private_text_is_shown_among_the_flags(any_moment: None, rosas: Client, rosa: User) -> None:
    campaign = settled_campaign("half", pairs=0, researcher=rosa)
    labelers = [membership.user for membership in campaign.memberships.filter(role=Role.LABELER)]
    for number in range(30):
        settled_pair(campaign, labelers, prompt=make_prompt(f"I am jo{number}@firma.de. Which knot holds number {number * 7919}?"))
    version = publishing.publish(order(campaign, dataset="half", by=rosa, shares={"train": 0.5, "test": 0.5}))
    checking.check(version, at=NOW)
    private = version.rows.filter(split="test").select_related("prompt")
    assert private
    said = rosas.get(f"/datasets/half/1/texts?kind={version.flags.all()[0].kind}").content.decode()
    for row in private:
        assert row.prompt.messages[0]["content"].split()[2] not in said


def test_a_layout_is_asked_for_and_fetched(rosas: Client, version: DatasetVersion, rung: list[tuple[object, ...]]) -> None:
    said = rosas.get(LAYOUTS).content.decode()
    for title in ("KTO", "Axolotl", "LLaMA-Factory", "OpenRLHF"):
        assert title in said
    assert rosas.post(LAYOUTS, {"layout": "kto", "kind": "jsonl"}).status_code == 302
    assert rung == [("kto", "jsonl")]
    assert 'hx-trigger="every 3s"' in rosas.get(LAYOUTS).content.decode()
    assert converting.convert(Conversion.objects.get().pk, at=NOW)
    file = DatasetFile.objects.exclude(conversion=None).filter(split="train").first()
    assert file
    assert f'href="/datasets/helpfulness/1/files/{file.name}"' in rosas.get(LAYOUTS).content.decode()
    got = rosas.get(f"/datasets/helpfulness/1/files/{file.name}")
    assert b"".join(got.streaming_content) == file.path.read_bytes()  # type: ignore[attr-defined]


@pytest.mark.parametrize("sent", [{}, {"layout": "nothing", "kind": "jsonl"}, {"layout": "kto", "kind": "zip"}])
def test_a_layout_that_there_is_not_is_refused(sent: dict[str, str], rosas: Client, version: DatasetVersion, rung: list[tuple[object, ...]]) -> None:
    assert rosas.post(LAYOUTS, sent).status_code == 409
    assert not rung
    assert not Conversion.objects.exists()


def test_private_files_of_a_layout_are_private_too(any_moment: None, rosas: Client, rosa: User) -> None:
    campaign = settled_campaign("half", pairs=30, researcher=rosa)
    version = publishing.publish(order(campaign, dataset="half", by=rosa, shares={"train": 0.5, "test": 0.5}))
    for layout in ("kto", "trl-text", "reward"):
        assert converting.convert(converting.ask(version, layout, by=rosa, at=NOW).pk, at=NOW)
    rows = list(version.rows.filter(split="test").select_related("chosen"))
    written = list(DatasetFile.objects.exclude(conversion=None).select_related("conversion__version__dataset", "version__dataset"))
    assert sum(file.is_private for file in written) >= 3
    for file in written:
        assert rosas.get(f"/datasets/half/1/files/{file.name}").status_code == (403 if file.is_private else 200), file.name
        if not file.is_private:
            assert not any(row.chosen.text.encode() + b'"' in file.path.read_bytes() for row in rows), file.name


def test_layouts_by_program(version: DatasetVersion, rosa: User, client: Client, rung: list[tuple[object, ...]]) -> None:
    headers = {"Authorization": f"Bearer {make_token(rosa, 'read', 'write')}"}
    there = "/api/v1/datasets/helpfulness/versions/1/layouts"
    assert "kto" in {layout["name"] for layout in client.get(there, headers=headers).json()}
    asked = client.post(there, {"layout": "kto"}, content_type="application/json", headers=headers)
    assert (asked.status_code, asked.json()["state"]) == (202, "asked")
    assert client.post(there, {"layout": "none"}, content_type="application/json", headers=headers).status_code == 400
    assert converting.convert(Conversion.objects.get().pk, at=NOW)
    again = client.post(there, {"layout": "kto"}, content_type="application/json", headers=headers).json()
    assert (again["state"], again["percent"]) == ("done", 100)
    assert again["files"]


def test_only_researchers_see_texts_and_layouts(version: DatasetVersion, as_: SignIn, lena: User, olga: User, eve: User) -> None:
    for user in (lena, olga, eve):
        for page in (TEXTS, LAYOUTS):
            assert as_(user).get(page).status_code == 403


def test_the_versions_page_says_of_each_trainer_what_was_run(rosas: Client, version: DatasetVersion) -> None:
    page = unescape(rosas.get("/datasets/helpfulness/1/").content.decode())
    for reader in READERS.values():
        assert f"{reader.said[:1].upper()}{reader.said[1:]}." in page


# Words on the pages of versions


def test_a_gate_that_does_not_apply_says_so_and_why(version: DatasetVersion, rosas: Client) -> None:
    said = unescape(rosas.get(version.get_absolute_url()).content.decode())
    assert "there is nothing to measure" in said
    assert '<td class="n">not applicable</td>' in said
    assert '<span class="state calm wrap">Side balance' in said


def test_what_follows_a_reason_stands_in_a_sentence_of_its_own(version: DatasetVersion, everyday: Campaign, rosa: User) -> None:
    later = publishing.publish(order(everyday, by=rosa))
    releasing.withdraw(version, actor=rosa, reason="It held a prompt that was erased", successor=later, at=NOW)
    (happened,) = [one for one in timeline.history_of(version.dataset, version) if one.why]
    assert happened.why == "It held a prompt that was erased. Use version 2 instead."


def test_each_act_has_its_own_form_that_says_what_follows(version: DatasetVersion, everyday: Campaign, rosas: Client, rosa: User, olga: User) -> None:
    later = released(publishing.publish(order(everyday, by=rosa)), olga)
    page, there = version.get_absolute_url(), later.get_absolute_url()
    assert buttons(rosas, page) == ["Withdraw version 1"]
    released(version, olga)
    assert buttons(rosas, page) == ["Roll back version 1", "Withdraw version 1"]
    assert buttons(rosas, there) == ["Make version 2 current again", "Withdraw version 2"]
    assert "That cannot be taken back." in rosas.get(page).content.decode()
    assert rosas.post(f"{page}change", {"act": "withdrawn", "reason": "It must go."}).status_code == 302
    assert buttons(rosas, page) == ["Name the version to use instead"]


def buttons(client: Client, address: str) -> list[str]:
    """Return what the forms under a version's history can do."""
    history = client.get(address).content.decode().partition('id="history"')[2]
    return [unescape(found) for found in re.findall(r'<button class="btn[^>]*>([^<]+)</button>', history)]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"act": "withdrawn", "reason": " ", "successor": "2"}, "Write why, in a sentence."),
        ({"act": "withdrawn", "reason": "Typed.", "successor": "99"}, "99 is not one of the available choices"),
        ({"act": "reinstated", "reason": "Typed."}, "That cannot become of version 1 from where it stands."),
    ],
)
def test_an_act_that_is_refused_says_why_and_keeps_what_was_typed(
    sent: dict[str, str], said: str, version: DatasetVersion, everyday: Campaign, rosas: Client, rosa: User
) -> None:
    publishing.publish(order(everyday, by=rosa))
    answer = rosas.post(f"{version.get_absolute_url()}change", sent)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert said in page
    if sent["act"] == "withdrawn":
        assert '<details class="turns gap" open>' in page
        assert "Typed." in page or '<option value="2" selected>' in page
    version.refresh_from_db()
    assert version.state == DatasetVersion.State.FROZEN


def test_a_successor_is_chosen_among_those_in_use(version: DatasetVersion, everyday: Campaign, rosas: Client, rosa: User) -> None:
    publishing.publish(order(everyday, by=rosa))
    gone = publishing.publish(order(everyday, by=rosa))
    for one in (version, gone):
        releasing.withdraw(one, actor=rosa, reason="It must go.", at=NOW)
    there = f"{version.get_absolute_url()}change"
    page = rosas.get(version.get_absolute_url()).content.decode()
    assert '<option value="2">Version 2</option>' in page
    assert "none yet" not in page
    assert "Choose the version to use instead." in rosas.post(there, {"act": "succeeded", "reason": "So."}).content.decode()
    assert rosas.post(there, {"act": "succeeded", "reason": "So.", "successor": "3"}).status_code == 422
    assert rosas.post(there, {"act": "succeeded", "reason": "So.", "successor": "2"}).status_code == 302
    assert "see version 2" in rosas.get("/datasets/helpfulness/").content.decode()


def test_of_withdrawn_successors_the_last_in_use_is_named(version: DatasetVersion, everyday: Campaign, rosa: User) -> None:
    second, third = (publishing.publish(order(everyday, by=rosa)) for _ in range(2))
    releasing.withdraw(version, actor=rosa, reason="It must go.", successor=second, at=NOW)
    releasing.withdraw(second, actor=rosa, reason="It must go.", successor=third, at=NOW)
    assert lives.successors(version.dataset) == {1: 3, 2: 3} == {one.number: third.number for one in (version, second) if lives.successor(one) == third}
    releasing.withdraw(third, actor=rosa, reason="It must go.", successor=version, at=NOW)
    assert lives.successors(version.dataset).keys() == {1, 2, 3}


def test_a_long_text_is_folded_by_the_way_and_whole_where_it_is_read(any_moment: None, rosa: User, rosas: Client) -> None:
    campaign = settled_campaign("long", pairs=1, researcher=rosa)
    labelers = [membership.user for membership in campaign.memberships.filter(role=Role.LABELER)]
    settled_pair(campaign, labelers, a="It holds. " * 600)
    version = publishing.publish(order(campaign, dataset="long", by=rosa, shares={"train": 1.0}))
    page = rosas.get(version.get_absolute_url()).content.decode()
    assert page.count("Show all of it") == page.count("shortened") == 1
    assert "shortened" not in rosas.get(f"{version.get_absolute_url()}read/adversarial").content.decode()


def test_what_was_decided_about_flags_is_said_in_words(leaky: DatasetVersion, rosa: User, rosas: Client) -> None:
    checking.check(leaky, at=NOW)
    flag = leaky.flags.get()
    checking.decide(version=leaky, kind=flag.kind, row=None, leave_out=False, reason="Made up.", actor=rosa, at=NOW)
    page = rosas.get(f"{TEXTS}?kind={flag.kind}").content.decode()
    assert '<td class="words">An e-mail address</td>' in page
    assert "turn 1 of the prompt" in page
    assert f'href="/datasets/helpfulness/1/?after={flag.row.position - 1}#rows"' in page


def test_a_threshold_that_was_set_is_said_in_words(version: DatasetVersion, rosa: User, rosas: Client) -> None:
    gatekeeping.set_threshold(version.dataset, "longer", Threshold(high=0.65), actor=rosa, reason="Taste.", at=NOW)
    events = unescape(rosas.get("/datasets/helpfulness/gates").content.decode()).partition('id="events"')[2]
    assert '<td>Longer chosen</td><td class="n">at most 65\u00a0%</td>' in events
