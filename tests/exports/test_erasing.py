"""What is to be forgotten is forgotten: in the database, in files, in manifests and in logs. What takes its place proves what is gone."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Sequence
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts import erasable
from accounts.models import AccountEvent, ApiToken, User
from exports import downloads, erasing, formats, inspection, lives, measuring, publishing, succeeding
from exports.models import DatasetVersion, Removal
from exports.removals import Subject
from labeling import assigning, campaigns, cards, renderings, submitting, withdrawing
from labeling.models import Campaign, CampaignEvent, Label, Pair, Standing
from policies.models import Prompt, Response
from tests.builders import NOW, make_campaign, make_label, make_pair, make_prompt, make_token, make_user
from tests.exports.settled import adjudicate, order, settled_pair

NAME = "wilhelmina.quist"
SECRET = "The combination of the vault beneath the lighthouse is eleven swans"
ANSWER = "Eleven swans open the vault, and nobody else may know about it"


@pytest.fixture
def people(db: None) -> Sequence[User]:
    return make_user(NAME, email="wq@lighthouse.invalid", first_name="Wilhelmina", last_name="Quist"), make_user("otto"), make_user("paula")


@pytest.fixture
def campaign(people: Sequence[User]) -> Campaign:
    return make_campaign("harbour", labelers=tuple(people), overlap=2)


@pytest.fixture
def released(any_moment: None, campaign: Campaign, people: Sequence[User], olga: User) -> DatasetVersion:
    """Version 1, released: pairs that wilhelmina labeled, pairs that she did not, and one on a prompt that must not be known."""
    wilhelmina, otto, paula = people
    for _ in range(3):
        settled_pair(campaign, (wilhelmina, otto))
        settled_pair(campaign, (otto, paula))
    settled_pair(campaign, (otto, paula), prompt=make_prompt(SECRET, external_id="vault"), a=ANSWER, b="I will not say.")
    renderings.shown_all([SECRET, ANSWER])
    version = publishing.publish(order(campaign, dataset="harbour", by=olga, shares={"train": 1.0}))
    DatasetVersion.objects.filter(pk=version.pk).update(state="released")
    version.refresh_from_db()
    return version


def everything_stored() -> str:
    """All of the database, as text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'")
        tables = [table for (table,) in cursor.fetchall()]
        found = []
        for table in tables:
            cursor.execute(f'SELECT row::text FROM "{table}" AS row')  # noqa: S608 - from the catalogue
            found += [row for (row,) in cursor.fetchall()]
    return "\n".join(found)


def everything_on_disk() -> str:
    return "\n".join(path.read_bytes().decode(errors="replace") for path in settings.DATASETS_DIR.rglob("*") if path.is_file())


def removed(**subject: object) -> Removal:
    removal = erasing.remove(Subject(**subject), erase=True, reason="Asked for by letter.", actor=None, at=NOW)  # type: ignore[arg-type]
    erasing.finish()
    return removal


def test_a_labeler_is_forgotten(released: DatasetVersion, people: Sequence[User], caplog: pytest.LogCaptureFixture) -> None:
    wilhelmina, *_ = people
    make_token(wilhelmina)
    ApiToken.objects.filter(user=wilhelmina).update(name="Quist at home")
    AccountEvent.objects.create(user=wilhelmina, actor=None, kind="token_made", detail="Quist at home", at=NOW)
    CampaignEvent.objects.create(campaign=released.campaigns.get(), kind="skills_changed", detail={"labeler": NAME, "given": ["de"]}, at=NOW)
    theirs = Label.objects.filter(labeler=wilhelmina)
    assert theirs.count() == 3
    with caplog.at_level(logging.DEBUG):
        removed(person=wilhelmina)
        (successor,), missing = succeeding.cut_all(by=None, at=NOW)
    assert not missing
    stored = everything_stored() + everything_on_disk() + caplog.text
    for word in (NAME, "Quist", "Wilhelmina", "lighthouse.invalid"):
        assert word not in stored
    assert Label.objects.current().filter(labeler=wilhelmina).count() == 0
    assert theirs.exclude(is_retraction=True).count() == 3
    assert (successor.number, successor.rows_count) == (2, 4)
    assert measuring.is_measured(successor)
    assert inspection.verify(successor.folder, expected_id=successor.manifest_sha256) == []
    assert released.folder.exists() is False


def test_a_prompt_is_forgotten(released: DatasetVersion, people: Sequence[User], ada: User, caplog: pytest.LogCaptureFixture) -> None:
    _, otto, paula = people
    prompt = Prompt.objects.get(external_id="vault")
    again = make_prompt(SECRET)
    pair = settled_pair(released.campaigns.get(), (otto, paula), (-2, 2), prompt=again, a=ANSWER + "!", b="No.")
    adjudicate(pair, ada, "b")
    make_label(pair, people[0], -1, rationale=f"It says: {ANSWER}")
    with caplog.at_level(logging.DEBUG):
        removed(prompts=[prompt, again])
        (successor,), _ = succeeding.cut_all(by=None, at=NOW)
    stored = everything_stored() + everything_on_disk() + caplog.text
    for word in ("eleven swans", "Eleven swans", "lighthouse is"):
        assert word not in stored
    assert Response.objects.filter(prompt=prompt, text=None, token_ids=None).count() == 2
    assert set(Pair.objects.filter(prompt__in=[prompt, again]).values_list("standing", flat=True)) == {Standing.WITHDRAWN}
    assert successor.rows_count == released.rows_count - 1
    assert inspection.verify(successor.folder) == []


def test_what_was_erased_is_named_in_the_readers_language(campaign: Campaign, people: Sequence[User], as_: Callable[[User], Client]) -> None:
    """Among one's own decisions, and where the pair is drawn once more."""
    _, otto, _ = people
    pair = make_pair(campaign, prompt=make_prompt(SECRET, external_id="vault"), a=ANSWER, b="I will not say.")
    assignment = assigning.next_for(campaign, otto, at=NOW)
    assert assignment is not None
    submitting.submit_label(assignment=assignment, preference=1, submission_key=uuid.uuid4(), at=NOW)
    removed(prompts=[pair.prompt])
    User.objects.filter(pk=otto.pk).update(language="es")
    own = as_(otto).get(reverse("own-decisions", args=[campaign.slug])).content.decode()
    assert ("(borrado)" in own, "(erased)" in own) == (True, False)
    for language, words in (("es", "(borrado)"), ("en", "(erased)")):
        with translation.override(language):
            texts = cards.texts_of(pair.pk, left_is_a=True)
        assert (texts.messages, texts.left, texts.right) == ([{"role": "user", "content": words}], words, words)


def test_a_successor_proves_what_was_removed(released: DatasetVersion, people: Sequence[User]) -> None:
    before = (released.folder / "train.votes.jsonl").read_bytes().splitlines(keepends=True)
    name = formats.pseudonym(str(people[0].pk), secret=bytes.fromhex(released.dataset.secret)).encode()
    removed(person=people[0])
    ((successor,), _) = succeeding.cut_all(by=None, at=NOW)
    said = successor.manifest["removed"]
    assert (said["id"], said["number"], said["rows"], said["labels"]) == (released.manifest_sha256, 1, 3, 3)
    assert said["reasons"] == {"a person's labels erased": 1}
    lines = [json.loads(line) for line in (successor.folder / "removed.jsonl").read_bytes().splitlines()]
    assert [line["index"] for line in lines] == [place for place, line in enumerate(before) if name in line]
    assert name not in b"".join(path.read_bytes() for path in successor.folder.iterdir())


def test_versions_are_withdrawn_and_name_the_successor(released: DatasetVersion, people: Sequence[User]) -> None:
    second = publishing.publish(order(released.campaigns.get(), dataset="harbour"))
    removed(person=people[0])
    ((successor,), _) = succeeding.cut_all(by=None, at=NOW)
    for version in (released, second):
        version.refresh_from_db()
        assert version.state == DatasetVersion.State.WITHDRAWN
        assert lives.successor(version) == successor
        assert downloads.gone(version).status_code == 410
        assert f"Use version {successor.number} instead" in downloads.gone(version).content.decode()
    assert erasing.without_successor() == []


def test_who_has_downloaded_it_is_told(released: DatasetVersion, people: Sequence[User], client: Client, rosa: User, olga: User) -> None:
    client.force_login(rosa)
    assert client.get(reverse("download-file", args=["harbour", 1, "train.jsonl"])).status_code == 200
    removed(person=people[0])
    ((successor,), _) = succeeding.cut_all(by=None, at=NOW)
    said = client.get(reverse("datasets")).content.decode()
    assert "You have downloaded from it: delete your copies." in said
    assert f"Use version {successor.number} instead" in said
    assert client.get(reverse("download-file", args=["harbour", 1, "train.jsonl"])).status_code == 410
    client.force_login(olga)
    assert "You have downloaded" not in client.get(reverse("datasets")).content.decode()


def test_withdrawn_is_not_erased(released: DatasetVersion, people: Sequence[User]) -> None:
    removal = erasing.remove(Subject(person=people[0]), erase=False, reason="They left the study.", actor=None, at=NOW)
    assert erasing.finish() == []
    released.refresh_from_db()
    assert released.state == DatasetVersion.State.WITHDRAWN
    assert released.folder.exists()
    people[0].refresh_from_db()
    assert people[0].username == NAME
    assert Label.objects.current().filter(labeler=people[0]).count() == 0
    assert str(removal) == "a person's labels withdrawn"


def test_nothing_is_left_where_every_row_was_of_it(any_moment: None, campaign: Campaign, people: Sequence[User]) -> None:
    settled_pair(campaign, people[:2])
    version = publishing.publish(order(campaign, dataset="small"))
    removed(person=people[0])
    made, missing = succeeding.cut_all(by=None, at=NOW)
    assert made == []
    assert len(missing) == 1
    version.refresh_from_db()
    assert "no version to use instead" in downloads.why_gone(version)


def test_the_only_owner_is_not_erased(olga: User) -> None:
    with pytest.raises(erasing.NotErased, match="only owner"):
        removed(person=olga)
    assert Removal.objects.count() == 0


def test_an_erased_pair_does_not_come_back(released: DatasetVersion) -> None:
    prompt = Prompt.objects.get(external_id="vault")
    removed(prompts=[prompt])
    pair = Pair.objects.get(prompt=prompt)
    with pytest.raises(campaigns.NotPossible, match="erased"):
        withdrawing.bring_back(campaign=pair.campaign, pair=pair, actor=None, at=NOW)


def test_every_ledger_with_a_place_for_words_can_be_erased() -> None:
    """A model that is added with text of people in it stands here, or the test fails."""
    found = {ledger.model._meta.label: ledger.columns for ledger in erasable.catalogue()}
    assert (
        found.items()
        >= {
            "accounts.AccountEvent": ("detail",),
            "labeling.Adjudication": ("reason",),
            "labeling.CampaignEvent": ("detail",),
            "labeling.Label": ("rationale",),
            "labeling.Skip": ("note",),
            "policies.Prompt": ("messages",),
            "policies.Response": ("text", "token_ids"),
        }.items()
    )


# The command


def run(*words: str) -> str:
    said = StringIO()
    call_command("erase", *words, stdout=said)
    return said.getvalue()


def test_the_command_says_what_became_of_it(released: DatasetVersion) -> None:
    said = run("--person", NAME, "--reason", "Asked for by letter.")
    assert "harbour version 1: withdrawn; 3 rows, 3 labels" in said
    assert "harbour version 2 takes its place" in said
    assert "stands nowhere in the database" in said


def test_the_command_names_what_others_wrote(released: DatasetVersion) -> None:
    CampaignEvent.objects.create(campaign=released.campaigns.get(), kind="note", detail={"said": "hello"}, at=NOW)
    Campaign.objects.filter(slug="harbour").update(name=f"Harbour of {NAME}")
    assert "labeling_campaign.name" in run("--person", NAME, "--reason", "Asked for by letter.")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--person", "nobody", "--reason", "x"], "nobody called"),
        (["--prompt", "999999", "--reason", "x"], "no prompt"),
        (["--person", NAME, "--reason", f"{NAME} asked"], "repeats what is to be forgotten"),
        (["--person", NAME, "--reason", " "], "Say why"),
    ],
)
def test_the_command_refuses(released: DatasetVersion, words: list[str], why: str) -> None:
    with pytest.raises(CommandError, match=why):
        run(*words)
    assert Removal.objects.count() == 0
