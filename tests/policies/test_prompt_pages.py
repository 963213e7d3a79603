"""Prompts in the browser: a researcher imports a file and looks at a set."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from policies.models import Prompt, PromptSet
from tests.builders import make_prompt, make_prompt_set
from tests.policies.pages import cells, elements, heading, text_of

As = Callable[[User], Client]
pytestmark = pytest.mark.django_db


def send(client: Client, data: bytes, *, name: str = "everyday", **fields: str) -> Any:
    file = SimpleUploadedFile("prompts.jsonl", data)
    return client.post("/prompts/import", {"prompt_set": name, "file": file, **fields})


def lines(*objects: object) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in objects)


def test_it_works(as_: As, rosa: User) -> None:
    response = send(as_(rosa), lines({"prompt": "What?", "slices": {"language": "en", "topic": "letters"}}))
    assert (response.status_code, response["Location"]) == (302, "/prompts/everyday/")
    page = as_(rosa).get("/prompts/everyday/")
    assert heading(page) == "everyday"
    assert cells(page, "Prompts of the set")[0][1:3] == ["What?", "language: en, topic: letters"]
    assert PromptSet.objects.get().created_by == rosa


@pytest.mark.parametrize("address", ["/prompts/", "/prompts/everyday/"])
def test_only_researchers_see_prompts(as_: As, lena: User, olga: User, address: str) -> None:
    make_prompt_set("everyday")
    assert {as_(lena).get(address).status_code, as_(olga).get(address).status_code} == {403}
    assert Client().get(address)["Location"].startswith("/login")


def test_only_researchers_import(as_: As, lena: User) -> None:
    assert send(as_(lena), lines({"prompt": "What?"})).status_code == 403
    assert not Prompt.objects.exists()


def test_an_empty_installation_says_what_to_do_next(as_: As, rosa: User) -> None:
    page = as_(rosa).get("/prompts/")
    assert [text_of(found) for found in elements(page, "h3")] == ["No prompts yet"]
    assert len(elements(page, "form", action="/prompts/import", method="post", enctype="multipart/form-data")) == 1


def test_bad_lines_are_listed_and_nothing_is_stored(as_: As, rosa: User) -> None:
    page = send(as_(rosa), lines({"prompt": "Good?"}) + b"oops\n" + lines({"prompt": "x" * 5_000_000}))
    assert page.status_code == 422
    assert cells(page, "Bad lines") == [
        ["2", "not JSON, at column 1: Expecting value"],
        ["3", "prompt is 4.8 MiB long; at most 1 MiB are taken"],
    ]
    assert not Prompt.objects.exists()


def test_bad_lines_may_be_left_out_and_the_report_names_them(as_: As, rosa: User) -> None:
    page = send(as_(rosa), lines({"prompt": "One?"}, {"prompt": "one"}, {"prompt": "One?"}, {"prompt": ""}), skip_bad="on")
    assert page.status_code == 200
    assert heading(page) == "2 prompts stored"
    assert cells(page, "Left out") == [["4", "prompt is empty"]]
    assert cells(page, "Not stored again") == [["3", "in line 1"]]
    assert cells(page, "Stored, in the family of an earlier one") == [["2", "in line 1"]]


def test_a_reason_with_markup_in_it_is_shown_as_text(as_: As, rosa: User) -> None:
    page = send(as_(rosa), lines({"<script>alert(1)</script>": 1}))
    assert "<script>alert(1)" not in page.content.decode()
    assert "alert(1)" in cells(page, "Bad lines")[0][1]


def test_a_prompt_with_markup_in_it_is_shown_as_text(as_: As, rosa: User) -> None:
    make_prompt("<img src=x onerror=alert(1)>", prompt_set=make_prompt_set("everyday"), slices={"<b>": "<i>"}, source="<u>")
    page = as_(rosa).get("/prompts/everyday/")
    assert [elements(page, name) for name in ("img", "i", "u")] == [[], [], []]
    assert cells(page, "Prompts of the set")[0][1] == "<img src=x onerror=alert(1)>"


@pytest.mark.parametrize(("name", "told"), [("two words", "hyphens"), ("", "required")])
def test_a_name_that_does_not_fit_an_address_is_refused(as_: As, rosa: User, name: str, told: str) -> None:
    page = send(as_(rosa), lines({"prompt": "What?"}), name=name)
    assert page.status_code == 422
    assert told in text_of(elements(page, "div", id="id_prompt_set_error")[0])


def test_an_empty_file_says_so(as_: As, rosa: User) -> None:
    page = send(as_(rosa), b"")
    assert cells(page, "Bad lines") == [["1", "the file is empty: it needs one JSON object a line"]]


def test_a_file_over_the_bound_is_refused_by_the_form(as_: As, rosa: User, settings: LazySettings) -> None:
    settings.IMPORT_MAX_BYTES = 1000
    page = send(as_(rosa), lines({"prompt": "x" * 2000}))
    assert page.status_code == 422
    assert "Use manage.py import_prompts" in text_of(elements(page, "div", id="id_file_error")[0])


def test_a_far_larger_upload_is_not_even_read(as_: As, rosa: User, settings: LazySettings) -> None:
    settings.IMPORT_MAX_BYTES = 1000
    assert send(as_(rosa), lines({"prompt": "x" * 3_000_000})).status_code in (400, 413)


def test_a_set_is_paged_and_says_who_resembles_whom(as_: As, rosa: User) -> None:
    prompt_set = make_prompt_set("many")
    for number in range(60):
        make_prompt(f"Question {number}?", prompt_set=prompt_set)
    make_prompt("question 0", prompt_set=prompt_set)
    first, second = (as_(rosa).get(f"/prompts/many/?page={number}") for number in (1, 2))
    assert (len(cells(first, "Prompts of the set")), len(cells(second, "Prompts of the set"))) == (50, 11)
    assert cells(first, "Prompts of the set")[0][4] == "text of one other"
    assert len(elements(first, "a", href="?page=2")) == 1


@pytest.mark.parametrize("page", ["0", "-1", "999", "x"])
def test_a_page_that_is_not_there_is_the_nearest_one(as_: As, rosa: User, page: str) -> None:
    make_prompt(prompt_set=make_prompt_set("few"))
    assert as_(rosa).get(f"/prompts/few/?page={page}").status_code == 200


def test_a_longer_set_asks_no_more_queries(as_: As, rosa: User) -> None:
    prompt_set = make_prompt_set("many")
    client = as_(rosa)

    def queries() -> int:
        for _ in range(10):
            make_prompt(prompt_set=prompt_set)
        with CaptureQueriesContext(connection) as captured:
            client.get("/prompts/many/")
            client.get("/prompts/")
        return len(captured)

    assert queries() == queries()
