"""What strangers write, in every stored text and on every page, in Chromium: nothing of it acts. Row 12 of the table of faults, at a tenth of its size."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from django.db import models
from django.utils.safestring import SafeString, mark_safe

from benchmarks.soak import hostile
from benchmarks.soak.hostile import Found
from benchmarks.soak.payloads import PAYLOADS
from labeling import renderings
from labeling.rendering import layout, render_raw, render_text, walls
from tests.browser.conftest import CHROMIUM
from tests.house.walk import Seen

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.skipif(not CHROMIUM, reason="NO BROWSER TESTS: no Chromium on PATH, and CHROMIUM= is not set")]


@pytest.mark.django_db
def test_it_works() -> None:
    found = hostile.look_through(PAYLOADS[::10], a_round=25)
    assert found.pages > 120
    assert found.changed
    assert (found.scripts, found.requests, found.focusable) == ([], [], []), str(found)


@pytest.mark.django_db
def test_with_the_cleaner_taken_out_payloads_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    monkeypatch.setattr(renderings, "render_text", as_written)
    found = hostile.look_through(["<img src=x onerror=top.ran(1)>", "<img src=//evil.example/x>", "<a href=x>x</a>"], a_round=3)
    assert any("a script ran" in what for what in found.scripts)
    assert found.requests
    assert found.focusable


def as_written(text: str) -> SafeString:
    return mark_safe(text)  # noqa: S308 - that is the fault


def test_there_are_five_hundred_payloads() -> None:
    assert len(set(PAYLOADS)) == 500


def test_no_field_of_free_text_is_left_out() -> None:
    """Codes, hashes and what the product itself writes are no free text; every other text is."""
    ours = {"html", "raw"}
    free = {(field.model.__name__, field.name) for field in hostile.fields()}
    for model in {field.model for field in hostile.fields()}:
        texts = {field.name for field in model._meta.fields if isinstance(field, models.TextField)}
        assert {(model.__name__, name) for name in texts - ours} <= free
    assert {("Response", "text"), ("RubricVersion", "body"), ("Label", "rationale"), ("User", "username"), ("Campaign", "name")} <= free


# ---- each wall alone


def on_a_page(render: Callable[[str], str], payloads: Sequence[str]) -> Found:
    """Open each payload alone, as prose on a page of its own."""
    found = Found()
    with hostile.watching() as watch:
        watch([Seen("anybody", f"/{number}", f'<!doctype html><div class="prose">{render(payload)}</div>') for number, payload in enumerate(payloads)], found)
    return found


def test_the_whole_cleaner_holds_every_payload() -> None:
    for render in (render_text, render_raw):
        found = on_a_page(render, PAYLOADS[::10])
        assert (found.pages, found.scripts, found.requests, found.focusable) == (50, [], [], []), str(found)


def test_the_first_wall_alone_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walls, "clean", str)
    found = on_a_page(render_text, PAYLOADS[3::20])
    assert (found.scripts, found.requests, found.focusable) == ([], [], []), str(found)


def test_the_second_wall_alone_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "lay_out", lambda text, budget: text)
    found = on_a_page(render_text, PAYLOADS[7::20])
    assert (found.scripts, found.requests, found.focusable) == ([], [], []), str(found)


def test_without_walls_most_payloads_act() -> None:
    """The control of the payloads themselves. Markdown, formulas and templates need their own machines, and harm nobody here."""
    found = on_a_page(as_written, PAYLOADS[:100:2])
    pages = {what.partition(" ")[0] for what in [*found.scripts, *found.requests, *found.focusable]}
    assert len(pages) > 35
