"""A researcher uploads pairs on a page."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from labeling.models import Campaign, Label, Pair
from tests.builders import make_policy
from tests.labeling.test_import_pairs import LABELS, line, nothing_stored
from tests.policies.pages import cells, elements, text_of

As = Callable[[User], Client]


def send(client: Client, campaign: Campaign, *lines: dict[str, Any] | bytes, **fields: str) -> HttpResponse:
    content = b"\n".join(one if isinstance(one, bytes) else json.dumps(one).encode() for one in lines)
    fields_and_file = fields | {"file": SimpleUploadedFile("pairs.jsonl", content)}
    return client.post(reverse("import-pairs", args=[campaign.slug]), fields_and_file)  # type: ignore[return-value]


def banner(response: HttpResponse) -> str:
    return " ".join(text_of(found) for found in elements(response, "div") if "banner" in (dict(found.attributes).get("class") or ""))


def test_it_works(campaign: Campaign, rosa: User, as_: As) -> None:
    assert as_(rosa).get(reverse("add-pairs", args=[campaign.slug])).status_code == 200
    response = send(as_(rosa), campaign, line(), line(2, labels=LABELS), register="on")
    assert response.status_code == 200
    assert banner(response) == "2 pairs stored in everyday, 2 labels. Look at the campaign"
    assert (Pair.objects.count(), Label.objects.count()) == (2, 2)


def test_bad_lines_come_back_with_their_reasons_and_nothing_is_stored(campaign: Campaign, rosa: User, as_: As) -> None:
    response = send(as_(rosa), campaign, line(), b'{"id": "q2"', line(3, prompt="half \ud83d"), register="on")
    assert response.status_code == 422
    assert banner(response).startswith("Nothing of the file was stored. 2 of 3 lines are bad.")
    rows = cells(response, "Bad lines and what is wrong with them")
    assert [row[0] for row in rows] == ["2", "3"]
    assert rows[0][1].startswith("not JSON, at column")
    assert "half of a surrogate pair" in rows[1][1]
    assert nothing_stored()


def test_bad_lines_are_left_out_on_request(campaign: Campaign, rosa: User, as_: As) -> None:
    response = send(as_(rosa), campaign, line(), line(2, prompt=""), register="on", skip_bad="on")
    assert cells(response, "Bad lines and what is wrong with them") == [["2", "prompt is empty"]]
    assert Pair.objects.count() == 1


def test_repeats_are_reported(campaign: Campaign, rosa: User, as_: As) -> None:
    send(as_(rosa), campaign, line(), register="on")
    response = send(as_(rosa), campaign, line(), line(2), register="on")
    [section] = elements(response, "section", aria_labelledby="repeats")
    assert "1 line says what the campaign holds already, either way round; nothing of it was stored again. The first: line 1." in text_of(section)


def test_an_empty_file_is_refused(campaign: Campaign, rosa: User, as_: As) -> None:
    response = send(as_(rosa), campaign, b"")
    assert response.status_code == 422
    assert cells(response, "Bad lines and what is wrong with them") == [["1", "the file is empty: it needs one JSON object a line"]]


def test_no_file_is_refused(campaign: Campaign, rosa: User, as_: As) -> None:
    response = as_(rosa).post(reverse("import-pairs", args=[campaign.slug]))
    assert response.status_code == 422
    assert elements(response, "div", id="id_file_error")


def test_a_file_that_is_too_large_for_a_page_is_refused(campaign: Campaign, rosa: User, as_: As, settings: Settings) -> None:
    settings.IMPORT_MAX_BYTES = 100
    response = send(as_(rosa), campaign, line(), register="on")
    assert response.status_code == 422
    assert "Use manage.py import_pairs for larger ones." in text_of(elements(response, "div", id="id_file_error")[0])
    assert nothing_stored()


@pytest.mark.parametrize("registered", [False, True])
def test_a_campaign_researcher_without_the_mark_registers_nothing(campaign: Campaign, rosa: User, as_: As, registered: bool) -> None:
    User.objects.filter(pk=rosa.pk).update(is_researcher=False)
    if registered:
        make_policy("small")
        make_policy("large")
    page = as_(rosa).get(reverse("add-pairs", args=[campaign.slug]))
    assert not elements(page, "input", name_="register")
    assert send(as_(rosa), campaign, line(), register="on").status_code == (200 if registered else 422)


def test_a_reason_with_markup_in_it_is_shown_and_not_obeyed(campaign: Campaign, rosa: User, as_: As) -> None:
    response = send(as_(rosa), campaign, line(responses=[{"policy": "<img src=x onerror=alert(1)>", "text": "a"}, {"policy": "b", "text": "b"}]))
    assert not elements(response, "img")
    assert "<img" in cells(response, "Bad lines and what is wrong with them")[0][1]
