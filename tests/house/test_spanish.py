"""Every page of the product in Spanish: what has a Spanish translation is nowhere left in English."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from exports import freezing
from tests.house.lived_in import make_lived_in, states
from tests.house.walk import Seen, pages
from tests.house.words import left_in_english
from tests.house.world import HUSH, World

NAMES = {"Hard"}
"""What people have called their campaigns, in the world: never translated."""


def found_on(seen: Iterable[Seen]) -> Iterator[str]:
    yield from (f"{page.address} ({page.who}): {text}" for page in seen for text in left_in_english(page.html) if text not in NAMES)


@pytest.fixture
def world(db: None, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Its version is frozen inside the test's own transaction, and its files lie in a folder of the test's, as does the one that a link opens."""
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


def test_english_pages_are_found(world: World) -> None:
    """The control: the same walk in English finds most texts of most pages."""
    shown = [*pages(world)]
    assert sum(len(left_in_english(page.html)) > 10 for page in shown) > len(shown) / 2


def test_a_data_card_says_the_same_to_everybody(world: World, settings: Settings) -> None:
    """It is a record: it is in no language of who looks at it, and neither is what is written into the files."""
    client = Client()
    client.force_login(world.people["rosa"])
    card = reverse("data-card", args=["evening-set", 1])
    in_english = client.get(card).content
    settings.LANGUAGE_CODE = "es"
    assert b"Agreement" in in_english
    assert client.get(card).content == in_english
