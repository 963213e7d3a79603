"""Every page of the product in Spanish, and every answer to a form: nothing that the product says itself is left in English."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from pytest_django import Settings

from exports import freezing, measuring, publishing
from exports.templatetags.retold_gates import retold_gate
from labeling.models import Campaign
from tests.exports.settled import order
from tests.house.lived_in import make_lived_in, states
from tests.house.walk import Seen, answers, pages
from tests.house.words import left_in_english, sounding_english
from tests.house.world import HUSH, World

NAMES = {"Hard"}
"""What people have called their campaigns, in the world: never translated."""

SAID = {
    "act": "withdrawn",
    "begun": "anew",
    "body": "Bueno es lo que ayuda.",
    "choice": "0",
    "days": "9",
    "decision": "retract",
    "for_whom": "Ana",
    "gate": "agreement",
    "gold": "keep",
    "kind": "jsonl",
    "labels": "3",
    "layout": "nunca",
    "leave_out": "yes",
    "low": "9",
    "mark": "owner",
    "name": "nunca",
    "named": "nunca",
    "names": "nunca",
    "note": "Nunca.",
    "number": "7",
    "overlap": "99",
    "pair": "0",
    "person": "otto",
    "place": "1",
    "position": "99",
    "reason": "Nunca.",
    "repo": "nunca",
    "role": "labeler",
    "rubric_version": "7",
    "state": "archived",
    "submission_key": "00000000-0000-4000-8000-000000000001",
    "successor": "7",
    "text": "¿Qué?",
    "tokenizer": "nunca/nunca",
    "verdict": "a",
    "why": "Nunca.",
}
"""Words for forms that have the right shape, and ask for what is not there, or may not be."""


def found_on(seen: Iterable[Seen]) -> Iterator[str]:
    for page in seen:
        texts = dict.fromkeys([*left_in_english(page.html), *sounding_english(page.html)])
        yield from (f"{page.address} ({page.who}): {text}" for text in texts if text not in NAMES)


@pytest.fixture
def world(db: None, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> World:
    """Its version is frozen inside the test's own transaction, and its files lie in a folder of the test's, as does the one that a link opens."""
    caplog.set_level("CRITICAL", logger="django.request")  # what is closed to somebody is no news, and a traceback of it costs as much as a page
    settings.DATASETS_DIR = tmp_path / "datasets"
    linked = settings.DATASETS_DIR / f"{HUSH}-set" / "1" / "train.jsonl"
    linked.parent.mkdir(parents=True)
    linked.write_text("x")
    monkeypatch.setattr(freezing, "one_moment", nullcontext)
    return make_lived_in()


def test_every_page_is_in_spanish(world: World, settings: Settings) -> None:
    settings.LANGUAGE_CODE = "es"
    everybody = [("nobody", None), *world.people.items()]
    shown = [*pages(world, everybody), *states(world)]
    assert len(shown) > 100
    assert all('<html lang="es">' in page.html for page in shown if "<html" in page.html)
    assert sorted(set(found_on(shown))) == []


def test_every_answer_to_a_form_is_in_spanish(world: World, settings: Settings) -> None:
    settings.LANGUAGE_CODE = "es"
    shown = [*answers(world, SAID)]
    assert len(shown) > 50
    assert sorted(set(found_on(shown))) == []


def test_english_that_nobody_marked_is_found() -> None:
    planted = "<p>Labels of ours are kept.</p><h2 dir='auto'>What of <br> that?</h2><p>Se guarda.</p><p hx-disable>It is <b>not</b> ours.</p><i>So it is</i>"
    assert sounding_english(planted) == ["Labels of ours are kept.", "So it is"]


def test_english_pages_are_found(world: World) -> None:
    """The control: the same walk in English finds most texts of most pages."""
    shown = [*pages(world)]
    assert sum(len(left_in_english(page.html)) > 10 for page in shown) > len(shown) / 2


def test_what_is_frozen_in_spanish_is_stored_in_english(world: World) -> None:
    """Files, figures and sentences are records: they are in one language, whoever makes them."""
    with translation.override("es"):
        version = publishing.publish(order(Campaign.objects.get(slug="evening"), dataset="evening-set", by=world.people["rosa"]))
        measuring.measure(version, at=timezone.now())
        found = list(version.figures.values_list("found", flat=True))
        assert len(found) > 5
        assert [words for words in found if retold_gate(words) == words] == []
    card, manifest = [version.files.get(name=name).path.read_text() for name in ("README.md", "manifest.json")]
    assert "What it is made of" in card
    assert re.findall(r"\w*[áéíóúñ]\w*", card + manifest) == []


def test_a_data_card_says_the_same_to_everybody(world: World, settings: Settings) -> None:
    """It is a record: it is in no language of who looks at it, and neither is what is written into the files."""
    client = Client()
    client.force_login(world.people["rosa"])
    card = reverse("data-card", args=["evening-set", 1])
    in_english = client.get(card).content
    settings.LANGUAGE_CODE = "es"
    assert b"Agreement" in in_english
    assert client.get(card).content == in_english
