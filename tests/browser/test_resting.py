"""After a long run the desk says that a break would be well spent: between two pairs, once, and it can be sent away."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.lone_desk import Desk

pytestmark = pytest.mark.browser

REST = "minutes on end"


@pytest.fixture
def desk(browser: Browser) -> Iterator[Desk]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    yield Desk(context.new_page(), refuses=False)
    context.close()


def work(desk: Desk, minutes: int) -> None:
    """Somebody is there, and reads."""
    for _ in range(minutes):
        desk.wait(60)
        desk.move()


def decide(desk: Desk) -> None:
    desk.press("2", "Enter")
    desk.next_sent()
    expect(desk.page.locator("#news")).to_contain_text("Stored.")
    desk.wait(2)


def test_it_works(desk: Desk) -> None:
    work(desk, 51)
    expect(desk.page.locator("#news")).not_to_contain_text(REST)
    decide(desk)
    expect(desk.page.locator("#news")).to_contain_text("You have judged for 51 minutes on end.")
    desk.press("6")
    desk.page.get_by_role("button", name="Close").click()
    expect(desk.page.locator("#news")).to_have_text("")
    expect(desk.page.locator("form.decide [name=choice]:checked")).to_have_value("2")


@pytest.mark.parametrize("width", [1440, 1100])
def test_it_takes_no_room_from_anything(desk: Desk, width: int) -> None:
    desk.page.set_viewport_size({"width": width, "height": 760})
    places = [desk.page.locator(place).bounding_box() for place in (".panes", ".scale", ".status")]
    work(desk, 51)
    decide(desk)
    expect(desk.page.locator("#news")).to_contain_text(REST)
    assert [desk.page.locator(place).bounding_box() for place in (".panes", ".scale", ".status")] == places


def test_it_is_said_once(desk: Desk) -> None:
    work(desk, 51)
    decide(desk)
    for _ in range(6):
        work(desk, 8)
        decide(desk)
        expect(desk.page.locator("#news")).not_to_contain_text(REST)
    work(desk, 8)
    decide(desk)
    expect(desk.page.locator("#news")).to_contain_text("You have judged for 107 minutes on end.")


def test_a_break_begins_anew(desk: Desk) -> None:
    work(desk, 30)
    desk.wait(6 * 60)
    work(desk, 30)
    decide(desk)
    expect(desk.page.locator("#news")).not_to_contain_text(REST)


def test_long_texts_are_work_too(desk: Desk) -> None:
    """Ten minutes over one pair are no break, as long as somebody scrolls."""
    for _ in range(5):
        work(desk, 11)
        decide(desk)
    expect(desk.page.locator("#news")).to_contain_text("You have judged for 55 minutes on end.")


def test_a_reload_goes_on(desk: Desk) -> None:
    work(desk, 40)
    desk.page.reload()
    work(desk, 11)
    decide(desk)
    expect(desk.page.locator("#news")).to_contain_text(REST)


def test_another_person_at_the_machine_begins_anew(desk: Desk) -> None:
    work(desk, 51)
    desk.page.evaluate("localStorage.setItem('run', localStorage.getItem('run').replace('\"who\":\"\"', '\"who\":\"otto\"'))")
    decide(desk)
    expect(desk.page.locator("#news")).not_to_contain_text(REST)
