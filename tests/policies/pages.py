"""Elements of a page, for tests that look for them."""

from __future__ import annotations

from typing import Protocol

from django.test.html import Element, parse_html


class Page(Protocol):
    """An answer with a body."""

    @property
    def content(self) -> bytes: ...


def elements(response: Page, name: str, **attributes: str) -> list[Element]:
    """Return the page's elements of that name whose attributes are these (`class_` for `class`), in order."""
    page = parse_html(response.content.decode())
    wanted = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
    return [found for found in walk(page) if found.name == name and wanted.items() <= dict(found.attributes).items()]


def walk(element: Element) -> list[Element]:
    children = [child for child in element.children if isinstance(child, Element)]
    return [element, *(below for child in children for below in walk(child))]


def text_of(element: Element) -> str:
    """What a person reads there."""
    words = [child if isinstance(child, str) else text_of(child) for child in element.children]
    return " ".join(" ".join(words).replace("\xa0", " ").split())


def heading(response: Page) -> str:
    [found] = elements(response, "h1")
    return text_of(found)


def cells(response: Page, caption: str) -> list[list[str]]:
    """Return the body of the table with that caption, as text."""
    [table] = [one for one in elements(response, "table") if caption in [text_of(found) for found in walk(one) if found.name == "caption"]]
    [body] = [found for found in walk(table) if found.name == "tbody"]
    return [[text_of(cell) for cell in row.children if isinstance(cell, Element)] for row in body.children if isinstance(row, Element)]
