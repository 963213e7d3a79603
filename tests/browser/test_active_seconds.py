"""The desk counts the seconds in which somebody is there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.lone_desk import Desk

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def seconds(desk: Desk) -> float:
    return float(desk.submit()["active_seconds"][0])


def test_it_works(page: Page) -> None:
    desk = Desk(page, words=60)
    for _ in range(4):
        desk.wait(10)
        desk.move()
    assert seconds(desk) == pytest.approx(40, abs=1.5)


def test_a_break_counts_as_half_a_minute_of_it(page: Page) -> None:
    desk = Desk(page, words=60)
    desk.wait(600)
    desk.move()
    desk.wait(5)
    assert seconds(desk) == pytest.approx(35, abs=1.5)


def test_a_long_text_may_be_read_for_long_without_a_hand(page: Page) -> None:
    desk = Desk(page, words=600)
    desk.wait(140)
    assert seconds(desk) == pytest.approx(140, abs=1.5)


def test_a_long_text_is_not_read_for_ever(page: Page) -> None:
    desk = Desk(page, words=600)
    desk.wait(3600)
    assert seconds(desk) == pytest.approx(150, abs=1.5)


def test_a_hidden_page_does_not_count(page: Page) -> None:
    desk = Desk(page, words=60)
    desk.wait(10)
    desk.show("hidden")
    desk.wait(300)
    desk.show("visible")
    desk.wait(7)
    assert seconds(desk) == pytest.approx(17, abs=1.5)


def test_a_reload_does_not_begin_at_nothing(page: Page) -> None:
    desk = Desk(page, words=60)
    desk.wait(20)
    page.reload()
    desk.wait(3)
    assert seconds(desk) == pytest.approx(23, abs=1.5)
