"""The controls stay on the desk from pair to pair. Nothing of the pair before stays in them: each pair begins as on a page that was just loaded."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from labeling.asks import Chip
from labeling.cards import Criterion
from labeling.reopening import Reopenable
from tests.browser.lone_desk import Desk

pytestmark = pytest.mark.browser

WHOLE = """() => [...document.querySelectorAll("#desk, #desk *")].filter((each) => !each.closest("#news, .undo [data-left]")).map((each) => {
    const attributes = [...each.attributes].map(({ name, value }) => `${name}=${value}`).filter((said) => !/^(id=controls|style=$)/.test(said)).sort();
    const text = [...each.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data.trim()).join("");
    const { checked, value, inert, disabled, open } = each;
    return JSON.stringify([each.localName, attributes, text, checked, value, inert, disabled, open, each.matches(":popover-open")]);
})"""
MARK = "document.querySelector('#decide').isTheFirst = true"
IS_MARKED = "document.querySelector('#decide').isTheFirst === true"
SELECT = """side => {
    const text = document.querySelector(`#${side} .cooked p`).firstChild;
    getSelection().setBaseAndExtent(text, 5, text, 14);
}"""
ASKS: dict[str, Any] = {
    "reasons": (Chip("accuracy", "Accuracy", "a"), Chip("tone", "Tone", "t")),
    "criteria": (Criterion("criterion-accuracy", "Accuracy", ""), Criterion("criterion-tone", "Tone", "")),
    "undo": Reopenable(uuid.UUID(int=7), 100),
    "words_key": str(uuid.UUID(int=9)),
    "keys": '{"p": "/", "2": "i"}',
}


@pytest.fixture(params=[1440, 390])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": request.param, "height": 900})
    yield context.new_page()
    context.close()


def shows(page: Page, number: int) -> None:
    expect(page.locator("#decide")).to_have_attribute("action", f"/c/slug/work/{uuid.UUID(int=1000 + number)}/label")


def judge_by_criteria(desk: Desk) -> None:
    desk.press("v", "3", "7")


def write(desk: Desk) -> None:
    desk.press("n", *"Because.", "Escape")


def mark(desk: Desk) -> None:
    desk.page.evaluate(SELECT, "left")
    desk.press("m")


def look_around(desk: Desk) -> None:
    """Open each of the menus, and leave something in it."""
    desk.press("x", "3", "n", *"Odd.", "Escape", "Escape")
    desk.press("!", "2", "n", *"Odd.", "Escape", "Escape")
    desk.press("q", *"What is it?", "Escape", "Escape")


WAYS: dict[str, Callable[[Desk], object]] = {
    "reasons": lambda desk: desk.press("a", "t"),
    "half of the criteria": lambda desk: desk.press("v", "4", "Escape"),
    "words": write,
    "evidence": mark,
    "menus": look_around,
}


def test_it_works(page: Page) -> None:
    """After each of three pairs, and all that can be chosen on them, the desk is that of a page that was loaded anew."""
    desk = Desk(page, refuses=False, **ASKS)
    page.evaluate(MARK)
    for number in range(1, 4):
        for do in (judge_by_criteria, write, mark, WAYS["reasons"]):
            do(desk)
        desk.press("5", "Enter")
        shows(page, number)
    assert page.evaluate(IS_MARKED)
    assert [said["submission_key"] for _, said in desk.stored] == [[str(uuid.UUID(int=2000 + number))] for number in range(3)]
    assert_like_new(page)


@pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))
def test_nothing_of_it_stays(page: Page, way: Callable[[Desk], object]) -> None:
    desk = Desk(page, refuses=False, **ASKS)
    before = page.evaluate(WHOLE)
    page.evaluate(MARK)
    way(desk)
    assert page.evaluate(WHOLE) != before
    judge_by_criteria(desk)
    desk.press("i", "Enter")
    shows(page, 1)
    assert page.evaluate(IS_MARKED)
    assert_like_new(page)


def test_nor_does_a_refusal_or_a_line_that_was_down(page: Page) -> None:
    desk = Desk(page, refuses=True, **ASKS)
    page.evaluate(MARK)
    judge_by_criteria(desk)
    desk.press("1", "Enter")
    expect(page.locator("#news")).to_contain_text("Not stored")
    desk.refuses, desk.is_down = False, True
    desk.press("7", "Enter")
    expect(page.locator("#news")).to_contain_text("No connection")
    desk.is_down = False
    page.get_by_role("button", name="Try now").click()
    shows(page, 1)
    assert page.evaluate(IS_MARKED)
    assert_like_new(page)


def test_a_draft_of_the_pair_before_says_nothing_of_this_one(page: Page) -> None:
    """Its answer comes after the next pair."""
    desk = Desk(page, refuses=False, **ASKS)
    page.evaluate("""() => {
        const { fetch } = window;
        window.fetch = async (address, ...rest) => {
            const answer = await fetch(address, ...rest);
            if (String(address).endsWith("draft")) await new Promise((done) => (window.letGo = done));
            return answer;
        };
    }""")
    desk.press("a")
    desk.next_draft()
    judge_by_criteria(desk)
    desk.press("5", "Enter")
    shows(page, 1)
    page.evaluate("letGo()")
    page.evaluate("new Promise(requestAnimationFrame)")
    assert page.locator("#kept").text_content() == ""


def test_what_stands_in_them_already_is_drawn_with_its_pair(page: Page) -> None:
    """A draft came with the page: its controls are not those of the next pair."""
    desk = Desk(page, refuses=False, **ASKS, said={"choice": "3", "reasons": ["tone"], "criteria": {}})
    assert page.locator("#desk").get_attribute("data-controls") == ""
    page.evaluate(MARK)
    desk.of_card.pop("said")
    judge_by_criteria(desk)
    desk.press("5", "Enter")
    shows(page, 1)
    assert not page.evaluate(IS_MARKED)
    assert_like_new(page)


def test_the_rubric_stays_open_where_it_was_read(page: Page) -> None:
    desk = Desk(page, refuses=False, rubric_html="<p>Clause.</p>" * 300, **ASKS)
    page.evaluate("document.querySelector('#rubric').showPopover()")
    page.evaluate("document.querySelector('#rubric').scrollTop = 500")
    judge_by_criteria(desk)
    desk.press("5", "Enter")
    shows(page, 1)
    assert page.evaluate("document.querySelector('#rubric').matches(':popover-open') && document.querySelector('#rubric').scrollTop") == 500


def test_the_next_pair_is_heard_of(page: Page) -> None:
    """Focus comes to the pair anew, though it is the same part of the page."""
    desk = Desk(page, refuses=False)
    page.evaluate("document.querySelector('#desk').addEventListener('focus', () => (window.came = (window.came ?? 0) + 1))")
    desk.press("5", "Enter")
    shows(page, 1)
    assert page.evaluate("window.came") == 1


def assert_like_new(page: Page) -> None:
    changed = page.evaluate(WHOLE)
    page.reload()
    expect(page.locator("#decide .primary")).to_be_visible()
    new = page.evaluate(WHOLE)
    assert [(one, other) for one, other in zip(changed, new, strict=False) if one != other] == []
    assert len(changed) == len(new)
