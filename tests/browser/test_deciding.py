"""Deciding at the desk: by keys, by touch, with reasons, criteria and passages."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from labeling.asks import Chip
from labeling.cards import Criterion
from labeling.reopening import Reopenable
from tests.browser.lone_desk import Desk

pytestmark = pytest.mark.browser

REASONS = (Chip("accuracy", "Accuracy", "a"), Chip("tone", "Tone", "t"))
PARTS = (".scale", ".panes", ".reasons", "form.decide .primary", ".status")
SCALE = {"1": "Left much better", "2": "Left better", "3": "Left slightly better", "4": "Tie"}
SCALE |= {"5": "Right slightly better", "6": "Right better", "7": "Right much better", "0": "Both bad"}
PRINTED = """controls => controls.map(each => [
    each.dataset.key, (each.closest("label") ?? each.closest(".pane")?.querySelector("header") ?? each).querySelector("kbd")?.textContent])"""
SELECT = """side => {
    const text = document.querySelector(`#${side} .cooked p`).firstChild;
    getSelection().setBaseAndExtent(text, 5, text, 14);
}"""
CRITERIA = (Criterion("criterion-accuracy", "Accuracy", ""), Criterion("criterion-tone", "Tone", ""))


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    yield context.new_page()
    context.close()


def test_a_whole_label_is_two_keystrokes(page: Page) -> None:
    desk = Desk(page, refuses=False)
    desk.press("6", "Enter")
    what, said = desk.next_sent()
    assert (what, said["choice"]) == ("label", ["2"])
    expect(page.locator("#news")).to_contain_text("Stored.")


def test_the_scale_is_the_keys_one_to_seven_as_it_reads_and_nought_is_both_bad(page: Page) -> None:
    desk = Desk(page, refuses=False)
    assert page.locator(".scale label").all_inner_texts() == [f"{key}\n{words}" for key, words in SCALE.items()]
    for key in SCALE:
        desk.press(key, "Enter")
        expect(page.locator("form.decide [name=choice]:checked")).to_have_count(0)
    assert [said["choice"][0] for _, said in desk.stored] == ["-3", "-2", "-1", "0", "1", "2", "3", "both-bad"]


def test_a_pair_is_skipped_with_a_reason(page: Page) -> None:
    desk = Desk(page)
    desk.press("x", "2", "n", *"Finnish?", "Enter")
    what, said = desk.next_sent()
    assert (what, said["reason"], said["note"]) == ("skip", ["unread_language"], ["Finnish?"])


def test_every_control_prints_its_key(page: Page) -> None:
    Desk(page, reasons=REASONS, criteria=CRITERIA, undo=Reopenable(uuid.UUID(int=1), 100))
    printed = page.locator("[data-key]:visible").evaluate_all(PRINTED)
    assert len(printed) > 25
    assert [each for each in printed if each[1] != each[0].upper().replace("ENTER", "↵")] == []


def test_reasons_are_chosen_by_their_letters(page: Page) -> None:
    desk = Desk(page, reasons=REASONS)
    desk.press("a", "t", "a", "t", "a", "2", "Enter")
    assert desk.next_sent()[1]["reasons"] == ["accuracy"]


def test_no_letter_is_a_key_while_text_is_typed(page: Page) -> None:
    desk = Desk(page, reasons=REASONS)
    desk.press("n", *"at last 7 xp?!", "Escape", "2", "Enter")
    said = desk.next_sent()[1]
    assert (said["rationale"], said["choice"], said.get("reasons")) == (["at last 7 xp?!"], ["-2"], None)


def test_criteria_are_judged_one_after_the_other_by_the_keys_of_the_scale(page: Page) -> None:
    desk = Desk(page, criteria=CRITERIA)
    desk.press("2", "Enter")
    expect(page.locator("#news")).to_have_text("Judge “Accuracy”, too: press V.")
    expect(page.locator("#criteria")).to_be_visible()
    desk.press("6", "4")
    expect(page.locator("#criteria")).to_be_hidden()
    expect(page.locator("#judged")).to_have_text("2 of 2")
    desk.press("Enter")
    said = desk.next_sent()[1]
    assert (said["choice"], said["criterion-accuracy"], said["criterion-tone"]) == (["-2"], ["2"], ["0"])


def test_a_passage_that_is_selected_is_evidence(page: Page) -> None:
    desk = Desk(page)
    page.evaluate(SELECT, "right")
    desk.press("m", "2", "Enter")
    (mark,) = json.loads(desk.next_sent()[1]["evidence"][0])
    assert (mark["side"], mark["quote"], mark["before"]) == ("right", "word word", "word ")
    assert page.evaluate("CSS.highlights.get('evidence').size") == 1


def test_nothing_selected_is_said(page: Page) -> None:
    desk = Desk(page)
    desk.press("m")
    expect(page.locator("#news")).to_contain_text("Select some of a response first")


def test_a_report_is_a_key_and_a_choice(page: Page) -> None:
    desk = Desk(page)
    desk.press("!")
    expect(page.locator("#report")).to_be_visible()
    desk.press("4", "Enter")
    what, said = desk.next_sent()
    assert (what, said["kind"]) == ("report", ["hate"])


def test_a_question_is_written_and_sent_without_a_pointer(page: Page) -> None:
    desk = Desk(page)
    desk.press("q", *"Is this 2 or 3?", "Control+Enter")
    what, said = desk.next_sent()
    assert (what, said["text"]) == ("ask", ["Is this 2 or 3?"])


def test_an_unfinished_decision_says_what_it_lacks(page: Page) -> None:
    desk = Desk(page, rationale_required=True, rationale_minimum=10)
    desk.press("Enter")
    expect(page.locator("#news")).to_have_text("Choose first: 1 to 7, or 0 for both bad.")
    desk.press("2", "Enter")
    expect(page.locator("#news")).to_have_text("Write at least 10 characters of rationale: press N.")
    desk.press(*"so", "Enter")
    expect(page.locator("#news")).to_have_text("Write at least 10 characters of rationale: press N.")
    desk.press(*" it is, all of it", "Enter")
    assert desk.next_sent()[1]["rationale"] == ["so it is, all of it"]


def test_a_thumb_submits_on_a_narrow_screen(browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    desk = Desk(page, refuses=False, words=600, reasons=REASONS)
    box = page.locator(".seg").nth(1).bounding_box()
    assert box
    assert box["height"] >= 44
    assert box["y"] > 844 / 2
    page.locator(".seg").nth(1).tap()
    page.locator(".more").tap()
    page.locator(".chip", has_text="Tone").tap()
    page.get_by_role("button", name="Submit").tap()
    _, said = desk.next_sent()
    assert (said["choice"], said["reasons"]) == (["-2"], ["tone"])
    expect(page.locator("#news")).to_contain_text("Stored.")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


def test_a_thumb_marks_evidence_and_the_texts_stay_where_they_are(browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    desk = Desk(page, words=900, reasons=REASONS)
    page.locator(".more").tap()
    page.evaluate(SELECT, "left")
    page.get_by_role("button", name="Mark evidence").tap()
    expect(page.locator("#news")).to_contain_text("Marked as evidence, left.")
    expect(page.get_by_role("button", name="Take marks off")).to_be_visible()
    page.locator(".seg").nth(1).tap()
    assert page.evaluate("scrollY") == 0
    page.get_by_role("button", name="Submit").tap()
    (mark,) = json.loads(desk.next_sent()[1]["evidence"][0])
    assert (mark["side"], mark["quote"]) == ("left", "word word")
    context.close()


def test_nothing_moves_when_the_next_pair_comes(page: Page) -> None:
    desk = Desk(page, refuses=False, words=600, reasons=REASONS)
    places = [page.locator(place).bounding_box() for place in PARTS]
    page.evaluate("""() => {
        window.shifts = [];
        const note = (list) => window.shifts.push(...list.getEntries().map((entry) => entry.sources[0]?.node?.outerHTML));
        new PerformanceObserver(note).observe({ type: "layout-shift", buffered: false });
    }""")
    for number in range(3):
        desk.press("a", "2", "Enter")
        desk.next_sent()
        expect(page.locator("form.decide")).to_have_attribute("action", f"/c/slug/work/00000000-0000-0000-0000-000000000{1001 + number:03x}/label")
    assert page.evaluate("window.shifts") == []
    assert [page.locator(place).bounding_box() for place in PARTS] == places


def test_the_list_of_keys_is_made_from_the_controls(page: Page) -> None:
    Desk(page, reasons=REASONS, keys='{"p": "ö"}')
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    listed = page.locator("#keys-list")
    expect(listed).to_contain_text("Accuracy")
    entries = dict(zip(listed.locator("dt").all_inner_texts(), listed.locator("dd").all_inner_texts(), strict=True))
    assert (entries["Ö"], entries["A"], entries["2"]) == ("Park: put the pair aside for later", "Accuracy", "Left better")
    printed = page.locator("[data-key]:visible").evaluate_all("all => all.map((each) => each.dataset.key)")
    assert {key.upper() for key in printed if key != "enter"} <= set(entries)


def test_a_key_of_ones_own_works_in_place_of_the_usual_one(page: Page) -> None:
    desk = Desk(page, keys='{"p": "/", "2": "i"}')
    expect(page.locator(".hints kbd", has_text="/")).to_be_visible()
    desk.press("p", "i", "Enter")
    assert desk.next_sent()[1]["choice"] == ["-2"]
    expect(page.locator("#news")).to_contain_text("Not stored")
    desk.press("/")
    assert desk.next_sent()[0] == "park"
