"""The whole road in a browser, over the real demo with the real model: label, disagree, settle, freeze, download."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.demo import PATIENCE, Demo


@dataclass(frozen=True)
class Seen:
    """What was on the screen: the texts of a pair as written, left and right."""

    prompt: str
    left: str
    right: str

    @property
    def sides(self) -> frozenset[str]:
        return frozenset([self.left, self.right])


@pytest.fixture
def as_person(browser: Browser, demo: Demo) -> Iterator[object]:
    """Sign somebody in, by keyboard, in a browser window of their own."""
    contexts = []

    def sign_in(name: str) -> Page:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{demo.address}/")
        page.get_by_label("Name").press_sequentially(name)
        page.keyboard.press("Tab")
        page.keyboard.type(demo.password)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{demo.address}/")
        return page

    yield sign_in
    for context in contexts:
        context.close()


def open_desk(page: Page, address: str) -> None:
    page.goto(f"{address}/c/demo/work/")


def wait_for_pair(page: Page) -> None:
    """While the model still writes, the desk says that nothing is left; look again, as a labeler would."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        expect(page.locator("main#desk")).to_be_visible()
        if page.locator("form.decide").count():
            return
        time.sleep(2)
        page.reload()
    raise AssertionError("no pair came to the desk")


def seen_on(page: Page) -> Seen:
    """Read the pair off the screen, with the raw texts shown (key W)."""
    raw = page.locator("main#desk")
    texts = [raw.locator(f"{place} pre.raw").last.text_content() or "" for place in ("#prompt", "#left", "#right")]
    return Seen(*texts)


def label_by_keyboard(page: Page, pairs: int, *, differ_on: int | None = None, earlier: list[Seen] | None = None) -> list[Seen]:
    """Prefer, of each pair, the text that sorts first, whatever its side; on one pair the other. Only keys are used."""
    seen: list[Seen] = []
    for number in range(pairs):
        wait_for_pair(page)
        pair = seen_on(page)
        prefers_left = (pair.left < pair.right) != (number == differ_on)
        key = page.locator("form.decide").get_attribute("action")
        page.keyboard.press("2" if prefers_left else "6")
        page.keyboard.press("Enter")
        expect(page.locator(f'form.decide[action="{key}"]')).to_have_count(0)
        expect(page.locator("#news")).to_contain_text("Stored:")
        seen.append(pair)
        if earlier is not None:
            assert pair.sides == earlier[number].sides
    return seen


@pytest.mark.browser
@pytest.mark.slow
def test_from_the_first_pair_to_the_downloaded_file(demo: Demo, as_person: object, tmp_path: Path) -> None:
    lena = as_person("lena")  # type: ignore[operator]
    open_desk(lena, demo.address)
    seen = label_by_keyboard(lena, 5)

    otto = as_person("otto")  # type: ignore[operator]
    open_desk(otto, demo.address)
    label_by_keyboard(otto, 5, differ_on=2, earlier=seen)

    ada = as_person("ada")  # type: ignore[operator]
    settled = settle_by_keyboard(ada, demo.address)
    assert settled.sides == seen[2].sides

    rosa = as_person("rosa")  # type: ignore[operator]
    rows = freeze_and_download(rosa, demo.address, tmp_path)
    assert len(rows) == 5
    for row in rows:
        pair = next(pair for pair in seen if pair.sides == {row["chosen"][0]["content"], row["rejected"][0]["content"]})
        assert row["prompt"][-1]["content"] == pair.prompt
        assert row["chosen"][0]["content"] == min(pair.sides)


def settle_by_keyboard(page: Page, address: str) -> Seen:
    """Settle the contested pair for the text that sorts first, with a reason, by keys alone."""
    page.goto(f"{address}/c/demo/adjudicate/")
    expect(page.locator("form.decide")).to_be_visible()
    pair = seen_on(page)
    page.keyboard.press("1" if pair.left < pair.right else "7")
    page.keyboard.press("s")
    page.keyboard.press("n")
    page.keyboard.type("One labeler pressed the wrong key.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("section.reveal")).to_be_visible()
    expect(page.locator("section.reveal")).to_contain_text("One labeler pressed the wrong key.")
    return pair


def freeze_and_download(page: Page, address: str, folder: Path) -> list[dict[str, list[dict[str, str]]]]:
    """Freeze version 1 through the pages, download what it holds, and return the rows of all its splits."""
    page.goto(f"{address}/datasets/freeze")
    page.get_by_label("Everyday helpfulness").check()
    page.get_by_label("Dataset").fill("everyday")
    page.get_by_role("button", name="Show what it would hold").click()
    page.get_by_role("button", name="Freeze version 1").click()
    page.wait_for_url(f"{address}/datasets/everyday/1/")
    rows = []
    for name in ("train.jsonl", "validation.jsonl"):
        link = page.locator(f'a[href$="/files/{name}"]')
        if not link.count():
            continue
        with page.expect_download() as download:
            link.first.click()
        download.value.save_as(folder / name)
        rows += [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()]
    return rows
