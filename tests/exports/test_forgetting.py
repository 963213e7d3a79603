"""One labeler and one prompt, erased from an installation in which every table holds something of them: nothing finds them afterwards."""

from __future__ import annotations

import json
import logging
import os
import uuid
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import AccountEvent, ApiToken, User
from exports import checking, converting, erasing, gatekeeping, granting, inspection, linking, measuring, proofreading, publishing, releasing
from exports.folders import ORPHAN
from exports.gate_kinds import Threshold
from exports.models import DatasetVersion, Download, FlagDecision, RowReading, SampleRow, SplitAccess, Waiver
from labeling import asking, assigning, drafting, goldkeeping, importing, inviting, naming, qualifying, renderings, watching
from labeling.models import Campaign, EnrolmentEvent, Finding, GoldItem, Pair, Role, Skip
from policies import generating
from policies import importing as importing_prompts
from policies.engines.base import Answer
from policies.importing import NothingStored
from policies.models import GenerationRequest, GenerationRun, Prompt, Response
from tests.builders import NOW, join, make_campaign, make_label, make_pair, make_policy, make_prompt, make_prompt_set, make_token, make_user
from tests.exports.released import waive_all
from tests.exports.settled import adjudicate, order, settled_pair, spread

NAME, WHOLE_NAME, MAIL = "wilhelmina.quist", "Wilhelmina Quist", "wq@lighthouse.invalid"
SECRET = "The combination of the vault beneath the lighthouse is eleven swans"
ANSWER = "Eleven swans open the vault, and nobody else may know about it"
ASIDE = "It names the eleven swans"
OF_THE_LABELER, OF_THE_PROMPT = ("ilhelmina", "Quist", "quist", "wq@"), ("leven swans", "beneath the lighthouse", "open the vault")

TABLES_OF_THE_LABELER = {
    "accounts_accountevent",
    "accounts_apitoken",
    "accounts_user",
    "exports_downloadlink",
    "exports_flagdecision",
    "exports_gatethreshold",
    "exports_splitaccess",
    "exports_versionevent",
    "exports_waiver",
    "labeling_answer",
    "labeling_campaignevent",
    "labeling_draft",
    "labeling_enrolmentevent",
    "labeling_findingdecision",
    "labeling_invitation",
    "labeling_label",
    "labeling_question",
    "labeling_report",
    "labeling_skip",
}
TABLES_OF_THE_PROMPT = {
    "exports_flagdecision",
    "exports_goldenpair",
    "exports_rowreading",
    "labeling_adjudication",
    "labeling_answer",
    "labeling_campaignevent",
    "labeling_draft",
    "labeling_golditem",
    "labeling_label",
    "labeling_question",
    "labeling_rendering",
    "labeling_report",
    "labeling_skip",
    "policies_generationrequest",
    "policies_prompt",
    "policies_response",
}


@pytest.fixture
def wilhelmina(db: None) -> User:
    return make_user(NAME, email=MAIL, first_name="Wilhelmina", last_name="Quist", is_researcher=True)


@pytest.fixture
def campaign(wilhelmina: User, otto: User, ada: User, rosa: User) -> Campaign:
    campaign = make_campaign("harbour", labelers=(wilhelmina, otto), overlap=2)
    join(campaign, ada, Role.ADJUDICATOR)
    join(campaign, rosa, Role.RESEARCHER)
    return campaign


@pytest.fixture
def secret(campaign: Campaign) -> Prompt:
    return make_prompt(SECRET, external_id="vault", slices={"risk": "high"})


@pytest.fixture
def everywhere(any_moment: None, campaign: Campaign, secret: Prompt, wilhelmina: User, otto: User, ada: User, rosa: User, olga: User) -> DatasetVersion:
    """Version 1, released, and every table filled: what the two left behind in a whole life of it."""
    on_the_desk(campaign, secret, wilhelmina, ada)
    of_the_engine(secret)
    for _ in range(3):
        settled_pair(campaign, (wilhelmina, otto))
        settled_pair(campaign, (otto, ada))
    of_the_rows(campaign, secret, wilhelmina, otto, ada)
    version = publishing.publish(spread(order(campaign, dataset="harbour", by=rosa, shares={"train": 0.6, "test": 0.4})))
    of_gold(campaign, secret)
    of_the_release(version, secret, wilhelmina, rosa, olga)
    of_the_account(campaign, wilhelmina, rosa, olga)
    return version


def on_the_desk(campaign: Campaign, secret: Prompt, labeler: User, adjudicator: User) -> None:
    """A pair on the labeler's screen, with a draft, a question that was answered, a report, and one that was skipped."""
    make_pair(campaign, prompt=secret, a=ANSWER, b="I would rather not say.")
    assignment = assigning.next_for(campaign, labeler, at=timezone.now())
    assert assignment
    drafting.save(assignment=assignment, said={"rationale": f"{ASIDE}, says {NAME}"}, at=timezone.now())
    asked = asking.ask(assignment=assignment, text=f"{ASIDE}: may I, {NAME}, know?", submission_key=uuid.uuid4(), at=NOW)
    asking.answer(question=asked, text=f"{ASIDE}, dear Wilhelmina.", actor=adjudicator, at=NOW)
    asking.report(assignment=assignment, kind="other", note=f"{ASIDE}, reports {NAME}", submission_key=uuid.uuid4(), at=NOW)
    Skip.objects.create(assignment=assignment, pair_id=assignment.pair_id, labeler=labeler, reason="broken", note=f"{ASIDE}, notes {NAME}", at=NOW)
    renderings.shown_all([SECRET, ANSWER])


def of_gold(campaign: Campaign, secret: Prompt) -> None:
    """Made when the version was frozen: what is like gold makes no row."""
    known = make_pair(campaign, prompt=secret, a="Eleven.", b="Twelve swans, I am sure.", slots=0)
    item = goldkeeping.make_gold(pair=known, verdict="a", why=f"{ASIDE}, which is right", actor=None, at=NOW)
    goldkeeping.revise(item=item, actor=None, at=NOW, why=f"{ASIDE}, and nothing else does")


def of_the_engine(secret: Prompt) -> None:
    """A request that an endpoint refused with the prompt in its words, and one that a worker holds."""
    policy = make_policy("engine", engine="echo")
    run = GenerationRun.objects.create(prompt_set=secret.prompt_set, policy_a=policy, policy_b=policy, seed=1, created_at=NOW)
    common = {"run": run, "prompt": secret, "policy": policy, "seed": 1, "queued_at": NOW}
    GenerationRequest.objects.create(**common, status="failed", error=f"400: cannot answer {SECRET!r}", finished_at=NOW)
    GenerationRequest.objects.create(**common, sample_index=1, status="running", attempt=1, worker="w", lease_ends_at=NOW)


def of_the_rows(campaign: Campaign, secret: Prompt, labeler: User, other: User, adjudicator: User) -> None:
    """A pair on the prompt that becomes a row, by an adjudication that quotes it; a label of the labeler's, with a reason and evidence, and one taken out."""
    pair = settled_pair(campaign, (other, adjudicator), (-2, 2), prompt=secret, a=ANSWER + "!", b="No.", external_id="vault-1")
    make_label(pair, labeler, -1, rationale=f"{ASIDE}, finds {NAME}", evidence=[{"side": "a", "start": 0, "end": 6}])
    adjudicate(pair, adjudicator, "a", reason=f"{ASIDE}; the other says nothing.")
    campaign.events.create(kind="pair_withdrawn", detail={"pair": pair.pk, "reason": f"{ASIDE}, so out with it", "before": "agreed"}, at=NOW)


def of_the_release(version: DatasetVersion, secret: Prompt, labeler: User, researcher: User, owner: User) -> None:
    """What a release leaves: readings, decisions about flags, golden pairs, waivers, thresholds, links, downloads, a layout, a folder set aside."""
    measuring.measure(version, at=NOW)
    checking.check(version, at=NOW)
    row = version.rows.get(prompt=secret)
    sampled, _ = SampleRow.objects.get_or_create(version=version, row=row, sample="random", defaults={"place": 1000})
    proofreading.read(sampled, verdict=RowReading.Verdict.FINE, note=f"{ASIDE}, as it should", reader=researcher, at=NOW)
    FlagDecision.objects.create(version=version, kind="identity", row=row, leave_out=False, reason=f"{ASIDE}, no person", actor=researcher, at=NOW)
    FlagDecision.objects.create(version=version, kind="email", leave_out=False, reason=f"{NAME} has looked", actor=researcher, at=NOW)
    gatekeeping.mark_golden(row, actor=researcher, why=f"{ASIDE}, for ever", at=NOW)
    gatekeeping.set_threshold(version.dataset, "longer", Threshold(high=0.9), actor=researcher, reason=f"{WHOLE_NAME} likes it long", at=NOW)
    Waiver.objects.create(version=version, gate="gold", found="Nothing.", actor=owner, reason=f"{WHOLE_NAME} was looked at by hand", at=NOW)
    waive_all(version, owner)
    releasing.release(version, actor=owner, reason=f"Labeled by {WHOLE_NAME} for the most part", at=NOW)
    granting.ask(version.dataset, person=labeler, reason=f"{WHOLE_NAME} writes a thesis", at=NOW)
    granting.decide(version.dataset, person=labeler, kind=SplitAccess.Kind.APPROVED, actor=owner, reason=f"{WHOLE_NAME} may", at=NOW)
    file = version.files.get(name="train.jsonl")
    linking.make_link(file, for_whom=WHOLE_NAME, days=3, made_by=researcher, at=timezone.now())
    sent = {"name": file.name, "sha256": file.sha256, "size": file.size, "first_byte": 0, "last_byte": file.size - 1}
    Download.objects.create(version=version, **sent, how="session", person=labeler, address="203.0.113.77", at=NOW)
    converting.convert(converting.ask(version, "kto", by=researcher, at=NOW).pk, at=timezone.now())
    aside = settings.DATASETS_DIR / f"{ORPHAN}harbour-7"
    aside.mkdir()
    (aside / "train.jsonl").write_text(json.dumps({"prompt": SECRET}))


def of_the_account(campaign: Campaign, labeler: User, researcher: User, owner: User) -> None:
    """Tokens, sessions, an invitation, skills, a finding that was decided, and all that is written down of such things."""
    make_token(labeler)
    ApiToken.objects.filter(user=labeler).update(name="Quist at home")
    AccountEvent.objects.create(user=labeler, actor=None, kind="token_made", detail="Quist at home", at=NOW)
    Client().force_login(labeler)
    inviting.invite(for_whom=WHOLE_NAME, invited_by=owner, at=timezone.now())
    qualifying.set_skills(campaign=campaign, labeler=labeler, names=["de"], actor=researcher, at=NOW)
    EnrolmentEvent.objects.create(campaign=campaign, labeler=labeler, before="working", after="paused", why=f"{NAME} asked for it", actor=researcher, at=NOW)
    finding = Finding.objects.create(campaign=campaign, labeler=labeler, kind=Finding.Kind.TOO_FAST, says="Too fast in 9 of 10.", at=NOW)
    watching.decide(finding=finding, decision="keep", actor=researcher, note=f"{WHOLE_NAME} knows the subject.", at=NOW)
    naming.assign(campaign=campaign, labeler=labeler, next_free=1, actor=researcher, at=NOW)


# Looking


def tables_with(*words: str) -> set[str]:
    """Return the tables in whose rows, written out as text, one of these words stands."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'")
        found = set()
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{table}" AS row WHERE row::text ~ %s', ["|".join(words)])  # noqa: S608 - from the catalogue
            if cursor.fetchone()[0]:
                found.add(table)
    return found


def files_with(*words: str) -> set[str]:
    """Return the files of datasets, by where they lie, whose bytes hold one of these words."""
    return {str(path) for path in files() if any(word.encode() in path.read_bytes() for word in words)}


def files() -> list[Path]:
    return [path for path in settings.DATASETS_DIR.rglob("*") if path.is_file()]


def erase(*what: str) -> str:
    """Erase as an operator does, and return what the command said."""
    said = StringIO()
    call_command("erase", *what, "--reason", "Asked for by letter.", stdout=said)
    return said.getvalue()


def successor_of(version: DatasetVersion) -> DatasetVersion:
    return version.dataset.versions.get(number=version.number + 1)


# Being forgotten


def test_a_labeler_is_found_nowhere(everywhere: DatasetVersion, secret: Prompt, caplog: pytest.LogCaptureFixture) -> None:
    assert tables_with(*OF_THE_LABELER) >= TABLES_OF_THE_LABELER  # the negative control: what looks does see
    with caplog.at_level(logging.DEBUG):
        said = erase("--person", NAME)
    assert tables_with(*OF_THE_LABELER, r"203\.0\.113\.77") == set()
    assert files_with(*OF_THE_LABELER) == set()
    assert not any(word in caplog.text + said for word in OF_THE_LABELER)
    assert "stands nowhere in the database" in said
    successor = successor_of(everywhere)
    assert inspection.verify(successor.folder, expected_id=successor.manifest_sha256) == []
    assert Prompt.objects.get(pk=secret.pk).messages, "nobody asked for that"


def test_a_prompt_is_found_nowhere(everywhere: DatasetVersion, secret: Prompt, caplog: pytest.LogCaptureFixture) -> None:
    assert tables_with(*OF_THE_PROMPT) >= TABLES_OF_THE_PROMPT  # the negative control: what looks does see
    assert len(files_with(*OF_THE_PROMPT)) > 2
    with caplog.at_level(logging.DEBUG):
        said = erase("--prompt", str(secret.pk))
    assert tables_with(*OF_THE_PROMPT) == set()
    assert files_with(*OF_THE_PROMPT) == set()
    assert not any(word in caplog.text + said for word in OF_THE_PROMPT)
    successor = successor_of(everywhere)
    assert inspection.verify(successor.folder, expected_id=successor.manifest_sha256) == []
    assert successor.rows_count == everywhere.rows_count - 1
    assert User.objects.get(username=NAME), "nobody asked for that"


def test_what_others_did_is_left_alone(everywhere: DatasetVersion, secret: Prompt, otto: User) -> None:
    kept = make_label(make_pair(everywhere.campaigns.get()), otto, rationale="The other leaves out the unit.")
    erase("--person", NAME)
    erase("--prompt", str(secret.pk))
    kept.refresh_from_db()
    assert kept.rationale == "The other leaves out the unit."
    assert Waiver.objects.filter(version=everywhere, reason="For tests.").exists()
    assert everywhere.events.filter(kind="released", reason=None).exists(), "blanked, and still there"


def test_pages_say_that_a_reason_was_erased(everywhere: DatasetVersion, secret: Prompt, client: Client, rosa: User) -> None:
    erase("--person", NAME)
    erase("--prompt", str(secret.pk))
    client.force_login(rosa)
    name = everywhere.dataset.name
    for page in (f"/datasets/{name}/", f"/datasets/{name}/1/", f"/datasets/{name}/gates", f"/datasets/{name}/access", f"/datasets/{name}/downloads"):
        answer = client.get(page)
        assert answer.status_code == 200, page
        assert ">None<" not in answer.content.decode(), page
    item = GoldItem.objects.filter(pair__prompt=secret).latest("pk")
    assert client.get(f"/c/harbour/gold/{item.pk}/").status_code in (200, 404)
    assert client.get(f"/c/harbour/pairs/{item.pair_id}/").status_code in (200, 404)


# What comes after


def line(**more: object) -> dict[str, object]:
    return {"id": "back", "prompt": SECRET, "responses": [{"policy": "p", "text": "One."}, {"policy": "q", "text": "Two."}], **more}


def as_file(*lines: object) -> BytesIO:
    return BytesIO("\n".join(json.dumps(one) for one in lines).encode())


def test_an_erased_prompt_is_not_taken_again(everywhere: DatasetVersion, secret: Prompt) -> None:
    erase("--prompt", str(secret.pk))
    campaign, prompts, pairs = everywhere.campaigns.get(), Prompt.objects.count(), Pair.objects.count()
    with pytest.raises(NothingStored, match="line 2: its prompt was erased here on .*: it is not taken again"):
        importing.import_pairs(file=as_file(line(id="new", prompt="What is new?"), line()), campaign=campaign, by=None, at=NOW, register=True)
    with pytest.raises(NothingStored, match="line 1: its prompt was erased here on"):
        importing_prompts.import_prompts(file=as_file({"prompt": SECRET}), prompt_set="another", by=None, at=NOW)
    assert (Prompt.objects.count(), Pair.objects.count()) == (prompts, pairs)


def test_the_rest_of_such_a_file_is_taken_where_that_is_asked_for(everywhere: DatasetVersion, secret: Prompt) -> None:
    erase("--prompt", str(secret.pk))
    others = [{"prompt": f"What is new, number {number}?"} for number in range(3)]
    report = importing_prompts.import_prompts(file=as_file({"prompt": SECRET}, *others), prompt_set="another", by=None, at=NOW, skip_bad=True)
    assert (report.stored, [bad.number for bad in report.skipped]) == (3, [1])
    campaign = everywhere.campaigns.get()
    told = importing.import_pairs(file=as_file(line(id="new", prompt="So?"), line()), campaign=campaign, by=None, at=NOW, register=True, skip_bad=True)
    assert (told.pairs, [bad.number for bad in told.skipped]) == (1, [2])
    assert tables_with(*OF_THE_PROMPT) == set()


def test_an_erased_labeler_does_not_come_back_with_a_file(everywhere: DatasetVersion) -> None:
    erase("--person", NAME)
    of_them = line(prompt="What is new?", labels=[{"labeler": NAME, "preference": -1}])
    with pytest.raises(NothingStored, match="was erased here"):
        importing.import_pairs(file=as_file(of_them), campaign=everywhere.campaigns.get(), by=None, at=NOW, register=True)
    assert tables_with(*OF_THE_LABELER) == set()


def test_no_answer_comes_to_a_prompt_that_was_erased(everywhere: DatasetVersion, secret: Prompt) -> None:
    held = GenerationRequest.objects.get(prompt=secret, status="running")
    erase("--prompt", str(secret.pk))
    answer = generating.Answered(held, Answer(key=held.pk, text=ANSWER, token_ids=[1], finish_reason="stop", prompt_tokens=1))
    assert generating.finish(answered=[answer], facts={}, at=NOW) == 0
    assert not Response.objects.filter(prompt=secret, erased_at=None).exists()
    assert generating.resume_run(run=held.run, at=NOW) == 0
    assert generating.retry_failed(run=held.run, at=NOW) == 0


def test_a_set_in_which_all_was_erased_is_empty(db: None, olga: User) -> None:
    prompt = make_prompt(SECRET, prompt_set=make_prompt_set("one"))
    erase("--prompt", str(prompt.pk))
    policy = make_policy("engine", engine="echo")
    with pytest.raises(generating.CannotStart, match="empty"):
        generating.start_run(prompt_set=prompt.prompt_set, policy_a=policy, policy_b=policy, seed=1, by=None, at=NOW)


def test_a_folder_set_aside_after_the_erasing_is_kept(everywhere: DatasetVersion) -> None:
    erase("--person", NAME)
    aside = settings.DATASETS_DIR / f"{ORPHAN}harbour-8"
    aside.mkdir()
    os.utime(aside, (timezone.now().timestamp() + 60,) * 2)
    erasing.finish()
    assert aside.exists()
