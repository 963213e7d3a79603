"""Hands are faster than lines: what is pressed while a decision is on its way changes nothing that was sent, and judges no pair that nobody has seen."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from labeling.reopening import Reopenable
from tests.browser.lone_desk import Desk

pytestmark = pytest.mark.browser

UNUSED = "What you pressed before this was on the screen was not used."


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    yield context.new_page()
    context.close()


@pytest.fixture
def desk(page: Page) -> Desk:
    """A desk whose decision, left better, is on its way."""
    desk = Desk(page, refuses=False, undo=Reopenable(uuid.UUID(int=7), 100))
    desk.is_slow = True
    desk.press("2", "Enter")
    desk.wait_for(desk.waiting)
    return desk


def chosen(page: Page) -> int:
    return page.locator("form.decide [name=choice]:checked").count()


def test_a_choice_meets_neither_pair_and_is_told(desk: Desk, page: Page) -> None:
    desk.press("6")
    expect(page.locator("form.decide [name=choice]:checked")).to_have_value("-2")
    desk.let_go()
    expect(page.locator("#news")).to_contain_text(f"Stored. {UNUSED}")
    assert (desk.next_sent()[1]["choice"], chosen(page)) == (["-2"], 0)
    desk.press("6", "Enter")
    assert desk.next_sent()[1]["choice"] == ["2"]
    expect(page.locator("#news")).not_to_contain_text(UNUSED)


def test_so_do_a_click_and_words(desk: Desk, page: Page) -> None:
    box = page.locator(".seg").nth(5).bounding_box()
    assert box
    page.mouse.click(box["x"] + 9, box["y"] + 9)
    desk.press("n", "o")
    desk.let_go()
    expect(page.locator("#news")).to_contain_text(UNUSED)
    assert (chosen(page), page.locator("[name=rationale]").input_value()) == (0, "")


def test_what_changes_no_decision_is_done_at_once(desk: Desk, page: Page) -> None:
    desk.press("]")
    expect(page.locator("#right .scroll")).to_be_focused()
    desk.let_go()
    expect(page.locator("#news")).to_have_text("Stored.")


def test_enter_twice_is_once(desk: Desk, page: Page) -> None:
    desk.press("Enter")
    desk.let_go()
    expect(page.locator("#news")).to_have_text("Stored.")
    assert len(desk.stored) == 1


def test_undo_takes_back_what_was_on_its_way(desk: Desk, page: Page) -> None:
    desk.press("z")
    desk.let_go()
    assert desk.next_sent()[0] == "label"
    assert desk.next_sent()[0] == "undo"


def test_parking_is_told_not_done_to_a_pair_that_was_not_seen(desk: Desk, page: Page) -> None:
    desk.press("p")
    desk.let_go()
    expect(page.locator("#news")).to_contain_text(UNUSED)
    assert [what for what, _ in desk.sent] == ["label"]


def test_a_slow_line_is_shown_and_a_quick_one_is_not(page: Page) -> None:
    desk, form = Desk(page, refuses=False), page.locator("form.decide")
    page.clock.pause_at(60)  # whatever else the machine does
    desk.is_slow = True
    desk.press("2", "Enter")
    desk.wait_for(desk.waiting)
    expect(form).to_have_attribute("aria-busy", "true")
    expect(form).not_to_have_attribute("data-slow", "")
    desk.wait(1)
    expect(form).to_have_attribute("data-slow", "")
    expect(page.locator("#news")).to_have_text("Storing …")
    desk.let_go()
    expect(page.locator("#news")).to_have_text("Stored.")
    expect(form).not_to_have_attribute("aria-busy", "true")


def test_where_the_server_takes_it_not_one_goes_on_where_one_was(page: Page) -> None:
    desk = Desk(page)
    desk.press("2", "n", *"so", "Enter")
    expect(page.locator("#news")).to_contain_text("Not stored")
    desk.press("!")
    assert page.locator("[name=rationale]").input_value() == "so!"
