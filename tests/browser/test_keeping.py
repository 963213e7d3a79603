"""Nothing that was typed or decided is lost: not by a cut line, a reload, a second window, a laptop that slept."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.lone_desk import Desk

pytestmark = pytest.mark.browser


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def chosen(page: Page) -> str:
    return str(page.locator("form.decide [name=choice]:checked").get_attribute("value"))


# ---- a cut line ----------------------------------------------------------------------------------------------------


def test_half_a_minute_without_a_line_loses_nothing(page: Page) -> None:
    desk = Desk(page, refuses=False)
    key = page.locator("form.decide [name=submission_key]").input_value()
    desk.is_down = True
    desk.press("n", *"so", "Escape", "2", "Enter")
    expect(page.locator("#news")).to_contain_text("No connection. Your decision is kept here")
    assert (chosen(page), page.locator("[name=rationale]").input_value()) == ("-2", "so")
    desk.wait(30)
    expect(page.locator("#news")).to_contain_text("No connection")
    assert desk.stored == []
    desk.is_down = False
    desk.wait(30)
    _, said = desk.next_sent()
    assert (said["choice"], said["rationale"], said["submission_key"]) == (["-2"], ["so"], [key])
    expect(page.locator("#news")).to_contain_text("Stored.")
    assert len(desk.stored) == 1


def test_when_the_line_is_back_nobody_waits_for_the_next_try(page: Page) -> None:
    desk = Desk(page, refuses=False)
    desk.is_down = True
    desk.press("2", "Enter")
    expect(page.locator("#news")).to_contain_text("No connection")
    desk.is_down = False
    page.evaluate("dispatchEvent(new Event('online'))")
    desk.next_sent()
    expect(page.locator("#news")).to_contain_text("Stored.")


def test_a_decision_outlives_its_page(page: Page) -> None:
    desk = Desk(page, refuses=False)
    desk.is_down = True
    desk.press("n", *"so", "Escape", "6", "Enter")
    expect(page.locator("#news")).to_contain_text("No connection")
    desk.is_down = False
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    _, said = desk.next_sent()
    assert (said["choice"], said["rationale"]) == (["2"], ["so"])
    expect(page.locator("#news")).to_contain_text("Stored.")
    page.reload()
    page.wait_for_timeout(100)
    assert len(desk.stored) == 1


def test_a_decision_whose_answer_was_lost_goes_out_again_from_the_next_pair(page: Page) -> None:
    desk = Desk(page, refuses=False)
    desk.is_down = True
    desk.press("6", "Enter")
    expect(page.locator("#news")).to_contain_text("No connection")
    desk.is_down = False
    desk.stored.append(("label", {"submission_key": [page.locator("form.decide [name=submission_key]").input_value()]}))  # it had arrived
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    assert desk.next_sent()[1]["choice"] == ["2"]
    expect(page.locator("#news")).to_contain_text("Your decision from before has arrived")
    assert len(desk.stored) == 1
    expect(page.locator("form.decide [name=choice]:checked")).to_have_count(0)


def test_who_signs_in_after_somebody_sends_nothing_of_theirs(page: Page) -> None:
    desk = Desk(page, refuses=False)
    desk.is_down = True
    desk.press("6", "Enter")
    expect(page.locator("#news")).to_contain_text("No connection")
    page.evaluate("localStorage.setItem('decision', localStorage.getItem('decision').replace('\"who\":\"\"', '\"who\":\"otto\"'))")
    desk.is_down = False
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    page.wait_for_timeout(200)
    assert desk.sent == []


SIGNED_IN_ELSEWHERE = """() => {
    const { fetch } = window;
    let refusals = 2;
    window.pages = []; // asked for, for their tokens
    window.fetch = (address, options = {}) => {
        if (options.method !== "POST") return new Promise((come, fail) => pages.push({ come, fail }));
        return String(address).endsWith("label") && refusals-- > 0 ? Promise.resolve(new Response("", { status: 403 })) : fetch(address, options);
    };
}"""
PAGE_COMES = """number => pages[number].come(new Response('<main id="desk"><input name="csrfmiddlewaretoken" value="fresh"></main>'))"""


@pytest.mark.parametrize("comes_late", ["pages[0].fail(new TypeError())", f"({PAGE_COMES})(0)"], ids=["not at all", "late"])
def test_a_fresh_token_that_was_overtaken_sends_nothing_of_the_next_pair(page: Page, comes_late: str) -> None:
    """Signed in anew in another window: a decision is refused, sent once more meanwhile, and stored. What the first try had asked for comes later."""
    desk = Desk(page, refuses=False)
    page.evaluate(SIGNED_IN_ELSEWHERE)
    for asked in (1, 2):
        desk.press("6", "Enter")
        page.wait_for_function(f"pages.length === {asked}")
    page.evaluate(PAGE_COMES, 1)
    expect(page.locator("#news")).to_contain_text("Stored.")
    desk.press("3")
    page.evaluate(comes_late)
    desk.wait(5)
    page.wait_for_timeout(200)
    assert len(desk.stored) == 1
    expect(page.locator("#news")).not_to_contain_text("No connection")
    expect(page.locator("form.decide [name=choice]:checked")).to_have_value("-1")


def test_a_decision_sleeps_with_the_laptop(page: Page) -> None:
    """A night later it is still on the screen and can be sent; what became of it is the server's to say."""
    desk = Desk(page, refuses=False)
    desk.says = "Others completed that pair while you were away. Your judgment is kept and marked; it is not counted."
    key = page.locator("form.decide [name=submission_key]").input_value()
    desk.press("n", *"so", "Escape", "2")
    desk.show("hidden")
    desk.wait(9 * 3600)
    desk.show("visible")
    assert (chosen(page), page.locator("[name=rationale]").input_value()) == ("-2", "so")
    desk.press("Enter")
    _, said = desk.next_sent()
    assert (said["choice"], said["rationale"], said["submission_key"]) == (["-2"], ["so"], [key])
    expect(page.locator("#news")).to_contain_text("Others completed that pair while you were away.")


# ---- what is typed -------------------------------------------------------------------------------------------------


def test_what_is_typed_is_saved_once_the_keys_rest(page: Page) -> None:
    desk = Desk(page)
    desk.press("n", *"Left is right")
    assert desk.drafts == []
    said = desk.next_draft()
    assert said["rationale"] == ["Left is right"]
    expect(page.locator("#kept")).to_have_text(re.compile("Draft kept 00:00"))
    desk.wait(60)
    assert desk.drafts == []


def test_a_quick_decision_saves_no_draft(page: Page) -> None:
    desk = Desk(page, refuses=False)
    desk.press("2", "Enter")
    expect(page.locator("#news")).to_contain_text("Stored.")
    desk.wait(5)
    assert desk.drafts == []


def test_what_the_server_did_not_get_is_on_this_machine(page: Page) -> None:
    desk = Desk(page)
    desk.loses_drafts = True
    desk.press("3", "n", *"half a")
    desk.wait(2)
    page.reload()
    assert (chosen(page), page.locator("[name=rationale]").input_value()) == ("-1", "half a")
    desk.loses_drafts = False
    assert desk.next_draft()["rationale"] == ["half a"]


def test_parking_a_pair_saves_its_words_first(page: Page) -> None:
    desk = Desk(page)
    desk.press("n", *"kept", "Escape", "p")
    assert desk.next_sent()[0] == "park"
    assert desk.drafts[0]["rationale"] == ["kept"]


def test_a_page_that_is_left_saves_what_stands_on_it(page: Page) -> None:
    desk = Desk(page)
    desk.press("n", *"so far")
    desk.show("hidden")
    desk.wait_for(desk.drafts)
    assert desk.drafts[0]["rationale"] == ["so far"]


def test_a_second_window_is_told(context: BrowserContext) -> None:
    first, second = Desk(context.new_page(), refuses=False), Desk(context.new_page(), refuses=False)
    first.press("2", "Enter")
    expect(first.page.locator("#news")).to_contain_text("Stored.")
    expect(second.page.locator("#news")).to_contain_text("You decided this pair in another window.")


def test_midnight_is_no_am(browser: Browser) -> None:
    """The hour is that of the person's own zone, out of twenty-four."""
    context = browser.new_context(locale="en-US", timezone_id="America/New_York")
    desk = Desk(context.new_page())
    desk.press("n", *"so")
    desk.next_draft()
    expect(desk.page.locator("#kept")).to_have_text("Draft kept 19:00")
    context.close()


def test_two_windows_that_send_the_same_pair_lose_neither(context: BrowserContext) -> None:
    first, second = Desk(context.new_page(), refuses=False), Desk(context.new_page(), refuses=False)
    second.is_down = True
    second.press("6", "Enter")
    expect(second.page.locator("#news")).to_contain_text("No connection")
    first.press("2", "Enter")
    expect(first.page.locator("#news")).to_contain_text("Stored.")
    assert (chosen(second.page), first.next_sent()[1]["choice"]) == ("2", ["-2"])
    second.is_down = False
    second.wait(5)
    assert second.next_sent()[1]["choice"] == ["2"]
    expect(second.page.locator("#news")).to_contain_text("Stored.")
