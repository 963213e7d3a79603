"""The desk in Spanish, in Chromium: what the page says, and what its scripts say."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.template.loader import render_to_string
from django.utils import translation
from playwright.sync_api import Browser, Page, expect

from labeling.asks import Chip
from labeling.cards import Criterion
from tests.browser.lone_desk import Desk
from tests.house.words import left_in_english

pytestmark = pytest.mark.browser

REASONS = (Chip("accuracy", "Exactitud", "a"), Chip("tone", "Tono", "t"))
CRITERIA = (Criterion("criterion-accuracy", "Exactitud", ""),)
NAMED = ["Name"]
"""What the lone desk calls its campaign."""

HELP = ["Decidir", "Decir por qué", "Leer"]


class SpanishDesk(Desk):
    def bar(self) -> str:
        with translation.override("es"):
            return super().bar() + render_to_string("_shared_desk_said.html")

    def html(self, stored: str = "", *, has: str = "") -> str:
        with translation.override("es"):
            return super().html("Guardado." if stored else "", has=has)


@pytest.fixture(params=[1440, 390])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": request.param, "height": 900}, locale="es")
    yield context.new_page()
    context.close()


def test_it_works(page: Page) -> None:
    """A whole label by keys; nothing on the way is in English, and nothing is wider than the screen."""
    desk = SpanishDesk(page, refuses=False, reasons=REASONS)
    assert left_in_english(page.content()) == NAMED
    expect(page.locator(".scale label").first).to_contain_text("Izquierda mucho mejor")
    desk.press("6", "a", "Enter")
    assert desk.next_sent()[1]["choice"] == ["2"]
    expect(page.locator("#news")).to_contain_text("Guardado.")
    assert left_in_english(page.content()) == NAMED
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_the_scripts_say_is_in_spanish(page: Page) -> None:
    desk = SpanishDesk(page, refuses=False, criteria=CRITERIA)
    desk.press("Enter")
    expect(page.locator("#news")).to_have_text("Elija primero: de 1 a 7, o 0 si ambas son malas.")
    desk.press("m")
    expect(page.locator("#news")).to_contain_text("Primero seleccione parte de una respuesta")
    expect(page.locator("#judged")).to_have_text("0 de 1")
    desk.press("?")
    assert page.locator("#keys-list h3").all_text_contents() == HELP
    assert left_in_english(page.content()) == NAMED


def test_a_line_that_is_down_is_told_in_spanish(page: Page) -> None:
    desk = SpanishDesk(page, refuses=False)
    desk.is_down = True
    desk.press("3", "Enter")
    expect(page.locator("#news")).to_contain_text("Sin conexión. Su decisión se conserva aquí y saldrá cuando vuelva la línea. Nuevo intento en 2 s.")
    expect(page.locator("#news button")).to_have_text("Intentar ahora")


def test_an_english_desk_is_found(page: Page) -> None:
    Desk(page)
    assert len(left_in_english(page.content())) > 20
