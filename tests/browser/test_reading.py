"""How a pair is read: both panes move together, fold alike, and show what only one of them says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from labeling.cards import Turn
from labeling.rendering import render_raw, render_text
from tests.browser.lone_desk import Desk

pytestmark = pytest.mark.browser

NARROW = {"width": 390, "height": 844}
WORDS = "The dough was folded twice and left to rest until the morning came and the kitchen was warm again. "
LINES = "\n\n".join(f"Part {number}. " + WORDS * 3 for number in range(60))
FRAME = "new Promise(drawn => new ResizeObserver((_, seen) => { seen.disconnect(); drawn(); }).observe(document.body))"
"""Ends within the next frame. (The desk's tests have a clock of their own, to which animation frames listen; this does not.)"""


class Reading(Desk):
    """A desk with its tools, and texts of one's own on it."""

    def __init__(self, page: Page, left: str = "One.", right: str = "Two.", prompt: str = "Say it.", turns: tuple[tuple[str, str], ...] = ()) -> None:
        texts: dict[str, Any] = {"turns": tuple(Turn(role, render_text(text), render_raw(text)) for role, text in turns)}
        for name, text in {"left": left, "right": right, "prompt": prompt}.items():
            texts |= {f"{name}_html": render_text(text), f"{name}_raw": render_raw(text)}
        super().__init__(page, **texts)

    def drawn(self) -> None:
        """Wait until what changed is drawn, however busy the machine is: a pane's scrolling is told in the frame after it."""
        for _ in range(2):
            self.page.evaluate(FRAME)
        self.page.wait_for_timeout(60)

    def fractions(self) -> list[float]:
        """How far down each pane is, from 0 to 1."""
        self.drawn()
        return list(self.page.evaluate("[...document.querySelectorAll('.pane .scroll')].map(pane => pane.scrollTop / (pane.scrollHeight - pane.clientHeight))"))

    def scroll(self, side: str, fraction: float) -> None:
        self.page.evaluate(
            "([pane, at]) => (pane.scrollTop = at * (pane.scrollHeight - pane.clientHeight))", [self.page.query_selector(f"#{side} .scroll"), fraction]
        )

    def only(self) -> list[str]:
        """What is underlined, in the order in which it stands."""
        self.drawn()
        return list(self.page.evaluate("[...(CSS.highlights.get('only') ?? [])].map(range => range.toString().replace(/\\s+/g, ' ').trim())"))

    def shown(self) -> list[float]:
        """Which share of each response is not folded away."""
        self.drawn()
        return list(self.page.evaluate("[...document.querySelectorAll('.pane .response')].map(each => each.clientHeight / each.scrollHeight)"))


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    yield context.new_page()
    context.close()


# ---- linked scroll


def test_it_works(page: Page) -> None:
    """The same fraction within 2 %, at unequal lengths, whichever side is moved."""
    desk = Reading(page, left=LINES, right=LINES[: len(LINES) // 5])
    for side, fraction in (("left", 0.25), ("right", 0.6), ("left", 1), ("right", 0), ("left", 0.013), ("right", 0.5)):
        desk.scroll(side, fraction)
        left, right = desk.fractions()
        assert (left, right) == pytest.approx((fraction, fraction), abs=0.02)


def test_panes_are_equally_high_and_wide(page: Page) -> None:
    desk = Reading(page, left=LINES, right="Short.")
    left, right = (dict[str, float](**(desk.page.locator(f"#{side}").bounding_box() or {})) for side in ("left", "right"))
    assert left["height"] > 300
    assert left | {"x": 0} == right | {"x": 0}


def test_keys_scroll_both_sides(page: Page) -> None:
    desk = Reading(page, left=LINES, right=LINES[: len(LINES) // 3])
    for key in ("Space", "PageDown", "ArrowDown", "Shift+Space", "End", "PageUp"):
        before = desk.fractions()
        desk.press(key)
        left, right = desk.fractions()
        assert left != before[0]
        assert left == pytest.approx(right, abs=0.02)


def test_one_key_unlinks_and_it_stays_so(page: Page) -> None:
    desk = Reading(page, left=LINES, right=LINES)
    desk.press("l")
    expect(page.locator("#link-tool")).to_have_attribute("aria-pressed", "false")
    desk.scroll("left", 0.5)
    assert desk.fractions() == pytest.approx([0.5, 0], abs=0.02)
    page.reload()
    expect(page.locator("#link-tool")).to_have_attribute("aria-pressed", "false")
    desk.press("l")
    desk.scroll("right", 0.4)
    assert desk.fractions() == pytest.approx([0.4, 0.4], abs=0.02)


def test_raw_text_comes_at_the_same_place(page: Page) -> None:
    desk = Reading(page, left="**Bold.** " + LINES, right=LINES)
    desk.scroll("left", 0.4)
    desk.fractions()
    desk.press("w")
    expect(page.locator("#left .cooked")).to_be_hidden()
    expect(page.locator("#left .letters")).to_contain_text("**Bold.**")
    assert desk.fractions() == pytest.approx([0.4, 0.4], abs=0.02)


# ---- what only one side says


def test_what_only_one_side_says_is_underlined(page: Page) -> None:
    desk = Reading(page, left="Fold the dough **twice**, then bake it at once.", right="Fold the cold dough, then bake it and wait.")
    assert desk.only() == []
    desk.press("d")
    assert desk.only() == ["twice", "at once", "cold", "and wait"]
    assert "Only this side says: “twice”; “at once”." in (page.locator("#left .only").text_content() or "")
    desk.press("d")
    assert desk.only() == []
    assert page.locator("#left .only").text_content() == ""


def test_the_mark_is_no_element_and_more_than_a_colour(page: Page) -> None:
    desk = Reading(page, left="Fold it twice.", right="Fold it once.")
    before = page.locator("#left .response").inner_html()
    desk.press("d")
    assert desk.only() == ["twice", "once"]
    assert page.locator("#left .response").inner_html() == before
    assert page.evaluate("getComputedStyle(document.querySelector('#left .prose'), '::highlight(only)').textDecorationLine") == "underline"


def test_a_formula_is_one_word_and_code_is_compared_word_by_word(page: Page) -> None:
    desk = Reading(page, left="So $x_1 + y$ is it.\n\n```python\nreturn a + b\n```", right="So $x_2 + y$ is it.\n\n```python\nreturn a - c\n```")
    desk.press("d")
    assert desk.only() == ["x1+y", "+ b", "x2+y", "- c"]


def test_equal_sides_have_no_marks_and_other_words_are_not_all_marked(page: Page) -> None:
    desk = Reading(page, left=LINES, right=LINES)
    desk.press("d")
    assert desk.only() == []
    expect(page.locator("#left .unlike")).to_be_hidden()
    desk = Reading(page, left=WORDS * 9, right="Il pane cresce piano, e nessuno sa perché. " * 9)
    assert desk.only() == []
    for side in ("left", "right"):
        expect(page.locator(f"#{side} .unlike")).to_be_visible()


def test_what_is_underlined_and_what_is_not_are_all_of_each_side(page: Page) -> None:
    """In long texts with a few changes each is found, and nothing else."""
    parts = LINES.split("\n\n")
    other = [part.replace("dough", "batter", 1) if number % 9 == 4 else part for number, part in enumerate(parts)]
    del other[20]
    desk = Reading(page, left="\n\n".join(parts), right="\n\n".join(other))
    desk.press("d")
    only = desk.only()
    assert [words for words in only if len(words) < 40] == ["dough"] * 7 + ["batter"] * 7
    assert [words[:8] for words in only if len(words) >= 40] == ["Part 20."]


def test_the_next_pair_is_compared_too(page: Page) -> None:
    desk = Reading(page, left="Fold it twice.", right="Fold it once.")
    desk.refuses = False
    desk.press("d", "2", "Enter")
    expect(page.locator("#news")).to_contain_text("Stored.")
    assert desk.only() == ["twice", "once"]


# ---- folding


def test_both_sides_fold_at_the_same_fraction(page: Page) -> None:
    desk = Reading(page, left=LINES, right=LINES[: len(LINES) // 2])
    assert desk.shown() == [1, 1]
    desk.press("o")
    left, right = desk.shown()
    assert left < 0.5
    assert left == pytest.approx(right, abs=0.02)
    expect(page.locator("#right .end")).to_be_hidden()
    page.locator("#right").get_by_role("button", name="Folded here: show the rest of both").click()
    assert desk.shown() == [1, 1]
    expect(page.locator("#right .end")).to_be_visible()


def test_no_line_is_cut_through(page: Page) -> None:
    desk = Reading(page, left=LINES, right=LINES[: len(LINES) // 2])
    desk.press("o")
    desk.shown()
    cut = """[...document.querySelectorAll('.pane .response')].map(each => {
        const range = document.createRange(); range.selectNodeContents(each);
        const end = each.getBoundingClientRect().bottom;
        return [...range.getClientRects()].filter(line => line.height < 40 && line.top < end - 4 && line.bottom > end + 4).length; })"""
    assert page.evaluate(cut) == [0, 0]


def test_short_responses_do_not_fold(page: Page) -> None:
    desk = Reading(page, left=WORDS, right=WORDS * 2)
    desk.press("o")
    assert desk.shown() == [1, 1]
    expect(page.locator(".fold").first).to_be_hidden()


def test_on_a_narrow_screen_long_responses_are_folded_from_the_first(page: Page) -> None:
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    desk = Reading(page, left=LINES, right=LINES)
    left, right = desk.shown()
    assert left == right < 0.2
    page.locator("#left").get_by_role("button", name="Folded here: show the rest of both").click()
    assert desk.shown() == [1, 1]


def test_a_long_prompt_and_earlier_turns_unfold_by_one_key(page: Page) -> None:
    desk = Reading(page, prompt=LINES, turns=(("user", "And before?"), ("assistant", "Before that.")))
    tool = page.locator("#whole-prompt")
    expect(tool).to_have_attribute("aria-expanded", "false")
    assert page.evaluate("document.querySelector('#prompt .last').clientHeight") < 150
    expect(page.get_by_text("Before that.", exact=True).first).to_be_hidden()
    desk.press("e")
    expect(tool).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_text("Before that.", exact=True).first).to_be_visible()
    assert page.evaluate("document.querySelector('#prompt .last').clientHeight") > 1000
    desk.press("e")
    expect(tool).to_have_attribute("aria-expanded", "false")


def test_a_short_prompt_has_nothing_to_unfold(page: Page) -> None:
    Reading(page)
    expect(page.locator("#whole-prompt")).to_be_hidden()


# ---- blindness


def test_it_is_said_of_every_pair_alike_what_was_asked(page: Page) -> None:
    Reading(page)
    expect(page.locator(".asked")).to_have_text("Asked of both, word for word. Trainers see it so, too, and no instructions that a policy had besides.")


def test_nothing_in_a_response_takes_focus(page: Page) -> None:
    texts = "[a](https://a.example) ![b](c.png) $\\href{x}{y}$ <button>z</button> <a href=x tabindex=0>q</a>\n\n- [ ] task\n\n```html\n<input autofocus>\n```"
    Reading(page, left=texts, right=texts, prompt=texts)
    inside = page.locator(":is(.cooked, .letters) :is(a, button, input, select, textarea, iframe, summary, [tabindex], [contenteditable])")
    expect(inside).to_have_count(0)
