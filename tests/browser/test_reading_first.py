"""What is read before work goes on: a rubric that was worded anew, and the text that people agree to. By keys, and with nothing lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import Browser, Page, Route, expect

from labeling.cards import Asked, Clause, Reworded
from labeling.clauses import changes
from labeling.rendering import render_raw, render_text
from tests.browser.lone_desk import Desk

pytestmark = pytest.mark.browser

OLD = "# Good\n\nThe better response answers the prompt.\n\n## Length\n\n- It is as long as it must be.\n- It repeats nothing."
NEW = "# Good\n\nThe better response answers the prompt, and says where it is not sure.\n\n## Length\n\n- It is as short as it can be.\n- Lists are for lists."
WIDTHS, THEMES = (1440, 390), ("light", "dark")
HIGHLIGHTED = "[...(CSS.highlights.get('only') ?? [])].map(String)"


def reworded(old: str = OLD, new: str = NEW, *, is_kept: bool = True) -> Reworded:
    clauses = tuple(
        Clause(change.kind, change.under, render_text(change.old), render_raw(change.old), render_text(change.new), render_raw(change.new))
        for change in changes(old, new)
    )
    return Reworded("slug", "Name", 1, 2, "Shorter, and surer.", clauses, render_text(new), is_kept, done_today=12)


class MovedDesk(Desk):
    """A desk whose campaign moves to another version while a pair is on the screen. What is sent before it is read is kept as a draft."""

    is_behind = False

    def take(self, route: Route, path: str) -> None:
        what = path.rpartition("/")[2]
        if what == "label" and self.is_behind:
            self.sent.append((what, self.said_in(route)))
            self.of_card = {"said": {name: values[0] for name, values in self.sent[-1][1].items() if name in ("choice", "rationale")}}
            return route.fulfill(status=422, content_type="text/html", body=self.html("Not stored yet."))
        if what == "read":
            self.sent.append((what, self.said_in(route)))
            self.is_behind = False
            return route.fulfill(content_type="text/html", body=self.html("Noted."))
        return super().take(route, path)

    def said_in(self, route: Route) -> dict[str, list[str]]:
        from_form: dict[str, Any] = route.request.post_data_json or {}
        return {name: [str(value)] for name, value in from_form.items()}

    def html(self, stored: str = "", *, has: str = "") -> str:
        if not self.is_behind:
            return super().html(stored, has=has)
        return render_to_string("labeling/work.html#card", {"reworded": reworded(), "stored": stored})


def shows(desk: Desk, context: dict[str, Any]) -> None:
    """Have the desk answer with this, whatever it is asked."""
    desk.html = lambda stored="", *, has="": render_to_string("labeling/work.html#card", context)  # type: ignore[method-assign]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


def test_what_was_decided_is_sent_once_the_card_is_read(page: Page) -> None:
    desk = MovedDesk(page, refuses=False)
    desk.is_behind = True
    desk.press("n", *"so", "Escape", "2", "Enter")
    expect(page.locator("h2", has_text="What good means here has changed")).to_be_visible()
    expect(page.locator("#news")).to_contain_text("Not stored yet.")
    assert desk.stored == []
    desk.press("y")
    expect(page.locator("form.decide [name=choice]:checked")).to_have_value("-2")
    expect(page.locator("[name=rationale]")).to_have_value("so")
    desk.press("Enter")
    expect(page.locator("#news")).to_contain_text("Stored.")
    assert [what for what, _ in desk.sent] == ["label", "read", "label"]
    assert desk.sent[1][1]["number"] == ["2"]
    assert len(desk.stored) == 1


def test_keys_of_a_habit_acknowledge_nothing(page: Page) -> None:
    desk = MovedDesk(page, refuses=False)
    desk.is_behind = True
    page.reload()
    desk.press("4", "Enter", "2", "Enter", "0", "Enter")
    page.wait_for_timeout(200)
    assert desk.sent == []
    expect(page.get_by_role("button", name="I have read it")).to_be_visible()


def test_words_that_changed_are_marked_on_both_sides(page: Page) -> None:
    desk = MovedDesk(page, refuses=False)
    desk.is_behind = True
    page.reload()
    page.wait_for_function(f"{HIGHLIGHTED}.length > 0")
    marked = page.evaluate(HIGHLIGHTED)
    assert ", and says where it is not sure" in marked
    assert any("short" in words for words in marked)
    assert not any("The better response" in words for words in marked)
    expect(page.get_by_role("region", name="Changed: Good")).to_contain_text("Version 1")
    expect(page.get_by_role("region", name="Removed: Length")).to_contain_text("Says nothing of it any more.")
    assert page.get_by_role("region", name="Changed: Good").locator(".only").all_inner_texts()[1].startswith("Only this side says")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_it_fits_and_its_button_can_be_reached(browser: Browser, shots: Path | None, width: int, theme: str) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)  # type: ignore[arg-type]
    desk = MovedDesk(page, refuses=False)
    for name, html in (("reworded", {"reworded": reworded()}), ("consent", {"asked": ASKED}), ("declined", {"asked": ASKED, "declined": True})):
        shows(desk, html)
        page.reload()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.locator(".btn").last.scroll_into_view_if_needed()
        assert page.locator("#desk .btn").last.evaluate("each => each.getBoundingClientRect().height") >= (24 if width > 960 else 44)
        if shots:
            page.locator("#desk").evaluate("desk => desk.scrollTo(0, 0)")
            page.screenshot(path=shots / f"{name}-{width}-{theme}.png")
    page.close()


ASKED = Asked("slug", "Name", 2, "Your labels are published under a pseudonym.\n\nYou may take your word back at any time.", 12)


def test_agreeing_is_one_key_and_so_is_not_agreeing(page: Page) -> None:
    for key, said in (("y", "yes"), ("x", "no")):
        desk = Desk(page, refuses=False)
        shows(desk, {"asked": replace(ASKED, number=3)})
        page.reload()
        desk.press("Enter", key)
        what, sent = desk.next_sent()
        assert (what, sent["say"], sent["number"]) == ("consent", [said], ["3"])
        page.unroute_all()
