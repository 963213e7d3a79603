"""The whole of it, over the product as it is served: a researcher moves the rubric while a pair is being decided."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from tests.browser.conftest import CHROMIUM, FLAGS
from tests.builders import PASSWORD, join, make_campaign, make_pair, make_rubric_version, make_user
from tests.serving import served

pytestmark = [pytest.mark.browser, pytest.mark.commits]


def make_world() -> None:
    """Two pairs, and a rubric of two versions; lena labels, rosa researches."""
    campaign = make_campaign("evening", overlap=1, labelers=(make_user("lena"),), rubric_version=make_rubric_version(body="Be right."))
    make_rubric_version(rubric=campaign.rubric_version.rubric, body="Be right, and short.")
    join(campaign, make_user("rosa", is_researcher=True), "researcher")
    for _ in range(2):
        make_pair(campaign)


@pytest.fixture
def address(committed_db: str) -> Iterator[str]:
    make_world()
    with served(committed_db) as address:
        yield address


@pytest.fixture
def window(address: str) -> Iterator[Browser]:
    """A browser that is open within this test alone: the one of a whole module would be in the way of its database."""
    if not CHROMIUM:
        pytest.skip("NO BROWSER TESTS: no Chromium on PATH, and CHROMIUM= is not set")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def serve_file(route: Route) -> None:
    """Files as they lie in the source: nothing was collected for the server of a test."""
    route.fulfill(path=Path(str(finders.find(route.request.url.partition("/static/")[2]))))


def signed_in(browser: Browser, address: str, name: str) -> Page:
    page = browser.new_context().new_page()
    page.route("**/static/**", serve_file)
    page.goto(f"{address}/login/")
    page.fill("[name=username]", name)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    return page


def move(rosa: Page, address: str) -> None:
    rosa.goto(f"{address}/c/evening/settings/rubric/")
    rosa.check("[name=begun][value=anew]")
    rosa.check("[name=gold][value=keep]")
    rosa.get_by_role("button", name="Move").click()
    expect(rosa.get_by_role("heading", name="History")).to_be_visible()


def test_a_decision_outlives_the_move_by_keys_alone(window: Browser, address: str) -> None:
    lena, rosa = signed_in(window, address, "lena"), signed_in(window, address, "rosa")
    lena.goto(f"{address}/c/evening/work/")
    for key in ("n", *"so it is", "Escape", "2"):
        lena.keyboard.press(key)
    before = lena.locator(".pane#left .cooked").inner_text()
    move(rosa, address)
    lena.keyboard.press("Enter")
    expect(lena.get_by_role("heading", name="What good means here has changed")).to_be_visible()
    expect(lena.get_by_role("region", name="Changed")).to_contain_text("Be right, and short.")
    lena.keyboard.press("y")
    expect(lena.locator("form.decide [name=choice]:checked")).to_have_value("-2")
    expect(lena.locator("[name=rationale]")).to_have_value("so it is")
    assert lena.locator(".pane#left .cooked").inner_text() == before
    lena.keyboard.press("Enter")
    expect(lena.locator("#news")).to_contain_text("Stored: left better.")
    lena.reload()
    expect(lena.locator("#progress")).to_contain_text("1 today")
