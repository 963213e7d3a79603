"""A researcher words a rubric, and words it better."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from labeling import wording
from labeling.models import Rubric, RubricVersion
from labeling.models.rubric import usual_reasons
from tests.builders import NOW, make_campaign, make_rubric_version
from tests.policies.pages import cells, elements, heading, text_of

As = Callable[[User], Client]

VERSIONS = "Versions, newest first"


def add(client: Client, rubric: Rubric, body: str, change_note: str = "") -> HttpResponse:
    """With the reasons that the form has."""
    reasons = "\n".join(chip["label"] for chip in usual_reasons())
    said = {"body": body, "change_note": change_note, "reasons": reasons}
    return client.post(reverse("add-rubric-version", args=[rubric.name]), said)  # type: ignore[return-value]


def test_it_works(rosa: User, as_: As) -> None:
    response = as_(rosa).post(reverse("add-rubric"), {"title": "Kind letters", "name": "letters", "body": "## Be kind\r\n\r\nTo *all*."})
    assert response.headers["Location"] == reverse("rubric", args=["letters"])
    page = as_(rosa).get(reverse("rubric", args=["letters"]))
    assert heading(page) == "Kind letters"
    assert [text_of(found) for found in elements(page, "h3")] == ["Be kind"]
    version = RubricVersion.objects.get()
    assert (version.number, version.body, version.created_by) == (1, "## Be kind\n\nTo *all*.", rosa)
    assert version.sha256 == hashlib.sha256(version.body.encode()).hexdigest()


def test_a_better_wording_is_the_next_version(rosa: User, as_: As) -> None:
    first = make_rubric_version(body="Be kind.")
    campaign = make_campaign(rubric_version=first)
    form = as_(rosa).get(reverse("new-rubric-version", args=[first.rubric.name]))
    assert text_of(elements(form, "textarea")[0]) == "Be kind."
    add(as_(rosa), first.rubric, "Be kind and short.", "Length was not named.")
    page = as_(rosa).get(reverse("rubric", args=[first.rubric.name]))
    rows = cells(page, VERSIONS)
    assert [(row[0], row[2], row[3], row[4]) for row in rows] == [
        ("Version 2", "rosa", "Length was not named.", ""),
        ("Version 1", "Tiebreak", "", campaign.name),
    ]
    campaign.refresh_from_db()
    assert campaign.rubric_version == first


def test_an_older_version_can_still_be_read(rosa: User, as_: As) -> None:
    first = make_rubric_version(body="Be kind.")
    add(as_(rosa), first.rubric, "Be short.")
    page = as_(rosa).get(reverse("rubric-version", args=[first.rubric.name, 1]))
    assert [text_of(found) for found in elements(page, "div", class_="prose")] == ["Be kind."]
    for number in (0, 3, 10**12):
        assert as_(rosa).get(reverse("rubric-version", args=[first.rubric.name, number])).status_code == 404


def test_the_same_wording_is_no_version(rosa: User, as_: As) -> None:
    first = make_rubric_version(body="Be kind.")
    response = add(as_(rosa), first.rubric, "Be kind.")
    assert response.status_code == 422
    assert "Version 1 says just this." in text_of(elements(response, "div", id="id_body_error")[0])
    assert RubricVersion.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"name": "taken"}, "name"), ({"name": "new"}, "name"), ({"name": "no such"}, "name"), ({"title": ""}, "title"), ({"body": " "}, "body")],
)
def test_what_makes_no_sense_is_refused_beside_its_field(rosa: User, as_: As, changes: dict[str, str], field: str) -> None:
    Rubric.objects.create(name="taken", title="Taken", created_at=NOW)
    response = as_(rosa).post(reverse("add-rubric"), {"title": "Letters", "name": "letters", "body": "Be kind."} | changes)
    assert response.status_code == 422
    assert elements(response, "div", id=f"id_{field}_error")
    assert Rubric.objects.count() == 1


def test_the_list_names_every_rubric_and_who_uses_it(rosa: User, as_: As) -> None:
    version = make_rubric_version()
    make_campaign(rubric_version=version)
    make_campaign(rubric_version=version)
    response = as_(rosa).get(reverse("rubrics"))
    assert cells(response, "Rubrics") == [["Helpfulness", version.rubric.name, "1", "2"]]


def test_an_installation_without_rubrics_says_what_comes_next(rosa: User, as_: As) -> None:
    assert [text_of(found) for found in elements(as_(rosa).get(reverse("rubrics")), "h3")] == ["No rubric yet"]


@pytest.mark.parametrize("name", ["lena", "ada", "olga", "eve"])
def test_who_is_no_researcher_words_nothing(lena: User, ada: User, olga: User, eve: User, as_: As, name: str) -> None:
    rubric = make_rubric_version().rubric
    client = as_(User.objects.get(username=name))
    assert client.get(reverse("rubrics")).status_code == 403
    assert client.get(reverse("rubric", args=[rubric.name])).status_code == 403
    assert add(client, rubric, "Be short.").status_code == 403
    assert RubricVersion.objects.count() == 1


def test_hostile_wording_does_nothing(rosa: User, as_: As) -> None:
    version = make_rubric_version(body='<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror="alert(1)">')
    page = as_(rosa).get(reverse("rubric", args=[version.rubric.name]))
    for name in ("script", "img"):
        assert not elements(page, name)
    assert not [link for link in elements(page, "a") if "javascript" in (dict(link.attributes).get("href") or "")]


def test_ten_versions_more_cost_no_query_more(rosa: User, as_: As) -> None:
    rubric = make_rubric_version().rubric
    client = as_(rosa)
    client.get(reverse("rubric", args=[rubric.name]))
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("rubric", args=[rubric.name]))
            client.get(reverse("rubrics"))
        counts.append(len(queries))
        for number in range(10):
            make_campaign(rubric_version=make_rubric_version(rubric=rubric, body=f"Wording {number}"))
            make_rubric_version()
    assert counts[0] == counts[1]


# ---- the rubric that comes with the product ------------------------------------------------------------------------


def test_the_default_rubric_is_stored_once(db: None) -> None:
    first = wording.default_rubric_version(at=NOW)
    assert first.body == wording.DEFAULT_FILE.read_text(encoding="utf-8")
    assert wording.default_rubric_version(at=NOW) == first


def test_a_newer_product_brings_its_wording_as_the_next_version(db: None, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    first = wording.default_rubric_version(at=NOW)
    wording.add_version(rubric=first.rubric, body="An older product's wording.", change_note="", actor=None, at=NOW)
    assert wording.default_rubric_version(at=NOW).number == 3


def test_people_s_own_wording_of_the_default_rubric_stands(rosa: User) -> None:
    first = wording.default_rubric_version(at=NOW)
    own = wording.add_version(rubric=first.rubric, body="Our wording.", change_note="", actor=rosa, at=NOW)
    assert wording.default_rubric_version(at=NOW) == own


@pytest.mark.commits
def test_of_two_wordings_at_once_each_gets_its_number(committed_db: str) -> None:
    rubric = make_rubric_version().rubric
    start = threading.Barrier(4)

    def add_one(number: int) -> None:
        start.wait()
        wording.add_version(rubric=rubric, body=f"Wording {number}.", change_note="", actor=None, at=NOW)
        connection.close()

    threads = [threading.Thread(target=add_one, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(rubric.versions.values_list("number", flat=True)) == [1, 2, 3, 4, 5]
